"""One MP4 file that plays from its first bytes (moov first), out of CMAF cells, without encoding. Pure.

The cells' payloads stay as they are; this writes the tables that say where each sample lies (ISO/IEC 14496-12, 8.6, 8.7).
Chunk k of a track is its cell k, and the chunks of a segment lie side by side. Edit lists make the start exact: that of
the picture skips the shift that keeps composition offsets positive, that of the sound waits until its first packet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from infra.core.boxes import BadBoxes, boxes, fields, find, need, time_scale, version
from infra.core.write_boxes import box, full_box

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_NOT_SYNC = 0x10000


@dataclass(frozen=True, slots=True)
class Chunk:
    """The samples of one cell. Times in ticks; the payload is bytes [data_at, data_at + data_bytes) of the cell."""

    decode_time: int
    sizes: tuple[int, ...]
    durations: tuple[int, ...]
    offsets: tuple[int, ...]  # composition minus decode time
    syncs: tuple[bool, ...]
    data_at: int
    data_bytes: int


@dataclass(frozen=True, slots=True)
class Track:
    """A rendition: its init section and all its cells, in order. Or text, which has nothing in some segments.

    `enabled`: shown unless somebody chooses otherwise, among the tracks of its alternate `group` (0: none).
    """

    init: bytes
    chunks: Sequence[Chunk]
    enabled: bool = True
    group: int | None = None  # None: as sound has it, or picture


def read_chunk(head: bytes) -> Chunk:
    """The tables of a cell out of its first bytes, which must hold the whole moof and the header of mdat.

    Raises BadBoxes, also when there are too few bytes.
    """
    at = 0
    while at + 16 <= len(head):
        size, kind = struct.unpack_from(">I4s", head, at)
        if kind == b"moof":
            if at + size + 8 > len(head):
                raise BadBoxes("the head of the cell is too short")
            data_size, data_kind = struct.unpack_from(">I4s", head, at + size)
            if data_kind != b"mdat":
                raise BadBoxes("no mdat behind moof")
            return _read_moof(head[at:at + size], at + size + 8, data_size - 8)
        at += max(size, 8)
    raise BadBoxes("no moof")


def _read_moof(moof: bytes, data_at: int, data_bytes: int) -> Chunk:
    traf = need(moof, (b"moof", b"traf"))
    tfhd = need(moof, (b"tfhd",), traf.start, traf.end)
    flags = int(fields(moof, tfhd, ">I")[0]) & 0xFFFFFF
    at = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    defaults = [0, 0, 0]  # duration, size, flags
    for i, bit in enumerate((0x8, 0x10, 0x20)):
        if flags & bit:
            defaults[i] = fields(moof, tfhd, ">I", at)[0]
            at += 4
    tfdt = need(moof, (b"tfdt",), traf.start, traf.end)
    decode_time = int(fields(moof, tfdt, ">Q" if version(moof, tfdt) == 1 else ">I", 4)[0])
    trun = need(moof, (b"trun",), traf.start, traf.end)
    flags = int(fields(moof, trun, ">I")[0]) & 0xFFFFFF
    count = int(fields(moof, trun, ">I", 4)[0])
    at = 8 + (4 if flags & 0x1 else 0)
    first_flags = None
    if flags & 0x4:
        first_flags = int(fields(moof, trun, ">I", at)[0])
        at += 4
    present = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
    if count > len(moof) and any(present):
        raise BadBoxes("trun is cut off")
    rows = []
    for i in range(count):
        row = [*defaults, 0]
        if i == 0 and first_flags is not None:
            row[2] = first_flags
        for column, there in enumerate(present):
            if there:
                row[column] = int(fields(moof, trun, ">i" if column == 3 else ">I", at)[0])
                at += 4
        rows.append(row)
    if sum(row[1] for row in rows) != data_bytes:
        raise BadBoxes("mdat does not hold the samples that trun lists")
    durations, sizes, sample_flags, offsets = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Chunk(decode_time, tuple(sizes), tuple(durations), tuple(offsets), tuple(not f & _NOT_SYNC for f in sample_flags),
                 data_at, data_bytes)


def header(tracks: Sequence[Track], user_data: bytes = b"", chapters: int | None = None) -> bytes:
    """All of the file before the payloads: ftyp, moov, and the header of mdat.

    The payloads follow by segment, of each the chunk of each track. `user_data`: boxes for udta (a title, chapters).
    `chapters`: which of `tracks` the first one refers to as its chapters. Raises BadBoxes for what is no init section.
    """
    ftyp = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isom", b"iso2", b"avc1", b"mp41")
    media_bytes = sum(chunk.data_bytes for track in tracks for chunk in track.chunks)
    mdat = struct.pack(">I4sQ", 1, b"mdat", media_bytes + 16)
    # 64-bit offsets: as long wherever they point.
    length = len(ftyp) + len(_moov(tracks, 0, user_data, chapters)) + len(mdat)
    return ftyp + _moov(tracks, length, user_data, chapters) + mdat


def _moov(tracks: Sequence[Track], data_at: int, user_data: bytes, chapters: int | None) -> bytes:
    scale = max(time_scale(track.init) for track in tracks)
    offsets: list[list[int]] = [[] for _ in tracks]
    for chunks in zip(*(track.chunks for track in tracks), strict=True):
        for its_offsets, chunk in zip(offsets, chunks, strict=True):
            its_offsets.append(data_at)
            data_at += chunk.data_bytes
    refers = box(b"tref", box(b"chap", struct.pack(">I", chapters + 1))) if chapters is not None else b""
    traks = [_trak(track, number, its_offsets, scale, refers if number == 1 else b"")
             for number, (track, its_offsets) in enumerate(zip(tracks, offsets, strict=True), 1)]
    longest = max(_end(track) * scale // time_scale(track.init) for track in tracks)
    mvhd = full_box(b"mvhd", 1, 0, struct.pack(">QQIQIH10x", 0, 0, scale, longest, 0x10000, 0x100), _MATRIX, bytes(24),
                    struct.pack(">I", len(tracks) + 1))
    return box(b"moov", mvhd, *traks, *([box(b"udta", user_data)] if user_data else []))


def _trak(track: Track, number: int, offsets: Sequence[int], movie_scale: int, refers: bytes) -> bytes:
    init = track.init
    chunks, offsets = zip(*(pair for pair in zip(track.chunks, offsets, strict=True) if pair[0].sizes), strict=True)
    old = need(init, (b"moov", b"trak"))
    mdhd = need(init, (b"mdia", b"mdhd"), old.start, old.end)
    handler = need(init, (b"mdia", b"hdlr"), old.start, old.end)
    minf = need(init, (b"mdia", b"minf"), old.start, old.end)
    stsd = need(init, (b"stbl", b"stsd"), minf.start, minf.end)
    tkhd = need(init, (b"tkhd",), old.start, old.end)
    extended = find(init, (b"mdia", b"elng"), old.start, old.end)
    is_sound = fields(init, handler, "4s", 8)[0] == b"soun"
    scale = time_scale(init)
    begin = chunks[0].decode_time
    media_ticks = sum(chain.from_iterable(chunk.durations for chunk in chunks))
    shift = max(0, -min(chain.from_iterable(chunk.offsets for chunk in chunks)))
    shown = media_ticks * movie_scale // scale
    edits = [struct.pack(">QqI", shown, shift, 0x10000)]
    if begin:
        edits.insert(0, struct.pack(">QqI", begin * movie_scale // scale, -1, 0x10000))
    language = fields(init, mdhd, ">H", 32 if version(init, mdhd) == 1 else 20)[0]
    minf_parts = [init[part.at:part.end] for part in boxes(init, minf.start, minf.end) if part.kind != b"stbl"]
    stbl = box(b"stbl", init[stsd.at:stsd.end], *_tables(chunks, shift), _chunk_offsets(offsets))
    return box(
        b"trak",
        full_box(b"tkhd", 1, 3 if track.enabled else 2, struct.pack(
            ">QQIIQ8xHHH2x", 0, 0, number, 0, shown + begin * movie_scale // scale, 0,
            int(is_sound) if track.group is None else track.group, 0x100 if is_sound else 0), _MATRIX,
            init[tkhd.end - 8:tkhd.end]),
        refers,
        box(b"edts", full_box(b"elst", 1, 0, struct.pack(">I", len(edits)), *edits)),
        box(b"mdia", full_box(b"mdhd", 1, 0, struct.pack(">QQIQHH", 0, 0, scale, media_ticks, language, 0)),
            init[handler.at:handler.end], init[extended.at:extended.end] if extended else b"",
            box(b"minf", *minf_parts, stbl)))


def _tables(chunks: Sequence[Chunk], shift: int) -> Iterator[bytes]:
    durations = chain.from_iterable(chunk.durations for chunk in chunks)
    yield _runs(b"stts", durations)
    if any(any(chunk.offsets) for chunk in chunks):
        yield _runs(b"ctts", (offset + shift for chunk in chunks for offset in chunk.offsets))
    syncs = list(chain.from_iterable(chunk.syncs for chunk in chunks))
    if not all(syncs):
        numbers = [n for n, sync in enumerate(syncs, 1) if sync]
        yield full_box(b"stss", 0, 0, struct.pack(f">I{len(numbers)}I", len(numbers), *numbers))
    rows = [(first, len(chunk.sizes)) for first, chunk in enumerate(chunks, 1)]
    changes = [row for i, row in enumerate(rows) if i == 0 or rows[i - 1][1] != row[1]]
    yield full_box(b"stsc", 0, 0, struct.pack(">I", len(changes)),
                   *(struct.pack(">III", first, samples, 1) for first, samples in changes))
    sizes = list(chain.from_iterable(chunk.sizes for chunk in chunks))
    yield full_box(b"stsz", 0, 0, struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes))


def _runs(kind: bytes, values: Iterable[int]) -> bytes:
    rows = [struct.pack(">II", len(list(same)), value) for value, same in groupby(values)]
    return full_box(kind, 0, 0, struct.pack(">I", len(rows)), *rows)


def _chunk_offsets(offsets: Sequence[int]) -> bytes:
    return full_box(b"co64", 0, 0, struct.pack(f">I{len(offsets)}Q", len(offsets), *offsets))


def _end(track: Track) -> int:
    """When the last sample ends, in ticks of the track."""
    return track.chunks[0].decode_time + sum(chain.from_iterable(chunk.durations for chunk in track.chunks))
