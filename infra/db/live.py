"""Rows of live streams, sessions and processes. Every function that a request ends in asks for the organization."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, tuple_, update
from sqlalchemy.orm import Session

from infra.core.errors import NotFound
from infra.core.ids import new_id
from infra.core.live import LiveProfile, LiveSession, LiveState
from infra.db.live_models import LiveProcess, LiveSessionRow, LiveStream
from infra.db.models import PUBLIC, Organization, Video
from infra.db.session import now

OPEN = (LiveState.WAITING, LiveState.LIVE, LiveState.INTERRUPTED)
SEEN_S = 10.0  # a live process that said nothing for so long is taken for gone
HOLD_S = 30.0  # after its owner ended it, encoders that try again by themselves are refused for so long
DAY_S = 86_400.0
_KEPT_S = DAY_S


def new_key() -> tuple[str, str]:
    """A stream key (256 bits; letters, digits, - and _) and what is stored of it."""
    key = "live_" + secrets.token_urlsafe(32)
    return key, key_digest(key)


def key_digest(key: str) -> str:
    """What is stored of a key, and looked for: the hash of a 256-bit secret leaks nothing through timing."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


# -- streams


def add_stream(session: Session, organization_id: str, name: str, language: str | None, profile: LiveProfile
               ) -> tuple[LiveStream, str]:
    """A new stream, and its key, which can not be shown again."""
    key, digest = new_key()
    at = clock(session)
    stream = LiveStream(id=new_id("ls"), organization_id=organization_id, name=name, language=language, profile=str(profile),
                        key_sha256=digest, key_made_at=at, created_at=at, updated_at=at)
    session.add(stream)
    session.flush()
    return stream, key


def get_stream(session: Session, organization_id: str, stream_id: str) -> LiveStream:
    """Raises NotFound, also for another organization's."""
    stream = session.get(LiveStream, stream_id)
    if stream is None or stream.organization_id != organization_id or stream.deleted_at is not None:
        raise NotFound("live_stream_not_found", "There is no such live stream.")
    return stream


def list_streams(session: Session, organization_id: str, limit: int, before: tuple[float, str] | None
                 ) -> Sequence[LiveStream]:
    """Streams, newest first; `before` is (created_at, id) of the last one of the page before."""
    query = select(LiveStream).where(LiveStream.organization_id == organization_id, LiveStream.deleted_at.is_(None))
    if before is not None:
        query = query.where(tuple_(LiveStream.created_at, LiveStream.id) < before)
    return session.scalars(query.order_by(LiveStream.created_at.desc(), LiveStream.id.desc()).limit(limit)).all()


def rotate_key(session: Session, stream: LiveStream) -> str:
    """Another key for `stream`; the one before is worthless from now on."""
    key, stream.key_sha256 = new_key()
    stream.key_made_at = stream.updated_at = clock(session)
    return key


def stream_of_key(session: Session, key: str) -> LiveStream | None:
    """Whose key this is."""
    return session.scalar(select(LiveStream).where(
        LiveStream.key_sha256 == key_digest(key), LiveStream.deleted_at.is_(None)))


# -- sessions


def sessions_of(session: Session, stream_ids: Sequence[str], limit: int) -> Sequence[tuple[LiveSessionRow, Video]]:
    """The latest sessions of these streams, with their videos, newest first."""
    found = session.execute(
        select(LiveSessionRow, Video).join(Video, Video.id == LiveSessionRow.video_id)
        .where(LiveSessionRow.stream_id.in_(stream_ids), Video.deleted_at.is_(None))
        .order_by(LiveSessionRow.started_at.desc(), LiveSessionRow.id.desc()).limit(limit)).all()
    return [(row, video) for row, video in found]


def open_of(session: Session, stream_ids: Sequence[str]) -> Sequence[tuple[LiveSessionRow, Video]]:
    """The sessions of these streams that are not over, with their videos."""
    found = session.execute(select(LiveSessionRow, Video).join(Video, Video.id == LiveSessionRow.video_id).where(
        LiveSessionRow.stream_id.in_(stream_ids), LiveSessionRow.state.in_(OPEN), Video.deleted_at.is_(None))).all()
    return [(row, video) for row, video in found]


def open_session(session: Session, stream: LiveStream, video: Video, process_id: str, protocol: str) -> LiveSessionRow:
    """A new session of `stream`, which has none."""
    row = LiveSessionRow(id=new_id("lv"), organization_id=stream.organization_id, stream_id=stream.id, video_id=video.id,
                         process_id=process_id, protocol=protocol, profile=stream.profile, state=LiveState.WAITING,
                         publications=1, started_at=clock(session))
    session.add(row)
    session.flush()
    stream.open_session_id, stream.held_until = row.id, None
    stream.refused_code = stream.refused_message = stream.refused_at = None
    return row


def to_session(row: LiveSessionRow, video: Video) -> LiveSession:
    """What the packager is told of it."""
    return LiveSession(row.id, row.organization_id, row.stream_id, row.video_id, video.playback_id,
                       LiveProfile(row.profile), row.started_at, video.language)


def mark(session: Session, session_id: str, state: LiveState, *, code: str = "", message: str = "") -> bool:
    """Note the state of a session that is not over. False when it is over, or deleted."""
    row = session.get(LiveSessionRow, session_id)
    if row is None or row.state not in OPEN:
        return False
    at = clock(session)
    row.state = state
    row.interrupted_at = at if state is LiveState.INTERRUPTED else None
    if state in (LiveState.ENDED, LiveState.FAILED):
        row.ended_at, row.reason_code, row.reason_message = at, code or None, message or None
        session.execute(update(LiveStream).where(LiveStream.open_session_id == session_id).values(open_session_id=None))
    return True


def open_sessions(session: Session) -> Sequence[tuple[LiveSessionRow, Video, float | None]]:
    """All sessions that are not over, with their videos, and when their process last gave a sign of life."""
    found = session.execute(
        select(LiveSessionRow, Video, LiveProcess.seen_at).join(Video, Video.id == LiveSessionRow.video_id)
        .outerjoin(LiveProcess, LiveProcess.id == LiveSessionRow.process_id)
        .where(LiveSessionRow.state.in_(OPEN)).order_by(LiveSessionRow.started_at)).all()
    return [(row, video, seen_at) for row, video, seen_at in found]


def session_over(session: Session, session_id: str) -> LiveSession | None:
    """The session, if it is over."""
    found = session.execute(select(LiveSessionRow, Video).join(Video, Video.id == LiveSessionRow.video_id).where(
        LiveSessionRow.id == session_id, LiveSessionRow.state.not_in(OPEN))).first()
    return to_session(found[0], found[1]) if found else None


def unwanted(session: Session, process_id: str) -> Sequence[str]:
    """Sessions that this process has in hand, and whose video or stream was deleted."""
    return session.scalars(
        select(LiveSessionRow.id).join(Video, Video.id == LiveSessionRow.video_id)
        .join(LiveStream, LiveStream.id == LiveSessionRow.stream_id)
        .where(LiveSessionRow.process_id == process_id, LiveSessionRow.state.in_(OPEN),
               or_(Video.deleted_at.is_not(None), LiveStream.deleted_at.is_not(None)))).all()


def written_now(session: Session) -> Sequence[str]:
    """Videos of sessions that a live process, as far as is known, still writes to."""
    return session.scalars(
        select(LiveSessionRow.video_id).join(LiveProcess, LiveProcess.id == LiveSessionRow.process_id)
        .where(LiveSessionRow.state.in_(OPEN), LiveProcess.seen_at > now() - 2 * SEEN_S)).all()


def is_wanted(session: Session, video_id: str) -> bool:
    """Whether the video of a session is still there."""
    return session.scalar(select(Video.id).where(Video.id == video_id, Video.deleted_at.is_(None))) is not None


def expired(session: Session, limit: int) -> Sequence[Video]:
    """Videos of sessions that have been over for longer than their organization keeps recordings."""
    return session.scalars(
        select(Video).join(LiveSessionRow, LiveSessionRow.video_id == Video.id)
        .join(Organization, Organization.id == Video.organization_id)
        .where(Video.deleted_at.is_(None), Organization.live_recording_days.is_not(None),
               LiveSessionRow.ended_at < now() - Organization.live_recording_days * DAY_S).limit(limit)).all()


# -- processes


@dataclass(frozen=True, slots=True)
class LiveAddress:
    """Where a live process answers, and the bearer token that it asks for."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Doors:
    """Where publishers can come in now: protocol -> port, and what is in the way of the others."""

    ports: Mapping[str, int]
    problems: Mapping[str, str]


def announce(session: Session, process_id: str, address: LiveAddress, doors: Doors) -> None:
    """This live process is here. Repeated, as its sign of life; rows of those long gone are dropped."""
    at = clock(session)
    session.execute(delete(LiveProcess).where(LiveProcess.seen_at < at - _KEPT_S))
    row = session.get(LiveProcess, process_id)
    if row is None:
        row = LiveProcess(id=process_id, started_at=at)
        session.add(row)
    row.url, row.secret, row.seen_at = address.url, address.secret, at
    row.ports, row.problems = dict(doors.ports), dict(doors.problems)


def process_ids(session: Session) -> Sequence[str]:
    """All live processes that there were lately."""
    return session.scalars(select(LiveProcess.id)).all()


def leave(session: Session, process_id: str) -> None:
    """This live process ends."""
    session.execute(delete(LiveProcess).where(LiveProcess.id == process_id))


@dataclass(frozen=True, slots=True)
class LiveVideo:
    """The session of a video. `address` is the live process that has it; None: nobody has it just now."""

    session_id: str
    organization_id: str
    video_id: str
    state: LiveState
    profile: LiveProfile
    address: LiveAddress | None


def find_by_playback(session: Session, playback_id: str) -> LiveVideo | None:
    """The session of this video, over or not; None: it was never live, is private, or is deleted."""
    found = session.execute(
        select(LiveSessionRow, LiveProcess.url, LiveProcess.secret)
        .join(Video, Video.id == LiveSessionRow.video_id)
        .outerjoin(LiveProcess, (LiveProcess.id == LiveSessionRow.process_id) & (LiveProcess.seen_at > now() - SEEN_S))
        .where(Video.playback_id == playback_id, Video.visibility == PUBLIC, Video.deleted_at.is_(None))).first()
    if found is None:
        return None
    row, url, secret = found
    return LiveVideo(row.id, row.organization_id, row.video_id, LiveState(row.state), LiveProfile(row.profile),
                     LiveAddress(url, secret) if url and row.state in OPEN else None)


def states_of(session: Session, video_ids: Sequence[str]) -> dict[str, LiveState]:
    """Of those of these videos that are, or were, live: the state of their sessions."""
    found = session.execute(select(LiveSessionRow.video_id, LiveSessionRow.state)
                            .where(LiveSessionRow.video_id.in_(video_ids))).all()
    return {video_id: LiveState(state) for video_id, state in found}


def address_of_session(session: Session, session_id: str) -> LiveAddress | None:
    """The live process that has this session."""
    found = session.execute(
        select(LiveProcess.url, LiveProcess.secret).join(LiveSessionRow, LiveSessionRow.process_id == LiveProcess.id)
        .where(LiveSessionRow.id == session_id, LiveProcess.seen_at > now() - SEEN_S)).first()
    return LiveAddress(found[0], found[1]) if found else None


def doors(session: Session) -> Doors | None:
    """Where publishers can come in, by the processes that are there now; None: there is none."""
    found = session.scalars(select(LiveProcess).where(LiveProcess.seen_at > now() - SEEN_S)
                            .order_by(LiveProcess.started_at)).all()
    if not found:
        return None
    ports: dict[str, int] = {}
    problems: dict[str, str] = {}
    for row in found:
        ports |= row.ports
        problems |= row.problems
    return Doors(ports, {protocol: why for protocol, why in problems.items() if protocol not in ports})


def clock(session: Session) -> float:
    """The database's clock, in Unix seconds."""
    return session.scalar(select(now())) or 0.0
