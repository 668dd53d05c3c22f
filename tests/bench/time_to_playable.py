"""How long after the last byte of an upload does it play, and how long does a seek to an unrendered minute take?

    python -m tests.bench.time_to_playable [--minutes 1 10 60] [--repeat 5] [--seeks 8] [--no-fill]

Uploads 1080p30 H.264 + AAC by tus over loopback to a fresh service, asks for it as a player does, and prints the
median and the worst. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

from tests.bench import clips
from tests.bench.service import Service, load_average, service

PLAY_TARGET_S = 2.0
SEEK_TARGET_S = 2.5
LENGTH_TARGET = 1.3  # the longest video against the shortest: nothing may grow with the length


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, nargs="*", default=[1, 10, 60], help="lengths (1 10 60)")
    parser.add_argument("--repeat", type=int, default=5, help="uploads of each length (5)")
    parser.add_argument("--seeks", type=int, default=8, help="seeks in the longest video (8)")
    parser.add_argument("--no-fill", action="store_true", help="also without background fill: what it costs viewers")
    parser.add_argument("--work", type=Path, help="folder for clips and the service's data; clips are kept")
    arguments = parser.parse_args()
    tools = clips.tools()
    folder = clips.work_folder(arguments.work)
    files = {minutes: clips.lecture(tools, folder, minutes) for minutes in sorted(arguments.minutes)}
    passed = True
    for fill in (True, False) if arguments.no_fill else (True,):
        with service(folder / "data") as running:
            if not fill:
                running.hold("media")
            print(f"\n{'with' if fill else 'without'} background fill; {load_average()}")
            passed &= _uploads(running, files, arguments.repeat)
            passed &= _seeks(running, files, arguments.seeks)
    return 0 if passed else 1


def _uploads(running: Service, files: dict[int, Path], repeat: int) -> bool:
    print(f"{'':8} {'seconds, median (worst)':>24}\n{'minutes':8} {'MB':>6} {'sent -> 204':>14} {'-> playlists':>14} "
          f"{'-> init':>14} {'-> first byte':>14} {'-> first segment':>16}")
    to_play: dict[int, list[float]] = {minutes: [] for minutes in files}
    for minutes, file in files.items():
        answered, playlists, inits, first = [], [], [], []
        for _ in range(repeat):
            uploaded = running.upload(file)
            played = running.play(uploaded.playback_id)
            begun_s = uploaded.acknowledged_s
            answered.append(begun_s - uploaded.last_byte_sent_s)
            playlists.append(played.playlists_s - begun_s)
            inits.append(played.inits_s - begun_s)
            first.append(played.video_first_byte_s - begun_s)
            to_play[minutes].append(max(played.video_last_byte_s, played.audio_last_byte_s) - begun_s)
            running.delete(uploaded.video_id)
            time.sleep(2.0)  # its fill notices within a second that it is not wanted any more
        print(f"{minutes:<8} {file.stat().st_size / 1e6:6.0f} {_shown(answered):>14} {_shown(playlists):>14} "
              f"{_shown(inits):>14} {_shown(first):>14} {_shown(to_play[minutes]):>16}  "
              f"{played.rendition}; {load_average()}", flush=True)
    medians = {minutes: statistics.median(times) for minutes, times in to_play.items()}
    short, long = min(medians), max(medians)
    grown = medians[long] / medians[short]
    return all([*(_verdict(f"{minutes} min: 204 -> first segment", median, PLAY_TARGET_S)
                  for minutes, median in medians.items()),
                short == long or _verdict(f"{long} min against {short} min", grown, LENGTH_TARGET)])


def _seeks(running: Service, files: dict[int, Path], count: int) -> bool:
    """Far from each other and from where the fill works: a cell that is there already is no seek."""
    minutes = max(files)
    uploaded = running.upload(files[minutes])
    running.play(uploaded.playback_id)
    begun_s = time.monotonic()
    segments = running.segments(uploaded.playback_id)
    chance = random.Random(1)
    cut = segments // 4
    picks = [cut + (segments - cut) * i // count + chance.randrange(max(1, (segments - cut) // count))
             for i in range(count)]
    chance.shuffle(picks)
    pictures, sounds, both = [], [], []
    for k in picks:
        video_s, audio_s = running.cell(uploaded.playback_id, k)
        pictures.append(video_s)
        sounds.append(audio_s)
        both.append(max(video_s, audio_s))
        time.sleep(0.5)
    running.delete(uploaded.video_id)
    print(f"seeks in {minutes} min, n = {count}: 720p {_shown(pictures)}, sound {_shown(sounds)}, both "
          f"p95 {sorted(both)[min(count - 1, round(count * 0.95))]:.2f}  ({time.monotonic() - begun_s:.0f} s; "
          f"{load_average()})")
    return _verdict("seek -> last byte of 720p and sound, median", statistics.median(both), SEEK_TARGET_S)


def _shown(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} ({max(times):.2f})"


def _verdict(what: str, value: float, target: float) -> bool:
    print(f"  {'PASS' if value <= target else 'FAIL'}  {what}: {value:.2f}, target {target:g}")
    return value <= target


if __name__ == "__main__":
    sys.exit(main())
