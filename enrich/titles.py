"""Titles of chapters. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from enrich.phrases import Phrase, of_chapters

MOST_CHARACTERS = 200
_TWICE = 2
_OWN = 0.7  # of how often the chapter says it that says it most
_EARLY_S = 40.0  # whoever opens a chapter says what it will be about


def titles(phrases: Sequence[Phrase], starts_s: Sequence[float], headlines: Sequence[str | None]) -> list[str]:
    """A title for each chapter.

    The headline of the slide it opens on, else the best of `phrases` (those of the whole video) that no other chapter is
    more about, else "Part 2".
    """
    chapters = of_chapters(phrases, starts_s)
    most = Counter[str]()
    for phrase in (phrase for chapter in chapters for phrase in chapter):
        most[phrase.text] = max(most[phrase.text], len(phrase.times_s))
    taken: set[str] = set()
    found = []
    for number, (start_s, headline, chapter) in enumerate(zip(starts_s, headlines, chapters, strict=True), 1):
        own = [phrase for phrase in chapter if phrase.text not in taken
               and len(phrase.times_s) >= max(_TWICE, _OWN * most[phrase.text])]
        best = max(own, default=None, key=lambda phrase: phrase.score * (1 + (phrase.times_s[0] < start_s + _EARLY_S)))
        title = _tidy(headline or "") or (best.text if best else "")
        taken.add(title)
        found.append(_capital(title) or f"Part {number}")
    return found


def _tidy(headline: str) -> str:
    """One line, of a length that a list can show."""
    return " ".join(headline.split())[:MOST_CHARACTERS].strip()


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]
