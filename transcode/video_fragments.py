"""CMAF of H.264 pictures that are copied from a source, written here: they need no muxer. Pure.

Decode times lie on the grid, one picture a frame, and the first picture of a segment is shown at its first decode time:
pictures that are shown in another order than decoded have signed composition offsets, as in the cells that ffmpeg
makes with `negative_cts_offsets`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from infra.core.write_boxes import box, full_box
from transcode.box_writing import cmaf_header, fragment

_SYNC, _OTHER = 0x02000000, 0x01010000  # sample_depends_on 2 and 1; sample_is_non_sync_sample (8.8.3.1)


def video_init(avcc: bytes, width_px: int, height_px: int, scale: int, tick: int) -> bytes:
    """The CMAF header of an H.264 track with the decoder configuration `avcc` (ISO/IEC 14496-15, 5.4.2)."""
    avc1 = box(b"avc1", struct.pack(">6xH16xHHIII", 1, width_px, height_px, 0x480000, 0x480000, 0),
               struct.pack(">H32xHh", 1, 24, -1), box(b"avcC", avcc), box(b"pasp", struct.pack(">II", 1, 1)))
    return cmaf_header(avc1, scale, handler=b"vide", name=b"video", media_header=full_box(b"vmhd", 0, 1, bytes(8)),
                       width_px=width_px, height_px=height_px, default_ticks=tick)


def video_segment(pictures: Sequence[bytes], shown: Sequence[int], *, decode_time: int, tick: int, frames: int,
                  number: int) -> bytes:
    """One CMAF fragment of a closed group of pictures or several, in decode order.

    shown    which of the segment's frames each picture is, from 0; the first one is 0
    frames   of the segment: where it has more than there are pictures, the last one stays
    Times in ticks of the track.
    """
    rows = []
    for i, (picture, frame) in enumerate(zip(pictures, shown, strict=True)):
        last = i + 1 == len(pictures)
        duration = tick * (1 + frames - len(pictures)) if last else tick
        rows.append(struct.pack(">IIIi", duration, len(picture), _OTHER if i else _SYNC, (frame - i) * tick))
    tfhd = full_box(b"tfhd", 0, 0x020000, struct.pack(">I", 1))  # default-base-is-moof
    moof = fragment(number, tfhd, decode_time, 0xF00, len(rows), b"".join(rows), version=1)
    return moof + box(b"mdat", *pictures)
