"""Vectors of passages: their rows, and which of them are near a question's.

All vectors of an organization are compared with each question, in memory: an index that leaves some out saves nothing at
this size (docs/decisions/0019). A process keeps them, and asks at each question whether they are still those of the rows.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from infra.core import search_index
from infra.core.search_index import BLOCK, Kind
from infra.core.search_meaning import BlockTexts, BlockVectors, Near, best_sentence, stamp
from infra.db.models import Passage, PassageBlock, PassageVectors, Step, StepState, Video

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_BYTES = 512 << 20  # that a process keeps of all organizations together, or of one that is larger
_CANDIDATES = 1000  # by the signs of their dimensions alone, of which all but one in a thousand of the nearest 50 are
_AT_ONCE = 200  # blocks read by one query
_SHARE = 100  # after new vectors were read, at least so many times that long is waited for the next


def videos_without(session: Session, model: str, step: str, limit: int) -> list[Video]:
    """Some of the videos with passages that have no vectors of this model, and for which `step` has not been asked to make
    them, or has ended. (One that failed is not asked again.)
    """
    in_hand = select(Step.id).where(Step.video_id == Video.id, Step.step == step, Step.key == model,
                                    Step.state != StepState.DONE)
    without = (select(PassageBlock.id).outerjoin(PassageVectors, PassageVectors.block_id == PassageBlock.id)
               .where(PassageBlock.video_id == Video.id, PassageVectors.block_id.is_(None)
                      | (PassageVectors.model != model) | (PassageVectors.language != func.coalesce(Video.language, ""))))
    return list(session.scalars(select(Video).where(Video.deleted_at.is_(None), without.exists(), ~in_hand.exists())
                                .limit(limit)))


def wanted(session: Session, video_id: str, model: str, language: str) -> list[BlockTexts]:
    """The passages of a video that have no vectors of this model, made when it had this language."""
    ids = session.scalars(
        select(PassageBlock.id).outerjoin(PassageVectors, PassageVectors.block_id == PassageBlock.id)
        .where(PassageBlock.video_id == video_id, PassageVectors.block_id.is_(None) | (PassageVectors.model != model)
               | (PassageVectors.language != language)).order_by(PassageBlock.id)).all()
    return [BlockTexts(block, stamp(block, texts), tuple(texts)) for block, texts in _texts(session, ids).items()]


def save(session: Session, organization_id: str, model: str, language: str, made: Sequence[BlockVectors]) -> int:
    """Save vectors of blocks whose texts are still those that they were made of; how many."""
    there = _texts(session, [one.id for one in made])
    fit = [one for one in made if one.id in there and stamp(one.id, there[one.id]) == one.stamp]
    session.execute(delete(PassageVectors).where(PassageVectors.block_id.in_([one.id for one in fit])))
    if fit:
        session.execute(insert(PassageVectors), [
            {"block_id": one.id, "organization_id": organization_id, "model": model, "language": language,
             "stamp": one.stamp, "dimensions": one.dimensions, "vectors": one.vectors, "sentences": one.sentences}
            for one in fit])
    return len(fit)


def sentences(session: Session, organization_id: str, question: NDArray[np.float32], texts: dict[int, str]
              ) -> dict[int, tuple[int, int]]:
    """Of passages (by id, with what they say) the sentence that means most what the question does, [begin, end)."""
    import numpy as np

    asked = np.packbits(question > 0).tobytes()
    rows = session.execute(
        select(PassageVectors.block_id, PassageBlock.passages, PassageVectors.sentences)
        .join(PassageBlock, PassageBlock.id == PassageVectors.block_id)
        .where(PassageVectors.block_id.in_({search_index.block_of(one)[0] for one in texts}),
               PassageVectors.organization_id == organization_id))
    packed = {block: (passages, bits) for block, passages, bits in rows}
    found = {}
    for one, text in texts.items():
        block, ordinal = search_index.block_of(one)
        if block in packed:
            found[one] = best_sentence(asked, packed[block][1], (packed[block][0], ordinal), text)
    return found


@dataclass(frozen=True, slots=True)
class _Matrix:
    """All vectors of an organization, a row each, as they are at the time of `known` (count and sum of their stamps)."""

    known: tuple[int, int]
    stamps: dict[int, int]  # by block
    ids: NDArray[np.int64]  # of passages
    vectors: NDArray[np.int8]
    signs: NDArray[np.uint64]  # of the dimensions, a bit each: [n, row] those from dimension 64 n on
    lengths: NDArray[np.float32]

    @property
    def size_bytes(self) -> int:
        return sum(one.nbytes for one in (self.ids, self.vectors, self.signs, self.lengths))


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    matrix: _Matrix | None = None
    not_before_s: float = 0.0


class Vectors:
    """The vectors of all organizations that ask. One per process; safe to share between threads."""

    def __init__(self, share: float = _SHARE, most_bytes: int = MOST_BYTES) -> None:
        self._share = share
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def near(self, session: Session, organization_id: str, model: str, question: NDArray[np.float32], *,
             video_id: str | None = None, kinds: Collection[Kind] = (), least: float = -1.0, limit: int = 50) -> list[Near]:
        """The passages nearest to a question (a vector of length one), the none whose cosine is below `least`.
        """
        import numpy as np

        matrix = self._current(session, organization_id, model)
        rows = self._asked_for(session, matrix, video_id, kinds)
        if not len(matrix.ids if rows is None else rows) or matrix.vectors.shape[1] != len(question):
            return []
        if len(matrix.ids if rows is None else rows) > 2 * _CANDIDATES:
            signs = matrix.signs if rows is None else matrix.signs[:, rows]
            differ = np.zeros(signs.shape[1], np.uint16)
            for its, asked in zip(signs, _signs(question[None, :]), strict=True):
                differ += np.bitwise_count(its ^ asked)
            likely = np.argpartition(differ, _CANDIDATES)[:_CANDIDATES]
            rows = likely if rows is None else rows[likely]
        elif rows is None:
            rows = np.arange(len(matrix.ids))
        cosines = (matrix.vectors[rows].astype(np.float32) @ question) / matrix.lengths[rows]
        order = np.lexsort((matrix.ids[rows], -cosines))
        found = (Near(int(matrix.ids[rows[i]]), float(cosines[i])) for i in order if cosines[i] >= least)
        return _still_so(session, organization_id, matrix, list(islice(found, limit)))

    def _asked_for(self, session: Session, matrix: _Matrix, video_id: str | None, kinds: Collection[Kind]
                   ) -> NDArray[np.intp] | None:
        """The rows of a video, or of some kinds; None: all."""
        import numpy as np

        if video_id is None and not kinds:
            return None
        blocks = list(session.scalars(select(PassageBlock.id).where(PassageBlock.video_id == video_id))
                      ) if video_id is not None else list(matrix.stamps)
        blocks = [block for block in blocks if not kinds or search_index.kind_of(block) in kinds]
        return np.flatnonzero(np.isin(matrix.ids & ~np.int64(BLOCK - 1), np.array(blocks, np.int64)))

    def _current(self, session: Session, organization_id: str, model: str) -> _Matrix:
        with self._lock:
            kept = self._kept.setdefault((organization_id, model), _Kept())
            self._kept.move_to_end((organization_id, model))
        known = _known(session, organization_id, model)
        with kept.lock:
            stale = kept.matrix is None or kept.matrix.known != known
            if stale and (kept.matrix is None or time.monotonic() >= kept.not_before_s):
                began_s = time.monotonic()
                kept.matrix = _read(session, organization_id, model, known, kept.matrix)
                ended_s = time.monotonic()
                kept.not_before_s = ended_s + self._share * (ended_s - began_s)
            assert kept.matrix is not None
            matrix = kept.matrix
        if stale:
            self._forget()
        return matrix

    def _forget(self) -> None:
        """Let go of what was asked for longest ago, until the rest is small enough."""
        with self._lock:
            size = sum(one.matrix.size_bytes for one in self._kept.values() if one.matrix)
            while size > self._most_bytes and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                size -= gone.matrix.size_bytes if gone.matrix else 0


def _known(session: Session, organization_id: str, model: str) -> tuple[int, int]:
    """What differs when any vectors came, went or changed; an index alone is read for it."""
    count, total = session.execute(
        select(func.count(), func.sum(PassageVectors.stamp)).where(
            PassageVectors.organization_id == organization_id, PassageVectors.model == model)).one()
    return int(count), int(total or 0)


def _read(session: Session, organization_id: str, model: str, known: tuple[int, int], before: _Matrix | None) -> _Matrix:
    """The vectors as they are now; those that were known `before` are not read again."""
    import numpy as np

    its = PassageVectors.organization_id == organization_id, PassageVectors.model == model
    stamps = {int(block): int(its_stamp) for block, its_stamp in session.execute(
        select(PassageVectors.block_id, PassageVectors.stamp).where(*its))}
    ids, vectors = [], []
    same = {block for block, its_stamp in stamps.items() if before and before.stamps.get(block) == its_stamp}
    if before is not None and same:
        stay = np.isin(before.ids & ~np.int64(BLOCK - 1), np.fromiter(same, np.int64))
        ids, vectors = [before.ids[stay]], [before.vectors[stay]]
    rest = iter(sorted(stamps.keys() - same))
    while some := list(islice(rest, _AT_ONCE)):
        for block, dimensions, data in session.execute(
                select(PassageVectors.block_id, PassageVectors.dimensions, PassageVectors.vectors)
                .where(PassageVectors.block_id.in_(some), *its)):
            if dimensions:
                vectors.append(np.frombuffer(data, np.int8).reshape(-1, dimensions))
                ids.append(np.arange(block, block + len(vectors[-1]), dtype=np.int64))
    if not ids:
        return _Matrix(known, stamps, np.zeros(0, np.int64), np.zeros((0, 0), np.int8), np.zeros((0, 0), np.uint64),
                       np.zeros(0, np.float32))
    whole = np.concatenate(vectors)
    lengths = np.concatenate([np.linalg.norm(one.astype(np.float32), axis=1) for one in np.array_split(whole, 64)])
    return _Matrix(known, stamps, np.concatenate(ids), whole, _signs(whole), np.maximum(lengths, 1e-9))


def _signs(vectors: NDArray[np.int8] | NDArray[np.float32]) -> NDArray[np.uint64]:
    import numpy as np

    bits = np.packbits(vectors > 0, axis=1)
    by_row = np.ascontiguousarray(np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8)))).view(np.uint64)
    return np.ascontiguousarray(by_row.T)


def _still_so(session: Session, organization_id: str, matrix: _Matrix, found: Sequence[Near]) -> list[Near]:
    """Without passages that say something else by now: what is kept may be a moment old."""
    blocks = {search_index.block_of(one.passage_id)[0] for one in found}
    now = {int(block): int(its_stamp) for block, its_stamp in session.execute(
        select(PassageVectors.block_id, PassageVectors.stamp).where(
            PassageVectors.block_id.in_(blocks), PassageVectors.organization_id == organization_id))}
    return [one for one in found
            if now.get(block := search_index.block_of(one.passage_id)[0]) == matrix.stamps.get(block) is not None]


def _texts(session: Session, blocks: Iterable[int]) -> dict[int, list[str]]:
    texts: dict[int, list[str]] = {block: [] for block in blocks}
    for block, text in session.execute(select(Passage.block_id, Passage.text).where(Passage.block_id.in_(list(texts)))
                                       .order_by(Passage.id)):
        texts[block].append(text)
    return texts
