"""Slides while it is live, on the side of the live process: writes small pictures into a file, and tells a process to look.

One such process for all sessions, of low priority. It reads what is in the files and in the storage: whichever of the two
processes dies, nothing is lost, and what was not looked at is looked at later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import BinaryIO

import msgspec

from enrich import live_pictures
from infra.core.live import LiveSession
from infra.core.settings import Settings
from infra.runtime.companion import Companion

log = logging.getLogger(__name__)

_LAST_LOOK_S = 5.0
_EVER_S = 1e12


class Look(msgspec.Struct, frozen=True):
    """To the process, a line: there is more of this session. Segments are in storage up to `until_s`. `over`: there will
    be no more, and an answer is waited for.
    """

    session: str
    organization: str
    video: str
    language: str | None
    pictures: str  # the file
    until_s: float
    over: bool = False


class Looked(msgspec.Struct, frozen=True):
    """From the process, a line: nothing is written of this session any more."""

    session: str


class LiveSlides:
    """Implements `infra.core.live.Onlooker`. For one event loop, and its main thread: the process ends with that."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data.absolute() / "live-slides"
        self._process = Companion("infra.runtime.live_looking", "live slides", self._told)
        self._files: dict[str, BinaryIO | None] = {}  # None: it can not be written
        self._waiting: dict[str, asyncio.Event] = {}

    def see(self, session: LiveSession, at_s: float, key: bool, picture: bytes) -> None:
        """See `Onlooker.see`."""
        try:
            file = self._file(session)
            if file is not None:
                file.write(live_pictures.record(at_s, key, picture))
        except OSError as error:
            log.warning("no more slides of live session %s: %s", session.id, error)
            self._shut(session.id)
            self._files[session.id] = None

    def stored(self, session: LiveSession, until_s: float) -> None:
        """See `Onlooker.stored`."""
        writer = self._process.writer
        if writer is not None:  # a line every two seconds: if it hung, it would be a megabyte in five hours
            writer.write(self._line(session, until_s))

    async def over(self, session: LiveSession) -> None:
        """See `Onlooker.over`. What was seen is gone."""
        if self._process.runs and (writer := self._process.writer) is not None:
            waiting = self._waiting[session.id] = asyncio.Event()
            writer.write(self._line(session, _EVER_S, over=True))
            try:
                await asyncio.wait_for(waiting.wait(), _LAST_LOOK_S)
            except TimeoutError:
                # What it would write later of a video that is deleted would be there for ever.
                log.info("the process for live slides does not answer; it is ended")
                await self._process.close()
            finally:
                del self._waiting[session.id]
        self._shut(session.id)
        self._path(session).unlink(missing_ok=True)

    async def close(self) -> None:
        """End the process. The files stay, for who goes on with these sessions."""
        await self._process.close()
        for session_id in list(self._files):
            self._shut(session_id)

    def _told(self, line: bytes) -> None:
        waiting = self._waiting.get(msgspec.json.decode(line, type=Looked).session)
        if waiting is not None:
            waiting.set()

    def _file(self, session: LiveSession) -> BinaryIO | None:
        if session.id not in self._files:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._path(session).open("a+b", buffering=0)
            file.truncate(live_pictures.whole(file))
            self._files[session.id] = file
        return self._files[session.id]

    def _shut(self, session_id: str) -> None:
        file = self._files.pop(session_id, None)
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _path(self, session: LiveSession) -> Path:
        return self._folder / f"{session.video_id}.pictures"

    def _line(self, session: LiveSession, until_s: float, *, over: bool = False) -> bytes:
        return msgspec.json.encode(Look(session.id, session.organization_id, session.video_id, session.language,
                                        str(self._path(session)), until_s, over)) + b"\n"
