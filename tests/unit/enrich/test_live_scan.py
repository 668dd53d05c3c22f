"""Slides found while a lecture goes on are those that are found in all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.live_scan import Glance, LiveScan
from enrich.slide_look import SHAPE, Pictures
from enrich.slide_scan import Shot, shots, unsettled
from enrich.slide_strip import strip_of, with_frames

EVERY = 4  # glances from key frame to key frame


def page(*rows: int, seed: int = 0) -> Pictures:
    """A white page with a line of "text" in each of these rows of blocks."""
    picture = np.full(SHAPE, 245, np.uint8)
    for row in rows:
        picture[row * 10 + 3:row * 10 + 7, 10:100] = 245 - np.random.default_rng([seed, row]).integers(0, 2, (4, 90)) * 200
    return picture


def camera(n: int, share: float) -> Pictures:
    """A filmed picture, as dark as this."""
    return (np.random.default_rng(n).integers(0, 255, SHAPE) * share).astype(np.uint8)


def glances(pictures: Sequence[Pictures]) -> list[Glance]:
    return [Glance(n * 2.0 / EVERY, n % EVERY == 0, picture) for n, picture in enumerate(pictures)]


def at_once(seen: Sequence[Glance]) -> list[Shot]:
    """What the step finds that looks at a recording: at key frames, and at everything where they changed."""
    keys = [one for one in seen if one.key]
    strip = strip_of(np.array([one.at_s for one in keys]), np.stack([one.picture for one in keys]))
    runs: list[tuple[float, float]] = []
    for start_s, end_s in unsettled(strip):
        if runs and runs[-1][1] == start_s:
            runs[-1] = (runs[-1][0], end_s)
        else:
            runs.append((start_s, end_s))
    within = [[one for one in seen if start_s <= one.at_s <= end_s] for start_s, end_s in runs]
    frames = iter([(np.array([one.at_s for one in run]), np.stack([one.picture for one in run])) for run in within])
    return shots(with_frames(strip, frames), keys[-1].at_s)


def same(found: Sequence[Shot], wanted: Sequence[Shot]) -> bool:
    return [(one.start_s, one.end_s, one.settled_s, one.build) for one in found] == [
        (one.start_s, one.end_s, one.settled_s, one.build) for one in wanted] and all(
        (a.picture == b.picture).all() and (a.busy == b.busy).all() for a, b in zip(found, wanted, strict=True))


def drawn(which: Sequence[int], *, corner: bool, seed: int) -> list[Pictures]:
    """Pages, builds, films, each for some glances; with somebody in a corner who never stands still."""
    known = [page(1, seed=seed), page(1, 3, seed=seed), page(1, 3, 5, seed=seed), page(2, 4, seed=seed + 1)]
    pictures = []
    for n, i in enumerate(which):
        picture = (known[i] if i < len(known) else camera(seed + n, 1.0)).copy()
        if corner:
            picture[60:85, 120:150] = camera(n, 0.6)[60:85, 120:150]
        pictures.append(picture)
    return pictures


lectures = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 14)), min_size=1, max_size=8).map(
    lambda parts: [which for which, count in parts for _ in range(count)])


@given(lectures, st.booleans(), st.integers(0, 2**16), st.data())
@settings(max_examples=25, deadline=None)
def test_looking_again_and_again_finds_what_one_look_finds(which: list[int], corner: bool, seed: int, data: st.DataObject
                                                           ) -> None:
    seen = glances(drawn(which, corner=corner, seed=seed))
    scan, at = LiveScan(), 0
    while at < len(seen):
        step = data.draw(st.integers(1, 8 * EVERY))
        scan.feed(seen[at:at + step])
        at += step
        keys = [one for one in seen[:at] if one.key]
        assert same(scan.shots(keys[-1].at_s), at_once(seen[:at]))


@given(lectures, st.integers(0, 2**16))
@settings(max_examples=8, deadline=None)
def test_nothing_changes_while_it_says_that_nothing_does(which: list[int], seed: int) -> None:
    scan, before = LiveScan(), []
    for one in glances(drawn(which, corner=False, seed=seed)):
        lively = scan.feed([one])
        if one.key:
            found = scan.shots(one.at_s)
            if not lively and one.at_s > 0:
                assert [shot.start_s for shot in found] == [shot.start_s for shot in before]
            before = found


def test_an_encoder_that_begins_anew_takes_the_place_of_what_it_shows_again() -> None:
    first = glances([page(1)] * 20 + [page(2, seed=1)] * 20)
    again = [Glance(one.at_s, one.key, page(3, seed=2)) for one in glances([page(1)] * 60) if one.at_s >= 14]
    scan = LiveScan()
    scan.feed(first)
    scan.shots(18.0)
    scan.feed(again)
    assert same(scan.shots(28.0), at_once([*[one for one in first if one.at_s < 14], *again]))


def test_of_a_long_lecture_the_older_part_stays_as_it_was_found() -> None:
    which = [n // 37 % 4 for n in range(700)]
    seen = glances(drawn(which, corner=True, seed=5))
    scan = LiveScan(longest=30)
    for one in seen:
        scan.feed([one])
        if one.key and one.at_s % 10 < 1:
            found = scan.shots(one.at_s)
    found = scan.shots(one.at_s - one.at_s % 2)
    wanted = at_once(seen)
    assert [round(one.start_s, 3) for one in found] == [round(one.start_s, 3) for one in wanted]
    assert [one.build for one in found] == [one.build for one in wanted]
    assert len(scan._times) < 90
