"""Background work gives way: the niceness of a command holds for whatever the kernel compares it with."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from infra.core.command import Command
from infra.core.settings import Settings
from infra.process import ProcessRunner

AUTOGROUP = Path("/proc/self/autogroup")


@pytest.mark.parametrize("nice", [0, 15])
def test_a_command_has_its_niceness(nice: int) -> None:
    done = ProcessRunner(Settings(sandbox="off"))(Command(("/bin/sh", "-c", "nice"), nice=nice))
    assert done.stdout.decode().split() == [str(nice)]


@pytest.mark.skipif(not AUTOGROUP.is_file(), reason="this kernel knows no groups of sessions")
@pytest.mark.parametrize("nice", [0, 15])
def test_its_whole_session_has_it_too(nice: int) -> None:
    done = ProcessRunner(Settings(sandbox="off"))(Command(("/bin/cat", str(AUTOGROUP)), nice=nice))
    assert done.stdout.decode().split()[-2:] == ["nice", str(nice)]


SPIN = ("/bin/sh", "-c", "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done")


def test_it_stands_still_while_somebody_waits(tmp_path: Path) -> None:
    run = ProcessRunner(Settings(sandbox="off", data=tmp_path))
    alone_s = run(Command(SPIN, nice=10)).wall_s
    ended: list[float] = []

    def in_the_background() -> None:
        run(Command(SPIN, nice=10))
        ended.append(time.monotonic())

    waiting = threading.Thread(target=lambda: run(Command(("/bin/sleep", str(alone_s + 2)))))
    waiting.start()
    time.sleep(0.2)
    background = threading.Thread(target=in_the_background)
    background.start()
    waiting.join()
    waited_until = time.monotonic()
    background.join()
    assert ended[0] > waited_until, "it ran on beside a command that somebody waited for"


def test_it_goes_on_when_the_waiting_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.giving_way.LONGEST_S", 0.5)
    run = ProcessRunner(Settings(sandbox="off", data=tmp_path))
    enough = threading.Event()
    waiting = threading.Thread(target=lambda: run(Command(("/bin/sleep", "60")), cancelled=enough.is_set))
    waiting.start()
    time.sleep(0.2)
    assert run(Command(SPIN, nice=10)).wall_s >= 0.5
    enough.set()
    waiting.join()
