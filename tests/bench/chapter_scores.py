"""How near found chapters come to those that people set: three measures that are in use.

All take the starts of chapters in seconds, the first at 0, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

TIOU = [0.50 + 0.05 * i for i in range(10)]


def boundary_f1(found_s: Sequence[float], true_s: Sequence[float], within_s: float = 5.0) -> float:
    """F1 of boundaries (without the start at 0), each matched once to one within `within_s`."""
    left = list(true_s[1:])
    hits = 0
    for at_s in found_s[1:]:
        near = min(left, key=lambda one: abs(one - at_s), default=None)
        if near is not None and abs(near - at_s) <= within_s:
            left.remove(near)
            hits += 1
    boundaries = len(found_s) + len(true_s) - 2
    return 2 * hits / boundaries if boundaries > 0 else 1.0


def segment_f1(found_s: Sequence[float], true_s: Sequence[float], duration_s: float) -> float:
    """F1@tIoU: chapters that overlap one of the other side by a share of both, averaged over shares of 0.50 to 0.95."""
    found, true = (list(pairwise([*starts_s, duration_s])) for starts_s in (found_s, true_s))
    overlaps = [[_iou(one, other) for other in true] for one in found]
    scores = []
    for least in TIOU:
        precision = fmean(max(row) >= least for row in overlaps) if found else 0.0
        recall = fmean(max(column) >= least for column in zip(*overlaps, strict=True)) if found else 0.0
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return fmean(scores)


def pk(found_s: Sequence[float], true_s: Sequence[float], duration_s: float) -> float:
    """Pk (Beeferman): how often two places half a chapter apart are wrongly said to be in one chapter, or in two."""
    span_s = duration_s / len(true_s) / 2
    places = [float(at) for at in range(int(duration_s - span_s))]
    return fmean(_together(found_s, at, span_s) != _together(true_s, at, span_s) for at in places) if places else 0.0


def _together(starts_s: Sequence[float], at_s: float, span_s: float) -> bool:
    return not any(at_s < start_s <= at_s + span_s for start_s in starts_s)


def _iou(one: tuple[float, float], other: tuple[float, float]) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, shared) / (max(one[1], other[1]) - min(one[0], other[0]))
