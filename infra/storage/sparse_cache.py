"""Local files of remote objects that hold only the bytes that were asked for, shared by all processes of a machine.

    ROOT/{boot}/{name}-{version}.data   as long as the object; blocks that were not fetched are holes
    ROOT/{boot}/{name}-{version}.map    a byte for each block: 1 when it is there

A block is written first and marked afterwards, so a crash of the program never makes a hole look fetched. A power
cut could (it may keep the mark and lose the block), so copies of an earlier boot of the machine are thrown away.

Who has a copy open holds a shared lock on it; what is locked is never removed. Who fetches a block holds a lock on
its byte of the map, and looks again when it has it: two that want the same block fetch it once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import shutil
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.core.errors import Unavailable
from infra.core.ports import Parts
from infra.storage import durable

BLOCK_BYTES = 256 << 10
FETCH_BYTES = 8 << 20  # longest request; longer runs are fetched in parallel
PARALLEL = 4
_FULL = (errno.ENOSPC, errno.EDQUOT)

# fetch(start, end): the bytes [start, end) of this version of the object, in pieces.
Fetch = Callable[[int, int], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class _Run:
    """Blocks [first, end)."""

    first: int
    end: int


class SparseCache:
    """The copies in one folder, which is made when something is first fetched."""

    def __init__(self, root: Path, limit_bytes: int) -> None:
        """`limit_bytes` counts what was really fetched; copies in use may exceed it."""
        self._root = root.absolute()
        boot = _boot()
        self._folder = self._root / (boot or "unknown")
        self._flush = boot is None  # then marks have to outlive a power cut by themselves
        self._limit = limit_bytes
        self._prepared = False
        self._lock = threading.Lock()

    @contextmanager
    def local(self, name: str, etag: str, size_bytes: int, fetch: Fetch, parts: Parts | None = None) -> Iterator[Path]:
        """The copy of `name` in version `etag`, with `parts` (all without) fetched; kept while the block runs.

        Raises OutOfSpace, and what `fetch` raises.
        """
        self._prepare()
        path = self._folder / f"{_entry(name)}{_digest(etag)}.data"
        with self._open(path, size_bytes) as copy:
            copy.complete(_runs(parts, size_bytes), fetch, self._make_room)
            yield path
            os.utime(path)  # least recently used is judged by this

    def adopt(self, name: str, etag: str, size_bytes: int, file: Path) -> None:
        """Make a whole local file, which never changes any more, the copy: by a link, or not at all where that fails."""
        if size_bytes > self._limit:
            return
        self._prepare()
        path = self._folder / f"{_entry(name)}{_digest(etag)}.data"
        with contextlib.suppress(OSError), self._alone():
            if file.stat().st_size != size_bytes:
                return
            path.hardlink_to(file)  # a rename could replace a copy that is open
            # Not shortened meanwhile: somebody may have opened the copy already.
            marks = os.open(path.with_suffix(".map"), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(marks, b"\1" * _blocks(size_bytes), 0)
            finally:
                os.close(marks)
            os.utime(path)
        self._make_room(0)

    def forget(self, names: Iterable[str]) -> None:
        """Remove all versions of these objects, unless they are in use."""
        gone = {_entry(name) for name in names}
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._folder):
                if entry.name.endswith(".data") and entry.name.partition("-")[0] + "-" in gone:
                    _remove(Path(entry.path))

    def sweep(self, unused_s: float) -> int:
        """Remove copies that nobody used for `unused_s`; how many."""
        before = time.time() - unused_s
        return sum(_remove(path) for used, _, path in self._copies() if used < before)

    def used_bytes(self) -> int:
        """Disk that the copies take."""
        return sum(size for _, size, _ in self._copies())

    # -- inside

    def _prepare(self) -> None:
        with self._lock:
            if self._prepared:
                return
            with durable.space():
                self._folder.mkdir(parents=True, exist_ok=True)
            for other in self._root.iterdir():
                if other.is_dir() and other != self._folder:
                    shutil.rmtree(other, ignore_errors=True)
            self._prepared = True

    @contextmanager
    def _open(self, path: Path, size_bytes: int) -> Iterator[_Copy]:
        """The files, made if necessary, and locked against removal."""
        data, marks = -1, -1
        try:
            with durable.space():
                while True:
                    data = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                    fcntl.flock(data, fcntl.LOCK_SH)
                    if _same(data, path):  # else it was removed before we had the lock
                        break
                    os.close(data)
                    data = -1
                if os.fstat(data).st_size != size_bytes:
                    os.ftruncate(data, size_bytes)
                marks = os.open(path.with_suffix(".map"), os.O_RDWR | os.O_CREAT, 0o600)
                if os.fstat(marks).st_size < _blocks(size_bytes):
                    os.ftruncate(marks, _blocks(size_bytes))
                os.utime(path)
            yield _Copy(data, marks, size_bytes, self._flush)
        finally:
            for fd in (marks, data):
                if fd >= 0:
                    os.close(fd)

    def _make_room(self, wanted_bytes: int) -> int:
        """Remove what was not used for longest until `wanted_bytes` more fit; how many bytes were freed."""
        with self._alone():
            copies = sorted(self._copies())
            surplus = sum(size for _, size, _ in copies) + wanted_bytes - self._limit
            freed = 0
            for _, size, path in copies:
                if freed >= surplus:
                    break
                if _remove(path):
                    freed += size
            return freed

    def _copies(self) -> list[tuple[float, int, Path]]:
        """When it was last used (Unix time), bytes on the disk, and the file of every copy."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                if entry.name.endswith(".data"):
                    with contextlib.suppress(FileNotFoundError):
                        state = entry.stat()
                        found.append((state.st_mtime, state.st_blocks * 512, Path(entry.path)))
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process makes room or adopts meanwhile."""
        with (self._folder / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class _Copy:
    """An open copy."""

    def __init__(self, data: int, marks: int, size_bytes: int, flush: bool) -> None:
        self._data, self._marks, self._size, self._flush = data, marks, size_bytes, flush

    def complete(self, runs: list[_Run], fetch: Fetch, make_room: Callable[[int], int]) -> None:
        """Fetch what is missing in `runs`."""
        missing = [piece for run in runs for piece in self._missing(run)]
        if not missing:
            return
        make_room(sum(run.end - run.first for run in missing) * BLOCK_BYTES)

        def get(run: _Run) -> None:
            try:
                self._get(run, fetch)
            except OSError as error:
                if error.errno not in _FULL or not make_room(1 << 62):
                    raise
                self._get(run, fetch)

        with durable.space():
            if len(missing) == 1:
                get(missing[0])
                return
            pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="fetch")
            try:
                for done in [pool.submit(get, run) for run in missing]:
                    done.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _missing(self, run: _Run) -> list[_Run]:
        """Runs of blocks that are not there, none longer than a request."""
        marks = os.pread(self._marks, run.end - run.first, run.first).ljust(run.end - run.first, b"\0")
        found: list[_Run] = []
        at = run.first
        for there, blocks in itertools.groupby(marks):
            end = at + len(list(blocks))
            if not there:
                step = FETCH_BYTES // BLOCK_BYTES
                found += [_Run(first, min(end, first + step)) for first in range(at, end, step)]
            at = end
        return found

    def _get(self, run: _Run, fetch: Fetch) -> None:
        with self._locked(run):
            for piece in self._missing(run):  # another one may have fetched it while we waited
                start, end = piece.first * BLOCK_BYTES, min(piece.end * BLOCK_BYTES, self._size)
                at = start
                for data in fetch(start, end):
                    at += _write(self._data, data[:end - at], at)
                if at != end:
                    raise Unavailable("storage_short", f"The storage sent {end - at} bytes too few. Try again.")
                if self._flush:
                    durable.flush(self._data)
                os.pwrite(self._marks, b"\1" * (piece.end - piece.first), piece.first)

    @contextmanager
    def _locked(self, run: _Run) -> Iterator[None]:
        """These blocks are ours to fetch: nobody else who has the map open, in any process, has them locked."""
        _lock(self._marks, fcntl.LOCK_EX, run)
        try:
            yield
        finally:
            _lock(self._marks, fcntl.LOCK_UN, run)


def _lock(fd: int, kind: int, run: _Run) -> None:
    # Locks of an open file, not of a process (as POSIX's are): they keep threads apart, too. Where the system has
    # none of them (macOS), two may fetch the same block, and write the same bytes.
    command = getattr(fcntl, "F_OFD_SETLKW", None)
    if command is not None:
        what = fcntl.F_WRLCK if kind == fcntl.LOCK_EX else fcntl.F_UNLCK
        # struct flock: type, whence, start, length, process (must be 0).
        fcntl.fcntl(fd, command, struct.pack("hhqqi4x", what, os.SEEK_SET, run.first, run.end - run.first, 0))


def _runs(parts: Parts | None, size_bytes: int) -> list[_Run]:
    """The blocks that these byte ranges touch, neighbours merged, in order."""
    wanted = [(0, size_bytes)] if parts is None else sorted(parts)
    runs: list[_Run] = []
    for start, end in wanted:
        start, end = max(0, start), min(end, size_bytes)
        if start >= end:
            continue
        run = _Run(start // BLOCK_BYTES, _blocks(end))
        if runs and run.first <= runs[-1].end:
            runs[-1] = _Run(runs[-1].first, max(runs[-1].end, run.end))
        else:
            runs.append(run)
    return runs


def _blocks(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES)


def _write(fd: int, data: bytes, at: int) -> int:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written
    return len(data)


def _remove(path: Path) -> bool:
    """Remove a copy unless it is in use; whether it is gone."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The map first: bytes without a map are only unknown, a map without its bytes would be a lie.
        path.with_suffix(".map").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _same(fd: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(fd), path.stat())
    return False


def _entry(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32] + "-"


def _digest(etag: str) -> str:
    return hashlib.sha256(etag.encode()).hexdigest()[:16]


def _boot() -> str | None:
    """What the system calls the time since its last start; None where it does not say."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() or None
    return None
