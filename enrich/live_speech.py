"""The speech model on spans of a few seconds: what is said in them, as lines for captions.

Whisper looks at thirty seconds, whatever it is given, and most of its work is that look. Live it is given ten, which is
what its encoder takes as well: a third of the work, and (measured) the same words.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from enrich.cues import Cue, cues
from enrich.plausible import Segment, plausible
from enrich.recognizer import Recognizer
from enrich.transcript import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from enrich.live_hearing import Span

_CERTAIN_S = 20.0  # of speech, after which the language is what it is


class Language:
    """What language a session is in: the one that was told, or the one that its first half minute sounds like."""

    def __init__(self, told: str | None) -> None:
        self.code = told
        self._told = told is not None
        self._votes: Counter[str] = Counter()
        self._heard_s = 0.0

    @property
    def asks(self) -> bool:
        """Whether more places should be heard."""
        return not self._told and self._heard_s < _CERTAIN_S

    def vote(self, odds: dict[str, float], heard_s: float) -> None:
        """What `heard_s` seconds of speech sound like."""
        for code, one in odds.items():
            self._votes[code] += one * heard_s  # type: ignore[assignment]  # a counter counts whatever can be added
        self._heard_s += heard_s
        self.code = self._votes.most_common(1)[0][0]


class Brief(NamedTuple):
    """What the model makes of a span."""

    text: str
    average_logprob: float
    no_speech: float


def captions(recognizer: Recognizer, language: Language, span: Span) -> list[Cue]:
    """What is said in a span, in seconds of the session. Empty when nobody can have said that."""
    seen = recognizer.seen(span.samples)
    if language.asks:
        language.vote(recognizer.sounds_like(seen), span.end_s - span.start_s)
    brief = Brief(*recognizer.brief(seen, language.code or "en"))
    return cues([word for one in plausible([_segment(span, brief)]) for word in one.words])


def _segment(span: Span, brief: Brief) -> Segment:
    """The words, each with a share of the time that its length tells: asking the model for times costs as much again."""
    return Segment(words=tuple(_words(brief.text.split(), span.start_s, span.end_s)),
                   average_logprob=brief.average_logprob, no_speech=brief.no_speech)


def _words(texts: Sequence[str], start_s: float, end_s: float) -> list[Word]:
    signs = sum(len(text) + 1 for text in texts)
    found, at = [], 0
    for text in texts:
        begin_s = start_s + (end_s - start_s) * at / signs
        at += len(text) + 1
        found.append(Word(text=f" {text}", start_s=begin_s, end_s=start_s + (end_s - start_s) * at / signs, probability=1.0))
    return found
