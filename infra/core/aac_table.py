"""The packet table of an AAC track of an MP4 or QuickTime file: where each packet lies and when it sounds.

With it audio is cut at its own packets without ffmpeg, which seeks copied audio to video key frames.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infra.core.boxes import BadBoxes, Box, boxes, fields, find, need, version

AAC_FRAME_SAMPLES = 1024
MAX_MOOV_BYTES = 256 << 20  # a day of 60 fps video needs about 60 MB
_MAX_PACKETS = 1 << 23  # two days; a table of equal sizes takes 12 bytes, however many it claims


@dataclass(frozen=True, slots=True)
class AacTable:
    """Where the packets of an AAC track lie in the file. Packet i is presented at first_pts + i * 1024."""

    config: bytes  # AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)
    sample_rate_hz: int
    first_pts: int  # samples on the movie's time line; negative where an edit list skips the priming
    sizes: Sequence[int]
    chunk_offsets: Sequence[int]
    chunk_runs: Sequence[tuple[int, int]]  # (first chunk from 0, packets a chunk)

    def __len__(self) -> int:
        return len(self.sizes)

    def read(self, file: BinaryIO, first: int, last: int) -> list[bytes]:
        """Packets [first, last). Raises BadBoxes when the file ends before them."""
        packets = []
        for offset, size in self._locate(first, last):
            file.seek(offset)
            packet = file.read(size)
            if len(packet) != size:
                raise BadBoxes("the file ends inside an audio packet")
            packets.append(packet)
        return packets

    def _locate(self, first: int, last: int) -> Iterator[tuple[int, int]]:
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


def read_moov(path: Path) -> bytes:
    """The payload of the moov box, wherever it stands in the file. Raises BadBoxes."""
    with path.open("rb") as file:
        total = path.stat().st_size
        at = 0
        for _ in range(10_000):  # a hostile file may be all headers
            file.seek(at)
            header = file.read(16)
            if len(header) < 8:
                break
            size, kind = struct.unpack_from(">I4s", header)
            body = 8
            if size == 1 and len(header) == 16:
                size, body = struct.unpack_from(">Q", header, 8)[0], 16
            elif size == 0:
                size = total - at
            if size < body or at + size > total:
                break
            if kind == b"moov":
                if size > MAX_MOOV_BYTES:
                    raise BadBoxes("moov is too large")
                file.seek(at + body)
                return file.read(size - body)
            at += size
    raise BadBoxes("no moov")


def read_aac_table(moov: bytes, nth_audio_track: int) -> AacTable:
    """The packet table of an AAC track whose packets all last 1024 samples. Raises BadBoxes otherwise."""
    movie_scale = _movie_scale(moov)
    seen = -1
    for trak in boxes(moov):
        if trak.kind != b"trak":
            continue
        hdlr = need(moov, (b"mdia", b"hdlr"), trak.start, trak.end)
        if fields(moov, hdlr, "4s", 8)[0] != b"soun":
            continue
        seen += 1
        if seen == nth_audio_track:
            return _aac_table(moov, trak, movie_scale)
    raise BadBoxes("no such audio track")


def _aac_table(moov: bytes, trak: Box, movie_scale: int) -> AacTable:
    mdhd = need(moov, (b"mdia", b"mdhd"), trak.start, trak.end)
    scale = int(fields(moov, mdhd, ">I", 20 if version(moov, mdhd) == 1 else 12)[0])
    if scale == 0:
        raise BadBoxes("the track has no time scale")
    stbl = need(moov, (b"mdia", b"minf", b"stbl"), trak.start, trak.end)

    runs = _rows(moov, need(moov, (b"stts",), stbl.start, stbl.end), ">II")
    # The last packet may be shortened by the muxer; all others must sit on the 1024 grid.
    if not runs or runs[0][1] != AAC_FRAME_SAMPLES or runs[1:] not in ([], [(1, d) for _, d in runs[1:2]]):
        raise BadBoxes("packets are not 1024 samples each")
    count = sum(n for n, _ in runs)

    stsz = need(moov, (b"stsz",), stbl.start, stbl.end)
    constant, listed = fields(moov, stsz, ">II", 4)
    if listed != count or not 0 < count <= _MAX_PACKETS:
        raise BadBoxes("stts and stsz disagree")
    sizes = [constant] * count if constant else fields(moov, stsz, f">{count}I", 12)
    if max(sizes) > 8192:  # 6144 bits a channel (14496-3, 4.5.1), stereo at most here
        raise BadBoxes("an AAC packet is too large")

    co64 = find(moov, (b"co64",), stbl.start, stbl.end)
    stco = co64 or need(moov, (b"stco",), stbl.start, stbl.end)
    chunks = fields(moov, stco, ">I", 4)[0]
    if chunks > count:
        raise BadBoxes("more chunks than packets")
    offsets = fields(moov, stco, f">{chunks}{'Q' if co64 else 'I'}", 8)

    chunk_runs = [(first - 1, n) for first, n, _ in _rows(moov, need(moov, (b"stsc",), stbl.start, stbl.end), ">III")]
    firsts = [first for first, _ in chunk_runs]
    if not chunk_runs or firsts[0] != 0 or firsts != sorted(set(firsts)) or any(n < 1 for _, n in chunk_runs):
        raise BadBoxes("stsc is out of order")
    ends = [*firsts[1:], chunks]
    if sum((end - first) * n for end, (first, n) in zip(ends, chunk_runs, strict=True)) < count or firsts[-1] >= chunks:
        raise BadBoxes("the chunks do not hold all packets")

    config = _audio_specific_config(moov, stbl)
    return AacTable(config, scale, _first_pts(moov, trak, scale, movie_scale), sizes, offsets, chunk_runs)


def _rows(data: bytes, box: Box, layout: str) -> list[tuple[int, ...]]:
    """All rows of a table that begins 8 bytes into its box."""
    if (box.end - box.start - 8) % struct.calcsize(layout):
        raise BadBoxes(f"box {box.kind!r} ends inside a row")
    return list(struct.iter_unpack(layout, data[box.start + 8 : box.end]))


def _movie_scale(moov: bytes) -> int:
    mvhd = need(moov, (b"mvhd",))
    scale = int(fields(moov, mvhd, ">I", 20 if version(moov, mvhd) == 1 else 12)[0])
    if scale == 0:
        raise BadBoxes("the movie has no time scale")
    return scale


def _first_pts(moov: bytes, trak: Box, scale: int, movie_scale: int) -> int:
    """Where packet 0 is presented, by the edit list (14496-12, 8.6.6): empty edits delay, media_time skips."""
    elst = find(moov, (b"edts", b"elst"), trak.start, trak.end)
    if elst is None:
        return 0
    wide = version(moov, elst) == 1
    count = fields(moov, elst, ">I", 4)[0]
    delay = 0
    for i in range(count):
        duration, media_time = fields(moov, elst, ">Qq" if wide else ">Ii", 8 + i * (20 if wide else 12))
        if media_time >= 0:
            if i + 1 < count:
                raise BadBoxes("the edit list cuts the track")
            return int(delay - media_time)
        delay += duration * scale // movie_scale
    raise BadBoxes("the edit list presents nothing")


def _audio_specific_config(moov: bytes, stbl: Box) -> bytes:
    stsd = need(moov, (b"stsd",), stbl.start, stbl.end)
    entries = list(boxes(moov, stsd.start + 8, stsd.end))
    if len(entries) != 1 or entries[0].kind != b"mp4a":
        raise BadBoxes("not plain AAC")
    entry = entries[0]
    sound_version = fields(moov, entry, ">H", 8)[0]  # of QuickTime's sound description
    children = entry.start + 28 + {0: 0, 1: 16}.get(sound_version, 36)
    wave = find(moov, (b"wave",), children, entry.end)
    esds = need(moov, (b"esds",), wave.start, wave.end) if wave else need(moov, (b"esds",), children, entry.end)
    return _decoder_specific_info(moov[esds.start + 4 : esds.end])


def _decoder_specific_info(descriptors: bytes) -> bytes:
    """The DecoderSpecificInfo inside an ES_Descriptor (ISO/IEC 14496-1, 7.2.6)."""
    at = 0
    while at + 2 <= len(descriptors):
        tag = descriptors[at]
        at += 1
        size = 0
        while at < len(descriptors):
            byte = descriptors[at]
            at += 1
            size = size << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 0x05:
            return descriptors[at : at + size]
        if tag == 0x03:  # ES_Descriptor: ES_ID, flags, and what the flags announce
            flags = descriptors[at + 2] if at + 2 < len(descriptors) else 0
            at += 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
        elif tag == 0x04:  # DecoderConfigDescriptor
            at += 13
        else:
            at += size
    raise BadBoxes("no AudioSpecificConfig")
