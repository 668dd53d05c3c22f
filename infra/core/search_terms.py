"""What search compares instead of letters as they were written: words, folded, and their stems. Pure.

Every database keeps and is asked for what this page makes, so that all of them find the same. Two languages can not be
told apart in a query of one word, so one light stem serves all: it takes off the English endings that a lecture and a
question most often differ in, and leaves what is short or not Latin as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

LONGEST = 64  # signs of a word; of a longer one (an address, a key) the beginning counts
# Scripts that put no spaces between words (and Hangul, which glues what would be words elsewhere): pairs of signs.
_UNSPACED = ("\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3\u1100-\u11ff\u3041-\u3096\u3099\u309a\u309d-\u309f"
             "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f"
             "\U00020000-\U0003fffd")
# What stands first in both patterns passes over an English 's.
_ASCII_WORD = re.compile(r"(?!(?<=')[sS](?![A-Za-z0-9#]|\+\+))"
                         r"[A-Za-z0-9]+(?:\+\+|#)?")
# Letters that no decomposition of Unicode takes their sign off.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})


class Word(NamedTuple):
    """A word of a text: [start, end) in code points, and how it is compared."""

    start: int
    end: int
    folded: str


def words(text: str) -> Iterator[Word]:
    """The words of a text in their order. Of a script without spaces each pair of neighbours is one.

    `C++`, `C#` and their like keep their signs. An apostrophe parts words; an English `'s` is none.
    """
    if text.isascii():
        for found in _ASCII_WORD.finditer(text):
            yield Word(*found.span(), found[0][:LONGEST].lower())
        return
    for found in _pattern().finditer(text):
        start, end = found.span()
        if found.lastgroup == "unspaced":
            last = max(start + 1, end - 1)
            pieces = [(at, min(at + 2, end)) for at in range(start, last)]
        else:
            pieces = [(start, end)]
        for begin, stop in pieces:
            folded = fold(text[begin:stop])[:LONGEST]
            if folded:
                yield Word(begin, stop, folded)


def stems(text: str) -> list[str]:
    """The stems of the words of a text, in their order; faster than by way of `words`."""
    if text.isascii():
        return [stem(word[:LONGEST]) for word in _ASCII_WORD.findall(text.lower())]
    return [stem(word.folded) for word in words(text)]


def has_phrase(text: str, phrase: tuple[str, ...]) -> bool:
    """Whether the text has these stems one behind the other."""
    # Most texts that have the words do not have them so: one look tells, at a third of the cost.
    if text.isascii() and not _sketch(phrase).search(text.lower()):
        return False
    return f" {' '.join(phrase)} " in f" {' '.join(stems(text))} "


@lru_cache(maxsize=256)
def _sketch(phrase: tuple[str, ...]) -> re.Pattern[str]:
    """What a phrase looks like in plain text: a stem without its last letter is how all of its words begin."""
    return re.compile(r"[a-z0-9]*(?:[^a-z0-9]|(?<=')s(?![a-z0-9]))+".join(re.escape(term[:-1]) for term in phrase))


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """One spelling for all that readers take for the same: no case, no width, no accents on Latin, Greek or Cyrillic."""
    if word.isascii():
        return word.lower()
    for _ in range(4):  # what one round makes can be folded once more, such as the capitals of a ligature
        bare = "".join(sign for sign in unicodedata.normalize("NFKD", word.casefold()) if not _is_accent(sign))
        folded = unicodedata.normalize("NFKC", bare.translate(_PLAIN)).casefold()
        if folded == word:
            break
        word = folded
    return "".join(sign for sign in word if sign.isalnum() or sign in "+#" or unicodedata.category(sign)[0] == "M")


def folded(text: str) -> str:
    """A line of text whose words are folded, with one space between them."""
    return " ".join(filter(None, map(fold, text.split())))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A folded word without the endings that a question and an answer may differ in: plurals, -ing, -ed, a last e."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= 3 and rest[-1] != "e" and any(sign in "aeiouy" for sign in rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def one_edit(a: str, b: str) -> bool:
    """Whether one letter more, one less, another one, or two neighbours exchanged make `a` of `b`."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, sign in enumerate(a) if sign != b[i]), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1:]
    return a[at + 1:] == b[at + 1:] or (a[at:at + 2] == b[at:at + 2][::-1] and a[at + 2:] == b[at + 2:])


def halves(word: str) -> tuple[str, str, str]:
    """Beginning and end of a word, and the word with the letters at the seam exchanged.

    Whatever is one edit away has that beginning, or that end, or is the third: so an index finds it.
    """
    seam = len(word) // 2
    return word[:seam], word[seam:], word[: seam - 1] + word[seam] + word[seam - 1] + word[seam + 1:]


def _is_accent(sign: str) -> bool:
    """A mark that writers leave out: accents, points of Hebrew, vowels of Arabic. In Indic scripts marks are letters."""
    return "\u0300" <= sign <= "\u036f" or "\u0591" <= sign <= "\u05c7" or "\u064b" <= sign <= "\u065f" or sign == "\u0670"


@cache
def _pattern() -> re.Pattern[str]:
    """Made when first needed: to ask for the category of every sign takes some milliseconds."""
    marks = "".join(map(chr, (code for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code))[0] == "M")))
    letter = rf"(?:(?![{_UNSPACED}])[^\W_])"
    ending = rf"(?!(?<=['’])[sS](?!{letter}|[{marks}#]|\+\+))"
    return re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|{ending}{letter}(?:{letter}|(?![{_UNSPACED}])[{marks}])*(?:\+\+|#)?")
