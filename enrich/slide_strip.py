"""Small grey pictures in order of time, and what changes from each to the next. Pure.

Key frames about 2 s apart make a strip (`strip_of`). Where it says that something changed, more pictures are added to it
(`with_frames`), which say when. What moves all the time, a camera in a corner, is known as busy (docs/decisions/0017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from enrich.slide_look import BLOCK, BLOCKS, GRID, PIXEL, Blocks, Pictures, touched
from enrich.small_pictures import Times

WINDOW, _CALM = 8, 4  # steps between key frames, about 16 s, and the calmer half of them: there busy blocks are found
# Shares of these steps. A neighbour of a busy block is busy from a lower share on: a face is calmer at its edge.
_BUSY, _WARM = 0.75, 0.25
_FRAMES_S = 0.5  # between two pictures of the strip where all frames are looked at


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Pictures in order of time, at least one. `turned[i]` says of every block when it went from picture i to i + 1
    (NaN: it stayed), `busy[i]` which blocks move all the time before or after that."""

    times_s: Times  # (n,)
    pictures: Pictures  # (n, 90, 160)
    turned: Times  # (n - 1, 9, 16)
    busy_before: Blocks  # (n - 1, 9, 16)
    busy_after: Blocks

    @property
    def busy(self) -> Blocks:
        return np.asarray(self.busy_before | self.busy_after)


def strip_of(times_s: Times, pictures: Pictures) -> Strip:
    """The strip of key frames. `pictures` is (n, 90, 160) with n at least 1, `times_s` ascends."""
    # One by one: of a day's pictures together, copies would fill the memory.
    changed = np.array([touched(a, b) for a, b in pairwise(pictures)], dtype=bool).reshape(-1, *GRID)
    return Strip(times_s, pictures, turned_between(times_s, changed), _busy_before(changed),
                 _busy_before(changed[::-1])[::-1])


def turned_between(times_s: Times, changed: Blocks) -> Times:
    """`Strip.turned` of key frames, between which nothing else was looked at: in the middle."""
    middle = (times_s[:-1] + times_s[1:]) / 2
    return np.where(changed, middle[:, None, None], np.nan)


def with_frames(strip: Strip, runs: Iterator[tuple[Times, Pictures]]) -> Strip:
    """The strip with more pictures in it. A run is all frames of a range of seconds, with their times; runs ascend."""
    pieces: list[Strip] = []
    at = 0  # the first picture of the strip that is not in a piece yet
    for times_s, frames in runs:
        begin = int(np.searchsorted(strip.times_s, times_s[0] - 1e-3))
        end = int(np.searchsorted(strip.times_s, times_s[-1] + 1e-3))
        if begin > at:
            pieces.append(_part(strip, at, begin))
        # Busy is what key frames say: from frame to frame, too little changes in a face.
        where = np.clip(np.searchsorted(strip.times_s, times_s, side="right") - 1, 0, max(0, len(strip.turned) - 1))
        pieces.append(_sampled(times_s, frames, strip, where))
        at = max(at, end)
    if at < len(strip.times_s):
        pieces.append(_part(strip, at, len(strip.times_s)))
    return _joined(pieces)


def moving(strip: Strip) -> npt.NDArray[np.bool_]:
    """The steps in which something changed."""
    return np.asarray(np.count_nonzero(~np.isnan(strip.turned) & ~strip.busy, axis=(1, 2)) >= BLOCKS)


def busy_of(changed: Blocks) -> Blocks:
    """Which blocks are busy beside these steps, (up to WINDOW, 9, 16), whatever their order: before the step that follows
    them, or after the one before. Of few steps none are.
    """
    if len(changed) < _CALM:
        return np.zeros(GRID, dtype=bool)
    # Where a slide changes, all of it does; a camera goes on in between. So the calmer half of the steps decides.
    count = np.count_nonzero(changed, axis=(1, 2))
    calm = changed[np.argsort(count, kind="stable")[:_CALM]]
    share = calm.mean(axis=0)
    return _grown(share >= _BUSY, share >= _WARM)


def _busy_before(changed: Blocks) -> Blocks:
    """Of every step which blocks are busy in the steps before it."""
    busy = np.zeros_like(changed)
    for i in range(_CALM, len(changed)):
        busy[i] = busy_of(changed[max(0, i - WINDOW):i])
    return busy


def _grown(blocks: Blocks, into: Blocks) -> Blocks:
    """The blocks and their neighbours that are in `into`."""
    padded = np.pad(blocks, 1)
    rows, columns = blocks.shape
    near = np.zeros_like(blocks)
    for down in range(3):
        for across in range(3):
            near |= padded[down:down + rows, across:across + columns]
    return np.asarray(blocks | (near & into))


def _part(strip: Strip, begin: int, end: int) -> Strip:
    steps = slice(begin, end - 1)
    return Strip(strip.times_s[begin:end], strip.pictures[begin:end], strip.turned[steps], strip.busy_before[steps],
                 strip.busy_after[steps])


def _sampled(times_s: Times, frames: Pictures, strip: Strip, where: npt.NDArray[np.intp]) -> Strip:
    """A strip of some of the frames. `where` says of each frame in which step of `strip` it lies."""
    picked = [0]
    for i in range(1, len(times_s)):
        if times_s[i] - times_s[picked[-1]] > _FRAMES_S - 1e-6 or i + 1 == len(times_s):
            picked.append(i)
    turned = [_turned(times_s[a + 1:b + 1], frames[a + 1:b + 1], frames[a], frames[b])
              for a, b in pairwise(picked)]
    steps = where[picked[:-1]]
    return Strip(times_s[picked], frames[picked], np.array(turned).reshape(-1, *GRID), _rows(strip.busy_before, steps),
                 _rows(strip.busy_after, steps))


def _rows(busy: Blocks, steps: npt.NDArray[np.intp]) -> Blocks:
    return np.asarray(busy[steps] if len(busy) else np.zeros((len(steps), *GRID), dtype=bool))


def _turned(times_s: Times, frames: Pictures, a: Pictures, b: Pictures) -> Times:
    """When each block went from how it is on a to how it is on b: from then on most of it is nearer to b."""
    if len(frames) == 1:
        return np.where(touched(a, b), times_s[0], np.nan)
    result = np.full(GRID, np.nan)
    for row, column in np.argwhere(touched(a, b)):
        place = (slice(row * BLOCK, (row + 1) * BLOCK), slice(column * BLOCK, (column + 1) * BLOCK))
        before, after = a[place].astype(np.int16), b[place].astype(np.int16)
        seen = frames[:, place[0], place[1]].astype(np.int16)
        nearer = (np.abs(seen - after) < np.abs(seen - before))[:, np.abs(after - before) > PIXEL]
        result[row, column] = times_s[int(np.argmax(nearer.mean(axis=1) >= 0.5))]
    return result


def _joined(pieces: Sequence[Strip]) -> Strip:
    """One strip after the other."""
    turned, before, after = [pieces[0].turned], [pieces[0].busy_before], [pieces[0].busy_after]
    for piece, following in pairwise(pieces):
        changed = touched(piece.pictures[-1], following.pictures[0])
        turned += [np.where(changed, following.times_s[0], np.nan)[None], following.turned]
        none = np.zeros((1, *GRID), dtype=bool)
        before += [piece.busy_before[-1:] if len(piece.busy_before) else none, following.busy_before]
        after += [following.busy_after[:1] if len(following.busy_after) else none, following.busy_after]
    return Strip(np.concatenate([piece.times_s for piece in pieces]), np.concatenate([piece.pictures for piece in pieces]),
                 np.concatenate(turned), np.concatenate(before), np.concatenate(after))
