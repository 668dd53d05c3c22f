"""What somebody looks for, understood: words, a word that is still being typed, and "phrases in quotes". Pure.

There is no syntax that can be wrong: a sign that means nothing here is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.core.search_terms import Word, stem, words

MOST_WORDS = 24  # of what is longer the beginning counts
TYPO_FROM = 4  # letters: of a shorter word too many others are one edit away
PREFIX_FROM = 2  # letters of a word that is being typed
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_CHUNK = re.compile(r'"([^"]*)("?)|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Wanted:
    """A word of a query, folded. With `prefix` also every word that begins so."""

    word: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """`words` are wanted, the more the better; what does not have all `phrases` (stems, in order) is no hit."""

    words: tuple[Wanted, ...]
    phrases: tuple[tuple[str, ...], ...]


def parse(text: str) -> Query:
    """Understand a query. The last word counts as begun unless a space follows it, as does any with a `*` behind it."""
    text = text.translate(_QUOTES)
    found: dict[str, bool] = {}
    phrases: list[tuple[str, ...]] = []
    for chunk in _CHUNK.finditer(text):
        if len(found) >= MOST_WORDS:
            break
        quoted, closed, bare = chunk.groups()
        if quoted is not None and not closed:  # still being typed
            quoted, bare = None, quoted
        its_words = list(words(bare if quoted is None else quoted))
        if quoted is not None and len(its_words) > 1:
            phrases.append(tuple(stem(word.folded) for word in its_words[:MOST_WORDS]))
        typing = quoted is None and chunk.end() == len(text)
        for i, word in enumerate(its_words):
            last = i == len(its_words) - 1 and quoted is None
            found[word.folded] = found.get(word.folded, False) or (
                last and _is_begun(word, bare, typing)) or _is_half_a_pair(word)
    wanted = [Wanted(word, prefix) for word, prefix in found.items()]
    return Query(tuple(wanted[:MOST_WORDS]), tuple(dict.fromkeys(phrases)))


def _is_begun(word: Word, chunk: str, typing: bool) -> bool:
    behind = chunk[word.end:]
    return behind.startswith("*") or (typing and not behind and len(word.folded) >= PREFIX_FROM)


def _is_half_a_pair(word: Word) -> bool:
    """One sign of a script whose words are kept as pairs of signs."""
    return len(word.folded) == 1 and ord(word.folded) >= 0xE00 and not word.folded.isdigit()
