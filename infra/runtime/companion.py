"""A process beside the live process, which does what that must not be held up by. They talk over a socket.

It is started when there is something for it to do, and again when it died, after a pause that grows. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.own_processes import end_group, spawn

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

_AGAIN_S, _AT_MOST_AGAIN_S = 5.0, 300.0  # until a process that ended is started anew, longer each time
_GRACE_S = 2.0


class Companion:
    """For one event loop, and its main thread: the process ends with that. `python -m MODULE FD` is what runs, and the lines
    that it writes are given to `told`. `what` it is for, for the log.
    """

    def __init__(self, module: str, what: str, told: Callable[[bytes], None]) -> None:
        self._module, self._what, self._told = module, what, told
        self.process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._again_s = 0.0  # not before this moment is another one started
        self._pause_s = _AGAIN_S

    @property
    def writer(self) -> asyncio.StreamWriter | None:
        """Where to write; None: it is not there, and is being started if it may be."""
        if self._writer is None:
            self._begin()
        return self._writer

    @property
    def runs(self) -> bool:
        """Whether it takes what is written."""
        return self._writer is not None

    async def close(self) -> None:
        """End the process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _begin(self) -> None:
        """Start the process, unless one is being started or ended a moment ago."""
        if time.monotonic() < self._again_s or (self._task is not None and not self._task.done()):
            return
        self._again_s = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _AT_MOST_AGAIN_S)
        ours, its = socket.socketpair()
        its.settimeout(None)  # libraries set a default for all sockets
        with its:
            try:
                self.process = spawn([sys.executable, "-m", self._module, str(its.fileno())], passing=(its.fileno(),))
            except OSError as error:
                log.warning("the process for %s can not be started: %s", self._what, error)
                ours.close()
                return
        self._task = asyncio.create_task(self._listen(ours, self.process))

    async def _listen(self, ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
        reader, writer = await asyncio.open_connection(sock=ours)
        self._writer = writer
        try:
            with contextlib.suppress(OSError):
                while line := await reader.readline():
                    self._told(line)
                    self._pause_s = _AGAIN_S  # it works
        finally:
            self._writer = None
            writer.close()
            await asyncio.shield(asyncio.to_thread(end_group, process, _GRACE_S))
        log.warning("the process for %s ended (%s); it is started again", self._what, process.returncode)
