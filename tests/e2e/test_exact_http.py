"""What a player fetches, all cells in random order while the fill is at work, decodes to exactly the planned frames."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fetching import fetched
from service import Service

from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.tools import find_tools
from tests.media.clips import (
    BURSTS,
    VARIABLE,
    Clips,
    Desk,
    beep_times,
    bursts,
    constant,
    counted_frames,
    flash_times,
    numbers,
    on_screen,
    psnr_db,
)
from transcode.plan import plan

NTSC = Fraction(30_000, 1001)
SOURCES = [
    ("25.mp4", "25", 300, constant(Fraction(25)), ()),
    ("29.97.mp4", "30000/1001", 300, constant(NTSC), ()),
    ("30.mkv", "30", 300, constant(Fraction(30)), ()),
    ("59.94.mp4", "60000/1001", 510, constant(2 * NTSC), ()),
    ("variable.mp4", "60", 100, bursts, ("-vf", BURSTS, *VARIABLE, "-g", "17")),
]


@pytest.fixture(scope="module")
def desk() -> Desk:
    settings = Settings()
    runner = ProcessRunner(settings)
    return Desk(settings, runner, find_tools(settings, runner))


@pytest.fixture(scope="module")
def clips(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(desk, tmp_path_factory.mktemp("exact"))


QUICK = ("29.97.mp4",)
EACH = [pytest.param(*s, id=s[0], marks=() if s[0] in QUICK else pytest.mark.slow) for s in SOURCES]


@pytest.mark.parametrize(("name", "rate", "frames", "shown_at", "options"), EACH)
def test_all_cells_over_http_are_the_planned_frames(
    service: Service, desk: Desk, clips: Clips, tmp_path: Path, name: str, rate: str, frames: int,
    shown_at: Callable[[int], Fraction], options: tuple[str, ...],
) -> None:
    source = clips.counted(name, frames, rate, *options)
    made = plan(desk.info(source), desk.tools.encoder)
    video = service.upload(source)
    expected = on_screen(made, lambda n: shown_at(n) + made.origin_s, frames)
    for rendition, data in fetched(service, video["playback_id"], name).items():
        path = tmp_path / f"{rendition}.mp4"
        path.write_bytes(data)
        dts = [int(packet["dts"]) for packet in desk.packets(path)]
        steps = set(np.diff(dts).tolist())
        assert len(steps) == 1, f"time stamps of {rendition} are not evenly spaced: {steps}"
        assert min(steps) > 0
        pictures = desk.pictures(path)
        assert numbers(pictures) == expected
        quality = psnr_db(pictures, counted_frames(frames)[expected])
        joints = [n for cut in made.boundaries[1:-1] for n in (cut - 1, cut)]
        assert min(quality[joints]) > np.delete(quality, joints).min() - 1.5


def test_picture_and_sound_over_http_are_in_step(service: Service, desk: Desk, clips: Clips, tmp_path: Path) -> None:
    source = clips.flashing("flashing.mp4", "-c:a", "aac")
    made = plan(desk.info(source), desk.tools.encoder)
    (track,) = made.audio
    video = service.upload(source)
    bodies = fetched(service, video["playback_id"], "flash")
    picture, sound = tmp_path / "picture.mp4", tmp_path / "sound.mp4"
    picture.write_bytes(bodies[made.video[0].name])
    sound.write_bytes(bodies["aac"])
    flashes = flash_times(desk.pictures(picture), made)
    raw = tmp_path / "sound.f32"
    desk.ffmpeg("-i", sound, "-map", "0:a:0", "-ac", str(track.channels), "-f", "f32le", raw, reads=(sound,),
                work=tmp_path)
    samples = np.fromfile(raw, np.float32).reshape(-1, track.channels)[:, 0]
    beeps = beep_times(np.concatenate([np.zeros(track.offset_samples, np.float32), samples]), track)
    assert len(flashes) == len(beeps) >= 8
    assert np.abs(flashes - beeps).max() < 0.020
    ends_s = made.boundaries[-1] / float(made.frame_rate), len(samples) / track.sample_rate_hz
    assert abs(ends_s[0] - ends_s[1]) < 0.020 + 1024 / track.sample_rate_hz
