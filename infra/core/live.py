"""Live: what comes in, as an encoder reads it, and what is made of it. The ingest knows nothing of packaging.

A *stream* is a creator's place to publish to, with a key. A *session* is one publishing: from its first byte to its
end, with pauses in which the publisher was gone; it is one video, with one playback id. A *publication* is one
connection of a publisher; a session has one or several, one after the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

GRACE_S = 30.0  # a publisher that is back within this time goes on in the same session
GLANCE_PX = (160, 90)  # width and height of the small pictures that slides are looked for in
PUBLISHER_SILENT_S = 10.0  # no byte for so long: it is gone, whatever its connection says


class LiveProfile(StrEnum):
    """default: about 2 s to the learner. low: about 1 s, with more requests."""

    DEFAULT = "default"
    LOW = "low"


class LiveState(StrEnum):
    """Of a session. ended and failed are final; what was recorded plays in both."""

    WAITING = "waiting"  # admitted, no byte yet
    LIVE = "live"
    INTERRUPTED = "interrupted"  # the publisher is gone, and may come back
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LiveSource:
    """One publication, as an encoder can read it.

    `input`: ffmpeg's arguments for it, always standard input: ("-f", "flv", "-i", "pipe:0").
    `chunks`: the publisher's bytes, in pieces; ends when the publisher is gone, and never fails.
    """

    input: tuple[str, ...]
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class LiveSession:
    """One publishing, as the packager needs it. `started_at` in Unix seconds."""

    id: str
    organization_id: str
    stream_id: str
    video_id: str
    playback_id: str
    profile: LiveProfile
    started_at: float
    language: str | None = None  # BCP 47, of what is said; None: nobody told


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a run of a session came to its end. `code` is empty when the publisher's bytes ended, which is the rule."""

    code: str = ""  # "encoder_failed": tried several times; "disk_full"
    message: str = ""  # a sentence that a creator understands


@dataclass(frozen=True, slots=True)
class Said:
    """What was recognized, in lines that fit on a picture; seconds of the session."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hearing:
    """How the recognition of a session is doing."""

    language: str | None  # of what is recognized; None: it is not certain yet
    skipped_s: float  # seconds of speech that were left out because it was behind
    reason: str = ""  # why nothing is recognized; empty: all is well


class Listener(Protocol):
    """Recognizes what is said while it is live. Nobody waits for it, and what it can not keep up with it leaves out."""

    def ready(self, language: str | None) -> bool:
        """Whether captions can be made, of a session in this language."""

    def hear(self, session: LiveSession, at_s: float, sound: bytes) -> None:
        """More sound, from second `at_s` of the session on: 16 kHz, mono, 16 bits. Returns at once."""

    def said(self, session_id: str) -> tuple[Said, ...]:
        """What was recognized since this was last asked."""

    def hearing(self, session_id: str) -> Hearing | None:
        """How it is doing; None: nothing of this session was heard."""

    def forget(self, session_id: str) -> None:
        """The session is over."""


class Onlooker(Protocol):
    """Looks for slides in what is shown while it is live. Nobody waits for it, but at the end."""

    def see(self, session: LiveSession, at_s: float, key: bool, picture: bytes) -> None:
        """The picture of second `at_s` of the session: grey, GLANCE_PX, a byte a pixel. There are some in each segment;
        `key`: its first. What an encoder shows that begins anew takes the place of what was to come. Returns at once.
        """

    def stored(self, session: LiveSession, until_s: float) -> None:
        """Segments are in storage up to this second. Returns at once."""

    async def over(self, session: LiveSession) -> None:
        """The session is over: after this nothing is written of it."""


class Packager(Protocol):
    """Makes of a publisher's bytes what learners watch."""

    def refusal(self, in_hand: int) -> str:
        """Why this machine can not encode one session more than the `in_hand` that were let in, in a sentence that says
        what to do; empty: it can.
        """

    async def run_session(self, session: LiveSession, source: LiveSource, *, resume: bool = False) -> Ended:
        """Encode, package and publish `source`; returns when its bytes have ended and all of them are published.

        With `resume` the session has run before, here or in a process that is no more: what comes goes on in the
        same playlist. Nothing tells viewers of an end. When the task is cancelled, what is whole is published.
        """

    async def finish_session(self, session: LiveSession) -> None:
        """Write the end, from what is stored: the playlist is complete, and is the recording. Again is no error.

        Also for sessions whose process was killed, and for those that never had a byte.
        """
