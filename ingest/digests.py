"""SHA-256 of whole files, computed while they arrive: after the last byte nothing is left to read.

A running hash lives in memory only. After a restart (or when another process took some of the bytes) the part
that this process has not seen is read back from the staging area, once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from infra.core.ports import Staging

READ_BYTES = 1 << 20
KEPT = 1000  # running hashes in memory; one that was dropped is rebuilt by reading


class Digest:
    """SHA-256 of the first `size_bytes` bytes of one upload. Safe to use from several threads."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0
        self._lock = Lock()

    def update(self, offset: int, data: bytes) -> None:
        """Take `data`, if it is what comes next; else leave it to `catch_up`."""
        # Not worth waiting for a catch-up in another thread: it will meet these bytes in the file.
        if not self._lock.acquire(blocking=False):
            return
        try:
            if offset == self.size_bytes:
                self._sha256.update(data)
                self.size_bytes += len(data)
        finally:
            self._lock.release()

    def catch_up(self, staging: Staging, key: str, size_bytes: int) -> str:
        """The hash of the first `size_bytes` bytes in hexadecimal, reading back what was not seen."""
        with self._lock:
            if self.size_bytes > size_bytes:  # truncated behind our back
                self._sha256, self.size_bytes = hashlib.sha256(), 0
            if self.size_bytes < size_bytes:
                with staging.local(key) as path, path.open("rb") as file:
                    file.seek(self.size_bytes)
                    while data := file.read(min(READ_BYTES, size_bytes - self.size_bytes)):
                        self._sha256.update(data)
                        self.size_bytes += len(data)
            return self._sha256.hexdigest()

    def chase(self, staging: Staging, key: str) -> None:
        """Catch up with an upload that goes on growing, until `update` can follow again."""
        # A piece is appended before it is offered to update(): one that was turned away while the lock
        # was held here is seen by the next look at the size, so none falls between the two.
        while self.size_bytes < (size_bytes := staging.size(key)):
            self.catch_up(staging, key, size_bytes)


class Digests:
    """The running hashes by staging key."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, Digest] = OrderedDict()
        self._lock = Lock()

    def of(self, key: str) -> Digest:
        """The running hash of this upload; a fresh one when there is none."""
        with self._lock:
            digest = self._digests.setdefault(key, Digest())
            self._digests.move_to_end(key)
            while len(self._digests) > KEPT:
                self._digests.popitem(last=False)
        return digest

    def forget(self, key: str) -> None:
        """The upload is over."""
        with self._lock:
            self._digests.pop(key, None)
