"""Sentences of what was said: by their punctuation, and by pauses where the recognizer wrote none. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from enrich.transcript import Word
from infra.core.media import Frozen

_END = re.compile(r"[.!?…。！？।؟።](?:[\"'”’»)\]」』]*)$")
_PAUSE_S = 1.0  # nobody pauses this long inside a sentence, but to search for a word
_LONG_S, _SHORT_PAUSE_S = 20.0, 0.3  # a recognizer that writes no full stops


class Sentence(Frozen):
    """What was said in [start_s, end_s), seconds of the video. `pause_s` is the silence before it."""

    start_s: float
    end_s: float
    text: str
    pause_s: float = 0.0


def sentences(words: Sequence[Word]) -> Iterator[Sentence]:
    """The sentences of `words`, in the order of their start. Empty words are left out."""
    begun: list[Word] = []
    end_s = 0.0  # of the sentence before
    for word in sorted((word for word in words if word.text.strip()), key=lambda word: word.start_s):
        if begun and _ends(begun, word):
            yield _sentence(begun, end_s)
            end_s, begun = begun[-1].end_s, []
        begun.append(word)
    if begun:
        yield _sentence(begun, end_s)


def _ends(begun: Sequence[Word], word: Word) -> bool:
    pause_s = word.start_s - begun[-1].end_s
    too_long = word.start_s - begun[0].start_s > _LONG_S and pause_s > _SHORT_PAUSE_S
    return bool(_END.search(begun[-1].text.rstrip())) or pause_s > _PAUSE_S or too_long


def _sentence(words: Sequence[Word], before_s: float) -> Sentence:
    return Sentence(start_s=words[0].start_s, end_s=words[-1].end_s, text="".join(word.text for word in words).strip(),
                    pause_s=max(0.0, words[0].start_s - before_s))
