"""What the encoder writes, in pieces: the init section, then fragments, each a part. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from infra.core.boxes import BadBoxes, boxes, fields, need, read_traf

_MOST_BYTES = 64 << 20  # a part of a second at the highest rate is a hundredth of this
_PICTURE = 1  # the track that the command maps first


@dataclass(frozen=True, slots=True)
class Init:
    """ftyp and moov."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """A fragment: moof and mdat. `decode_time` and `frames` are the picture's."""

    data: bytes
    decode_time: int
    frames: int
    independent: bool  # it begins with a key frame


class Splitter:
    """Cuts a stream of bytes at the boundaries that count. Raises BadBoxes for what an encoder would not write."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._init = bytearray()
        self._moof = b""

    def feed(self, data: bytes) -> Iterator[Init | Made]:
        """All that is complete with these bytes."""
        self._rest += data
        while len(self._rest) >= 8:
            size, kind = struct.unpack_from(">I4s", self._rest)
            if not 8 <= size <= _MOST_BYTES:
                raise BadBoxes(f"box {kind!r} of {size} bytes from the encoder")
            if len(self._rest) < size:
                return
            box = bytes(self._rest[:size])
            del self._rest[:size]
            if kind == b"moof":
                self._moof = box
            elif kind == b"mdat":
                yield _made(self._moof + box)
            elif kind == b"moov":
                yield Init(bytes(self._init) + box)
            elif kind == b"ftyp":
                self._init += box


def nth_part(cell: bytes, part: int) -> bytes | None:
    """A part of a closed segment: its fragment of that number. Raises BadBoxes."""
    moofs = [box.at for box in boxes(cell) if box.kind == b"moof"]
    ends = [*moofs[1:], len(cell)]
    return cell[moofs[part]:ends[part]] if part < len(moofs) else None


def _made(data: bytes) -> Made:
    moof = need(data, (b"moof",))
    for traf in boxes(data, moof.start, moof.end):
        if traf.kind == b"traf" and fields(data, need(data, (b"tfhd",), traf.start, traf.end), ">I", 4)[0] == _PICTURE:
            samples = read_traf(data, traf)
            return Made(data, samples.decode_time, len(samples.durations), samples.syncs[0])
    return Made(data, 0, 0, False)  # sound alone, after the last frame
