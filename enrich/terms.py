"""What a text is about, as terms that can be counted, in any language. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

# Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# `\w` leaves out the marks on letters, which Hebrew, Arabic and the scripts of India write.
_MARKS = (r"\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
          r"\u0900-\u0963\u0966-\u0dff")
_LETTERS = rf"(?:(?![{_UNSPACED}])(?:[^\W_]|[{_MARKS}]))+"
_WORD = re.compile(rf"[{_UNSPACED}]+|{_LETTERS}(?:['’-]{_LETTERS})*")
_OF_UNSPACED = re.compile(rf"[{_UNSPACED}]")


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text as they are written, each with its place [begin, end). A run without spaces is one word."""
    return ((match[0], match.start(), match.end()) for match in _WORD.finditer(text))


def folded(word: str) -> str:
    """A word as it is counted: in lower case, without the 's of a genitive."""
    return unicodedata.normalize("NFKC", word).casefold().replace("’", "'").removesuffix("'s")


def unspaced(word: str) -> bool:
    """Whether it is of a script without spaces, so that it may be several words."""
    return _OF_UNSPACED.match(word) is not None


def terms(text: str) -> Iterator[str]:
    """The words, as they are counted; where a script has no spaces, each pair of signs. Numbers are left out."""
    for word, _, _ in words(text):
        counted = folded(word)
        if len(counted) > 1 and unspaced(counted):
            yield from (first + second for first, second in pairwise(counted))
        elif counted and not counted.isdigit():
            yield counted
