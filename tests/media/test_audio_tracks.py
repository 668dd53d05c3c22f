"""Several tracks, 5.1, and sound without a picture: each rendition sounds when and as its own track does."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import BEEP_S, FIRST_FLASH, FLASH_EVERY, Clips, Desk, beep_times, flash_times

from infra.core.media import Loudness
from transcode import render, render_pictures
from transcode.loudness import measure
from transcode.render import RenderContext

pytestmark = pytest.mark.media
PERIOD_S, FIRST_S = FLASH_EVERY / 25, FIRST_FLASH / 25
LATER_S = 0.3
TONES_HZ = (400, 600, 900, 60, 1300, 1900)  # FL FR FC LFE BL BR


def beeps(later_s: float = 0, seconds: float = 12.2, rate: int = 48_000) -> str:
    """A beep whenever a flashing clip flashes, or somewhat later."""
    on = rf"lt(mod(t+{PERIOD_S - FIRST_S - later_s}\,{PERIOD_S})\,{BEEP_S})"
    return f"aevalsrc=0.8*sin(2*PI*1000*t)*{on}:s={rate}:d={seconds}"


def rendered(desk: Desk, source: Path, out: Path) -> RenderContext:
    """All cells of all renditions, the last ones first."""
    ctx = desk.context(source, out)
    for rendition in ctx.plan.renditions:
        for k in reversed(range(ctx.plan.segments)):
            render.render(ctx, k, [rendition.name])
    return ctx


@pytest.mark.parametrize(("name", "copied"), [("two.mp4", True), ("two.mkv", False), ("two.ts", False)])
def test_the_second_track_is_as_exact_as_the_first(desk: Desk, clips: Clips, out: Path, name: str, copied: bool) -> None:
    flashing = clips.flashing("flashing.mp4", "-c:a", "aac")
    source = clips.make(
        name, "-i", str(flashing), "-f", "lavfi", "-i", beeps(LATER_S), "-map", "0:v", "-map", "0:a", "-map", "1:a",
        "-c:v", "copy", "-c:a", "aac", "-ac", "2", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre",
        reads=(flashing,))
    ctx = rendered(desk, source, out)
    first, second = ctx.plan.audio
    assert (first.name, first.language, first.label) == ("aac", "en", "English")
    assert (second.name, second.language, second.label) == ("aac-2", "fr", "Français")
    assert (second.copy_nth is not None) == copied
    flashes = flash_times(desk.pictures(desk.joined(ctx, ctx.plan.video[-1].name)), ctx.plan)
    assert len(flashes) >= 8
    heard = [beep_times(desk.sound(ctx, nth), track) for nth, track in enumerate(ctx.plan.audio)]
    assert np.abs(heard[0][-len(flashes):] - flashes).max() <= 0.02
    assert np.abs(heard[1][-len(flashes):] - flashes - LATER_S).max() <= 0.02
    # Between the two, what the picture's own rounding adds is gone.
    assert np.abs(heard[1] - heard[0] - LATER_S).max() <= 0.001


def tone(samples: np.ndarray, hertz: float) -> float:
    """The amplitude of a tone in a piece of sound at 48 kHz."""
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / 48_000)
    return float(2 * np.abs((samples * turn).mean()))


def surround(clips: Clips, name: str, *args: str, level: float = 0.5, tones: tuple[float, ...] = TONES_HZ) -> Path:
    channels = "|".join(f"{level}*sin(2*PI*{hertz}*t)" for hertz in tones)
    return clips.make(name, "-f", "lavfi", "-i", f"aevalsrc={channels}:c=5.1:s=48000:d=5", *args)


@pytest.mark.parametrize(("name", "codec"), [("tones.mka", ("-c:a", "flac")), ("tones.wav", ("-c:a", "pcm_s16le"))])
def test_stereo_is_mixed_by_the_book_and_surround_keeps_its_channels(
    desk: Desk, clips: Clips, out: Path, name: str, codec: tuple[str, ...]
) -> None:
    ctx = rendered(desk, surround(clips, name, *codec), out)
    assert [(track.name, track.channels) for track in ctx.plan.audio] == [("aac", 2), ("aac-51", 6)]
    inner = slice(48_000, 96_000)
    left, right = desk.channels(ctx, 0)[inner].T
    scale = 0.5 / (1 + 2 * 0.7071)  # full scale in all channels stays full scale
    for side, own, other in ((left, 0, 1), (right, 1, 0)):
        levels = [tone(side, hertz) / scale for hertz in TONES_HZ]
        expected = [0.0] * 6
        expected[own], expected[2], expected[4 + own] = 1, 0.7071, 0.7071
        assert levels == pytest.approx(expected, abs=0.03)
        assert levels[other] < 0.01
    kept = desk.channels(ctx, 1)[inner].T
    for channel, hertz in zip(kept, TONES_HZ, strict=True):
        levels = [tone(channel, one) for one in TONES_HZ]
        assert levels[TONES_HZ.index(hertz)] == pytest.approx(0.5, abs=0.03)
        assert sum(levels) < 0.55


def test_the_loudest_surround_does_not_clip_in_stereo(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = rendered(desk, surround(clips, "loud.wav", "-c:a", "pcm_s16le", level=0.999, tones=(400.0,) * 6), out)
    mixed = desk.channels(ctx, 0)[48_000:96_000]
    assert 0.9 < np.abs(mixed).max() <= 1.0


def test_surround_packets_are_copied_where_they_fit(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = rendered(desk, surround(clips, "tones.m4a", "-c:a", "aac", "-b:a", "384k"), out)
    stereo, kept = ctx.plan.audio
    assert (stereo.copy_nth, kept.copy_nth) == (None, 0)
    assert [round(tone(c, hertz), 1) for c, hertz in zip(desk.channels(ctx, 1)[48_000:96_000].T, TONES_HZ, strict=True)] \
        == [0.5] * 6


def test_loudness_is_what_the_reference_signals_have(desk: Desk, clips: Clips) -> None:
    """EBU Tech 3341, table 1, cases 1 and 2: a stereo tone of 1 kHz at -23 and -33 dBFS measures as much, +- 0.1 LU."""
    inputs: list[str] = []
    for level in (-23, -33):
        channel = f"{10 ** (level / 20)}*sin(2*PI*1000*t)"
        inputs += ["-f", "lavfi", "-i", f"aevalsrc={channel}|{channel}:s=48000:d=20"]
    source = clips.make("levels.mka", *inputs, "-map", "0", "-map", "1", "-c:a", "pcm_s16le")
    for index, level in ((0, -23), (1, -33)):
        found = measure(desk.tools, desk.run, index, source, Fraction(20), max_pixels=1)
        assert found.integrated_lufs == pytest.approx(level, abs=0.1)
        assert found.true_peak_dbtp == pytest.approx(level, abs=0.2)
        assert found.range_lu == pytest.approx(0, abs=0.1)


def test_silence_has_no_loudness(desk: Desk, clips: Clips) -> None:
    source = clips.make("silence.wav", "-f", "lavfi", "-i", "anullsrc", "-t", "2")
    assert measure(desk.tools, desk.run, 0, source, Fraction(2), max_pixels=1) == Loudness(
        integrated_lufs=None, range_lu=0, true_peak_dbtp=None)


def test_the_poster_of_sound_alone_is_its_cover_or_its_waveform(desk: Desk, clips: Clips, out: Path) -> None:
    half = clips.make("half.wav", "-f", "lavfi", "-i", "aevalsrc=0.9*sin(2*PI*300*t)*gt(t\\,5):s=48000:d=10")
    picture = clips.make("red.jpg", "-f", "lavfi", "-i", "color=red:s=400x400", "-frames:v", "1", "-update", "1")
    covered = clips.make("covered.mp3", "-i", str(half), "-i", str(picture), "-map", "0", "-map", "1", "-c:v", "copy",
                         "-disposition:v", "attached_pic", reads=(half, picture))
    shown = []
    for source in (half, covered):
        ctx = desk.context(source, out / source.stem)
        render_pictures.render_still(ctx, 0)
        poster = out / f"{source.stem}.jpg"
        poster.write_bytes(ctx.storage.read(ctx.keys.still(0)))
        shown.append(desk.pictures(poster)[0])
    wave, cover = shown
    assert wave[:, :150].max() < 20
    assert wave[60:120, 170:].mean() > 100
    assert cover[80:100, 150:170].mean() == pytest.approx(76, abs=5)  # red, in gray
    assert cover[80:100, :60].max() < 20


ALONE = {
    "beeps.mp3": (44_100, "-c:a", "libmp3lame", "-b:a", "128k"),
    "beeps_vbr.mp3": (44_100, "-c:a", "libmp3lame", "-q:a", "4"),
    "beeps_bare.mp3": (22_050, "-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "-id3v2_version", "3"),
    "beeps.m4a": (44_100, "-c:a", "aac"),
    "beeps.opus": (48_000, "-c:a", "libopus"),
    "beeps.ogg": (44_100, "-c:a", "vorbis", "-strict", "experimental"),
    "beeps.wav": (22_050, "-c:a", "pcm_s16le"),
    "beeps.flac": (96_000, "-c:a", "flac"),
    "beeps.webm": (48_000, "-c:a", "libopus"),
    "beeps.aac": (48_000, "-c:a", "aac"),
}


@pytest.mark.parametrize(("name", "how"), ALONE.items(), ids=list(ALONE))
def test_sound_alone_is_exact_in_every_container(desk: Desk, clips: Clips, out: Path, name: str,
                                                 how: tuple[int, *tuple[str, ...]]) -> None:
    rate, *codec = how
    source = clips.make(name, "-f", "lavfi", "-i", beeps(rate=rate), "-ac", "2", *codec)
    ctx = rendered(desk, source, out)
    (track,) = ctx.plan.audio
    assert ctx.plan.video == ()
    assert ctx.plan.segments == 4
    assert (track.copy_nth is not None) == (name == "beeps.m4a")
    heard = beep_times(desk.sound(ctx), track)
    expected = np.arange(FIRST_S, 12.15, PERIOD_S)
    assert len(heard) == len(expected)
    # These have no way to say what the encoder put in front: a packet of AAC, 1105 samples of LAME.
    shift = {"beeps.aac": 1024 / 48_000, "beeps_bare.mp3": 1105 / 22_050}.get(name, 0)
    assert np.abs(heard - expected - shift).max() <= 0.003
    assert float(ctx.plan.duration_s) == pytest.approx(12.2, abs=0.15)
