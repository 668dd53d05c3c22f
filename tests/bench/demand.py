"""How long a viewer waits for a cell that nobody has rendered: every codec and rung, idle and while the fill runs.

    python -m tests.bench.demand [--minutes 10] [--cells 12] [--film]

Asks for 6 s cells at random places of a lecture (the corpus's where it is there; --film: five minutes of film), one at a
time, over loopback. Seconds to the last byte: median, 95th percentile, worst. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

import m3u8

from tests.bench import clips
from tests.bench.service import API, Service, load_average, service

TARGETS_S = {"h264-720p": 2.5, "av1-480p": 2.5}  # 95th percentile, while the fill runs, two cores
LECTURE = clips.CORPUS / "synthetic_lecture_12min_1080p.mp4"


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="length of the made-up lecture, without the corpus (10)")
    parser.add_argument("--cells", type=int, default=12, help="cells of each rendition (12)")
    parser.add_argument("--film", action="store_true", help="film instead of a lecture")
    parser.add_argument("--only", default="", help="renditions whose name holds this word")
    parser.add_argument("--work", type=Path, help="folder for clips and the service's data; clips are kept")
    arguments = parser.parse_args()
    tools, folder = clips.tools(), clips.work_folder(arguments.work)
    source = LECTURE if LECTURE.is_file() else clips.lecture(tools, folder, arguments.minutes)
    if arguments.film:
        source = clips.long_film(tools, folder, 60)
    passed = True
    print(f"{source.name}; seconds to the last byte of a cell, n = {arguments.cells}")
    for filling in (False, True):
        os.environ["LECTERN_FILL_CODECS"] = "h264,av1" if filling else ""
        with service(folder / "data") as running:
            print(f"\n{'while the fill runs' if filling else 'idle'}; {load_average()}\n"
                  f"{'rendition':12} {'median':>7} {'p95':>7} {'worst':>7}")
            passed &= _measured(running, source, arguments.cells, arguments.only, filling)
    return 0 if passed else 1


def _measured(running: Service, source: Path, count: int, only: str, filling: bool) -> bool:
    uploaded = running.upload(source)
    video = json.loads(running.get(f"{API}/videos/{uploaded.video_id}").body)
    chance = random.Random(1)
    passed = True
    for rendition in video["renditions"]:
        name = rendition["name"]
        if only not in name or rendition["copied"]:
            continue
        full = _full_segments(running, uploaded.playback_id, name)
        far = full[len(full) // 4:] if filling else full  # the fill begins at the front
        times = []
        for k in chance.sample(far, min(count, len(far))):
            begun = time.monotonic()
            times.append(running.get(f"/play/{uploaded.playback_id}/{name}/{k}.m4s").last_byte_s - begun)
            time.sleep(0.2)
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        target = TARGETS_S.get(name) if filling else None
        verdict = "" if target is None else f"  {'PASS' if p95 <= target else 'FAIL'}: p95 at most {target:g}"
        passed &= target is None or p95 <= target
        print(f"{name:12} {statistics.median(times):7.2f} {p95:7.2f} {max(times):7.2f}{verdict}   {load_average()}",
              flush=True)
    running.delete(uploaded.video_id)
    return passed


def _full_segments(running: Service, playback_id: str, name: str) -> list[int]:
    """The segments of about 6 s: not the first ones, not the rest at the end."""
    listed = m3u8.loads(running.get(f"/play/{playback_id}/{name}/index.m3u8").body.decode()).segments
    return [k for k, segment in enumerate(listed) if segment.duration >= 5.5]


if __name__ == "__main__":
    sys.exit(main())
