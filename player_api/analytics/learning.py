"""Results of assessments as they come in, and what had been watched before each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra.db import audience, inbox, results
from infra.db.audience_models import AssessmentResult, Audience
from infra.db.models import Video
from infra.db.session import Database
from player_api import catalogue
from player_api.analytics import coverage, tokens, watched_before
from player_api.analytics.correlation import LEAST_OTHERS, Observation
from player_api.analytics.watched_before import Attempt, Told

MOST_RESULTS = 1000
AHEAD_MS = 300_000  # that a school's clock may be ahead of ours
_Second = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]


class Result(BaseModel):
    """How a learner did at an item."""

    model_config = ConfigDict(extra="forbid", title="Result")
    learner: str = Field(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f]+$",
                         description="Your own name of the learner, as in event tokens; it is not stored, only a key that "
                         "is made of it.")
    item: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$",
                      description="Your own name of the question; the same one for all learners.", examples=["week-3/q2"])
    score: float = Field(ge=0, le=1, allow_inf_nan=False, strict=True)
    attempt: int = Field(1, ge=1, le=10_000, strict=True, description="1: the learner's first attempt at this item.")
    at: AwareDatetime = Field(description="When it was answered: RFC 3339, with its offset.",
                              examples=["2026-03-02T10:15:00Z"])
    video_id: str | None = Field(None, max_length=40, pattern="^[A-Za-z0-9_-]+$",
                                 description="The video that it is about; null: none.")
    start_s: _Second | None = Field(None, description="With `end_s`: the part of the video that it is about; null: all.")
    end_s: _Second | None = None


def take(database: Database, organization_id: str, secret: bytes, told: Sequence[Any], now_ms: int) -> dict[str, Any]:
    """Keep these results; how many are new, changed and known, and which were refused, and why."""
    refused: list[dict[str, Any]] = []
    good: list[tuple[int, Result]] = []
    for index, one in enumerate(told):
        try:
            result = Result.model_validate(one)
            if reason := _wrong(result, now_ms):
                refused.append({"index": index, "reason": reason})
            else:
                good.append((index, result))
        except ValidationError as error:
            refused.append({"index": index, "reason": "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'result'}: {each['msg']}" for each in error.errors()[:3])})
    counts: Counter[str] = Counter(accepted=0, updated=0, duplicate=0)
    with database.write() as session:
        results.hold(session, organization_id, forgetting=False)
        keys = {result.learner: tokens.external_key(secret, result.learner) for _, result in good}
        gone = audience.forgotten(session, keys.values())
        videos = set(session.scalars(select(Video.id).where(
            Video.organization_id == organization_id, Video.deleted_at.is_(None),
            Video.id.in_({result.video_id for _, result in good if result.video_id}))))
        known = {key: _values(one) for key, one in results.known(session, organization_id, [*keys.values()]).items()}
        rows: dict[results.Key, dict[str, Any]] = {}
        for index, result in good:
            key = (keys[result.learner], result.item, result.attempt)
            at_ms = _ms(result.at)
            if result.video_id and result.video_id not in videos:
                refused.append({"index": index, "reason": "video_id: there is no such video."})
            elif at_ms <= gone.get(key[0], -1):
                refused.append({"index": index, "reason": "learner: deleted after this was answered."})
            else:
                values = {"score": result.score, "at_ms": at_ms, "video_id": result.video_id, "start_s": result.start_s,
                          "end_s": result.end_s}
                counts["accepted" if key not in known else "duplicate" if known[key] == values else "updated"] += 1
                if known.get(key) != values:
                    known[key] = values
                    rows[key] = {"organization_id": organization_id, "learner": key[0], "item": key[1], "attempt": key[2],
                                 **values}
        results.save(session, [*rows.values()])
    return {**counts, "rejected": sorted(refused, key=lambda one: one["index"])}


def _wrong(result: Result, now_ms: int) -> str | None:
    if (result.start_s is None) != (result.end_s is None):
        return "start_s and end_s go together."
    if result.start_s is not None and result.end_s is not None and result.start_s >= result.end_s:
        return "end_s: it lies behind start_s."
    if result.start_s is not None and result.video_id is None:
        return "video_id: a part needs its video."
    if not 0 <= _ms(result.at) <= now_ms + AHEAD_MS:
        return "at: it lies in the future, or before 1970."
    return None


def _values(one: AssessmentResult) -> dict[str, Any]:
    return {"score": one.score, "at_ms": one.at_ms, "video_id": one.video_id, "start_s": one.start_s, "end_s": one.end_s}


def described(one: AssessmentResult) -> dict[str, Any]:
    """A result as its learner may see it."""
    return {"item": one.item, "attempt": one.attempt, "score": one.score, "at": catalogue.rfc3339(one.at_ms / 1000),
            "video_id": one.video_id, "start_s": one.start_s, "end_s": one.end_s}


def observations(session: Session, events: Database, video: Video, known: Audience, length_s: int
                 ) -> tuple[list[Observation], dict[str, int]]:
    """First attempts at items of a video with what was watched before them, and how many of them are left out, and why.

    Counters do not know when a second was seen, so it is looked up in the events. Of whom some are deleted already nothing
    is believed: what they have played in all, which is known, is then more than what their events say.
    """
    told = results.first_attempts(session, video.organization_id, video.id)
    abilities = results.abilities(session, video.organization_id, video.id)
    left_out: Counter[str] = Counter(no_ability=0, events_deleted=0, not_watched=0)
    by_learner: dict[int, list[Any]] = {}
    for row in told:
        ability = abilities.get(row.learner)
        if ability is None or ability.others < LEAST_OTHERS:
            left_out["no_ability"] += 1
        else:
            by_learner.setdefault(row.learner, []).append(row)
    played_ms = {key: content_ms for _, key, _, _, _, content_ms, *_ in audience.sought(
        session, "learner_progress", {(known.number, key) for key in by_learner})}
    with events.read() as reading:
        watched = watched_before.learners(map(Told._make, inbox.watched(
            reading.connection(), known.number, known.counted_id, played_ms, watched_before.KINDS)))
    found: list[Observation] = []
    for key, rows in by_learner.items():
        its = watched.get(key)
        if played_ms.get(key, 0) != (its.content_ms if its else 0):
            left_out["events_deleted"] += len(rows)
            continue
        before = watched_before.watching(its.moments if its else (), [_attempt(row, length_s) for row in rows], length_s)
        for row, watching in zip(rows, before, strict=True):
            if watching is None:
                left_out["not_watched"] += 1
            else:
                ability = abilities[key]
                found.append(Observation(key, row.item, row.score, ability.mean, ability.others, watching))
    return found, dict(left_out)


def _attempt(row: Any, length_s: int) -> Attempt:
    if row.start_s is None:
        return Attempt(row.at_ms, 0, length_s)
    start, end = coverage.seconds_of(round(row.start_s * 1000), round(row.end_s * 1000))
    return Attempt(row.at_ms, min(start, length_s), min(end, length_s))


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
