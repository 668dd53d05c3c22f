"""Two workers against one, each with one core of its own, a data folder of its own, and S3 as all that they share.

    python -m tests.bench.scale [--minutes 10]

The background fill of a 480p lecture (two rungs and the sound), from the acknowledged upload to ready, on the whole
native stack. Exit code 1 below the target.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import httpx

from infra.deploy.native_stack import NativeStack
from tests.bench import clips
from tests.bench.service import load_average

TARGET = 1.7


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="length of the video (10)")
    parser.add_argument("--work", type=Path, help="folder for clips; they are kept")
    arguments = parser.parse_args()
    tools = clips.tools()
    source = clips.small_lecture(tools, clips.work_folder(arguments.work), arguments.minutes)
    seconds = {workers: _fill_s(source, workers) for workers in (1, 2)}
    speed_up = seconds[1] / seconds[2]
    passed = speed_up >= TARGET
    print(f"fill of {arguments.minutes} min: one worker {seconds[1]:.1f} s, two {seconds[2]:.1f} s; {load_average()}\n"
          f"  {'PASS' if passed else 'FAIL'}  speed-up {speed_up:.2f}, target {TARGET:g}")
    return 0 if passed else 1


def _fill_s(source: Path, workers: int) -> float:
    with tempfile.TemporaryDirectory(prefix="lectern-stack-") as folder:
        Path(folder).chmod(0o755)
        with NativeStack(Path(folder), workers=workers, unsafe_fast=True) as stack:
            for number in range(workers):
                stack.pin(f"media-{number + 1}", {number})
            headers = {"Authorization": f"Bearer {stack.admin_key}"}
            with httpx.Client(base_url=stack.url, headers=headers, timeout=300, trust_env=False) as client:
                with source.open("rb") as file:
                    answer = client.post("/api/v1/videos", files={"file": (source.name, file)})
                answer.raise_for_status()
                begun_s = time.monotonic()
                video_id = answer.json()["id"]
                while (video := client.get(f"/api/v1/videos/{video_id}").json())["status"] != "ready":
                    if video["status"] == "failed":
                        raise RuntimeError(f"the video failed: {video['error']}")
                    time.sleep(0.2)
                return time.monotonic() - begun_s


if __name__ == "__main__":
    sys.exit(main())
