"""What real encoders send is measured as it is: pictures, key frames and their times, in FLV and in MPEG-TS."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from clips import Desk

from infra.core.command import Command
from transcode.live.meter import Meter
from transcode.live.pictures import pictures_of

INPUTS = {"flv": ("-f", "flv", "-i", "pipe:0"), "mpegts": ("-f", "mpegts", "-i", "pipe:0")}


def sent(desk: Desk, out: Path, form: str) -> bytes:
    """8 s at 25 frames a second with B-frames, a key frame every 2 s, and a tone."""
    file = out / f"live.{form}"
    desk.run(Command((
        str(desk.tools.ffmpeg), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=8",
        "-f", "lavfi", "-i", "sine=d=8", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "50",
        "-keyint_min", "50", "-sc_threshold", "0",
        "-c:a", "aac", "-f", form, f"file:{file}"), work=out))
    return file.read_bytes()


@pytest.mark.parametrize("form", INPUTS)
def test_a_real_encoder_is_measured(desk: Desk, out: Path, form: str) -> None:
    data = sent(desk, out, form)
    for size in (188, 1000, 65_536):  # however it is cut
        reader = pictures_of(INPUTS[form])
        found = [picture for at in range(0, len(data), size) for picture in reader.feed(data[at:at + size])]
        assert len(found) == 200
        keys = [picture.due_s - found[0].due_s for picture in found if picture.key]
        assert keys == pytest.approx([0, 2, 4, 6], abs=0.01)
        assert all(after.due_s > before.due_s for before, after in pairwise(found))

    meter = Meter(INPUTS[form])
    step = len(data) // 80
    for at in range(0, len(data), step):  # as it would come: in 8 s
        meter.take(data[at:at + step], 8 * at / len(data))
    reading = meter.reading(8.0)
    assert reading.bitrate_bps == pytest.approx(len(data), rel=0.05)  # 8 bits a byte, 8 s
    assert reading.frame_rate == pytest.approx(25, abs=0.1)
    assert reading.key_frame_interval_s == pytest.approx(2, abs=0.01)
    assert (reading.missing_frames, reading.steady) == (0, True)


def test_a_stream_that_loses_its_step_is_found_again(desk: Desk, out: Path) -> None:
    data = sent(desk, out, "mpegts")
    reader = pictures_of(INPUTS["mpegts"])
    whole = list(pictures_of(INPUTS["mpegts"]).feed(data))
    found = list(reader.feed(data[:10_000] + data[30_007:]))
    assert 100 < len(found) < 200 and found[-1] == whole[-1]
