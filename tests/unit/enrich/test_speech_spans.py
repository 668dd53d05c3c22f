"""Speech in spans: every stretch once, in order, cut at pauses."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from enrich.speech_spans import FIRST_S, LEAST_S, MOST_S, Stretch, first_span, spans


def talk(*lengths_and_pauses: float) -> list[Stretch]:
    found, at = [], 0.0
    for i, seconds in enumerate(lengths_and_pauses):
        if i % 2 == 0:
            found.append(Stretch(at, at + seconds))
        at += seconds
    return found


def test_nobody_speaks() -> None:
    assert spans([]) == []


def test_the_first_words_come_soon() -> None:
    minute = talk(*[9, 1] * 60)
    found = spans(minute)
    assert FIRST_S <= found[0][-1].end_s <= 2 * FIRST_S
    assert all(LEAST_S <= group[-1].end_s - group[0].start_s <= MOST_S for group in found[1:-1])


def test_a_few_minutes_are_one_span() -> None:
    assert len(spans(talk(*[9, 1] * 18))) == 1
    assert len(spans(talk(*[9, 1] * 19))) > 1


def test_the_longest_pause_is_chosen() -> None:
    stretches = talk(9, 1, 9, 1, 9, 1, *[9, 1] * 20, 9, 3, *[9, 1] * 40)
    found = spans(stretches)
    assert any(after[0].start_s - before[-1].end_s == 3 for before, after in pairwise(found))


def test_who_never_pauses_is_not_cut_off() -> None:
    assert len(spans(talk(1000))) == 1
    assert [len(group) for group in spans(talk(1000, 1, 5))] == [1, 1]


@given(st.lists(st.floats(0.2, 400), max_size=80))
def test_each_stretch_is_in_one_span(lengths: list[float]) -> None:
    stretches = talk(*lengths)
    assert [one for group in spans(stretches) for one in group] == stretches
    assert all(spans(stretches))


def test_the_first_span_is_known_before_the_rest() -> None:
    rng = random.Random(7)
    known = 0
    for _ in range(300):
        at_s, spoken = rng.uniform(0, 60), []
        for _ in range(60):
            end_s = at_s + rng.choice((1, 5, 20, 70)) * rng.uniform(0.5, 1.5)
            spoken.append(Stretch(at_s, end_s))
            at_s = end_s + rng.uniform(0.5, 4)
        whole = spans(spoken)[0]
        for count in range(len(spoken) + 1):
            found = first_span(spoken[:count])
            assert found in (None, whole)
            known += found is not None
    assert known > 1000
    assert first_span([Stretch(0, 20)]) is None
