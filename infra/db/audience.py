"""The counters of analytics: rows of audiences, curves, learners and hours. What they mean is not known here."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, LargeBinary, bindparam, delete, func, select, true, type_coerce, update
from sqlalchemy.orm import Session

from infra.db.audience_models import Audience, Curve, ForgottenLearner, LearnerProgress, QualityHour, Rollup
from infra.db.inbox import SHARDS
from infra.db.models import Organization, Video
from infra.db.session import insert_into

LIVE_MS = 2 * 86_400_000  # the duration of what is live, until it is a recording: longer than any of them
_FEW = 500  # values in one IN list

# Made once: making them was two fifths of the time of asking for a curve.
_OF_VIDEO = select(Audience).where(Audience.video_id == bindparam("video_id"))
_CURVES = select(Curve.week, Curve.counts, Curve.sums).where(Curve.video == bindparam("video"))
_CURVES_OF_WEEKS = _CURVES.where(Curve.week.in_(bindparam("weeks", expanding=True)))


def secret_of(session: Session, organization_id: str, *, make: bool = False) -> bytes | None:
    """What makes learners' keys of their names. With `make` (in a write transaction) there is one afterwards."""
    find = select(Organization.learner_secret).where(Organization.id == organization_id)
    found = session.scalar(find)
    if found is None and make:
        session.execute(update(Organization).where(Organization.id == organization_id, Organization.learner_secret.is_(None))
                        .values(learner_secret=secrets.token_bytes(32)))
        found = session.scalar(find)
    return found


def find(session: Session, video_id: str) -> Audience | None:
    """The audience of a video, if anybody ever watched."""
    return session.scalar(_OF_VIDEO, {"video_id": video_id})


def find_or_add(session: Session, video: Video, duration_ms: int) -> Audience:
    """The audience of a video, which two who are first at once get the same. In a write transaction."""
    found = find(session, video.id)
    while found is None:
        session.execute(insert_into(session, Audience.__table__).values(
            number=secrets.randbelow(2**31 - 1) + 1, video_id=video.id, organization_id=video.organization_id,
            duration_ms=duration_ms, counted_id=0, revision=0, whole=True).on_conflict_do_nothing())
        found = find(session, video.id)
    return found


def recorded(session: Session) -> Sequence[tuple[int, Video]]:
    """Audiences of what was live, and is a recording by now, of whose duration they do not know."""
    found = session.execute(select(Audience.number, Video).join(Video, Video.id == Audience.video_id)
                            .where(Audience.duration_ms == LIVE_MS, Video.plan_id.is_not(None), Video.deleted_at.is_(None)))
    return [(number, video) for number, video in found]


def lock(session: Session, most: int = SHARDS, shard: int | None = None) -> dict[int, int]:
    """How far up to `most` shards are counted, which nobody else counts until the end of this transaction.

    Those that are furthest behind; those that somebody else has in hand are left to them, unless `shard` names one.
    """
    session.execute(insert_into(session, Rollup.__table__).values(
        [{"shard": each, "counted_id": 0} for each in range(SHARDS)]).on_conflict_do_nothing())
    query = select(Rollup.shard, Rollup.counted_id).order_by(Rollup.counted_id, Rollup.shard).limit(most)
    if shard is not None:
        query = query.where(Rollup.shard == shard)
    query = query.with_for_update(skip_locked=shard is None)
    return {row.shard: row.counted_id for row in session.execute(query)}


def advance(session: Session, shards: Iterable[int], counted_id: int) -> None:
    """Note that these shards are counted up to that event."""
    session.execute(update(Rollup).where(Rollup.shard.in_(list(shards))).values(counted_id=counted_id))


def behind(session: Session) -> int:
    """Up to which event all shards are counted."""
    return min(session.scalars(select(Rollup.counted_id)).all(), default=0)


def audiences(session: Session, numbers: Iterable[int]) -> dict[int, Audience]:
    """Those of these numbers whose video is still there."""
    found: dict[int, Audience] = {}
    for some in _chunks(list(numbers)):
        found |= {each.number: each for each in session.scalars(select(Audience).where(Audience.number.in_(some)))}
    return found


def forgotten(session: Session, learners: Iterable[int]) -> dict[int, int]:
    """Which of these learners had their data deleted, and when (Unix milliseconds)."""
    if session.scalar(select(ForgottenLearner.learner).limit(1)) is None:
        return {}
    found: dict[int, int] = {}
    for some in _chunks(list(learners)):
        found |= {row.learner: row.forgotten_ms for row in session.execute(
            select(ForgottenLearner.learner, ForgottenLearner.forgotten_ms).where(ForgottenLearner.learner.in_(some)))}
    return found


def forget(session: Session, organization_id: str, learner: int, at_ms: int) -> None:
    """Note that what this learner did until then is not wanted."""
    insert = insert_into(session, ForgottenLearner.__table__).values(
        organization_id=organization_id, learner=learner, forgotten_ms=at_ms)
    session.execute(insert.on_conflict_do_update(index_elements=["organization_id", "learner"],
                                                 set_={"forgotten_ms": insert.excluded.forgotten_ms,
                                                       "erased_ms": None}))


def curves(session: Session, video: int, weeks: Sequence[int] | None = None) -> dict[int, tuple[bytes, bytes]]:
    """week -> (counts, sums): of these weeks, or of all."""
    query = _CURVES if weeks is None else _CURVES_OF_WEEKS
    return {row.week: (row.counts, row.sums) for row in session.execute(query, {"video": video, "weeks": weeks})}


def library(session: Session, organization_id: str, lines: int, line: int, tag: str | None = None) -> Sequence[Any]:
    """(id, title, tags, created_at, duration_ms, counted_id, size, counts, sums) of all videos of an organization, or of
    those with this tag (`folded`), with one of the `lines` of counts over all weeks, and not the others, which nobody asked
    for. Nulls where nobody watched, and where it is not known yet how long what was live is."""
    tagged = true() if tag is None else Video.tagged(tag)
    length = (func.length(Curve.counts, type_=Integer) - 1) // lines
    return session.execute(
        select(Video.id, Video.title, Video.tags, Video.created_at, Audience.duration_ms, Audience.counted_id,
               type_coerce(func.substr(Curve.counts, 1, 1), LargeBinary).label("size"),
               type_coerce(func.substr(Curve.counts, 2 + line * length, length), LargeBinary).label("counts"), Curve.sums)
        .outerjoin(Audience, (Audience.video_id == Video.id) & (Audience.duration_ms != LIVE_MS))
        .outerjoin(Curve, (Curve.video == Audience.number) & (Curve.week == 0))
        .where(Video.organization_id == organization_id, Video.deleted_at.is_(None), tagged)).all()


_LEARNER = ("seen", "again", "unique_s", "content_ms", "wall_ms", "last_t_ms", "last_ms", "exit_week")
_SOUGHT = {"curves": ("week", ("counts", "sums")), "learner_progress": ("learner", _LEARNER),
           "quality_hours": ("hour", ("sums",))}
_SQLITE_PAIRS = """SELECT t.video, t.{key}, {columns} FROM json_each(?) AS j CROSS JOIN {table} AS t
    ON t.video = json_extract(j.value, '$[0]') AND t.{key} = json_extract(j.value, '$[1]')"""
_POSTGRESQL_PAIRS = """SELECT t.video, t.{key}, {columns} FROM unnest(%s::int[], %s::bigint[]) AS j(video, key)
    JOIN {table} AS t ON t.video = j.video AND t.{key} = j.key"""


def sought(session: Session, table: str, pairs: Collection[tuple[int, int]]) -> Iterable[Sequence[Any]]:
    """(video, key, *columns) of those rows of curves, learner_progress or quality_hours that are there, by one query."""
    if not pairs:
        return ()
    connection = session.connection()
    key, columns = _SOUGHT[table]
    query, values = (_SQLITE_PAIRS, (json.dumps([*pairs]),)) if connection.dialect.name == "sqlite" else \
        (_POSTGRESQL_PAIRS, tuple(map(list, zip(*pairs, strict=True))))
    return connection.exec_driver_sql(query.format(
        table=table, key=key, columns=", ".join(f"t.{name}" for name in columns)), values).all()


def progress(session: Session, organization_id: str, learner: int) -> Sequence[tuple[LearnerProgress, Audience]]:
    """What one learner has seen of each video that is still there, what was seen last first."""
    return [(row[0], row[1]) for row in session.execute(
        select(LearnerProgress, Audience).join(Audience, Audience.number == LearnerProgress.video)
        .join(Video, Video.id == Audience.video_id)
        .where(LearnerProgress.learner == learner, Audience.organization_id == organization_id, Video.deleted_at.is_(None))
        .order_by(LearnerProgress.last_t_ms.desc()))]


def hours(session: Session, video: int, first: int = 0, end: int = 2**31 - 1, only: Sequence[int] | None = None
          ) -> dict[int, bytes]:
    """hour -> sums: from `first` until before `end`, or of `only` these."""
    query = select(QualityHour.hour, QualityHour.sums).where(QualityHour.video == video, QualityHour.hour >= first,
                                                             QualityHour.hour < end)
    query = query if only is None else query.where(QualityHour.hour.in_(only))
    return {row.hour: row.sums for row in session.execute(query.order_by(QualityHour.hour))}


class Saving:
    """What a batch changed, gathered over all its videos, so that each table is written once."""

    def __init__(self) -> None:
        self.curves: list[dict[str, Any]] = []
        self.learners: list[dict[str, Any]] = []
        self.hours: list[dict[str, Any]] = []
        self.counted: list[dict[str, Any]] = []

    def add(self, video: int, counted_id: int, curves: Mapping[int, tuple[bytes, bytes]],
            learners: Mapping[int, tuple[Any, ...]], hours: Mapping[int, bytes]) -> None:
        """The rows of one video; of a learner what `learners` gives, without the key."""
        self.curves += [{"video": video, "week": week, "counts": counts, "sums": sums}
                        for week, (counts, sums) in curves.items()]
        self.learners += [{"video": video, "learner": key, **dict(zip(_LEARNER, values, strict=True))}
                          for key, values in learners.items()]
        self.hours += [{"video": video, "hour": hour, "sums": sums} for hour, sums in hours.items()]
        self.counted.append({"of": video, "id": counted_id})

    def write(self, session: Session) -> None:
        """Put all of it into the tables."""
        connection = session.connection()
        for model, rows in ((Curve, self.curves), (LearnerProgress, self.learners), (QualityHour, self.hours)):
            if rows:
                table = model.__table__
                insert = insert_into(session, table)
                keys = [column.name for column in table.primary_key.columns]  # type: ignore[attr-defined]
                connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={
                    name: insert.excluded[name] for name in rows[0] if name not in keys}), rows)
        if self.counted:
            connection.execute(update(Audience.__table__).where(Audience.number == bindparam("of"))  # type: ignore[arg-type]
                               .values(counted_id=bindparam("id")), self.counted)


def clear(session: Session, video: int) -> None:
    """Remove all counters of a video."""
    for model in (Curve, LearnerProgress, QualityHour):
        session.execute(delete(model).where(model.video == video))


def clear_curves(session: Session, video: int) -> None:
    """Remove what names no learner."""
    for model in (Curve, QualityHour):
        session.execute(delete(model).where(model.video == video))


def watched(session: Session, organization_id: str, learner: int) -> list[int]:
    """The numbers of all videos that something is known of this learner and."""
    return list(session.scalars(
        select(Audience.number).join(LearnerProgress, LearnerProgress.video == Audience.number)
        .where(LearnerProgress.learner == learner, Audience.organization_id == organization_id)))


def delete_learner(session: Session, video: int, learner: int) -> None:
    """Remove what is known of one learner and this video."""
    session.execute(delete(LearnerProgress).where(LearnerProgress.video == video, LearnerProgress.learner == learner))


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for at in range(0, len(values), _FEW):
        yield values[at:at + _FEW]
