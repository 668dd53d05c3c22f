"""Cues by the rules that people read by."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.cues import (
    CHARACTERS_A_SECOND,
    GAP_S,
    LEAST_S,
    LINE_COLUMNS,
    LINES,
    MOST_S,
    PAUSE_S,
    cues,
    lay_out,
    width,
)
from enrich.transcript import Transcript, Word


def said(text: str, start_s: float = 0, a_second: float = 2.5, pauses: dict[int, float] | None = None) -> list[Word]:
    """The words of a text, `a_second` of them, with a pause before some."""
    words, at = [], start_s
    for i, word in enumerate(text.split()):
        at += (pauses or {}).get(i, 0)
        words.append(Word(text=f" {word}", start_s=at, end_s=at + 0.9 / a_second, probability=0.9))
        at += 1 / a_second
    return words


def lines(words: list[Word]) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues(words)]


def test_a_short_sentence_is_one_line() -> None:
    assert lines(said("Welcome to the course.")) == [("Welcome to the course.",)]
    assert cues([]) == []


def test_cues_end_where_sentences_do() -> None:
    found = lines(said("A graph has nodes. Between them there are edges, and an edge may have a weight. That is all."))
    assert [line[-1][-1] for line in found] == ["."] * len(found)
    assert 1 < len(found) <= 3


def test_a_long_sentence_is_cut_behind_a_clause() -> None:
    found = lines(said("When the matrix has full rank, which we shall prove in the next lecture, the system has exactly "
                       "one solution, whatever stands on its right hand side."))
    assert [line[-1][-1] for line in found] == [",", ",", "."] or [line[-1][-1] for line in found] == [",", "."]


def test_no_cue_goes_across_a_pause() -> None:
    words = said("And now we wait a moment before we go on.", pauses={5: PAUSE_S + 0.2})
    assert lines(words) == [("And now we wait a",), ("moment before we go on.",)]


def test_two_lines_are_cut_near_the_middle() -> None:
    (found,) = lines(said("The derivative of a sum is the sum of the derivatives.", a_second=4))
    assert len(found) == 2
    assert abs(len(found[0]) - len(found[1])) < 12


def test_a_cue_stays_long_enough_to_be_read() -> None:
    first, second = cues([*said("Indeed yes.", 0, 8), *said("So it is.", 20, 8)])
    assert first.end_s - first.start_s == pytest.approx(LEAST_S)
    assert second.start_s == 20


def test_languages_without_spaces_are_joined_and_cut_by_columns() -> None:
    signs = "线性代数是数学的一个分支" * 4
    found = cues([Word(text=sign, start_s=i / 5, end_s=i / 5 + 0.2, probability=1) for i, sign in enumerate(signs)])
    assert "".join(line for cue in found for line in cue.lines) == signs
    assert all(width(line) <= LINE_COLUMNS for cue in found for line in cue.lines)


def test_a_word_longer_than_a_line_is_cut() -> None:
    assert lay_out([" " + "x" * 100]) == ("x" * 42, "x" * 42, "x" * 16)


WORDS = st.lists(st.tuples(st.text("abcdefghij,.é中", min_size=1, max_size=14), st.floats(0.01, 1.5), st.floats(0, 4)),
                 max_size=60)


@given(WORDS)
def test_the_rules_hold_whatever_is_said(spoken: list[tuple[str, float, float]]) -> None:
    words, at = [], 0.0
    for text, length_s, pause_s in spoken:
        words.append(Word(text=f" {text}", start_s=at, end_s=at + length_s, probability=0.5))
        at += length_s + pause_s
    found = cues(words)
    assert " ".join(cue.text for cue in found).split() == [word.text.strip() for word in words]
    for cue in found:
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < width(line) <= LINE_COLUMNS for line in cue.lines)
        assert 0 < cue.end_s - cue.start_s <= MOST_S + 0.002
    for one, following in pairwise(found):
        assert following.start_s >= one.end_s
    # Where the next words leave the time, a cue is not gone before it can be read.
    for cue, following in pairwise(found):
        if following.start_s - cue.start_s > MOST_S + GAP_S:
            rate = sum(map(width, cue.lines)) / (cue.end_s - cue.start_s)
            last = max(word.end_s for word in words if word.start_s < following.start_s - 0.001)
            assert rate <= CHARACTERS_A_SECOND + 0.1 or cue.end_s >= last + 0.99


@given(WORDS)
def test_every_cut_is_a_word(spoken: list[tuple[str, float, float]]) -> None:
    words = [Word(text=f" {text}", start_s=float(i), end_s=i + 0.9, probability=1) for i, (text, _, _) in enumerate(spoken)]
    starts = {word.start_s for word in words}
    assert all(cue.start_s in starts for cue in cues(words))


def test_a_transcript_is_text() -> None:
    spoken = Transcript(language="en", words=tuple(said("Hello there, everyone.")))
    assert spoken.text == "Hello there, everyone."
    assert not spoken.words[0].unsure
    assert Transcript.model_validate(spoken.model_dump(mode="json")) == spoken
