"""How two rankings become one, and which sentence of a passage is shown."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infra.core.search_meaning import (
    DEPTH,
    best_sentence,
    fused,
    pack_sentences,
    sentence_ends,
    sentences_of,
    stamp,
)
from infra.core.search_snippets import sentence_snippet


def test_who_is_in_both_goes_before_who_is_first_in_one() -> None:
    assert [one for one, _ in fused([(1, 1.0), (2, 1.0)], [3, 2])] == [2, 1, 3]
    assert dict(fused([(2, 1.0)], [2])) == {2: 2.0}


def test_who_has_a_third_of_the_words_counts_for_a_third() -> None:
    assert fused([(1, 1 / 3)], [2])[0] == (2, 1.0)
    assert fused([(1, 1.0)], [2])[0] == (1, 1.0)  # equal: the words


@given(words=st.lists(st.integers(0, 200), unique=True, max_size=120), near=st.lists(st.integers(0, 200), unique=True))
def test_nothing_that_has_the_words_is_lost_and_nothing_is_there_twice(words: list[int], near: list[int]) -> None:
    found = fused([(one, 0.5) for one in words], near)
    ids = [one for one, _ in found]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(words) | set(near[:DEPTH])
    assert [one for one in ids if one in words[DEPTH:] and one not in near[:DEPTH]] == [
        one for one in words[DEPTH:] if one not in near[:DEPTH]]


def test_more_hits_by_words_change_no_earlier_page() -> None:
    words = [(n, 1.0) for n in range(200)]
    assert fused(words, [500, 3, 150])[:DEPTH] == fused(words[:DEPTH], [500, 3, 150])[:DEPTH]


def test_sentences_end_at_stops_and_where_they_get_long() -> None:
    text = 'He said "no." Then? 3.5 is a number… The end'
    ends = sentence_ends(text)
    assert [text[begin:end] for begin, end in pairwise([0, *ends])] == [
        'He said "no." ', "Then? ", "3.5 is a number… ", "The end"]
    assert max(end - begin for begin, end in pairwise([0, *sentence_ends("word " * 300)])) <= 300


@given(st.text(max_size=900))
def test_sentences_are_all_of_the_text(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends)) and ends[-1] == len(text)


def test_the_sentence_with_the_nearest_bits() -> None:
    text = "One here. Two here. Three."
    packed = pack_sentences([[b"\xff"], [b"\x0f", b"\xf0", b"\x00"]])
    assert list(sentences_of(packed, 2, 1, 1)) == [b"\x0f", b"\xf0", b"\x00"]
    begin, end = best_sentence(b"\xf1", packed, (2, 1), text)
    assert text[begin:end] == "Two here. "
    assert best_sentence(b"\xf1", packed, (2, 0), text) == (0, len(text))  # sentences are not what they were
    found = sentence_snippet(text, begin, end)
    assert (found.text, found.marks, found.html) == ("… Two here. …", (), "… Two here. …")


def test_a_stamp_is_of_all_texts_and_fits() -> None:
    assert stamp(1, ["a", "b"]) != stamp(1, ["ab"]) != stamp(2, ["ab"])
    assert 0 <= stamp(1, ["a"]) < 1 << 40
