"""Which bytes of a source examining it takes: some megabytes, whatever its length.

A file that lies in an object store is looked at through a sparse copy that holds these bytes and is zero
elsewhere (`Storage.local` with parts). They are what our own readers ask for, found by running them, and what
ffprobe, the decoder of the first frame and that of the samples ask for, found in the container's own tables: ffprobe
stops after `PROBE_BYTES`, or once it has seen `ANALYZE_US` of one stream.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import BinaryIO

from infra.core import mkv_cues, samples
from infra.core.aac_table import MAX_MOOV_BYTES
from infra.core.avc_table import far_heads
from infra.core.boxes import BadBoxes
from infra.core.ebml import element, elements
from infra.core.mp4_tracks import length_s, track_starts, track_windows
from infra.core.remote_file import Read, RemoteFile
from infra.core.safety import ANALYZE_US, PROBE_BYTES
from ingest.layout import MAX_BOXES, mp4_layout, top_box
from ingest.matroska import (
    CLUSTER,
    CUES,
    HEADER_BYTES,
    MAX_ELEMENTS,
    SEEK,
    SEEK_HEAD,
    SEEK_POSITION,
    TIMESTAMP,
    VIDEO,
    Header,
    matroska_layout,
    read_header,
)
from ingest.sniff import HEAD_BYTES, sniff

Range = tuple[int, int]  # [start, end)

BEGIN_BYTES = 1 << 20  # libavformat guesses the format from at most this much
WINDOW_S = 1.2 * ANALYZE_US / 1e6
WINDOW_BYTES = PROBE_BYTES + (4 << 20)  # the packet that crosses the limit is still read
FEW_BYTES = 4 << 20  # of Matroska at least: a slide show has few packets in any time
SMALL_BOX_BYTES = 1 << 20
ATTACHMENTS = 0x1941A469  # fonts and pictures
GAP_BYTES = 256 << 10  # one request for both sides of a gap is cheaper than two
MOST_BYTES = 512 << 20  # above this nothing is gained


def essentials(read: Read, size_bytes: int) -> list[Range] | None:
    """The ranges, in order and apart, to be copied; None: the whole file is needed.

    Whole are files without an index (fragments, transport streams, FLV ...) and damaged ones, whose end has to be
    searched for. Raises Rejected of `sniff`, which needs the first bytes only; and what `read` raises.
    """
    raw = _Remote(read, size_bytes)
    with io.BufferedReader(raw, 64 << 10) as file:
        kind = sniff(file.read(HEAD_BYTES), size_bytes)
        raw.note(0, BEGIN_BYTES)
        try:
            if kind == "mp4" and _mp4(raw, file, size_bytes):
                return _merged(raw.ranges, size_bytes)
            if kind == "matroska" and _matroska(raw, file, size_bytes, read):
                return _merged(raw.ranges, size_bytes)
        except (BadBoxes, mkv_cues.BadCues):
            return None
    return None


class _Remote(RemoteFile):
    """The object as a file that remembers what was read of it."""

    def __init__(self, read: Read, size_bytes: int) -> None:
        super().__init__(read, size_bytes)
        self.ranges: list[Range] = []

    def note(self, start: int, end: int) -> None:
        """Needed, too."""
        self.ranges.append((start, end))

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as in RemoteFile
        start = self.tell()
        length = super().readinto(buffer)
        self.note(start, start + length)
        return length


def _mp4(raw: _Remote, file: BinaryIO, size_bytes: int) -> bool:
    """Note what an MP4 or MOV file takes; False: all of it."""
    layout = mp4_layout(file, size_bytes)
    if not layout.indexed or layout.overrun:
        return False
    at = 0
    for _ in range(MAX_BOXES):
        if at + 8 > size_bytes:
            break
        kind, body, end = top_box(file, at, size_bytes)
        if kind == b"moov":
            if end - at > MAX_MOOV_BYTES:
                return False
            file.seek(body)
            moov = file.read(end - body)
            for start, stop in track_starts(moov, WINDOW_S, WINDOW_BYTES):
                raw.note(start, stop)
            for start, stop in far_heads(moov):
                raw.note(start, stop)
            for time_s in samples.times(length_s(moov)):
                for start, stop in track_windows(moov, time_s, time_s + samples.SAMPLE_S):
                    raw.note(start, stop)
        elif kind != b"mdat":
            raw.note(at, min(end, at + SMALL_BOX_BYTES))
        if end <= at:
            break
        at = end
    return True


def _matroska(raw: _Remote, file: BinaryIO, size_bytes: int, read: Read) -> bool:
    """Note what a Matroska or WebM file takes; False: all of it."""
    layout = matroska_layout(file, size_bytes)
    if layout.headless or layout.overrun:
        return False
    file.seek(0)
    head = next(elements(file.read(64)), None)
    segment = element(file, head[2]) if head else None
    if segment is None:
        return False
    header = Header()
    at = segment[1]
    pending: list[int] = []
    seen: set[int] = set()
    for _ in range(MAX_ELEMENTS):
        found = element(file, at)
        if found is None or found[2] is None or found[0] == CLUSTER:
            break
        pending.append(at)
        at = found[1] + found[2]
    first_cluster = at
    while pending and len(seen) < MAX_ELEMENTS:
        at = pending.pop()
        found = element(file, at) if 0 <= at < size_bytes and at not in seen else None
        seen.add(at)
        if found is None or found[2] is None or found[0] == CLUSTER:
            continue
        kind, content, length = found[0], found[1], found[2]
        raw.note(at, content + length)
        if kind in (ATTACHMENTS, CUES):
            continue  # as long as they are, they are only copied
        file.seek(content)
        data = file.read(min(length, HEADER_BYTES))
        read_header(header, kind, data, segment[1])
        if kind == SEEK_HEAD:
            pending += [segment[1] + position for position in _positions(data)]
    raw.note(first_cluster, _clusters_end(file, first_cluster, size_bytes, header.scale_ns))
    if layout.indexed and VIDEO in header.types.values():
        length_s = layout.end_s or Fraction(header.duration * header.scale_ns / 1e9)
        spans = [(time_s, time_s + samples.SAMPLE_S) for time_s in samples.times(length_s)]
        for start, stop in mkv_cues.windows(read, size_bytes, spans):
            raw.note(start, stop)
    return True


def _positions(seek_head: bytes) -> Iterable[int]:
    for part, start, end in elements(seek_head):
        if part == SEEK:
            for name, first, last in elements(seek_head[start:end]):
                if name == SEEK_POSITION:
                    yield int.from_bytes(seek_head[start + first:start + min(last, first + 8)], "big")


def _clusters_end(file: BinaryIO, at: int, size_bytes: int, scale_ns: int) -> int:
    """Where the first cluster begins that is `WINDOW_S` later than the one at `at`; at most WINDOW_BYTES behind it."""
    first, first_s = at, None
    while at < min(size_bytes, first + WINDOW_BYTES):
        found = element(file, at)
        if found is None or found[2] is None:  # a recorder did not say how long this one is
            return first + WINDOW_BYTES
        if found[0] == CLUSTER:
            file.seek(found[1])
            parts = {part: (start, end) for part, start, end in elements(file.read(64))}
            start, end = parts.get(TIMESTAMP, (0, 0))
            file.seek(found[1] + start)
            time_s = int.from_bytes(file.read(min(8, end - start)), "big") * scale_ns / 1e9
            first_s = time_s if first_s is None else first_s
            if time_s - first_s > WINDOW_S and at - first > FEW_BYTES:
                return at
        at = found[1] + found[2]
    return min(at, first + WINDOW_BYTES)


def _merged(ranges: Iterable[Range], size_bytes: int) -> list[Range] | None:
    merged: list[Range] = []
    for start, end in sorted((max(0, start), min(end, size_bytes)) for start, end in ranges):
        if end <= start:
            continue
        if merged and start - merged[-1][1] <= GAP_BYTES:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged if sum(end - start for start, end in merged) <= MOST_BYTES else None
