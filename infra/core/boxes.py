"""ISO base media files (ISO/IEC 14496-12): walk the boxes, read a fragment.

ffmpeg writes the video cells; this proves that they are what the plan says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


class BadBoxes(ValueError):
    """The bytes are not the boxes they should be."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box inside a buffer: its payload is buffer[start:end], its header begins at `at`."""

    kind: bytes
    at: int
    start: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie side by side in data[start:end]. Raises BadBoxes when one leaves that range."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise BadBoxes("a box header is cut off")
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            if end - start < 16:
                raise BadBoxes("a box header is cut off")
            size = struct.unpack_from(">Q", data, body)[0]
            body += 8
        elif size == 0:
            size = end - start
        if size < body - start or start + size > end:
            raise BadBoxes(f"box {kind!r} does not fit")
        yield Box(kind, start, body, start + size)
        start += size


def box_header(head: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """(kind, start of the content, end) of the box at `at`, whose first 16 bytes are `head`; unchecked.

    Size 0 means "to the `limit`", 1 a size of 64 bits (14496-12, 4.2).
    """
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if size == 1:
        return kind, at + 16, at + int.from_bytes(head[8:16], "big")
    return kind, at + 8, at + size if size else limit


def find(data: bytes, path: Sequence[bytes], start: int = 0, end: int | None = None) -> Box | None:
    """The first box along `path`, such as (b"moof", b"traf", b"tfdt")."""
    for box in boxes(data, start, end):
        if box.kind == path[0]:
            return box if len(path) == 1 else find(data, path[1:], box.start, box.end)
    return None


def need(data: bytes, path: Sequence[bytes], start: int = 0, end: int | None = None) -> Box:
    """Like find. Raises BadBoxes when it is absent."""
    box = find(data, path, start, end)
    if box is None:
        raise BadBoxes(f"no {b'/'.join(path).decode('latin-1')}")
    return box


def fields(data: bytes, box: Box, layout: str, at: int = 0) -> tuple[Any, ...]:
    """What `layout` (of `struct`) finds `at` bytes into the payload. Raises BadBoxes when the box ends before."""
    if box.start + at + struct.calcsize(layout) > box.end:
        raise BadBoxes(f"box {box.kind!r} is too short")
    return struct.unpack_from(layout, data, box.start + at)


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a movie fragment says of itself. Times in ticks of the track's time scale."""

    decode_time: int
    durations: tuple[int, ...]  # one per sample
    first_is_sync: bool
    others_sync: int  # how many samples after the first are sync samples


@dataclass(frozen=True, slots=True)
class TrackSamples:
    """The samples of one track in a movie fragment. Times in ticks of the track's time scale."""

    decode_time: int
    durations: tuple[int, ...]
    syncs: tuple[bool, ...]
    payload_bytes: int  # 0 where trun does not tell sizes


def split_init(data: bytes) -> tuple[bytes, bytes]:
    """(init section, media) of a fragmented file: all before the first moof, and the rest."""
    for box in boxes(data):
        if box.kind == b"moof":
            return data[: box.at], data[box.at :]
    raise BadBoxes("no moof")


def read_fragment(media: bytes) -> Fragment:
    """Parse a media segment of exactly one fragment with one track. Raises BadBoxes."""
    top = [box.kind for box in boxes(media)]
    if [kind for kind in top if kind not in (b"styp", b"sidx")] != [b"moof", b"mdat"]:
        raise BadBoxes(f"expected one moof and one mdat, got {top}")
    samples = read_traf(media, need(media, (b"moof", b"traf")))
    mdat = need(media, (b"mdat",))
    if samples.payload_bytes and samples.payload_bytes != mdat.end - mdat.start:
        raise BadBoxes("mdat does not hold the samples that trun lists")
    return Fragment(samples.decode_time, samples.durations, samples.syncs[0], sum(samples.syncs[1:]))


def read_traf(media: bytes, traf: Box) -> TrackSamples:
    """Parse one track of a movie fragment: at least one sample. Raises BadBoxes."""
    tfhd = need(media, (b"tfhd",), traf.start, traf.end)
    flags = _flags(media, tfhd)
    at = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    default_duration = default_flags = 0
    if flags & 0x8:
        default_duration = fields(media, tfhd, ">I", at)[0]
        at += 4
    if flags & 0x10:
        at += 4
    if flags & 0x20:
        default_flags = fields(media, tfhd, ">I", at)[0]
    tfdt = need(media, (b"tfdt",), traf.start, traf.end)
    decode_time = fields(media, tfdt, ">Q" if version(media, tfdt) == 1 else ">I", 4)[0]

    durations: list[int] = []
    syncs: list[bool] = []
    payload = 0
    for trun in boxes(media, traf.start, traf.end):
        if trun.kind != b"trun":
            continue
        flags = _flags(media, trun)
        count = fields(media, trun, ">I", 4)[0]
        at = 8 + (4 if flags & 0x1 else 0)
        first_flags = None
        if flags & 0x4:
            first_flags = fields(media, trun, ">I", at)[0]
            at += 4
        width = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
        # Without fields of its own a sample costs no room in trun, but it still has a byte in mdat.
        if trun.start + at + count * width > trun.end or count > len(media):
            raise BadBoxes("trun is cut off")
        for i in range(count):
            field = trun.start + at + i * width
            duration, sample_flags = default_duration, default_flags
            if flags & 0x100:
                duration = struct.unpack_from(">I", media, field)[0]
                field += 4
            if flags & 0x200:
                payload += struct.unpack_from(">I", media, field)[0]
                field += 4
            if flags & 0x400:
                sample_flags = struct.unpack_from(">I", media, field)[0]
            elif i == 0 and first_flags is not None:
                sample_flags = first_flags
            durations.append(duration)
            syncs.append(not sample_flags & 0x10000)  # sample_is_non_sync_sample (8.8.3.1)
    if not durations:
        raise BadBoxes("no samples")
    return TrackSamples(decode_time, tuple(durations), tuple(syncs), payload)


def with_sequence_number(media: bytes, number: int) -> bytes:
    """The same segment with mfhd.sequence_number = `number`: ffmpeg counts from 1 in every run."""
    mfhd = need(media, (b"moof", b"mfhd"))
    fields(media, mfhd, ">I", 4)
    return media[: mfhd.start + 4] + struct.pack(">I", number) + media[mfhd.start + 8 :]


def time_scale(init: bytes) -> int:
    """Ticks a second of the first track of an init section."""
    mdhd = need(init, (b"moov", b"trak", b"mdia", b"mdhd"))
    return clock(init, mdhd)


def clock(data: bytes, box: Box) -> int:
    """Ticks a second, as an mvhd or mdhd box tells (ISO/IEC 14496-12, 8.2.2 and 8.4.2). Raises BadBoxes."""
    return int(fields(data, box, ">I", 20 if version(data, box) == 1 else 12)[0])


def video_codecs(init: bytes) -> str:
    """The RFC 6381 name of the picture in an init section, out of its avcC, av1C or vpcC: `avc1.64001f`.

    8 bits and 4:2:0 are told of AV1 and VP9, not checked. Raises BadBoxes for any other codec.
    """
    entry = _sample_entry(init)
    inside = entry.start + 78, entry.end  # VisualSampleEntry (14496-12, 12.1.3)
    if entry.kind == b"avc1":
        return f"avc1.{fields(init, need(init, (b'avcC',), *inside), '3s', 1)[0].hex()}"
    if entry.kind == b"av01":  # AV1 codec ISO media file format binding, 2.3.3
        profile_level, flags = fields(init, need(init, (b"av1C",), *inside), "BB", 1)
        bits = 12 if flags & 0x20 else 10 if flags & 0x40 else 8
        return f"av01.{profile_level >> 5}.{profile_level & 31:02}{'H' if flags & 0x80 else 'M'}.{bits:02}"
    if entry.kind == b"vp09":  # VP codec ISO media file format binding
        profile, level, bits = fields(init, need(init, (b"vpcC",), *inside), "BBB", 4)
        return f"vp09.{profile:02}.{level}.{bits >> 4:02}"
    raise BadBoxes(f"unknown sample entry {entry.kind!r}")


def without_bit_rate(init: bytes) -> bytes:
    """The same init section without btrt (14496-12, 8.5.2.2): it tells how one cell was encoded, not the rendition."""
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    around = [need(init, path[:i]) for i in range(1, len(path) + 1)] + [_sample_entry(init)]
    found = find(init, (b"btrt",), around[-1].start + 78, around[-1].end)
    if found is None:
        return init
    shorter = bytearray(init)
    for box in around:
        struct.pack_into(">I", shorter, box.at, box.end - box.at - (found.end - found.at))
    del shorter[found.at : found.end]
    return bytes(shorter)


def _sample_entry(init: bytes) -> Box:
    stsd = need(init, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"))
    entry = next(boxes(init, stsd.start + 8, stsd.end), None)
    if entry is None:
        raise BadBoxes("stsd is empty")
    return entry


def version(data: bytes, box: Box) -> int:
    """The version of a full box (4.2)."""
    return int(fields(data, box, ">B")[0])


def _flags(data: bytes, box: Box) -> int:
    return int(fields(data, box, ">I")[0]) & 0xFFFFFF
