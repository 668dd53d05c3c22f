"""What a recognizer says that nobody can have said. Pure, and by its shape alone: no list of phrases.

Whisper, which was trained on subtitles, fills silence and music with sentences, and falls into loops. Voice activity
detection takes most of it away beforehand; this takes away what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from enrich.transcript import UNSURE, Word
from infra.core.media import Frozen

_NO_SPEECH, _UNSURE = 0.6, -1.0  # Whisper's own thresholds, both of which must be passed
_LOOP, _LONGEST_LOOP = 4, 10  # a phrase of up to so many words, so many times: a loop, where people repeat themselves less
_SAME = 3  # identical segments in a row
_FASTEST = 6.0  # words a second; the fastest auctioneers stay below


class Segment(Frozen):
    """A piece of what was recognized. `average_logprob` is of its tokens, `no_speech` the odds that nobody speaks."""

    words: tuple[Word, ...]
    average_logprob: float
    no_speech: float

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip().lower()


def plausible(segments: Sequence[Segment]) -> list[Segment]:
    """The segments without what nobody said: silence, segments in a loop, phrases in a loop."""
    heard = [one for one in segments if one.words and not (one.no_speech > _NO_SPEECH and one.average_logprob < _UNSURE)]
    kept: list[Segment] = []
    for _, run in groupby(heard, key=lambda one: one.text):
        same = list(run)
        kept += same[:1] if len(same) >= _SAME else same
    return [one.model_copy(update={"words": _marked(one)}) for one in kept]


def _marked(segment: Segment) -> tuple[Word, ...]:
    """Its words without loops; those of a segment that nobody can speak so fast are marked for whoever corrects it."""
    words = without_loops(segment.words)
    return tuple(word.model_copy(update={"probability": min(word.probability, UNSURE / 2)}) for word in words
                 ) if doubtful(segment) else words


def doubtful(segment: Segment) -> bool:
    """Whether it has more words than a mouth can say in that time."""
    seconds = segment.words[-1].end_s - segment.words[0].start_s
    return len(segment.words) > 3 and len(segment.words) > _FASTEST * seconds


def without_loops(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words, each phrase that comes four times or more in a row only once."""
    said = [word.text.strip().lower().strip(".,;:!?…") for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        length, times = _loop(said, at)
        kept += words[at : at + length]
        at += length * times
    return tuple(kept)


def _loop(said: Sequence[str], at: int) -> tuple[int, int]:
    """How long the phrase at this place is, and how often it comes in a row; (1, 1) where there is no loop."""
    for length in range(1, min(_LONGEST_LOOP, (len(said) - at) // _LOOP) + 1):
        phrase = said[at : at + length]
        times = 1
        while said[at + times * length : at + (times + 1) * length] == phrase:
            times += 1
        if times >= _LOOP:
            return length, times
    return 1, 1
