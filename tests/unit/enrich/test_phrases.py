"""Sentences, terms and key phrases, in languages with and without spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich import topics
from enrich.phrases import background, key_phrases, of_chapters
from enrich.sentences import Sentence, sentences
from enrich.slide import Slide
from enrich.stop_words import stop_words
from enrich.terms import terms
from enrich.titles import titles
from enrich.transcript import Word


def spoken(*texts: str, each_s: float = 10) -> list[Sentence]:
    return [Sentence(start_s=i * each_s, end_s=(i + 1) * each_s, text=text) for i, text in enumerate(texts)]


def words(*parts: tuple[str, float]) -> list[Word]:
    """(" text", seconds of pause before it), each 0.4 s long."""
    found, at_s = [], 0.0
    for text, pause_s in parts:
        found.append(Word(text=text, start_s=at_s + pause_s, end_s=at_s + pause_s + 0.4, probability=1))
        at_s += pause_s + 0.4
    return found


def texts_of(found: list[Word]) -> list[str]:
    return [one.text for one in sentences(found)]


def test_sentences_end_with_their_sign_or_in_a_pause() -> None:
    assert texts_of(words((" A graph", 0), (" has nodes.", 0), (" And", 0.1), (" edges", 0.5))) == [
        "A graph has nodes.", "And edges"]
    assert texts_of(words((" one", 0), (" two", 1.2), (" three", 0.9))) == ["one", "two three"]
    assert texts_of(words(("图有节点。", 0), ("还有", 0), ("边", 0))) == ["图有节点。", "还有边"]
    assert texts_of(words((' He said "no."', 0), (" Then left", 0))) == ['He said "no."', "Then left"]
    assert [one.pause_s for one in sentences(words((" One.", 2), (" Two.", 0.5)))] == [2, pytest.approx(0.5)]


def test_without_signs_long_sentences_end_in_short_pauses() -> None:
    endless = words(*[(" word", 0.35 if i % 10 == 0 else 0.0) for i in range(200)])
    assert len(texts_of(endless)) == 4


@pytest.mark.parametrize(("text", "expected"), [
    ("The Graph's 3 nodes, don’t you see?", ["the", "graph", "nodes", "don't", "you", "see"]),
    ("state-of-the-art A/B", ["state-of-the-art", "a", "b"]),
    ("Straße ÜBER", ["strasse", "über"]),
    ("图有节点", ["图有", "有节", "节点"]),
    ("用Python写", ["用", "python", "写"]),
    ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया"]),
    ("שָׁלוֹם", ["שָׁלוֹם"]),
    ("42 ... — !", []),
])
def test_terms(text: str, expected: list[str]) -> None:
    assert list(terms(text)) == expected


def test_phrases_of_several_words_count_more_than_their_parts() -> None:
    said = spoken("The shortest path is what we want.", "A shortest path has no cycle.", "Edges and more edges.",
                  "So we look at the shortest path again.", "A path.")
    found = key_phrases(said, "en")
    assert found[0].text == "shortest path"
    assert found[0].times_s == (0, 10, 30)
    assert [one.text for one in found] == ["shortest path", "edges"]


def test_a_phrase_is_written_as_it_mostly_is() -> None:
    found = key_phrases(spoken("Graphs are nice.", "We draw graphs.", "One graph.", "The Fourier series.",
                               "A Fourier series."), "en")
    assert {one.text for one in found} == {"graph", "Fourier series"}
    assert not any(one.text.split()[-1] in stop_words("en") for one in found)


def test_what_is_on_slides_and_rare_elsewhere_counts_more() -> None:
    said = spoken("Tensor product.", "Tensor product.", "Exam dates.", "Exam dates.", "Exam dates.")
    assert [one.text for one in key_phrases(said, "en")] == ["Exam dates", "Tensor product"]
    others = background([["exam date", "graph"], ["exam dates"], ["cell", "exam date"]])
    assert [one.text for one in key_phrases(said, "en", others)] == ["Tensor product", "Exam dates"]
    on_slides = [Slide(start_s=0, end_s=9, image=0, title="Tensor products", text="Tensor products", new=True)]
    heard = words(*[(" Tensor product.", 2.0), (" Exam dates.", 2.0)] * 2)
    assert topics.find(heard, on_slides, "en")[0].text == "Tensor product"


def test_languages_without_spaces_have_phrases() -> None:
    found = key_phrases(spoken("我们看线性代数。", "线性代数是什么？", "这是グラフ"), "zh")
    assert found[0].text == "线性代数"
    others = background([["线性代数"], ["线性代数", "图"]])
    common = key_phrases(spoken("我们看线性代数。", "线性代数是什么？"), "zh", others)
    assert common[0].score < found[0].score
    assert key_phrases(spoken("グラフを見ます", "グラフの点"), "ja")[0].text == "グラフ"


def test_a_language_without_a_list_has_stop_words_by_what_is_said_all_over() -> None:
    said = spoken(*(f"bu bir {subject} ve" for subject in ("graf", "matris", "kenar") for _ in range(3)), each_s=60)
    assert [one.text for one in key_phrases(said, "tr")] == ["graf", "kenar", "matris"]


def test_each_chapter_has_its_own_phrases() -> None:
    said = spoken("A graph has nodes.", "Each graph has nodes.", "A matrix of the graph.", "The matrix is square.")
    first, second = of_chapters(key_phrases(said, "en"), [0, 20])
    assert [(one.text, one.times_s) for one in first] == [("graph", (0, 10)), ("nodes", (0, 10))]
    assert [(one.text, one.times_s) for one in second] == [("matrix", (20, 30)), ("graph", (20,))]


def test_titles_are_headlines_then_phrases_then_numbers() -> None:
    found = key_phrases(spoken("A graph has nodes.", "Each graph has nodes.", "Well.", "The matrix is square.",
                               "That matrix."), "en")
    assert titles(found, [0, 20, 30], [None, None, None]) == ["Graph", "Part 2", "Matrix"]
    assert titles(found, [0, 20, 30], ["what  a\ngraph is", "Break", ""]) == ["What a graph is", "Break", "Matrix"]
    assert titles([], [0.0], ["x" * 300]) == ["X" + "x" * 199]


@given(st.lists(st.text(max_size=40), max_size=12), st.sampled_from([None, "en", "fr", "zh", "xx"]))
def test_phrases_of_anything(texts: list[str], language: str | None) -> None:
    found = key_phrases(spoken(*texts), language)
    assert found == key_phrases(spoken(*texts), language)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(one.text.strip() and one.times_s for one in found)
    assert len(found) <= 60
