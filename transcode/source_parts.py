"""Which bytes of a source a cell or a span of cells takes, so that no worker fetches a whole lecture for a minute of it.

By the index of the container; what it does not tell is None: the whole file. Only asked for where the storage is on
the network.
"""

from __future__ import annotations

from fractions import Fraction

from infra.core.avc_table import read_avc_table
from infra.core.boxes import BadBoxes
from infra.core.media import MediaInfo
from infra.core.mkv_cues import BadCues, cluster_windows
from infra.core.mp4_tracks import LEAD_S, key_frames, top_level, track_starts, track_windows
from infra.core.ports import Parts, Storage
from infra.core.safety import ANALYZE_US, PROBE_BYTES
from transcode.copied_cells import pictures
from transcode.plan import Plan, VideoRendition

_OPENING_S = 1.2 * ANALYZE_US / 1e6  # ffmpeg looks at this much before it begins, and at this many bytes at most
_OPENING_BYTES = PROBE_BYTES + (4 << 20)
_HEADER_BYTES = 1 << 20  # of the boxes beside moov and mdat


def source_parts(storage: Storage, key: str, info: MediaInfo | None, plan: Plan, start_s: Fraction,
                 end_s: Fraction, *, only_key_frames: bool = False) -> Parts | None:
    """Byte ranges of the source that hold output seconds [start_s, end_s), and what opening the file takes.

    `only_key_frames`: of the picture these, and no sound, where the container lists them.
    None: all of it is needed. Raises NotFound and what the storage raises.
    """
    if not storage.remote or info is None or not info.seekable:
        return None
    found = storage.stat(key)
    if found is None:
        return None
    try:
        if info.container == "mov":
            return _mp4_parts(storage, key, found.size_bytes, plan, start_s, end_s, only_key_frames)
        if info.container == "matroska":
            return cluster_windows(lambda at, length: storage.read(key, at, length), found.size_bytes,
                                   start_s - plan.seek_lead_s + plan.origin_s, end_s + plan.origin_s,
                                   _OPENING_S, _OPENING_BYTES)
    except (BadBoxes, BadCues):
        pass
    return None


def copied_parts(storage: Storage, key: str, plan: Plan, rendition: VideoRendition, k: int) -> Parts | None:
    """Byte ranges of the source that hold the pictures of one copied cell, and the index to find them by.

    None as in `source_parts`. Raises NotFound and what the storage raises.
    """
    found = storage.stat(key) if storage.remote and rendition.copied is not None else None
    if found is None or rendition.copied is None:
        return None
    parts: list[tuple[int, int]] = []
    try:
        for kind, begin, content, end in top_level(lambda at, length: storage.read(key, at, length), found.size_bytes):
            parts.append((begin, end if kind == b"moov" else content))
            if kind == b"moov":
                table = read_avc_table(storage.read(key, content, end - content), rendition.copied.track)
                first, last = pictures(plan, rendition.copied, k)
                parts.extend((offset, offset + size) for offset, size in table.locate(first, last))
    except BadBoxes:
        return None
    return parts


def _mp4_parts(storage: Storage, key: str, size_bytes: int, plan: Plan, start_s: Fraction,
               end_s: Fraction, only_key_frames: bool) -> Parts:
    parts: list[tuple[int, int]] = []
    for kind, begin, content, end in top_level(lambda at, length: storage.read(key, at, length), size_bytes):
        if kind == b"moov":
            moov = storage.read(key, content, end - content)
            parts.append((begin, end))
            parts.extend(track_starts(moov, _OPENING_S, _OPENING_BYTES))
            begin_s, until_s = start_s - plan.seek_lead_s + plan.origin_s, end_s + plan.origin_s
            listed = key_frames(moov, begin_s - LEAD_S, until_s) if only_key_frames else None
            parts.extend(track_windows(moov, begin_s, until_s) if listed is None else [part[1:] for part in listed])
        else:
            parts.append((begin, content if kind == b"mdat" else min(end, begin + _HEADER_BYTES)))
    return parts
