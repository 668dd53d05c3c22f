"""Boxes of ISO/IEC 14496-12 for the tracks that are written here instead of by ffmpeg. Pure."""

from __future__ import annotations

import struct

from infra.core.write_boxes import box, full_box

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def cmaf_header(entry: bytes, scale: int, *, handler: bytes, name: bytes, media_header: bytes, language: str = "und",
                tag: str | None = None, volume: int = 0, width_px: int = 0, height_px: int = 0, default_ticks: int) -> bytes:
    """The CMAF header (ISO/IEC 23000-19, 7.3.1) of one track, whose samples `entry` describes.

    `scale` in ticks a second; `language` has three letters, and `tag` says it as BCP 47 where that says more;
    `default_ticks` is how long a sample lasts where its fragment does not say it.
    """
    packed = 0
    for letter in language if len(language) == 3 and language.isascii() and language.isalpha() else "und":
        packed = packed << 5 | ord(letter.lower()) - 0x60
    empty = [full_box(kind, 0, 0, struct.pack(">I", 0)) for kind in (b"stts", b"stsc", b"stco")]
    stbl = box(b"stbl", full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry), *empty,
               full_box(b"stsz", 0, 0, struct.pack(">II", 0, 0)))
    dinf = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    extended = full_box(b"elng", 0, 0, tag.encode() + b"\0") if tag and "-" in tag else b""
    mdia = box(b"mdia", full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, scale, 0, packed, 0)), extended,
               full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, handler), name + b"\0"),
               box(b"minf", media_header, dinf, stbl))
    tkhd = full_box(b"tkhd", 0, 3, struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, 0, 0, 0, volume, 0), _MATRIX,
                    struct.pack(">II", width_px << 16, height_px << 16))
    mvhd = full_box(b"mvhd", 0, 0, struct.pack(">IIIIIH10x", 0, 0, 1000, 0, 0x10000, 0x100), _MATRIX, bytes(24),
                    struct.pack(">I", 2))
    trex = full_box(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, default_ticks, 0, 0))
    ftyp = box(b"ftyp", b"iso6", bytes(4), b"iso6", b"mp41", b"cmfc")
    return ftyp + box(b"moov", mvhd, box(b"trak", tkhd, mdia), box(b"mvex", trex))


def fragment(number: int, tfhd: bytes, decode_time: int, flags: int, count: int, rows: bytes, version: int = 0) -> bytes:
    """The moof (8.8) of one run of `count` samples, whose data follow at once in an mdat.

    `decode_time` in ticks; `flags` and `version` of trun say what each of its `rows` holds.
    """
    mfhd = full_box(b"mfhd", 0, 0, struct.pack(">I", number))
    tfdt = full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time))

    def moof(data_offset: int) -> bytes:
        trun = full_box(b"trun", version, flags | 0x1, struct.pack(">Ii", count, data_offset), rows)
        return box(b"moof", mfhd, box(b"traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + 8)
