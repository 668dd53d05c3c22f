"""When pictures of a publisher's bytes are due, and which of them are key frames: FLV and MPEG-TS. Pure; decodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from transcode.live.flv import FlvReader

_PACKET = 188
_TS_HZ = 90_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in coded form. `due_s`: its decode time by the publisher's clock."""

    due_s: float
    key: bool


class Pictures(Protocol):
    """Reads one publication."""

    def feed(self, data: bytes) -> Iterator[Picture]:
        """The pictures that begin, or are complete, with these bytes. Raises ValueError: it is something else."""


def pictures_of(source_input: tuple[str, ...]) -> Pictures:
    """For a source by ffmpeg's arguments for it."""
    return _OfFlv() if "flv" in source_input else _OfTransportStream()


class _OfFlv:
    def __init__(self) -> None:
        self._reader = FlvReader()

    def feed(self, data: bytes) -> Iterator[Picture]:
        for tag in self._reader.feed(data):
            if tag.picture:
                yield Picture(tag.stamp_ms / 1000, tag.key)


class _OfTransportStream:
    """A packet that begins a picture says whether it is a key frame; the picture's own first bytes, when it is due."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Picture]:
        self._rest += data
        at = 0
        while len(self._rest) - at >= _PACKET:
            if self._rest[at] != 0x47:  # a byte was lost: the next packet
                at = max(self._rest.find(b"\x47", at + 1), 0) or len(self._rest)
                continue
            begins = self._rest[at + 1] & 0x40
            found = _picture(self._rest[at:at + _PACKET]) if begins else None
            at += _PACKET
            if found is not None:
                yield found
        del self._rest[:at]


def _picture(packet: bytearray) -> Picture | None:
    """The picture that begins in this packet, in which something begins."""
    payload, key = 4, False
    if packet[3] & 0x20:  # an adaptation field stands before it
        payload += 1 + packet[4]
        key = packet[4] > 0 and bool(packet[5] & 0x40)
    pes = packet[payload:]
    if len(pes) < 19 or pes[:3] != b"\0\0\1" or pes[3] & 0xF0 != 0xE0 or not pes[7] & 0x80:
        return None
    return Picture(_stamp(pes[14:19] if pes[7] & 0x40 else pes[9:14]) / _TS_HZ, key)


def _stamp(five: bytearray) -> int:
    """33 bits between marker bits (ISO/IEC 13818-1, 2.4.3.7)."""
    return (five[0] >> 1 & 7) << 30 | five[1] << 22 | five[2] >> 1 << 15 | five[3] << 7 | five[4] >> 1
