"""Words as search compares them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.search_terms import LONGEST, fold, halves, has_phrase, one_edit, stem, stems, words

LETTERS = st.text(alphabet="abcdeéж学", min_size=1, max_size=8)


def folded(text: str) -> list[str]:
    return [word.folded for word in words(text)]


@pytest.mark.parametrize(("text", "found"), [
    ("The Gradient's descent, e.g. in C++ and C#.", ["the", "gradient", "descent", "e", "g", "in", "c++", "and", "c#"]),
    ("Überraschung in Łódź: ÉTÉ", ["uberraschung", "in", "lodz", "ete"]),
    ("STRASSE straße ﬁnd １２３", ["strasse", "strasse", "find", "123"]),
    ("机器学习", ["机器", "器学", "学习"]),
    ("学 GPU加速", ["学", "gpu", "加速"]),
    ("हिन्दी में", ["हिन्दी", "में"]),
    ("Ελληνικά κείμενο", ["ελληνικα", "κειμενο"]),
    ("It's the classes' 's'. S's", ["it", "the", "classes", "s"]), ("Noël’s ’s ’ss", ["noel", "ss"]),
    ("l’eau d'été", ["l", "eau", "d", "ete"]),
    ("snake_case 3.14 x86-64", ["snake", "case", "3", "14", "x86", "64"]),
    ("", []), ("!?… — ☃ 😀\0", []),
])
def test_the_words_of_a_text(text: str, found: list[str]) -> None:
    assert folded(text) == found


def test_a_spelling_with_combining_signs_is_the_same_word() -> None:
    assert folded(unicodedata.normalize("NFD", "naïve Ångström")) == folded("naïve Ångström") == ["naive", "angstrom"]


@pytest.mark.parametrize("group", [
    ["lecture", "lectures", "lectured", "lecturing"], ["study", "studies"], ["class", "classes"], ["box", "boxes"],
    ["run", "running", "runs"], ["compute", "computes", "computed", "computing"], ["graph", "graphs"],
])
def test_forms_of_a_word_have_one_stem(group: list[str]) -> None:
    assert len(set(map(stem, group))) == 1


@pytest.mark.parametrize("pair", [("string", "str"), ("speed", "spe"), ("bus", "bu"), ("analysis", "analysi"),
                                  ("need", "ne"), ("status", "statu"), ("class", "clas"), ("spring", "spr")])
def test_what_only_looks_like_an_ending_stays(pair: tuple[str, str]) -> None:
    assert stem(pair[0]) != stem(pair[1])


@given(st.text(max_size=200))
def test_words_lie_in_the_text_in_order_and_fold_for_good(text: str) -> None:
    at = -1
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text) and word.start > at
        at = word.start
        assert 0 < len(word.folded) <= LONGEST
        assert fold(word.folded) == word.folded
        assert "\0" not in word.folded and " " not in word.folded


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=100))
def test_the_fast_way_for_plain_text_finds_the_same(text: str) -> None:
    assert list(words(text)) == list(words(text + " ☃"))
    assert stems(text) == [stem(word.folded) for word in words(text)]


PIECES = ["study", "studies'", "It's", "running", "run's", "c++", "c#", "'s", "a", "-", "_", "classes", "computing", "naïve",
          "1,", "--b", "s"]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.integers(0, 10), st.integers(2, 4))
def test_a_phrase_is_found_where_it_is(pieces: list[str], at: int, length: int) -> None:
    for text in (" ".join(pieces), " ".join(pieces) + " ☃"):
        found = stems(text)
        if phrase := tuple(found[at:at + length]):
            assert has_phrase(text, phrase)
            other = (*phrase, "zebra")
            assert not has_phrase(text, other)
            line = f" {' '.join(found)} "
            assert has_phrase(text, phrase[::-1]) == (f" {' '.join(phrase[::-1])} " in line)


@given(LETTERS, st.data())
def test_one_edit_is_found_and_lies_in_a_half(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    sign = data.draw(st.sampled_from("abé学"))
    edited = data.draw(st.sampled_from([
        word[:at] + word[at + 1:], word[:at] + sign + word[at:], word[:at] + sign + word[at + 1:],
        word[:at] + word[at:at + 2][::-1] + word[at + 2:], word + sign]))
    assert one_edit(edited, word) == one_edit(word, edited) == (edited != word)
    if edited != word and len(edited) >= 2:
        beginning, end, crossed = halves(edited)
        assert word.startswith(beginning) or word.endswith(end) or word == crossed


@given(LETTERS, LETTERS)
def test_more_than_one_edit_is_not(a: str, b: str) -> None:
    assert one_edit(a, b) == (_distance(a, b) == 1)


def _distance(a: str, b: str) -> int:
    """Optimal string alignment, from its definition."""
    table = [[max(i, j) if not (i and j) else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]
