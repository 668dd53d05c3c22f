"""CMAF audio, written here: a run of AAC packets of 1024 samples each needs no muxer."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from infra.core.aac_table import AAC_FRAME_SAMPLES
from infra.core.boxes import BadBoxes
from infra.core.write_boxes import box as _box
from infra.core.write_boxes import full_box as _full


def aac_config(sample_rate_hz: int, channels: int) -> bytes:
    """AudioSpecificConfig of AAC-LC (14496-3, 1.6.2.1). Raises BadBoxes for a rate that has no index."""
    rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
    if sample_rate_hz not in rates:
        raise BadBoxes(f"no AAC index for {sample_rate_hz} Hz")
    return struct.pack(">H", 2 << 11 | rates.index(sample_rate_hz) << 7 | channels << 3)


def audio_init(config: bytes, sample_rate_hz: int, channels: int, language: str = "und") -> bytes:
    """The CMAF header (ISO/IEC 23000-19, 7.3.1) of an AAC track whose time scale is its sample rate."""
    packed = 0
    for letter in language if len(language) == 3 and language.isascii() and language.isalpha() else "und":
        packed = packed << 5 | ord(letter.lower()) - 0x60
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    decoder = _descriptor(0x04, struct.pack(">BBBHII", 0x40, 0x15, 0, 0, 0, 0) + _descriptor(0x05, config))
    esds = _full(b"esds", 0, 0, _descriptor(0x03, struct.pack(">HB", 1, 0) + decoder + _descriptor(0x06, b"\x02")))
    mp4a = _box(b"mp4a", struct.pack(">6xH8xHHII", 1, channels, 16, 0, sample_rate_hz << 16), esds)
    empty = [_full(kind, 0, 0, struct.pack(">I", 0)) for kind in (b"stts", b"stsc", b"stco")]
    stbl = _box(
        b"stbl", _full(b"stsd", 0, 0, struct.pack(">I", 1), mp4a), *empty,
        _full(b"stsz", 0, 0, struct.pack(">II", 0, 0)),
    )
    dinf = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    mdia = _box(
        b"mdia", _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, sample_rate_hz, 0, packed, 0)),
        _full(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"soun"), b"audio\0"),
        _box(b"minf", _full(b"smhd", 0, 0, bytes(4)), dinf, stbl),
    )
    tkhd = _full(b"tkhd", 0, 3, struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, 0, 0, 0, 0x100, 0), matrix, bytes(8))
    mvhd = _full(b"mvhd", 0, 0, struct.pack(">IIIIIH10x", 0, 0, 1000, 0, 0x10000, 0x100), matrix, bytes(24),
                 struct.pack(">I", 2))
    trex = _full(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, AAC_FRAME_SAMPLES, 0, 0))
    ftyp = _box(b"ftyp", b"iso6", bytes(4), b"iso6", b"mp41", b"cmfc")
    return ftyp + _box(b"moov", mvhd, _box(b"trak", tkhd, mdia), _box(b"mvex", trex))


def audio_segment(packets: Sequence[bytes], decode_time: int, number: int) -> bytes:
    """One CMAF fragment of AAC packets. `decode_time` in samples."""
    sizes = struct.pack(f">{len(packets)}I", *map(len, packets))
    tfhd = _full(b"tfhd", 0, 0x020000 | 0x8 | 0x20, struct.pack(">III", 1, AAC_FRAME_SAMPLES, 0x02000000))
    tfdt = _full(b"tfdt", 1, 0, struct.pack(">Q", decode_time))
    mfhd = _full(b"mfhd", 0, 0, struct.pack(">I", number))

    def moof(data_offset: int) -> bytes:
        trun = _full(b"trun", 0, 0x201, struct.pack(">Ii", len(packets), data_offset), sizes)
        return _box(b"moof", mfhd, _box(b"traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + 8) + _box(b"mdat", *packets)


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
