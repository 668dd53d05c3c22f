"""What makes a fragmented header a CMAF header (ISO/IEC 23000-19)."""

from __future__ import annotations

import struct

from infra.core.boxes import BadBoxes, need

BRAND = b"cmfc"


def with_brand(init: bytes) -> bytes:
    """The header with `cmfc` among its compatible brands: ffmpeg does not write it. Raises BadBoxes."""
    ftyp = need(init, (b"ftyp",))
    if ftyp.at != 0 or ftyp.end - ftyp.start < 8:
        raise BadBoxes("the header does not begin with ftyp")
    if BRAND in [init[at:at + 4] for at in range(ftyp.start + 8, ftyp.end, 4)]:
        return init
    return struct.pack(">I", ftyp.end + 4) + init[4:ftyp.end] + BRAND + init[ftyp.end:]


def same_track(one: bytes, other: bytes) -> bool:
    """Whether two headers describe the same track: their moov boxes, whatever brands stand before. Raises BadBoxes."""
    mine, theirs = need(one, (b"moov",)), need(other, (b"moov",))
    return one[mine.at:mine.end] == other[theirs.at:theirs.end]
