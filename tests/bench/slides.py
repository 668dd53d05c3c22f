"""Finding the changes of slides: Lectern against PySceneDetect's detectors and ffmpeg's scene filter, all at their defaults.

    PYTHONPATH=tests/media python -m tests.bench.slides [--only talk] [--file LECTURE.mp4] [--work FOLDER]

The clips are those of tests/media/slide_clips.py that nothing was chosen by. Every way reads the same 720p file, and
once more the 360p rendition, which is there anyway and which Lectern always reads. Processor seconds are user + system of
all processes and threads; x is seconds of video per processor second. PySceneDetect's rows are left out where its package
(scenedetect) is not installed. `--file` measures the speed on a video of yours as well.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from clips import Desk
from slide_clips import Change, held_out
from slide_truth import NOTHING, Meter, Score, footage, rendered, score, step_context

from enrich.slides import scan
from infra.core.command import Command
from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.tools import find_tools
from tests.bench.service import load_average
from transcode import trickplay
from transcode.render import RenderContext

TARGET_X = 20
Found = tuple[list[float], float]  # seconds of the changes, processor seconds
Way = Callable[[Path], Found]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="clips whose name holds this word")
    parser.add_argument("--file", type=Path, help="also this video, for its speed alone")
    parser.add_argument("--work", type=Path, help="folder for what is rendered")
    arguments = parser.parse_args()
    settings = Settings()
    runner = ProcessRunner(settings)
    desk = Desk(settings, runner, find_tools(settings, runner))
    print(load_average())
    with TemporaryDirectory() as temporary:
        folder = arguments.work or Path(temporary)
        folder.mkdir(exist_ok=True)
        _table(desk, folder, arguments.only)
        if arguments.file:
            context = rendered(desk, arguments.file.absolute(), folder / "file")
            duration_s = float(context.plan.duration_s)
            found, cpu_s = _ours(desk, context)
            print(f"{arguments.file.name}: {len(found)} slides, {cpu_s:.2f} processor seconds, {duration_s / cpu_s:.0f} x")


def _table(desk: Desk, folder: Path, only: str) -> None:
    totals: dict[str, tuple[Score, float, float]] = {}
    for clip in held_out():
        if only not in clip.name:
            continue
        path = clip.make(desk.tools, folder)
        context = rendered(desk, path, folder / clip.name)
        small = desk.joined(context, trickplay.base(context.plan).name)
        ways: dict[str, Callable[[], Found]] = {"Lectern, 360p": lambda c=context: _ours(desk, c)}  # type: ignore[misc]
        for name, way in {**_ffmpeg(desk), **_scenedetect()}.items():
            ways[f"{name}, 720p"] = lambda w=way, p=path: w(p)  # type: ignore[misc]
            ways[f"{name}, 360p"] = lambda w=way, p=small: w(p)  # type: ignore[misc]
        for name, run in ways.items():
            found, cpu_s = run()
            had, had_s, had_cpu_s = totals.get(name, (NOTHING, 0.0, 0.0))
            totals[name] = (had + _scored(clip.changes, found), had_s + clip.duration_s, had_cpu_s + cpu_s)
    print(f"{'way':42} {'changes':>7} {'recall':>6} {'precision':>9} {'cpu s':>6} {'x':>5}")
    ours_s = totals["Lectern, 360p"][2]
    for name, (total, duration_s, cpu_s) in totals.items():
        precision = f"{total.precision:9.3f}" if total.found + total.wrong else f"{'-':>9}"
        print(f"{name:42} {total.changes:7} {total.recall:6.3f} {precision} {cpu_s:6.2f} {duration_s / cpu_s:5.0f}"
              f"   {cpu_s / ours_s:5.1f} times ours")
    total, duration_s, cpu_s = totals["Lectern, 360p"]
    passed = total.recall >= 0.95 and total.precision >= 0.95 and duration_s / cpu_s >= TARGET_X
    print(f"recall and precision at least 0.95, at least {TARGET_X} x: {'PASS' if passed else 'FAIL'}; {load_average()}")


def _scored(changes: Sequence[Change], found: Sequence[float]) -> Score:
    """Nobody but Lectern tells a build from a new slide: kinds are not compared."""
    return replace(score(changes, [(second, False) for second in found]), kinds=0)


def _ours(desk: Desk, context: RenderContext) -> Found:
    meter = Meter(desk)
    begin = time.process_time()
    shown = scan(replace(step_context(desk, context), run=meter.run), footage(context))
    return [shot.start_s for shot in shown], meter.cpu_s + time.process_time() - begin


def _ffmpeg(desk: Desk) -> dict[str, Way]:
    def scene(path: Path) -> Found:
        argv = (str(desk.tools.ffmpeg), "-hide_banner", "-nostdin", "-threads", "1", "-i", str(path), "-vf",
                "select='gt(scene,0.3)',metadata=print:file=-", "-an", "-f", "null", "-")
        done = desk.run(Command(argv, reads=(path,)))
        return [float(second) for second in re.findall(rb"pts_time:([\d.]+)", done.stdout)], done.cpu_s

    return {"ffmpeg select scene > 0.3": scene}


def _scenedetect() -> dict[str, Way]:
    if not find_spec("scenedetect"):
        return {}
    from scenedetect import AdaptiveDetector, ContentDetector, detect

    def with_detector(make: Callable[[], object]) -> Way:
        def way(path: Path) -> Found:
            begin = time.process_time()
            scenes = detect(str(path), make())
            return [start.seconds for start, _ in scenes[1:]], time.process_time() - begin

        return way

    return {"PySceneDetect ContentDetector": with_detector(ContentDetector),
            "PySceneDetect AdaptiveDetector": with_detector(AdaptiveDetector)}


if __name__ == "__main__":
    main()
