"""Plans and commands of known sources, to the letter: one argument a line, so that a change reads as what it means."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from media_infos import ENCODER, SOURCES

from infra.core.command import Command
from infra.core.safety import input_args
from infra.core.steps import Tools
from transcode import cells, still, storyboard
from transcode.plan import plan

TOOLS = Tools(Path("ffmpeg"), Path("ffprobe"), ENCODER)
SOURCE, WORK, MAX_PIXELS = Path("SOURCE"), Path("WORK"), 50_000_000
SAFETY = "\n".join(input_args(MAX_PIXELS))


def lines(command: Command) -> str:
    text = "\n".join(command.argv)
    assert SAFETY in text, "an input is opened without its limits"
    return text.replace(SAFETY, "(input limits)").replace(";", ";\n    ") + "\n"


@pytest.mark.parametrize("name", SOURCES)
def test_the_plan_is_the_golden_one(name: str, golden: Callable[[str, str], None]) -> None:
    made = plan(SOURCES[name], ENCODER)
    golden(f"plans/{name}.json", made.model_dump_json(indent=1) + "\n")


@pytest.mark.parametrize("name", SOURCES)
def test_the_commands_are_the_golden_ones(name: str, golden: Callable[[str, str], None]) -> None:
    made = plan(SOURCES[name], ENCODER)
    k = min(2, made.segments - 1)
    h264 = made.of_codec("h264")
    one = [cells.Cell(rendition, k, capped=True) for rendition in h264[-1:]]
    ladder = [cells.Cell(rendition, k, capped=False) for rendition in h264]
    other = [cells.Cell(made.of_codec(codec)[0], k, capped=capped) for codec in made.codecs[1:]
             for capped in (False, True)]
    for what, wanted in (("one_capped_cell", one), ("ladder", ladder), ("other_codecs", other)) if made.video else ():
        if what == "other_codecs" and name not in ("mp4_1080p25", "webm_variable_rate"):
            continue
        golden(f"commands/{name}.{what}.args",
               lines(cells.video_command(TOOLS, made, SOURCE, wanted, WORK, max_pixels=MAX_PIXELS)))
    for track in made.audio:
        if track.copy_nth is None:
            golden(f"commands/{name}.{track.name.replace('aac', 'audio')}.args",
                   lines(cells.audio_command(TOOLS, made, track, SOURCE, k, WORK, max_pixels=MAX_PIXELS)))
    if made.video:
        golden(f"commands/{name}.thumbnail.args",
               lines(cells.thumbnail_command(TOOLS, made, SOURCE, Fraction(0), WORK, max_pixels=MAX_PIXELS)))
        for key_frames, ending in ((False, "sheet"), (True, "key_sheet")):
            golden(f"commands/{name}.{ending}.args", lines(storyboard.sheet_command(
                TOOLS, made, SOURCE, 0, WORK, key_frames=key_frames, max_pixels=MAX_PIXELS)))
    else:
        golden(f"commands/{name}.waveform.args",
               lines(still.waveform_command(TOOLS, made, SOURCE, WORK, max_pixels=MAX_PIXELS)))


def test_a_command_says_what_it_may_touch() -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    one = [cells.Cell(made.video[0], 0, capped=False)]
    command = cells.video_command(TOOLS, made, SOURCE, one, WORK, max_pixels=1, nice=15)
    assert (command.reads, command.work, command.nice) == ((SOURCE,), WORK, 15)


def test_a_source_may_have_any_name() -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    odd = Path("/data/-i http:x;'[0].mp4")
    command = cells.video_command(TOOLS, made, odd, [cells.Cell(made.video[0], 0, capped=False)], WORK, max_pixels=1)
    assert command.argv[command.argv.index("-i") + 1] == f"file:{odd}"
