"""Where decoding begins for a cell: at the key frame on its boundary, never behind it, and not a group of pictures early."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from clips import COPIED, Clips, Desk

from transcode import cells

pytestmark = pytest.mark.media
_KEYS = ("-g", "50", "-sc_threshold", "0")
_B_FRAMES = ("-bf", "3", "-b_strategy", "0", *_KEYS)
SOURCES = {  # of the output, and whether the decoding of every cell begins exactly on its boundary
    "edit_list": (_B_FRAMES, True),
    "no_edit_list": ((*_B_FRAMES, "-use_editlist", "0"), True),
    "no_b_frames": (("-bf", "0", *_KEYS), True),
    "pyramid": (("-bf", "4", *_KEYS, "-x264-params", "b-pyramid=normal"), True),
    "late": ((*_B_FRAMES, "-output_ts_offset", "0.48"), True),
    "negative_offsets": ((*_B_FRAMES, "-movflags", "negative_cts_offsets"), False),
    "open_groups": ((*_B_FRAMES, "-x264-params", "open-gop=1"), False),
    "matroska": (_B_FRAMES, False),
}


@pytest.mark.parametrize("name", SOURCES)
def test_decoding_begins_on_the_boundary_where_a_key_frame_is(desk: Desk, clips: Clips, out: Path, name: str) -> None:
    options, exactly = SOURCES[name]
    source = clips.counted(f"seek_{name}.{'mkv' if name == 'matroska' else 'mp4'}", 350, "25", *COPIED, *options)
    # Another size than a rung: every cell is encoded, on the ordinary grid of 2, 2, 2 and 6 s.
    plan = desk.context(source, out).plan.model_copy(update={"boundaries": (0, 50, 100, 150, 300, 350)})
    for k in range(plan.segments):
        wanted = [cells.Cell(plan.video[-1], k, False)]
        argv = cells.video_command(desk.tools, plan, source, wanted, out, max_pixels=10**7).argv
        begins_s = _first_decoded_s(desk, source, out, argv) - plan.origin_s
        assert begins_s <= plan.start_s(k)
        if exactly:
            assert abs(plan.start_s(k) - begins_s) < Fraction(1, 1000)


def _first_decoded_s(desk: Desk, source: Path, out: Path, argv: tuple[str, ...]) -> Fraction:
    seek = argv[argv.index("-ss"):][:2] if "-ss" in argv else ()
    listing = out / "first"
    desk.ffmpeg("-copyts", "-noaccurate_seek", *seek, "-i", source, "-map", "0:v", "-frames:v", "1", "-fps_mode",
                "passthrough", "-enc_time_base", "1:90000", "-f", "framehash", listing, reads=(source,), work=out)
    (line,) = [line for line in listing.read_text().splitlines() if not line.startswith("#")]
    return Fraction(int(line.split(",")[2]), 90_000)
