"""A source without an index gets a copy that has one: cells are the same bytes, and less is read and decoded for them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clips import BURSTS, CORPUS, VARIABLE, Clips, Desk, digests

from infra.core.media import MediaInfo
from ingest.indexing import indexed
from transcode import indexed_copy, render, render_pictures, storyboard
from transcode.cells import Cell, video_command
from transcode.render import RenderContext

pytestmark = pytest.mark.media

# Key frames that are not where cells begin, and open groups of pictures as cameras write them.
FAR = ("-g", "110", "-keyint_min", "110", "-sc_threshold", "0", "-x264-params", "open-gop=1:level=5.1")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof+skip_trailer")
SOURCES: dict[str, tuple[str, ...]] = {
    "recorder.flv": FAR,
    "fragments.mp4": (*FAR, *FRAGMENTS),
    "browser.mkv": (*FAR, "-f", "matroska", "-live", "1"),
    "bursts.mkv": (*FAR, "-vf", BURSTS, *VARIABLE, "-f", "matroska", "-live", "1"),
    "camera.ts": FAR,
    "fields.ts": (*FAR, "-flags", "+ilme+ildct", "-vf", "setfield=tff"),
    "old.wmv": ("-c:v", "wmv2", "-bf", "0", "-b:v", "2M", "-g", "110"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_cells_are_the_same_bytes_from_the_copy(desk: Desk, clips: Clips, out: Path, name: str) -> None:
    sound = clips.make("tone.wav", "-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*t*200):s=44100:d=20")
    source = clips.counted(name, 500, "25", *SOURCES[name], size="426x240")
    # The sound begins first, so that the file does not begin with the picture, as its copy does.
    source = clips.make(f"heard-{name}", "-itsoffset", "0.5", "-i", str(source), "-i", str(sound), "-c:v", "copy",
                        "-c:a", "wmav2" if name == "old.wmv" else "aac", *muxing(SOURCES[name]), reads=(source, sound))
    info = desk.info(source)
    assert not info.seekable
    copy = made(desk, info, source, out / "copy")
    assert copy is not None
    assert copy.seekable
    from_source = desk.context(source, out / "source", info)
    from_copy = replace(desk.context(source, out / "other", info), source=out / "copy",
                        plan=indexed_copy.for_copy(from_source.plan, info, copy))
    assert from_copy.plan.seek_lead_s < 1 < from_source.plan.seek_lead_s
    names = [rendition.name for rendition in from_source.plan.video]
    for context in (from_source, from_copy):
        for k in range(context.plan.segments):
            render.render(context, k, names)
        for j in range(storyboard.board(context.plan).sheets):
            render_pictures.render_sheet(context, j, key_frames=True)
        render_pictures.render_still(context, 143)
    assert digests(from_copy) == digests(from_source)


@pytest.mark.parametrize("name", ["recorder.flv", "fragments.mp4", "browser.mkv"])
def test_the_sound_is_the_same_from_the_copy(desk: Desk, clips: Clips, out: Path, name: str) -> None:
    sound = clips.make("sweep.wav", "-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*t*(200+40*t)):s=44100:d=20")
    picture = clips.counted(name, 500, "25", *SOURCES[name], size="426x240")
    source = clips.make(f"sweep-{name}", "-itsoffset", "0.5", "-i", str(picture), "-i", str(sound), "-c:v", "copy",
                        "-map", "1:a", "-map", "0:v", "-c:a", "aac", *muxing(SOURCES[name]), reads=(picture, sound))
    info = desk.info(source)
    copy = made(desk, info, source, out / "copy")
    assert copy is not None and copy.video is not None and info.video is not None
    assert (info.audio[0].index, copy.audio[0].index) == (0, 1)
    from_source = desk.context(source, out / "source", info)
    from_copy = replace(desk.context(source, out / "other", info), source=out / "copy",
                        plan=indexed_copy.for_copy(from_source.plan, info, copy))
    heard = []
    for context in (from_source, from_copy):
        for k in range(context.plan.segments):
            render.render(context, k, ["aac"])
        heard.append(desk.sound(context))
    assert len(heard[0]) == len(heard[1])
    # Not to the bit: where an encoder has put "noise" in the place of noise, a decoder makes some up.
    assert np.std(heard[0] - heard[1]) < 0.01 * np.std(heard[0])


def test_a_transport_stream_is_not_decoded_from_twelve_seconds_before(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("camera.ts", 1000, "25", "-g", "50", "-keyint_min", "50")
    info = desk.info(source)
    found = made(desk, info, source, out / "copy")
    assert found is not None
    whole = desk.context(source, out / "source", info)
    near = replace(whole, source=out / "copy", plan=indexed_copy.for_copy(whole.plan, info, found))
    last = whole.plan.segments - 1
    assert decoded(desk, whole, last) - decoded(desk, near, last) >= 10 * 25


def test_no_copy_stands_in_that_would_show_something_else(desk: Desk, clips: Clips, out: Path) -> None:
    first = clips.counted("first.flv", 100, "25", size="320x180")
    second = clips.counted("second.flv", 100, "25", size="640x360")
    both = out / "both.flv"
    both.write_bytes(first.read_bytes() + second.read_bytes()[13:])  # the encoder began anew, with another size
    info = desk.info(both)
    assert made(desk, info, both, out / "copy") is None


@pytest.mark.parametrize("name", ["three.mp4", "three.mkv"])
def test_what_has_an_index_is_not_copied(desk: Desk, clips: Clips, out: Path, name: str) -> None:
    source = clips.counted(name, 75, "25")
    assert made(desk, desk.info(source), source, out / "copy") is None
    assert not (out / "copy").exists()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize(("name", "gets_one"), [
    ("lectures/clock_120s.flv", True),
    ("broken/webm_without_duration.webm", True),
    ("tech/old_wmv2_wmav2.wmv", True),
    ("tech/aac51_mpeg4_720p.mkv", False),  # packets without times, which a container would have to make up
    ("tech/sample_fragmented.mp4", True),
    ("lectures/screencast_presenter_mpeg2.mpeg", False),  # program streams are found by time, and few
    ("lectures/screencast_theora_274x269.ogv", False),
])
def test_files_of_the_world(desk: Desk, out: Path, name: str, gets_one: bool) -> None:
    info = desk.info(CORPUS / name)
    assert (made(desk, info, CORPUS / name, out / "copy") is not None) is gets_one


def made(desk: Desk, info: MediaInfo, source: Path, copy: Path) -> MediaInfo | None:
    copy.parent.mkdir(exist_ok=True)
    return indexed(info, source, copy, desk.settings, desk.tools, desk.run)


def muxing(how: tuple[str, ...]) -> tuple[str, ...]:
    """Of the options that make a clip, those that say what file it is in."""
    return next((how[how.index(option):] for option in ("-movflags", "-f") if option in how), ())


def decoded(desk: Desk, ctx: RenderContext, k: int) -> int:
    """How many frames are decoded for segment k."""
    command = video_command(desk.tools, ctx.plan, ctx.source, [Cell(ctx.plan.video[-1], k, False)], ctx.work,
                            max_pixels=ctx.max_pixels)
    told = desk.run(replace(command, argv=tuple("verbose" if word == "warning" else word for word in command.argv)))
    return int(re.findall(r"(\d+) frames decoded", told.stderr)[0])
