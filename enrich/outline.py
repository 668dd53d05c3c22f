"""A video as something to be read: its chapters, each with its slides and with what is said, in paragraphs. Pure.

A paragraph begins with a chapter, with a slide, after a pause, and where it would become too long to read; always with a
sentence. Who begins a sentence a moment before the slide changes speaks of the new one: a sentence counts for where
its middle lies.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby

from enrich.chapters import Chapter
from enrich.phrases import Phrase, of_chapters
from enrich.sentences import Sentence, sentences
from enrich.slide import Line, Slide
from enrich.terms import unspaced
from enrich.topics import OF_A_CHAPTER, OF_A_VIDEO
from enrich.transcript import Word
from infra.core.media import Frozen

_PAUSE_S = 2.0  # as in the transcript as plain text
_LONG_S = 60.0
_SOON_S = 4.0  # a slide this shortly before a chapter is the chapter's first


class Paragraph(Frozen):
    """What is said in [start_s, end_s), seconds of the video. `middle_s`: of its first sentence."""

    start_s: float
    end_s: float
    text: str
    middle_s: float


class Shown(Frozen):
    """A slide with all that was added to it within the chapter. `image`: as in `enrich.slide.Slide`."""

    start_s: float
    end_s: float
    title: str | None
    text: str
    image: int
    lines: tuple[Line, ...] = ()


class Section(Frozen):
    """A chapter; `title` is None where the video has none, and all of it is one section."""

    start_s: float
    end_s: float
    title: str | None
    phrases: tuple[str, ...]
    slides: tuple[Shown, ...]
    paragraphs: tuple[Paragraph, ...]


class Outline(Frozen):
    """A video to be read. `language` is a BCP 47 tag; `notes` are sentences on what is missing, or not there yet."""

    title: str
    language: str | None
    duration_s: float
    phrases: tuple[str, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()


def compose(title: str, language: str | None, duration_s: float, *, chapters: Sequence[Chapter] = (),
            phrases: Sequence[Phrase] = (), slides: Sequence[Slide] = (), words: Sequence[Word] = (),
            notes: Sequence[str] = ()) -> Outline:
    """The outline of a video, whichever of its parts are there."""
    starts_s = [one.start_s for one in chapters] or [0.0]
    ends_s = [*starts_s[1:], max(duration_s, starts_s[-1])]
    shown = _shown(slides, starts_s)
    said = _paragraphs(words, starts_s, [slide.start_s for its in shown for slide in its])
    own = of_chapters(phrases, starts_s) if chapters else [()]
    return Outline(
        title=title, language=language, duration_s=duration_s, phrases=tuple(one.text for one in phrases[:OF_A_VIDEO]),
        notes=tuple(notes), sections=tuple(
            Section(start_s=start_s, end_s=end_s, title=chapters[k].title if chapters else None, slides=tuple(shown[k]),
                    phrases=tuple(one.text for one in own[k][:OF_A_CHAPTER]), paragraphs=tuple(said[k]))
            for k, (start_s, end_s) in enumerate(zip(starts_s, ends_s, strict=True))))


def in_order(section: Section) -> list[Shown | Paragraph]:
    """Its slides and paragraphs as they are read: a slide before what is said of it."""
    return sorted([*section.slides, *section.paragraphs], key=lambda one: (
        (one.start_s, 0) if isinstance(one, Shown) else (one.middle_s, 1)))


def _shown(slides: Sequence[Slide], starts_s: Sequence[float]) -> list[list[Shown]]:
    """The slides of each chapter. A build is one with the slide that it adds to, unless a chapter begins between; what comes
    back within a chapter is not shown twice."""
    found: list[list[Shown]] = [[] for _ in starts_s]
    for group in _with_builds(slides):
        for k, its in groupby(group, key=lambda one: _at(starts_s, min(one.start_s + _SOON_S,
                                                                      (one.start_s + one.end_s) / 2))):
            first, *_, last = [*(builds := list(its)), builds[-1]]
            if all(one.image != last.image for one in found[k]):
                title = next((one.title for one in reversed(builds) if one.title), None)
                found[k].append(Shown(start_s=first.start_s, end_s=last.end_s, title=title, text=last.text,
                                      image=last.image, lines=last.lines))
    return found


def _with_builds(slides: Sequence[Slide]) -> Iterator[list[Slide]]:
    group: list[Slide] = []
    for slide in slides:
        if group and slide.new:
            yield group
            group = []
        group.append(slide)
    if group:
        yield group


def _paragraphs(words: Sequence[Word], starts_s: Sequence[float], changes_s: Sequence[float]) -> list[list[Paragraph]]:
    """The paragraphs of each chapter."""
    found: list[list[Paragraph]] = [[] for _ in starts_s]
    changes_s = sorted(changes_s)
    begun: list[Sentence] = []
    for sentence in sentences(words):
        if begun and (sentence.pause_s >= _PAUSE_S or sentence.end_s - begun[0].start_s > _LONG_S
                      or _place(sentence, starts_s, changes_s) != _place(begun[0], starts_s, changes_s)):
            found[_at(starts_s, _middle_s(begun[0]))].append(_paragraph(begun))
            begun = []
        begun.append(sentence)
    if begun:
        found[_at(starts_s, _middle_s(begun[0]))].append(_paragraph(begun))
    return found


def _place(sentence: Sentence, starts_s: Sequence[float], changes_s: Sequence[float]) -> tuple[int, int]:
    middle_s = _middle_s(sentence)
    return bisect_right(starts_s, middle_s), bisect_right(changes_s, middle_s)


def _middle_s(sentence: Sentence) -> float:
    return (sentence.start_s + max(sentence.start_s, sentence.end_s)) / 2


def _at(starts_s: Sequence[float], at_s: float) -> int:
    """Which chapter second `at_s` belongs to."""
    return max(0, bisect_right(starts_s, at_s) - 1)


def _paragraph(said: Sequence[Sentence]) -> Paragraph:
    text = said[0].text
    for one in said[1:]:
        text += ("" if unspaced(one.text[0]) and not text[-1].isascii() else " ") + one.text
    return Paragraph(start_s=said[0].start_s, end_s=max(one.end_s for one in said), text=" ".join(text.split()),
                     middle_s=_middle_s(said[0]))
