"""How long events are kept, what is known of one learner, and how all of it is taken back.

Counters outlive the events that they were made of: they name nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from infra.db import audience, cohorts, inbox, predictions, results
from infra.db.audience_models import AssessmentResult, Audience, LearnerProgress
from infra.db.inbox import SHARDS
from infra.db.session import Database
from player_api.analytics import coverage, stored
from player_api.analytics.kinds import Row
from player_api.analytics.merge import Counters, merge, without

AT_ONCE = 5_000  # events deleted in one transaction: who wants to write waits no longer than for one commit
_DAY_US = 86_400_000_000


def drop_old(database: Database, events: Database, days: int, cancelled: Callable[[], bool] = lambda: False) -> int:
    """Delete events that arrived more than `days` ago and are counted; how many. Their videos can not be counted anew."""
    dropped = 0
    while not cancelled():
        with database.read() as session:
            before_id = min(audience.behind(session) + 1, time.time_ns() // 1000 - days * _DAY_US)
        with events.read() as session:
            oldest = inbox.oldest(session.connection(), before_id, AT_ONCE)
        if not oldest:
            break
        with database.write() as session:  # first: a rebuild that ran between the two would count too little
            session.execute(update(Audience).where(Audience.number.in_({video for _, video in oldest}), Audience.whole)
                            .values(whole=False))
        with events.write() as session:
            inbox.delete_until(session.connection(), oldest[-1][0])
        dropped += len(oldest)
    return dropped


def forget(database: Database, events: Database, organization_id: str, learner: int) -> int:
    """Take one learner out of all counters, and delete what is known of them; of how many videos.

    What they watched before this moment and is not counted yet is dropped by who counts. Killed half-way, it can be run
    again: a video is done when nothing of them is known there.
    """
    at_ms = time.time_ns() // 1_000_000
    with database.write() as session:
        results.hold(session, organization_id, forgetting=True)
        audience.forget(session, organization_id, learner, at_ms)
        results.delete_learner(session, organization_id, learner)
        cohorts.delete_learner(session, organization_id, learner)
        predictions.outdate(session, organization_id)
        videos = audience.watched(session, organization_id, learner)
    for video in videos:
        with database.write() as session:
            counted_id = audience.lock(session, shard=video % SHARDS)[video % SHARDS]
            with events.read() as reading:
                rows = [Row._make(row) for row in inbox.of_video(reading.connection(), video, 0, counted_id, learner)]
            _subtract(session, video, learner, rows)
        with events.write() as session:
            inbox.delete_learner(session.connection(), video, learner, at_ms)
    return len(videos)


def _subtract(session: Session, video: int, learner: int, rows: list[Row]) -> None:
    known = audience.audiences(session, [video]).get(video)
    found = [stored.learner(columns) for _, _, *columns in audience.sought(session, "learner_progress", [(video, learner)])]
    if known is None or not found:
        return
    counters = Counters(coverage.length_s(known.duration_ms))
    counters.curves = {week: stored.curve(*blobs) for week, blobs in audience.curves(session, video).items()}
    counters.hours = {hour: stored.sums_of(sums) for hour, sums in audience.hours(session, video).items()}
    its = Counters(counters.length_s)
    merge(its, rows)
    without(counters, its, learner, found[0])
    audience.clear_curves(session, video)
    audience.delete_learner(session, video, learner)
    saving = audience.Saving()
    saving.add(video, known.counted_id, {week: stored.of_curve(curve) for week, curve in counters.curves.items()}, {},
               {hour: stored.of_sums(sums) for hour, sums in counters.hours.items()})
    saving.write(session)
    known.revision += 1


def export(database: Database, events: Database, organization_id: str, learner: int
           ) -> tuple[Sequence[tuple[LearnerProgress, Audience]], list[tuple[str, Row]], list[AssessmentResult]]:
    """Everything that is kept of one learner: what they have seen, the events, each with its video's id, and results."""
    with database.read() as session:
        progress = audience.progress(session, organization_id, learner)
        told = results.of_learner(session, organization_id, learner)
    rows: list[tuple[str, Row]] = []
    with events.read() as reading:
        for _, known in progress:
            rows += [(known.video_id, Row._make(row))
                     for row in inbox.of_video(reading.connection(), known.number, 0, 2**62, learner)]
    return progress, rows, told
