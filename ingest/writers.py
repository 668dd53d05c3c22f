"""One writer per upload, and how a body is read from a connection that may fall silent.

The lock is a fact of this process, so it dies with it. Between processes the staging area is the judge: it
takes an append only at its own end (`Staging.append` raises Conflict), so two writers can never interleave.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

from starlette.requests import ClientDisconnect

from ingest.errors import Locked

PIECE_BYTES = 8 << 20  # per append, and so per fsync: why 8 MiB is in docs/decisions/0003-own-tus-server.md
SILENCE_S = 60.0  # a sender that says nothing for this long is gone
PATIENCE_S = 1.0  # a second writer watches the first one for this long


class End(Enum):
    """Why a body ended."""

    COMPLETE = "complete"
    BROKEN = "broken"  # the connection closed in the middle
    SILENT = "silent"  # no byte for a long time, or for a short one while another writer waits


class Writer:
    """The request that may write to an upload now."""

    def __init__(self, silence_s: float = SILENCE_S) -> None:
        self._silence_s = silence_s
        self.received_bytes = 0
        self.end: End | None = None
        self.released = asyncio.Event()
        self._deadline: asyncio.Timeout | None = None

    @property
    def listening(self) -> bool:
        """Whether it waits for its client; False while bytes are being stored or examined."""
        return self._deadline is not None

    def interrupt(self) -> None:
        """Let it stop waiting for bytes, store what it has and go."""
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def pieces(self, stream: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
        """The body in pieces of about PIECE_BYTES, each as the chunks that came; `end` says why it ended.

        Never raises for a broken connection: what has arrived is worth keeping (tus 1.0.0, core protocol:
        "the Server SHOULD always attempt to store as much of the received data as possible").
        """
        clock = asyncio.get_running_loop().time
        while self.end is None:
            chunks: list[bytes] = []
            size = 0
            try:
                async with asyncio.timeout(self._silence_s) as self._deadline:
                    while size < PIECE_BYTES:
                        chunk = await anext(stream, None)
                        if chunk is None:
                            self.end = End.COMPLETE
                            break
                        self._deadline.reschedule(clock() + self._silence_s)
                        chunks.append(chunk)
                        size += len(chunk)
                        self.received_bytes += len(chunk)
            except ClientDisconnect:
                self.end = End.BROKEN
            except TimeoutError:
                self.end = End.SILENT
            finally:
                self._deadline = None
            if size:
                yield chunks


class Writers:
    """Who writes to which upload in this process."""

    def __init__(self, silence_s: float = SILENCE_S, patience_s: float = PATIENCE_S) -> None:
        self._silence_s = silence_s
        self._patience_s = patience_s
        self._writers: dict[str, Writer] = {}

    def busy(self, upload_id: str) -> bool:
        """Whether somebody is writing to it."""
        return upload_id in self._writers

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[Writer]:
        """Be the only writer. Raises Locked when the present one is alive.

        A client that lost its network comes back while its old connection still looks open here. So a
        writer that receives nothing while it is watched is told to store what it has and to give way.
        """
        while present := self._writers.get(upload_id):
            before = present.received_bytes
            if await _released(present, self._patience_s):
                continue
            if present.listening and present.received_bytes == before:
                present.interrupt()
                if await _released(present, 5 * self._patience_s):
                    continue
            raise Locked("upload_locked", "Another request is writing to this upload. Ask for its offset "
                                          "and try again in a moment.")
        writer = self._writers[upload_id] = Writer(self._silence_s)
        try:
            yield writer
        finally:
            del self._writers[upload_id]
            writer.released.set()


async def _released(writer: Writer, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await writer.released.wait()
    except TimeoutError:
        return False
    return True
