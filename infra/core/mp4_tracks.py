"""Where the packets of the tracks of an MP4 or MOV file lie, by the tables of its index (ISO/IEC 14496-12, 8.6, 8.7).

Pure. Believes nothing: counts and offsets come from the upload, so every walk is bounded by what the boxes hold.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from infra.core.boxes import BadBoxes, Box, box_header, boxes, clock, fields, find, need, version

LEAST_SAMPLES = 100  # libavformat looks at up to 50 packets of a stream, at 40 frames for its rate
# QuickTime's old sound tables count bytes where they mean frames of up to 6 channels of 4 bytes.
SOUND_FRAME_BYTES = 24
LEAD_S = 1  # presentation runs behind decoding, at most by 16 frames
TAIL_S = 3
MAX_BOXES = 64


def top_level(read: Callable[[int, int], bytes], size_bytes: int) -> Iterator[tuple[bytes, int, int, int]]:
    """(kind, begin, content, end) of the boxes of a file, which `read(start, length)` reads. Raises BadBoxes."""
    at = 0
    for _ in range(MAX_BOXES):
        if at + 8 > size_bytes:
            return
        kind, content, end = box_header(read(at, 16), at, size_bytes)
        if end < content or end > size_bytes:
            raise BadBoxes(f"box {kind!r} does not fit")
        yield kind, at, content, end
        at = end


def length_s(moov: bytes) -> Fraction:
    """How long the movie says it is, in seconds (mvhd). Raises BadBoxes."""
    mvhd = need(moov, (b"mvhd",))
    wide = version(moov, mvhd) == 1
    return Fraction(int(fields(moov, mvhd, ">Q" if wide else ">I", 24 if wide else 16)[0]), clock(moov, mvhd) or 1)


def track_starts(moov: bytes, window_s: float, window_bytes: int) -> Iterator[tuple[int, int]]:
    """Ranges [start, end) of the packets with which each track begins, and with which it begins to be presented.

    From either point on, packets of `window_s` (at least LEAST_SAMPLES), but not much more than `window_bytes`.
    Raises BadBoxes where the tables make no sense, or present more than one piece of a track.
    """
    mvhd = need(moov, (b"mvhd",))
    for trak in boxes(moov):
        if trak.kind == b"trak":
            yield from _track(moov, trak, mvhd, window_s, window_bytes)


def track_windows(moov: bytes, start_s: Fraction, end_s: Fraction) -> Iterator[tuple[int, int]]:
    """Ranges [start, end) of all packets that showing the seconds from `start_s` to `end_s` takes.

    Of every track, from a key frame of the video tracks on: not the one before `start_s` but the one before that,
    because a demuxer that seeks by decode time may go back one more. Behind the end come a few seconds and
    LEAST_SAMPLES packets: decoders are ahead by as many frames as they have threads, and a variable frame rate needs
    the next frame, however late it is. Raises BadBoxes as `track_starts` does.
    """
    mvhd = need(moov, (b"mvhd",))
    movie_scale = clock(moov, mvhd) or 1
    tracks = [_placed(moov, trak, movie_scale) for trak in boxes(moov) if trak.kind == b"trak"]
    begin_s = start_s - LEAD_S
    for track in tracks:
        if track.is_picture and track.table.count:
            key = _key_frame(track.table, _sample_at(track.table, track.ticks(start_s - LEAD_S)))
            begin_s = min(begin_s, track.seconds(_time_of(track.table, key)))
    for track in tracks:
        table = track.table
        if not table.count:
            continue
        first = _sample_at(table, track.ticks(begin_s))
        if track.is_picture and table.sync is not None:
            first = _listed(table.sync, bisect_right(table.sync, (first + 1,)) - 1)
        last = min(table.count, _sample_at(table, track.ticks(end_s + TAIL_S)) + 1 + LEAST_SAMPLES)
        for offset, chunk_first, chunk_last in _chunks(table):
            low, high = max(first, chunk_first), min(last, chunk_last)
            if low < high:
                start = offset + _size_of(table, chunk_first, low)
                size = _size_of(table, low, high)
                yield start, start + (size * SOUND_FRAME_BYTES if table.constant == 1 and track.is_sound else size)
            elif chunk_first >= last:
                break


def key_frames(moov: bytes, start_s: Fraction, end_s: Fraction) -> list[tuple[Fraction, int, int]] | None:
    """(second, start, end) of the key frames of the first picture track that are decoded in [start_s, end_s), and of
    the one before and the one behind: where each lies in the file. None: every frame is one. Raises BadBoxes.
    """
    mvhd = need(moov, (b"mvhd",))
    movie_scale = clock(moov, mvhd) or 1
    tracks = (_placed(moov, trak, movie_scale) for trak in boxes(moov) if trak.kind == b"trak")
    track = next((track for track in tracks if track.is_picture and track.table.count), None)
    if track is None:
        raise BadBoxes("no picture track")
    table = track.table
    if table.sync is None:
        return None
    first = max(0, bisect_right(table.sync, (_sample_at(table, track.ticks(start_s)) + 1,)) - 1)
    last = bisect_right(table.sync, (_sample_at(table, track.ticks(end_s)) + 1,)) + 1
    wanted = [_listed(table.sync, place) for place in range(first, min(last, len(table.sync)))]
    found: list[tuple[Fraction, int, int]] = []
    place = 0
    for offset, chunk_first, chunk_last in _chunks(table):
        while place < len(wanted) and wanted[place] < chunk_last:
            sample = wanted[place]
            if sample >= chunk_first:
                start = offset + _size_of(table, chunk_first, sample)
                found.append((track.seconds(_time_of(table, sample)), start, start + _size_of(table, sample, sample + 1)))
            place += 1
    return found


@dataclass(frozen=True, slots=True)
class _Placed:
    """A track and where it lies on the movie's time line."""

    table: _Table
    scale: int
    shift_s: Fraction  # movie time of media time 0
    is_picture: bool
    is_sound: bool

    def ticks(self, movie_s: Fraction) -> int:
        return max(0, int((movie_s - self.shift_s) * self.scale))

    def seconds(self, ticks: int) -> Fraction:
        return Fraction(ticks, self.scale) + self.shift_s


def _placed(moov: bytes, trak: Box, movie_scale: int) -> _Placed:
    mdhd = need(moov, (b"mdia", b"mdhd"), trak.start, trak.end)
    scale = clock(moov, mdhd) or 1
    handler = fields(moov, need(moov, (b"mdia", b"hdlr"), trak.start, trak.end), "4s", 8)[0]
    table = _table(moov, need(moov, (b"mdia", b"minf", b"stbl"), trak.start, trak.end))
    empty, shown = _edits(moov, trak)
    return _Placed(table, scale, Fraction(empty, movie_scale) - Fraction(shown, scale), handler == b"vide",
                   handler == b"soun")


@dataclass(frozen=True, slots=True)
class _Table:
    """The sample tables of one track, still as bytes."""

    times: Sequence[tuple[int, ...]]  # (samples, ticks each)
    constant: int  # bytes of each sample; 0: they are listed
    sizes: bytes  # 4 bytes each
    count: int
    runs: Sequence[tuple[int, ...]]  # (first chunk from 1, samples a chunk, description)
    offsets: bytes
    wide: bool  # offsets of 8 bytes
    sync: Sequence[tuple[int, ...]] | None  # (number of a key frame from 1,); None: all are


def _track(moov: bytes, trak: Box, mvhd: Box, window_s: float, window_bytes: int) -> Iterator[tuple[int, int]]:
    mdhd = need(moov, (b"mdia", b"mdhd"), trak.start, trak.end)
    scale = clock(moov, mdhd) or 1
    stbl = need(moov, (b"mdia", b"minf", b"stbl"), trak.start, trak.end)
    table = _table(moov, stbl)
    if not table.count:
        return
    is_sound = fields(moov, need(moov, (b"mdia", b"hdlr"), trak.start, trak.end), "4s", 8)[0] == b"soun"
    window = int(window_s * scale)
    begins = {0}
    _, presented = _edits(moov, trak)
    if presented > 0:
        begins.add(_key_frame(table, _sample_at(table, presented)))
    for begin in begins:
        yield from _window(table, begin, window, window_bytes, is_sound)


def _table(moov: bytes, stbl: Box) -> _Table:
    stsz = find(moov, (b"stsz",), stbl.start, stbl.end)
    if stsz is None:
        raise BadBoxes("sizes in a compact table")
    constant, count = fields(moov, stsz, ">II", 4)
    sizes = b"" if constant else moov[stsz.start + 12:stsz.start + 12 + 4 * count]
    if not constant and len(sizes) < 4 * count:
        raise BadBoxes("stsz is cut off")
    co64 = find(moov, (b"co64",), stbl.start, stbl.end)
    stco = co64 or need(moov, (b"stco",), stbl.start, stbl.end)
    width = 8 if co64 else 4
    offsets = moov[stco.start + 8:min(stco.end, stco.start + 8 + width * fields(moov, stco, ">I", 4)[0])]
    stss = find(moov, (b"stss",), stbl.start, stbl.end)
    return _Table(_Rows(moov, need(moov, (b"stts",), stbl.start, stbl.end), ">II"), constant, sizes, count,
                  _Rows(moov, need(moov, (b"stsc",), stbl.start, stbl.end), ">III"), offsets, co64 is not None,
                  _Rows(moov, stss, ">I") if stss else None)


class _Rows(Sequence[tuple[int, ...]]):
    """The rows of a table, read when they are asked for: a hostile table has millions."""

    def __init__(self, data: bytes, box: Box, layout: str) -> None:
        self._data, self._row, self._start = data, struct.Struct(layout), box.start + 8
        self._count: int = min(fields(data, box, ">I", 4)[0], (box.end - self._start) // self._row.size)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < self._count:
            raise IndexError(row)
        return self._row.unpack_from(self._data, self._start + row * self._row.size)


def _edits(moov: bytes, trak: Box) -> tuple[int, int]:
    """(ticks of the movie before the track is presented, media time from which it is) (8.6.6)."""
    elst = find(moov, (b"edts", b"elst"), trak.start, trak.end)
    if elst is None:
        return 0, 0
    wide = version(moov, elst) == 1
    edits = [fields(moov, elst, ">Qq" if wide else ">Ii", 8 + i * (20 if wide else 12))
             for i in range(fields(moov, elst, ">I", 4)[0])]
    shown = [int(time) for _, time in edits if time >= 0]
    if len(shown) > 1:
        raise BadBoxes("the edit list cuts the track")
    return sum(int(length) for length, time in edits if time < 0), shown[0] if shown else 0


def _sample_at(table: _Table, ticks: int) -> int:
    """The sample that is decoded at `ticks`."""
    sample = 0
    for samples, each in table.times:
        if each and ticks < samples * each:
            return min(sample + ticks // each, table.count - 1)
        ticks -= samples * each
        sample += samples
    return table.count - 1


def _key_frame(table: _Table, sample: int) -> int:
    """The key frame two before `sample`: presentation runs behind decoding."""
    if table.sync is None:
        return max(0, sample - LEAST_SAMPLES)
    return _listed(table.sync, bisect_right(table.sync, (sample + 1,)) - 2)


def _listed(sync: Sequence[tuple[int, ...]], place: int) -> int:
    return max(0, int(sync[place][0]) - 1) if 0 <= place < len(sync) else 0


def _window(table: _Table, begin: int, window: int, window_bytes: int, is_sound: bool) -> Iterator[tuple[int, int]]:
    """Ranges of the samples from `begin` on, each chunk's in one."""
    left = max(LEAST_SAMPLES, _sample_at(table, _time_of(table, begin) + window) - begin + 1)
    left_bytes = window_bytes
    for offset, first, last in _chunks(table):
        if last <= begin:
            continue
        first_wanted = max(begin, first)
        wanted = min(last, first_wanted + left)
        start = offset + _size_of(table, first, first_wanted)
        size = _size_of(table, first_wanted, wanted)
        if table.constant == 1 and is_sound:
            size *= SOUND_FRAME_BYTES
        yield start, start + min(size, left_bytes)
        left -= wanted - first_wanted
        left_bytes -= size
        if left <= 0 or left_bytes <= 0:
            return


def _chunks(table: _Table) -> Iterator[tuple[int, int, int]]:
    """(offset, first sample, last sample + 1) of each chunk."""
    width = 8 if table.wide else 4
    chunks, sample = len(table.offsets) // width, 0
    for i, (first, samples, _) in enumerate(table.runs):
        run_end = table.runs[i + 1][0] - 1 if i + 1 < len(table.runs) else chunks
        for chunk in range(max(0, first - 1), min(run_end, chunks)):
            last = min(sample + samples, table.count)
            if last <= sample:
                return
            yield int.from_bytes(table.offsets[width * chunk:width * chunk + width], "big"), sample, last
            sample = last


def _time_of(table: _Table, sample: int) -> int:
    """When `sample` is decoded, in ticks."""
    ticks = 0
    for samples, each in table.times:
        if sample <= samples:
            return ticks + sample * each
        ticks += samples * each
        sample -= samples
    return ticks


def _size_of(table: _Table, first: int, last: int) -> int:
    if table.constant:
        return (last - first) * table.constant
    return sum(size for (size,) in struct.iter_unpack(">I", table.sizes[4 * first:4 * last]))
