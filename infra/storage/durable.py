"""Writing files so that a crash, a power cut or a full disk leaves the old state or the new one, nothing between.

The order that makes it so: write to a temporary name on the same file system, flush the file, rename, flush
the folder. Without the last a power cut may forget the rename although the caller was told that it is done.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.core.errors import OutOfSpace, Rejected

Mover = Callable[[Path, Path], bool]

PIECE_BYTES = 256 << 10
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}


def check_key(key: str) -> str:
    """The key itself, when it is safe to be a path: segments between single slashes, none beginning with a dot.

    So there is no "..", no absolute path, and our own folders (`.tmp`, `.staging`) can not be named.
    Raises Rejected.
    """
    segments = key.split("/")
    if (len(key) > 900 or not key.isprintable() or "\\" in key
            or any(not part or part[0] == "." or len(os.fsencode(part)) > 200 for part in segments)):
        raise Rejected("bad_key", "That is not the name of anything stored here.")
    return key


@contextlib.contextmanager
def space() -> Iterator[None]:
    """Turns the system's "disk full" into OutOfSpace."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutOfSpace("disk_full", "The disk is full. Free some space and try again.") from error
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable. Raises OSError when it is a link: what a tool left is moved, never followed."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def flush(fd: int) -> None:
    """Make the bytes durable, and of the rest only what is needed to find them."""
    getattr(os, "fdatasync", os.fsync)(fd)  # macOS has no fdatasync


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents, durably. Nothing to do, and nothing flushed, when it is there."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    sync_folder(folder.parent)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; the system may take fewer at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


@contextlib.contextmanager
def temporary(folder: Path) -> Iterator[tuple[int, Path]]:
    """A new file in `folder`, open for writing; gone at the end unless it was moved away."""
    make_folder(folder)
    path = folder / secrets.token_hex(12)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        yield fd, path
    finally:
        os.close(fd)
        path.unlink(missing_ok=True)


def remove_empty(folder: Path, root: Path) -> None:
    """Remove `folder` and its parents below `root` as long as they are empty."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def move(source: Path, target: Path, into_place: Mover) -> bool:
    """Move `source` to `target` by `into_place`, durably; whether it moved. Raises Rejected, OSError.

    The folder may vanish under us when a neighbour is deleted and its folder with it: then it is made again.
    """
    for attempt in range(5):
        try:
            make_folder(target.parent)
            done = into_place(source, target)
            sync_folder(target.parent)
            return done
        except FileNotFoundError:
            if attempt == 4 or not source.exists():
                raise
        except (NotADirectoryError, IsADirectoryError) as error:
            raise Rejected("bad_key", "A key can not lie under another one.") from error
    raise AssertionError


def replace(source: Path, target: Path) -> bool:
    """Whatever is there."""
    source.replace(target)
    return True


def link(source: Path, target: Path) -> bool:
    """Atomically, unless something is there: a rename would replace it."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():  # no hard links here (exFAT, some shares): a rename between cells of equal bytes
            return False
        source.replace(target)
        return True
    source.unlink()
    return True


class Pieces:
    """Bytes [start, end) of an open file; closes it at the end, or when nobody wants it any more."""

    def __init__(self, fd: int, start: int, end: int) -> None:
        self._fd, self._at, self._end = fd, start, end

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = os.pread(self._fd, min(PIECE_BYTES, self._end - self._at), self._at) if self._at < self._end else b""
        if not piece:
            self.close()
            raise StopIteration
        self._at += len(piece)
        return piece

    def close(self) -> None:
        self._at = self._end
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()
