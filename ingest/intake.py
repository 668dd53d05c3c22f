"""Bytes in: what the ways of uploading share, from the first byte to the video.

`ingest.tus` and `ingest.multipart` speak HTTP; this keeps the promises. Bytes go to the staging area in
pieces, each durable before the next is sent after it; hashing and fsync run in threads beside the receiving.
The bytes of a direct upload (`ingest.direct`) go past all this.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from anyio import CapacityLimiter, to_thread

from infra.core.errors import Conflict, LecternError, OutOfSpace, Rejected, TooLarge
from infra.core.ports import DirectUploads, Staging, Storage
from infra.core.settings import Settings
from infra.db.models import UploadState
from infra.db.session import Database
from ingest.completion import Admission, Completion
from ingest.digests import Digest, Digests
from ingest.direct_parts import DirectParts
from ingest.errors import ChecksumMismatch
from ingest.uploads import UploadRecord, UploadRows
from ingest.writers import PIECE_BYTES, End, Writer, Writers

T = TypeVar("T")
APPENDS = 16  # pieces hashed and written at once
EXAMINATIONS = 4  # files probed at once: they must not take the threads that store bytes


class Hasher(Protocol):
    """A hash of hashlib."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class Checksum:
    """What the sender says its chunk hashes to."""

    def __init__(self, hasher: Hasher, expected: bytes) -> None:
        self._hasher = hasher
        self._expected = expected

    def take(self, data: bytes) -> None:
        """The next bytes of the chunk."""
        self._hasher.update(data)

    def verify(self) -> None:
        """Raises ChecksumMismatch."""
        if not hmac.compare_digest(self._hasher.digest(), self._expected):
            raise ChecksumMismatch("checksum_mismatch", "The chunk was damaged on the way and was thrown away. "
                                                        "Send it again.")


class Intake:
    """All uploads of this process. Create one per process and share it."""

    def __init__(self, database: Database, staging: Staging, storage: Storage, settings: Settings,
                 admission: Admission, *, direct: DirectUploads | None = None,
                 writers: Writers | None = None) -> None:
        self.settings = settings
        self.rows = UploadRows(database, settings.upload_expires_s)
        self.writers = writers or Writers()
        self._staging = staging
        self._storage = storage
        self._digests = Digests()
        self.parts = DirectParts(direct, storage)
        self._completion = Completion(self.rows, staging, storage, self._digests, admission, self.parts)
        self._appends = CapacityLimiter(APPENDS)
        self._examinations = CapacityLimiter(EXAMINATIONS)
        self._chases: set[asyncio.Task[None]] = set()

    # ---- beginning and end -------------------------------------------------------------------------

    async def create(self, organization_id: str, length_bytes: int | None, metadata: Mapping[str, str],
                     concat: str | None = None) -> UploadRecord:
        """A new upload. Raises Rejected `empty_file`, TooLarge, OutOfSpace."""
        self.check_length(length_bytes)

        def create() -> UploadRecord:
            self._check_room(length_bytes or 0)
            # The row first: a crash in between leaves a row that expires, not bytes that nobody knows.
            upload = self.rows.insert(organization_id, length_bytes, dict(metadata), concat)
            self._staging.create(upload.staging_key)
            return upload
        return await to_thread.run_sync(create)

    def check_length(self, length_bytes: int | None) -> None:
        """Raises Rejected `empty_file`, TooLarge."""
        if length_bytes == 0:
            raise Rejected("empty_file", "The file is empty: there is nothing to play.")
        if length_bytes is not None and length_bytes > self.settings.max_upload_bytes:
            raise TooLarge("too_large", f"The file has {length_bytes} bytes; the limit is "
                                        f"{self.settings.max_upload_bytes}.")

    async def find(self, organization_id: str, upload_id: str) -> UploadRecord:
        """Raises NotFound."""
        return await to_thread.run_sync(self.rows.find, organization_id, upload_id)

    async def offset(self, upload: UploadRecord) -> int:
        """Bytes safely stored. Raises NotFound when they are gone."""
        if upload.state is UploadState.FINISHED:
            return upload.length_bytes or 0
        return await to_thread.run_sync(self._completion.stored_bytes, upload)

    async def declare_length(self, upload: UploadRecord, length_bytes: int) -> UploadRecord:
        """Fix a deferred length."""
        return await to_thread.run_sync(self.rows.declare_length, upload, length_bytes)

    async def postpone_expiry(self, upload: UploadRecord) -> UploadRecord:
        """Bytes are coming: count its time anew."""
        return await to_thread.run_sync(self.rows.postpone_expiry, upload)

    async def complete(self, upload: UploadRecord) -> UploadRecord:
        """See `Completion.complete`. The caller holds the upload."""
        return await to_thread.run_sync(self._completion.complete, upload, limiter=self._examinations)

    async def terminate(self, upload: UploadRecord) -> None:
        """Forget the upload and its bytes; a video that it became stays. The caller holds the upload."""
        await to_thread.run_sync(self._drop, upload)

    def _drop(self, upload: UploadRecord) -> None:
        self._completion.drop_bytes(upload)
        self.rows.delete(upload)

    def expire(self, now_s: float | None = None) -> int:
        """Drop what is overdue: unfinished uploads with their bytes, ended ones as mere rows.

        Blocks. `now_s` is Unix time; None asks the database's clock. How many were dropped.
        """
        overdue = [upload for upload in self.rows.overdue(now_s) if not self.writers.busy(upload.id)]
        for upload in overdue:
            self._drop(upload)
        return len(overdue)

    def recover(self) -> int:
        """See `Completion.recover`: once at start, before requests are served. Blocks."""
        return self._completion.recover()

    # ---- bytes -------------------------------------------------------------------------------------

    async def receive(self, upload: UploadRecord, writer: Writer, stream: AsyncIterator[bytes], offset: int,
                      checksum: Checksum | None = None) -> int:
        """Append a body at `offset`, which is the upload's size; the new size. Look at `writer.end` then.

        What arrived before a broken connection stays, also before OutOfSpace. All of the body is undone
        when it runs over the declared length (TooLarge), does not match its checksum (ChecksumMismatch) or
        breaks off before its checksum could be compared.
        """
        self._chase(upload.staging_key, offset)
        limit = self.settings.max_upload_bytes if upload.length_bytes is None else upload.length_bytes
        digest = self._digests.of(upload.staging_key)
        arrived = size = offset
        held: list[bytes] = []  # with a checksum the latest piece waits: it may be the last, see _append
        storing: asyncio.Task[int] | None = None

        def start(chunks: list[bytes], *, last: bool = False) -> asyncio.Task[int]:
            return asyncio.create_task(self._thread(
                lambda: self._append(upload.staging_key, digest, size, chunks, checksum, last)))

        try:
            async for chunks in writer.pieces(stream):
                arrived += sum(map(len, chunks))
                if arrived > limit:
                    raise TooLarge("over_length", f"The body runs past the {limit} bytes that this upload may have.")
                if storing:
                    size = await asyncio.shield(storing)
                ready, held = (held, chunks) if checksum else (chunks, [])
                storing = start(ready) if ready else None
            if storing:
                size = await asyncio.shield(storing)
            if held and writer.end is End.COMPLETE:
                storing = start(held, last=True)
                size = await asyncio.shield(storing)
            elif checksum:
                await self._undo(upload.staging_key, offset)
                size = offset
        except BaseException as error:
            if storing:  # no thread may write once the lock is gone
                await asyncio.gather(storing, return_exceptions=True)
            if isinstance(error, TooLarge | ChecksumMismatch) or (checksum and isinstance(error, LecternError)):
                await self._undo(upload.staging_key, offset)
            raise
        return size

    def _append(self, key: str, digest: Digest, offset: int, chunks: list[bytes], checksum: Checksum | None,
                last: bool) -> int:
        data = b"".join(chunks)
        if checksum:
            checksum.take(data)
            if last:
                # Before the last piece is stored: no crash can leave a whole, unverified chunk.
                checksum.verify()
        self._check_room(len(data))
        size = self._staging.append(key, offset, data)
        digest.update(offset, data)
        return size

    async def _undo(self, key: str, size: int) -> None:
        def undo() -> None:
            self._staging.truncate(key, size)
            self._digests.forget(key)
        await self._thread(undo)

    def _chase(self, key: str, offset: int) -> None:
        # The running hash of an upload that began before a restart is rebuilt while new bytes arrive.
        digest = self._digests.of(key)
        if digest.size_bytes >= offset:
            return

        async def chase() -> None:
            with suppress(LecternError, OSError):  # completing it will read what is missing, or say why not
                await to_thread.run_sync(digest.chase, self._staging, key, limiter=self._examinations)
        task = asyncio.create_task(chase())
        self._chases.add(task)
        task.add_done_callback(self._chases.discard)

    async def _thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._appends)

    def _check_room(self, size_bytes: int) -> None:
        free = self._staging.free_bytes()
        if free is not None and free - size_bytes < self.settings.reserve_bytes:
            raise OutOfSpace("disk_full", "The server's disk is nearly full. What has arrived is kept: try again "
                                          "later, the upload goes on where it stopped.")

    # ---- concatenation -----------------------------------------------------------------------------

    async def concatenate(self, organization_id: str, part_ids: Sequence[str], metadata: Mapping[str, str],
                          concat: str) -> UploadRecord:
        """A new upload with all the bytes of finished partial ones, in order; the parts are forgotten after it.

        Raises NotFound for a part, Conflict when one is not partial or not whole, TooLarge, OutOfSpace.
        """
        def find() -> list[UploadRecord]:
            return [self.rows.find(organization_id, part_id) for part_id in part_ids]

        parts = await to_thread.run_sync(find)
        for part in parts:
            if not part.partial or part.length_bytes != await self.offset(part):
                raise Conflict("part_not_finished", f"The upload {part.id} is not a finished partial upload.")
        final = await self.create(organization_id, sum(part.length_bytes or 0 for part in parts), metadata, concat)
        try:
            for part in parts:
                await self._thread(lambda part=part: self._copy(part, final))  # type: ignore[misc]  # mypy #12557
        except BaseException:
            await self.terminate(final)
            raise
        return final

    def _copy(self, part: UploadRecord, final: UploadRecord) -> None:
        offset = self._staging.size(final.staging_key)
        digest = self._digests.of(final.staging_key)
        with self._staging.local(part.staging_key) as path, path.open("rb") as file:
            while data := file.read(PIECE_BYTES):
                offset = self._append(final.staging_key, digest, offset, [data], None, False)
