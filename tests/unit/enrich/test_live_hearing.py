"""Live sound in spans: cut in pauses, nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from enrich.live_hearing import LONGEST_S, WINDOW, LiveHearing, Span
from enrich.speech_spans import RATE_HZ

Sound = NDArray[np.float32]


def loudness(samples: Sound) -> Sound:
    """A voice detector for tests: somebody speaks where it is loud."""
    return np.clip(np.abs(samples.reshape(-1, WINDOW)).mean(axis=1), 0, 1)


def spoken(*seconds: float) -> Sound:
    """Speech and silence in turn, beginning with speech. Every sample of speech is another one."""
    pieces = [np.full(round(one * RATE_HZ), 0.0 if i % 2 else 0.9, np.float32) for i, one in enumerate(seconds)]
    sound = np.concatenate(pieces)
    return np.where(sound > 0, sound + np.arange(len(sound), dtype=np.float32) * 1e-8, sound).astype(np.float32)


def heard(sound: Sound, sizes: Sequence[int], at_s: float = 0.0) -> list[Span]:
    hearing, found, at = LiveHearing(loudness), [], 0
    for size in sizes:
        found += list(hearing.feed(at_s + at / RATE_HZ, sound[at : at + size]))
        at += size
    return found


def test_a_span_ends_in_a_pause_that_is_long_enough() -> None:
    # 1.5 s and a breath belong together, then there is a pause after enough words, and one after few that is long.
    found = heard(spoken(1.5, 0.4, 2.0, 0.45, 1.0, 1.2, 4.0, 2.0), [8000] * 26, at_s=100.0)
    assert [one.start_s for one in found] == pytest.approx([100.0, 104.2, 106.4], abs=0.11)
    assert [one.end_s for one in found] == pytest.approx([104.1, 105.5, 110.7], abs=0.11)


def test_who_speaks_without_a_pause_is_cut_where_it_is_quiet() -> None:
    sound = spoken(30.0)
    quiet_at = int(7.3 * RATE_HZ)
    sound[quiet_at : quiet_at + WINDOW] *= 0.7  # still a voice
    found = heard(sound, [4000] * 120)
    assert found[0].end_s == pytest.approx(7.3, abs=0.1)
    assert all(one.end_s - one.start_s <= LONGEST_S + 0.5 for one in found)
    joined = np.concatenate([one.samples for one in found])
    assert np.array_equal(joined, sound[: len(joined)])  # no word is lost, and none is said twice


def test_silence_and_coughs_are_nothing_and_cost_no_memory() -> None:
    hearing = LiveHearing(loudness)
    found = [one for k in range(240) for one in hearing.feed(1.5 * k, spoken(0.1, 1.4))]
    assert not found
    assert len(hearing._sound) < 3 * RATE_HZ


def test_sound_of_another_encoder_is_not_joined_to_what_was_before() -> None:
    hearing = LiveHearing(loudness)
    before = list(hearing.feed(0.0, spoken(2.0)))
    after = list(hearing.feed(10.0, spoken(3.0, 1.0)))
    assert not before
    assert [(round(one.start_s), round(one.end_s)) for one in after] == [(0, 2), (10, 13)]


@settings(max_examples=25, deadline=None)
@given(seconds=st.lists(st.floats(0.05, 12), min_size=1, max_size=6), size=st.integers(100, 20_000))
@example(seconds=[5.75, 0.3125, 2.0], size=100)  # cut in a pause that is shorter than the sound around two spans
def test_all_that_is_said_is_in_a_span_once(seconds: list[float], size: int) -> None:
    sound = np.concatenate([spoken(*seconds), np.zeros(3 * RATE_HZ, np.float32)])
    found = heard(sound, [size] * (len(sound) // size + 1))
    covered = np.zeros(len(sound), int)
    for one in found:
        at = round(one.start_s * RATE_HZ)
        assert np.array_equal(one.samples, sound[at : at + len(one.samples)])
        covered[at : at + len(one.samples)] += sound[at : at + len(one.samples)] > 0
    loud = [(at, length) for at, length in _runs(sound > 0) if length > 0.5 * RATE_HZ]
    assert all(covered[at + WINDOW : at + length - WINDOW].all() for at, length in loud)
    assert covered.max() <= 1 or not found


def _runs(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
