"""Processor time of the ladder of a source that is fit to be copied, against PeerTube's recipe, which encodes every rung.

    python -m tests.bench.fit [--repeat 2] [--only film]

Figures are seconds of processor time (user + system) of this process and its children; all ways run one after the
other in every round, and the ratios are medians over the rounds.

fit       Lectern's fill: the top rung is copied
encoded   Lectern's fill, as if the source were not fit
peertube  an ffmpeg a rung, each with its own decode: x264 veryfast, a key frame every 2 s, 16 B-frames by heuristic,
          a cap of PeerTube's average bits per pixel and a buffer of two seconds; the sound copied once
copied    the same but for the top rung, which PeerTube, too, can copy where H.264 in yuv420p is below its maximum

The last two columns are the other rungs alone: on the grid of the source's key frames, and on the usual grid, where
the decoding of a cell often begins seconds before it.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from infra.core.keys import PlanKeys
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ProcessRunner
from infra.storage.local import LocalStorage
from ingest import packets
from ingest.probe import probe
from tests.bench import clips
from tests.bench.service import load_average
from tests.bench.work import QUIET, run
from transcode import render
from transcode.plan import Plan, VideoRendition
from transcode.sampling import planned

TARGET = 0.5  # of PeerTube's recipe
# Average bits a pixel by height, as PeerTube 8 has them (packages/core-utils/src/videos/bitrate.ts).
_BITS_PER_PIXEL = ((1080, 0.10), (720, 0.11), (480, 0.12), (0, 0.15))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=2, help="rounds (2)")
    parser.add_argument("--only", default="", help="sources whose name holds this word")
    parser.add_argument("--seconds", type=int, help="take this much of the film (all of it)")
    parser.add_argument("--work", type=Path, help="folder for clips; they are kept")
    arguments = parser.parse_args()
    tools = clips.tools()
    folder = clips.work_folder(arguments.work)
    sources = {
        "film, key frame every 2 s": lambda: clips.film(tools, folder, 60),
        "film, key frame every 8.3 s": lambda: clips.film(tools, folder, 250),
        "slides": lambda: clips.SAMPLE,
    }
    print(f"{tools.encoder}; {load_average()}")
    print(f"{'source':28} {'fit':>6} {'encoded':>8} {'peertube':>9} {'copied':>7} {'fit/peertube':>13} {'fit/copied':>11}"
          f" {'others':>7} {'usual':>6}")
    for name, source in sources.items():
        if arguments.only in name:
            path = source()
            if arguments.seconds and "film" in name:
                path = clips.beginning(tools, path, folder, 30 * arguments.seconds, arguments.seconds)
            _source(name, path, tools, folder / "fit", arguments.repeat)


def _source(name: str, source: Path, tools: Tools, out: Path, repeat: int) -> None:
    settings = Settings()
    runner = ProcessRunner(settings)
    tools = replace(tools, codecs=("h264",))
    info = packets.with_aac_packets(probe(runner, tools, settings, source), source)
    usual, fit = (planned(one, source, settings, tools, runner)[1] for one in (info, packets.with_packets(info, source)))
    if fit.source_fit is None or not fit.source_fit.fit:
        print(f"{name:28} not fit: {fit.source_fit}")
        return

    def fill(made: Plan, names: Sequence[str]) -> None:
        (out / "work").mkdir()
        context = render.RenderContext(made, PlanKeys(""), source, out / "work", LocalStorage(out / "cells"), tools,
                                       runner, settings.max_pixels)
        render.fill(context, 0, made.segments, names, lambda progress: None, lambda: None)

    def recipe(rungs: Sequence[VideoRendition]) -> None:
        for rung in rungs:
            run(peertube(tools, fit, rung, source, out))
        run([str(tools.ffmpeg), *QUIET, "-i", str(source), "-map", "0:a", "-c:a", "copy", str(out / "sound.mp4")])

    every, others = [one.name for one in fit.renditions], [one.name for one in fit.video[1:]]
    ways: dict[str, Callable[[], None]] = {
        "fit": lambda: fill(fit, every), "peertube": lambda: recipe(fit.video), "encoded": lambda: fill(usual, every),
        "copied": lambda: recipe(fit.video[1:]), "others": lambda: fill(fit, others), "usual": lambda: fill(usual, others)}
    found: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way, work in ways.items():
            found[way].append(_cpu_s(out, work))
    shutil.rmtree(out)
    s = {way: statistics.median(figures) for way, figures in found.items()}
    ratio, to_copied = (statistics.median(a / b for a, b in zip(found["fit"], found[way], strict=True))
                        for way in ("peertube", "copied"))
    print(f"{name:28} {s['fit']:6.1f} {s['encoded']:8.1f} {s['peertube']:9.1f} {s['copied']:7.1f} {ratio:13.3f} "
          f"{to_copied:11.3f} {s['others']:7.1f} {s['usual']:6.1f}  {'PASS' if ratio <= TARGET else 'FAIL'}"
          f"   {load_average()}", flush=True)


def _cpu_s(out: Path, work: Callable[[], None]) -> float:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    before = _used_s()
    work()
    return _used_s() - before


def _used_s() -> float:
    return sum(usage.ru_utime + usage.ru_stime
               for usage in (resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)))


def peertube(tools: Tools, made: Plan, rung: VideoRendition, source: Path, out: Path) -> list[str]:
    """The command of PeerTube 8 for one rung."""
    rate = made.frame_rate
    height = min(rung.width_px, rung.height_px)
    bits = next(bits for least, bits in _BITS_PER_PIXEL if height >= least)
    cap = int(rung.width_px * rung.height_px * rate * bits)
    return [str(tools.ffmpeg), *QUIET, "-i", str(source), "-map", "0:v", "-vf", f"scale={rung.width_px}:{rung.height_px}",
            "-c:v", "libx264", "-preset", "veryfast", "-maxrate", str(cap), "-bufsize", str(2 * cap), "-b_strategy", "1",
            "-bf", "16", "-pix_fmt", "yuv420p", "-g", str(round(2 * rate)), "-r", str(rate), "-map_metadata", "-1",
            "-movflags", "faststart", str(out / f"{rung.name}.mp4")]


if __name__ == "__main__":
    main()
