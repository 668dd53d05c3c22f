"""How much what is said behind a place of a lecture differs from what was said before it. Pure.

The words of a minute on each side, weighed by how rare they are in this lecture, are compared as two vectors. That needs
neither a model nor to know the language; docs/chapters.md has what it was measured against.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt

from enrich.sentences import Sentence
from enrich.terms import terms

WINDOW_S = 60.0


def novelty(said: Sequence[Sentence], places_s: Iterable[float]) -> list[float]:
    """0 (the same words on both sides of a place) to 1 (none of them, or nobody speaks), for each place.

    `said` is in the order of time.
    """
    starts_s = [one.start_s for one in said]
    vectors = _weighed([Counter(terms(one.text)) for one in said])
    found = []
    for at_s in places_s:
        first, middle, last = (bisect_left(starts_s, at_s + by_s) for by_s in (-WINDOW_S, 0, WINDOW_S))
        found.append(1.0 - _cosine(_sum(vectors[first:middle]), _sum(vectors[middle:last])))
    return found


def _weighed(counts: Sequence[Counter[str]]) -> list[dict[str, float]]:
    """TF-IDF, where a document is a sentence."""
    having = Counter(term for count in counts for term in count)
    return [{term: n * log(len(counts) / having[term]) for term, n in count.items()} for count in counts]


def _sum(vectors: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for vector in vectors:
        for term, weight in vector.items():
            total[term] = total.get(term, 0.0) + weight
    return total


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    shared = sum(weight * other[term] for term, weight in one.items() if term in other)
    lengths = sqrt(sum(weight * weight for weight in one.values()) * sum(weight * weight for weight in other.values()))
    return min(1.0, shared / lengths) if lengths else 0.0
