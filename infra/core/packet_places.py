"""Where the packets of one track of an MP4 or QuickTime file lie, by its sample tables (ISO/IEC 14496-12, 8.7). Pure.

Believes nothing: counts and offsets come from the upload.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from infra.core.boxes import BadBoxes, Box, clock, fields, find, need, version

_MOST_BYTES = 1 << 62  # what can be sought to


@dataclass(frozen=True, slots=True)
class Places:
    """Sizes of the packets in bytes, and the chunks they lie in, in decode order."""

    sizes: Sequence[int]
    chunk_offsets: Sequence[int]
    chunk_runs: Sequence[tuple[int, int]]  # (first chunk from 0, packets a chunk)

    def __len__(self) -> int:
        return len(self.sizes)

    def read(self, file: BinaryIO, first: int, last: int, most: int | None = None) -> list[bytes]:
        """Packets [first, last), or the first `most` bytes of each. Raises BadBoxes when the file ends before them."""
        packets = []
        for offset, size in self.locate(first, last):
            if offset >= _MOST_BYTES:
                raise BadBoxes("a packet lies beyond any file")
            file.seek(offset)
            wanted = size if most is None else min(size, most)
            packet = file.read(wanted)
            if len(packet) != wanted:
                raise BadBoxes("the file ends inside a packet")
            packets.append(packet)
        return packets

    def locate(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """(offset, size) in bytes of the packets [first, last)."""
        packet = 0  # first packet of the chunk at hand
        for i, (run_start, per_chunk) in enumerate(self.chunk_runs):
            run_end = self.chunk_runs[i + 1][0] if i + 1 < len(self.chunk_runs) else len(self.chunk_offsets)
            skip = min(max(0, (first - packet) // per_chunk), run_end - run_start)
            packet += skip * per_chunk
            for chunk in range(run_start + skip, run_end):
                if packet >= last:
                    return
                offset = self.chunk_offsets[chunk]
                for j in range(packet, min(packet + per_chunk, last)):
                    if j >= first:
                        yield offset, self.sizes[j]
                    offset += self.sizes[j]
                packet += per_chunk


def read_places(moov: bytes, stbl: Box, count: int, most: int) -> Places:
    """The places of the `count` packets of a track; at most `most` are believed. Raises BadBoxes."""
    stsz = need(moov, (b"stsz",), stbl.start, stbl.end)
    constant, listed = fields(moov, stsz, ">II", 4)
    if listed != count or not 0 < count <= most:
        raise BadBoxes("stts and stsz disagree")
    sizes = array("I", [constant]) * count if constant else integers(moov, stsz, 12, count, "I")

    co64 = find(moov, (b"co64",), stbl.start, stbl.end)
    stco = co64 or need(moov, (b"stco",), stbl.start, stbl.end)
    chunks = fields(moov, stco, ">I", 4)[0]
    if chunks > count:
        raise BadBoxes("more chunks than packets")
    offsets = integers(moov, stco, 8, chunks, "Q" if co64 else "I")

    chunk_runs = [(first - 1, n) for first, n, _ in rows(moov, need(moov, (b"stsc",), stbl.start, stbl.end), ">III")]
    firsts = [first for first, _ in chunk_runs]
    if not chunk_runs or firsts[0] != 0 or firsts != sorted(set(firsts)) or any(n < 1 for _, n in chunk_runs):
        raise BadBoxes("stsc is out of order")
    ends = [*firsts[1:], chunks]
    if sum((end - first) * n for end, (first, n) in zip(ends, chunk_runs, strict=True)) < count or firsts[-1] >= chunks:
        raise BadBoxes("the chunks do not hold all packets")
    return Places(sizes, offsets, chunk_runs)


def rows(data: bytes, box: Box, layout: str) -> list[tuple[int, ...]]:
    """All rows of a table that begins 8 bytes into its box. Raises BadBoxes."""
    if (box.end - box.start - 8) % struct.calcsize(layout):
        raise BadBoxes(f"box {box.kind!r} ends inside a row")
    return list(struct.iter_unpack(layout, data[box.start + 8 : box.end]))


def integers(data: bytes, box: Box, at: int, count: int, kind: str) -> array[int]:
    """`count` integers of `kind` (of `array`: I, i, Q) that begin `at` bytes into the payload. Raises BadBoxes."""
    found = array(kind)
    end = box.start + at + count * found.itemsize
    if end > box.end:
        raise BadBoxes(f"box {box.kind!r} is too short")
    found.frombytes(data[box.start + at : end])
    if sys.byteorder == "little":
        found.byteswap()
    return found


def movie_scale(moov: bytes) -> int:
    """Ticks a second of the movie's own time line. Raises BadBoxes."""
    mvhd = need(moov, (b"mvhd",))
    scale = clock(moov, mvhd)
    if scale == 0:
        raise BadBoxes("the movie has no time scale")
    return scale


def track_scale(moov: bytes, trak: Box) -> int:
    """Ticks a second of a track. Raises BadBoxes."""
    mdhd = need(moov, (b"mdia", b"mdhd"), trak.start, trak.end)
    scale = clock(moov, mdhd)
    if scale == 0:
        raise BadBoxes("the track has no time scale")
    return scale


@dataclass(frozen=True, slots=True)
class Edit:
    """The one piece of a track that is presented, in ticks of the track (8.6.6)."""

    delay: int = 0  # of the movie, before it
    media_time: int = 0  # what of the track is shown first
    duration: int | None = None  # None: to the end
    plain: bool = True  # at normal speed
    listed: bool = True  # False: the track has no edit list at all


def single_edit(moov: bytes, trak: Box) -> Edit:
    """The edit list of a track: empty edits delay it, one more says what is shown. Raises BadBoxes where it cuts."""
    elst = find(moov, (b"edts", b"elst"), trak.start, trak.end)
    if elst is None:
        return Edit(listed=False)
    scale, whole = track_scale(moov, trak), movie_scale(moov)
    wide = version(moov, elst) == 1
    count = fields(moov, elst, ">I", 4)[0]
    delay = 0
    for i in range(count):
        duration, media_time, rate = fields(moov, elst, ">QqI" if wide else ">IiI", 8 + i * (20 if wide else 12))
        if media_time >= 0:
            if i + 1 < count:
                raise BadBoxes("the edit list cuts the track")
            shown = -(-duration * scale // whole)  # rounded up, as the movie's ticks are the coarser ones
            return Edit(delay, media_time, shown or None, rate == 0x10000)
        delay += duration * scale // whole
    raise BadBoxes("the edit list presents nothing")
