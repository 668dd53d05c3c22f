"""Words that are likely to be said, which the speech model is told to expect, as they are spelled. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from enrich.slide import Slide
from enrich.terms import words
from infra.core.errors import Rejected

MOST_TERMS, MOST_CHARACTERS = 200, 60
_SHORTEST = 4  # letters of a word of a slide: what is shorter the model knows, or was misread
_OF_SLIDES = 40  # words; more crowd out what people say


def checked(sent: Sequence[str]) -> list[str]:
    """The terms of a glossary, each once. Raises Rejected with a sentence that names the one that is wrong."""
    terms: dict[str, str] = {}
    for n, raw in enumerate(sent, 1):
        term = " ".join(raw.split())
        if not term:
            raise Rejected("glossary_term_empty", f"Term {n} of the glossary is empty: leave it out.")
        if len(term) > MOST_CHARACTERS:
            raise Rejected("glossary_term_too_long", f"Term {n} of the glossary has {len(term)} characters, and may have "
                           f"{MOST_CHARACTERS}: a glossary holds names and technical terms, no sentences.")
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in term):
            raise Rejected("glossary_term_unreadable", f"Term {n} of the glossary holds a control character.")
        terms.setdefault(term.casefold(), term)
    if len(terms) > MOST_TERMS:
        raise Rejected("glossary_too_long", f"The glossary has {len(terms)} terms, and may have {MOST_TERMS}. Keep those "
                       "that are misheard: the speech model can expect about 80 words at a time.")
    return list(terms.values())


def expected(title: str, glossary: Sequence[str]) -> list[str]:
    """What the model is told to expect, the likeliest first: where there is too much, the end goes."""
    found: dict[str, str] = {}
    for term in filter(str.strip, (title, *glossary)):
        found.setdefault(term.casefold(), term)
    return list(found.values())


def slide_words(slides: Iterable[Slide]) -> list[str]:
    """Words that stand on slides, those on most slides first. Slides that only add to another one count with it."""
    seen: Counter[str] = Counter()
    for slide in slides:
        if slide.new:
            seen.update({word for word, _, _ in words(slide.text) if len(word) >= _SHORTEST and word.isalpha()})
    return [word for word, _ in seen.most_common(_OF_SLIDES)]
