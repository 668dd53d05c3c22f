"""`lectern migrate-storage`: copies every object from the configured storage to another one, in any direction.

An object counts as copied when it was read back from the target and its bytes hashed to the same SHA-256. What is
done is written down (the etags of both sides), so that an interrupted run goes on where it stopped. The source is
only read.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra.core.errors import ConfigError, StepFailed, Unavailable
from infra.core.ports import ObjectInfo, Storage
from infra.core.settings import Settings
from infra.runtime.storages import folder_of, open_stores
from infra.runtime.supervisor import alone
from infra.storage.durable import space

PARALLEL = 8
IN_MEMORY_BYTES = 8 << 20  # larger objects go through a temporary file

Progress = Callable[[int, int, int], None]  # objects looked at, objects in all, bytes copied


@dataclass(slots=True)
class Migrated:
    """What a run did."""

    objects: int = 0  # in the source
    copied: int = 0
    copied_bytes: int = 0


def migrate(settings: Settings, target_url: str, progress: Progress | None = None, *, access_key: str = "",
            secret_key: str = "") -> Migrated:
    """Copy what the target lacks. The keys are the target's; empty: the same as the source's.

    Raises Conflict when Lectern runs on the data folder, ConfigError for a target that can not be used, Unavailable,
    OutOfSpace, StepFailed `copy_differs`: run it again.
    """
    settings = settings.model_copy(update={"data": settings.data.absolute()})
    changes = {"storage_url": target_url, "data": settings.data, "s3_public_endpoint": ""}
    if access_key:
        changes |= {"s3_access_key": access_key, "s3_secret_key": secret_key}
    target_settings = Settings(**{**settings.model_dump(), **changes})
    if not target_url or _place(settings) == _place(target_settings):
        raise ConfigError("same_storage", "The target must be another storage than the one that is configured: "
                          "file:///FOLDER or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION.")
    if not settings.data.is_dir():
        raise ConfigError("data_folder", f"There is no data folder {settings.data}: name it with --data.")
    source, target = open_stores(settings).storage, open_stores(target_settings).storage
    work = settings.data / "migrate"
    with alone(settings.data), space():
        work.mkdir(exist_ok=True)
        name = hashlib.sha256(f"{_place(settings)} {_place(target_settings)}".encode()).hexdigest()[:16]
        for leftover in work.glob("*.tmp"):
            leftover.unlink()
        with (work / f"{name}.done").open("a+") as journal:
            done = _Copying(source, target, work, journal, progress or (lambda *_: None)).run()
        shutil.rmtree(work)  # all is there: the next run compares anew
    return done


class _Copying:
    """One run."""

    def __init__(self, source: Storage, target: Storage, work: Path, journal: IO[str], progress: Progress) -> None:
        self._source, self._target, self._work, self._progress = source, target, work, progress
        self._journal = journal
        self._lock = threading.Lock()
        self._seen = 0
        self._result = Migrated()

    def run(self) -> Migrated:
        self._journal.seek(0)
        # A line that a crash cut off is no line.
        known = {line[:-1] for line in self._journal if line.endswith("\n")}
        self._journal.write("\n")
        self._result.objects = sum(1 for _ in self._source.list(""))
        there = _Listing(self._target.list(""))
        pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="copy")
        room = threading.Semaphore(PARALLEL * 4)  # not a list of millions in memory
        failed: list[BaseException] = []

        def work(info: ObjectInfo) -> None:
            try:
                if not failed:
                    self._copy(info)
            except BaseException as error:
                failed.append(error)
            finally:
                room.release()

        try:
            for info in self._source.list(""):
                if failed:
                    break
                found = there.at(info.key)
                if found is not None and _line(info, found) in known:
                    self._advance(0)
                    continue
                room.acquire()
                pool.submit(work, info)
            pool.shutdown()
        finally:
            pool.shutdown(cancel_futures=True)  # after Ctrl-C
        if failed:
            raise failed[0]
        return self._result

    def _copy(self, info: ObjectInfo) -> None:
        found = self._target.stat(info.key)
        if found is not None and found.size_bytes == info.size_bytes:
            here, there = self._hash(self._source, info.key), self._hash(self._target, info.key)
            if here == there:
                self._note(info, found)
                self._advance(0)
                return
        with self._bytes(info) as (data, sha256):
            self._target.put(info.key, data)
        found = self._target.stat(info.key)
        if found is None or self._hash(self._target, info.key) != sha256:
            raise StepFailed("copy_differs", f"{info.key} is not the same in the target after it was copied. Run "
                             "lectern migrate-storage again.", retryable=True)
        self._note(info, found)
        self._advance(info.size_bytes, copied=True)

    @contextlib.contextmanager
    def _bytes(self, info: ObjectInfo) -> Iterator[tuple[bytes | Path, str]]:
        """A copy of the object that `put` may consume, and its hash. Raises Unavailable when it is not whole."""
        digest = hashlib.sha256()
        if info.size_bytes <= IN_MEMORY_BYTES:
            data = self._source.read(info.key)
            digest.update(data)
            self._check_size(info, len(data))
            yield data, digest.hexdigest()
            return
        path = self._work / f"{hashlib.sha256(info.key.encode()).hexdigest()[:32]}.tmp"
        try:
            with path.open("wb") as file:
                for piece in self._source.stream(info.key):
                    digest.update(piece)
                    file.write(piece)
                self._check_size(info, file.tell())
            yield path, digest.hexdigest()
        finally:
            path.unlink(missing_ok=True)

    @staticmethod
    def _check_size(info: ObjectInfo, size_bytes: int) -> None:
        if size_bytes != info.size_bytes:
            raise Unavailable("storage_changed", f"{info.key} changed while it was copied. End every Lectern that uses "
                              "this storage and run lectern migrate-storage again.")

    @staticmethod
    def _hash(storage: Storage, key: str) -> str:
        digest = hashlib.sha256()
        for piece in storage.stream(key):
            digest.update(piece)
        return digest.hexdigest()

    def _note(self, info: ObjectInfo, found: ObjectInfo) -> None:
        with self._lock:
            self._journal.write(_line(info, found) + "\n")
            self._journal.flush()

    def _advance(self, size_bytes: int, *, copied: bool = False) -> None:
        with self._lock:
            self._seen += 1
            self._result.copied += copied
            self._result.copied_bytes += size_bytes
            self._progress(self._seen, self._result.objects, self._result.copied_bytes)


class _Listing:
    """A listing in key order, looked up in key order."""

    def __init__(self, objects: Iterator[ObjectInfo]) -> None:
        self._objects = objects
        self._next = next(objects, None)

    def at(self, key: str) -> ObjectInfo | None:
        while self._next is not None and self._next.key < key:
            self._next = next(self._objects, None)
        return self._next if self._next is not None and self._next.key == key else None


def _line(source: ObjectInfo, target: ObjectInfo) -> str:
    return f"{source.etag} {target.etag} {source.key}"


def _place(settings: Settings) -> str:
    folder = folder_of(settings)
    if folder is not None:
        return str(folder.resolve())
    from infra.storage.s3_bucket import S3Address

    address = S3Address.parse(settings.storage_url)
    return f"{address.endpoint}/{address.bucket}/{address.prefix}"
