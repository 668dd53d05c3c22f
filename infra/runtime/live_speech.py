"""The process with the speech model for live captions: `python -m infra.runtime.live_speech FD`. See `live_captions`.

It reads sound and writes words over one socket.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from enrich import recognizer, speech_models
from enrich.live_hearing import LiveHearing, Span
from enrich.live_speech import Language, captions
from enrich.recognizer import Recognizer
from enrich.speech_spans import RATE_HZ
from infra.core.settings import Settings
from infra.runtime import companion_desk
from infra.runtime.companion_desk import forget_the_oldest
from infra.runtime.live_captions import Sound, Words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BEHIND_S = 12.0  # what is older than this when its turn comes is left out: captions of long ago help nobody


@dataclass(slots=True)
class _Session:
    hearing: LiveHearing
    told: str | None
    language: Language | None = None
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    spans: deque[Span] = field(default_factory=deque)
    newest_s: float = 0.0  # how far its sound has come
    skipped_s: float = 0.0


class Desk(companion_desk.Desk[tuple[Sound, bytes], tuple[str, _Session]]):
    """Sound, by session. First comes the one that is behind most."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(channel)
        self._sessions: dict[str, _Session] = {}
        self._decoder = msgspec.json.Decoder(Sound)

    def decode(self, line: bytes, more: BinaryIO) -> tuple[Sound, bytes]:
        """See `companion_desk.Desk.decode`."""
        head = self._decoder.decode(line)
        return head, more.read(head.size)

    def lay(self, message: tuple[Sound, bytes]) -> None:
        """See `companion_desk.Desk.lay`."""
        head, data = message
        session = self._sessions.get(head.session)
        if session is None:
            session = self._sessions[head.session] = _Session(LiveHearing(recognizer.voice), head.language)
            forget_the_oldest(self._sessions)
        session.waiting.append((head.at_s, data))
        session.newest_s = head.at_s + len(data) / 2 / RATE_HZ

    def due(self) -> tuple[str, _Session] | None:
        """A session with sound that nobody looked at, or something said."""
        due = [(one.newest_s - one.spans[0].start_s if one.spans else 0.0, name)
               for name, one in self._sessions.items() if one.waiting or one.spans]
        if not due:
            return None
        name = max(due)[1]
        return name, self._sessions[name]


def work(desk: Desk, model: Recognizer) -> None:
    """Until the live process is gone."""
    while (due := desk.next()) is not None:
        name, session = due
        while session.waiting:
            at_s, data = session.waiting.popleft()
            session.spans.extend(session.hearing.feed(at_s, _samples(data)))
        while session.spans and session.newest_s - session.spans[0].end_s > BEHIND_S:
            left_out = session.spans.popleft()
            session.skipped_s += left_out.end_s - left_out.start_s
        if session.spans:
            if session.language is None:
                session.language = Language(session.told if session.told and model.knows(session.told) else None)
            found = captions(model, session.language, session.spans.popleft())
            desk.tell(Words(name, tuple((cue.start_s, cue.end_s, cue.lines) for cue in found), session.language.code,
                             round(session.skipped_s, 1)))


def _samples(data: bytes) -> NDArray[np.float32]:
    import numpy as np

    return recognizer.as_floats(np.frombuffer(data, np.int16))


def _work(desk: Desk, settings: Settings) -> int:
    model = speech_models.find(settings.speech_model, settings.data.absolute() / "models")
    if model is None:
        return 1
    # One thread: what is said in a second is heard in a tenth of one, and the encoders want the rest.
    work(desk, Recognizer(model, threads=1))
    return 0


if __name__ == "__main__":
    sys.exit(companion_desk.serve("live captions", Desk, _work))
