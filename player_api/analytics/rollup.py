"""Counts the events of the inbox, each exactly once: the counters and how far they are counted are one transaction.

Any number of processes may count. Each takes shards whose rows nobody else has locked; a lock dies with its connection, so
nothing has to run out when a process is killed. See decision 0022.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from infra.db import audience, inbox
from infra.db.audience_models import Audience
from infra.db.inbox import SHARDS
from infra.db.session import Database
from player_api.analytics import coverage, quality, stored
from player_api.analytics.kinds import UNCOUNTED, WATCH, Row
from player_api.analytics.merge import ALL, Counters, merge, week_of
from transcode.plan import Plan

BATCH = 10_000
_AT_ONCE = SHARDS // 4  # what one process takes of a server's shards, so that others find some


def count(database: Database, events: Database, batch: int = BATCH) -> int:
    """Count up to `batch` events; how many were looked at. 0: nobody waits, or others have the rest in hand."""
    with events.read() as session:
        newest = inbox.newest(session.connection())
    if not newest:
        return 0
    with database.read() as session:
        if audience.behind(session) >= newest:
            return 0
    # A power cut may undo this, all of it: the events are in the inbox and are counted again.
    with database.write(durable=False) as session:
        shards = audience.lock(session, SHARDS if database.sqlite_file else _AT_ONCE)
        if not shards:
            return 0
        with events.read() as reading:
            newest = inbox.newest(reading.connection())
            rows = inbox.after(reading.connection(), min(shards.values()), newest, batch)
        reached = newest if len(rows) < batch else rows[-1][0]
        by_video: dict[int, list[Row]] = {}
        for row in map(Row._make, rows):
            if row.id > shards.get(row.video % SHARDS, row.id):
                by_video.setdefault(row.video, []).append(row)
        unwanted = _merge(session, by_video)
        audience.advance(session, [shard for shard, counted_id in shards.items() if counted_id < reached], reached)
    if unwanted:
        with events.write() as session:
            inbox.delete(session.connection(), unwanted)
    return len(rows)


def measure_recorded(database: Database, events: Database) -> None:
    """Count anew what was watched live, once it is known how long the recording is."""
    with database.read() as session:
        found = {number: round(Plan.model_validate(video.plan).duration_s * 1000)
                 for number, video in audience.recorded(session)}
    for number, duration_ms in found.items():
        with database.write() as session:
            session.get_one(Audience, number).duration_ms = duration_ms
        rebuild(database, events, number)


def rebuild(database: Database, events: Database, video: int) -> bool:
    """Make the counters of one video anew of its events: the same bytes, if nothing is wrong. False: some are deleted."""
    with database.read() as session:
        known = audience.audiences(session, [video]).get(video)
        counted_id = audience.behind(session)
    if known is None or not known.whole:
        return False
    counters = Counters(coverage.length_s(known.duration_ms))
    last_id = _replay(database, events, counters, video, 0, counted_id)
    with database.write() as session:
        shard = audience.lock(session, shard=video % SHARDS)[video % SHARDS]
        # What was counted meanwhile, with the lock in hand; nearly nothing.
        last_id = max(last_id, _replay(database, events, counters, video, counted_id, shard))
        audience.clear(session, video)
        saving = audience.Saving()
        _save(saving, video, last_id, counters)
        saving.write(session)
        known = session.get_one(Audience, video)
        known.revision += 1
    return True


def _replay(database: Database, events: Database, counters: Counters, video: int, after_id: int, until_id: int) -> int:
    """Merge a video's events with after_id < id <= until_id; the last of their ids, or 0."""
    with events.read() as reading:
        rows = [Row._make(row) for row in inbox.of_video(reading.connection(), video, after_id, until_id)]
    with database.read() as session:
        rows = _wanted(rows, audience.forgotten(session, {row.learner for row in rows if row.learner is not None}))
    merge(counters, rows)
    return rows[-1].id if rows else 0


def _merge(session: Session, by_video: Mapping[int, Sequence[Row]]) -> list[int]:
    """Count these events; the ids of those that nobody wants: of videos, or of learners, that were deleted."""
    known = audience.audiences(session, by_video)
    learners = {row.learner for rows in by_video.values() for row in rows if row.learner is not None}
    gone = audience.forgotten(session, learners)
    wanted = {number: rows for number in known if (rows := _wanted(by_video[number], gone))}
    loaded = _load(session, known, wanted)
    saving = audience.Saving()
    for number, rows in wanted.items():
        merge(loaded[number], rows)
        _save(saving, number, rows[-1].id, loaded[number])
    saving.write(session)
    if not gone and len(known) == len(by_video):
        return []
    kept = {row.id for rows in wanted.values() for row in rows}
    return [row.id for rows in by_video.values() for row in rows if row.id not in kept]


def _wanted(rows: Sequence[Row], gone: Mapping[int, int]) -> list[Row]:
    """Without what somebody did whose data was deleted later."""
    return [row for row in rows if row.learner is None or row.t_ms > gone.get(row.learner, -1)] if gone else list(rows)


def _load(session: Session, known: Mapping[int, Audience], wanted: Mapping[int, Iterable[Row]]) -> dict[int, Counters]:
    """The counters that these rows will touch, as they are stored."""
    found = {number: Counters(coverage.length_s(known[number].duration_ms)) for number in wanted}
    learners, weeks, hours = set[tuple[int, int]](), set[tuple[int, int]](), set[tuple[int, int]]()
    for number, rows in wanted.items():
        weeks.add((number, ALL))
        for row in rows:
            if row.kind != WATCH or not row.marks & UNCOUNTED:
                weeks.add((number, week_of(row.t_ms)))
                hours.add((number, row.t_ms // quality.HOUR_MS))
            if row.learner is not None:
                learners.add((number, row.learner))
    for number, key, *columns in audience.sought(session, "learner_progress", learners):
        one = found[number].learners[key] = stored.learner(columns)
        if one.exit_week:
            weeks.add((number, one.exit_week))
    for number, week, counts, sums in audience.sought(session, "curves", weeks):
        found[number].curves[week] = stored.curve(counts, sums)
    for number, hour, sums in audience.sought(session, "quality_hours", hours):
        found[number].hours[hour] = stored.sums_of(sums)
    return found


def _save(saving: audience.Saving, number: int, last_id: int, counters: Counters) -> None:
    saving.add(number, last_id, {week: stored.of_curve(curve) for week, curve in counters.curves.items()},
               {key: stored.of_learner(one) for key, one in counters.learners.items()},
               {hour: stored.of_sums(sums) for hour, sums in counters.hours.items()})
