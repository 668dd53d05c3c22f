"""The packet table of an AAC track of an MP4 or QuickTime file: where each packet lies and when it sounds.

With it audio is cut at its own packets without ffmpeg, which seeks copied audio to video key frames.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from infra.core.boxes import BadBoxes, Box, boxes, fields, find, need
from infra.core.packet_places import Places, read_places, rows, single_edit, track_scale

AAC_FRAME_SAMPLES = 1024
MAX_MOOV_BYTES = 256 << 20  # a day of 60 fps video needs about 60 MB
_MAX_PACKETS = 1 << 23  # two days; a table of equal sizes takes 12 bytes, however many it claims


@dataclass(frozen=True, slots=True)
class AacTable(Places):
    """Where the packets of an AAC track lie in the file. Packet i is presented at first_pts + i * 1024."""

    config: bytes  # AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)
    sample_rate_hz: int
    first_pts: int  # samples on the movie's time line; negative where an edit list skips the priming


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
    seen = -1
    for trak in boxes(moov):
        if trak.kind != b"trak":
            continue
        hdlr = need(moov, (b"mdia", b"hdlr"), trak.start, trak.end)
        if fields(moov, hdlr, "4s", 8)[0] != b"soun":
            continue
        seen += 1
        if seen == nth_audio_track:
            return _aac_table(moov, trak)
    raise BadBoxes("no such audio track")


def _aac_table(moov: bytes, trak: Box) -> AacTable:
    stbl = need(moov, (b"mdia", b"minf", b"stbl"), trak.start, trak.end)
    runs = rows(moov, need(moov, (b"stts",), stbl.start, stbl.end), ">II")
    # The last packet may be shortened by the muxer; all others must sit on the 1024 grid.
    if not runs or runs[0][1] != AAC_FRAME_SAMPLES or runs[1:] not in ([], [(1, d) for _, d in runs[1:2]]):
        raise BadBoxes("packets are not 1024 samples each")
    places = read_places(moov, stbl, sum(n for n, _ in runs), _MAX_PACKETS)
    if max(places.sizes) > 8192:  # 6144 bits a channel (14496-3, 4.5.1), stereo at most here
        raise BadBoxes("an AAC packet is too large")
    edit = single_edit(moov, trak)
    return AacTable(places.sizes, places.chunk_offsets, places.chunk_runs, _audio_specific_config(moov, stbl),
                    track_scale(moov, trak), edit.delay - edit.media_time)


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
