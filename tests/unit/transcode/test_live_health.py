"""What is measured of a live stream, and what a lecturer is told to do about it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from transcode.live.health import health
from transcode.live.meter import Meter, Reading
from transcode.live.plan import SourceLook

FLV = ("-f", "flv", "-i", "pipe:0")
GOOD = Reading(bitrate_bps=2_600_000, frame_rate=30.0, key_frame_interval_s=2.0, missing_frames=0, steady=True)
LOOK = SourceLook(1280, 720, Fraction(1), Fraction(30), True, "h264", "aac")


def tag(stamp_ms: int, *, key: bool = False, size: int = 1000) -> bytes:
    """A picture as FLV has it."""
    body = bytes([0x17 if key else 0x27, 1, 0, 0, 0]) + bytes(size)
    stamp = (stamp_ms & 0xFFFFFF).to_bytes(3, "big") + bytes([stamp_ms >> 24])
    head = b"\x09" + len(body).to_bytes(3, "big") + stamp + bytes(3)
    return head + body + (len(head) + len(body)).to_bytes(4, "big")


def fed(stamps_ms: list[int], every: int = 60, *, begin_s: float = 0.0) -> Meter:
    """A meter that got these pictures, each when it was due."""
    meter = Meter(FLV)
    meter.take(b"FLV\x01\x05\0\0\0\x09\0\0\0\0", begin_s)
    for number, stamp_ms in enumerate(stamps_ms):
        meter.take(tag(stamp_ms, key=number % every == 0), begin_s + (stamp_ms - stamps_ms[0]) / 1000)
    return meter


def advice(**changes: Any) -> list[str]:
    """The codes, for a stream that is good but for this."""
    lag_s = changes.pop("encoder_lag_s", 0.5)
    look = SourceLook(1280, 720, Fraction(1), Fraction(30), changes.pop("sound", True), "h264", "aac")
    reading = Reading(**{name: changes.get(name, getattr(GOOD, name)) for name in GOOD.__slots__})
    return [one.code for one in health(reading, look, encoder_speed=1.0, encoder_lag_s=lag_s, restarts=0).advice]


def test_an_even_stream_is_read_as_it_is() -> None:
    meter = fed([round(number * 1000 / 30) for number in range(240)])
    reading = meter.reading(8.0)
    assert (reading.frame_rate, reading.key_frame_interval_s) == (30.0, 2.0)
    assert (reading.missing_frames, reading.steady) == (0, True)
    assert reading.bitrate_bps == pytest.approx(240 * 1020 * 8 / 8, rel=0.05)


def test_stamps_behind_four_and_a_half_hours_are_read() -> None:
    begin_ms = (1 << 24) - 2000  # 24 bits are not enough for what follows
    reading = fed([begin_ms + number * 40 for number in range(200)], 50).reading(8.0)
    assert reading.frame_rate == 25.0 and reading.key_frame_interval_s == 2.0


def test_pictures_that_are_missing_are_counted() -> None:
    reading = fed([number * 40 for number in range(200) if number % 20 not in (7, 8)]).reading(8.0)
    assert reading.missing_frames == 20


def test_pictures_that_come_unevenly_are_not_steady() -> None:
    assert not fed([number * 40 + (30 if number % 3 == 0 else 0) for number in range(200)]).reading(8.0).steady


def test_a_key_frame_that_does_not_come_is_noticed_before_it_comes() -> None:
    assert fed([number * 40 for number in range(150)], every=1000).reading(6.0).key_frame_interval_s == 5.96


def test_another_clock_begins_anew() -> None:
    stamps_ms = [*(number * 40 for number in range(100)), *(3_600_000 + number * 40 for number in range(100))]
    reading = fed(stamps_ms, 50).reading(3604.0)
    assert (reading.missing_frames, reading.frame_rate, reading.key_frame_interval_s) == (0, 25.0, 2.0)


def test_what_is_no_flv_is_measured_in_bits_alone() -> None:
    meter = Meter(FLV)
    for second in range(9):
        meter.take(bytes(1000), float(second))
    reading = meter.reading(8.0)
    assert reading.bitrate_bps == 8000 and reading.frame_rate is None and reading.key_frame_interval_s is None


def test_a_silence_is_no_bits() -> None:
    meter = fed([number * 40 for number in range(100)])
    assert meter.reading(20.0).bitrate_bps == 0


def test_a_good_stream_needs_no_advice() -> None:
    found = health(GOOD, LOOK, encoder_speed=1.0, encoder_lag_s=0.512, restarts=1)
    assert found.advice == () and found.encoder_lag_s == 0.51 and found.restarts == 1
    assert (found.width_px, found.height_px, found.video_codec, found.audio_codec) == (1280, 720, "h264", "aac")


@pytest.mark.parametrize(("changes", "code"), [
    ({"encoder_lag_s": 4.0}, "encoder_behind"), ({"sound": False}, "no_sound"),
    ({"key_frame_interval_s": 8.3}, "key_frames_rare"), ({"missing_frames": 12}, "frames_missing"),
    ({"steady": False}, "frames_missing"), ({"frame_rate": 10.0}, "frame_rate_low"),
    ({"bitrate_bps": 20_000_000}, "bitrate_high"), ({"bitrate_bps": 200_000}, "bitrate_low")])
def test_what_is_amiss_is_said(changes: dict[str, Any], code: str) -> None:
    assert advice(**changes) == [code]


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert advice(bitrate_bps=0, frame_rate=None, key_frame_interval_s=None) == []
