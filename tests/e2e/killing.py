"""What the kill test needs: an ffmpeg that notes its starts, a killer, and a client that never gives up."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from granted import granted_s
from lecture_clips import ffmpeg
from service import Service, until

from tests.processes import is_called
from transcode.steps import _BACKGROUND

PROGRAMS = ("web", "jit", "media", "light", "sweeper")
SUPERVISOR = "supervisor"
_TUS = {"Tus-Resumable": "1.0.0"}
_AWAY = (httpx.HTTPError, OSError)
_SCRIPT = """#!/bin/sh
# Notes what it is asked to write, and how nice it is, then becomes the real one.
names=
for argument; do
  case "$argument" in
    file:*/cells.mp4|file:*/pictures.mp4) ;;
    file:*/work/*.mp4|file:*/audio.aac|file:*/thumbnail.jpg) names="$names ${argument##*/}" ;;
  esac
done
[ -z "$names" ] || echo "$(nice)$names" >> '%s'
exec '%s' "$@"
"""


class Ffmpeg:
    """Stands in for ffmpeg: `settings` makes a service use it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._log = folder / "starts"
        script = folder / "ffmpeg"
        script.write_text(_SCRIPT % (self._log, ffmpeg()))
        script.chmod(0o755)
        self.settings = {"LECTERN_FFMPEG": str(script), "LECTERN_FFPROBE": ffmpeg().replace("ffmpeg-", "ffprobe-")
                         if "ffmpeg-" in ffmpeg() else str(Path(ffmpeg()).with_name("ffprobe")),
                         "LECTERN_SANDBOX": "off"}  # a sandbox would keep it from its log

    def cells(self, *, background: bool) -> Counter[str]:
        """How often each picture cell was begun: by the fill, or for somebody who waits (and for init sections)."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return Counter(name for nice, *names in map(str.split, lines) for name in names
                       if (int(nice) >= _BACKGROUND) is background and name.endswith(".mp4"))


def stored(data: Path) -> dict[str, str]:
    """The hash of everything rendered: `{rendition}/{k}.m4s` and the init sections."""
    [plan] = data.glob("storage/o/*/v/*/p/*")
    return {str(path.relative_to(plan)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in plan.rglob("*.m*") if path.is_file()}


def rows(data: Path, query: str) -> list[Any]:
    """What the database says."""
    with contextlib.closing(sqlite3.connect(data / "lectern.db", timeout=30)) as database:
        return database.execute(query).fetchall()


def with_path(path: Path) -> list[str]:
    """The command lines of all processes that name `path`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(path) in line:
            found.append(line)
    return found


def upload_slowly(service: list[Service], file: Path, chunk_bytes: int, pause_s: float, within_s: float) -> str:
    """Send a file in small PATCHes by tus, going on after whatever happens; the video's id.

    `service[0]` is the service as it runs now. No offset that was acknowledged may be taken back.
    """
    data = file.read_bytes()
    deadline_s = granted_s() + within_s
    where = ""
    acknowledged = 0
    while True:
        assert granted_s() < deadline_s, f"{acknowledged} of {len(data)} bytes after {within_s} s"
        with contextlib.suppress(*_AWAY), service[0].client() as client:
            if not where:
                answer = client.post("/api/v1/uploads", headers=_TUS | {
                    "Upload-Length": str(len(data)),
                    "Upload-Metadata": f"filename {base64.b64encode(file.name.encode()).decode()}"})
                where = httpx.URL(answer.headers["Location"]).path if answer.status_code == 201 else ""
                continue
            answer = client.head(where, headers=_TUS)
            if answer.status_code != 200:
                assert answer.status_code >= 500, answer
                continue
            if "Lectern-Video" in answer.headers:
                return answer.headers["Lectern-Video"]
            offset = int(answer.headers["Upload-Offset"])
            assert offset >= acknowledged, f"{acknowledged} bytes were acknowledged, {offset} are there"
            answer = client.patch(where, content=data[offset:offset + chunk_bytes], headers=_TUS | {
                "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
            assert answer.status_code in (204, 409, 423) or answer.status_code >= 500, answer.text
            if answer.status_code == 204:
                acknowledged = int(answer.headers["Upload-Offset"])
                if "Lectern-Video" in answer.headers:
                    return answer.headers["Lectern-Video"]
        time.sleep(pause_s)


class Viewer:
    """Fetches random cells until it is told to stop, and compares every byte it gets."""

    def __init__(self, service: list[Service], reference: dict[str, str], seed: int) -> None:
        self.wrong: list[str] = []
        self.asked: set[str] = set()
        self.refusals: Counter[int] = Counter()
        self.good = 0
        self._service, self._reference = service, reference
        self._random = random.Random(seed)
        self._ending = threading.Event()
        self._playback_id = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def watch(self, playback_id: str) -> None:
        self._playback_id = playback_id

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(40)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        # Not of the whole video, or nothing would be left to the background fill.
        names = sorted(name for name in self._reference if name.removesuffix(".m4s")[-1] in "0369p4")
        while not self._ending.wait(0.3):
            name = self._random.choice(names)
            if self._playback_id:
                with contextlib.suppress(*_AWAY), self._service[0].client("") as client:
                    self.asked.add(name)
                    answer = client.get(f"/play/{self._playback_id}/{name}")
                    if answer.status_code == 200:
                        self.good += 1
                        if hashlib.sha256(answer.content).hexdigest() != self._reference[name]:
                            self.wrong.append(f"{name}: {len(answer.content)} bytes that differ")
                    else:
                        self.refusals[answer.status_code] += 1
                        if answer.status_code < 500:
                            self.wrong.append(f"{name}: {answer.status_code} {answer.text}")


def victims(seed: int, kills: int, over_s: float) -> Iterator[tuple[float, str]]:
    """Pauses and victims, spread over about `over_s` seconds. The first dies during the upload, then those who
    render; each kind at least once, and the supervisor exactly once."""
    chance = random.Random(seed)
    rest = ["light", "sweeper", SUPERVISOR, *(chance.choice(["jit", "media", *PROGRAMS]) for _ in range(kills - 6))]
    chance.shuffle(rest)
    yield chance.uniform(0.5, 1.5), "web"
    for kind in ["media", "jit", *rest][:kills - 1]:
        yield chance.uniform(0.1, 1.9) * over_s / kills, kind


def kill(service: list[Service], kind: str) -> bool:
    """SIGKILL to one process; after the supervisor's death start it again. Whether it had something in hand."""
    program = service[0].program
    at_work = False
    if kind != SUPERVISOR:
        for process in psutil.Process(program.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if is_called(process, kind):
                    _until_at_work(process, within_s=3.0 if kind in ("jit", "media") else 0.0)
                    at_work = bool(process.children())
                    process.send_signal(signal.SIGKILL)
        return at_work  # it may just be between two lives
    program.process.send_signal(signal.SIGKILL)
    program.process.wait(10)
    settings = {name: value for name, value in program.environment.items() if name.startswith(("LECTERN_", "TMPDIR"))}
    service[0] = Service.start(service[0].data, **settings)
    return at_work


def _until_at_work(worker: psutil.Process, within_s: float) -> None:
    """Wait for a child of the worker, so that something is in hand: most of its life a worker waits."""
    deadline_s = granted_s() + within_s
    while granted_s() < deadline_s and not worker.children():
        time.sleep(0.02)
    time.sleep(random.uniform(0.0, 0.4))


def until_ready(service: list[Service], video_id: str, within_s: float) -> dict[str, Any]:
    """The video once it is ready, whoever has to be started again for it. No person helps."""

    def look() -> dict[str, Any] | None:
        with contextlib.suppress(*_AWAY):
            video = service[0].video(video_id)
            assert video["status"] != "failed", video
            return video if video["status"] == "ready" else None
        return None

    found = until(look, within_s, "the video is ready")
    assert found is not None
    return found
