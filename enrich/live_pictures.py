"""The small pictures of what is live, in a file of this machine: one behind the other, as they come.

The live process appends, the process that looks for slides reads; either may die, and goes on where the file ends. A record
is a head (second of the session, 1 for a key frame, length) and the grey pixels, compressed.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from enrich.live_scan import Glance

_HEAD = struct.Struct("<d?I")
_MOST_BYTES = 1 << 20
_LEVEL = 1  # a slide becomes a tenth, in a seventh of a millisecond


def record(at_s: float, key: bool, pixels: bytes) -> bytes:
    """What is appended for one picture. Without numpy: the live process does it."""
    packed = zlib.compress(pixels, _LEVEL)
    return _HEAD.pack(at_s, key, len(packed)) + packed


def whole(file: BinaryIO) -> int:
    """How many bytes of this file are whole records: who wrote it may have died within one."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return at
        size = _HEAD.unpack(head)[2]
        if size > _MOST_BYTES or len(file.read(size)) < size:
            return at
        at += _HEAD.size + size


def read(path: Path, offset: int) -> tuple[list[Glance], int]:
    """The pictures that are whole from this byte on, and the byte behind them. Raises OSError."""
    import numpy as np

    from enrich.live_scan import Glance
    from enrich.slide_look import SHAPE

    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    found: list[Glance] = []
    at = 0
    while len(data) - at >= _HEAD.size:
        at_s, key, size = _HEAD.unpack_from(data, at)
        packed = data[at + _HEAD.size:at + _HEAD.size + size]
        if len(packed) < size:
            break
        at += _HEAD.size + size
        found.append(Glance(at_s, key, np.frombuffer(zlib.decompress(packed), np.uint8).reshape(SHAPE)))
    return found, offset + at
