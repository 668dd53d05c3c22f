"""The brand of CMAF headers."""

from __future__ import annotations

import pytest

from infra.core.boxes import BadBoxes
from infra.core.cmaf import same_track, with_brand

FTYP = bytes.fromhex("00000018") + b"ftypiso6" + bytes(4) + b"iso6mp41"
MOOV = bytes.fromhex("0000000c") + b"moovabcd"


def test_the_brand_is_added_once_and_nothing_else_changes() -> None:
    branded = with_brand(FTYP + MOOV)
    assert branded == bytes.fromhex("0000001c") + b"ftypiso6" + bytes(4) + b"iso6mp41cmfc" + MOOV
    assert with_brand(branded) == branded
    assert same_track(branded, FTYP + MOOV)
    assert not same_track(branded, FTYP + MOOV.replace(b"abcd", b"abce"))


@pytest.mark.parametrize("data", [b"", MOOV, bytes.fromhex("0000000c") + b"ftypiso6", MOOV + FTYP])
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadBoxes):
        with_brand(data)
