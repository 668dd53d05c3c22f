"""Where a film is cut, in pictures that are made up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from enrich.scene_cuts import SHORTEST_S, cuts
from enrich.small_pictures import Small, Times

RATE = 25


def place(seed: int) -> Small:
    """A picture of coloured blotches, four times as wide as what is seen of it."""
    blotches = np.random.default_rng(seed).integers(0, 255, (9, 64, 3))
    return np.asarray(np.kron(blotches, np.ones((10, 10, 1))), dtype=np.uint8)


def shot(seed: int, duration_s: float, *, pixels_a_s: float = 0.0) -> Small:
    """A camera that turns so fast, with its noise."""
    wide = place(seed)
    noise = np.random.default_rng(seed)
    frames = []
    for n in range(round(duration_s * RATE)):
        left = round(n / RATE * pixels_a_s) % 480
        frames.append(np.clip(wide[:, left:left + 160].astype(np.int16) + noise.integers(-4, 5, (90, 160, 3)), 0, 255))
    return np.asarray(frames, dtype=np.uint8)


def film(*shots: Small, at_once: int = 40) -> Iterator[tuple[Times, Small]]:
    pictures = np.concatenate(shots)
    times_s = np.arange(len(pictures)) / RATE
    for at in range(0, len(pictures), at_once):
        yield times_s[at:at + at_once], pictures[at:at + at_once]


def test_a_cut_is_found_to_the_frame_and_a_turning_camera_is_none() -> None:
    found = cuts(film(shot(1, 3), shot(2, 4, pixels_a_s=40), shot(3, 2.6, pixels_a_s=90), shot(4, 2)))
    assert found == pytest.approx([3, 7, 9.6], abs=1e-6)


def test_one_camera_has_no_cut() -> None:
    assert cuts(film(shot(5, 8, pixels_a_s=25))) == []
    assert cuts(film(shot(6, 0.2))) == []


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_it_does_not_matter_how_many_come_at_once(at_once: int) -> None:
    shots = [shot(7, 2.2), shot(8, 1.8, pixels_a_s=60), shot(9, 2)]
    assert cuts(film(*shots, at_once=at_once)) == cuts(film(*shots))


def test_scenes_are_not_shorter_than_promised() -> None:
    found = cuts(film(*(shot(seed, 0.6) for seed in range(10, 20))))
    assert found
    assert all(later - earlier >= SHORTEST_S for earlier, later in pairwise([0.0, *found]))
