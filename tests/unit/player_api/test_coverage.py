"""Sets of seconds, against sets of numbers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from player_api.analytics.coverage import clipped, insert, length_s, measure, packed, pieces, rest, seconds_of, unpacked

_INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda it: (it[0], it[0] + it[1])), max_size=30)


def numbers(flat: list[int]) -> set[int]:
    return {second for start, end in pieces(flat) for second in range(start, end)}


@given(_INTERVALS)
def test_it_is_a_set(intervals: list[tuple[int, int]]) -> None:
    covered: list[int] = []
    truth: set[int] = set()
    for start, end in intervals:
        fresh = insert(covered, start, end)
        wanted = set(range(start, end))
        assert numbers(fresh) == wanted - truth
        assert numbers(rest(fresh, start, end)) == wanted & truth
        truth |= wanted
        assert numbers(covered) == truth
        assert measure(covered) == len(truth)
        assert covered == sorted(set(covered))  # pieces neither overlap nor touch
        assert unpacked(packed(covered)) == covered


@given(_INTERVALS, st.randoms())
def test_the_order_does_not_matter(intervals: list[tuple[int, int]], chance: object) -> None:
    shuffled = list(intervals)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one: list[int] = []
    other: list[int] = []
    for start, end in intervals:
        insert(one, start, end)
    for start, end in shuffled:
        insert(other, start, end)
    assert one == other


@given(st.integers(0, 100_000), st.lists(st.integers(1, 5_000), min_size=1, max_size=12))
def test_where_an_interval_is_cut_does_not_matter(from_ms: int, lengths: list[int]) -> None:
    cuts = [from_ms]
    for length_ms in lengths:
        cuts.append(cuts[-1] + length_ms)
    whole = seconds_of(cuts[0], cuts[-1])
    parts = [second for a, b in pairwise(cuts) for second in range(*seconds_of(a, b))]
    assert parts == list(range(*whole))  # each second once, none lost


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_second_is_played_when_its_midpoint_is(one: int, other: int) -> None:
    from_ms, to_ms = sorted((one, other))
    first, end = seconds_of(from_ms, to_ms)
    assert first * 1000 + 500 >= from_ms > (first - 1) * 1000 + 500
    assert end * 1000 + 500 >= to_ms > (end - 1) * 1000 + 500


def test_a_video_has_the_seconds_whose_midpoint_it_reaches() -> None:
    assert [length_s(ms) for ms in (1, 500, 501, 1500, 1501, 1_800_300)] == [1, 1, 1, 1, 2, 1800]


@given(_INTERVALS, st.integers(0, 100))
def test_clipped(intervals: list[tuple[int, int]], end: int) -> None:
    covered: list[int] = []
    for a, b in intervals:
        insert(covered, a, b)
    assert numbers(clipped(covered, end)) == {second for second in numbers(covered) if second < end}
