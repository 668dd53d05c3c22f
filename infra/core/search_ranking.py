"""Which passages to show first: those that have all the words, then those that have most; among them BM25. Pure.

Two steps, because a word that everybody says stands in a hundred thousand passages, and only twenty are shown. `choose`
works on whole blocks at once and keeps a bounded number of passages; `ranked` scores these one by one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.core.search_index import BLOCK, ONES, PLANES, Kind, kind_of

BUDGET = 1000  # passages of a kind that are scored
# A word that stands in more than this share of all passages, and in more than a few, is no condition, only a bonus.
COMMON, COMMON_FROM = 0.25, 50
K1, B = 1.2, 0.75
WEIGHTS = {Kind.TITLE: 4.0, Kind.CHAPTER: 2.5, Kind.SLIDE: 1.5, Kind.SPEECH: 1.0, Kind.COMMENT: 0.7}

Planes = Mapping[int, int]  # block -> the integer of `search_index`


@dataclass(frozen=True, slots=True)
class Clause:
    """One word of a query: the `ways` to say it (as written, begun so, misspelt), each with its weight."""

    ways: tuple[tuple[float, Planes], ...]
    planes: Planes  # of all ways
    count: int  # passages that have it

    @classmethod
    def of(cls, *ways: tuple[float, Planes]) -> Clause:
        planes = united([planes for _, planes in ways])
        return cls(ways, planes, sum((mask & ONES).bit_count() for mask in planes.values()))


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all passages of a kind that are searched: how many, and their words."""

    passages: int
    words: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Passage `ordinal` of a block; `matched` words of the query are in it."""

    block: int
    ordinal: int
    matched: int


def choose(clauses: Sequence[Clause], passages: int, need: int, within: Planes | None = None) -> list[Candidate]:
    """About BUDGET candidates of each kind at most, among them `need` where there are so many.

    None is left out that has more of the words than one that is chosen; where more passages have the same number than can
    be scored, those with the rarest words stay, then those that say them most often. `passages`: how many there are in
    all. `within`: nothing else counts.
    """
    by_count = sorted(clauses, key=lambda clause: clause.count)
    sieves = [clause.planes for clause in by_count]
    conditions = [clause.planes for clause in conditional(by_count, passages)]
    levels = _levels(conditions, within)
    chosen: list[Candidate] = []
    for matched in range(len(conditions), 0, -1):
        level = levels[matched]
        for block, mask in _narrowed(level, sieves, need - len(chosen)):
            chosen.extend(Candidate(block, ordinal, matched) for ordinal in bits(mask))
        if len(chosen) >= need:
            break
    return chosen


def conditional(clauses: Sequence[Clause], passages: int) -> Sequence[Clause]:
    """The clauses whose number `Candidate.matched` counts."""
    return [clause for clause in clauses if clause.count <= max(COMMON * passages, COMMON_FROM)] or clauses


def ranked(candidates: Sequence[Candidate], clauses: Sequence[Clause], lengths: Mapping[int, bytes],
           totals: Mapping[str, Totals]) -> list[tuple[float, Candidate]]:
    """The candidates with their scores, best first; those with more words of the query before all others."""
    everything = max(1, sum(one.passages for one in totals.values()))
    average = {kind: max(1.0, one.words / max(1, one.passages)) for kind, one in totals.items()}
    ways = []
    for clause in clauses:
        idf = math.log(1 + max(0, everything - clause.count + 0.5) / (clause.count + 0.5))
        ways.append([(weight * idf, planes) for weight, planes in clause.ways])
    scored = []
    for one in candidates:
        kind = kind_of(one.block)
        length = lengths[one.block][one.ordinal]
        norm = K1 * (1 - B + B * length / average.get(kind, 1.0))
        score = 0.0
        for clause_ways in ways:
            best = 0.0
            for weight, planes in clause_ways:
                mask = planes.get(one.block, 0) >> one.ordinal
                if mask & 1:
                    often = 1 + (mask >> BLOCK & 1) + (mask >> 2 * BLOCK & 1)
                    best = max(best, weight * often * (K1 + 1) / (often + norm))
            score += best
        scored.append((score * WEIGHTS[kind], one))
    scored.sort(key=lambda pair: (-pair[1].matched, -pair[0], pair[1].block, pair[1].ordinal))
    return scored


def united(several: Sequence[Planes]) -> Planes:
    """The postings of several stems as if they were one."""
    if len(several) == 1:
        return several[0]
    together: dict[int, int] = {}
    for planes in several:
        for block, mask in planes.items():
            together[block] = together.get(block, 0) | mask
    return together


def bits(mask: int) -> Iterator[int]:
    """The places of the ones, from the lowest."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _levels(conditions: Sequence[Planes], within: Planes | None) -> list[dict[int, int]]:
    """[n]: the passages that meet exactly n of the conditions, by block. [0] stays empty."""
    levels: list[dict[int, int]] = [{} for _ in range(len(conditions) + 1)]
    for block in set().union(*conditions):
        at_least = [within.get(block, 0) if within is not None else ONES] + [0] * len(conditions)
        for seen, condition in enumerate(conditions):
            mask = condition.get(block, 0)
            if mask:
                for n in range(seen + 1, 0, -1):
                    at_least[n] |= at_least[n - 1] & mask
        above = 0
        for n in range(len(conditions), 0, -1):
            if exactly := at_least[n] & ~above & ONES:
                levels[n][block] = exactly
            above = at_least[n]
    return levels


def _narrowed(level: Mapping[int, int], sieves: Sequence[Planes], need: int) -> Iterator[tuple[int, int]]:
    """A level; of a kind with too many passages the best part: what the sieves leave, as long as that is enough.

    Each kind by itself: a title that says a word once must not go because lectures say it twice.
    """
    for kind in WEIGHTS:
        kept = {block: mask for block, mask in level.items() if kind_of(block) == kind}
        count = sum(mask.bit_count() for mask in kept.values())
        for plane in range(PLANES):
            for sieve in sieves:
                if count <= BUDGET:
                    break
                smaller = {block: left for block, mask in kept.items()
                           if (left := mask & (sieve.get(block, 0) >> BLOCK * plane))}
                left_over = sum(mask.bit_count() for mask in smaller.values())
                if left_over >= need:
                    kept, count = smaller, left_over
        room = max(BUDGET, need)
        for block in sorted(kept):
            if room <= 0:
                break
            yield block, kept[block]
            room -= kept[block].bit_count()
