"""Levels: what a decoder must manage for a size and a rate, and the codec's name with it (RFC 6381). Pure.

The lowest that fits is declared, never more (HLS authoring rule 1.11). Encoders are told the level, and every init
section is compared with the name, so that a playlist can be written before anything is encoded.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

# ITU-T H.264 table A-1: name, macroblocks a second, macroblocks a frame.
_H264 = (
    ("1.3", 11_880, 396), ("2.1", 19_800, 792), ("2.2", 20_250, 1_620), ("3", 40_500, 1_620), ("3.1", 108_000, 3_600),
    ("3.2", 216_000, 5_120), ("4", 245_760, 8_192), ("4.2", 522_240, 8_704), ("5", 589_824, 22_080),
    ("5.1", 983_040, 36_864), ("5.2", 2_073_600, 36_864),
)  # fmt: skip

# AV1 specification, A.3: name, samples a frame, longest width, longest height, shown samples a second.
_AV1 = (
    ("2.0", 147_456, 2_048, 1_152, 4_423_680), ("2.1", 278_784, 2_816, 1_584, 8_363_520),
    ("3.0", 665_856, 4_352, 2_448, 19_975_680), ("3.1", 1_065_024, 5_504, 3_096, 31_950_720),
    ("4.0", 2_359_296, 6_144, 3_456, 70_778_880), ("4.1", 2_359_296, 6_144, 3_456, 141_557_760),
    ("5.0", 8_912_896, 8_192, 4_352, 267_386_880), ("5.1", 8_912_896, 8_192, 4_352, 534_773_760),
)  # fmt: skip

# VP9 levels (webmproject.org/vp9/levels): name, samples a second, samples a frame, longest side.
_VP9 = (
    ("1.0", 829_440, 36_864, 512), ("1.1", 2_764_800, 73_728, 768), ("2.0", 4_608_000, 122_880, 960),
    ("2.1", 9_216_000, 245_760, 1_344), ("3.0", 20_736_000, 552_960, 2_048), ("3.1", 36_864_000, 983_040, 2_752),
    ("4.0", 83_558_400, 2_228_224, 4_160), ("4.1", 160_432_128, 2_228_224, 4_160),
    ("5.0", 311_951_360, 8_912_896, 8_384), ("5.1", 588_251_136, 8_912_896, 8_384),
)  # fmt: skip


def level(codec: str, width_px: int, height_px: int, rate: Fraction) -> str:
    """The lowest level of `codec` (h264, av1 or vp9) that holds this size at `rate` frames a second."""
    return {"h264": _h264_level, "av1": _av1_level, "vp9": _vp9_level}[codec](width_px, height_px, rate)


def codecs(codec: str, level: str) -> str:
    """The RFC 6381 name of an 8-bit 4:2:0 rendition: H.264 High, AV1 Main, VP9 profile 0."""
    number = round(float(level) * 10)
    if codec == "h264":
        return f"avc1.6400{number:02x}"
    if codec == "av1":  # AV1-ISOBMFF, 5: profile, seq_level_idx and tier, bits
        major, minor = divmod(number, 10)
        return f"av01.0.{(major - 2) * 4 + minor:02}M.08"
    return f"vp09.00.{number}.08"


def _h264_level(width_px: int, height_px: int, rate: Fraction) -> str:
    frame = ceil(width_px / 16) * ceil(height_px / 16)
    return next((name for name, per_second, per_frame in _H264 if frame <= per_frame and frame * rate <= per_second),
                "5.2")


def _av1_level(width_px: int, height_px: int, rate: Fraction) -> str:
    frame = width_px * height_px
    return next((name for name, per_frame, width, height, per_second in _AV1 if frame <= per_frame
                 and width_px <= width and height_px <= height and frame * rate <= per_second), "5.1")


def _vp9_level(width_px: int, height_px: int, rate: Fraction) -> str:
    frame = width_px * height_px
    return next((name for name, per_second, per_frame, side in _VP9 if frame <= per_frame
                 and max(width_px, height_px) <= side and frame * rate <= per_second), "5.1")
