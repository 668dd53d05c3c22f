"""What a publisher says of its colours, or does not, is what a learner sees."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from clips import Desk

from infra.core.live import LiveProfile
from transcode.live.ladder import ladder_command
from transcode.live.look import look_command, read_look
from transcode.live.plan import live_plan

FLV = ("-f", "flv", "-i", "pipe:0")
RED_601, RED_709 = (81, 90, 240), (63, 102, 240)  # Y, Cb, Cr


@pytest.mark.parametrize(("size", "says", "shown"), [
    ("1280x720", "unknown", RED_601),  # high definition is BT.709 where nothing is said: these numbers stay
    ("1280x720", "bt709", RED_601),
    ("1280x720", "smpte170m", RED_709),
    ("640x360", "unknown", RED_709),  # and what is smaller BT.601, which becomes BT.709
])
def test_colours_are_converted_where_they_have_to_be(size: str, says: str, shown: tuple[int, int, int], desk: Desk,
                                                     tmp_path: Path) -> None:
    source = tmp_path / "published.flv"
    ffmpeg(desk, "-f", "lavfi", "-i", f"color=red:s={size}:r=10:d=3", "-vf",
           f"scale=out_color_matrix=bt601:out_range=tv,format=yuv420p,setparams=colorspace={says}:range=tv",
           "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-f", "flv", str(source))
    look = read_look(desk.run(look_command(desk.tools, FLV, source, 10**7)).stdout)
    assert look is not None
    plan = live_plan(LiveProfile.DEFAULT, look)

    made = [tmp_path / f"{rendition.name}.mp4" for rendition in plan.renditions]
    files = [file.open("wb") for file in made]
    outputs = [file.fileno() for file in files]
    command = ladder_command(desk.tools, plan, FLV, outputs, Fraction(0), sound=False, max_pixels=10**7, matrix=look.matrix)
    with source.open("rb") as published:
        subprocess.run(command.argv, stdin=published, pass_fds=outputs, check=True)
    for file in files:
        file.close()
    for file in made:
        assert said(desk, file) == ["tv", "bt709", "bt709", "bt709"]
        assert all(abs(a - b) <= 2 for a, b in zip(first_pixel(desk, file), shown, strict=True))


def ffmpeg(desk: Desk, *arguments: str) -> bytes:
    return subprocess.run([desk.tools.ffmpeg, "-v", "error", "-y", *arguments], check=True, capture_output=True).stdout


def said(desk: Desk, file: Path) -> list[str]:
    answer = subprocess.run([desk.tools.ffprobe, "-v", "error", "-select_streams", "v", "-show_entries",
                             "stream=color_range,color_space,color_transfer,color_primaries", "-of", "csv=p=0", file],
                            check=True, capture_output=True, text=True).stdout
    return answer.strip().split(",")


def first_pixel(desk: Desk, file: Path) -> tuple[int, ...]:
    return tuple(ffmpeg(desk, "-i", str(file), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv444p", "-vf",
                        "scale=1:1:flags=neighbor", "-")[:3])
