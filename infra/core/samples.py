"""Where a lecture is sampled: its bytes are fetched by one stage, and encoded by another."""

from __future__ import annotations

from fractions import Fraction

SAMPLE_S = Fraction(1, 2)
_PLACES = (Fraction(1, 6), Fraction(1, 2), Fraction(5, 6))


def times(duration_s: Fraction) -> tuple[Fraction, ...]:
    """Seconds near which samples begin, at the key frame before; fewer of a short source."""
    return tuple(place * duration_s for place in _PLACES) if duration_s >= 20 else (duration_s / 2,)
