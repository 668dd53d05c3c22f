"""Where the clusters of a Matroska or WebM file lie that hold some seconds of it, by its cues (RFC 9559, 5.1.5).

Pure but for `read`. Believes nothing: positions come from the upload, and every walk is bounded.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO, cast

from infra.core.ebml import element, elements
from infra.core.remote_file import Read, RemoteFile

Range = tuple[int, int]

_SEGMENT, _SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _SCALE, _TRACKS, _TRACK, _NUMBER, _TYPE, _VIDEO = 0x1549A966, 0x2AD7B1, 0x1654AE6B, 0xAE, 0xD7, 0x83, 1
_CLUSTER, _CUES, _POINT, _TIME, _POSITIONS, _CUE_TRACK, _CUE_CLUSTER = (
    0x1F43B675, 0x1C53BB6B, 0xBB, 0xB3, 0xB7, 0xF7, 0xF1)
_MOST_ELEMENTS = 200
_MOST_BYTES = 64 << 20  # of one element beside the clusters
LEAD_S = 2  # cues are in time of presentation, rounded; a decoder is started a little before
TAIL_S = 4


class BadCues(ValueError):
    """The file has no cues that could be used."""


@dataclass(slots=True)
class _Layout:
    scale_ns: int = 1_000_000
    video: set[int] = field(default_factory=set)  # numbers of the tracks with pictures
    cues: list[tuple[int, int]] = field(default_factory=list)  # (ticks, position of the cluster in the file)
    first_cluster: int = 0
    other: list[Range] = field(default_factory=list)  # all that is no cluster


def cluster_windows(read: Read, size_bytes: int, start_s: Fraction, end_s: Fraction, opening_s: float,
                    opening_bytes: int) -> list[Range]:
    """Ranges [start, end) of all elements beside the clusters, of the clusters of the first `opening_s` (at most
    `opening_bytes`), and of those with the seconds from `start_s` to `end_s`, from a key frame on.

    Raises BadCues.
    """
    layout = _read_layout(read, size_bytes)
    times = _times(layout)
    opened = bisect_right(times, Fraction(opening_s))
    return [
        *layout.other,
        (layout.first_cluster, min(_position(layout, opened, size_bytes), layout.first_cluster + opening_bytes)),
        *_windows(layout, times, start_s, end_s, size_bytes),
    ]


def windows(read: Read, size_bytes: int, spans: Iterable[tuple[Fraction, Fraction]]) -> list[Range]:
    """Ranges [start, end) of the clusters with each of these spans of seconds, from a key frame on. Raises BadCues."""
    layout = _read_layout(read, size_bytes)
    times = _times(layout)
    return [window for start_s, end_s in spans for window in _windows(layout, times, start_s, end_s, size_bytes)]


def cue_times(read: Read, size_bytes: int) -> list[Fraction]:
    """When the key frames that the cues name are shown, in seconds of the file. Raises BadCues."""
    return _times(_read_layout(read, size_bytes))


def _times(layout: _Layout) -> list[Fraction]:
    return [Fraction(ticks * layout.scale_ns, 10**9) for ticks, _ in layout.cues]


def _windows(layout: _Layout, times: list[Fraction], start_s: Fraction, end_s: Fraction, size_bytes: int) -> list[Range]:
    # The key frame before, and one more: a demuxer may go back that far.
    first = max(0, bisect_right(times, start_s - LEAD_S) - 2)
    last = bisect_right(times, end_s + TAIL_S) + 1
    return [
        (_position(layout, first, size_bytes) if first else layout.first_cluster, _position(layout, last, size_bytes)),
        # Behind its last cue a demuxer reads on to the end.
        *([(layout.cues[-1][1], size_bytes)] if last >= len(layout.cues) else []),
    ]


def _position(layout: _Layout, cue: int, size_bytes: int) -> int:
    return layout.cues[cue][1] if cue < len(layout.cues) else size_bytes


def _read_layout(read: Read, size_bytes: int) -> _Layout:
    file = cast(BinaryIO, io.BufferedReader(RemoteFile(read, size_bytes), 64 << 10))
    head = element(file, 0)
    segment = element(file, head[1] + head[2]) if head and head[2] is not None else None
    if segment is None or segment[0] != _SEGMENT:
        raise BadCues("no segment")
    layout = _Layout(other=[(0, segment[1])])
    pending = _leading(file, segment[1], layout)
    seen: set[int] = set()
    cue_points: dict[int, list[tuple[int, int]]] = {}
    while pending and len(seen) < _MOST_ELEMENTS:
        at = pending.pop()
        found = element(file, at) if at not in seen and 0 < at < size_bytes else None
        seen.add(at)
        if found is None or found[0] == _CLUSTER:
            continue
        kind, content, length = found
        if length is None or length > _MOST_BYTES:
            raise BadCues("an element without an end")
        layout.other.append((at, content + length))
        data = read(content, length) if kind in (_SEEK_HEAD, _INFO, _TRACKS, _CUES) else b""
        if kind == _SEEK_HEAD:
            pending += [segment[1] + position for position in _targets(data)]
        elif kind == _INFO:
            layout.scale_ns = dict(_numbers(data)).get(_SCALE, 0) or layout.scale_ns
        elif kind == _TRACKS:
            layout.video |= {fields[_NUMBER] for fields in _children(data, _TRACK)
                             if fields.get(_TYPE) == _VIDEO and _NUMBER in fields}
        elif kind == _CUES:
            for track, ticks, position in _points(data):
                cue_points.setdefault(track, []).append((ticks, segment[1] + position))
    layout.cues = sorted({point for track in layout.video for point in cue_points.get(track, [])})
    positions = [position for _, position in layout.cues]
    if not layout.cues or positions != sorted(positions) or not layout.first_cluster <= positions[0] \
            or positions[-1] >= size_bytes:
        raise BadCues("no cues for the picture")
    return layout


def _leading(file: BinaryIO, at: int, layout: _Layout) -> list[int]:
    """Where the elements before the first cluster begin; notes the cluster."""
    found: list[int] = []
    for _ in range(_MOST_ELEMENTS):
        this = element(file, at)
        if this is None or this[2] is None:
            break
        if this[0] == _CLUSTER:
            layout.first_cluster = at
            return found
        found.append(at)
        at = this[1] + this[2]
    raise BadCues("no cluster")


def _targets(seek_head: bytes) -> Iterator[int]:
    for fields in _children(seek_head, _SEEK):
        if _SEEK_POSITION in fields and fields.get(_SEEK_ID) != _CLUSTER:
            yield fields[_SEEK_POSITION]


def _points(cues: bytes) -> Iterator[tuple[int, int, int]]:
    """(track, ticks, position of the cluster in the segment) of each cue."""
    for kind, start, end in elements(cues):
        if kind == _POINT:
            point = cues[start:end]
            ticks = dict(_numbers(point)).get(_TIME)
            for fields in _children(point, _POSITIONS):
                if ticks is not None and {_CUE_TRACK, _CUE_CLUSTER} <= set(fields):
                    yield fields[_CUE_TRACK], ticks, fields[_CUE_CLUSTER]


def _children(data: bytes, kind: int) -> Iterator[dict[int, int]]:
    """The numbers in each element of that kind."""
    for found, start, end in elements(data):
        if found == kind:
            yield dict(_numbers(data[start:end]))


def _numbers(data: bytes) -> Iterator[tuple[int, int]]:
    for kind, start, end in elements(data):
        yield kind, int.from_bytes(data[start:min(end, start + 8)], "big")
