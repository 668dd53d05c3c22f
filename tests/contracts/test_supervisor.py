"""`up` keeps its processes alive, frees what a dead one held, and leaves nobody behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import fake_service
import psutil
import pytest
from granted import granted_s
from service_probe import alive_sleepers, done, environment, log, wait_for

from infra.core.settings import Settings
from tests.processes import is_called

Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # A lease of a minute: whatever is quick here does not wait for it.
    return Settings(data=tmp_path, port=0, lease_s=60.0, sweep_s=0.3)


@pytest.fixture
def up(settings: Settings) -> Iterator[Up]:
    started: list[subprocess.Popen[str]] = []

    def run(*web: str, port: int = 0) -> subprocess.Popen[str]:
        started.append(subprocess.Popen(
            [sys.executable, "-m", "fake_service", "up", *web], stdout=subprocess.PIPE, text=True,
            env={**environment(settings), "LECTERN_PORT": str(port)}))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", line)
    assert match, line
    return match[1]


def family(settings: Settings) -> list[psutil.Process]:
    """All processes of this service but `up` itself: they hold its lock file open."""
    mark = str(settings.data / "children.lock")

    def holds(process: psutil.Process) -> bool:
        try:
            return any(file.path == mark for file in process.open_files())
        except psutil.Error:
            return False

    return [process for process in psutil.process_iter() if holds(process)]


def called(settings: Settings, name: str) -> psutil.Process:
    return next(process for process in family(settings) if is_called(process, name))


def test_it_says_ready_when_it_is_and_sigterm_ends_all(up: Up, settings: Settings) -> None:
    process = up()
    url = ready(process)
    assert urllib.request.urlopen(url + "/readyz", timeout=5).status == 200
    assert len(family(settings)) == 3
    fake_service.add(fake_service.build(settings), "a:611")
    wait_for(lambda: alive_sleepers("611"))
    began = granted_s()
    process.terminate()
    assert process.wait(30) == 0
    assert granted_s() - began < 12
    assert not family(settings)
    wait_for(lambda: not alive_sleepers("611"))


def test_ctrl_c_twice_waits_for_nothing(up: Up, settings: Settings) -> None:
    process = up()
    ready(process)
    worker = called(settings, "work")
    worker.suspend()  # it will never end by itself
    wait_for(lambda: worker.status() == psutil.STATUS_STOPPED)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert not family(settings)


def test_a_killed_worker_is_replaced_and_its_work_goes_on_at_once(up: Up, settings: Settings) -> None:
    ready(up())
    app = fake_service.build(settings)
    fake_service.add(app, "a:612")
    wait_for(lambda: alive_sleepers("612"))
    called(settings, "work").kill()
    took = wait_for(lambda: done(app, "sleep a:612", "after a"))
    assert took < 30  # the lease is a minute
    assert log(settings) == ["begin a:612", "begin a:612", "end a:612", "after a"]
    wait_for(lambda: not alive_sleepers("612"))


def test_nobody_outlives_a_supervisor_that_was_killed(up: Up, settings: Settings) -> None:
    process = up()
    ready(process)
    fake_service.add(fake_service.build(settings), "a:613")
    wait_for(lambda: alive_sleepers("613"))
    process.kill()
    process.wait()
    wait_for(lambda: not family(settings) and not alive_sleepers("613"), 20)


def test_the_next_start_waits_for_the_last_ones_processes(up: Up, settings: Settings) -> None:
    first = up()
    ready(first)
    first.kill()
    first.wait()
    ready(up())
    assert len(family(settings)) == 3


def test_a_second_start_on_the_same_folder_is_refused(up: Up, settings: Settings) -> None:
    ready(up())
    second = up()
    assert second.wait(30) == 1
    assert second.stdout is not None
    assert "already runs on" in second.stdout.read()
    assert len(family(settings)) == 3


def test_a_port_in_use_is_said_before_anything_starts(up: Up, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = up(port=taken.getsockname()[1])
        assert process.wait(30) == 78
    assert process.stdout is not None
    assert "is in use by another program" in process.stdout.read()
    assert not (settings.data / "lectern.db").exists()


def test_a_web_process_that_can_not_start_ends_it(up: Up, settings: Settings) -> None:
    process = up("no_such_module")
    assert process.wait(60) == 1
    assert not family(settings)
