"""What a container says of itself outside of ffprobe's answer: has it an index, and is the file all there?

Reads a few headers and never more than a bounded piece of the file, whatever its length. Believes nothing:
sizes and counts come from the upload.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from infra.core.boxes import box_header


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is built. Times in seconds on the container's clock."""

    indexed: bool = False  # key frames can be found without reading what lies before them
    overrun: bool = False  # the headers promise more bytes than the file has
    headless: bool = False  # the part that describes the streams is missing
    end_s: Fraction | None = None  # where the last stream ends, when the headers do not say it or say it wrongly
    video_end_s: Fraction | None = None
    audio_end_s: Fraction | None = None


MAX_BOXES = 64


def mp4_layout(file: BinaryIO, size_bytes: int) -> Layout:
    """The boxes of an MP4 or MOV file, on the first level (ISO/IEC 14496-12, 4.2), and whether moov has `mvex`.

    Stops at the first fragment: a live recording has thousands.
    """
    at, moov, fragmented = 0, False, False
    for _ in range(MAX_BOXES):
        if at + 8 > size_bytes:
            break
        kind, body, end = top_box(file, at, size_bytes)
        if kind == b"moov":
            moov = True
            fragmented = _has_child(file, body, min(end, size_bytes), b"mvex")
        if end > size_bytes:
            # Only of these is anything missed; a box of another kind with such a size is damage.
            return Layout(indexed=moov and not fragmented, overrun=kind in (b"mdat", b"moov"), headless=not moov)
        if end <= at or (kind == b"moof" and moov):
            break
        at = end
    return Layout(indexed=moov and not fragmented, headless=not moov)


def avi_layout(file: BinaryIO, size_bytes: int) -> Layout:
    """AVI: the RIFF size at the front, and the "has an index" bit of its main header (avih)."""
    file.seek(0)
    head = file.read(64)
    promised = int.from_bytes(head[4:8], "little") + 8
    flags = int.from_bytes(head[44:48], "little") if head[24:28] == b"avih" else 0
    overrun = promised > size_bytes + 1  # some writers count the padding byte
    return Layout(indexed=bool(flags & 0x10) and not overrun, overrun=overrun)


def top_box(file: BinaryIO, at: int, limit: int) -> tuple[bytes, int, int]:
    """Type, start of the content and end of the box at `at`; size 0 means "to the end", 1 a 64-bit size."""
    file.seek(at)
    return box_header(file.read(16), at, limit)


def _has_child(file: BinaryIO, at: int, end: int, wanted: bytes) -> bool:
    for _ in range(4 * MAX_BOXES):
        if at + 8 > end:
            return False
        kind, _, following = top_box(file, at, end)
        if kind == wanted:
            return True
        if following <= at:
            return False
        at = following
    return False
