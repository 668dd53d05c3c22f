"""Which other videos are about the same, by the phrases that they share. Pure.

A phrase counts for more the more this video is about it, and the fewer others say it; what many say relates nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

MOST_PHRASES = 40  # of a video that are looked for in others
_COMMON, _COMMON_FROM = 0.4, 5  # said in more than this share of all videos, and in more than a few
_OFTEN = 2.0  # places of a phrase that count for half of all that it can
_SHARED = 5  # phrases that are named


@dataclass(frozen=True, slots=True)
class Place:
    """A phrase (its number) is said in a passage of another video."""

    phrase: int
    video_id: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Related:
    """How much something has to do with what was asked for, 0 to 1, and the phrases (their numbers) that say so."""

    score: float
    phrases: tuple[int, ...]


def rarity(places: Sequence[Place], videos: int) -> dict[int, float]:
    """What each phrase is worth, by how few of all videos say it: 1 for what one other says, 0 for what many do."""
    having: dict[int, set[str]] = defaultdict(set)
    for one in places:
        having[one.phrase].add(one.video_id)
    return {phrase: 0.0 if len(ids) > max(_COMMON * videos, _COMMON_FROM) else log(1 + videos / len(ids)) / log(1 + videos)
            for phrase, ids in having.items()}


def related(weights: Sequence[float], places: Sequence[Place], worth: dict[int, float]) -> Related:
    """Of the `places` in one video, or in a part of it; `weights` say how much what was asked for is about each phrase."""
    most = sum(sorted(weights, reverse=True)[:_SHARED])
    often: dict[int, int] = defaultdict(int)
    for one in places:
        often[one.phrase] += 1
    scores = {phrase: weights[phrase] * worth[phrase] * times / (times + _OFTEN) for phrase, times in often.items()}
    best = sorted((phrase for phrase, score in scores.items() if score > 0), key=lambda phrase: (-scores[phrase], phrase))
    return Related(min(1.0, sum(scores[phrase] for phrase in best) / most) if most else 0.0, tuple(best[:_SHARED]))
