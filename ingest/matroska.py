"""Matroska and WebM: is there an index, is the file whole, and when does it end?

Browsers (MediaRecorder) and crashed recorders write files without a duration. ffprobe could only find the end
by reading everything; here the last clusters are read, whatever the length of the file. Element numbers are
those of RFC 9559.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import BinaryIO

from infra.core.ebml import element, elements, number
from ingest.layout import Layout

_SEGMENT, CLUSTER, TIMESTAMP = 0x18538067, 0x1F43B675, 0xE7
SEEK_HEAD, SEEK, _SEEK_ID, SEEK_POSITION, CUES = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC, 0x1C53BB6B
_INFO, _SCALE, _DURATION = 0x1549A966, 0x2AD7B1, 0x4489
_TRACKS, _TRACK, _NUMBER, _TYPE, _DEFAULT_DURATION = 0x1654AE6B, 0xAE, 0xD7, 0x83, 0x23E383
_SIMPLE_BLOCK, _GROUP, _BLOCK, _BLOCK_DURATION = 0xA3, 0xA0, 0xA1, 0x9B
VIDEO, _AUDIO = 1, 2

# A cluster's number, its size, and one of the elements that may come first in it (time, checksum, void): enough
# to pass over the same four bytes in a picture.
_CLUSTER_START = re.compile(
    rb"\x1f\x43\xb6\x75([\x80-\xff]|[\x40-\x7f].|[\x20-\x3f]..|[\x10-\x1f].{3}|[\x08-\x0f].{4}|[\x04-\x07].{5}"
    rb"|[\x02\x03].{6}|\x01.{7})[\xe7\xbf\xec]", re.DOTALL)

HEADER_BYTES = 4 << 20  # the longest header element that is read
FIRST_TAIL_BYTES = 1 << 20
LAST_TAIL_BYTES = 64 << 20  # a cluster is seldom longer than 5 MB
MAX_ELEMENTS = 200
MAX_BLOCKS = 200_000  # of all clusters in the tail: a hostile file may hold millions of empty ones


@dataclass(slots=True)
class Header:
    scale_ns: int = 1_000_000  # one tick
    duration: float = 0.0  # ticks
    cues_at: int | None = None
    types: dict[int, int] = field(default_factory=dict)  # track number -> type
    frame_ns: dict[int, int] = field(default_factory=dict)


def matroska_layout(file: BinaryIO, size_bytes: int) -> Layout:
    """Read the headers, and the tail when they do not tell the end or the file is shorter than they say."""
    file.seek(0)
    first = next(elements(file.read(64)), None)
    at = first[2] if first else 0
    segment = element(file, at)
    if segment is None or segment[0] != _SEGMENT:
        return Layout(headless=True)
    body, size = segment[1], segment[2]
    overrun = size is not None and body + size > size_bytes
    header = Header()
    at = body
    for _ in range(MAX_ELEMENTS):
        found = element(file, at)
        if found is None or found[0] == CLUSTER or found[2] is None:
            break
        kind, content, length = found[0], found[1], found[2]
        if kind in (SEEK_HEAD, _INFO, _TRACKS):
            file.seek(content)
            read_header(header, kind, file.read(min(length, HEADER_BYTES)), body)
        elif kind == CUES:
            header.cues_at = content
        at = content + length
    indexed = header.cues_at is not None and header.cues_at < size_bytes
    if header.duration > 0 and not overrun:
        return Layout(indexed=indexed)
    ends = _tail(file, size_bytes, header)
    by_type = {kind: max((end for track, end in ends.items() if header.types.get(track) == kind), default=None)
               for kind in (VIDEO, _AUDIO)}
    return Layout(indexed=indexed, overrun=overrun, end_s=max(ends.values(), default=None),
                  video_end_s=by_type[VIDEO], audio_end_s=by_type[_AUDIO])


def last_ends(tail: bytes, scale_ns: int, frame_ns: dict[int, int]) -> dict[int, Fraction]:
    """When each track ends, in seconds, from the clusters in the last bytes of a file. Pure.

    Empty when `tail` holds no beginning of a cluster. `frame_ns`: the length of a frame of a track, where known.
    """
    ends_ns: dict[int, int] = {}
    for track, start, length in _blocks(tail):
        length_ns = length * scale_ns if length else frame_ns.get(track, 0)
        ends_ns[track] = max(ends_ns.get(track, 0), start * scale_ns + length_ns)
    return {track: Fraction(end, 10**9) for track, end in ends_ns.items()}


def _blocks(tail: bytes) -> Iterator[tuple[int, int, int | None]]:
    """(track, start, duration or None), in ticks, of every whole block of every cluster that begins in `tail`.

    Copies nothing and looks at every byte once, or a crafted tail would keep us busy for minutes.
    """
    budget = MAX_BLOCKS
    found = _CLUSTER_START.search(tail)
    while found and budget > 0:
        cluster_ticks: int | None = None
        walked = found.start() + 4
        for seen, (kind, start, end) in enumerate(elements(tail, found.end(1))):
            budget -= 1
            if kind == TIMESTAMP:
                cluster_ticks = int.from_bytes(tail[start:min(end, start + 8)], "big")
            elif kind in (CLUSTER, CUES) or budget <= 0 or (cluster_ticks is None and seen > 2):
                break  # the next cluster; or no cluster at all: these bytes were part of a picture
            elif cluster_ticks is not None:
                walked = end  # what lies inside a block is no cluster
                block = _block(tail, kind, start, end) if end <= len(tail) else None
                if block:
                    track, ticks, length = block
                    yield track, cluster_ticks + ticks, length
        budget -= 1
        found = _CLUSTER_START.search(tail, walked)


def _block(tail: bytes, kind: int, start: int, end: int) -> tuple[int, int, int | None] | None:
    """(track, ticks after the cluster's time, length in ticks or None); None when it is no whole block."""
    length: int | None = None
    if kind == _GROUP:
        parts = {part: (first, last) for part, first, last in islice(elements(tail, start, end), 8)}
        first, last = parts.get(_BLOCK_DURATION, (0, 0))
        length = int.from_bytes(tail[first:min(last, first + 8)], "big")
        start, end = parts.get(_BLOCK, (end, end))
    elif kind != _SIMPLE_BLOCK:
        return None
    track = number(tail, start, keep_marker=False)
    if track is None or end < track[1] + 2:
        return None
    return track[0], struct.unpack_from(">h", tail, track[1])[0], length


def _tail(file: BinaryIO, size_bytes: int, header: Header) -> dict[int, Fraction]:
    length = FIRST_TAIL_BYTES
    while True:
        length = min(length, size_bytes)
        file.seek(size_bytes - length)
        ends = last_ends(file.read(length), header.scale_ns, header.frame_ns)
        # Until both picture and sound were seen: the last cluster may hold one of them only.
        wanted = {kind for kind in header.types.values() if kind in (VIDEO, _AUDIO)}
        if length in (size_bytes, LAST_TAIL_BYTES) or (ends and wanted <= {header.types.get(t) for t in ends}):
            return ends
        length = min(length * 4, LAST_TAIL_BYTES)


def read_header(header: Header, kind: int, data: bytes, segment_at: int) -> None:
    for part, start, end in elements(data):
        value = data[start:end]
        if part == _SCALE:
            header.scale_ns = int.from_bytes(value[:8], "big") or 1_000_000
        elif part == _DURATION and len(value) in (4, 8):
            header.duration = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
        elif part in (SEEK, _TRACK):
            fields = {name: value[a:b] for name, a, b in elements(value)}
            numbers = {name: int.from_bytes(field[:8], "big") for name, field in fields.items()}
            if part == SEEK and numbers.get(_SEEK_ID) == CUES:
                header.cues_at = segment_at + numbers.get(SEEK_POSITION, 1 << 62)
            elif part == _TRACK and _NUMBER in numbers:
                header.types[numbers[_NUMBER]] = numbers.get(_TYPE, 0)
                header.frame_ns[numbers[_NUMBER]] = numbers.get(_DEFAULT_DURATION, 0)
