"""Processor time of a whole H.264 ladder: Lectern's cells against the ffmpeg commands a person would write.

    python -m tests.bench.work [--repeat 2] [--only film] [--explain]

Figures are seconds of processor time (user + system) of all child processes, so they depend little on what else the
machine does; the three ways run one after the other in every round, and the ratios come from the same round. The user's
share alone is printed beside them: clearing a page for a process costs thirty times as much where a virtual machine gave it
back to its host in the meantime, and cells begin a process each.
`--explain` says what the cells cost more than one ffmpeg: the system's share, most of it for pages that each encoder
touches anew, and what it takes to come to the first frame of each cell (starting, decoding from the key frame before).
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from infra.core.keys import PlanKeys
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ProcessRunner
from infra.storage.local import LocalStorage
from ingest import packets
from ingest.indexing import indexed
from ingest.probe import probe
from tests.bench import clips
from tests.bench.service import load_average
from transcode import cells, encoders, render
from transcode.indexed_copy import for_copy
from transcode.plan import Plan, VideoRendition
from transcode.plan import plan as make_plan

# Of the corpus, a minute of each.
LECTURES = ("synthetic_lecture_12min_1080p.mp4", "polar_mammals.mp4", "mammals_6fps.mp4", "screencast_1616x1568_noaudio.mp4")
SINGLE_TARGET, RUNGS_TARGET = 1.05, 0.9


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=2, help="rounds (2)")
    parser.add_argument("--only", default="", help="sources whose name holds this word")
    parser.add_argument("--explain", action="store_true", help="where the difference goes")
    parser.add_argument("--work", type=Path, help="folder for clips; they are kept")
    arguments = parser.parse_args()
    tools = clips.tools()
    folder = clips.work_folder(arguments.work)
    sources = {
        "film, key frame every 2 s": lambda: clips.film(tools, folder, 60),
        "film, x264's default GOP of 250": lambda: clips.film(tools, folder, 250),
        "slides": lambda: clips.SAMPLE,
    }
    for name, ending in (("a transport stream", "ts"), ("as a browser records", "mkv")):
        sources[f"film, the same, {name}"] = lambda ending=ending: clips.without_index(
            tools, clips.film(tools, folder, 250), folder, ending)
    for name in LECTURES:
        if (clips.CORPUS / name).is_file():
            sources[f"lecture {name.partition('.')[0]}"] = lambda name=name: clips.minute(tools, clips.CORPUS / name, folder)
    print(f"{tools.encoder}; {load_average()}")
    print(f"{'source':36} {'ours':>7} {'one ffmpeg':>11} {'one a rung':>11} {'/ one':>6} {'user':>6} {'/ rungs':>7}")
    for name, source in sources.items():
        if arguments.only in name:
            _source(name, source(), tools, folder, arguments.repeat, explain=arguments.explain)


def _source(name: str, source: Path, tools: Tools, folder: Path, repeat: int, *, explain: bool) -> None:
    settings = Settings()
    runner = ProcessRunner(settings)
    # As if the packets could not be copied, every rung is encoded here. `tests.bench.fit` measures the other way.
    info = packets.with_packets(probe(runner, tools, settings, source), source)
    plan = make_plan(_unfit(info), tools.encoder, ("h264",))
    ours, single, rungs = [], [], []  # (user, system)
    out = folder / "out"
    for _ in range(repeat):
        single.append(_cpu_s(out, lambda: run(_one_decode(tools, plan, source, out))))
        ours.append(_cpu_s(out, lambda: _fill(plan, info, source, out, tools, runner, settings)))
        rungs.append(_cpu_s(out, lambda: [run(command) for command in _one_a_rung(tools, plan, source, out)]))
        shutil.rmtree(out)
    if explain:
        _explain(plan, info, source, out, tools, runner, settings)
    to_single = statistics.median(sum(a) / sum(b) for a, b in zip(ours, single, strict=True))
    user = statistics.median(a[0] / b[0] for a, b in zip(ours, single, strict=True))
    to_rungs = statistics.median(sum(a) / sum(b) for a, b in zip(ours, rungs, strict=True))
    totals = [statistics.median(map(sum, way)) for way in (ours, single, rungs)]
    spread = max(map(sum, ours)) / min(map(sum, ours))
    passed = to_single <= SINGLE_TARGET and to_rungs < RUNGS_TARGET
    print(f"{name:36} {totals[0]:7.1f} {totals[1]:11.1f} {totals[2]:11.1f} {to_single:6.3f} {user:6.3f} {to_rungs:7.3f}  "
          f"{'PASS' if passed else 'FAIL'}   spread of ours {spread:.3f}; {load_average()}", flush=True)


def _unfit(info: MediaInfo) -> MediaInfo:
    """A source whose key frames can be sought to, but whose packets can not be copied: it says nothing of its codec."""
    assert info.video is not None
    packets = info.video.packets
    unknown = packets.model_copy(update={"config_hex": ""}) if packets else None
    return info.model_copy(update={"video": info.video.model_copy(update={"packets": unknown})})


def _explain(plan: Plan, info: MediaInfo, source: Path, out: Path, tools: Tools, runner: ProcessRunner,
             settings: Settings) -> None:
    def first_frames() -> None:
        read, path, _ = _read(plan, info, source, out, tools, runner, settings)
        for k in range(plan.segments):
            wanted = [cells.Cell(rung, k, rung.capped) for rung in plan.video]
            runner(cells.video_command(tools, read, path, wanted, out, max_pixels=settings.max_pixels, frames=1))

    for what, work in (
        ("cells", lambda: _fill(plan, info, source, out, tools, runner, settings)),
        ("one ffmpeg", lambda: run(_one_decode(tools, plan, source, out))),
        ("first frames of the cells", first_frames),
    ):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _cpu_s(out, work)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        pages = (after.ru_minflt - before.ru_minflt) // 1000
        print(f"  {what:31} user {after.ru_utime - before.ru_utime:6.1f} s  system "
              f"{after.ru_stime - before.ru_stime:5.1f} s  pages {pages:6} thousand")
    shutil.rmtree(out)


def _cpu_s(out: Path, work: Callable[[], object]) -> tuple[float, float]:
    """Of the user and of the system."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


def _fill(plan: Plan, info: MediaInfo, source: Path, out: Path, tools: Tools, runner: ProcessRunner,
          settings: Settings) -> None:
    """What the background fill does, in this process; before it the copy with an index, where the source has none."""
    (out / "work").mkdir()
    context = render.RenderContext(plan, PlanKeys(""), source, out / "work", LocalStorage(out / "cells"), tools, runner,
                                   settings.max_pixels)
    read, path, with_sound = _read(plan, info, source, out, tools, runner, settings)
    copied = replace(context, source=path, plan=read)
    for which, renditions in ((copied, plan.video), (copied if with_sound else context, plan.audio)):
        names = [rendition.name for rendition in renditions]
        render.fill(which, 0, plan.segments, names, lambda progress: None, lambda: None)


def _read(plan: Plan, info: MediaInfo, source: Path, out: Path, tools: Tools, runner: ProcessRunner, settings: Settings
          ) -> tuple[Plan, Path, bool]:
    """What pictures are decoded from: the source, or its copy, which is made here; and whether sound is, too."""
    copy = indexed(info, source, out / "copy", settings, tools, runner)
    return (plan, source, True) if copy is None else (for_copy(plan, info, copy), out / "copy", bool(copy.audio))


def run(command: list[str]) -> None:
    """One command of the others. Raises CalledProcessError."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    time.sleep(0.2)


def _one_decode(tools: Tools, plan: Plan, source: Path, out: Path) -> list[str]:
    """One ffmpeg: one decode, a chain of scalers, an encoder a rung, the sound copied."""
    chain, outputs, picture = [], [], "[0:v]"
    for i, rung in enumerate(plan.video):
        last = i + 1 == len(plan.video)
        ways = f"[o{i}]" if last else f",split=2[o{i}][n{i}]"
        chain.append(f"{picture}scale={rung.width_px}:{rung.height_px}:flags=bicubic,format=yuv420p{ways}")
        outputs += ["-map", f"[o{i}]", *_encoder(plan, rung), str(out / f"{rung.name}.mp4")]
        picture = f"[n{i}]"
    return [str(tools.ffmpeg), *QUIET, "-i", str(source), "-filter_complex", ";".join(chain), *outputs,
            *_sound(plan, out)]


def _one_a_rung(tools: Tools, plan: Plan, source: Path, out: Path) -> list[list[str]]:
    """An ffmpeg a rung, as most recipes on the web have it."""
    commands = []
    for i, rung in enumerate(plan.video):
        scale = f"scale={rung.width_px}:{rung.height_px}:flags=bicubic,format=yuv420p"
        commands.append([str(tools.ffmpeg), *QUIET, "-i", str(source), "-map", "0:v", "-vf", scale,
                         *_encoder(plan, rung), str(out / f"{rung.name}.mp4"), *(_sound(plan, out) if i == 0 else [])])
    return commands


QUIET = ["-hide_banner", "-v", "error", "-nostdin", "-y"]


def _sound(plan: Plan, out: Path) -> list[str]:
    if not plan.audio:
        return []
    how = ["copy"] if plan.audio[0].copy_nth is not None else ["aac", "-b:a", str(plan.audio[0].bit_rate_bps)]
    return ["-map", f"0:{plan.audio[0].stream_index}", "-c:a", *how, str(out / "sound.mp4")]


def _encoder(plan: Plan, rung: VideoRendition) -> list[str]:
    """The settings of the cells, with key frames forced where the cells begin."""
    group = max(plan.frames(k) for k in range(plan.segments))
    starts = ",".join(f"{float(plan.start_s(k)):.6f}" for k in range(plan.segments))
    cap = ["-maxrate", str(rung.max_bps), "-bufsize", str(rung.buffer_bits)] if rung.capped else []
    threads = encoders._X264_CAPPED_THREADS if rung.capped else encoders._X264_THREADS
    how = encoders.options(plan, rung, capped=rung.capped)
    return ["-c:v", "libx264", "-preset", rung.preset, "-crf", str(rung.crf), *cap, "-trellis", str(how["trellis"]),
            "-rc-lookahead", str(how["rc-lookahead"]),
            "-profile:v", "high", "-level", rung.level, "-threads", str(threads),
            "-g", str(group), "-keyint_min", str(group), "-sc_threshold", "0", "-flags", "+cgop",
            "-force_key_frames", starts]


if __name__ == "__main__":
    main()
