"""Objects and growing uploads as files in a directory: the embedded storage."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from infra.core.errors import Conflict, NotFound
from infra.core.ports import ObjectInfo, Parts
from infra.storage import durable
from infra.storage.durable import Pieces, check_key, remove_empty, space, write_all

_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStorage:
    """Implements `Storage` in the folder `root`, which is made when something is first put."""

    remote = False

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._temp = self._root / ".tmp"

    def put(self, key: str, data: bytes | Path) -> None:
        """See `Storage.put`."""
        self._publish(key, data, durable.replace)

    def put_new(self, key: str, data: bytes | Path) -> bool:
        """See `Storage.put_new`."""
        if self._path(key).is_file():  # the common second time: nothing to write
            return False
        return self._publish(key, data, durable.link)

    def stat(self, key: str) -> ObjectInfo | None:
        """See `Storage.stat`."""
        path = self._path(key)
        try:
            found = path.stat()
        except _ABSENT:
            return None
        return _info(key, found) if path.is_file() else None

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """See `Storage.read`."""
        return b"".join(self.stream(key, start, length))

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See `Storage.stream`: pieces of at most 256 KiB, all of one version of the object."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range begins at 0 or later and is not negative")
        try:
            fd = os.open(self._path(key), os.O_RDONLY)
            # A folder can be opened, too.
            end = os.lseek(fd, 0, os.SEEK_END) if os.path.isfile(fd) else _not_a_file(fd)  # noqa: PTH113
        except _ABSENT:
            raise NotFound from None
        return Pieces(fd, start, end if length is None else min(end, start + length))

    @contextlib.contextmanager
    def local(self, key: str, parts: Parts | None = None) -> Iterator[Path]:
        """See `Storage.local`: the object's own file."""
        path = self._path(key)
        if not path.is_file():
            raise NotFound
        yield path

    def url(self, key: str, expires_s: float) -> str | None:
        """See `Storage.url`: a directory has no address."""
        return None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See `Storage.list`."""
        folder, _, start = prefix.rpartition("/")
        if folder:
            check_key(folder)
        yield from self._walk(self._root / folder, f"{folder}/" if folder else "", start)

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        path = self._path(key)
        with contextlib.suppress(*_ABSENT, PermissionError):  # macOS: unlink of a folder is "not permitted"
            path.unlink()
            remove_empty(path.parent, self._root)

    def delete_prefix(self, prefix: str) -> int:
        """See `Storage.delete_prefix`."""
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete ends with a slash")
        count = 0
        for found in self.list(prefix):
            self.delete(found.key)
            count += 1
        return count

    def free_bytes(self) -> int | None:
        """Bytes that an ordinary user can still write on this disk."""
        return _free_bytes(self._root)

    def sweep_temp(self, older_than_s: float) -> int:
        """Remove what crashed writers left behind and nobody touched for `older_than_s`; how many files."""
        count = 0
        limit = time.time() - older_than_s
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._temp):
                with contextlib.suppress(FileNotFoundError):
                    if entry.stat().st_mtime < limit:
                        os.unlink(entry.path)  # noqa: PTH108
                        count += 1
        return count

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _publish(self, key: str, data: bytes | Path, into_place: durable.Mover) -> bool:
        target = self._path(key)
        with space():
            if isinstance(data, Path):
                durable.sync_file(data)
                try:
                    return durable.move(data, target, into_place)
                except OSError as error:
                    if error.errno != errno.EXDEV:  # on another file system: copied below, then moved
                        raise
            with durable.temporary(self._temp) as (fd, temp):
                if isinstance(data, Path):
                    with data.open("rb") as source:
                        while piece := source.read(1 << 20):
                            write_all(fd, piece)
                else:
                    write_all(fd, data)
                os.fsync(fd)
                published = durable.move(temp, target, into_place)
            if isinstance(data, Path):
                data.unlink(missing_ok=True)
            return published

    def _walk(self, folder: Path, key: str, start: str) -> Iterator[ObjectInfo]:
        try:
            # Key order: "a.b" < "a/b" < "a0", so a folder sorts as its name with the slash.
            entries = sorted(os.scandir(folder), key=lambda e: e.name + "/" if e.is_dir() else e.name)
        except _ABSENT:
            return
        for entry in entries:
            if entry.name[0] == "." or not entry.name.startswith(start):
                continue
            if entry.is_dir():
                yield from self._walk(folder / entry.name, f"{key}{entry.name}/", "")
            else:
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                    yield _info(key + entry.name, entry.stat())


class LocalStaging:
    """Implements `Staging` beside the objects of the LocalStorage with the same `root`, invisible to it."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._staging = self._root / ".staging"

    def create(self, upload_key: str) -> None:
        """See `Staging.create`. Raises Conflict when the upload has begun already."""
        path = self._path(upload_key)
        with space():
            durable.make_folder(path.parent)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            except FileExistsError:
                raise Conflict("upload_exists", "This upload has begun already.") from None
            durable.sync_folder(path.parent)

    def size(self, upload_key: str) -> int:
        """See `Staging.size`."""
        try:
            return self._path(upload_key).stat().st_size
        except _ABSENT:
            raise NotFound from None

    def append(self, upload_key: str, offset: int, data: bytes) -> int:
        """See `Staging.append`. On OutOfSpace the upload is as long as before."""
        with space(), self._locked(upload_key) as fd:
            size = os.fstat(fd).st_size
            if size != offset:
                raise Conflict("offset_mismatch", f"The upload goes on at byte {size}, not {offset}.")
            try:
                os.lseek(fd, offset, os.SEEK_SET)
                write_all(fd, data)
                durable.flush(fd)
            except BaseException:
                os.ftruncate(fd, offset)  # a piece that was not acknowledged must not count
                raise
            return offset + len(data)

    def truncate(self, upload_key: str, size: int) -> None:
        """See `Staging.truncate`. Raises Conflict when there are fewer bytes than that."""
        with self._locked(upload_key) as fd:
            if not 0 <= size <= os.fstat(fd).st_size:
                raise Conflict("offset_mismatch", f"The upload has no {size} bytes.")
            os.ftruncate(fd, size)
            os.fsync(fd)

    @contextlib.contextmanager
    def local(self, upload_key: str) -> Iterator[Path]:
        """See `Staging.local`: the growing file itself."""
        path = self._path(upload_key)
        if not path.is_file():
            raise NotFound
        yield path

    def free_bytes(self) -> int | None:
        """See `Staging.free_bytes`."""
        return _free_bytes(self._root)

    def finish(self, upload_key: str, storage_key: str) -> None:
        """See `Staging.finish`. Raises NotFound when there is neither the upload nor the object."""
        source, target = self._path(upload_key), self._root / check_key(storage_key)
        try:
            with space():
                durable.sync_file(source)
                durable.move(source, target, durable.replace)
        except _ABSENT:
            if not target.is_file():
                raise NotFound from None

    def abort(self, upload_key: str) -> None:
        """See `Staging.abort`."""
        self._path(upload_key).unlink(missing_ok=True)

    def sweep(self, older_than_s: float) -> int:
        """Remove uploads that nobody touched for that long (their rows expired on another machine); how many."""
        count = 0
        limit = time.time() - older_than_s
        for path in self._staging.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < limit:
                    path.unlink()
                    count += 1
        return count

    def _path(self, upload_key: str) -> Path:
        return self._staging / check_key(upload_key)

    @contextlib.contextmanager
    def _locked(self, upload_key: str) -> Iterator[int]:
        """The upload, open and ours: a second writer, in whatever process, waits and then finds a new size."""
        try:
            fd = os.open(self._path(upload_key), os.O_RDWR)
        except _ABSENT:
            raise NotFound from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _info(key: str, found: os.stat_result) -> ObjectInfo:
    # The inode, too: two versions of one size can fall into one tick of the clock, but never into one inode.
    etag = f"{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ino:x}"
    return ObjectInfo(key, found.st_size, etag, found.st_mtime)


def _not_a_file(fd: int) -> int:
    os.close(fd)
    raise NotFound
