"""The phrases that a text is about, with the times they are said at. Pure.

A phrase is one to three words between words that say nothing (stop words) and signs. It counts for as often as it is
said, more when it is of several words, and less when other videos are about it, too. docs/decisions/0015 says why no more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, log

from enrich.sentences import Sentence
from enrich.stop_words import stop_words
from enrich.terms import folded, terms, unspaced, words
from infra.core.media import Frozen

_MOST_WORDS, _MOST_SIGNS = 3, 4
# Two words together are said less often than either, and say more.
_OF_WORDS = (1.0, 3.0, 4.0)
_ABSORBED = 0.5  # a phrase of which this share is said within a longer one is only a part of that
_EVERYWHERE = 0.4  # of the minutes
_TWICE = 2  # what is said once may be anything
_JOINED = re.compile(r"\s+")
_HAN = re.compile(r"[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_KATAKANA = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}")


class Phrase(Frozen):
    """`text` as it is written most often, and the seconds of the video where the sentences begin that it is said in."""

    text: str
    score: float
    times_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Background:
    """In how many of other videos each phrase is among their phrases."""

    videos: int = 0
    having: Counter[str] = field(default_factory=Counter)

    def rarity(self, key: str) -> float:
        """1 for what is nowhere else, to nearly 0 for what is everywhere."""
        return log((self.videos + 2) / (self.having[key] + 1)) / log(self.videos + 2)


def background(videos: Iterable[Iterable[str]]) -> Background:
    """Of the phrases of each of other videos."""
    having: Counter[str] = Counter()
    count = 0
    for count, phrases in enumerate(videos, 1):  # noqa: B007
        having.update({_key(phrase.split()) for phrase in phrases})
    return Background(count, having)


def key_phrases(said: Sequence[Sentence], language: str | None, others: Background | None = None, *,
                shown: str = "", count: int | None = 60) -> list[Phrase]:
    """The phrases that `said` is about, the best first, up to `count` (None: all).

    What is also in `shown`, the text of slides, counts half more.
    """
    stops = stop_words(language) or _everywhere(said)
    others = others or Background()
    written: dict[str, Counter[str]] = {}
    times_s: dict[str, list[float]] = {}
    for sentence in said:
        for key, text in _phrases(sentence.text, stops):
            written.setdefault(key, Counter())[text] += 1
            times_s.setdefault(key, []).append(sentence.start_s)
    on_slides = {key for key, _ in _phrases(shown, stops)}
    found = []
    for key, texts in written.items():
        times = len(times_s[key])
        if times >= _TWICE or key in on_slides:
            score = times * _worth(key) * others.rarity(key) * (1.5 if key in on_slides else 1.0)
            found.append((key, Phrase(text=_usual(texts), score=round(score, 3), times_s=tuple(sorted(set(times_s[key]))))))
    found.sort(key=lambda one: (-one[1].score, one[0]))
    return list(_without_parts(found))[:count]


def of_chapters(phrases: Sequence[Phrase], starts_s: Sequence[float]) -> list[list[Phrase]]:
    """The phrases of each chapter, the best first; the score and the times are those within it."""
    found = []
    for start_s, end_s in pairwise([*starts_s, inf]):
        here = []
        for phrase in phrases:
            times_s = tuple(at_s for at_s in phrase.times_s if start_s <= at_s < end_s)
            if times_s:
                share = len(times_s) / len(phrase.times_s)
                here.append(Phrase(text=phrase.text, score=round(phrase.score * share, 3), times_s=times_s))
        found.append(sorted(here, key=lambda one: (-one.score, one.text)))
    return found


def _everywhere(said: Iterable[Sentence]) -> frozenset[str]:
    """Stop words of a language that has no list: what is said in so many minutes that it can be about nothing."""
    minutes: dict[str, set[int]] = {}
    for sentence in said:
        for term in terms(sentence.text):
            minutes.setdefault(term, set()).add(int(sentence.start_s // 60))
    total = len(set().union(*minutes.values()))
    return frozenset(term for term, its in minutes.items() if len(its) > max(_TWICE, _EVERYWHERE * total))


def _without_parts(found: Sequence[tuple[str, Phrase]]) -> Iterator[Phrase]:
    """Of phrases that are parts of each other one: the longer where the shorter is seldom said alone, else the better."""
    times = {key: len(phrase.times_s) for key, phrase in found}
    longer: Counter[str] = Counter()
    for key, n in times.items():
        for part in _parts(key.split(" ")):
            longer[part] = max(longer[part], n)
    kept: list[tuple[str, ...]] = []
    for key, phrase in found:
        words_of = tuple(key.split(" "))
        if longer[key] < _ABSORBED * times[key] and not any(
                _within(words_of, other) or _within(other, words_of) for other in kept):
            kept.append(words_of)
            yield phrase


def _parts(phrase: Sequence[str]) -> Iterator[str]:
    """Every shorter phrase in it."""
    for size in range(1, len(phrase)):
        for begin in range(len(phrase) - size + 1):
            yield " ".join(phrase[begin:begin + size])


def _within(parts: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[i:i + len(parts)] == parts for i in range(len(whole) - len(parts) + 1))


def _phrases(text: str, stops: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every phrase of a text: as it is counted, and as it is written."""
    for run in _runs(text, stops):
        for begin in range(len(run)):
            for end in range(begin + 1, min(begin + _MOST_WORDS, len(run)) + 1):
                yield _key(run[begin:end]), " ".join(run[begin:end])
    for signs in _HAN.findall(text):
        for begin in range(len(signs)):
            for end in range(begin + 2, min(begin + _MOST_SIGNS, len(signs)) + 1):
                if not stops & set(signs[begin:end]):
                    yield _key([signs[begin:end]]), signs[begin:end]
    for word in _KATAKANA.findall(text):
        yield _key([word]), word


def _runs(text: str, stops: frozenset[str]) -> Iterator[list[str]]:
    """Words that follow each other with nothing but a space between, none of which is a stop word."""
    run: list[str] = []
    last = 0
    for word, begin, end in words(text):
        counted = folded(word)
        if run and not _JOINED.fullmatch(text, last, begin):
            yield run
            run = []
        if counted in stops or len(counted) < 2 or counted.isdigit() or unspaced(word):
            yield run
            run = []
        else:
            run.append(word)
        last = end
    yield run


def _key(phrase: Sequence[str]) -> str:
    """As it is counted: a plural with its singular, in the languages that write it with s; without spaces by signs."""
    return " ".join(" ".join(word) if unspaced(word) else _singular(folded(word)) for word in phrase)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _worth(key: str) -> float:
    parts = key.split(" ")
    return _OF_WORDS[min(len(parts), len(_OF_WORDS)) - 1]


def _usual(texts: Counter[str]) -> str:
    """The most frequent; of those the one with the fewest capitals, which a sentence may begin with."""
    return min(texts, key=lambda text: (-texts[text], sum(map(str.isupper, text)), text))
