"""Where somebody speaks, cut into spans that are recognized one by one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

RATE_HZ = 16_000  # of the sound that speech is recognized from
FIRST_S, LEAST_S, MOST_S = 30.0, 180.0, 360.0


class Stretch(NamedTuple):
    """Seconds [start_s, end_s) in which somebody speaks."""

    start_s: float
    end_s: float


def spans(spoken: Sequence[Stretch]) -> list[list[Stretch]]:
    """The stretches in groups, cut at the longest pause within LEAST_S and MOST_S of each group's start.

    The first group is over after about FIRST_S, so that its words are there soon; what is no longer than LEAST_S is one
    group, as a model takes a third less time for windows that it sees together. A group that has no pause in time is cut
    at the next one there is: nobody is cut off.
    """
    if spoken and spoken[-1].end_s - spoken[0].start_s <= LEAST_S:
        return [list(spoken)]
    groups: list[list[Stretch]] = []
    rest = list(spoken)
    while rest:
        least_s, most_s = (LEAST_S, MOST_S) if groups else (FIRST_S, 2 * FIRST_S)
        cut = _cut(rest, rest[0].start_s + least_s, rest[0].start_s + most_s)
        groups.append(rest[:cut])
        rest = rest[cut:]
    return groups


def first_span(spoken: Sequence[Stretch]) -> list[Stretch] | None:
    """The first of `spans`, whatever is said later, if more than LEAST_S; None while that is not certain. All of `spoken`
    has ended.
    """
    if not spoken or spoken[-1].end_s <= spoken[0].start_s + 2 * FIRST_S:
        return None
    cut = _cut(spoken, spoken[0].start_s + FIRST_S, spoken[0].start_s + 2 * FIRST_S)
    return list(spoken[:cut]) if cut < len(spoken) else None


def _cut(stretches: Sequence[Stretch], least_s: float, most_s: float) -> int:
    """How many stretches the group has that begins with the first."""
    if stretches[-1].end_s <= most_s:
        return len(stretches)
    after = [i for i in range(1, len(stretches)) if stretches[i - 1].end_s >= least_s]
    within = [i for i in after if stretches[i - 1].end_s <= most_s]
    if not within:
        return after[0] if after else len(stretches)
    return max(within, key=lambda i: stretches[i].start_s - stretches[i - 1].end_s)
