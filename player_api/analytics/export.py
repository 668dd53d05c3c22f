"""Counted events go on into Parquet files in the storage, each exactly once, and learners are taken out of them.

A day (UTC, of arrival) of an organization is one file, which is replaced as it grows, and another once it is large. A file
says up to which event it goes: who was killed between a file and the note of it finds so what is there. See decision 0024.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from infra.core import keys
from infra.core.ports import Storage
from infra.db import audience, event_exports, inbox
from infra.db.session import Database
from player_api.analytics import event_table
from player_api.analytics.kinds import Row

AT_ONCE = 100_000  # events of one round
PART_ROWS = 500_000  # a file is full: the next events of the day go into another
_PIECE = 10_000  # rows that are Python's at a time
_DAY_US = 86_400_000_000


def never() -> bool:
    """Nobody wants to stop."""
    return False


def export(database: Database, events: Database, storage: Storage, cancelled: Callable[[], bool] = never,
           at_once: int = AT_ONCE, part_rows: int = PART_ROWS) -> int:
    """Put all events that are counted by now into files; how many. 0: none wait, or somebody else is at it."""
    done = 0
    with event_exports.turn(database) as ours:
        while ours and not cancelled():
            with database.read() as session:
                from_id, counted_id = event_exports.exported(session), audience.behind(session)
            if counted_id <= from_id:
                break
            with events.read() as reading:
                rows = [Row._make(row) for row in inbox.after(reading.connection(), from_id, counted_id, at_once)]
            to_id = counted_id if len(rows) < at_once else rows[-1].id
            _put(database, storage, rows, part_rows)
            with database.write() as session:
                if not event_exports.advance(session, from_id, to_id):
                    break
            done += len(rows)
    return done


def erase(database: Database, storage: Storage, cancelled: Callable[[], bool] = never) -> int:
    """Take learners who were deleted out of the files; how many files were written anew."""
    now_ms = time.time_ns() // 1_000_000
    with database.read() as session:
        if not event_exports.to_erase(session, now_ms):
            return 0
    changed = 0
    with event_exports.turn(database) as ours:
        if not ours:
            return 0
        with database.read() as session:
            waiting = sorted(event_exports.to_erase(session, now_ms), key=lambda one: one.organization_id)
        for organization_id, some in groupby(waiting, key=lambda one: one.organization_id):
            gone = {one.learner: one.forgotten_ms for one in some}
            for key in _files(storage, keys.event_files(organization_id)):
                if cancelled():
                    return changed
                data = event_table.without(storage.read(key), gone)
                if data is not None:
                    storage.put(key, data)
                    changed += 1
            with database.write() as session:
                event_exports.erased(session, organization_id, gone, now_ms)
    return changed


def drop_old(database: Database, storage: Storage, days: int, now_s: float | None = None) -> int:
    """Delete the files of days that are over for more than `days`; how many."""
    now = datetime.fromtimestamp(time.time() if now_s is None else now_s, UTC)
    oldest = (now - timedelta(days=days)).date().isoformat()
    with database.read() as session:
        organizations = event_exports.organizations(session)
    dropped = 0
    for organization_id in organizations:
        for key in list(_files(storage, keys.event_files(organization_id))):
            found = keys.day_and_part(key)
            assert found is not None
            if found[0] >= oldest:
                break  # keys come in their order, so days do
            storage.delete(key)
            dropped += 1
    return dropped


def _put(database: Database, storage: Storage, rows: Sequence[Row], part_rows: int) -> None:
    with database.read() as session:
        known = audience.audiences(session, {row.video for row in rows})
        gone = audience.forgotten(session, {row.learner for row in rows if row.learner is not None})
    videos = {number: one.video_id for number, one in known.items()}
    by_file: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        # What rolling up drops (of videos, or of learners, that were deleted) may still be in the inbox.
        if row.video in known and (row.learner is None or row.t_ms > gone.get(row.learner, -1)):
            by_file.setdefault((known[row.video].organization_id, _day(row.id)), []).append(row)
    for (organization_id, day), its in by_file.items():
        _append(storage, organization_id, day, its, videos, part_rows)


def _append(storage: Storage, organization_id: str, day: str, rows: Sequence[Row], videos: dict[int, str],
            part_rows: int) -> None:
    """Add events, in the order of their ids, to the last file of a day or to a new one, but for those that are there."""
    key, tables, last_id = keys.event_file(organization_id, day, 0), [], 0
    last = max(_files(storage, key.rpartition("/")[0] + "/"), default=None)
    if last is not None:
        data = storage.read(last)
        count, last_id = event_table.summary(data)
        found = keys.day_and_part(last)
        assert found is not None
        key = last if count < part_rows else keys.event_file(organization_id, day, found[1] + 1)
        if key == last:
            tables.append(event_table.read(data))
    rows = [row for row in rows if row.id > last_id]
    if rows:
        tables += [event_table.table_of(rows[at:at + _PIECE], organization_id, videos)
                   for at in range(0, len(rows), _PIECE)]
        storage.put(key, event_table.file_of(tables, rows[-1].id))


def _files(storage: Storage, prefix: str) -> Iterator[str]:
    return (one.key for one in storage.list(prefix) if keys.day_and_part(one.key))


def _day(event_id: int) -> str:
    return datetime.fromtimestamp(event_id // _DAY_US * 86400, UTC).date().isoformat()

