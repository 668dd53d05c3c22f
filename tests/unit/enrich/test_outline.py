"""An outline has all slides and all words, each once, in the chapter that they belong to."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.chapters import Chapter
from enrich.outline import Paragraph, Shown, compose, in_order
from enrich.phrases import Phrase
from enrich.slide import Slide
from enrich.transcript import Word


def said(*sentences: tuple[float, str]) -> list[Word]:
    """Each sentence from its second on, three words a second."""
    return [Word(text=f" {word}", start_s=at_s + i / 3, end_s=at_s + (i + 1) / 3, probability=0.9)
            for at_s, text in sentences for i, word in enumerate(text.split())]


def slide(start_s: float, end_s: float, *, new: bool = True, title: str | None = None, text: str = "",
          image: int | None = None) -> Slide:
    return Slide(start_s=start_s, end_s=end_s, new=new, title=title, text=text,
                 image=int(end_s * 10) - 5 if image is None else image)


CHAPTERS = [Chapter(start_s=0, title="Graphs"), Chapter(start_s=60, title="Trees")]


def test_a_paragraph_begins_with_a_chapter_with_a_slide_and_after_a_pause() -> None:
    words = said((1, "One two three. And four five six."), (12, "After the pause."), (20, "Still here."),
                 (59.6, "Now for the trees."), (62, "They have leaves."))
    made = compose("T", "en", 120, chapters=CHAPTERS, words=words, slides=[slide(13.1, 19), slide(19, 119)])
    first, second = made.sections
    assert [one.text for one in first.paragraphs] == ["One two three. And four five six.", "After the pause.", "Still here."]
    # It begins before the chapter, and most of it is said in it.
    assert [one.text for one in second.paragraphs] == ["Now for the trees. They have leaves."]
    assert second.paragraphs[0].start_s == 59.6
    assert [type(one) for one in in_order(first)] == [Paragraph, Paragraph, Shown, Shown, Paragraph]


def test_nobody_pauses_and_still_there_are_paragraphs() -> None:
    words = said(*((5.0 * i, f"This is sentence number {i} and here it does end.") for i in range(60)))
    (section,) = compose("T", "en", 300, words=words).sections
    assert section.title is None
    assert all(one.end_s - one.start_s <= 60 for one in section.paragraphs)
    assert 5 <= len(section.paragraphs) <= 7


def test_builds_are_one_slide_and_what_goes_on_into_the_next_chapter_is_not_repeated() -> None:
    slides = [slide(0, 10, title="Graphs", text="Graphs"), slide(10, 20, new=False, text="Graphs\nnodes"),
              slide(20, 57.5, new=False, text="Graphs\nnodes\nedges"), slide(57.5, 90, title="Trees"),
              slide(90, 120, image=3)]
    first, second = compose("T", None, 120, chapters=CHAPTERS, slides=slides).sections
    assert [(one.start_s, one.end_s, one.title, one.text) for one in first.slides] == [
        (0, 57.5, "Graphs", "Graphs\nnodes\nedges")]
    assert [one.start_s for one in second.slides] == [57.5, 90]  # it came just before the chapter, and is of it
    # Lines that are added in the next chapter are a reason to show it again.
    again = [slide(0, 50), slide(50, 80, new=False), slide(80, 120, new=False)]
    assert [[one.image for one in section.slides] for section in compose(
        "T", None, 120, chapters=CHAPTERS, slides=again).sections] == [[795], [1195]]
    assert [[one.start_s for one in section.slides] for section in compose(
        "T", None, 120, chapters=CHAPTERS, slides=[slide(0, 120)]).sections] == [[0], []]


def test_what_comes_back_is_shown_again_in_another_chapter_only() -> None:
    slides = [slide(0, 10, image=5), slide(10, 20), slide(20, 30, image=5), slide(70, 80, image=5)]
    assert [[one.image for one in section.slides] for section in compose(
        "T", None, 120, chapters=CHAPTERS, slides=slides).sections] == [[5, 195], [5]]


def test_whichever_part_is_missing() -> None:
    nothing = compose("T", None, 10)
    assert (nothing.phrases, len(nothing.sections), in_order(nothing.sections[0])) == ((), 1, [])
    assert nothing.sections[0].end_s == 10
    phrases = [Phrase(text="leaf", score=2, times_s=(70, 80)), Phrase(text="node", score=1, times_s=(1,))]
    made = compose("T", "en", 120, chapters=CHAPTERS, phrases=phrases)
    assert made.phrases == ("leaf", "node")
    assert [one.phrases for one in made.sections] == [("node",), ("leaf",)]


def test_signs_that_know_no_spaces_get_none() -> None:
    words = [Word(text=text, start_s=at_s, end_s=at_s + 1, probability=1) for at_s, text in
             ((0, "图有节点。"), (1.2, "也有边。"), (2.3, "OK."), (3.4, "好。"))]
    (section,) = compose("T", "zh", 5, words=words).sections
    assert section.paragraphs[0].text == "图有节点。也有边。 OK. 好。"


times = st.floats(0, 500, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(times, st.floats(0.05, 3), st.sampled_from([" a", " b.", " c?", "字", "字。"])), max_size=60),
       st.lists(times, max_size=8, unique=True), st.lists(st.tuples(times, st.booleans()), max_size=12))
def test_no_word_and_no_picture_is_lost_or_doubled(heard: list[tuple[float, float, str]], starts: list[float],
                                                   cuts: list[tuple[float, bool]]) -> None:
    words = [Word(text=text, start_s=at_s, end_s=at_s + long_s, probability=0.5) for at_s, long_s, text in sorted(heard)]
    chapters = [Chapter(start_s=at_s, title=str(i)) for i, at_s in enumerate([0.0, *sorted(set(starts) - {0.0})])]
    ordered = sorted(dict(cuts).items())
    slides = [slide(at_s, until_s, new=new or not i, image=i) for i, ((at_s, new), (until_s, _)) in enumerate(
        zip(ordered, [*ordered[1:], (501.0, True)], strict=False))]
    made = compose("T", None, 510, chapters=chapters, words=words, slides=slides)
    everything = "".join(one.text for section in made.sections for one in section.paragraphs)
    assert Counter(everything.replace(" ", "")) == Counter("".join(word.text for word in words).replace(" ", ""))
    shown = [one for section in made.sections for one in section.slides]
    assert len({one.image for one in shown}) == len(shown)
    assert len(shown) >= sum(one.new for one in slides)
    for section in made.sections:
        assert len(in_order(section)) == len(section.slides) + len(section.paragraphs)
