"""Adds to a MediaInfo where the source's H.264 pictures are, so that the plan can copy instead of encode.

Reads the container's index, and a few bytes of each key frame: that a group of pictures is closed is proven from the
time stamps of all pictures and from the first picture's NAL units, not believed of a flag.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from infra.core.aac_table import read_moov
from infra.core.avc import PPS, SLICE, SLICE_OF_IDR, SPS, AvcConfig, nal_units, read_avcc
from infra.core.avc_table import HEAD_BYTES, AvcTable, Unfit, read_avc_table, spread, thinned
from infra.core.boxes import BadBoxes
from infra.core.media import AvcPackets, MediaInfo, VideoStream

log = logging.getLogger(__name__)


def with_avc_packets(info: MediaInfo, path: Path) -> MediaInfo:
    """`info` with `video.packets` set where the pictures can be cut, else with `video.no_packets`.

    `path` may be a sparse copy that holds the essential bytes (`ingest.essentials`) and is zero elsewhere.
    """
    video = info.video
    if video is None or video.codec != "h264":
        return info
    packets, code = None, None
    if info.container != "mov" or not info.seekable:
        code = "no_packet_index"
    elif "truncated" in info.warnings:
        code = "truncated"
    else:
        try:
            table = read_avc_table(read_moov(path), video.index)
            with path.open("rb") as file:
                packets = _packets(file, table, video)
        except Unfit as unfit:
            code = unfit.code
        except BadBoxes as error:
            log.info("the picture will be encoded: %s", error)
            code = "no_packet_index"
    return info.model_copy(update={"video": video.model_copy(update={"packets": packets, "no_packets": code})})


def _packets(file: BinaryIO, table: AvcTable, video: VideoStream) -> AvcPackets:
    if (table.width_px, table.height_px) != (video.width_px, video.height_px):
        raise Unfit("other_size")
    first, last = min(table.times), max(table.times)
    edit = table.edit
    # A picture before the edit, or wholly behind it, is in the file but not in the film.
    if not edit.plain or edit.media_time > first or (
            edit.duration is not None and edit.media_time + edit.duration <= last):
        raise Unfit("edit_list")
    closed = table.closed_keys()
    keys = _instantaneous(file, table, closed, read_avcc(table.config))
    if not keys or keys[0] != 0:
        raise Unfit("open_groups")
    shift = edit.delay - edit.media_time
    per_second = round((table.scale * max(1, len(table) - 1)) / max(1, last - first))
    kept = thinned(keys, per_second)
    return AvcPackets(
        track=video.index, count=len(table), scale=table.scale, first_ticks=first + shift, last_ticks=last + shift,
        uneven_ticks=round(table.uneven_ticks(), 3), config_hex=table.config.hex(), keys=tuple(kept),
        key_bytes=tuple(table.bytes_between(kept)), unfit_keys=len(table.sync) - len(keys),
        seek_lead_ticks=table.seek_lead_ticks() if edit.media_time in (0, first) else None)


def _instantaneous(file: BinaryIO, table: AvcTable, keys: Sequence[int], config: AvcConfig) -> list[int]:
    """The key frames that are IDR pictures. Raises Unfit where other parameter sets stand among the pictures.

    Those that a sparse copy does not hold are believed here; their cells are looked at when they are made.
    """
    needed = set(spread(keys))
    found = []
    for key in keys:
        (head,) = table.read(file, key, key + 1, HEAD_BYTES)
        if not any(head[: config.length_bytes]) and key not in needed:
            found.append(key)
            continue
        for kind, start, end in nal_units(head, config.length_bytes):
            if kind in (SPS, PPS) and head[start:end] not in config.parameters:
                raise Unfit("in_band_parameters")
            if kind == SLICE_OF_IDR:
                found.append(key)
            if SLICE <= kind <= SLICE_OF_IDR:
                break
    return found
