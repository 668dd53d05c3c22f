"""Parts of all renditions, side by side: what the encoders of one command made of the same frames. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from transcode.live.fragments import Init, Made, Splitter


class BadEncoding(Exception):
    """The renditions do not go together: nothing of it can be published."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A part, in every rendition."""

    frames: int
    independent: bool
    decode_time: int
    blobs: tuple[bytes, ...]

    def under_all_names(self, left_out: int) -> Whole:
        """With the largest that was made in the places of so many larger ones."""
        return replace(self, blobs=(self.blobs[0],) * left_out + self.blobs) if left_out else self


class Assembly:
    """Takes each rendition's bytes, and gives what is complete in all of them."""

    def __init__(self, renditions: int) -> None:
        self._splitters = [Splitter() for _ in range(renditions)]
        self._inits: list[bytes] = [b""] * renditions
        self._made: list[deque[Made]] = [deque() for _ in range(renditions)]

    @property
    def inits(self) -> tuple[bytes, ...] | None:
        """The init sections, once all are there."""
        return tuple(self._inits) if all(self._inits) else None

    def feed(self, rendition: int, data: bytes) -> list[Whole]:
        """The parts that are complete with these bytes. Raises BadEncoding, BadBoxes."""
        for found in self._splitters[rendition].feed(data):
            if isinstance(found, Init):
                self._inits[rendition] = found.data
            elif found.frames:  # sound behind the last picture has no place
                self._made[rendition].append(found)
        whole = []
        while all(self._made):
            parts = [made.popleft() for made in self._made]
            first = parts[0]
            if any((p.frames, p.independent, p.decode_time) != (first.frames, first.independent, first.decode_time)
                   for p in parts):
                raise BadEncoding(f"parts differ: {[(p.decode_time, p.frames, p.independent) for p in parts]}")
            whole.append(Whole(first.frames, first.independent, first.decode_time, tuple(p.data for p in parts)))
        return whole
