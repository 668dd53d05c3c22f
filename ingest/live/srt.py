"""SRT by tstrans (libsrt): the one module that knows it. MPEG-TS comes in, one thread for each publisher.

An encoder names its key in the stream id: `publish:live/KEY`, or `#!::m=publish,r=live/KEY` (SRT Access Control), or KEY.
Who is not let in is closed after the handshake, and gets an error at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import logging
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

from infra.core.errors import ConfigError
from infra.core.live import LiveSource
from ingest.live.port import Desk, Knock, Refused

log = logging.getLogger(__name__)

INSTALL = "pip install -r infra/locks/live.txt"
INPUT = ("-f", "mpegts", "-i", "pipe:0")
LATENCY_MS = 120  # how long lost packets are waited for; the greater one of both ends' counts
PACKET = 188
_AT_ONCE = 16  # packets handed over together ...
_HELD_S = 0.01  # ... unless the first of them waits for longer
_WAITING = 256  # such bundles before the network has to wait, about a second of 6 Mbit/s
_ACCEPT_MS = 200
_LOOK_S = 0.25
_JOIN_S = 3.0


def read_stream_id(stream_id: str) -> str:
    """The key in a stream id; empty when it asks for something else than to publish."""
    if stream_id.startswith("#!::"):
        fields = dict(part.partition("=")[::2] for part in stream_id[4:].split(","))
        return fields.get("r", "").removeprefix("live/") if fields.get("m", "request") == "publish" else ""
    return stream_id.removeprefix("publish:").removeprefix("live/")


def find_srt() -> Any:
    """tstrans.srt. Raises ConfigError with the line that installs it."""
    try:
        return importlib.import_module("tstrans.srt")
    except ImportError as error:
        raise ConfigError("srt_missing", f"SRT can not come in: the Python package tstrans is not installed. {INSTALL}"
                          ) from error


class SrtListener:
    """Implements `ingest.live.port.LiveIngest`."""

    protocol = "srt"

    def __init__(self, host: str, port: int) -> None:
        """`port` 0: one that is free."""
        self.port = port
        self._host = host
        self._numbers = itertools.count(1)
        self._connections: dict[str, _Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: Any = None
        self._thread: threading.Thread | None = None

    async def start(self, desk: Desk) -> None:
        srt = find_srt()
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            self._listener = await asyncio.to_thread(
                lambda: srt.Builder(f"srt://{host}:{self.port}?mode=listener", latency_ms=LATENCY_MS).listener().listen())
        except Exception as error:  # its errors have no common base that says "the port"
            raise ConfigError("srt_port", f"SRT can not come in: UDP port {self.port} can not be listened on ({error}). End "
                              "what listens there, or set LECTERN_SRT_PORT.") from error
        self.port = int(self._listener.local_addr()[1])
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._accept, args=(loop, desk), name="srt", daemon=True)
        self._thread.start()

    async def drop(self, client: str) -> None:
        connection = self._connections.get(client)
        if connection is not None:
            await asyncio.to_thread(connection.close)

    async def close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await asyncio.to_thread(listener.close)
        for connection in list(self._connections.values()):
            await asyncio.to_thread(connection.close)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _JOIN_S)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def publish_url(self, host: str) -> str:
        return f"srt://{host}:{self.port}"

    def _accept(self, loop: asyncio.AbstractEventLoop, desk: Desk) -> None:
        """In the thread of the listener: whoever comes is asked about on the loop."""
        while (listener := self._listener) is not None:
            try:
                peer = listener.accept(timeout_ms=_ACCEPT_MS)
            except Exception as error:
                if self._listener is not None and "TIMEOUT" not in repr(error).upper():
                    log.info("an SRT handshake failed: %s", error)
                    time.sleep(_HELD_S)
                continue
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._welcome, peer, desk)

    def _welcome(self, peer: Any, desk: Desk) -> None:
        task = asyncio.create_task(self._serve(peer, desk))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, peer: Any, desk: Desk) -> None:
        client = f"srt-{next(self._numbers)}"
        address = ""
        try:
            address = str(peer.peer_addr()[0])
            admitted = await desk.ask(Knock("srt", client, read_stream_id(peer.stream_id() or ""), address))
        except Refused as refused:
            log.info("an SRT publisher from %s was refused: %s", address, refused.message)
            await asyncio.to_thread(peer.close)
            return
        except Exception as error:  # it was gone before we looked
            log.info("an SRT publisher left at once: %s", error)
            await desk.gone(client)
            return
        connection = self._connections[client] = _Connection(peer, asyncio.get_running_loop())
        try:
            await desk.take(admitted.publication, LiveSource(INPUT, connection.chunks()))
            await connection.ended.wait()
        finally:
            self._connections.pop(client, None)
            await asyncio.to_thread(connection.close)
            await desk.gone(client)


class _Connection:
    """A publisher: a thread that reads, and a queue to the loop."""

    def __init__(self, peer: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.ended = asyncio.Event()
        self._receiver = peer.into_receiver()
        self._loop = loop
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="srt-publisher", daemon=True)
        self._thread.start()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is received, until the publisher is gone."""
        while not (self.ended.is_set() and self._queue.empty()):
            data = await self._queue.get()
            if data is None:
                return
            yield data

    def close(self) -> None:
        """End it. Blocks for a moment; again is no error."""
        self._closed.set()
        with contextlib.suppress(Exception):  # it has ended by itself
            self._receiver.close()
        self._thread.join(_JOIN_S)

    def _read(self) -> None:
        held = bytearray()
        since_s = 0.0
        while not self._closed.is_set():
            try:
                packet = self._receiver.recv_bytes()
            except Exception as error:  # closed by either end, or broken: all the same to us
                log.debug("an SRT publisher is gone: %s", error)
                break
            since_s = since_s if held else time.monotonic()
            held += packet
            if len(held) >= _AT_ONCE * PACKET or time.monotonic() - since_s > _HELD_S:
                if not self._hand_over(bytes(held)):
                    break
                held.clear()
        if held:
            self._hand_over(bytes(held))
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self.ended.set()
        if not self._queue.full():  # else whoever empties it sees that it has ended
            self._queue.put_nowait(None)

    def _hand_over(self, data: bytes) -> bool:
        """Put it into the queue, and wait while that is full. False when nobody will take it any more."""
        try:
            waiting = asyncio.run_coroutine_threadsafe(self._queue.put(data), self._loop)
        except RuntimeError:
            return False
        while True:
            try:
                waiting.result(_LOOK_S)
                return True
            except TimeoutError:
                if self._closed.is_set():
                    waiting.cancel()
                    return False
