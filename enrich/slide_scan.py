"""Which pictures of a lecture stand still, and where one slide follows another. Pure: arrays in, shots out.

Small grey pictures (see SHAPE) are compared in blocks, because a mean over the picture drowns a new line of text in the
noise of a camera. Slides of one template, bullets that come one by one and fades are found this way, and what moves all
the time, a camera in a corner, is no change (docs/decisions/0017).

It goes in two rounds. Key frames about 2 s apart say where something changed (`unsettled`); only there all frames are
looked at, which are added to the strip (`with_frames`). The strip then falls into shots (`shots`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from enrich.slide_look import (
    BLOCK,
    BLOCKS,
    GRID,
    PIXEL,
    Blocks,
    Pictures,
    differs,
    is_build,
    is_drawn,
    of_pixels,
    template,
    touched,
)

Times = npt.NDArray[np.float64]

_WINDOW, _CALM = 8, 4  # steps between key frames, about 16 s, and the calmer half of them: there busy blocks are found
# Shares of these steps. A neighbour of a busy block is busy from a lower share on: a face is calmer at its edge.
_BUSY, _WARM = 0.75, 0.25
_STILL_S = 1.0  # shorter, nobody has read it
_FRAMES_S = 0.5  # between two pictures of the strip where all frames are looked at
_LARGE, _ANIMATED_S = 36, 3.0  # blocks that turn at once, a quarter: between two such turns a slide may move all the time
_HOLE_S = 4.0  # a film of this length between two slides belongs to neither
_PHOTO_BUSY, _PHOTO_S = 0.1, 3.0  # a photograph is a slide when next to nothing in it moves for so long
_COVER = 0.05  # of a video that is in slides; with less it is a film that has a title


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


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A slide that is shown from `start_s` until `end_s`, and looks like `picture` in the end, at `settled_s`.

    `build`: it goes on from the shot before, whose ink is still there.
    """

    start_s: float
    end_s: float
    settled_s: float
    picture: Pictures
    busy: Blocks
    build: bool


def strip_of(times_s: Times, pictures: Pictures) -> Strip:
    """The strip of key frames. `pictures` is (n, 90, 160) with n at least 1, `times_s` ascends."""
    # One by one: of a day's pictures together, copies would fill the memory.
    changed = np.array([touched(a, b) for a, b in pairwise(pictures)], dtype=bool).reshape(-1, *GRID)
    middle = (times_s[:-1] + times_s[1:]) / 2
    return Strip(times_s, pictures, np.where(changed, middle[:, None, None], np.nan),
                 _busy_before(changed), _busy_before(changed[::-1])[::-1])


def unsettled(strip: Strip) -> list[tuple[float, float]]:
    """Ranges of seconds that have to be looked at frame by frame: something changed in them, and slides are near.

    The middle of a film is left out: it would cost the most and yield nothing.
    """
    moving = _moving(strip)
    still = ~moving
    near = still.copy()  # a still step at most two steps away
    for shift in (1, 2):
        near[shift:] |= still[:-shift]
        near[:-shift] |= still[shift:]
    drawn = np.array([is_drawn(picture, busy) for picture, busy in zip(strip.pictures[1:], strip.busy, strict=True)],
                     dtype=bool)
    return [(float(strip.times_s[i]), float(strip.times_s[i + 1])) for i in np.flatnonzero(moving & (near | drawn))]


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


def shots(strip: Strip, end_s: float) -> list[Shot]:
    """The slides of a video that ends at `end_s`, in order; none of a film."""
    found = _merged(strip, sorted([*_still_runs(strip), *_animated_runs(strip)]))
    drawn = [is_drawn(strip.pictures[last], _busy_at(strip, first, last)) for first, last in found]
    lasting = [float(strip.times_s[last] - strip.times_s[first]) for first, last in found]
    mostly_drawn = sum(s for s, d in zip(lasting, drawn, strict=True) if d) * 2 >= sum(lasting)
    kept = [run for run, d, s in zip(found, drawn, lasting, strict=True)
            if d or (mostly_drawn and s >= _PHOTO_S and np.mean(_busy_at(strip, *run)) <= _PHOTO_BUSY)]
    slides = _timed(strip, kept, end_s)
    return slides if sum(shot.end_s - shot.start_s for shot in slides) >= _COVER * end_s else []


def same_pictures(slides: Sequence[Shot]) -> list[int]:
    """Of every shot the number of the first one that shows the same slide; its own where it is new."""
    # Looked at again, not hashed: slides of one template have hashes as near as a slide has to itself after encoding.
    first: list[int] = []
    for i, shot in enumerate(slides):
        earlier = (j for j in range(i) if first[j] == j)
        first.append(next((j for j in earlier
                           if not differs(slides[j].picture, shot.picture, slides[j].busy | shot.busy)), i))
    return first


def _busy_before(changed: Blocks) -> Blocks:
    """Of every step which blocks are busy in the steps before it."""
    busy = np.zeros_like(changed)
    count = np.count_nonzero(changed, axis=(1, 2))
    for i in range(_CALM, len(changed)):
        window = slice(max(0, i - _WINDOW), i)
        # Where a slide changes, all of it does; a camera goes on in between. So the calmer half of the steps decides.
        calm = changed[window][np.argsort(count[window], kind="stable")[:_CALM]]
        share = calm.mean(axis=0)
        busy[i] = _grown(share >= _BUSY, share >= _WARM)
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


def _moving(strip: Strip) -> npt.NDArray[np.bool_]:
    """The steps in which something changed."""
    return np.asarray(np.count_nonzero(~np.isnan(strip.turned) & ~strip.busy, axis=(1, 2)) >= BLOCKS)


def _part(strip: Strip, begin: int, end: int) -> Strip:
    steps = slice(begin, end - 1)
    return Strip(strip.times_s[begin:end], strip.pictures[begin:end], strip.turned[steps], strip.busy_before[steps],
                 strip.busy_after[steps])


def _sampled(times_s: Times, frames: Pictures, strip: Strip, where: npt.NDArray[np.intp]) -> Strip:
    """A strip of some of the frames. `where` says of each frame in which step of `strip` it lies."""
    picked = [0]
    for i in range(1, len(times_s)):
        if times_s[i] - times_s[picked[-1]] >= _FRAMES_S or i + 1 == len(times_s):
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


Run = tuple[int, int]  # the first and the last picture of a stretch in which nothing changes


def _still_runs(strip: Strip) -> list[Run]:
    runs: list[Run] = []
    first = 0
    moving = _moving(strip)
    for i in range(len(strip.times_s)):
        if i == len(moving) or moving[i]:
            if strip.times_s[i] - strip.times_s[first] >= _STILL_S:
                runs.append((first, i))
            first = i + 1
    return runs


def _animated_runs(strip: Strip) -> list[Run]:
    """Where nothing stands still for _STILL_S, but all goes on between two turns of a large part of the picture."""
    moving = _moving(strip)
    large = np.count_nonzero(~np.isnan(strip.turned) & ~strip.busy, axis=(1, 2)) >= _LARGE
    bounds = [0, *(int(i) + 1 for i in np.flatnonzero(large)), len(strip.times_s)]
    still = _still_runs(strip)
    return [(begin, end - 1) for begin, end in pairwise(bounds)
            if end > begin and strip.times_s[end - 1] - strip.times_s[begin] >= _ANIMATED_S and moving[begin:end - 1].any()
            and not any(begin <= first < end or begin <= last < end for first, last in still)]


def _merged(strip: Strip, runs: Sequence[Run]) -> list[Run]:
    """The runs, of neighbours that show the same one."""
    merged: list[Run] = []
    for first, last in runs:
        if merged:
            before = merged[-1]
            gap_s = strip.times_s[first] - strip.times_s[before[1]]
            busy = _busy_between(strip, before[1], first)
            if gap_s < _HOLE_S and not differs(strip.pictures[before[1]], strip.pictures[first], busy):
                merged[-1] = (before[0], last)
                continue
        merged.append((first, last))
    return merged


def _busy_between(strip: Strip, last: int, first: int) -> Blocks:
    """What is busy before the end of a run or after the beginning of the next one."""
    busy = np.zeros(GRID, dtype=bool)
    if len(strip.turned):
        busy |= strip.busy_before[max(0, last - 1)] | strip.busy_after[min(first, len(strip.turned) - 1)]
    return busy


def _busy_at(strip: Strip, first: int, last: int) -> Blocks:
    """What is busy in most of a run."""
    if last == first:
        return np.zeros(GRID, dtype=bool)
    lasting = np.diff(strip.times_s[first:last + 1])
    return np.asarray(np.average(strip.busy[first:last], axis=0, weights=lasting) > 0.5)


def _timed(strip: Strip, runs: Sequence[Run], end_s: float) -> list[Shot]:
    """The runs as shots, each until the next one begins."""
    found: list[Shot] = []
    before: Run | None = None
    common = template(strip.pictures[[last for _, last in runs]])
    for first, last in runs:
        busy = _busy_at(strip, first, last)
        start_s = float(strip.times_s[first])
        if before is None and not _is_hole(strip, 0.0, start_s):
            start_s = 0.0
        build = False
        if before is not None:
            hole = _is_hole(strip, float(strip.times_s[before[1]]), start_s)
            if not hole:
                start_s = _change_s(strip, before[1], first)
                build = is_build(strip.pictures[before[1]], strip.pictures[first],
                                 common | of_pixels(_busy_between(strip, before[1], first)))
            found[-1] = replace(found[-1], end_s=found[-1].settled_s if hole else start_s)
        found.append(Shot(start_s, end_s, float(strip.times_s[last]), strip.pictures[last], busy, build))
        before = first, last
    if found and _is_hole(strip, found[-1].settled_s, end_s):
        found[-1] = replace(found[-1], end_s=found[-1].settled_s)
    return found


def _is_hole(strip: Strip, from_s: float, until_s: float) -> bool:
    """Whether something else than slides is shown between two times: filmed pictures, for a while."""
    if until_s - from_s < _HOLE_S:
        return False
    between = strip.pictures[(strip.times_s > from_s) & (strip.times_s < until_s)]
    none = np.zeros(GRID, dtype=bool)
    return sum(is_drawn(picture, none) for picture in between) * 2 < len(between)


def _change_s(strip: Strip, last: int, first: int) -> float:
    """When most of the picture turned between two runs: where an animation follows, the new slide begins before it."""
    turned = [np.where(strip.busy[i], np.nan, strip.turned[i]) for i in range(last, first)]
    most = max(turned, key=lambda blocks: np.count_nonzero(~np.isnan(blocks)))
    known = most[~np.isnan(most)]
    return float(np.median(known)) if len(known) else float(strip.times_s[first])


