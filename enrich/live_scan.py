"""The slides of what is live, while it goes on: what `slide_scan` finds in all pictures so far, without looking at all of
them again. Pure.

Pictures come as key frames about 2 s apart, and some between them. What the key frames say of a step is final once there
are some steps more behind it; then what lies between is kept only where something changed. Of a long lecture only the last
quarter to half of an hour is looked at as a whole; what was found before stays as it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from enrich.slide_look import BLOCKS, GRID, SHAPE, Blocks, Pictures, differs, is_build, of_pixels, touched
from enrich.slide_scan import Shot, shown, unless_film, unsettled
from enrich.slide_strip import WINDOW, Strip, busy_of, moving, turned_between, with_frames
from enrich.small_pictures import Times

_OPEN = WINDOW + 2  # steps of which more pictures may say something else: whether one is busy, or near one that stands still
_LONGEST = 450  # key frames that are looked at together at least, a quarter of an hour; at most twice as many
_QUIET = 2  # still steps around the place where that is cut
SAME_S = 1e-3  # times that differ by less are one


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A small picture (slide_look.SHAPE) at a second of the session. `key`: one of those about 2 s apart."""

    at_s: float
    key: bool
    picture: Pictures


class LiveScan:
    """The pictures of one session. `longest`: key frames after which the older half is not looked at again."""

    _newest_s: float | None  # of all pictures
    _times: list[float]  # of the key frames
    _pictures: Pictures  # of the same, with room behind
    _between: list[list[Glance]]  # behind each key frame, up to the next
    _changed: list[Blocks]  # by the step from a key frame to the next
    _busy: list[Blocks]  # before it
    _after: list[Blocks]  # busy after it; of the first `_final` steps for good
    _final: int
    _dropped: int  # steps of which it is settled whether what lies between is kept
    _lively_until: int  # the number of a key frame

    def __init__(self, longest: int = _LONGEST) -> None:
        self._longest = longest
        self._before: list[Shot] = []  # found in what is not looked at any more
        self._forget(0.0)

    def feed(self, glances: Iterable[Glance]) -> bool:
        """Take these in; whether slides may have changed. One that is not later than the newest takes the place of all
        from there on: an encoder began anew.
        """
        lively = False
        for one in glances:
            if self._newest_s is not None and one.at_s < self._newest_s + SAME_S:
                self._rewind(one.at_s)
            if one.key or not self._times:
                lively |= self._add(one)
            else:
                self._between[-1].append(one)
            self._newest_s = one.at_s
        return lively

    def shots(self, end_s: float) -> list[Shot]:
        """The slides up to second `end_s`, to which pictures have come: those of `slide_scan.shots`."""
        found = self._joined([*self._before, *self._here(end_s)])
        if len(self._times) >= 2 * self._longest:
            self._cut(found)
        return unless_film(found, end_s)

    def _here(self, end_s: float) -> list[Shot]:
        if not self._times:
            return []
        origin_s = self._times[0]  # the first slide begins with the first picture
        strip = self._strip()
        ranges = unsettled(strip)
        whole = with_frames(strip, self._runs(ranges))
        self._drop_between(ranges)
        moved = Strip(whole.times_s - origin_s, whole.pictures, whole.turned - origin_s, whole.busy_before, whole.busy_after)
        return [replace(shot, start_s=shot.start_s + origin_s, end_s=shot.end_s + origin_s,
                        settled_s=shot.settled_s + origin_s) for shot in shown(moved, end_s - origin_s)]

    def _strip(self) -> Strip:
        n = len(self._times)
        changed = np.array(self._changed, dtype=bool).reshape(-1, *GRID)
        busy_before = np.array(self._busy, dtype=bool).reshape(-1, *GRID)
        self._calm_after(changed)
        busy_after = np.array(self._after, dtype=bool).reshape(-1, *GRID)
        times_s = np.array(self._times)
        return Strip(times_s, self._pictures[:n], turned_between(times_s, changed), busy_before, busy_after)

    def _calm_after(self, changed: Blocks) -> None:
        """What is busy after each step, as far as it is not known for good."""
        del self._after[max(0, self._final):]
        for i in range(len(self._after), len(changed)):
            # Farthest first, as steps before are: of those that are as calm the farther ones count.
            self._after.append(busy_of(changed[i + 1:i + 1 + WINDOW][::-1]))
        self._final = max(self._final, len(changed) - WINDOW)

    def _runs(self, ranges: list[tuple[float, float]]) -> Iterator[tuple[Times, Pictures]]:
        """All pictures from the beginning to the end of these ranges, those of neighbours together."""
        first = last = -1
        for start_s, end_s in [*ranges, (-1.0, -1.0)]:
            begin = bisect_left(self._times, start_s - SAME_S) if end_s > 0 else -1
            if begin == last and begin >= 0:
                last += 1
                continue
            if first >= 0:
                yield self._run(first, last)
            first, last = begin, begin + 1

    def _run(self, first: int, last: int) -> tuple[Times, Pictures]:
        times_s, pictures = [], []
        for i in range(first, last + 1):
            times_s.append(self._times[i])
            pictures.append(self._pictures[i])
            for one in self._between[i] if i < last else ():
                times_s.append(one.at_s)
                pictures.append(one.picture)
        return np.array(times_s), np.stack(pictures)

    def _drop_between(self, ranges: list[tuple[float, float]]) -> None:
        """Forget what lies between key frames where nothing changed, for good."""
        wanted = {bisect_left(self._times, start_s - SAME_S) for start_s, _ in ranges}
        until = len(self._times) - 1 - _OPEN
        for i in range(self._dropped, until):
            if i not in wanted:
                self._between[i] = []
        self._dropped = max(self._dropped, until)

    def _add(self, one: Glance) -> bool:
        n = len(self._times)
        if n == len(self._pictures):
            self._pictures = np.concatenate([self._pictures, np.empty_like(self._pictures)])
        self._pictures[n] = one.picture
        self._times.append(one.at_s)
        self._between.append([])
        if n:
            self._changed.append(touched(self._pictures[n - 1], one.picture))
            self._busy.append(busy_of(np.array(self._changed[-WINDOW - 1:-1], dtype=bool).reshape(-1, *GRID)))
            if np.count_nonzero(self._changed[-1] & ~self._busy[-1]) >= BLOCKS:
                self._lively_until = n + _OPEN
        return n <= self._lively_until

    def _rewind(self, at_s: float) -> None:
        n = bisect_left(self._times, at_s - SAME_S)
        del self._times[n:], self._between[n:], self._changed[max(0, n - 1):], self._busy[max(0, n - 1):]
        if self._between:
            self._between[-1] = [one for one in self._between[-1] if one.at_s < at_s - SAME_S]
        self._final = min(self._final, len(self._changed) - WINDOW)
        self._dropped = min(self._dropped, n)
        self._lively_until = n + _OPEN

    def _cut(self, found: list[Shot]) -> None:
        """Look no more at the older half, but for what was found in it."""
        moves = moving(self._strip())
        at = next((i for i in range(self._longest, 3 * self._longest // 2)
                   if not moves[i - _QUIET:i + _QUIET].any()), self._longest)
        cut_s, pictures = self._times[at], self._pictures
        rest = [(Glance(self._times[i], True, pictures[i]), self._between[i]) for i in range(at, len(self._times))]
        self._before = [replace(shot, end_s=min(shot.end_s, cut_s), settled_s=min(shot.settled_s, cut_s))
                        for shot in found if shot.start_s < cut_s]
        self._forget(cut_s)
        for key, between in rest:
            self.feed([key, *between])

    def _joined(self, found: list[Shot]) -> list[Shot]:
        """A slide that was cut in two is one again."""
        joined: list[Shot] = []
        for shot in found:
            last = joined[-1] if joined else None
            if last is not None and abs(shot.start_s - last.end_s) < SAME_S and abs(shot.start_s - self._cut_s) < SAME_S:
                busy = last.busy | shot.busy
                if not differs(last.picture, shot.picture, busy):
                    joined[-1] = replace(shot, start_s=last.start_s, build=last.build)
                    continue
                shot = replace(shot, build=is_build(last.picture, shot.picture, of_pixels(busy)))
            joined.append(shot)
        return joined

    def _forget(self, cut_s: float) -> None:
        self._cut_s = cut_s
        self._newest_s = None
        self._times = []
        self._pictures = np.empty((64, *SHAPE), np.uint8)
        self._between = []
        self._changed, self._busy, self._after = [], [], []
        self._final = self._dropped = 0
        self._lively_until = _OPEN
