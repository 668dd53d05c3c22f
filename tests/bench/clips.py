"""Sources for the benches: made once by ffmpeg, kept in the work folder, the same on every machine.

Corpus clips are used where they lie beside the checkout; without them a synthetic picture takes their place, so
that every bench runs anywhere. A bench prints which one it used.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.tools import find_tools

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "lectures"
SAMPLE = Path(__file__).resolve().parents[2] / "infra" / "demo" / "sample-lecture.mp4"
_MINUTE_S = 60


def tools() -> Tools:
    """The ffmpeg that the service itself would use."""
    return find_tools(Settings())


def work_folder(given: Path | None) -> Path:
    """Where clips and services of a bench live. The default is kept between runs, so clips are made once."""
    folder = given or Path(tempfile.gettempdir()) / "lectern-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()


def run_ffmpeg(tools: Tools, *arguments: str | Path) -> None:
    """One quiet ffmpeg. Raises CalledProcessError."""
    subprocess.run([str(tools.ffmpeg), "-hide_banner", "-v", "error", "-nostdin", "-y", *map(str, arguments)],
                   check=True)


def lecture(tools: Tools, folder: Path, minutes: int) -> Path:
    """`minutes` of 1080p30 H.264 (x264 veryfast, its default GOP of 250, about 5 Mbit/s) with AAC sound, in MP4."""
    minute = _made(folder / "lecture-1min.mp4", lambda path: run_ffmpeg(
        tools, "-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=30:duration={_MINUTE_S}",
        "-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={_MINUTE_S}",
        "-vf", "hue=h=t*6,noise=alls=7:allf=t", "-c:v", "libx264", "-preset", "veryfast", "-g", "250",
        "-b:v", "5M", "-maxrate", "7M", "-bufsize", "10M", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-t", str(_MINUTE_S), "-movflags", "+faststart", path))
    if minutes == 1:
        return minute

    def repeat(path: Path) -> None:
        listing = folder / f"lecture-{minutes}.txt"
        listing.write_text(f"file '{minute}'\n" * minutes)
        run_ffmpeg(tools, "-f", "concat", "-safe", "0", "-i", listing, "-c", "copy", "-movflags", "+faststart", path)

    return _made(folder / f"lecture-{minutes}min.mp4", repeat)


def small_lecture(tools: Tools, folder: Path, minutes: int) -> Path:
    """`minutes` of 480p25 H.264 with a key frame every 4 s, and AAC sound."""
    return _made(folder / f"small-{minutes}min.mp4", lambda path: run_ffmpeg(
        tools, "-f", "lavfi", "-i", f"testsrc2=size=854x480:rate=25:duration={minutes * _MINUTE_S}",
        "-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={minutes * _MINUTE_S}",
        "-c:v", "libx264", "-preset", "veryfast", "-g", "100", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-movflags", "+faststart", path))


def film(tools: Tools, folder: Path, gop: int) -> Path:
    """A minute of 1080p30 that looks like film: faces where the corpus is there, with the grain of a camera."""
    faces = CORPUS / "talking_heads_vp9_noaudio.webm"
    known = faces.is_file()
    source = ["-stream_loop", "-1", "-i", faces] if known else [
        "-f", "lavfi", "-i", "mandelbrot=size=960x540:rate=30:end_scale=0.001"]
    return _made(folder / f"film-{'faces' if known else 'fractal'}-gop{gop}.mp4", lambda path: run_ffmpeg(
        tools, *source, "-f", "lavfi", "-i", "sine=frequency=220:sample_rate=48000", "-t", str(_MINUTE_S),
        "-map", "0:v", "-map", "1:a", "-vf", "fps=30,scale=1920:1080:flags=lanczos,noise=alls=4:allf=t",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", str(gop), "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", path))


def long_film(tools: Tools, folder: Path, gop: int) -> Path:
    """The minute of film five times over."""
    minute = film(tools, folder, gop)
    return _made(folder / f"{minute.stem}-5min.mp4", lambda path: run_ffmpeg(
        tools, "-stream_loop", "4", "-i", minute, "-c", "copy", "-movflags", "+faststart", path))


def beginning(tools: Tools, source: Path, folder: Path, frames: int, seconds: float) -> Path:
    """The first frames of a clip and their sound, its own packets; a whole number of groups of pictures stays whole."""
    return _made(folder / f"{source.stem}-{frames}f.mp4", lambda path: run_ffmpeg(
        tools, "-i", source, "-frames:v", str(frames), "-frames:a", str(int(seconds * 48_000 / 1024)), "-c", "copy",
        "-movflags", "+faststart", path))


def minute(tools: Tools, source: Path, folder: Path) -> Path:
    """The first minute of a lecture, its own packets."""
    return _made(folder / f"{source.stem}-1min.mp4", lambda path: run_ffmpeg(
        tools, "-i", source, "-t", str(_MINUTE_S), "-c", "copy", "-movflags", "+faststart", path))


def without_index(tools: Tools, source: Path, folder: Path, ending: str) -> Path:
    """A clip as a transport stream (`ts`), or as a recorder leaves a file that it could not go back in (`mkv`, `flv`)."""
    how = ("-c", "copy", *(("-f", "matroska", "-live", "1") if ending == "mkv" else ()))
    return _made(folder / f"{source.stem}-live.{ending}", lambda path: run_ffmpeg(tools, "-i", source, *how, path))


def _made(path: Path, make: Callable[[Path], None]) -> Path:
    if not path.is_file():
        part = path.with_name(f"part-{path.name}")
        make(part)
        part.rename(path)
    return path
