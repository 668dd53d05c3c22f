"""A publisher's bytes for one encoder after the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from infra.core.live import LiveSource
from transcode.live.flv import FlvReader, Tag
from transcode.live.meter import Meter

_MOST_WAITING_BYTES = 8 << 20  # ten seconds of a good stream; then the publisher has to wait


class Tape:
    """Reads the source in a task of its own, so that who waits for bytes can be called off without harm to it."""

    def __init__(self, source: LiveSource) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._flv = FlvReader() if "flv" in source.input else None
        self._head: list[bytes] = []
        self._begun = False
        self.meter = Meter(source.input)
        self.ended = False
        self.first_s = 0.0  # when the first byte was there, Unix time
        self._task = asyncio.create_task(self._pump(source))

    async def head(self, size: int, within_s: float) -> bytes:
        """The first `size` bytes, or what came within that time, or all there are. They are played all the same."""
        deadline_s = time.monotonic() + within_s
        while sum(map(len, self._head)) < size and not self.ended:
            try:
                chunk = await asyncio.wait_for(self._next(), max(0.0, deadline_s - time.monotonic()))
            except TimeoutError:
                break
            if chunk is not None:
                self._head.append(chunk)
        return b"".join(self._head)

    async def play(self) -> AsyncIterator[tuple[bytes, float]]:
        """What an encoder that begins now is to read, each piece with the time when it was there.

        The first gets everything, a later one what it needs to begin in the middle. Raises NotFlv.
        """
        middle, self._begun = self._begun, True
        if middle and self._flv is not None:
            yield self._flv.preamble, time.time()
        head, self._head = self._head, []
        waiting = middle and self._flv is not None  # for a key frame
        for chunk in head:
            if piece := self._piece(chunk, waiting):
                waiting = False
                yield piece, self.first_s
        while (fresh := await self._next()) is not None:
            if piece := self._piece(fresh, waiting):
                waiting = False
                yield piece, time.time()

    def skip(self) -> None:
        """Leave out what is waiting: who plays on next begins with what comes now."""
        while not self._queue.empty():
            chunk = self._taken(self._queue.get_nowait())
            if chunk is None:
                return
            self._piece(chunk, True)  # what is not played is read all the same, or the next tag were not found

    async def close(self) -> None:
        """Read no more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def _piece(self, chunk: bytes, waiting: bool) -> bytes:
        if self._flv is None:
            return chunk
        first = not self._flv.preamble
        tags: list[Tag] = list(self._flv.feed(chunk))
        if waiting:
            at = next((i for i, tag in enumerate(tags) if tag.key), len(tags))
            tags = tags[at:]
        return (self._flv.header if first else b"") + b"".join(tag.data for tag in tags)

    async def _next(self) -> bytes | None:
        return None if self.ended else self._taken(await self._queue.get())

    def _taken(self, chunk: bytes | None) -> bytes | None:
        self.ended = chunk is None
        self._waiting_bytes -= len(chunk or b"")
        self._room.set()
        return chunk

    async def _pump(self, source: LiveSource) -> None:
        async for chunk in source.chunks:
            self.first_s = self.first_s or time.time()
            self.meter.take(chunk, time.monotonic())
            self._waiting_bytes += len(chunk)
            self._queue.put_nowait(chunk)
            while self._waiting_bytes > _MOST_WAITING_BYTES:
                self._room.clear()
                await self._room.wait()
        self._queue.put_nowait(None)
