"""Clips with known content, made by the product's own ffmpeg, and what it takes to render and to look at cells.

A counted clip shows the number of every source frame as a bar code. A flashing clip is white for one frame whenever
its sound beeps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from infra.core.command import Command
from infra.core.keys import PlanKeys
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from infra.storage.local import LocalStorage
from ingest.packets import with_packets
from ingest.probe import probe
from transcode.plan import Plan, plan
from transcode.render import RenderContext
from transcode.sound import AudioTrack

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
KEYS = PlanKeys("")
BITS, WIDTH, HEIGHT = 16, 320, 180
FIRST_FLASH, FLASH_EVERY = 13, 33  # frames at 25 a second: 0.52 s, then every 1.32 s
BEEP_S = 0.04
# Ten frames in 0.3 s, then nothing until the next second.
BURSTS = "settb=1/90000,setpts=(floor(N/10)+0.03*mod(N\\,10))/TB"
# A level that is too high to be copied: clips are about cells that are encoded, unless they say otherwise with COPIED.
_ENCODED, COPIED = ("-x264-params", "level=5.1"), ("-x264-params", "level=4")
VARIABLE = ("-fps_mode", "passthrough", "-enc_time_base", "1:90000")


def digests(ctx: RenderContext) -> dict[str, str]:
    """The SHA-256 of every object there is, by key: pytest takes minutes to show how long bytes differ."""
    return {item.key: hashlib.sha256(ctx.storage.read(item.key)).hexdigest() for item in ctx.storage.list("")}


@dataclass(frozen=True)
class Desk:
    """What runs ffmpeg."""

    settings: Settings
    run: Runner
    tools: Tools

    def ffmpeg(self, *args: str | Path, reads: Sequence[Path] = (), work: Path) -> None:
        argv = (str(self.tools.ffmpeg), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *map(str, args))
        self.run(Command(argv, reads=tuple(reads), work=work))

    def packets(self, path: Path) -> list[dict[str, str]]:
        """ffprobe's list of the packets of a file."""
        done = self.run(Command((str(self.tools.ffprobe), "-v", "error", "-show_packets", "-of", "json", str(path)),
                                reads=(path,)))
        return list(json.loads(done.stdout)["packets"])

    def info(self, path: Path) -> MediaInfo:
        return with_packets(probe(self.run, self.tools, self.settings, path), path)

    def context(self, path: Path, folder: Path, info: MediaInfo | None = None, *,
                codecs: tuple[str, ...] = ("h264",)) -> RenderContext:
        """Everything to render the cells of `path` into folder/storage."""
        work = folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        made = plan(info or self.info(path), self.tools.encoder, codecs)
        return RenderContext(made, KEYS, path, work, LocalStorage(folder / "storage"), self.tools, self.run,
                             self.settings.max_pixels)

    def joined(self, ctx: RenderContext, name: str) -> Path:
        """All cells of a rendition behind its init section, as a player appends them."""
        path = ctx.work.parent / f"{name}.mp4"
        pieces = [ctx.storage.read(KEYS.init(name))]
        pieces += [ctx.storage.read(KEYS.cell(name, k)) for k in range(ctx.plan.segments)]
        path.write_bytes(b"".join(pieces))
        return path

    def pictures(self, path: Path, *filters: str) -> np.ndarray:
        """All frames of a video as gray pictures of WIDTH x HEIGHT."""
        raw = path.with_suffix(".gray")
        self.ffmpeg("-i", path, "-map", "0:v:0", "-vf", ",".join([*filters, f"scale={WIDTH}:{HEIGHT}:flags=area"]),
                    "-pix_fmt", "gray", "-fps_mode", "passthrough", "-f", "rawvideo", raw, reads=(path,), work=path.parent)
        return np.fromfile(raw, np.uint8).reshape(-1, HEIGHT, WIDTH)

    def sound(self, ctx: RenderContext, nth: int = 0) -> np.ndarray:
        """An audio rendition, joined, from second 0 of the video on (left channel)."""
        return self.channels(ctx, nth)[:, 0]

    def channels(self, ctx: RenderContext, nth: int = 0) -> np.ndarray:
        """An audio rendition, joined, from second 0 of the video on; a column a channel."""
        track = ctx.plan.audio[nth]
        path = self.joined(ctx, track.name)
        raw = path.with_suffix(".f32")
        self.ffmpeg("-i", path, "-map", "0:a:0", "-ac", str(track.channels), "-f", "f32le", raw, reads=(path,),
                    work=path.parent)
        samples = np.fromfile(raw, np.float32).reshape(-1, track.channels)
        return np.concatenate([np.zeros((track.offset_samples, track.channels), np.float32), samples])


@dataclass(frozen=True)
class Clips:
    """Makes each clip once."""

    desk: Desk
    folder: Path

    def make(self, name: str, *args: str, reads: Sequence[Path] = ()) -> Path:
        """A file of that name, by ffmpeg with `args`, unless it is there. Other arguments make another file."""
        path = self.folder / hashlib.sha256(repr(args).encode()).hexdigest()[:12] / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            self.desk.ffmpeg(*args, path, reads=reads, work=self.folder)
        return path

    def counted(self, name: str, frames: int, rate: str, *args: str, size: str = "854x480") -> Path:
        """A clip whose frame n shows n. `args` are output options; the default encoder has B-frames, long groups."""
        raw = self.folder / f"{frames}.gray"
        if not raw.exists():
            counted_frames(frames).tofile(raw)
        encoder = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-bf", "2", "-g", "100", "-pix_fmt", "yuv420p",
                   *_ENCODED)
        return self.make(name, "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", rate, "-i", str(raw),
                         "-s", size, "-sws_flags", "neighbor", *encoder, *args, reads=(raw,))

    def flashing(self, name: str, *args: str, seconds: float = 12.2, audio_late_s: float = 0, video_late_s: float = 0,
                 sample_rate: int = 48_000, audio_s: float | None = None) -> Path:
        """25 frames a second, flashes and beeps on one clock, whichever track begins late."""
        period = FLASH_EVERY / 25
        on = f"lt(mod(t+{{late}}+{period - FIRST_FLASH / 25},{period}),{BEEP_S})"
        flash = on.replace("{late}", f"{video_late_s}+0.001").replace(",", r"\,")
        beep = on.replace("{late}", str(audio_late_s)).replace(",", r"\,")
        return self.make(
            name, "-itsoffset", str(video_late_s), "-f", "lavfi", "-i",
            f"color=black:s=320x180:r=25:d={seconds - video_late_s},drawbox=c=white:t=fill:enable={flash}",
            "-itsoffset", str(audio_late_s), "-f", "lavfi", "-i",
            f"aevalsrc=0.8*sin(2*PI*1000*t)*{beep}:s={sample_rate}:d={(audio_s or seconds) - audio_late_s}",
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "75", "-ac", "2", *args)


def constant(rate: Fraction) -> Callable[[int], Fraction]:
    """When frame n is shown, at a constant rate."""
    return lambda n: n / rate


def bursts(n: int) -> Fraction:
    """When frame n of a BURSTS clip is shown."""
    return n // 10 + Fraction(3, 100) * (n % 10)


def counted_frames(frames: int) -> np.ndarray:
    """Gray pictures: a bar code of the frame number above, something that moves below."""
    numbers = np.arange(frames)
    bars = (numbers[:, None] >> np.arange(BITS)) & 1
    bars = np.repeat(bars * 200 + 28, WIDTH // BITS, axis=1).astype(np.uint8)
    x, y = np.arange(WIDTH), np.arange(HEIGHT // 2)
    waves = 128 + 50 * np.sin((x[None, :] + 3 * numbers[:, None]) / 19) + 0 * numbers[:, None]
    below = waves[:, None, :] + 40 * np.sin(y / 11)[None, :, None]
    above = np.broadcast_to(bars[:, None, :], (frames, HEIGHT // 2, WIDTH))
    return np.concatenate([above, below.astype(np.uint8)], axis=1)


def numbers(pictures: np.ndarray) -> list[int]:
    """The numbers that the bar codes show."""
    columns = pictures[:, 20:70, :].reshape(len(pictures), 50, BITS, WIDTH // BITS)[:, :, :, 5:-5].mean(axis=(1, 3))
    return [int(n) for n in ((columns > 128) << np.arange(BITS)).sum(axis=1)]


def psnr_db(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of each picture."""
    error = ((a.astype(float) - b) ** 2).mean(axis=(1, 2))
    return 10 * np.log10(255**2 / np.maximum(error, 0.01))


def on_screen(made: Plan, shown_at: Callable[[int], Fraction], frames: int) -> list[int]:
    """The source frame to be seen in each output frame: the last one that falls on its grid point or before."""
    grid = [round((shown_at(n) - made.origin_s) * made.frame_rate) for n in range(frames)]
    return [max((n for n in range(frames) if grid[n] <= out), default=0) for out in range(made.boundaries[-1])]


def flash_times(pictures: np.ndarray, made: Plan) -> np.ndarray:
    """When the picture turns white, in seconds of the output."""
    white = pictures.mean(axis=(1, 2)) > 128
    return np.flatnonzero(white & ~np.roll(white, 1)) / float(made.frame_rate)


def beep_times(sound: np.ndarray, track: AudioTrack) -> np.ndarray:
    """When each beep begins: its middle, by energy, less half its length."""
    loud = np.flatnonzero(np.abs(sound) > 0.2)
    energy = sound.astype(float) ** 2
    starts = loud[np.diff(loud, prepend=-track.sample_rate_hz) > track.sample_rate_hz // 5]
    middles = []
    for start in starts:
        a, b = max(0, start - 2000), start + 4000
        middles.append((np.arange(a, min(b, len(sound))) * energy[a:b]).sum() / energy[a:b].sum())
    return np.array(middles) / track.sample_rate_hz - BEEP_S / 2
