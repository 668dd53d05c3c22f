"""Which pictures are another slide, what is masked, and that shots are in order whatever the pictures are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.slide_look import SHAPE, Pictures, differs, is_build, is_drawn, template, touched
from enrich.slide_scan import same_pictures, shots, unsettled
from enrich.slide_strip import Strip, strip_of, with_frames

NONE = np.zeros((9, 16), dtype=bool)
NO_PIXELS = np.zeros(SHAPE, dtype=bool)


def page(*rows: int, seed: int = 0) -> Pictures:
    """A white page with a line of "text" in each of these rows of blocks."""
    picture = np.full(SHAPE, 245, np.uint8)
    for row in rows:
        text = np.random.default_rng([seed, row]).integers(0, 2, (4, 90)) * 200
        picture[row * 10 + 3:row * 10 + 7, 10:100] = 245 - text
    return picture


def filmed(n: int) -> Pictures:
    return np.random.default_rng(n).integers(0, 255, SHAPE).astype(np.uint8)


def strip(*pictures: Pictures, every_s: float = 2.0) -> Strip:
    return strip_of(np.arange(len(pictures)) * every_s, np.stack(pictures))


noise = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).integers(0, 255, SHAPE).astype(np.uint8))


@given(noise, noise)
@settings(max_examples=30)
def test_touching_is_mutual_and_nothing_touches_itself(a: Pictures, b: Pictures) -> None:
    assert (touched(a, b) == touched(b, a)).all()
    assert not touched(a, a).any()
    assert not differs(a, b, ~NONE)


def test_coding_noise_and_a_pointer_are_no_change_but_a_short_line_is() -> None:
    before = page(1, 3)
    noisy = (before.astype(int) + np.random.default_rng(1).integers(-12, 11, SHAPE)).clip(0, 255).astype(np.uint8)
    assert not differs(before, noisy, NONE)
    pointer = before.copy()
    pointer[60:63, 120:122] = 0
    pointer[82:85, 40:42] = 0
    assert not differs(before, pointer, NONE)
    line = before.copy()
    line[53:56, 12:40] = np.random.default_rng(2).integers(0, 2, (3, 28)) * 200
    assert differs(before, line, NONE)


def test_a_build_keeps_the_old_ink() -> None:
    assert is_build(page(1, 3), page(1, 3, 5), NO_PIXELS)
    assert not is_build(page(1, 3), page(1, 3, seed=1), NO_PIXELS)
    assert not is_build(page(), page(1), NO_PIXELS)  # an empty page is no slide that could be built on


def test_what_most_slides_have_is_no_reason_to_call_one_a_build() -> None:
    assert not template(np.stack([page(0)] * 3)).any()  # too few
    pages = [page(4, seed=n) for n in range(6)]
    for picture in pages:
        picture[:10] = page(0, seed=9)[:10]
    common = template(np.stack(pages))
    assert common[:10].any()
    assert common[40:50].mean() < 0.2


def test_a_page_is_drawn_and_a_camera_is_not() -> None:
    assert is_drawn(page(1, 3), NONE)
    assert is_drawn((255 - page(1, 3)).astype(np.uint8), NONE)
    assert not is_drawn(filmed(1), NONE)
    assert not is_drawn(page(), NONE)  # a plain wall
    assert not is_drawn(page(1, 3), ~NONE)


def test_one_slide_lasts_for_the_whole_video() -> None:
    (shot,) = shots(strip(*[page(1, 2)] * 5), 9.5)
    assert (shot.start_s, shot.end_s, shot.build) == (0.0, 9.5, False)
    assert 7.5 <= shot.settled_s <= 9.5


def test_a_film_has_no_slides_and_only_its_title_is_looked_at_closely() -> None:
    pictures = [page(4), *(filmed(n) for n in range(60))]
    assert shots(strip(*pictures), 122.0) == []
    assert all(end_s <= 8 for _, end_s in unsettled(strip(*pictures)))


def test_a_camera_in_a_corner_is_no_change() -> None:
    pictures = []
    for n in range(24):
        picture = page(1) if n < 12 else page(1, 3)
        picture[60:85, 120:150] = filmed(n)[60:85, 120:150]
        pictures.append(picture)
    first, second = shots(strip(*pictures), 48.0)
    assert (first.build, second.build) == (False, True)
    assert 22 <= first.end_s == second.start_s <= 24
    assert second.busy[7, 13]
    assert not second.busy[1].any()


def test_frames_say_when_a_slide_changes() -> None:
    keys = strip(page(1), page(1), page(2, seed=3), page(2, seed=3))
    (hint,) = unsettled(keys)
    assert hint == (2.0, 4.0)
    times_s = 2.0 + np.arange(50) / 25
    frames = np.stack([page(1) if time_s < 3.24 - 1e-6 else page(2, seed=3) for time_s in times_s])
    finer = with_frames(keys, iter([(times_s, frames)]))
    assert (np.diff(finer.times_s) > 0).all()
    first, second = shots(finer, 8.0)
    assert abs(second.start_s - 3.24) < 1e-6
    assert first.settled_s < 3.24 < second.settled_s


def test_a_fade_is_one_change_in_its_middle() -> None:
    a, b = page(1).astype(float), page(2, seed=3).astype(float)
    times_s = np.arange(0, 6, 0.04)
    frames = np.stack([a + (b - a) * np.clip((t - 2.5) / 0.8, 0, 1) for t in times_s]).astype(np.uint8)
    keys = strip_of(times_s[::50], frames[::50])
    found = shots(with_frames(keys, iter([(times_s, frames)])), 6.0)
    assert len(found) == 2
    assert 2.5 <= found[1].start_s <= 3.3


def test_a_slide_that_never_stands_still_is_one_between_two_that_do() -> None:
    keys = [page(1, 2, 3, 4, 5, seed=1)] * 3
    keys += [page(1, 2, 3, 4, 5, *([6] if n % 2 else []), seed=n // 2 + 50) for n in range(4)]
    keys += [page(1, 2, 3, 4, 5, 6, seed=2)] * 3
    assert len(shots(strip(*keys), 20.0)) == 2  # everything turns all the time: no slide in between
    lively = [page(1, 2, 3, 4, 5, seed=7).copy() for _ in range(4)]
    for n, picture in enumerate(lively):
        picture[70 + 3 * (n % 2):74 + 3 * (n % 2), 20 + 20 * n:60 + 20 * n] = 40
    first, second, third = shots(strip(*keys[:3], *lively, *keys[-3:]), 20.0)
    assert first.end_s == second.start_s <= 6
    assert second.end_s == third.start_s >= 12


def test_a_slide_that_returns_is_the_same() -> None:
    pictures = [page(1, seed=n) for n in (1, 1, 2, 2, 3, 3, 1, 1)]
    assert same_pictures(shots(strip(*pictures), 16.0)) == [0, 1, 2, 0]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 2**16))
@settings(max_examples=40, deadline=None)
def test_shots_are_in_order_and_within_the_video(which: list[int], seed: int) -> None:
    known = [page(1, seed=seed), page(1, 3, seed=seed), page(2, seed=seed + 1), filmed(seed), filmed(seed + 1)]
    made = strip(*(known[n] for n in which))
    end_s = len(which) * 2.0
    found = shots(made, end_s)
    assert all(0 <= shot.start_s < shot.end_s <= end_s for shot in found)
    assert all(shot.start_s <= shot.settled_s <= shot.end_s for shot in found)
    assert all(a.end_s <= b.start_s for a, b in pairwise(found))
    assert len(same_pictures(found)) == len(found)
    # Frames that say what the key frames said already change nothing of that.
    closer = with_frames(made, iter([(made.times_s[i:i + 2], made.pictures[i:i + 2]) for i in range(0, len(which), 4)]))
    assert (closer.times_s == made.times_s).all()
