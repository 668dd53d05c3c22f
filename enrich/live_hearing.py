"""Sound that comes in bit by bit, cut into spans of a few seconds that are recognized one by one while somebody speaks.

A span ends in a pause, so that no word is cut; who speaks without one is cut where he is quietest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from enrich.speech_spans import RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WINDOW = 512  # samples that the voice detector judges at once: 32 ms
LONGEST_S = 8.0
_HOP = 16 * WINDOW  # half a second: how often it is asked, with as much of what came before, to be sure of itself
_VOICE = 0.5
_SHORT_PAUSE_S, _ENOUGH_S = 0.35, 2.5  # such a pause ends a span of at least so much,
_LONG_PAUSE_S = 0.8  # and this one every span
_PAD_S = 0.2
_LEAST_S = 0.3  # of voice: less is a cough
_QUIETEST_S = 2.0  # before the longest span's end, where the quietest place is looked for
_JUMP_S = 0.1  # sound that comes so much later or earlier than it should does not belong to what was before


class Span(NamedTuple):
    """Something that was said: samples (-1 to 1), from second `start_s` of the session on."""

    start_s: float
    samples: NDArray[np.float32]

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.samples) / RATE_HZ


class LiveHearing:
    """The sound of one session. `voice` gives the odds that somebody speaks for each WINDOW of samples."""

    def __init__(self, voice: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> None:
        self._voice = voice
        self._start_s = 0.0  # of the first sample that is kept
        self._sound: NDArray[np.float32]
        self._odds: list[float]  # of the windows from there on
        self._given: int  # how many of the samples are in a span already
        self._clear(0.0)

    def feed(self, at_s: float, samples: NDArray[np.float32]) -> Iterator[Span]:
        """The spans that are complete with these samples, which begin at second `at_s`."""
        import numpy as np

        if abs(at_s - self._end_s) > _JUMP_S:
            yield from self._rest()
            self._clear(at_s)
        self._sound = np.concatenate([self._sound, samples])
        while len(self._sound) - len(self._odds) * WINDOW >= _HOP:
            self._look()
            yield from self._cut()

    @property
    def _end_s(self) -> float:
        return self._start_s + len(self._sound) / RATE_HZ

    def _clear(self, start_s: float) -> None:
        import numpy as np

        self._start_s, self._sound, self._odds, self._given = start_s, np.zeros(0, np.float32), [], 0

    def _look(self) -> None:
        looked = len(self._odds) * WINDOW
        warm = max(0, looked - _HOP)
        odds = self._voice(self._sound[warm : looked + _HOP])
        self._odds += [float(one) for one in odds[(looked - warm) // WINDOW :]]

    def _cut(self) -> Iterator[Span]:
        """What can be cut off now. What stays begins shortly before the first voice."""
        while (found := self._span()) is not None:
            first, last = found
            if self._enough(first, last):
                yield self._taken(first, last)
            self._drop(last)
        voiced = next((i for i, one in enumerate(self._odds) if one > _VOICE), len(self._odds))
        self._drop(max(0, voiced - _HOP // WINDOW))

    def _span(self) -> tuple[int, int] | None:
        """Windows [first, last) of a span that is over."""
        first = last = -1
        for i, one in enumerate(self._odds):
            if one > _VOICE:
                first = i if first < 0 else first
                last = i + 1
            if first < 0:
                continue
            pause_s, length_s = _seconds(i + 1 - last), _seconds(last - first)
            if pause_s >= _LONG_PAUSE_S or (pause_s >= _SHORT_PAUSE_S and length_s >= _ENOUGH_S):
                return first, last
            if length_s >= LONGEST_S:
                begin = last - int(_QUIETEST_S * RATE_HZ / WINDOW)
                return first, begin + min(range(last - begin), key=lambda at: self._odds[begin + at]) + 1
        return None

    def _rest(self) -> Iterator[Span]:
        voiced = [i for i, one in enumerate(self._odds) if one > _VOICE]
        if voiced and self._enough(voiced[0], voiced[-1] + 1):
            yield self._taken(voiced[0], voiced[-1] + 1)

    def _enough(self, first: int, last: int) -> bool:
        return _seconds(sum(one > _VOICE for one in self._odds[first:last])) >= _LEAST_S

    def _taken(self, first: int, last: int) -> Span:
        """Windows [first, last) and some sound around them, none of which is in another span."""
        pad = int(_PAD_S * RATE_HZ)
        begin = max(first * WINDOW - pad, self._given)
        following = next((i for i in range(last, len(self._odds)) if self._odds[i] > _VOICE), len(self._odds))
        self._given = min(last * WINDOW + pad, following * WINDOW if following < len(self._odds) else len(self._sound))
        return Span(self._start_s + begin / RATE_HZ, self._sound[begin : self._given])

    def _drop(self, windows: int) -> None:
        self._odds = self._odds[windows:]
        self._sound = self._sound[windows * WINDOW :]
        self._given = max(0, self._given - windows * WINDOW)
        self._start_s += windows * WINDOW / RATE_HZ


def _seconds(windows: int) -> float:
    return windows * WINDOW / RATE_HZ
