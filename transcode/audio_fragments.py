"""CMAF audio, written here: a run of AAC packets of 1024 samples each needs no muxer."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from infra.core.aac_table import AAC_FRAME_SAMPLES
from infra.core.boxes import BadBoxes
from infra.core.write_boxes import box, full_box
from transcode.box_writing import cmaf_header, fragment


def aac_config(sample_rate_hz: int, channels: int) -> bytes:
    """AudioSpecificConfig of AAC-LC (14496-3, 1.6.2.1). Raises BadBoxes for a rate that has no index."""
    rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
    if sample_rate_hz not in rates:
        raise BadBoxes(f"no AAC index for {sample_rate_hz} Hz")
    return struct.pack(">H", 2 << 11 | rates.index(sample_rate_hz) << 7 | channels << 3)


def audio_init(config: bytes, sample_rate_hz: int, channels: int, language: str = "und") -> bytes:
    """The CMAF header (ISO/IEC 23000-19, 7.3.1) of an AAC track whose time scale is its sample rate."""
    decoder = _descriptor(0x04, struct.pack(">BBBHII", 0x40, 0x15, 0, 0, 0, 0) + _descriptor(0x05, config))
    esds = full_box(b"esds", 0, 0, _descriptor(0x03, struct.pack(">HB", 1, 0) + decoder + _descriptor(0x06, b"\x02")))
    mp4a = box(b"mp4a", struct.pack(">6xH8xHHII", 1, channels, 16, 0, sample_rate_hz << 16), esds)
    return cmaf_header(mp4a, sample_rate_hz, handler=b"soun", name=b"audio", media_header=full_box(b"smhd", 0, 0, bytes(4)),
                       language=language, volume=0x100, default_ticks=AAC_FRAME_SAMPLES)


def audio_segment(packets: Sequence[bytes], decode_time: int, number: int) -> bytes:
    """One CMAF fragment of AAC packets. `decode_time` in samples."""
    sizes = struct.pack(f">{len(packets)}I", *map(len, packets))
    tfhd = full_box(b"tfhd", 0, 0x020000 | 0x8 | 0x20, struct.pack(">III", 1, AAC_FRAME_SAMPLES, 0x02000000))
    moof = fragment(number, tfhd, decode_time, 0x200, len(packets), sizes)
    return moof + box(b"mdat", *packets)


def adts_packets(data: bytes) -> list[bytes]:
    """The raw AAC packets of an ADTS stream (14496-3, 1.A.2). Raises BadBoxes when it loses sync."""
    packets = []
    at = 0
    while at < len(data):
        if len(data) - at < 7 or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
            raise BadBoxes("no ADTS sync word")
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        header = 7 if data[at + 1] & 1 else 9
        if size < header or at + size > len(data):
            raise BadBoxes("an ADTS frame is cut off")
        packets.append(data[at + header : at + size])
        at += size
    return packets


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, len(body))) + body
