"""The text of a slide: from the words that a program recognized to lines and a title. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import fmean, median
from typing import NamedTuple

from enrich.slide import Line

LEAST_CONFIDENCE = 50.0  # of 100; what is below is mostly icons and pictures read as words
_SURE = 75.0  # of 100: the bars of a chart are read as large words, but not with certainty
_TOP = 0.4  # of the picture: where a title begins
_EQUAL = 0.8  # of the largest line's height: descenders make lines of one size differ so much
_LARGER = 1.2  # than the text below: only then a second line belongs to the title


class Word(NamedTuple):
    """A word or a piece of a line, with its confidence of 0 to 100 and its box in parts of the picture. Words with equal
    `line` are a line."""

    text: str
    confidence: float
    line: tuple[int, ...]
    left: float
    top: float
    width: float
    height: float


def words_of_tsv(table: str, width_px: int, height_px: int) -> list[Word]:
    """The words in a table of tesseract (`tsv`) about a picture of that size."""
    found = []
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5":  # another level: page, block, paragraph, line
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        found.append(Word(cells[11], float(cells[10]), tuple(int(cell) for cell in cells[1:5]), left / width_px,
                          top / height_px, width / width_px, height / height_px))
    return found


def lines_of(words: Iterable[Word]) -> list[Line]:
    """What is likely to be text, line by line from top to bottom; words of a line must follow each other."""
    found = []
    likely = (word for word in words if word.confidence >= LEAST_CONFIDENCE and any(map(str.isalnum, word.text)))
    for _, group in groupby(likely, key=lambda word: word.line):
        of_line = list(group)
        left, top = min(word.left for word in of_line), min(word.top for word in of_line)
        right = max(word.left + word.width for word in of_line)
        bottom = max(word.top + word.height for word in of_line)
        found.append(Line(text=" ".join(word.text.strip() for word in of_line), left=round(left, 4), top=round(top, 4),
                          width=round(right - left, 4), height=round(bottom - top, 4),
                          confidence=round(fmean((word.confidence for word in of_line),
                                                 (len(word.text) for word in of_line)), 1)))
    return sorted(found, key=lambda line: (round(line.top + line.height / 2, 2), line.left))


def title_of(lines: Sequence[Line]) -> str | None:
    """The largest line near the top, with the one below it where both are larger than the rest."""
    near_top = [line for line in lines if line.top < _TOP and line.confidence >= _SURE]
    if not near_top:
        return None
    largest = max(line.height for line in near_top)
    first = next(line for line in near_top if line.height >= _EQUAL * largest)
    rest = [line for line in lines if line is not first]
    for line in rest:
        size = median([other.height for other in rest if other is not line] or [0.0])
        gap = line.top - first.top - first.height
        if min(line.height, first.height) >= max(_LARGER * size, _EQUAL * largest) and 0 <= gap < first.height:
            return f"{first.text} {line.text}"
    return first.text


def text_of(lines: Sequence[Line]) -> str:
    """All lines, as people read them."""
    return "\n".join(line.text for line in lines)
