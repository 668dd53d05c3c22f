"""In which language a text is written, as far as its commonest words tell. Pure.

For a model that knows one language: what is in another one must not be given a place beside it.
"""

from __future__ import annotations

from collections.abc import Collection

from enrich.stop_words import stop_words
from enrich.terms import words

_KNOWN = "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "ru"
_READ = 20_000  # signs of a text that are looked at
_LATIN = 0x250  # signs below are Latin letters
OTHER = "?"


def reads_as(text: str) -> str | None:
    """The language (two letters) most of whose common words the text has; OTHER for one in other letters that has none.

    None: its words do not tell. All common words of a language count, so a sentence is enough.
    """
    found = [word.lower() for word, _, _ in words(text[:_READ])]
    counts = {code: sum(word in stop_words(code) for word in found) for code in _KNOWN}
    best = max(counts.values())
    ahead = [code for code, count in counts.items() if count == best]
    if best and len(ahead) == 1:
        return ahead[0]
    return OTHER if 2 * sum(ord(word[0]) >= _LATIN for word in found) > len(found) else None


def is_known(text: str, said_to_be: str | None, languages: Collection[str]) -> bool:
    """Whether the text is in one of these languages (empty: always). Where its words do not tell, `said_to_be` (BCP 47)
    does; where nothing tells it is not, for nobody should be shown what was guessed at.
    """
    if not languages:
        return True
    return (reads_as(text) or (said_to_be or "").partition("-")[0].lower()) in languages


def may_be_asked_in(text: str, languages: Collection[str]) -> bool:
    """Whether a question may be in one of these languages: a few words seldom tell, so only what is another is refused."""
    return not languages or reads_as(text) in {None, *languages}
