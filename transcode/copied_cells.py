"""Cells that are copied: the source's own pictures, cut at its key frames, behind a header of the plan.

What ingest found out about the source is proven again of the pictures at hand: the first one is an IDR picture, no
parameter sets of their own stand among them, they are shown one after the other. So a cell is right or it is not
published. The only bytes that are left out are parameter sets that repeat what the header says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from infra.core.aac_table import read_moov
from infra.core.avc import SLICE, SLICE_OF_IDR, nal_units, read_avcc, without_parameters
from infra.core.avc_table import AvcTable, read_avc_table
from infra.core.boxes import BadBoxes
from infra.core.errors import StepFailed
from transcode.plan import Plan, VideoRendition, time_scale
from transcode.source_fit import CopiedPackets
from transcode.video_fragments import video_init, video_segment


def copied_init(plan: Plan, rendition: VideoRendition) -> bytes:
    """The init section: a pure function of the plan."""
    scale = time_scale(plan.frame_rate)
    return video_init(bytes.fromhex(_copied(rendition).config_hex), rendition.width_px, rendition.height_px, scale,
                      int(scale / plan.frame_rate))


def copied_cell(plan: Plan, rendition: VideoRendition, k: int, source: Path) -> bytes:
    """Segment k, out of `source`, which needs to hold its index and these pictures only.

    Raises StepFailed: `bad_cell`, `source_gone`.
    """
    copied = _copied(rendition)
    first, last = pictures(plan, copied, k)
    try:
        table = _table(source, copied.track)
        if table.config.hex() != copied.config_hex or len(table) != copied.count:
            raise BadBoxes("this is not the file that was planned")
        config = read_avcc(table.config)
        with source.open("rb") as file:
            packets = [without_parameters(packet, config) for packet in table.read(file, first, last)]
        shown = _order(table.times[first:last])
        trimmed = k + 1 == plan.segments and last < len(table)
        if trimmed and max(table.times[first:last]) > min(table.times[last:]):
            raise BadBoxes("a picture behind it is shown among its own")
        _check(packets, config.length_bytes)
    except FileNotFoundError as error:
        raise StepFailed("source_gone", "The source is not there any more: the video was deleted.",
                         retryable=True) from error
    except BadBoxes as error:
        raise StepFailed("bad_cell", f"Segment {k} of {rendition.name} can not be copied from the source: "
                                     f"{error}.") from error
    tick = int(time_scale(plan.frame_rate) / plan.frame_rate)
    return video_segment(packets, shown, decode_time=plan.boundaries[k] * tick, tick=tick, frames=plan.frames(k),
                         number=k + 1)


def pictures(plan: Plan, copied: CopiedPackets, k: int) -> tuple[int, int]:
    """Numbers [first, last) of the pictures of segment k; in decode and in presentation order they are the same ones."""
    return copied.first + plan.boundaries[k], min(copied.first + plan.boundaries[k + 1], copied.count)


def _order(times: Sequence[int]) -> list[int]:
    """Which place each picture has when they are sorted by time. Raises BadBoxes unless the first comes first."""
    place = {time: i for i, time in enumerate(sorted(times))}
    if len(place) != len(times) or place[times[0]] != 0:
        raise BadBoxes("its pictures are not shown one after the other")
    return [place[time] for time in times]


def _check(packets: Sequence[bytes], length_bytes: int) -> None:
    for i, packet in enumerate(packets):
        slices = [kind for kind, _, _ in nal_units(packet, length_bytes) if SLICE <= kind <= SLICE_OF_IDR]
        if not slices:
            raise BadBoxes("a picture of it is damaged")
        if i == 0 and set(slices) != {SLICE_OF_IDR}:
            raise BadBoxes("it does not begin with an IDR picture")


def _copied(rendition: VideoRendition) -> CopiedPackets:
    if rendition.copied is None:
        raise ValueError(f"{rendition.name} is encoded")
    return rendition.copied


_tables: dict[tuple[str, int, int, int], AvcTable] = {}


def _table(source: Path, track: int) -> AvcTable:
    """The source's table; the last few are remembered, as a span asks for the same one again and again."""
    stat = source.stat()
    key = (str(source), stat.st_ino, stat.st_size, track)
    if key not in _tables:
        while len(_tables) >= 2:
            _tables.pop(next(iter(_tables)), None)
        _tables[key] = read_avc_table(read_moov(source), track)
    return _tables[key]
