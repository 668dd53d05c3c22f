"""Where somebody speaks, in windows that the model takes and spans that are recognized one by one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

RATE_HZ = 16_000  # of the sound that speech is recognized from
WINDOW_S = 30.0  # of speech: what Whisper takes at once
TOGETHER = 4  # windows that a processor takes at once: each then takes 0.6 of the time
_WINDOWS = 2 * TOGETHER  # of a span
_MOST_AS_ONE = 6  # windows of a lecture that is one span


class Stretch(NamedTuple):
    """Seconds [start_s, end_s) in which somebody speaks."""

    start_s: float
    end_s: float


def windows(spoken: Sequence[Stretch]) -> list[list[Stretch]]:
    """The stretches in groups of at most WINDOW_S of speech, each as full as it can be; one that is longer is cut."""
    groups: list[list[Stretch]] = []
    room = 0  # in samples: seconds that are counted from elsewhere do not add up to the same
    for stretch in _cut(spoken):
        length = round((stretch.end_s - stretch.start_s) * RATE_HZ)
        if length > room:
            groups.append([])
            room = int(WINDOW_S * RATE_HZ)
        groups[-1].append(stretch)
        room -= length
    return groups


def spans(spoken: Sequence[Stretch]) -> list[list[Stretch]]:
    """The stretches in groups of whole windows, so that no window depends on where spans end.

    The first group is one window, so that its words are there soon; the others can be taken TOGETHER without rest, but for
    the last one. What is no longer than three minutes is one group.
    """
    rest = windows(spoken)
    if len(rest) <= _MOST_AS_ONE:
        return [_joined(rest)] if rest else []
    groups = [_joined(rest[:1])]
    rest = rest[1:]
    while rest:
        count = _WINDOWS if len(rest) >= _WINDOWS + TOGETHER else len(rest)
        groups.append(_joined(rest[:count]))
        rest = rest[count:]
    return groups


def first_span(spoken: Sequence[Stretch]) -> list[Stretch] | None:
    """The first of `spans`, whatever is said later, if more than three minutes; None while that is not certain. All of
    `spoken` has ended.
    """
    found = windows(spoken)
    return found[0] if len(found) > 1 else None


def _cut(spoken: Sequence[Stretch]) -> Iterator[Stretch]:
    for start_s, end_s in spoken:
        while end_s - start_s > WINDOW_S + 1 / RATE_HZ:
            yield Stretch(start_s, start_s + WINDOW_S)
            start_s += WINDOW_S
        yield Stretch(start_s, end_s)


def _joined(groups: Sequence[Sequence[Stretch]]) -> list[Stretch]:
    return [stretch for group in groups for stretch in group]
