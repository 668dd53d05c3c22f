"""The index of search: for each stem, in which passages it stands. Pure; `infra.db.search` keeps it in two tables.

Passages of a video lie in blocks of 128. What a stem has in a block is one integer, whose bit i is passage i: so "in which
passages do these three stand" is two ANDs for an hour of speech. Above those bits lie those of the passages that have
the stem at least twice, and above them at least three times; oftener makes no difference to a rank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from infra.core.search_terms import stem, words

BLOCK = 128  # passages: a lecture of an hour is one block
PLANES = 3
ONES = (1 << BLOCK) - 1
LONGEST_PASSAGE = 255  # words: a longer one ranks as this


class Kind(StrEnum):
    """Where a passage stands."""

    TITLE = "title"
    CHAPTER = "chapter"
    SLIDE = "slide"
    SPEECH = "speech"
    COMMENT = "comment"


# By the number that ids say; never to be changed. None: still free.
_KINDS: tuple[Kind | None, ...] = (Kind.TITLE, Kind.CHAPTER, Kind.SLIDE, Kind.SPEECH, Kind.COMMENT, None, None, None)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text and its time in the video, in seconds, [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """128 passages at most: `postings` has the integer of each stem, `words` every folded word with its stem."""

    passages: Sequence[Passage]
    lengths: bytes  # words of each passage
    postings: dict[str, int]
    words: dict[str, str]


def blocks(passages: Sequence[Passage]) -> Iterator[Block]:
    """The index of passages that belong together, in their order."""
    rest = iter(passages)
    while piece := list(islice(rest, BLOCK)):
        yield _block(piece)


def _block(passages: Sequence[Passage]) -> Block:
    postings: dict[str, int] = {}
    seen: dict[str, str] = {}
    lengths = bytearray()
    for i, passage in enumerate(passages):
        counts: dict[str, int] = {}
        length = 0
        for word in words(passage.text):
            length += 1
            term = seen.get(word.folded)
            if term is None:
                term = seen[word.folded] = stem(word.folded)
            counts[term] = counts.get(term, 0) + 1
        for term, count in counts.items():
            bits = 1 << i
            for plane in range(1, min(count, PLANES)):
                bits |= 1 << (i + BLOCK * plane)
            postings[term] = postings.get(term, 0) | bits
        lengths.append(min(length, LONGEST_PASSAGE))
    return Block(passages, bytes(lengths), postings, seen)


def planes_to_bytes(planes: int) -> bytes:
    """As short as it goes: most stems stand once or twice in an hour."""
    return planes.to_bytes((planes.bit_length() + 7) // 8, "little")


def planes_from_bytes(data: bytes) -> int:
    return int.from_bytes(data, "little")


def term_key(organization_id: str, term: str) -> int:
    """What stands for a stem in the index: 63 bits, others for each organization.

    So nobody has to hand out numbers for stems, over which those who write at the same time would wait for each other.
    Among a million stems two have the same with a chance of 1 : 10,000,000; one would then also find the other.
    """
    return _hash(organization_id, term) >> 1


def block_id(video_id: str, kind: Kind, number: int) -> int:
    """The id of a block. Passage i of it has this id + i, and it says the kind, so that no row need be read for that."""
    return (_hash(video_id, kind, str(number)) >> 1) & ~(len(_KINDS) * BLOCK - 1) | _KINDS.index(kind) * BLOCK


def block_of(passage_id: int) -> tuple[int, int]:
    """The id of the block of a passage, and its place there."""
    return passage_id & ~(BLOCK - 1), passage_id & (BLOCK - 1)


def kind_of(block_id: int) -> Kind:
    """The kind of the passages of a block."""
    kind = _KINDS[block_id // BLOCK % len(_KINDS)]
    assert kind is not None
    return kind


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big")
