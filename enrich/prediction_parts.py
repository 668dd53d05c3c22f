"""The parts of a video that a prediction is made for: 15 to 30 s, along chapters and slides. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import ceil

LEAST_S, MOST_S = 15, 30

Part = tuple[int, int]  # [start, end) in whole seconds of the video: learners are counted by whole seconds


def cut(until_s: int, chapters_s: Iterable[float] = (), slides_s: Iterable[float] = ()) -> list[Part]:
    """The seconds [0, `until_s`) in parts, in order and without gaps.

    They follow where chapters begin, then where slides come, as far as no part gets shorter than 15 s; what is longer than
    30 s after that is cut into equal ones. A video shorter than 15 s is one part; `until_s` = 0 gives none.
    """
    if until_s <= 0:
        return []
    bounds = [0, until_s]
    for starts_s in (chapters_s, slides_s):
        for at_s in sorted({round(start_s) for start_s in starts_s}):
            if 0 < at_s < until_s and all(abs(at_s - bound) >= LEAST_S for bound in bounds):
                bounds.append(at_s)
    parts: list[Part] = []
    for start, end in pairwise(sorted(bounds)):
        count = ceil((end - start) / MOST_S)
        edges = [start + (end - start) * n // count for n in range(count + 1)]
        parts += pairwise(edges)
    return parts
