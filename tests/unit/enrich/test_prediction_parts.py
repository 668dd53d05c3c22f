"""The parts of a video, and what is known of each: laws, and a transcript that can be counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.prediction_features import NOTHING, Features, features
from enrich.prediction_parts import LEAST_S, MOST_S, cut
from enrich.slide import Slide
from enrich.transcript import Word

times = st.lists(st.floats(-10, 5000), max_size=40)


@given(st.integers(0, 4000), times, times)
def test_parts_cover_all_in_order_and_are_neither_short_nor_long(until_s: int, chapters: list[float], slides: list[float]
                                                                 ) -> None:
    parts = cut(until_s, chapters, slides)
    assert [second for start, end in parts for second in range(start, end)] == list(range(until_s))
    assert all(end - start <= MOST_S for start, end in parts)
    assert all(end - start >= LEAST_S for start, end in parts) or until_s < LEAST_S
    assert parts == cut(until_s, chapters[::-1], slides[::-1])


def test_parts_follow_chapters_before_slides() -> None:
    assert cut(100, [0, 40], []) == [(0, 20), (20, 40), (40, 70), (70, 100)]
    assert cut(100, [40], [36.2, 60.4]) == [(0, 20), (20, 40), (40, 60), (60, 80), (80, 100)]
    assert cut(100, [], [36.2, 60.4]) == [(0, 18), (18, 36), (36, 60), (60, 80), (80, 100)]
    assert cut(100, [95], [3]) == [(0, 25), (25, 50), (50, 75), (75, 100)]  # nearer to an end than a part may be


def said(text: str, start_s: float, apart_s: float, long_s: float) -> list[Word]:
    return [Word(text=f" {word}", start_s=start_s + n * apart_s, end_s=start_s + n * apart_s + long_s, probability=1)
            for n, word in enumerate(text.split())]


# 20 s: ten words from 0 to 10, then silence; 20 s: twenty words at twice the speed, half of them known; 20 s of nothing.
FIRST = "graphs have nodes and nodes have edges between two nodes."
SECOND = "every tree is a graph and every graph have nodes and edges between two nodes so count them now."
WORDS = [*said(FIRST, 0, 1, 0.8), *said(SECOND, 20, 0.5, 0.4)]
PARTS = [(0, 20), (20, 40), (40, 60)]


def test_a_transcript_that_is_counted_by_hand() -> None:
    first, second, third = features(PARTS, WORDS[::-1], [])
    # Gaps of 0.2 s and 0.1 s are no pauses: spoken from 0 to 9.8 s, and from 20 to 29.4 s.
    assert len(WORDS) == 10 + 19
    assert first.silence == pytest.approx(1 - 9.8 / 20)
    assert first.speech_rate == pytest.approx(10 * 60 / 9.8)
    assert second.silence == pytest.approx(1 - 9.4 / 20)
    assert second.speech_rate == pytest.approx(19 * 60 / 9.4)
    # graphs have nodes and edges between two; then every tree is a graph so count them now. Three a minute in 20 s.
    assert first.new_words == 7 * 3
    assert second.new_words == 9 * 3
    assert first.word_length == pytest.approx(len(FIRST.replace(" ", "").rstrip(".")) / 10)
    assert (first.new_topic, second.new_topic) == (None, 1.0)  # what all sentences have in common weighs nothing
    assert third == Features(speech_rate=None, silence=1.0, new_words=None, new_topic=None, word_length=None,
                             slide_age_s=None, slide_changes=None, slide_words=None, slides_shown=None)
    assert (first.slide_age_s, first.slide_changes, first.slide_words, first.slides_shown) == (None,) * 4


def slide(start_s: float, end_s: float, text: str = "", image: int = 0) -> Slide:
    return Slide(start_s=start_s, end_s=end_s, new=True, text=text, image=image)


def test_slides_that_are_counted_by_hand() -> None:
    shown = [slide(4, 25, "One two three", 1), slide(25, 28, "", 2), slide(28, 29, "One two three", 1),
             slide(50, 60, "x", 3)]
    first, second, third = (one[5:] for one in features(PARTS, [], shown))
    assert first == (6.0, 0.0, 3.0, 16 / 20)
    assert second == (None, 2 * 3, None, 9 / 20)  # at 30 s nothing is shown
    assert third == (0.0, 1 * 3, 1.0, 10 / 20)
    unread = features(PARTS, [], [slide(0, 60)])[1]
    assert (unread.slide_age_s, unread.slide_words) == (30.0, None)
    assert features(PARTS, [], []) == [NOTHING] * 3
    assert features([], WORDS, shown) == []


words = st.lists(st.builds(
    lambda text, start_s, long_s: Word(text=text, start_s=start_s, end_s=start_s + long_s, probability=1),
    st.sampled_from([" so", " graph.", "図形", "  ", " a,"]), st.floats(0, 700), st.floats(-1, 9)), max_size=80)
slides = st.lists(st.builds(lambda start_s, long_s, text, image: slide(start_s, start_s + long_s, text, image),
                            st.floats(0, 700), st.floats(0, 99), st.sampled_from(["", "a b", "図形 of"]), st.integers(0, 3)),
                  max_size=12).map(lambda found: sorted(found, key=lambda one: one.start_s))


@given(words, slides, st.integers(1, 600))
def test_features_stay_in_their_ranges(said_words: list[Word], shown: list[Slide], until_s: int) -> None:
    parts = cut(until_s, [], [one.start_s for one in shown])
    found = features(parts, said_words, shown)
    assert len(found) == len(parts)
    for one in found:
        for share in (one.silence, one.new_topic, one.slides_shown):
            assert share is None or 0 <= share <= 1
        for amount in (one.speech_rate, one.new_words, one.word_length, one.slide_age_s, one.slide_changes, one.slide_words):
            assert amount is None or amount >= 0
