"""How long sound is that comes as bare frames: ADTS, and MP3 without a Xing or VBRI header.

Nothing in such a file tells its length, and the bit rate of its beginning only lets one guess. So the frame headers are
counted, a microsecond each, half a second for hours; files that are larger than MAX_BYTES keep the guess.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from fractions import Fraction
from typing import BinaryIO

from ingest.layout import Layout

MAX_BYTES = 1 << 30  # 18 hours at 128 kbit/s
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_MPEG1_RATES = (44100, 48000, 32000)
# kbit/s of layer III and II, by MPEG version 1 or 2 (ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3)
_KBPS = {
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def adts_layout(file: BinaryIO, size_bytes: int) -> Layout:
    """The end of an ADTS stream (ISO/IEC 14496-3, 1.A.2), by its frames of 1024 samples."""
    return _counted(file, size_bytes, _adts_frame)


def mp3_layout(file: BinaryIO, size_bytes: int) -> Layout:
    """The end of an MP3 that has no Xing, Info or VBRI header; with one, ffprobe knows it."""
    file.seek(_behind_id3(file))
    first = file.read(256)
    if any(mark in first for mark in (b"Xing", b"Info", b"VBRI")):
        return Layout()
    return _counted(file, size_bytes, _mpeg_frame)


def _counted(file: BinaryIO, size_bytes: int, frame: Callable[[bytes], tuple[int, int, int] | None]) -> Layout:
    if not 0 < size_bytes <= MAX_BYTES:
        return Layout()
    at, counts = _behind_id3(file), dict[tuple[int, int], int]()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while at + 7 <= size_bytes:
            found = frame(data[at : at + 7])
            if found is None:
                break
            size, samples, rate = found
            if at + size > size_bytes:
                break
            counts[samples, rate] = counts.get((samples, rate), 0) + 1
            at += size
        # Behind the last frame there may be a tag, but nothing long: else the frames were lost on the way.
        lost = size_bytes - at > 1 << 20 and data[at : at + 3] != b"TAG" and data[at : at + 8] != b"APETAGEX"
    seconds = sum((Fraction(samples * n, rate) for (samples, rate), n in counts.items()), Fraction(0))
    return Layout() if lost or not seconds else Layout(end_s=seconds, audio_end_s=seconds)


def _behind_id3(file: BinaryIO) -> int:
    """Where the sound begins: an ID3v2 tag tells its own size, seven bits a byte."""
    file.seek(0)
    head = file.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = sum((byte & 0x7F) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _adts_frame(head: bytes) -> tuple[int, int, int] | None:
    """(bytes, samples, samples a second) of the frame that begins so."""
    index = head[2] >> 2 & 15
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or index >= len(_AAC_RATES) or size < 7:
        return None
    return size, 1024 * ((head[6] & 3) + 1), _AAC_RATES[index]


def _mpeg_frame(head: bytes) -> tuple[int, int, int] | None:
    """The same of a frame of MP3 or MP2 (ISO/IEC 11172-3, 2.4.1.3)."""
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)  # 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
    kbps_index, rate_index = head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or version == 1 or layer not in (2, 3) \
            or not 0 < kbps_index < 15 or rate_index == 3:
        return None
    rate = _MPEG1_RATES[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 576 if layer == 3 and version != 3 else 1152
    bits = _KBPS[1 if version == 3 else 2, layer][kbps_index] * 1000
    return samples * bits // (8 * rate) + (head[2] >> 1 & 1), samples, rate
