"""The length of bare frames is counted, not guessed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from ingest.frames import adts_layout, mp3_layout


def adts(size: int) -> bytes:
    """A frame of 1024 samples at 44.1 kHz."""
    return bytes((0xFF, 0xF1, 0x50, 0x80 | size >> 11, size >> 3 & 255, (size & 7) << 5 | 0x1F, 0xFC)) + b"x" * (size - 7)


def mpeg(kbps_index: int, size: int) -> bytes:
    """A frame of MPEG-1 layer III at 44.1 kHz."""
    return bytes((0xFF, 0xFB, kbps_index << 4, 0)) + b"x" * (size - 4)


ID3 = b"ID3\3\0\0\0\0\1\2" + b"t" * 130
FRAMES_128, FRAMES_320 = mpeg(9, 417) * 70, mpeg(14, 1044) * 30  # a variable bit rate


@pytest.mark.parametrize(("data", "samples"), [
    (adts(200) * 10 + adts(300) * 33, 43 * 1024),
    (ID3 + adts(200) * 10, 10 * 1024),
    (adts(200) * 10 + adts(300)[:150], 10 * 1024),  # cut off
])
def test_adts_is_counted(tmp_path: Path, data: bytes, samples: int) -> None:
    assert ends(tmp_path, data, adts_layout) == Fraction(samples, 44_100)


@pytest.mark.parametrize(("data", "samples"), [
    (FRAMES_128 + FRAMES_320, 100 * 1152),
    (ID3 + FRAMES_128 + b"TAG" + b"t" * 125, 70 * 1152),
])
def test_mp3_without_a_header_is_counted(tmp_path: Path, data: bytes, samples: int) -> None:
    assert ends(tmp_path, data, mp3_layout) == Fraction(samples, 44_100)


@pytest.mark.parametrize("mark", [b"Xing", b"Info", b"VBRI"])
def test_a_header_is_believed(tmp_path: Path, mark: bytes) -> None:
    first = bytearray(mpeg(9, 417))
    first[36:40] = mark
    assert ends(tmp_path, bytes(first) + FRAMES_128, mp3_layout) is None


@pytest.mark.parametrize("data", [b"", b"\xff", b"x" * 5000, adts(200)[:100], FRAMES_128 + b"x" * (2 << 20)])
def test_what_can_not_be_counted_is_left_to_the_guess(tmp_path: Path, data: bytes) -> None:
    assert ends(tmp_path, data, adts_layout) is None
    assert ends(tmp_path, data, mp3_layout) is None


def ends(folder: Path, data: bytes, layout: object) -> Fraction | None:
    path = folder / "sound"
    path.write_bytes(data)
    with path.open("rb") as file:
        return layout(file, len(data)).end_s
