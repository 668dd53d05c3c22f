"""Chapters of a video from what is said and shown. Pure.

A chapter opens where the words change, after a pause, with a word such as "next", where a new slide comes, and where a film
that is seldom cut is cut: each place between two sentences is scored by these, and the best are taken, a given distance
apart. docs/chapters.md says how well this finds the chapters that people set, and where its figures come from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence, Set
from statistics import fmean, pstdev

from enrich.novelty import novelty
from enrich.openings import NEAR_S, Opening, openings
from enrich.phrases import Background, key_phrases
from enrich.sentences import Sentence, sentences
from enrich.slide import Slide
from enrich.terms import terms
from enrich.titles import titles
from enrich.transcript import Word
from infra.core.media import Frozen

LEAST, MOST = 3, 20  # chapters
EVERY_S = 200.0  # what people choose: 201 s on average
CLOSEST_S = 120.0  # slides may ask for more chapters, up to one in this time
APART_S, LEAST_S = 40.0, 10.0
SHORT_S = 180.0  # a video this short has chapters only where its slides have headlines

_PAUSE, _MOST_PAUSE_S, _CUE = 0.5, 3.0, 0.5
_CUT, _CUT_NEAR_S = 1.0, 3.0  # a cut says half of it where there are as many as chapters, and less the more there are
# How a lecturer goes on to the next thing. Other languages do without.
_CUES = {
    "en": {"so", "now", "next", "let", "finally", "ok", "okay", "first", "second", "third", "another", "alright", "well"},
    "de": {"also", "jetzt", "nun", "nächste", "nächster", "nächstes", "zunächst", "schließlich", "kommen", "gut"},
    "fr": {"alors", "maintenant", "ensuite", "enfin", "passons", "donc", "bien"},
    "es": {"ahora", "entonces", "bueno", "luego", "finalmente", "pasemos", "bien"},
    "pt": {"agora", "então", "bem", "finalmente", "vamos"},
    "it": {"ora", "adesso", "allora", "infine", "passiamo", "bene"},
    "nl": {"nu", "dan", "vervolgens", "goed", "oké"},
}


class Chapter(Frozen):
    """A chapter goes from `start_s`, seconds of the video, to the start of the next one."""

    start_s: float
    title: str


class _Place(Frozen):
    """Where a chapter may open, and how much says for it."""

    start_s: float
    score: float
    opening: Opening | None


def find(words: Sequence[Word], slides: Sequence[Slide], duration_s: float, language: str | None = None,
         others: Background | None = None, *, every_s: float | None = None, cuts_s: Sequence[float] = ()) -> list[Chapter]:
    """The chapters of a video of `duration_s`: at least three, of which the first begins at 0, or none at all.

    There is about one in `every_s`; without it, in 200 s, but no more than 20, and up to one in 120 s where slides say so.
    There are none where nothing is said nor shown, and in less than three minutes only where slides have headlines.
    Titles depend on the `language` (BCP 47), and on what `others`, more videos of the organization, are about.
    `cuts_s`: where the scenes of a film begin, in order.
    """
    said = [one for one in sentences(words) if 0 <= one.start_s < duration_s]
    shown = [one for one in openings(slides) if 0 <= one.start_s < duration_s]
    apart_s = APART_S if every_s is None else max(LEAST_S, min(APART_S, every_s / 2))
    short = duration_s < SHORT_S
    cues = _CUES.get((language or "").partition("-")[0].lower(), set())
    cut = _CUT / (1 + len(cuts_s) * EVERY_S / max(duration_s, EVERY_S))
    places = _best(_places(said, shown, cues, cuts_s, cut, short=short), duration_s,
                   _count(shown, duration_s, every_s), LEAST_S if short else apart_s)
    if len(places) + 1 < LEAST:
        return []
    first = next((one for one in shown if one.start_s < NEAR_S), None)
    starts_s = [0.0, *(place.start_s for place in places)]
    headlines = [one.title if one else None for one in (first, *(place.opening for place in places))]
    named = titles(key_phrases(said, language, others, count=None), starts_s, headlines)
    return [Chapter(start_s=start_s, title=title) for start_s, title in zip(starts_s, named, strict=True)]


def _count(shown: Sequence[Opening], duration_s: float, every_s: float | None) -> int:
    """How many chapters are wanted."""
    if every_s is not None:
        return max(LEAST, round(duration_s / every_s))
    sections = 1 + sum(one.section and one.start_s >= APART_S for one in shown)
    return max(LEAST, min(MOST, max(round(duration_s / EVERY_S), min(sections, int(duration_s / CLOSEST_S)))))


def _places(said: Sequence[Sentence], shown: Sequence[Opening], cues: Set[str], cuts_s: Sequence[float], cut: float,
            *, short: bool) -> list[_Place]:
    """Every place where a chapter may open: where a sentence begins, and where a slide comes while nobody begins one.

    `cut`: how much a cut nearby says for a chapter.
    """
    spoken_s = [one.start_s for one in said]
    quiet = [one for one in shown if not _near(spoken_s, one.start_s)]
    starts_s = sorted(spoken_s + [one.start_s for one in quiet])
    by_start = {one.start_s: one for one in said}
    pauses = _standard(min(by_start[at_s].pause_s, _MOST_PAUSE_S) if at_s in by_start else 0.0 for at_s in starts_s)
    news = _standard(novelty(said, starts_s))
    found = []
    for at_s, pause, new in zip(starts_s, pauses, news, strict=True):
        opening = max((one for one in shown if abs(one.start_s - at_s) <= NEAR_S), default=None,
                      key=lambda one: (one.weight, -abs(one.start_s - at_s)))
        if short and (opening is None or not opening.retitled):
            continue
        cue = at_s in by_start and next(terms(by_start[at_s].text), "") in cues
        found.append(_Place(start_s=round(opening.start_s if opening else at_s, 3), opening=opening,
                            score=new + _PAUSE * pause + _CUE * cue + (opening.weight if opening else 0.0)
                                  + cut * _near(cuts_s, at_s, _CUT_NEAR_S)))
    return found


def _near(times_s: Sequence[float], at_s: float, within_s: float = NEAR_S) -> bool:
    i = bisect_left(times_s, at_s - within_s)
    return i < len(times_s) and times_s[i] <= at_s + within_s


def _best(places: Iterable[_Place], duration_s: float, count: int, apart_s: float) -> list[_Place]:
    """The best places, `apart_s` from each other and from both ends, in the order of time."""
    chosen: list[_Place] = []
    for place in sorted(places, key=lambda place: (-place.score, place.start_s)):
        if len(chosen) + 1 == count:
            break
        taken_s = [0.0, duration_s, *(one.start_s for one in chosen)]
        if all(abs(place.start_s - at_s) >= apart_s for at_s in taken_s):
            chosen.append(place)
    return sorted(chosen, key=lambda place: place.start_s)


def _standard(values: Iterable[float]) -> list[float]:
    """How far each is above the mean, in standard deviations."""
    values = list(values)
    mean, spread = (fmean(values), pstdev(values)) if values else (0.0, 0.0)
    return [(value - mean) / spread if spread > 1e-9 else 0.0 for value in values]
