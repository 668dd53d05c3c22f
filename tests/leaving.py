"""Lectures that are made up, and learners who leave them by a law that is known: for the tests of predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enrich.prediction import Floats, usual
from enrich.prediction_features import Features, features
from enrich.prediction_fit import Watched
from enrich.prediction_parts import Part, cut
from enrich.transcript import Word
from player_api.analytics import laws

SPREAD_PART, SPREAD_VIDEO = 0.1, 0.2
_WORDS = [f"{a}{b}{c}" for a in "bdfgklm" for b in ("an", "or", "il", "ust") for c in ("ed", "ow", "", "ation")]


@dataclass(frozen=True)
class Lecture:
    """A video: what is said in it, and when learners left (by second, those who came to the end at the last one)."""

    length_s: int
    words: list[Word]
    parts: list[Part]
    features: list[Features]
    learners: int
    exits: np.ndarray[tuple[int, ...], np.dtype[np.int64]]

    @property
    def watched(self) -> Watched:
        return Watched(self.length_s, self.learners, self.parts, self.features,
                       *laws.counted(self.exits, self.learners, self.parts))


def library(seed: int, videos: int, by_silence: float, *, learners: int = 60, spread_part: float = SPREAD_PART,
            spread_video: float = SPREAD_VIDEO) -> list[Lecture]:
    """Lectures in which exp(`by_silence` x (share of silence - 0.4)) times as many leave as is usual."""
    chance = np.random.default_rng(seed)
    return [_lecture(chance, by_silence, learners, spread_part, spread_video) for _ in range(videos)]


def _lecture(chance: np.random.Generator, by_silence: float, learners: int, spread_part: float, spread_video: float
             ) -> Lecture:
    length_s = int(chance.integers(240, 1500))
    words = speech(chance, length_s)
    parts = cut(laws.until(length_s))
    known = features(parts, words, [])
    silence = np.array([1.0 if one.silence is None else one.silence for one in known])
    hazard = usual(parts, length_s) * np.exp(by_silence * (silence - 0.4)) * gamma(chance, spread_video) \
        * gamma(chance, spread_part, len(parts))
    came = int(learners * chance.lognormal(0, 0.7)) + 5
    return Lecture(length_s, words, parts, known, came, leave(chance, parts, hazard, came, length_s))


def speech(chance: np.random.Generator, length_s: int) -> list[Word]:
    """Words in pieces of half a minute, each of which is silent in its last part, of a length that is drawn."""
    found = []
    for start_s in range(0, length_s, 30):
        spoken_s, rate = 30 * (1 - chance.uniform(0, 0.8)), chance.uniform(1.8, 3.2)
        for n, which in enumerate(chance.integers(0, len(_WORDS), int(spoken_s * rate)).tolist()):
            at_s = start_s + n / rate
            found.append(Word(text=f" {_WORDS[which]}{'.' if n % 9 == 8 else ''}", start_s=at_s, end_s=at_s + 0.9 / rate,
                              probability=1.0))
    return found


def gamma(chance: np.random.Generator, spread: float, size: int = 1) -> Floats:
    """Numbers with mean 1 and this variance."""
    return chance.gamma(1 / spread, spread, size) if spread else np.ones(size)


def leave(chance: np.random.Generator, parts: list[Part], hazard: Floats, came: int, length_s: int
          ) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """When each of them leaves, second by second."""
    by_second = np.cumsum(np.repeat(hazard, [end - start for start, end in parts]))
    left = np.searchsorted(by_second, chance.exponential(size=came))
    return np.bincount(np.where(left < len(by_second), left, length_s - 1), minlength=length_s).astype(np.int64)
