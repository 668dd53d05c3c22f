"""Chapters from words and slides: what always holds, and what they are found by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.chapters import APART_S, CLOSEST_S, EVERY_S, LEAST, LEAST_S, MOST, SHORT_S, Chapter, find
from enrich.openings import openings
from enrich.slide import Slide
from enrich.transcript import Word

SUBJECTS = ("matrix vector column row rank basis determinant", "river delta sediment estuary flood bank erosion",
            "violin cello tuning string bow orchestra quartet", "enzyme protein substrate membrane reaction cell acid")


def lecture(subjects: Sequence[str], each_s: float, *, pause_s: float = 2.0, seed: int = 1) -> list[Word]:
    """Sentences of eight words, of one subject after the other, with a pause before each subject."""
    order, words, at_s = random.Random(seed), [], 0.0
    for n, subject in enumerate(subjects):
        at_s = max(at_s, n * each_s)
        while at_s < (n + 1) * each_s - pause_s - 4:
            sentence = [*order.choices(subject.split(), k=5), *order.choices(["the", "of", "and", "is", "we", "it"], k=3)]
            for i, word in enumerate(sentence):
                end = "." if i == 7 else ""
                words.append(Word(text=f" {word}{end}", start_s=at_s, end_s=at_s + 0.4, probability=0.9))
                at_s += 0.45
            at_s += 0.2
    return words


def slide(start_s: float, title: str | None, text: str = "", *, new: bool = True) -> Slide:
    return Slide(start_s=start_s, end_s=start_s + 1, image=0, title=title, text=f"{title or ''}\n{text}", new=new)


LINES = "several lines of text that a lecturer goes through one after the other"
spoken = st.lists(st.builds(
    lambda text, start_s, length_s: Word(text=text, start_s=start_s, end_s=start_s + length_s, probability=1),
    st.one_of(st.sampled_from([" so", " graph.", " edge", "。", "図形", " next", " a,", "  "]), st.text(max_size=4)),
    st.floats(0, 2000), st.floats(0, 5)), max_size=150)
shown = st.lists(st.builds(slide, st.floats(0, 2000), st.sampled_from([None, "", "One", "Two", "Three 图"]),
                           st.sampled_from(["", LINES]), new=st.booleans()), max_size=25)


@settings(max_examples=150)
@given(spoken, shown, st.floats(0, 2000), st.sampled_from([None, "en", "de-AT", "zh"]), st.sampled_from([None, 30.0, 400]))
def test_laws(words: list[Word], slides: list[Slide], duration_s: float, language: str | None, every_s: float | None
              ) -> None:
    found = find(words, slides, duration_s, language, every_s=every_s)
    assert found == find(list(words), list(slides), duration_s, language, every_s=every_s)
    if not found:
        return
    assert len(found) >= LEAST
    assert found[0].start_s == 0
    assert all(after.start_s - before.start_s >= LEAST_S - 0.001 for before, after in pairwise(found))
    assert duration_s - found[-1].start_s >= LEAST_S - 0.001
    assert all(one.title.strip() == one.title and 0 < len(one.title) <= 200 for one in found)
    if every_s is None:
        assert len(found) <= max(LEAST, min(MOST, max(round(duration_s / EVERY_S), duration_s / CLOSEST_S)))
        assert duration_s < SHORT_S or all(b.start_s - a.start_s >= APART_S - 0.001 for a, b in pairwise(found))
    else:
        assert len(found) <= max(LEAST, round(duration_s / every_s))
    if duration_s < SHORT_S:
        assert any(one.title for one in slides)


def test_where_nothing_is_said_nor_shown_there_are_none() -> None:
    assert find([], [], 3600) == []
    assert find([], [slide(0, "The only one")], 3600) == []
    assert find(lecture(SUBJECTS[:1], 100), [], 100) == []


@pytest.mark.parametrize("language", ["en", None])
def test_a_chapter_opens_where_the_subject_changes(language: str | None) -> None:
    found = find(lecture(SUBJECTS, 200), [], 800, language)
    assert [one.start_s for one in found] == pytest.approx([0, 200, 400, 600], abs=1)
    assert len({one.title for one in found}) == 4
    if language:
        assert all(one.title.lower().split()[0] in subject.split() for one, subject in zip(found, SUBJECTS, strict=True))


def test_a_script_without_spaces_has_chapters_too() -> None:
    words = []
    for n, subject in enumerate(("矩阵", "河流", "提琴", "酶素")):
        words += [Word(text=f"我们看{subject}的{subject}。", start_s=at_s, end_s=at_s + 4, probability=1)
                  for at_s in range(n * 200, n * 200 + 195, 5)]
    found = find(words, [], 800, "zh")
    assert [(one.start_s, one.title) for one in found] == [
        (0, "矩阵"), (200, "河流"), (400, "提琴"), (600, "酶素")]


def test_slides_with_headlines_make_the_chapters_of_a_short_video() -> None:
    slides = [slide(0, "Welcome", LINES), slide(40, "Sets", LINES), slide(70, "Sets", LINES), slide(110, "Maps", LINES)]
    assert find([], slides, 150) == [Chapter(start_s=0, title="Welcome"), Chapter(start_s=40, title="Sets"),
                                     Chapter(start_s=110, title="Maps")]
    assert find([], [one.model_copy(update={"title": None}) for one in slides], 150) == []


def test_a_chapter_begins_with_the_slide_that_comes_near_and_has_its_headline() -> None:
    slides = [slide(197.5, " Rivers and\nseas ", ""), slide(403, "Strings", LINES), slide(500, "Bows", LINES)]
    found = find(lecture(SUBJECTS, 200), slides, 800, "en")
    assert [(one.start_s, one.title) for one in found][1:3] == [(197.5, "Rivers and seas"), (403, "Strings")]


def test_slides_of_sections_may_ask_for_more() -> None:
    slides = [slide(at_s, f"Section {at_s}") for at_s in range(0, 1100, 130)]
    assert [one.start_s for one in find([], slides, 1200)] == [one.start_s for one in slides]
    assert len(find(lecture(SUBJECTS, 300), [], 1200)) == 6


def test_as_many_as_are_asked_for() -> None:
    words = lecture(SUBJECTS, 300)
    assert len(find(words, [], 1200, every_s=60)) == 20
    assert len(find(words, [], 1200, every_s=600)) == 3


def test_of_slides_that_follow_at_once_the_first_of_a_section_counts() -> None:
    found = openings([slide(0, "A", LINES), slide(100, "Part two"), slide(103, "What a graph is"),
                      slide(106, "Nodes", LINES), slide(130, "Nodes", LINES),
                      slide(160, "nodes.", LINES, new=False), slide(190, None, LINES)])
    assert [(one.start_s, one.title, one.section, one.retitled) for one in found] == [
        (0, "A", False, True), (100, "Part two", True, True), (130, "Nodes", False, False), (190, None, False, False)]
