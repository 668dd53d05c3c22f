"""Words to cues: pieces of text that can be read in the time they are shown. Pure.

The rules are those of people who caption for a living (Netflix Timed Text Style Guide, BBC Subtitle Guidelines): two
lines of 42 columns, one to seven seconds, at most 20 characters a second where the speaker leaves the time, breaks at
the end of sentences and clauses, none across a pause. Among all ways of cutting what is said between two pauses the
cheapest is found by dynamic programming, so that no cue is left with a lone last word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise, zip_longest

from enrich.transcript import Word
from infra.core.media import Frozen

LINE_COLUMNS, LINES = 42, 2
LEAST_S, MOST_S = 1.0, 7.0
CHARACTERS_A_SECOND = 20.0
PAUSE_S = 0.5
GAP_S = 0.08  # two frames: an eye sees that the text has changed
_LINGER_S = 1.0  # a cue may stay this long after its last word, for slow readers

_SENTENCE_END = re.compile(r"[.!?…。！？](?:[\"'”’»)\]]*)$")
_CLAUSE_END = re.compile(r"[,;:–—、，；：](?:[\"'”’»)\]]*)$")
# Costs, in what one more cue costs.
_A_CUE, _IN_CLAUSE, _AFTER_CLAUSE = 1.0, 1.2, 0.4
_TOO_FAST, _TOO_SHORT, _TWO_LINES = 0.15, 0.8, 0.1


class Cue(Frozen):
    """Text to be read from `start_s` until `end_s`, in lines."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def cues(words: Sequence[Word]) -> list[Cue]:
    """The cues of what was said; `words` in the order of their start. They do not overlap."""
    pieces = [piece for run in _runs(_in_order(words)) for piece in _cut(run)]
    found = []
    for piece, following in zip_longest(pieces, pieces[1:]):
        start_s = piece[0].start_s
        until_s = following[0].start_s - GAP_S if following else float("inf")
        lines = lay_out([word.text for word in piece])
        columns = sum(width(line) for line in lines)
        wanted_s = max(piece[-1].end_s, start_s + max(LEAST_S, columns / CHARACTERS_A_SECOND))
        end_s = min(wanted_s, piece[-1].end_s + _LINGER_S if columns else wanted_s, start_s + MOST_S, until_s)
        # Words that were recognized on top of each other leave no time; a cue needs some.
        found.append(Cue(start_s=round(start_s, 3), end_s=round(max(end_s, start_s + 0.001), 3), lines=lines))
    return found


def width(text: str) -> int:
    """Columns of a text: Chinese, Japanese and Korean signs take two."""
    if text.isascii():
        return len(text)  # a hundred times as fast, and asked for every way of cutting
    return sum(0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
               for sign in text)


def lay_out(texts: Sequence[str]) -> tuple[str, ...]:
    """The words of a cue in one line, or in two, cut where a clause ends and near the middle.

    What does not fit in two lines becomes more: a caller that cuts by `fits` never sees that.
    """
    whole = _joined(texts)
    if width(whole) <= LINE_COLUMNS:
        return (whole,) if whole else ()
    ways = []
    for cut in range(1, len(texts)):
        above, below = _joined(texts[:cut]), _joined(texts[cut:])
        if max(width(above), width(below)) <= LINE_COLUMNS:
            uneven = abs(width(above) - width(below)) / LINE_COLUMNS
            ways.append((uneven + _break_cost(texts[cut - 1]) / 2, above, below))
    if ways:
        _, above, below = min(ways)
        return above, below
    return tuple(_wrapped(texts))


def fits(texts: Sequence[str]) -> bool:
    """Whether these words can be laid out in two lines."""
    columns = width(_joined(texts))
    if columns <= LINE_COLUMNS or columns > LINES * LINE_COLUMNS + 1:  # and a space where the line is cut
        return columns <= LINE_COLUMNS
    lines = lay_out(texts)
    return len(lines) <= LINES and all(width(line) <= LINE_COLUMNS for line in lines)


def _joined(texts: Sequence[str]) -> str:
    return " ".join("".join(texts).split())


def _wrapped(texts: Sequence[str]) -> Iterator[str]:
    """Lines filled from the left; a word longer than a line is cut."""
    line = ""
    for text in texts:
        if line and width(_joined([line, text])) > LINE_COLUMNS:
            yield _joined([line])
            line = ""
        line += text
        while width(_joined([line])) > LINE_COLUMNS:
            kept = _joined([line])
            size = next(i for i in range(len(kept), 0, -1) if width(kept[:i]) <= LINE_COLUMNS)
            yield kept[:size]
            line = kept[size:]
    if line.strip():
        yield _joined([line])


def _in_order(words: Sequence[Word]) -> list[Word]:
    return sorted((word for word in words if word.text.strip()), key=lambda word: word.start_s)


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """What is said between two pauses."""
    run: list[Word] = []
    for word in words:
        if run and word.start_s - run[-1].end_s > PAUSE_S:
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _cut(run: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The run in pieces of a cue each, at the least cost."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(run) + 1):
        ways = []
        for begin in range(end - 1, -1, -1):
            if begin < end - 1 and not _possible(run, begin, end):
                break
            ways.append((best[begin][0] + _cost(run, begin, end), begin))
        best.append(min(ways))
    cuts = [len(run)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    for end, begin in reversed(list(pairwise(cuts))):
        yield run[begin:end]


def _possible(run: Sequence[Word], begin: int, end: int) -> bool:
    return run[end - 1].end_s - run[begin].start_s <= MOST_S and fits([word.text for word in run[begin:end]])


def _cost(run: Sequence[Word], begin: int, end: int) -> float:
    piece = run[begin:end]
    # A piece that is followed by another one at once has to be read by then.
    until_s = run[end].start_s - GAP_S if end < len(run) else piece[-1].end_s + _LINGER_S
    shown_s = max(0.05, min(until_s, piece[-1].end_s + _LINGER_S) - piece[0].start_s)
    columns = width(_joined([word.text for word in piece]))
    cost = _A_CUE + max(0.0, columns / shown_s - CHARACTERS_A_SECOND) * _TOO_FAST
    cost += _TOO_SHORT if shown_s < LEAST_S else 0.0
    cost += _TWO_LINES if columns > LINE_COLUMNS else 0.0
    return cost + (_break_cost(piece[-1].text) if end < len(run) else 0.0)


@lru_cache(maxsize=4096)
def _break_cost(text: str) -> float:
    """What it costs to end a line or a cue behind this word."""
    if _SENTENCE_END.search(text):
        return 0.0
    return _AFTER_CLAUSE if _CLAUSE_END.search(text) else _IN_CLAUSE
