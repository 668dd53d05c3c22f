"""A running command that is fed by us and writes to pipes. `infra.process` starts it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from infra.cpu import family_cpu_s

if TYPE_CHECKING:
    import subprocess

_READ_BYTES = 1 << 18
_LINES = 40


class Piped:
    """For one event loop. `end` must be called, whatever happens."""

    def __init__(self, process: subprocess.Popen[bytes], feed: socket.socket, outputs: list[int]) -> None:
        self._process = process
        self._feed = feed
        self._outputs = outputs
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._listening: asyncio.Task[None] | None = None
        feed.setblocking(False)

    @property
    def pid(self) -> int:
        """Of the outermost process; it leads the command's group."""
        return self._process.pid

    @property
    def cpu_s(self) -> float | None:
        """Processor seconds that it has used; None: the system does not tell."""
        return family_cpu_s(self._process.pid)

    @property
    def said(self) -> str:
        """The last lines of its standard error."""
        return "\n".join(self._lines)

    async def begin(self) -> None:
        """Let it run: until then it waits, so that it can not outlive us. Raises OSError when it has ended."""
        loop = asyncio.get_running_loop()
        assert self._process.stderr is not None
        self._listening = asyncio.create_task(self._listen(self._process.stderr.fileno()))
        if not await loop.sock_recv(self._feed, 1):
            raise BrokenPipeError("it ended before it began")
        await loop.sock_sendall(self._feed, b"\n")

    async def send(self, data: bytes) -> None:
        """Hand over bytes; waits while it does not take them. Raises OSError when it has ended."""
        await asyncio.get_running_loop().sock_sendall(self._feed, data)

    def no_more(self) -> None:
        """Its input is complete."""
        with contextlib.suppress(OSError):
            self._feed.shutdown(socket.SHUT_WR)

    async def output(self, index: int) -> AsyncIterator[bytes]:
        """What it writes to pipe `index`, to the end."""
        async for data in _pieces(self._outputs[index]):
            yield data

    async def end(self) -> int:
        """Kill what is left of it; its exit code, or minus the signal. Again is no error."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = await asyncio.shield(asyncio.to_thread(self._process.wait))
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        self._feed.close()
        for fd in self._outputs:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._outputs = []
        if self._process.stderr is not None:
            self._process.stderr.close()
        return code

    async def _listen(self, fd: int) -> None:
        rest = b""
        async for data in _pieces(fd):
            *lines, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
            self._lines.extend(line[:1000].decode(errors="replace") for line in lines if line)
            rest = rest[-1000:]


async def _pieces(fd: int) -> AsyncIterator[bytes]:
    """What can be read from `fd`, as it comes, to the end. The caller closes it."""
    loop = asyncio.get_running_loop()
    os.set_blocking(fd, False)
    while True:
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            ready = asyncio.Event()
            loop.add_reader(fd, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(fd)
            continue
        if not data:
            return
        yield data
