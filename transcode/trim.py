"""What is shown of a recording that begins too early or ends too late. Pure.

The file stays whole. A trim is two frames of its grid, and the plan of a trimmed recording is that of the whole one with
another origin and fewer boundaries: frame n of it is frame `first + n` of the other (docs/decisions/0031).
"""

from __future__ import annotations

from fractions import Fraction

from infra.core.errors import Rejected
from infra.core.media import Frozen, Rational

LEAST_S = 2  # a shorter rest is a slip of the hand


class Trim(Frozen):
    """The seconds [start_s, end_s) of the whole recording, both on its grid."""

    start_s: Rational
    end_s: Rational

    def frames(self, rate: Fraction) -> tuple[int, int]:
        """Frames [first, last) of the whole, at `rate` a second."""
        return round(self.start_s * rate), round(self.end_s * rate)


def wanted(start_s: float, end_s: float | None, whole_s: Fraction, rate: Fraction) -> Trim | None:
    """What somebody asked for, moved to the nearest frames; None: all of it. Without `end_s` up to the end.

    Raises Rejected: `trim_backwards`, `trim_outside`, `trim_too_short`.
    """
    first, frames = round(Fraction(start_s) * rate), round(whole_s * rate)
    last = frames if end_s is None else round(Fraction(end_s) * rate)
    if end_s is not None and end_s <= start_s:
        raise Rejected("trim_backwards", f"The end ({end_s:g} s) has to come after the start ({start_s:g} s).")
    if max(first, last) > frames or first == frames:
        raise Rejected("trim_outside", f"The recording ends at {float(whole_s):.3f} s: nothing of it lies behind that.")
    left_s = (last - first) / rate
    if left_s < LEAST_S and left_s < whole_s:
        raise Rejected("trim_too_short", f"Of the recording only {float(left_s):.3f} s would be left: leave at least "
                       f"{LEAST_S} s.")
    return Trim(start_s=first / rate, end_s=last / rate) if (first, last) != (0, frames) else None
