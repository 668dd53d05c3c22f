"""How hard a title is to encode, from a few samples of it, and what that means for its renditions. Pure.

A sample is half a second of the picture, from a key frame on, encoded small and at constant quality: the bits of its
first picture tell how much there is to see, those of the others how much of it moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from infra.core.media import Sample
from infra.core.samples import SAMPLE_S

# What changes in a second takes at most this share of the bits of a whole picture where a screen is shown, or this
# little in itself: a slide with three words has a small first picture. Measured at 640 pixels: slides 0.02, typing in a
# terminal 0.1, slides beside a camera 0.1 to 1.0 (and 0.25 bits a pixel); two people talking 1.5 to 2.3 (1.3 bits a pixel).
_SCREEN_SHARE = 2 / 3
_SCREEN_BITS_A_PIXEL = 0.4
# Bits grow with this power of the pixels, from rung to rung, at the same quality: between 0.6 (slides) and 0.85.
_GROWTH = 0.75
# What the samples foretell is believed within this factor.
_MARGIN = 1.5
# A rung between two others adds nothing when the one above it needs no more than this: who can not fetch that needs the
# lowest rung.
_ANYBODY_BPS = 400_000


def is_screen(samples: Sequence[Sample]) -> bool:
    """Whether all of the title seems to be slides, a screen, a board: sharp, and hardly ever moving."""
    return bool(samples) and all(
        sample.later_bits / SAMPLE_S <= max(_SCREEN_SHARE * sample.first_bits,
                                            _SCREEN_BITS_A_PIXEL * sample.width_px * sample.height_px)
        for sample in samples)


def foretold_bps(samples: Sequence[Sample], width_px: int, height_px: int, rate: Fraction, group_s: float
                 ) -> float | None:
    """The bit rate of the hardest sample in this size with a key frame every `group_s` seconds; None without samples."""
    if not samples:
        return None
    frames = group_s * float(rate)
    hardest = 0.0
    for sample in samples:
        scale = growth(sample.width_px * sample.height_px, width_px * height_px)
        later = sample.later_bits / max(1, sample.frames - 1)
        hardest = max(hardest, scale * (sample.first_bits + later * (frames - 1)) / group_s)
    return hardest


def growth(pixels: int, to_pixels: int) -> float:
    """By how much the bits grow when a picture of `pixels` is encoded in another size, as well as before."""
    return float((to_pixels / pixels) ** _GROWTH)


def exceeds(foretold: float, max_bps: int) -> bool:
    """Whether most segments would exceed the cap, so that encoding them without it first is wasted."""
    return foretold > _MARGIN * max_bps


def adds_nothing(foretold_above: float, max_bps: int) -> bool:
    """Whether a rung with this cap can be left out because the one above it is as easily fetched."""
    return _MARGIN * foretold_above <= min(_ANYBODY_BPS, max_bps)
