"""The ladder: which sizes and rate caps a source is offered in. Pure.

A rung is a box of 16:9, turned for portrait. The picture is fitted inside, keeps its shape and is never enlarged.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of the ladder. The cap is for 30 frames a second or fewer."""

    name: str
    long_px: int
    short_px: int
    max_bps: int


# Caps: Apple's H.264 table (HLS authoring 1.25) asks 6000 kbit/s at 1080p and 3000 at 720p; slides stay far below.
LADDER = (
    Rung("1080p", 1920, 1080, 6_000_000),
    Rung("720p", 1280, 720, 3_000_000),
    Rung("480p", 854, 480, 1_500_000),
    Rung("360p", 640, 360, 800_000),
)


@dataclass(frozen=True, slots=True)
class Size:
    """A rung applied to a picture."""

    rung: Rung
    width_px: int
    height_px: int


def display_size(width_px: int, height_px: int, sar: Fraction, rotation_deg: int) -> tuple[Fraction, Fraction]:
    """Width and height in square pixels, the way up it is shown."""
    width, height = Fraction(width_px), Fraction(height_px)
    if sar > 0:
        # The short count of samples is stretched, so that no detail is thrown away before scaling.
        width, height = (width * sar, height) if sar >= 1 else (width, height / sar)
    return (height, width) if rotation_deg % 180 else (width, height)


def sizes(width: Fraction, height: Fraction) -> tuple[Size, ...]:
    """The rungs a picture of this shape gets, largest first: at least one, at most all four.

    The top one is the picture as it is, in the smallest box that holds it, or scaled into the largest box.
    """
    scales = [min(w / width, h / height) for w, h in (_box(rung, width >= height) for rung in LADDER)]
    native = [rung for rung, scale in zip(LADDER, scales, strict=True) if scale >= 1][-1:]
    top = [Size(rung, _even_floor(width), _even_floor(height)) for rung in native]
    scaled = [
        Size(rung, _even(width * scale), _even(height * scale))
        for rung, scale in zip(LADDER, scales, strict=True)
        if scale < 1
    ]
    if top and scaled and scaled[0].width_px * scaled[0].height_px > 0.8 * top[0].width_px * top[0].height_px:
        scaled = scaled[1:]  # a rung that is nearly the picture itself costs work and shows nothing
    return tuple(top + scaled)


def _box(rung: Rung, landscape: bool) -> tuple[int, int]:
    return (rung.long_px, rung.short_px) if landscape else (rung.short_px, rung.long_px)


def _even(value: Fraction) -> int:
    return max(2, 2 * round(value / 2))


def _even_floor(value: Fraction) -> int:
    return max(2, 2 * int(value / 2))


def max_bps(rung: Rung, rate: Fraction) -> int:
    """The rung's cap, half as much again above 30 frames a second."""
    return rung.max_bps * 3 // 2 if rate > 30 else rung.max_bps
