"""Parts that are published and not in storage yet, as files of this machine: what a killed live process leaves behind.

One file a segment, with the very messages that went to the viewers; it goes when the segment is stored. Written is enough,
without fsync: what a process wrote outlives its death, and a machine that fails takes the viewers' player state along.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from infra.core.errors import OutOfSpace
from transcode.live.messages import BadFeed, Framed, Reader


class Journal:
    """The files of one session, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segment = -1
        self._file: BinaryIO | None = None

    def append(self, segment: int, data: bytes) -> None:
        """Add a message about this segment or what stands before it. Raises OutOfSpace."""
        try:
            if self._file is None or segment != self._segment:
                self.close()
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file, self._segment = self._path(segment).open("ab", buffering=0), segment
            self._file.write(data)
        except OSError as error:
            raise OutOfSpace("disk_full", f"The live stream can not be kept on this disk: {error.strerror}.") from None

    def forget(self, segment: int) -> None:
        """This segment is stored."""
        if segment == self._segment:
            self.close()
        self._path(segment).unlink(missing_ok=True)

    def left(self) -> Iterator[tuple[int, list[Framed]]]:
        """What is there, in order: each segment with its messages. The last message may have been cut off by death."""
        for path in sorted(self._folder.glob("*.parts"), key=lambda path: int(path.stem)):
            found: list[Framed] = []
            with contextlib.suppress(BadFeed):  # whatever follows is of no use
                found.extend(Reader().feed(path.read_bytes()))
            yield int(path.stem), found

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """All is stored."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment}.parts"
