"""Words to expect: each once, the likeliest first; what is wrong with a glossary is said in a sentence."""

from __future__ import annotations

import pytest

from enrich.glossary import MOST_CHARACTERS, MOST_TERMS, checked, expected, slide_words
from enrich.slide import Slide
from infra.core.errors import Rejected


def test_terms_are_kept_once_as_they_are_spelled() -> None:
    assert checked(["  Ada   Lovelace ", "eigenvalue", "ada lovelace", "Πυθαγόρας"]) == [
        "Ada Lovelace", "eigenvalue", "Πυθαγόρας"]
    assert checked([]) == []
    assert len(checked([f"t{n}" for n in range(MOST_TERMS)])) == MOST_TERMS


@pytest.mark.parametrize(("terms", "code", "says"), [
    (["a", " "], "glossary_term_empty", "Term 2"),
    (["x" * (MOST_CHARACTERS + 1)], "glossary_term_too_long", "61 characters"),
    (["a\0b"], "glossary_term_unreadable", "Term 1"),
    ([f"t{n}" for n in range(MOST_TERMS + 1)], "glossary_too_long", "201 terms"),
])
def test_what_can_be_no_glossary(terms: list[str], code: str, says: str) -> None:
    with pytest.raises(Rejected, match=says) as refused:
        checked(terms)
    assert refused.value.code == code


def test_the_glossary_of_the_video_comes_behind_its_title() -> None:
    assert expected("Graphs", ["Dijkstra", "graphs", "Kruskal"]) == ["Graphs", "Dijkstra", "Kruskal"]
    assert expected(" ", ["Dijkstra"]) == ["Dijkstra"]


def test_words_of_slides_are_whole_words_those_on_many_slides_first() -> None:
    def slide(text: str, *, new: bool = True) -> Slide:
        return Slide(start_s=0, end_s=1, new=new, image=0, text=text)

    slides = [slide("Dijkstra and the map 1959"), slide("Dijkstra, Kruskal"), slide("Kruskal Kruskal Kruskal", new=False)]
    assert slide_words(slides) == ["Dijkstra", "Kruskal"]
