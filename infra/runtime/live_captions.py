"""Live captions, on the side of the live process: hands sound to a process that has the speech model, and takes its words.

One such process for all sessions, started when the first one is heard. It is of low priority, and nobody waits for it: what
it does not take is dropped here, and what it can not keep up with is left out there.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict, deque
from dataclasses import replace

import msgspec

from enrich import speech_models
from infra.core.live import Hearing, LiveSession, Said
from infra.core.settings import Settings
from infra.runtime.companion import Companion

log = logging.getLogger(__name__)

_MOST_WAITING_BYTES = 2 << 20  # a minute of sound of one session, that it has not taken


class Sound(msgspec.Struct, frozen=True):
    """To the process: `size` bytes follow, from second `at_s` of the session on."""

    session: str
    at_s: float
    size: int
    language: str | None


class Words(msgspec.Struct, frozen=True):
    """From the process, a line: what was recognized, (start_s, end_s, lines)."""

    session: str
    said: tuple[tuple[float, float, tuple[str, ...]], ...]
    language: str | None
    skipped_s: float  # in all


class LiveCaptions:
    """Implements `infra.core.live.Listener`. For one event loop, and its main thread: the process ends with that."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._model = self._wanted()
        self._process = Companion("infra.runtime.live_speech", "live captions", self._heard)
        self._said: dict[str, deque[Said]] = defaultdict(deque)
        self._hearing: dict[str, Hearing] = {}

    def ready(self, language: str | None) -> bool:
        if self._model is None:
            return False
        return language is None or not self._model.endswith(".en") or _code(language) == "en"

    def hear(self, session: LiveSession, at_s: float, sound: bytes) -> None:
        writer = self._process.writer
        if writer is not None and writer.transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
            self._left_out(session.id, len(sound) / 32_000)
        elif writer is not None:
            head = Sound(session.id, at_s, len(sound), _code(session.language))
            writer.write(msgspec.json.encode(head) + b"\n" + sound)
            self._hearing.setdefault(session.id, Hearing(head.language, 0.0))

    def said(self, session_id: str) -> tuple[Said, ...]:
        found = self._said.pop(session_id, ())
        return tuple(found)

    def hearing(self, session_id: str) -> Hearing | None:
        found = self._hearing.get(session_id)
        if found is None or self._process.runs:
            return found
        return replace(found, reason="The process that recognizes speech is not there. It is started again by itself.")

    def forget(self, session_id: str) -> None:
        self._said.pop(session_id, None)
        self._hearing.pop(session_id, None)

    async def close(self) -> None:
        """End the process."""
        await self._process.close()

    def _wanted(self) -> str | None:
        """The name of the model; None: nothing is to be captioned."""
        wanted = self._settings.live_captions
        if wanted == "false" or (wanted == "auto" and not (self._settings.transcribe and (os.cpu_count() or 1) > 1)):
            return None
        name = speech_models.available(self._settings.speech_model)
        if name is None and wanted == "true":
            log.warning("LECTERN_LIVE_CAPTIONS is true, but no speech model is installed: live streams have no captions")
        return name

    def _heard(self, line: bytes) -> None:
        words = msgspec.json.decode(line, type=Words)
        if words.session in self._hearing:  # else its session is over
            self._said[words.session].extend(Said(start_s, end_s, lines) for start_s, end_s, lines in words.said)
            self._hearing[words.session] = Hearing(words.language, words.skipped_s)

    def _left_out(self, session_id: str, seconds: float) -> None:
        before = self._hearing.get(session_id, Hearing(None, 0.0))
        self._hearing[session_id] = replace(before, skipped_s=before.skipped_s + seconds)


def _code(language: str | None) -> str | None:
    """A language (BCP 47) as Whisper calls it, if it knows it."""
    return language.partition("-")[0].lower() if language else None
