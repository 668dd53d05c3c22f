"""What is said and shown in each part of a video, as numbers that may tell how many learners leave there. Pure.

None where it is not known: nobody speaks, or the video has no slides. docs/metrics.md says what each number is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from enrich.novelty import novelty
from enrich.prediction_parts import Part
from enrich.sentences import sentences
from enrich.slide import Slide
from enrich.terms import terms
from enrich.transcript import Word

PAUSE_S = 0.5  # words that are nearer to each other are said in one go
_LEAST_SPOKEN_S = 3.0  # from which on how fast somebody speaks can be told


class Features(NamedTuple):
    """One part of a video."""

    speech_rate: float | None  # words a minute of the time in which somebody speaks
    silence: float | None  # share of the part in which nobody does
    new_words: float | None  # a minute: words that were not said before in this video
    new_topic: float | None  # 0 to 1: how much the minute from its beginning differs from the minute before, in words
    word_length: float | None  # letters, on average
    slide_age_s: float | None  # how long what is shown in the middle of the part has been standing there
    slide_changes: float | None  # a minute
    slide_words: float | None  # on the slide that is shown in the middle
    slides_shown: float | None  # share of the part in which a slide is shown


NOTHING = Features(*[None] * len(Features._fields))


def features(parts: Sequence[Part], words: Sequence[Word], slides: Sequence[Slide]) -> list[Features]:
    """What is known of each part; `words` in any order, `slides` in the order of time."""
    said = sorted((word for word in words if word.text.strip()), key=lambda word: word.start_s)
    spoken = _spoken(parts, said) if said else [_Spoken(*[None] * len(_Spoken._fields))] * len(parts)
    shown = _shown(parts, slides) if slides else [_Shown(*[None] * len(_Shown._fields))] * len(parts)
    return [Features(*one, *other) for one, other in zip(spoken, shown, strict=True)]


class _Spoken(NamedTuple):
    """The first five."""

    speech_rate: float | None
    silence: float | None
    new_words: float | None
    new_topic: float | None
    word_length: float | None


class _Shown(NamedTuple):
    """The last four."""

    slide_age_s: float | None
    slide_changes: float | None
    slide_words: float | None
    slides_shown: float | None


def _spoken(parts: Sequence[Part], said: Sequence[Word]) -> list[_Spoken]:
    starts_s = [word.start_s for word in said]
    stretches = _stretches(said)
    topics = novelty(list(sentences(said)), [start for start, _ in parts])
    known: set[str] = set()
    found = []
    for (start, end), topic in zip(parts, topics, strict=True):
        its = said[bisect_left(starts_s, start):bisect_left(starts_s, end)]
        its_terms = list(terms("".join(word.text for word in its)))
        fresh = set(its_terms) - known
        known |= fresh
        spoken_s = sum(max(0.0, min(end, to_s) - max(start, from_s)) for from_s, to_s in stretches[
            max(0, bisect_right(stretches, (start, 0.0)) - 1):bisect_left(stretches, (end, 0.0))])
        minutes = (end - start) / 60
        found.append(_Spoken(
            speech_rate=len(its) * 60 / spoken_s if spoken_s >= _LEAST_SPOKEN_S else None,
            silence=1 - min(1.0, spoken_s / (end - start)),
            new_words=len(fresh) / minutes if its_terms else None,
            new_topic=topic if start and its_terms else None,  # nothing comes before the first part
            word_length=sum(map(len, its_terms)) / len(its_terms) if its_terms else None))
    return found


def _stretches(said: Sequence[Word]) -> list[tuple[float, float]]:
    """When somebody speaks, without pauses shorter than PAUSE_S."""
    found: list[tuple[float, float]] = []
    for word in said:
        if found and word.start_s - found[-1][1] < PAUSE_S:
            found[-1] = found[-1][0], max(found[-1][1], word.end_s)
        else:
            found.append((word.start_s, max(word.start_s, word.end_s)))
    return found


def _shown(parts: Sequence[Part], slides: Sequence[Slide]) -> list[_Shown]:
    starts_s = [slide.start_s for slide in slides]
    changes_s = [slide.start_s for before, slide in pairwise(slides) if slide.image != before.image]
    counts = [sum(1 for _ in terms(slide.text)) for slide in slides]
    readable = any(counts)  # else nothing here can read
    found = []
    for start, end in parts:
        middle_s = (start + end) / 2
        place = bisect_right(starts_s, middle_s) - 1
        there = place >= 0 and slides[place].end_s > middle_s
        changes = bisect_left(changes_s, end) - bisect_left(changes_s, start)
        its = slides[max(0, bisect_right(starts_s, start) - 1):bisect_left(starts_s, end)]
        shown_s = sum(max(0.0, min(end, slide.end_s) - max(start, slide.start_s)) for slide in its)
        found.append(_Shown(
            slide_age_s=middle_s - slides[place].start_s if there else None,
            slide_changes=changes * 60 / (end - start),
            slide_words=float(counts[place]) if there and readable else None,
            slides_shown=min(1.0, shown_s / (end - start))))
    return found
