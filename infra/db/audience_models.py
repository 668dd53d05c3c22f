"""The tables of engagement analytics: the inbox of events, and the counters that they become."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.models import Base, RowId


class Event(Base):
    """What a player told: the inbox of analytics (`player_api.analytics.kinds.Row` says what the columns mean).

    No foreign keys: beside SQLite it lies in a file of its own, where this is the only table with rows. See decision 0021.
    """

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("video", "session", "seq"), UniqueConstraint("uid"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    video: Mapped[int] = mapped_column(Integer)
    session: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(Integer)
    uid: Mapped[int] = mapped_column(BigInteger)
    learner: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[int] = mapped_column(SmallInteger)
    t_ms: Mapped[int] = mapped_column(BigInteger)
    skew_ms: Mapped[int] = mapped_column(BigInteger)
    a_ms: Mapped[int | None] = mapped_column(Integer)
    b_ms: Mapped[int | None] = mapped_column(Integer)
    rate: Mapped[int | None] = mapped_column(Integer)
    marks: Mapped[int] = mapped_column(SmallInteger)
    startup_ms: Mapped[int | None] = mapped_column(Integer)
    rebuffer_ms: Mapped[int | None] = mapped_column(Integer)
    rebuffers: Mapped[int | None] = mapped_column(Integer)
    switches: Mapped[int | None] = mapped_column(Integer)
    bitrate_bps: Mapped[int | None] = mapped_column(Integer)
    height_px: Mapped[int | None] = mapped_column(Integer)
    dropped: Mapped[int | None] = mapped_column(Integer)
    code: Mapped[str | None] = mapped_column(String(80))
    behind_ms: Mapped[int | None] = mapped_column(Integer)


class Audience(Base):
    """A video that somebody watched, under a number that is short in millions of events, and given to no other video."""

    __tablename__ = "audiences"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    duration_ms: Mapped[int] = mapped_column(Integer)
    counted_id: Mapped[int] = mapped_column(BigInteger, default=0)  # of the newest event that its counters hold
    revision: Mapped[int] = mapped_column(Integer, default=0)  # rises when counters change without an event
    whole: Mapped[bool] = mapped_column(default=True)  # all its events are still in the inbox: counters can be made anew


class Rollup(Base):
    """How far the events of a shard (`Audience.number` modulo their count) are counted. Who locks the row counts them."""

    __tablename__ = "rollups"

    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    counted_id: Mapped[int] = mapped_column(BigInteger)


class Curve(Base):
    """Counts for each second of a video, in one ISO week or (0) in all."""

    __tablename__ = "curves"

    video: Mapped[int] = mapped_column(ForeignKey("audiences.number", ondelete="CASCADE"), primary_key=True)
    week: Mapped[int] = mapped_column(Integer, primary_key=True)
    counts: Mapped[bytes] = mapped_column(LargeBinary)  # five lines of numbers: `player_api.analytics.stored`
    sums: Mapped[bytes] = mapped_column(LargeBinary)  # int64


class LearnerProgress(Base):
    """What one learner has seen of one video."""

    __tablename__ = "learner_progress"
    __table_args__ = (Index("ix_learner_progress_learner", "learner"),)

    video: Mapped[int] = mapped_column(ForeignKey("audiences.number", ondelete="CASCADE"), primary_key=True)
    learner: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seen: Mapped[bytes] = mapped_column(LargeBinary)
    again: Mapped[bytes] = mapped_column(LargeBinary)
    unique_s: Mapped[int] = mapped_column(Integer)
    content_ms: Mapped[int] = mapped_column(BigInteger)
    wall_ms: Mapped[int] = mapped_column(BigInteger)
    last_t_ms: Mapped[int] = mapped_column(BigInteger)
    last_ms: Mapped[int] = mapped_column(Integer)
    exit_week: Mapped[int] = mapped_column(Integer)


class QualityHour(Base):
    """Startup, rebuffering, bit rates and errors of a video in one hour: `player_api.analytics.quality`."""

    __tablename__ = "quality_hours"

    video: Mapped[int] = mapped_column(ForeignKey("audiences.number", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[int] = mapped_column(Integer, primary_key=True)  # since 1970
    sums: Mapped[bytes] = mapped_column(LargeBinary)  # int64


class ForgottenLearner(Base):
    """Somebody whose data was deleted: what was watched before then and arrives late is dropped."""

    __tablename__ = "forgotten_learners"

    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    learner: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    forgotten_ms: Mapped[int] = mapped_column(BigInteger)
    erased_ms: Mapped[int | None] = mapped_column(BigInteger)  # when files were last cleared of them; None: not yet


class LearnerTag(Base):
    """A group that a learner is in, as their school calls it, under the key that their watching is kept under."""

    __tablename__ = "learner_tags"
    __table_args__ = (Index("ix_learner_tags_learner", "organization_id", "learner"),)

    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True)
    learner: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class VideoParts(Base):
    """What is said and shown in the parts of a video, by which it is foretold where learners leave."""

    __tablename__ = "video_parts"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    length_s: Mapped[int] = mapped_column(Integer)  # of the video then, in seconds that are counted
    parts: Mapped[dict[str, Any]] = mapped_column(JSON)  # "bounds": [start, end] of each, and lists of what is known of each


class LeavingLaw(Base):
    """What the videos of an organization say about where learners leave (`enrich.prediction_fit.Fitted`)."""

    __tablename__ = "leaving_laws"

    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    tried_at: Mapped[float] = mapped_column(Float)  # when somebody began to make it
    counted_id: Mapped[int] = mapped_column(BigInteger, default=0)  # of the newest event that it is made of
    fitted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class EventExport(Base):
    """How far events went on into files: a single row, 1."""

    __tablename__ = "event_exports"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    exported_id: Mapped[int] = mapped_column(BigInteger)


class AssessmentResult(Base):
    """How one learner did at one item of an assessment, under the key that their watching is kept under."""

    __tablename__ = "assessment_results"

    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    learner: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    item: Mapped[str] = mapped_column(String(200), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    score: Mapped[float] = mapped_column(Float)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    video_id: Mapped[str | None] = mapped_column(ForeignKey("videos.id", ondelete="SET NULL"), index=True)  # it is about
    start_s: Mapped[float | None] = mapped_column(Float)  # it is about this part; null: all of the video
    end_s: Mapped[float | None] = mapped_column(Float)
