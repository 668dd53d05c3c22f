"""Sound that is encoded cell by cell has no joints to be heard: a steady tone stays one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import Clips, Desk

from transcode import render

pytestmark = pytest.mark.media
TONE_HZ = 997.0

SOURCES = {
    "aac.mkv": ("48000", ("-c:a", "aac", "-b:a", "192k")),
    "aac_44100.mkv": ("44100", ("-c:a", "aac", "-b:a", "192k")),
    "pcm.mov": ("48000", ("-c:a", "pcm_s16le")),
    # Not promised: PCM, FLAC or Vorbis in Matroska. Its time stamps are rounded to a millisecond, and how long a packet
    # of these is can not be known beforehand; cells can be half a millisecond apart.
    "mp3_44100.mp4": ("44100", ("-c:a", "libmp3lame", "-b:a", "192k")),
    "mp3_44100.mkv": ("44100", ("-c:a", "libmp3lame", "-b:a", "192k")),
    "aac.ts": ("48000", ("-c:a", "aac", "-b:a", "192k")),
    "pcm_32000.mov": ("32000", ("-c:a", "pcm_s16le")),
    "opus.mkv": ("48000", ("-c:a", "libopus", "-b:a", "128k")),
}


@pytest.mark.parametrize(("name", "clip"), SOURCES.items(), ids=list(SOURCES))
def test_a_steady_tone_has_no_clicks(
    desk: Desk, clips: Clips, out: Path, name: str, clip: tuple[str, tuple[str, ...]]
) -> None:
    sample_rate, codec = clip
    source = clips.make(
        f"tone_{name}", "-f", "lavfi", "-i", "color=gray:s=64x36:r=30000/1001:d=16", "-f", "lavfi", "-i",
        f"aevalsrc=0.5*sin(2*PI*{TONE_HZ}*t):s={sample_rate}:d=16", "-c:v", "libx264", "-pix_fmt", "yuv420p",
        "-level", "5.1", "-ac", "2", *codec)  # a picture that is not copied, and does not set the grid
    assert_no_clicks(desk, source, out)


ALONE = {
    "tone.mp3": ("44100", ("-c:a", "libmp3lame", "-b:a", "192k")),
    "tone_bare.mp3": ("48000", ("-c:a", "libmp3lame", "-q:a", "2", "-write_xing", "0")),
    "tone.opus": ("48000", ("-c:a", "libopus", "-b:a", "128k")),
    "tone.ogg": ("44100", ("-c:a", "vorbis", "-strict", "experimental", "-b:a", "256k")),
    "tone.flac": ("96000", ("-c:a", "flac")),
    "tone.wav": ("32000", ("-c:a", "pcm_s24le")),
    "tone.aac": ("48000", ("-c:a", "aac", "-b:a", "192k")),
    "tone.webm": ("48000", ("-c:a", "libopus", "-b:a", "128k")),
}


@pytest.mark.parametrize(("name", "clip"), ALONE.items(), ids=list(ALONE))
def test_sound_alone_has_no_clicks(
    desk: Desk, clips: Clips, out: Path, name: str, clip: tuple[str, tuple[str, ...]]
) -> None:
    sample_rate, codec = clip
    source = clips.make(
        name, "-f", "lavfi", "-i", f"aevalsrc=0.5*sin(2*PI*{TONE_HZ}*t):s={sample_rate}:d=16", "-ac", "2", *codec)
    assert_no_clicks(desk, source, out)


def test_surround_has_no_clicks(desk: Desk, clips: Clips, out: Path) -> None:
    channels = "|".join([f"0.5*sin(2*PI*{TONE_HZ}*t)"] * 6)
    source = clips.make("six.flac", "-f", "lavfi", "-i", f"aevalsrc={channels}:c=5.1:s=48000:d=16")
    assert_no_clicks(desk, source, out, nth=1, noise=0.035)  # the encoder's own, with 64 kbit/s a channel


def assert_no_clicks(desk: Desk, source: Path, out: Path, nth: int = 0, noise: float = 0.02) -> None:
    """An audio rendition of a steady tone, its cells rendered one by one, is one."""
    ctx = desk.context(source, out)
    track = ctx.plan.audio[nth]
    assert track.copy_nth is None
    for k in reversed(range(ctx.plan.segments)):
        render.render(ctx, k, [track.name])

    wrong = residual(desk.sound(ctx, nth), track.sample_rate_hz)
    joints = [track.boundaries[k] * 1024 for k in range(1, ctx.plan.segments)]
    assert len(joints) >= 4
    near = np.zeros(len(wrong), bool)
    for joint in joints:
        near[joint - 1500 : joint + 1500] = True
    middle = slice(8192, -8192)  # the tone itself begins and ends with a click
    at_joints = np.abs(wrong[middle][near[middle]]).max()
    elsewhere = np.abs(wrong[middle][~near[middle]]).max()
    assert at_joints <= max(1.5 * elsewhere, 0.004), f"{at_joints:.4f} at the joints, {elsewhere:.4f} elsewhere"
    assert elsewhere < noise  # a cell that is one sample off leaves 0.04


def residual(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    """What is left of the sound when the best fitting tone, one for all of it, is taken away."""
    phase = 2 * np.pi * TONE_HZ * np.arange(len(sound)) / sample_rate
    waves = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    inner = slice(8192, -8192)
    fit, *_ = np.linalg.lstsq(waves[inner], sound[inner].astype(float), rcond=None)
    return sound - waves @ fit
