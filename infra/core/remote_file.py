"""An object of the storage as a file: for readers that seek."""

from __future__ import annotations

import io
from collections.abc import Callable

# read(start, length) -> the bytes of the object from `start` on, fewer at its end.
Read = Callable[[int, int], bytes]


class RemoteFile(io.RawIOBase):
    """`size_bytes` that `read` reads. Put a BufferedReader before it: every readinto is a request."""

    def __init__(self, read: Read, size_bytes: int) -> None:
        super().__init__()
        self._read, self._size, self._at = read, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        wanted = max(0, min(len(buffer), self._size - self._at))
        data = self._read(self._at, wanted) if wanted else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
