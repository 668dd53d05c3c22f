"""The process that looks for slides while it is live: `python -m infra.runtime.live_looking FD`. See `live_slides`.

It is told over a socket of whom there is more to see. What it finds it puts into the storage, where web processes read it.
"""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.runtime import companion_desk
from infra.runtime.companion_desk import forget_the_oldest
from infra.runtime.live_shown import Eyes, Shown
from infra.runtime.live_slides import Look, Looked
from infra.runtime.storages import open_stores
from infra.tools import find_tools

log = logging.getLogger(__name__)


class Desk(companion_desk.Desk[Look, Look]):
    """Of each session the newest message counts; of several sessions the one that waits longest comes first."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(channel)
        self._due: dict[str, Look] = {}
        self._decoder = msgspec.json.Decoder(Look)

    def decode(self, line: bytes, more: BinaryIO) -> Look:
        """See `companion_desk.Desk.decode`."""
        return self._decoder.decode(line)

    def lay(self, message: Look) -> None:
        """See `companion_desk.Desk.lay`."""
        self._due[message.session] = message

    def due(self) -> Look | None:
        """See `companion_desk.Desk.due`."""
        return self._due.pop(next(iter(self._due))) if self._due else None

    @property
    def calm(self) -> bool:
        """Whether nobody waits."""
        return not self._due


def work(desk: Desk, eyes: Eyes) -> None:
    """Until the live process is gone."""
    sessions: dict[str, Shown] = {}
    while (look := desk.next()) is not None:
        shown = sessions.get(look.session)
        if shown is None:
            shown = sessions[look.session] = Shown(eyes, look.organization, look.video, look.language, Path(look.pictures))
            forget_the_oldest(sessions)
        try:
            shown.look(look.until_s, over=look.over)
            if desk.calm and not look.over:
                shown.read_one()
        except (LecternError, OSError) as error:  # the next look may go better
            log.warning("the slides of a live session can not be found now: %s", error)
        if look.over:
            del sessions[look.session]
            desk.tell(Looked(look.session))


def _work(desk: Desk, settings: Settings) -> int:
    runner = ProcessRunner(settings)
    work(desk, Eyes(settings, open_stores(settings).storage, runner, find_tools(settings, runner)))
    return 0


if __name__ == "__main__":
    sys.exit(companion_desk.serve("slides of what is live", Desk, _work))
