"""Uploads whose parts go from the sender straight to the object store: how they are cut, and what the store holds.

What has arrived is the store's word alone: a sender may say what it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.core.errors import Conflict, NotFound, Rejected
from infra.core.ports import DirectUploads, Storage, UploadedPart
from ingest.essentials import essentials
from ingest.uploads import UploadRecord

MIB = 1 << 20
PART_BYTES = 16 * MIB  # S3 wants at least 5 MiB; a part that is lost with its connection is sent again
MOST_PARTS = 10_000  # S3's limit
WHOLE_BYTES = 8 * MIB  # a file up to this size is fetched in one request, not in ranges
NAMED = 5  # numbers in a sentence
# Refusals that a copy with holes might bring about; all others come from headers, which it has.
_DOUBTFUL = frozenset(("damaged", "undecodable", "no_streams"))


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How a file of `size_bytes` is cut: all parts but the last have `part_bytes`. Numbers begin with 1."""

    size_bytes: int
    part_bytes: int

    @classmethod
    def of(cls, size_bytes: int) -> PartPlan:
        """PART_BYTES, or as many MiB as keep the number of parts allowed."""
        least = -(-size_bytes // MOST_PARTS)
        return cls(size_bytes, max(PART_BYTES, -(-least // MIB) * MIB))

    @property
    def count(self) -> int:
        return -(-self.size_bytes // self.part_bytes)

    def size(self, number: int) -> int:
        """Bytes of part `number`."""
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)

    def check(self, arrived: Sequence[UploadedPart]) -> None:
        """Raises Conflict `parts_missing`, `part_wrong_size` with the numbers."""
        there = {part.number: part.size_bytes for part in arrived}
        missing = [number for number in range(1, self.count + 1) if number not in there]
        if missing:
            raise Conflict("parts_missing", f"{len(missing)} of {self.count} parts have not arrived: "
                                            f"{_listed(missing)}. Send them, then complete the upload.")
        wrong = [number for number, size in sorted(there.items())
                 if number > self.count or size != self.size(number)]
        if wrong:
            raise Conflict("part_wrong_size", f"Parts of a wrong size have arrived: {_listed(wrong)}. All but the last "
                                              f"have {self.part_bytes} bytes, the last one has {self.size(self.count)}. "
                                              "Send them again, then complete the upload.")


def plan_of(upload: UploadRecord) -> PartPlan:
    """How this direct upload is cut. Raises NotFound when it is not a direct one."""
    if upload.part_bytes is None or upload.length_bytes is None:
        raise NotFound("upload_not_found", "This upload is not a direct one.")
    return PartPlan(upload.length_bytes, upload.part_bytes)


class DirectParts:
    """The store's side of direct uploads. Everything blocks: call it in a thread."""

    def __init__(self, store: DirectUploads | None, storage: Storage) -> None:
        """`store` is None where the storage has no address that a browser could send to."""
        self._store = store
        self._storage = storage

    @property
    def store(self) -> DirectUploads:
        """Raises Conflict `direct_uploads_off`."""
        if self._store is None:
            raise Conflict("direct_uploads_off", "This server's storage takes no direct uploads: send the file by tus "
                                                 "to /api/v1/uploads.")
        return self._store

    def arrived(self, upload: UploadRecord) -> Sequence[UploadedPart] | None:
        """The parts that the store holds; None when it has joined them already. Raises NotFound: it has neither."""
        try:
            if upload.store_upload is None:  # a crash came before the answer to the one who began it
                raise NotFound
            return self.store.parts(upload.source_key, upload.store_upload)
        except NotFound:
            if self._storage.stat(upload.source_key) is not None:
                return None
            raise NotFound("upload_not_found", "The parts of this upload are gone; start a new one.") from None

    def join(self, upload: UploadRecord) -> None:
        """Let the store turn the parts into the source. Again, after a crash, is no error.

        Raises Conflict `parts_missing`, `part_wrong_size`, `direct_uploads_off`; NotFound.
        """
        parts = self.arrived(upload)
        if parts is not None:
            plan_of(upload).check(parts)
            self.store.complete(upload.source_key, upload.store_upload or "", parts)
        found = self._storage.stat(upload.source_key)
        if found is None or found.size_bytes != upload.length_bytes:
            raise Rejected("damaged", "The object store joined the parts to a file of another size. Upload it again.")

    def examine(self, upload: UploadRecord, look: Callable[[Path, Mapping[str, str]], Any]) -> Any:
        """What `look` says of the joined source, from a copy that holds only what is needed. Raises as it does."""
        key, size = upload.source_key, upload.length_bytes or 0
        parts = None if size <= WHOLE_BYTES else essentials(
            lambda start, length: self._storage.read(key, start, length), size)
        try:
            with self._storage.local(key, parts) as path:
                return look(path, upload.metadata)
        except Rejected as refusal:
            if parts is None or refusal.code not in _DOUBTFUL:
                raise
        # Nobody is to lose a good file because a hole was where a reader looked: a refusal is confirmed.
        with self._storage.local(key) as path:
            return look(path, upload.metadata)

    def abort(self, upload: UploadRecord) -> None:
        """Forget the parts."""
        if self._store is not None and upload.store_upload is not None:
            self._store.abort(upload.source_key, upload.store_upload)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:NAMED])) + (" ..." if len(numbers) > NAMED else "")
