"""Finding the cuts of a film: pieces of recordings, one after the other.

    PYTHONPATH=tests/media python -m tests.bench.scenes [--pieces 60] [--seed 1] [--from FOLDER] [--work FOLDER]

Pieces of recordings in FOLDER (default: ../shared/corpus), of any size and frame rate, are put one behind the other as 720p,
so every cut is known; two neighbours never come from the same recording. Processor seconds are user + system; x is seconds
of video per processor second, with the decoding of the 360p rendition, which is there anyway.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import time
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

from clips import CORPUS, Desk
from slide_truth import Meter, footage, rendered, step_context

from enrich.footage import frames
from enrich.scene_cuts import cuts
from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.tools import find_tools
from tests.bench.service import load_average

TARGET_X, NEAR_S, RATE = 20, 0.2, 25
# Recordings of the corpus by a camera that are not cut themselves, and their seconds.
FILMED = {
    "lectures/talking_heads_vp9_noaudio.webm": 37, "lectures/dual_camera_mpeg1.mpg": 8,
    "lectures/screencast_presenter_mpeg2.mpeg": 8, "tech/rotation_matrix_90_720p.mp4": 4, "tech/sample_h265.mp4": 10,
    "tech/video_desks.3gp": 5,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="folder", type=Path, default=CORPUS)
    parser.add_argument("--work", type=Path, help="folder for what is rendered")
    arguments = parser.parse_args()
    settings = Settings()
    runner = ProcessRunner(settings)
    desk = Desk(settings, runner, find_tools(settings, runner))
    with TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(exist_ok=True)
        film, truth_s = _film(desk, arguments.folder, work, random.Random(arguments.seed), arguments.pieces)
        found_s, cpu_s, duration_s = _found(desk, film, work)
    hit = sum(any(abs(at_s - cut_s) <= NEAR_S for at_s in found_s) for cut_s in truth_s)
    wrong_s = [at_s for at_s in found_s if not any(abs(at_s - cut_s) <= NEAR_S for cut_s in truth_s)]
    recall, precision = hit / len(truth_s), 1 - len(wrong_s) / max(1, len(found_s))
    print(f"{len(truth_s)} cuts in {duration_s:.0f} s: recall {recall:.3f}, precision {precision:.3f}, "
          f"{duration_s / cpu_s:.0f} x real time; {load_average()}")
    print(f"at least {TARGET_X} x: {'PASS' if duration_s / cpu_s >= TARGET_X else 'FAIL'}")
    print("missed at", [round(cut_s, 2) for cut_s in truth_s if not any(abs(at_s - cut_s) <= NEAR_S for at_s in found_s)],
          "wrong at", [round(at_s, 2) for at_s in wrong_s])


def _film(desk: Desk, folder: Path, work: Path, chance: random.Random, count: int) -> tuple[Path, list[float]]:
    """The film, and the seconds of its cuts."""
    names = [name for name in FILMED if (folder / name).is_file()]
    pieces, lengths, before = [], [], ""
    for n in range(count):
        before = chance.choice([name for name in names if name != before])
        most_s = min(9, FILMED[before] - 1)
        piece = work / f"piece{n}.mp4"
        begin_s, long_s = chance.uniform(0, FILMED[before] - most_s), chance.uniform(2, most_s)
        subprocess.run([str(desk.tools.ffmpeg), "-v", "error", "-y", "-i", str(folder / before), "-ss", f"{begin_s:.2f}",
                        "-t", f"{long_s:.2f}", "-vf", f"fps={RATE},scale=1280:720:force_original_aspect_ratio=decrease,"
                        "pad=1280:720:-1:-1,setsar=1,format=yuv420p", "-an", "-c:v", "libx264", "-preset", "ultrafast",
                        "-crf", "18", str(piece)], check=True)
        counted = subprocess.run([str(desk.tools.ffprobe), "-v", "error", "-count_packets", "-show_entries",
                                  "stream=nb_read_packets", "-of", "csv=p=0", str(piece)], check=True, capture_output=True)
        lengths.append(int(counted.stdout.split()[0].strip(b",")))
        pieces.append(piece)
    film = work / "film.mp4"
    inputs = [word for piece in pieces for word in ("-i", str(piece))]
    subprocess.run([str(desk.tools.ffmpeg), "-v", "error", "-y", *inputs, "-filter_complex",
                    f"concat=n={count}:v=1:a=0,setpts=N/{RATE}/TB", "-r", str(RATE), "-c:v", "libx264", "-preset",
                    "ultrafast", "-crf", "20", str(film)], check=True)
    return film, [frames_before / RATE for frames_before in accumulate(lengths)][:-1]


def _found(desk: Desk, film: Path, work: Path) -> tuple[list[float], float, float]:
    """Seconds of the cuts, processor seconds, and how long the film is."""
    context = rendered(desk, film, work / "film")
    meter = Meter(desk)
    begin = time.process_time()
    where = footage(context)
    step = replace(step_context(desk, context), run=meter.run)
    found_s = cuts(frames(step, where, range(context.plan.segments), share=1.0, colour=True))
    return found_s, meter.cpu_s + time.process_time() - begin, float(context.plan.duration_s)


if __name__ == "__main__":
    main()
