"""What the rest of Lectern needs from the outside. Every port has one contract suite in tests/contracts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Byte ranges [start, end) of an object, in any order.
Parts = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """A stored object. `etag` changes whenever the bytes do; unquoted."""

    key: str
    size_bytes: int
    etag: str
    modified_s: float  # Unix time


class Storage(Protocol):
    """Objects by key. A key is either absent or holds one whole object; a reader never sees a part of one."""

    remote: bool  # a question costs milliseconds, and bytes travel: ask seldom, and only for what is needed

    def put(self, key: str, data: bytes | Path) -> None:
        """Publish `data` under `key`, replacing what was there, durable when this returns.

        A `Path` may be consumed (moved). Raises OutOfSpace with nothing published.
        """

    def put_new(self, key: str, data: bytes | Path) -> bool:
        """Like put, but keeps what is already there. True when this call published it."""

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and etag, or None when there is no such object."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes [start, start + length) (all to the end without `length`). Raises NotFound."""

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Like read, in pieces. Raises NotFound before the first piece."""

    def local(self, key: str, parts: Parts | None = None) -> AbstractContextManager[Path]:
        """A local file of the object's size with its bytes, for programs that want a path. Never written to.

        With `parts` only these bytes are sure to be there, the others may read as zeros: a span of a long source
        needs little of it, and a backend on the network fetches no more. Raises NotFound.
        """

    def url(self, key: str, expires_s: float) -> str | None:
        """An address at which anyone can read the object for `expires_s` seconds; None where there is none."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key starts with `prefix`, in key order."""

    def delete(self, key: str) -> None:
        """Forget the object. Deleting what is absent is no error."""

    def delete_prefix(self, prefix: str) -> int:
        """Forget all objects under `prefix` (which must end with "/"); how many there were."""

    def free_bytes(self) -> int | None:
        """Room left, or None where the backend has no such limit."""


class Staging(Protocol):
    """Uploads that are still growing. Appends are durable, in order, and one at a time per upload."""

    def create(self, upload_key: str) -> None:
        """Begin an empty upload."""

    def size(self, upload_key: str) -> int:
        """Bytes that are safely stored. Raises NotFound."""

    def append(self, upload_key: str, offset: int, data: bytes) -> int:
        """Store `data` at `offset`, which must equal size(); the new size. Raises Conflict, OutOfSpace."""

    def truncate(self, upload_key: str, size: int) -> None:
        """Forget everything from `size` on (a chunk whose checksum was wrong)."""

    def local(self, upload_key: str) -> AbstractContextManager[Path]:
        """The bytes so far as a local file: for the probe, before anything is acknowledged."""

    def free_bytes(self) -> int | None:
        """Room left for what still grows, or None where that has no such limit."""

    def finish(self, upload_key: str, storage_key: str) -> None:
        """Turn the upload into the object `storage_key`, durably. The upload is gone afterwards.

        Calling it again after a crash, when the object is already there, is no error.
        """

    def abort(self, upload_key: str) -> None:
        """Forget the upload. Aborting what is absent is no error."""


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that the store holds. Numbers begin with 1."""

    number: int
    size_bytes: int
    etag: str


class DirectUploads(Protocol):
    """Uploads that go from the sender straight to the store, in parts, by addresses that are valid for a while."""

    def begin(self, key: str) -> str:
        """Start an upload that will become the object `key`; the store's name for it."""

    def part_url(self, key: str, upload: str, number: int, expires_s: float) -> str:
        """Where to PUT part `number` (from 1). All parts but the last are of one size, at least 5 MiB."""

    def parts(self, key: str, upload: str) -> Sequence[UploadedPart]:
        """What has arrived, by number. Raises NotFound when the upload is unknown, ended or aborted."""

    def complete(self, key: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        """Turn the parts into the object. Again, when the object is already there, is no error. Raises NotFound."""

    def abort(self, key: str, upload: str) -> None:
        """Forget the upload and its parts. Aborting what is absent is no error."""


class Doorbell(Protocol):
    """Tells a worker to look at a row. Losing or doubling a ring is harmless: rows are the truth."""

    def ring(self, queue: str, task: str, *args: str) -> None:
        """Send (task, args) to `queue`. Raises Unavailable when the broker is gone."""
