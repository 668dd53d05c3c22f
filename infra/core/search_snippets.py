"""What of a passage is shown under a hit, and which words of it are marked. Pure."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from infra.core.search_terms import stem, words

SNIPPET = 200  # code points, about
_LINE = 60  # and of a line


@dataclass(frozen=True, slots=True)
class Snippet:
    """Plain text; `marks` [start, end) in UTF-16 code units, as JavaScript counts; `html` is escaped, with <mark>.

    `share`: how much of the passage, 0 to 1, comes before the place where most of the marks stand together.
    """

    text: str
    marks: tuple[tuple[int, int], ...]
    html: str
    share: float


def snippet(passage: str, stems: Collection[str]) -> Snippet:
    """The part of a passage with most of the stems, cut between words, with an ellipsis where it is cut."""
    said = [(word.start, word.end, stem(word.folded)) for word in words(passage)]
    found = [(start, stop) for start, stop, of in said if of in stems]
    together = _together([(start, of) for start, _, of in said if of in stems])
    return _cut(passage, found, _window(passage, found), together / max(1, len(passage)))


def sentence_snippet(passage: str, begin: int, end: int) -> Snippet:
    """The sentence [begin, end) of a passage, which need have none of the words; of a long one the beginning."""
    while begin < end and passage[end - 1].isspace():
        end -= 1
    if end - begin > SNIPPET * 1.25:
        space = passage.rfind(" ", begin + SNIPPET // 2, begin + SNIPPET)
        end = space if space > 0 else begin + SNIPPET
    return _cut(passage, (), (begin, end), begin / max(1, len(passage)))


def _cut(passage: str, found: Sequence[tuple[int, int]], window: tuple[int, int], share: float) -> Snippet:
    begin, end = window
    before, after = ("… " if begin else ""), (" …" if end < len(passage) else "")
    marks: list[tuple[int, int]] = []
    for start, stop in found:
        if start >= begin and stop <= end:
            if marks and start <= marks[-1][1]:  # pairs of signs lie on top of each other
                marks[-1] = (marks[-1][0], max(stop, marks[-1][1]))
            else:
                marks.append((start, stop))
    pieces, at = [before], begin
    for start, stop in marks:
        pieces += [html.escape(passage[at:start]), "<mark>", html.escape(passage[start:stop]), "</mark>"]
        at = stop
    pieces += [html.escape(passage[at:end]), after]
    text = before + passage[begin:end] + after
    shift = len(before) - begin
    return Snippet(text, tuple((_utf16(text[:start + shift]), _utf16(text[:stop + shift])) for start, stop in marks),
                   "".join(pieces), share)


def _together(found: Sequence[tuple[int, str]]) -> int:
    """The last place from which on a line has most of the stems, each once; 0 where there are none."""
    near = [(len({of for at, of in found if start <= at < start + _LINE}), start) for start, _ in found]
    return max(near)[1] if near else 0


def _window(passage: str, found: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """[begin, end) of about SNIPPET signs, with as many of the marks as possible, a little before the first of them."""
    if len(passage) <= SNIPPET * 1.25:
        return 0, len(passage)
    best, most = 0, 0
    for i, (start, _) in enumerate(found):
        inside = sum(1 for _, stop in found[i:] if stop <= start + SNIPPET * 3 // 4)
        if inside > most:
            best, most = start, inside
    begin = max(0, min(best - SNIPPET // 4, len(passage) - SNIPPET))
    end = min(len(passage), begin + SNIPPET)
    if begin:  # at the next word, unless the marked one would go
        space = passage.find(" ", begin, best if most else end)
        begin = space + 1 if space >= 0 else begin
    if end < len(passage):
        space = passage.rfind(" ", begin + SNIPPET // 2, end)
        last = max((stop for start, stop in found if best <= start and stop <= end), default=0)
        end = space if space >= last and space > begin else end
    return begin, end


def _utf16(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
