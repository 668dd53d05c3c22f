"""Sound and picture stay together: a flash and its beep, from the first one to the last, for every kind of source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import FIRST_FLASH, FLASH_EVERY, Clips, Desk, beep_times, flash_times

from transcode import render

pytestmark = pytest.mark.media
TOGETHER_S = 0.020


@dataclass(frozen=True)
class Source:
    name: str
    args: tuple[str, ...] = ("-c:a", "aac")
    copied: bool = False
    late: float = 0  # how much later than the picture the sound begins


SOURCES = {
    Source("copied.mp4", copied=True): {},
    Source("copied_44100.mp4", copied=True): {"sample_rate": 44_100},
    Source("sound.mkv"): {},
    Source("sound_44100.mkv"): {"sample_rate": 44_100},
    Source("sound_late.mp4", late=0.7): {"audio_late_s": 0.7},
    Source("sound_late.mkv", late=0.7): {"audio_late_s": 0.7},
    Source("picture_late.mp4", copied=True): {"video_late_s": 0.72, "audio_late_s": 0.01},
    Source("picture_late.mkv"): {"video_late_s": 0.72, "audio_late_s": 0.01},
    Source("picture_late.flv"): {"video_late_s": 0.737, "audio_late_s": 0.01, "sample_rate": 44_100},
    Source("offset.ts"): {},
    Source("offset_44100.ts"): {"sample_rate": 44_100},
    Source("mp3.mp4", ("-c:a", "libmp3lame")): {},
    Source("mp3_44100.mkv", ("-c:a", "libmp3lame")): {"sample_rate": 44_100},
    Source("pcm.mov", ("-c:a", "pcm_s16le")): {},
    Source("opus.webm.mkv", ("-c:a", "libopus")): {},
    Source("low.mp4"): {"sample_rate": 22_050},
}


@pytest.mark.parametrize(("source", "clip"), SOURCES.items(), ids=[source.name for source in SOURCES])
def test_a_flash_and_its_beep_come_together(
    desk: Desk, clips: Clips, out: Path, source: Source, clip: dict[str, Any]
) -> None:
    ctx = desk.context(clips.flashing(source.name, *source.args, **clip), out)
    track = ctx.plan.audio[0]
    assert (track.copy_nth is not None) == source.copied
    for rendition in ctx.plan.renditions:
        for k in reversed(range(ctx.plan.segments)):
            render.render(ctx, k, [rendition.name])

    pictures = desk.pictures(desk.joined(ctx, ctx.plan.video[-1].name))
    sound = desk.sound(ctx)
    flashes, beeps = flash_times(pictures, ctx.plan), beep_times(sound, track)
    expected = np.arange(FIRST_FLASH, 12.15 * 25, FLASH_EVERY) / 25
    assert len(flashes) >= 8
    seen = flashes[-len(beeps):] if source.late else flashes
    heard = beeps[-len(flashes):]  # a beep may come before the first picture
    assert len(seen) == len(heard)
    assert np.abs(seen - heard).max() <= TOGETHER_S
    # The video as a whole begins with its source; MPEG-TS and Matroska may have their first sound a little earlier.
    assert np.abs(flashes - expected[-len(flashes):]).max() <= 0.08
    # Both end together, and so does the source.
    assert abs(len(sound) / track.sample_rate_hz - len(pictures) / float(ctx.plan.frame_rate)) <= TOGETHER_S
    assert track.offset_samples / track.sample_rate_hz <= TOGETHER_S
