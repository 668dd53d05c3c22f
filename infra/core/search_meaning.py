"""Search by meaning, beside the words: how two rankings become one, and what is kept of a passage's vector. Pure.

What a vector is, only the model knows (`enrich.embedder`); here it is bytes, one a dimension.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

DEPTH = 50  # of each ranking, that are merged; below stand the rest of those with the words
_K = 60  # reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): how little the first places differ
_SENTENCE = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*(?:\s+|$)")
_LONG = 300  # signs, of a sentence


class Matched(StrEnum):
    """Why a passage is a hit."""

    WORDS = "words"
    MEANING = "meaning"  # none of the words need be in it


@dataclass(frozen=True, slots=True)
class Near:
    """A passage by its id, and the cosine of the angle between its vector and the question's."""

    passage_id: int
    cosine: float


@dataclass(frozen=True, slots=True)
class BlockTexts:
    """What search has of a block whose vectors are wanted: see `search_index`. `stamp` says what the texts are."""

    id: int
    stamp: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlockVectors:
    """The vectors of a block's passages, one behind the other, and bits for their sentences (`pack_sentences`).

    No `dimensions`: the model does not know their language.
    """

    id: int
    stamp: int
    dimensions: int
    vectors: bytes
    sentences: bytes


def stamp(block_id: int, texts: Iterable[str]) -> int:
    """40 bits that other texts do not have. As few, so that the sum of a million of them still is a number to databases."""
    digest = hashlib.blake2b(str(block_id).encode(), digest_size=5)
    for text in texts:
        digest.update(b"\0" + text.encode())
    return int.from_bytes(digest.digest(), "big")


def fused(words: Sequence[tuple[int, float]], near: Sequence[int]) -> list[tuple[int, float]]:
    """Two rankings of ids as one, with scores: 1 for the first of one, up to 2 for who is first in both.

    `words` says what share of the words each has: who has a third of them counts for a third. All of them stay.
    """
    scores = [(one, share * (_K + 1) / (_K + 1 + rank)) for rank, (one, share) in enumerate(words)]
    merged = dict(scores[:DEPTH])
    for rank, one in enumerate(near[:DEPTH]):
        merged[one] = merged.get(one, 0.0) + (_K + 1) / (_K + 1 + rank)
    # Where two are equal, the one with the words goes first.
    place = {one: rank for rank, (one, _) in enumerate(words)}
    first = sorted(merged, key=lambda one: (-merged[one], place.get(one, len(words)), one))
    return [*((one, merged[one]) for one in first), *(rest for rest in scores[DEPTH:] if rest[0] not in merged)]


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a text end; the last one where the text does. Who does not stop is cut between words."""
    ends: list[int] = []
    begin = 0
    for end in [*(found.end() for found in _SENTENCE.finditer(text)), len(text)]:
        while end - begin > _LONG and (space := text.rfind(" ", begin + 1, begin + _LONG)) > 0:
            ends.append(space + 1)
            begin = space + 1
        if end > begin or not ends:
            ends.append(end)
            begin = end
    return ends


def pack_sentences(passages: Sequence[Sequence[bytes]]) -> bytes:
    """How many sentences each passage has, a byte each, then the bits of all of them. 255 at most; more have none."""
    kept = [its if len(its) < 256 else () for its in passages]
    return bytes(map(len, kept)) + b"".join(bits for its in kept for bits in its)


def sentences_of(packed: bytes, passages: int, ordinal: int, size: int) -> Iterator[bytes]:
    """The bits of the sentences of one of so many passages, `size` bytes each."""
    begin = passages + size * sum(packed[:ordinal])
    for n in range(packed[ordinal] if ordinal < passages else 0):
        yield packed[begin + n * size : begin + (n + 1) * size]


def best_sentence(question: bytes, packed: bytes, block: Sequence[int], text: str) -> tuple[int, int]:
    """[begin, end) of the sentence whose bits differ least from those of the question; `block`: passages in it, and which
    of them this is. Where sentences are not what they were, all of the text.
    """
    ends = sentence_ends(text)
    asked = int.from_bytes(question, "big")
    differ = [(int.from_bytes(bits, "big") ^ asked).bit_count()
              for bits in sentences_of(packed, block[0], block[1], len(question))]
    if len(differ) != len(ends):
        return 0, len(text)
    best = differ.index(min(differ))
    return (ends[best - 1] if best else 0), ends[best]
