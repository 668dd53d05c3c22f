"""What a person should listen to, and where words lie that were heard in a span."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from enrich.recognizer import places
from enrich.speech_spans import Stretch
from enrich.steps import placed
from enrich.transcript import Word, to_review


def words(*probabilities: float) -> list[Word]:
    return [Word(text=f" w{i}", start_s=i, end_s=i + 0.9, probability=odds) for i, odds in enumerate(probabilities)]


def test_unsure_words_near_each_other_are_one_passage() -> None:
    assert to_review(words(0.9, 0.3, 0.9, 0.4, 0.9)) == [(1, 3.9, "w1 w2 w3")]
    assert to_review(words(0.2, *[0.9] * 9, 0.2)) == [(0, 0.9, "w0"), (10, 10.9, "w10")]
    assert to_review(words(0.5, 0.9)) == []


@given(st.lists(st.floats(0, 1)))
def test_every_unsure_word_is_in_a_passage(probabilities: list[float]) -> None:
    said = words(*probabilities)
    passages = to_review(said)
    for word in said:
        if word.unsure:
            assert any(start_s <= word.start_s and word.end_s <= end_s for start_s, end_s, _ in passages)
    assert passages == sorted(passages)


def test_a_word_ends_soon_after_the_voice() -> None:
    span = [Stretch(10, 14), Stretch(20, 30)]
    drawn_out = Word(text=" end", start_s=3.5, end_s=9.5, probability=1)
    assert placed(drawn_out, 10, span) == Word(text=" end", start_s=13.5, end_s=14.1, probability=1)
    assert placed(drawn_out, 18, span) == Word(text=" end", start_s=21.5, end_s=27.5, probability=1)


@given(st.lists(st.floats(0.5, 60), min_size=1, max_size=50), st.integers(1, 6))
def test_the_language_is_heard_at_several_places_that_do_not_overlap(lengths_s: list[float], count: int) -> None:
    spoken, at_s = [], 0.0
    for length_s in lengths_s:
        spoken.append(Stretch(at_s, at_s + length_s))
        at_s += length_s + 1
    chosen = places(spoken, count)
    assert 1 <= len(chosen) <= count
    assert chosen[0].start_s == spoken[0].start_s
    assert all(one.start_s in {stretch.start_s for stretch in spoken} for one in chosen)
    assert all(one.end_s <= following.start_s for one, following in pairwise(chosen))
