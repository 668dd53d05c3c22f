"""What was said, in pieces that search can point at: twenty to forty seconds of whole sentences. Pure.

A passage begins with the sentence that the one before ended with, so that what spans two sentences is found together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from enrich.caption_files import Caption
from enrich.transcript import Word
from infra.core.search_index import Passage

LEAST_S, MOST_S = 20.0, 40.0
_PAUSE_S = 2.0  # who is silent for this long has ended a sentence
_OVERLAP_S = 12.0  # a longer sentence is not said twice
_MOST_SIGNS = 4000  # of a passage, however fast somebody talks
_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")


def passages_of(said: Sequence[Word]) -> list[Passage]:
    """The passages of words in the order of their start; nothing of nothing."""
    found: list[Passage] = []
    piece: list[list[Word]] = []
    added = False  # whether the piece has more than what the passage before ended with
    for sentence in sentences_of(said):
        if added and _lasts_s([*piece, sentence]) > MOST_S:
            found.append(_passage(piece))
            piece, added = piece[-1:] if _lasts_s(piece[-1:]) <= _OVERLAP_S else [], False
            if _lasts_s([*piece, sentence]) > MOST_S:
                piece = []
        piece.append(sentence)
        added = True
        if _lasts_s(piece) >= LEAST_S:
            found.append(_passage(piece))
            piece, added = piece[-1:] if _lasts_s(piece[-1:]) <= _OVERLAP_S else [], False
    if added:
        found.append(_passage(piece))
    return found


def words_of(captions: Sequence[Caption]) -> list[Word]:
    """The words of captions. Each has the part of its caption's time that it has of its signs."""
    words = []
    for caption in captions:
        text = " ".join(caption.text.split())
        second_a_sign = (caption.end_s - caption.start_s) / max(1, len(text))
        at = 0
        for word in text.split():
            words.append(Word(text=f" {word}", start_s=caption.start_s + at * second_a_sign,
                              end_s=caption.start_s + (at + len(word)) * second_a_sign, probability=1.0))
            at += len(word) + 1
    return words


def sentences_of(said: Sequence[Word]) -> Iterator[list[Word]]:
    """Runs of words up to a full stop or a long pause. Who does not stop is cut when a passage is full."""
    sentence: list[Word] = []
    signs = 0
    words = [word for word in said if word.text.strip()]
    for word, following in pairwise([*words, None]):
        assert word is not None
        sentence.append(word)
        signs += len(word.text)
        if (following is None or _END.search(word.text) or following.start_s - word.end_s > _PAUSE_S
                or following.end_s - sentence[0].start_s > LEAST_S or signs > _MOST_SIGNS // 4):
            yield sentence
            sentence, signs = [], 0


def _lasts_s(sentences: Sequence[Sequence[Word]]) -> float:
    return sentences[-1][-1].end_s - sentences[0][0].start_s if sentences else 0.0


def _passage(sentences: Sequence[Sequence[Word]]) -> Passage:
    said = [word for sentence in sentences for word in sentence]
    text = " ".join("".join(word.text for word in said).split())
    end_s = max(word.end_s for word in said)
    return Passage(round(said[0].start_s, 3), round(max(end_s, said[0].start_s + 0.001), 3), text)
