"""Speech in windows and spans: every stretch once, in order, and windows that do not depend on spans."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from enrich.speech_spans import RATE_HZ, TOGETHER, WINDOW_S, Stretch, first_span, spans, windows


def talk(*lengths_and_pauses: float) -> list[Stretch]:
    found, at = [], 0.0
    for i, seconds in enumerate(lengths_and_pauses):
        if i % 2 == 0:
            found.append(Stretch(at, at + seconds))
        at += seconds
    return found


def counted_from(start_s: float, spoken: list[Stretch]) -> list[Stretch]:
    return [Stretch(one.start_s - start_s, one.end_s - start_s) for one in spoken]


def test_nobody_speaks() -> None:
    assert windows([]) == spans([]) == []


def test_a_window_has_as_much_speech_as_fits() -> None:
    assert [len(group) for group in windows(talk(*[10, 90] * 7))] == [3, 3, 1]
    assert [len(group) for group in windows(talk(20, 1, 11, 1, 19, 1))] == [1, 2]


def test_the_first_words_come_soon() -> None:
    found = spans(talk(*[9, 1] * 60))
    assert [len(windows(group)) for group in found] == [1, 8, 11]


def test_a_few_minutes_are_one_span() -> None:
    assert len(spans(talk(*[30, 1] * 6))) == 1
    assert len(spans(talk(*[30, 1] * 7))) > 1


def test_who_never_pauses_is_heard_all_the_same() -> None:
    found = windows(talk(100))
    assert [(group[0].start_s, group[-1].end_s) for group in found] == [(0, 30), (30, 60), (60, 90), (90, 100)]


lectures = st.lists(st.integers(1000, 480_000), max_size=400).map(lambda samples: talk(*(n / RATE_HZ for n in samples)))


@given(lectures)
def test_each_stretch_is_in_one_span(spoken: list[Stretch]) -> None:
    found = spans(spoken)
    assert [one for group in found for one in group] == spoken
    assert all(found)


@given(lectures)
def test_windows_do_not_depend_on_where_spans_end(spoken: list[Stretch]) -> None:
    sizes = [len(window) for window in windows(spoken)]
    assert [len(window) for group in spans(spoken) for window in windows(counted_from(group[0].start_s, group))] == sizes
    assert all(sum(one.end_s - one.start_s for one in window) <= WINDOW_S + 0.001 for window in windows(spoken))


@given(lectures)
def test_spans_keep_the_processor_busy(spoken: list[Stretch]) -> None:
    assert all(len(windows(group)) % TOGETHER == 0 for group in spans(spoken)[1:-1])


def test_the_first_span_is_known_before_the_rest() -> None:
    rng = random.Random(7)
    known = 0
    for _ in range(300):
        at_s, spoken = rng.uniform(0, 60), []
        for _ in range(60):
            end_s = at_s + rng.choice((1, 5, 20)) * rng.uniform(0.5, 1.5)
            spoken.append(Stretch(at_s, end_s))
            at_s = end_s + rng.uniform(0.5, 4)
        whole = spans(spoken)[0]
        for count in range(len(spoken) + 1):
            found = first_span(spoken[:count])
            assert found in (None, whole)
            known += found is not None
    assert known > 1000
    assert first_span([Stretch(0, 20)]) is None
