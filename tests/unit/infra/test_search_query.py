"""What people type into a search box, and what is shown under what they find."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.core.search_query import MOST_WORDS, parse
from infra.core.search_snippets import SNIPPET, snippet
from infra.core.search_terms import stem, words


def said(text: str) -> tuple[list[str], list[tuple[str, ...]]]:
    query = parse(text)
    return [one.word + "*" * one.prefix for one in query.words], list(query.phrases)


@pytest.mark.parametrize(("text", "found"), [
    ("Gradient desc", (["gradient", "desc*"], [])),
    ("gradient descent ", (["gradient", "descent"], [])),
    ("grad* descent ", (["grad*", "descent"], [])),
    ('"Loss functions" x', (["loss", "functions", "x"], [("loss", "function")])),
    ('„zwei Wörter“ eins ', (["zwei", "worter", "eins"], [("zwei", "worter")])),
    ('"still being typ', (["still", "being", "typ*"], [])),
    ('"one" ', (["one"], [])),
    ("学", (["学*"], [])),
    ("a a A", (["a"], [])),
    ("", ([], [])), ('"', ([], [])), ("* AND ( NOT ^ : - + ~", (["and", "not"], [])),
    ("\0 ☃ 😀 …", ([], [])),
])
def test_queries(text: str, found: tuple[list[str], list[tuple[str, ...]]]) -> None:
    assert said(text) == found


@given(st.text(max_size=3000))
def test_no_query_is_wrong(text: str) -> None:
    query = parse(text)
    assert len(query.words) <= MOST_WORDS
    assert all(len(phrase) <= MOST_WORDS for phrase in query.phrases)


def test_of_a_very_long_query_the_beginning_counts() -> None:
    query = parse(" ".join(f"w{n}" for n in range(5000)))
    assert [one.word for one in query.words] == [f"w{n}" for n in range(MOST_WORDS)]
    assert parse('"a b" ' * 5000).phrases == (("a", "b"),)


def test_a_short_passage_is_shown_whole() -> None:
    found = snippet("Graphs have <nodes> & edges.", {"graph", "edg"})
    assert found.text == "Graphs have <nodes> & edges."
    assert [found.text[start:end] for start, end in found.marks] == ["Graphs", "edges"]
    assert found.html == "<mark>Graphs</mark> have &lt;nodes&gt; &amp; <mark>edges</mark>."


def test_of_a_long_one_the_part_with_the_marks() -> None:
    found = snippet("so " * 300 + "the gradient points uphill " + "and " * 300, {"gradient", "uphill"})
    assert len(found.text) < SNIPPET + 10
    assert [found.text[start:end] for start, end in found.marks] == ["gradient", "uphill"]
    assert found.text.startswith("… so ") and found.text.endswith("and …")


def test_marks_count_as_javascript_does() -> None:
    found = snippet("😀 graph", {"graph"})
    assert found.marks == ((3, 8),)


def test_pairs_of_signs_are_one_mark() -> None:
    assert snippet("我们学习机器学习的基础", {"机器", "器学", "学习"}).html == "我们<mark>学习机器学习</mark>的基础"


@given(st.text(alphabet="ab <&😀学é\"", max_size=600), st.sets(st.text(alphabet="abé", min_size=1, max_size=3)))
def test_snippets_are_parts_of_the_passage_and_safe(passage: str, asked: set[str]) -> None:
    stems = {stem(word.folded) for text in asked for word in words(text)}
    found = snippet(passage, stems)
    bare = found.text.removeprefix("… ").removesuffix(" …")
    assert bare in passage or found.text in passage
    encoded = found.text.encode("utf-16-le")
    for start, end in found.marks:
        marked = encoded[start * 2:end * 2].decode("utf-16-le")
        assert {stem(word.folded) for word in words(marked)} <= stems
    assert html.unescape(re.sub("</?mark>", "", found.html)) == found.text
    assert found.html.count("<mark>") == found.html.count("</mark>") == len(found.marks)


def test_where_the_words_stand_together() -> None:
    passage = "For one thing, graphs. " * 3 + "And one row for each rendition. " + "More of the rest. " * 3
    found = snippet(passage, {"one", "row", "for", "each", "rendition"})
    assert passage[round(found.share * len(passage)):].startswith("one row for each")
    assert snippet("nothing", {"graph"}).share == 0
