"""What the desk reads and writes: streams by their keys, sessions, and the videos that these are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from infra import owner
from infra.core.live import Ended, LiveSession, LiveState
from infra.db import live
from infra.db.live_models import LiveSessionRow, LiveStream
from infra.db.models import Video
from infra.db.session import Database
from ingest.live.port import Refused


@dataclass(frozen=True, slots=True)
class Orphan:
    """A session that a process left. `rest_s`: how long its publisher may still come back."""

    session: LiveSession
    protocol: str
    began: bool
    rest_s: float


class DeskRows:
    """All of it blocks; raises LecternError when the database is away."""

    def __init__(self, database: Database, process_id: str, add_video: Callable[[Session, LiveStream], Video]) -> None:
        """`add_video` makes the row of a new session's video."""
        self._database, self._process_id, self._add_video = database, process_id, add_video

    def stream_of(self, key: str) -> str | None:
        """The stream whose key this is."""
        if not key:
            return None
        with self._database.read() as session:
            stream = live.stream_of_key(session, key)
            return stream.id if stream else None

    def begin(self, stream_id: str, protocol: str) -> LiveSession:
        """A new session, and its video. Raises Refused when the stream has one in another process, or is held back."""
        with self._database.write() as session:
            stream = session.get(LiveStream, stream_id, with_for_update=True)
            if stream is None or stream.deleted_at is not None:
                raise Refused("unknown_key", "the live stream was deleted")
            before = session.get(LiveSessionRow, stream.open_session_id) if stream.open_session_id else None
            if before is not None and before.state in live.OPEN:  # else its video was deleted
                raise Refused("already_publishing", "another live process has this stream")
            if stream.held_until is not None and stream.held_until > live.clock(session):
                raise Refused("ended_by_owner", "its owner ended this stream a moment ago")
            video = self._add_video(session, stream)
            return live.to_session(live.open_session(session, stream, video, self._process_id, protocol), video)

    def refused(self, stream_id: str, code: str, message: str) -> None:
        """A publisher of this stream was not let in, though its key was right."""
        with self._database.write(durable=False) as session:
            stream = session.get(LiveStream, stream_id)
            if stream is not None:
                stream.refused_code, stream.refused_message, stream.refused_at = code, message, live.clock(session)

    def mark(self, session_id: str, state: LiveState) -> None:
        """Note the state of a session."""
        with self._database.write() as session:
            live.mark(session, session_id, state)

    def finish(self, live_session: LiveSession, *, began: bool, why: Ended, hold: bool) -> None:
        """It is over. What never began is no video, either. `hold`: no other one begins at once."""
        with self._database.write() as session:
            live.mark(session, live_session.id, LiveState.FAILED if why.code else LiveState.ENDED,
                      code=why.code, message=why.message)
            video = session.get(Video, live_session.video_id)
            if video is not None and not began:
                video.deleted_at = live.clock(session)
            stream = session.get(LiveStream, live_session.stream_id)
            if stream is not None and hold:
                stream.held_until = live.clock(session) + live.HOLD_S

    def orphans(self, grace_s: float) -> Sequence[Orphan]:
        """Sessions of processes that are certainly gone; they are ours from now on, and nobody looks for those any more."""
        found: list[Orphan] = []
        with self._database.write() as session:
            for row, video, seen_at in live.open_sessions(session):
                silent_s = live.clock(session) - (seen_at or row.interrupted_at or row.started_at)
                if row.process_id == self._process_id or not (owner.is_dead(row.process_id) or silent_s > 2 * live.SEEN_S):
                    continue
                began = row.state != LiveState.WAITING
                row.process_id = self._process_id
                if began:
                    row.state, row.interrupted_at = LiveState.INTERRUPTED, live.clock(session)
                found.append(Orphan(live.to_session(row, video), row.protocol, began, max(0.0, grace_s - silent_s)))
            for process_id in live.process_ids(session):
                if owner.is_dead(process_id):
                    live.leave(session, process_id)
        return found

