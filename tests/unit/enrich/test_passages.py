"""Passages of what was said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enrich.caption_files import Caption
from enrich.passages import MOST_S, passages_of, words_of
from enrich.transcript import Word


def spoken(*sentences: str, seconds: float = 8.0) -> list[Word]:
    words = []
    for n, sentence in enumerate(sentences):
        its = sentence.split()
        for i, word in enumerate(its):
            start_s = n * seconds + i * seconds / len(its)
            words.append(Word(text=f" {word}", start_s=start_s, end_s=start_s + seconds / len(its), probability=1.0))
    return words


def test_a_passage_begins_with_the_sentence_that_the_one_before_ended_with() -> None:
    found = passages_of(spoken("One is here.", "Two is there.", "Three goes on.", "Four stops.", "Five ends.", "Six."))
    assert [one.text for one in found] == [
        "One is here. Two is there. Three goes on.", "Three goes on. Four stops. Five ends.", "Five ends. Six."]
    assert [(one.start_s, one.end_s) for one in found] == [(0, 24), (16, 40), (32, 48)]


def test_a_long_sentence_is_not_said_twice() -> None:
    found = passages_of(spoken("One.", "Two.", "Three.", seconds=19))
    assert [one.text for one in found] == ["One. Two.", "Three."]


def test_who_never_stops_is_cut() -> None:
    words = [Word(text=f" w{n}", start_s=n, end_s=n + 1, probability=1.0) for n in range(200)]
    found = passages_of(words)
    assert all(one.end_s - one.start_s <= MOST_S for one in found)
    assert [word for one in found for word in one.text.split()] == [f"w{n}" for n in range(200)]


def test_nothing_said_is_nothing_found() -> None:
    assert passages_of([]) == []
    assert passages_of([Word(text="  ", start_s=0, end_s=1, probability=1)]) == []


def test_the_words_of_captions_share_their_time() -> None:
    words = words_of([Caption(start_s=2.0, end_s=4.0, lines=("<i>ab</i>", "cd"))])
    assert [(word.text, word.start_s, word.end_s) for word in words] == [(" ab", 2.0, 2.8), (" cd", 3.2, 4.0)]


@given(st.lists(st.tuples(st.sampled_from([" a", " b.", " c,", "学。", " "]), st.floats(0, 30), st.floats(0, 5)),
                max_size=150))
def test_nothing_is_lost_and_all_is_in_order(made: list[tuple[str, float, float]]) -> None:
    at, words = 0.0, []
    for text, pause_s, length_s in made:
        words.append(Word(text=text, start_s=at + pause_s, end_s=at + pause_s + length_s, probability=1.0))
        at += pause_s + length_s
    found = passages_of(words)
    times = [(one.start_s, one.end_s) for one in found]
    assert times == sorted(times)
    assert all(start_s < end_s for start_s, end_s in times)
    for word in words:
        if word.text.strip():
            assert any(one.start_s - 0.001 <= word.start_s <= one.end_s + 0.001 for one in found)
