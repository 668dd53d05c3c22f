"""The tables of live: streams with their keys, what was published to them, and the processes that take it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.models import Base, Id


class LiveStream(Base):
    """A place to publish to. Only the SHA-256 of its 256-bit key is kept; the key is shown once."""

    __tablename__ = "live_streams"
    __table_args__ = (Index("ix_live_streams_listing", "organization_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(String(500))  # the title of its videos
    language: Mapped[str | None] = mapped_column(String(35))  # BCP 47, of its videos
    profile: Mapped[str] = mapped_column(String(10))  # infra.core.live.LiveProfile
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    key_made_at: Mapped[float] = mapped_column(Float)
    # The session that is not over yet. No foreign key: they name each other.
    open_session_id: Mapped[str | None] = mapped_column(Id)
    held_until: Mapped[float | None] = mapped_column(Float)  # its owner ended it: an encoder that tries again is refused
    # Why a publisher with the right key was not let in, the last time, if that was after the last session began.
    refused_code: Mapped[str | None] = mapped_column(String(80))
    refused_message: Mapped[str | None] = mapped_column(Text)
    refused_at: Mapped[float | None] = mapped_column(Float)
    created_at: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[float] = mapped_column(Float)
    deleted_at: Mapped[float | None] = mapped_column(Float)


class LiveSessionRow(Base):
    """One publishing, and its video: see `infra.core.live.LiveState`."""

    __tablename__ = "live_sessions"
    __table_args__ = (Index("ix_live_sessions_listing", "stream_id", "started_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    stream_id: Mapped[str] = mapped_column(ForeignKey("live_streams.id", ondelete="CASCADE"))
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    process_id: Mapped[str] = mapped_column(String(120), index=True)  # the live process that has, or had, it
    protocol: Mapped[str] = mapped_column(String(10))  # of the last publication
    profile: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12))
    publications: Mapped[int] = mapped_column(Integer)  # connections of the publisher, one after the other
    reason_code: Mapped[str | None] = mapped_column(String(80))  # why it failed
    reason_message: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[float] = mapped_column(Float)
    interrupted_at: Mapped[float | None] = mapped_column(Float)  # since when the publisher is gone
    ended_at: Mapped[float | None] = mapped_column(Float)


class LiveMarker(Base):
    """A moment that the lecturer marked while it was live; a chapter begins there."""

    __tablename__ = "live_markers"
    __table_args__ = (Index("ix_live_markers_listing", "session_id", "at_s", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"))
    key_id: Mapped[str] = mapped_column(Id)  # who made it
    title: Mapped[str] = mapped_column(String(200))  # empty: it has none
    at: Mapped[float] = mapped_column(Float)  # Unix time
    at_s: Mapped[float] = mapped_column(Float)  # the same on the session's time line


class LiveProcess(Base):
    """A live process that runs, or ran: where the others reach it, and where publishers do."""

    __tablename__ = "live_processes"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)  # infra.owner
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(80))  # who asks it for anything sends this as a bearer token
    ports: Mapped[dict[str, Any]] = mapped_column(JSON)  # protocol -> port
    problems: Mapped[dict[str, Any]] = mapped_column(JSON)  # protocol -> why nobody can come in by it, and the way out
    started_at: Mapped[float] = mapped_column(Float)
    seen_at: Mapped[float] = mapped_column(Float)
