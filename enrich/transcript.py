"""What was said: words with their times. Captions, search and chapters are pure functions of it."""

from __future__ import annotations

from collections.abc import Sequence

from infra.core.media import Frozen

# A word that the recognizer itself gives less than even odds is shown to the person who corrects captions.
UNSURE = 0.5
_APART = 4  # unsure words so near to each other are listened to in one go


class Word(Frozen):
    """A word as it was heard, in seconds of the video. `text` begins with a space where the language puts one."""

    text: str
    start_s: float
    end_s: float
    probability: float

    @property
    def unsure(self) -> bool:
        return self.probability < UNSURE


class Transcript(Frozen):
    """All words of one track, in the order they were said.

    `language` is a BCP 47 tag. Where nobody speaks there are no words, and `reason` says why. `spans`: how many of the
    pieces that are recognized one by one are in it.
    """

    language: str
    words: tuple[Word, ...]
    spans: int = 1
    reason: str | None = None

    @property
    def text(self) -> str:
        """What was said, as one line."""
        return "".join(word.text for word in self.words).strip()


def to_review(words: Sequence[Word]) -> list[tuple[float, float, str]]:
    """The passages that a person should listen to: (start_s, end_s, text). Unsure words that only a few words part are
    one passage.
    """
    passages: list[list[int]] = []
    for i, word in enumerate(words):
        if word.unsure:
            if passages and i - passages[-1][-1] <= _APART:
                passages[-1].append(i)
            else:
                passages.append([i])
    return [(words[first].start_s, words[last].end_s, "".join(word.text for word in words[first : last + 1]).strip())
            for first, last in ((passage[0], passage[-1]) for passage in passages)]
