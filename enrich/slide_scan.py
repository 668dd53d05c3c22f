"""Which pictures of a lecture stand still, and where one slide follows another. Pure: arrays in, shots out.

Small grey pictures (see SHAPE) are compared in blocks, because a mean over the picture drowns a new line of text in the
noise of a camera. Slides of one template, bullets that come one by one and fades are found this way, and what moves all
the time, a camera in a corner, is no change (docs/decisions/0017).

It goes in two rounds. Key frames about 2 s apart say where something changed (`unsettled`); only there all frames are
looked at, which are added to the strip (`slide_strip.with_frames`). The strip then falls into shots (`shots`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from enrich.slide_look import GRID, Blocks, Pictures, differs, is_build, is_drawn, of_pixels, template
from enrich.slide_strip import Strip, moving

_STILL_S = 1.0  # shorter, nobody has read it
_LARGE, _ANIMATED_S = 36, 3.0  # blocks that turn at once, a quarter: between two such turns a slide may move all the time
_HOLE_S = 4.0  # a film of this length between two slides belongs to neither
_PHOTO_BUSY, _PHOTO_S = 0.1, 3.0  # a photograph is a slide when next to nothing in it moves for so long
_COVER = 0.05  # of a video that is in slides; with less it is a film that has a title


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


def unsettled(strip: Strip) -> list[tuple[float, float]]:
    """Ranges of seconds that have to be looked at frame by frame: something changed in them, and slides are near.

    The middle of a film is left out: it would cost the most and yield nothing.
    """
    moves = moving(strip)
    still = ~moves
    near = still.copy()  # a still step at most two steps away
    for shift in (1, 2):
        near[shift:] |= still[:-shift]
        near[:-shift] |= still[shift:]
    return [(float(strip.times_s[i]), float(strip.times_s[i + 1])) for i in np.flatnonzero(moves)
            if near[i] or is_drawn(strip.pictures[i + 1], strip.busy_before[i] | strip.busy_after[i])]


def shots(strip: Strip, end_s: float) -> list[Shot]:
    """The slides of a video that ends at `end_s`, in order; none of a film."""
    return unless_film(shown(strip, end_s), end_s)


def unless_film(slides: list[Shot], end_s: float) -> list[Shot]:
    """The slides of a video of that length; none where they are so few that it is a film with a title."""
    return slides if sum(shot.end_s - shot.start_s for shot in slides) >= _COVER * end_s else []


def shown(strip: Strip, end_s: float) -> list[Shot]:
    """What looks like slides, in order, in what ends at `end_s`; a film may have some, too."""
    found = _merged(strip, sorted([*_still_runs(strip), *_animated_runs(strip)]))
    drawn = [is_drawn(strip.pictures[last], _busy_at(strip, first, last)) for first, last in found]
    lasting = [float(strip.times_s[last] - strip.times_s[first]) for first, last in found]
    mostly_drawn = sum(s for s, d in zip(lasting, drawn, strict=True) if d) * 2 >= sum(lasting)
    kept = [run for run, d, s in zip(found, drawn, lasting, strict=True)
            if d or (mostly_drawn and s >= _PHOTO_S and np.mean(_busy_at(strip, *run)) <= _PHOTO_BUSY)]
    return _timed(strip, kept, end_s)


def same_pictures(slides: Sequence[Shot]) -> list[int]:
    """Of every shot the number of the first one that shows the same slide; its own where it is new."""
    # Looked at again, not hashed: slides of one template have hashes as near as a slide has to itself after encoding.
    first: list[int] = []
    for i, shot in enumerate(slides):
        earlier = (j for j in range(i) if first[j] == j)
        first.append(next((j for j in earlier
                           if not differs(slides[j].picture, shot.picture, slides[j].busy | shot.busy)), i))
    return first


Run = tuple[int, int]  # the first and the last picture of a stretch in which nothing changes


def _still_runs(strip: Strip) -> list[Run]:
    runs: list[Run] = []
    first = 0
    moves = moving(strip)
    for i in range(len(strip.times_s)):
        if i == len(moves) or moves[i]:
            if strip.times_s[i] - strip.times_s[first] >= _STILL_S:
                runs.append((first, i))
            first = i + 1
    return runs


def _animated_runs(strip: Strip) -> list[Run]:
    """Where nothing stands still for _STILL_S, but all goes on between two turns of a large part of the picture."""
    moves = moving(strip)
    large = np.count_nonzero(~np.isnan(strip.turned) & ~strip.busy, axis=(1, 2)) >= _LARGE
    bounds = [0, *(int(i) + 1 for i in np.flatnonzero(large)), len(strip.times_s)]
    still = _still_runs(strip)
    return [(begin, end - 1) for begin, end in pairwise(bounds)
            if end > begin and strip.times_s[end - 1] - strip.times_s[begin] >= _ANIMATED_S and moves[begin:end - 1].any()
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


