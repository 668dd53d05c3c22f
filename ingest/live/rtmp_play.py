"""Plays a stream of an RTMP server that is ours (nginx, MediaMTX), as FLV.

A client of some 150 lines instead of a second ffmpeg for each stream: nothing is demuxed and muxed again, so that no
time is lost on the way, and the only program that parses what a stranger sent is the encoder in its sandbox.
(RTMP 1.0; section numbers below are its.)
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from infra.core.live import LiveSource
from ingest.live import amf0, flv

INPUT = ("-f", "flv", "-i", "pipe:0")
START_S = 5.0  # a server on this machine answers at once
MOST_BYTES = 8 << 20  # of one message: a key frame of the best 4K encoder has 2 MB
WAIT_S = 1.0  # for the first sound of a stream with pictures, or the reverse
_CHUNK = 1 << 16
_SET_CHUNK, _ACK, _CONTROL, _WINDOW, _COMMAND = 1, 3, 4, 5, 20
_PING, _PONG, _BUFFER = 6, 7, 3


class RtmpGone(Exception):
    """The server is not there, refused, or said something that is not RTMP."""


@dataclass(slots=True)
class _Partial:
    """A chunk stream: the header of its last message (5.3.1), and what of it has arrived."""

    at_ms: int = 0
    delta_ms: int = 0
    length: int = 0
    kind: int = 0
    extended: bool = False
    payload: bytearray | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message."""

    kind: int
    at_ms: int
    payload: bytes


class RtmpPlay:
    """One connection that plays one stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._partials: dict[int, _Partial] = {}
        self._chunk = 128
        self._window = self._unacknowledged = self._received = 0
        self._closed = False
        self.ended = asyncio.Event()  # nothing more comes

    @classmethod
    async def connect(cls, port: int, app: str, name: str, *, host: str = "127.0.0.1") -> RtmpPlay:
        """Play `name`, which nginx lets wait until it is published. Raises RtmpGone."""
        try:
            async with asyncio.timeout(START_S):
                reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
                play = cls(reader, writer)
                try:
                    await play._begin(f"rtmp://{host}:{port}/{app}", app, name)
                except BaseException:
                    writer.close()
                    raise
                return play
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            raise RtmpGone(f"it can not be played: {error or type(error).__name__}") from error

    def close(self) -> None:
        """Play no longer: the source ends."""
        self._closed = True
        self.ended.set()
        self._writer.close()

    def source(self) -> LiveSource:
        """What is played, until the publisher or the connection is gone."""
        return LiveSource(INPUT, self._flv())

    async def messages(self) -> AsyncIterator[Message]:
        """Sound, pictures and data, until the publisher or the connection is gone. Raises RtmpGone."""
        try:
            while True:
                message = await self._message()
                if message.kind == _COMMAND and _unpublished(amf0.decode(message.payload)):
                    return
                if message.kind in (flv.AUDIO, flv.VIDEO, flv.DATA):
                    yield message
        except (OSError, EOFError, ValueError) as error:
            if not self._closed:
                raise RtmpGone(str(error) or type(error).__name__) from error
        finally:
            self.ended.set()
            self._writer.close()

    async def _flv(self) -> AsyncIterator[bytes]:
        """FLV, whose header announces what is there: a demuxer would wait long for sound that never comes."""
        held: list[Message] = []
        seen: set[int] = set()
        began_s: float | None = None
        announced = False
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(RtmpGone):  # a source never fails: it ends
            async for message in self.messages():
                if announced:
                    yield flv.tag(message.kind, message.at_ms, message.payload)
                    continue
                held.append(message)
                seen.add(message.kind)
                if began_s is None and flv.is_media(message.kind, message.payload):
                    began_s = clock()
                if began_s is not None and ({flv.AUDIO, flv.VIDEO} <= seen or clock() - began_s > WAIT_S):
                    announced = True
                    yield flv.header(flv.AUDIO in seen, flv.VIDEO in seen) + b"".join(
                        flv.tag(one.kind, one.at_ms, one.payload) for one in held)

    # -- the conversation

    async def _begin(self, url: str, app: str, name: str) -> None:
        self._writer.write(b"\x03" + bytes(8) + os.urandom(1528))  # C0, C1 (5.2)
        answer = await self._reader.readexactly(1 + 2 * 1536)
        self._writer.write(answer[1:1537])  # C2 is S1
        self._send(2, _SET_CHUNK, 0, _CHUNK.to_bytes(4, "big"))
        self._send(3, _COMMAND, 0, amf0.encode("connect", 1.0, {
            "app": app, "flashVer": "Lectern", "tcUrl": url, "fpad": False, "capabilities": 15.0,
            "audioCodecs": 4071.0, "videoCodecs": 252.0, "videoFunction": 1.0}))
        await self._result(1.0)
        self._send(3, _COMMAND, 0, amf0.encode("createStream", 2.0, None))
        stream = int((await self._result(2.0))[3])
        self._send(8, _COMMAND, stream, amf0.encode("play", 3.0, None, name))
        self._send(2, _CONTROL, 0, _BUFFER.to_bytes(2, "big") + stream.to_bytes(4, "big") + (100).to_bytes(4, "big"))
        await self._writer.drain()
        while True:  # the server says that the stream plays, or why not
            message = await self._message()
            if message.kind != _COMMAND:
                continue
            code = _status(amf0.decode(message.payload))
            if code == "NetStream.Play.Start":
                return
            if code.startswith("NetStream.Play.") and code != "NetStream.Play.Reset":
                raise ValueError(code)

    async def _result(self, transaction: float) -> list[Any]:
        while True:
            message = await self._message()
            if message.kind != _COMMAND:
                continue
            values = amf0.decode(message.payload)
            if len(values) > 1 and values[1] == transaction:
                if values[0] != "_result" or len(values) < 4:
                    raise ValueError(f"the server answers {values[0]}")
                return values

    def _send(self, chunk_stream: int, kind: int, stream: int, payload: bytes) -> None:
        """One message in one chunk (5.3.1.2.1): all of ours are shorter than `_CHUNK`."""
        self._writer.write(bytes([chunk_stream]) + bytes(3) + len(payload).to_bytes(3, "big") + bytes([kind])
                           + stream.to_bytes(4, "little") + payload)

    async def _message(self) -> Message:
        """The next whole message; those of the protocol itself are answered here (5.4)."""
        while True:
            message = await self._chunk_in()
            if message is None:
                continue
            number = int.from_bytes(message.payload[:4], "big")
            if message.kind == _SET_CHUNK:
                self._chunk = max(1, min(number, MOST_BYTES))
            elif message.kind == _WINDOW:
                self._window = number
            elif message.kind == _CONTROL:
                if message.payload[:2] == _PING.to_bytes(2, "big"):
                    self._send(2, _CONTROL, 0, _PONG.to_bytes(2, "big") + message.payload[2:6])
            else:
                return message

    async def _read(self, size: int) -> bytes:
        data = await self._reader.readexactly(size)
        self._received = (self._received + size) & 0xFFFFFFFF
        self._unacknowledged += size
        if self._window and self._unacknowledged >= self._window // 2:
            self._unacknowledged = 0
            self._send(2, _ACK, 0, self._received.to_bytes(4, "big"))
        return data

    async def _chunk_in(self) -> Message | None:
        first = (await self._read(1))[0]
        form, chunk_stream = first >> 6, first & 0x3F
        if chunk_stream < 2:  # 5.3.1.1: the number follows
            more = await self._read(chunk_stream + 1)
            chunk_stream = int.from_bytes(more, "little") + 64
        partial = self._partials.setdefault(chunk_stream, _Partial())
        stamp = await self._header(form, partial)
        if partial.payload is None:
            partial.payload = bytearray()
            if form == 0:
                partial.at_ms, partial.delta_ms = stamp, 0
            else:
                partial.delta_ms = stamp if form < 3 else partial.delta_ms
                partial.at_ms = (partial.at_ms + partial.delta_ms) & 0xFFFFFFFF
        missing = partial.length - len(partial.payload)
        partial.payload += await self._read(min(missing, self._chunk))
        if len(partial.payload) < partial.length:
            return None
        message = Message(partial.kind, partial.at_ms, bytes(partial.payload))
        partial.payload = None
        return message

    async def _header(self, form: int, partial: _Partial) -> int:
        """Read the message header of this form (5.3.1.2); the time, or how much later it is."""
        stamp = 0
        if form < 3:
            head = await self._read((11, 7, 3)[form])
            stamp = int.from_bytes(head[:3], "big")
            partial.extended = stamp == 0xFFFFFF
            if form < 2:
                partial.length, partial.kind = int.from_bytes(head[3:6], "big"), head[6]
                if partial.length > MOST_BYTES:
                    raise ValueError(f"a message of {partial.length} bytes")
        if partial.extended:  # 5.3.1.3: also in front of every further chunk of the message
            stamp = int.from_bytes(await self._read(4), "big")
        return stamp


def _status(values: list[Any]) -> str:
    """The code of an onStatus (7.2.2), or nothing."""
    info = values[3] if len(values) > 3 and values[0] == "onStatus" else None
    return str(info.get("code", "")) if isinstance(info, dict) else ""


def _unpublished(values: list[Any]) -> bool:
    return _status(values) in ("NetStream.Play.UnpublishNotify", "NetStream.Play.Stop", "NetStream.Play.StreamNotFound")
