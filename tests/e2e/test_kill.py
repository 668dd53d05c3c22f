"""Any process may be killed at any moment: the same videos finish, nothing twice, nothing lost.

One undisturbed run says what the bytes are and how much work they take. Then the same upload is made while one
process after the other gets SIGKILL, and a viewer keeps asking. `LECTERN_KILL_SEED=7 pytest ...` repeats a run.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from killing import SUPERVISOR, Ffmpeg, Viewer, kill, rows, stored, until_ready, upload_slowly, victims, with_path
from lecture_clips import Shape, make
from service import Service, until

from infra.core.settings import Settings

# The sound is in Matroska so that it is encoded, too, and not copied.
SHAPE = Shape(duration_s=60.0, size="640x360", rate=25)
JIT, MEDIA = 2, 1


@dataclass(frozen=True, slots=True)
class Reference:
    """An undisturbed run."""

    clip: Path
    files: dict[str, str]
    wall_s: float
    cells: Counter[str]  # begun by the fill


def settings(ffmpeg: Ffmpeg, temporary: Path) -> dict[str, str]:
    temporary.mkdir()
    return ffmpeg.settings | {"LECTERN_JIT_WORKERS": str(JIT), "LECTERN_MEDIA_WORKERS": str(MEDIA),
                              "TMPDIR": str(temporary)}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("reference")
    clip = make(folder / "lecture.mkv", SHAPE)
    ffmpeg = Ffmpeg(folder / "bin")
    service = Service.start(folder / "data", **settings(ffmpeg, folder / "tmp"))
    try:
        begun_s = time.monotonic()
        service.until_ready(service.upload(clip)["id"], 600.0)
        wall_s = time.monotonic() - begun_s
        service.stop()
    finally:
        service.program.kill()
    found = Reference(clip, stored(folder / "data"), wall_s, ffmpeg.cells(background=True))
    assert set(found.cells.values()) == {1}, "undisturbed, every cell is rendered once"
    return found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.release)])
def test_a_video_survives_kills(reference: Reference, kills: int, tmp_path: Path,
                                record_property: Callable[[str, object], None]) -> None:
    seed = int(os.environ.get("LECTERN_KILL_SEED") or random.randrange(10_000))
    print(f"LECTERN_KILL_SEED={seed}")  # pytest shows it when the test fails
    ffmpeg = Ffmpeg(tmp_path / "bin")
    data = tmp_path / "data"
    # A step is given up when it killed its worker five times; here it is not the step that kills.
    more = {"LECTERN_MAX_ATTEMPTS": str(kills + 5)}
    service = [Service.start(data, **settings(ffmpeg, tmp_path / "tmp"), **more)]
    viewer = Viewer(service, reference.files, seed)
    try:
        killed = disturbed(service, viewer, reference, seed, kills)
        check_leftovers(data, tmp_path / "tmp")
        viewer.stop()
        service[0].program.end()
    finally:
        service[0].program.kill()
    assert stored(data) == reference.files
    assert not viewer.wrong
    assert viewer.good > 0
    assert not with_path(tmp_path), "a process was left behind"
    check_work(data, reference, ffmpeg, viewer, killed, record_property)


def disturbed(service: list[Service], viewer: Viewer, reference: Reference, seed: int, kills: int) -> Counter[str]:
    """Upload and render while processes die; who was killed how often."""
    killed: Counter[str] = Counter()
    failures: list[BaseException] = []
    uploaded = threading.Event()

    def killer() -> None:
        try:
            for pause_s, kind in victims(seed, kills, min(reference.wall_s, 1.2 * kills)):
                time.sleep(pause_s)
                print(f"{time.monotonic() - begun_s:6.1f} s kill {kind}")
                if kind != "web":
                    assert uploaded.wait(bound_s)  # there is work from here on
                if kill(service, kind):
                    killed[f"{kind} at work"] += 1
                killed[kind] += 1
        except BaseException as error:  # shown by the test's own thread
            failures.append(error)

    begun_s = time.monotonic()
    bound_s = 60 + 6 * kills + 6 * reference.wall_s
    thread = threading.Thread(target=killer, daemon=True)
    thread.start()
    video_id = upload_slowly(service, reference.clip, reference.clip.stat().st_size // 12 + 1, 0.15, bound_s)
    uploaded.set()
    found = until(lambda: rows(service[0].data, "SELECT playback_id FROM videos"), 10, "the video's row")
    viewer.watch(found[0][0])
    thread.join(bound_s)
    assert not thread.is_alive() and not failures, failures
    until_ready(service, video_id, bound_s)
    print(f"{time.monotonic() - begun_s:6.1f} s ready; undisturbed {reference.wall_s:.1f} s")
    return killed


def check_leftovers(data: Path, temporary: Path) -> None:
    """The sweeper leaves nothing of those that died. What is younger than an hour it does not touch: it is aged."""
    storage = data / "storage"

    def left() -> list[str]:
        long_ago_s = time.time() - 7200
        for path in (storage / ".tmp").glob("*"):
            os.utime(path, (long_ago_s, long_ago_s))
        # The empty folder of a process that lives is its own.
        return [str(path) for path in (*(data / "work").glob("*/*"), *(storage / ".tmp").glob("*"),
                                       *temporary.glob("lectern-*"))]

    until(lambda: not left(), 30, f"nothing is left: {left()}")
    until(lambda: not rows(data, "SELECT 1 FROM demands WHERE failed_at IS NULL"), 30, "no demand is open")
    until(lambda: not rows(data, "SELECT 1 FROM steps WHERE state != 'done'"), 60, "no step is open")  # some come later
    assert not [path for path in data.rglob("*") if path.is_file() and (
        path.suffix in (".part", ".tmp") or ".staging" in path.parts)]


def check_work(data: Path, reference: Reference, ffmpeg: Ffmpeg, viewer: Viewer, killed: Counter[str],
               record_property: Callable[[str, object], None]) -> None:
    """What was done more than once is explained by who was killed."""
    assert rows(data, "PRAGMA integrity_check") == [("ok",)]
    assert len(rows(data, "SELECT 1 FROM videos")) == 1
    attempts = {f"{step}/{key}": attempt for step, key, attempt in rows(data, "SELECT step, key, attempt FROM steps")}
    light, both = Settings().light_workers, killed[SUPERVISOR]  # with the supervisor all end
    workers_killed = MEDIA * (killed["media"] + both) + light * (killed["light"] + both)
    assert all(attempts.values()), attempts
    assert sum(attempts.values()) - len(attempts) <= workers_killed, (attempts, killed)

    assert killed["media at work"] + killed["jit at work"] > 0, "the kills met nobody at work"

    rungs = len({name.rpartition("-")[0] for name in reference.cells})
    filled = ffmpeg.cells(background=True)
    begun = sum(filled.values())
    # At most what was in hand is lost: a group of segments in all rungs, for each worker of the killed process.
    in_hand = MEDIA * rungs
    again = sum(count - 1 for count in filled.values())
    assert again <= (killed["media"] + killed[SUPERVISOR]) * in_hand, (again, killed, filled)

    waited_for = ffmpeg.cells(background=False)
    twice = sum(max(0, count - 1) for name, count in waited_for.items() if not name.endswith("-0.mp4"))
    assert twice <= (killed["jit"] + killed[SUPERVISOR]) * JIT, (twice, killed, waited_for)
    record_property("again", again)
    print(f"killed {dict(killed)}: the fill began {begun} cells, {again} of them again; "
          f"{len(reference.cells)} undisturbed. {sum(waited_for.values())} for viewers, {twice} of them again. "
          f"{viewer.good} right answers, refused {dict(viewer.refusals)}; attempts {attempts}")
