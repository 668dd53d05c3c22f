"""The folder broker's own traps: rubbish, half messages, a folder that is emptied."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from listening import Listener

from infra.core.settings import Settings
from infra.queue import CeleryDoorbell


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


def test_rubbish_stops_nobody(settings: Settings, listen: Callable[..., Listener],
                              caplog: pytest.LogCaptureFixture) -> None:
    bell = CeleryDoorbell(settings)
    bell.ring("jit", "note", "template")
    folder = settings.data / "queue" / "jit"
    whole = next(folder.glob("*.json")).read_bytes()
    rubbish = [b"", whole[:40], b"\xff\xfe\0", b"[1, 2]", b'{"body": 1}', b"null",
               json.dumps({"properties": {"delivery_info": {}}}).encode(),
               json.dumps({**json.loads(whole), "body": "no base64!"}).encode(),
               json.dumps({**json.loads(whole), "headers": {}}).encode(),
               json.dumps({**json.loads(whole), "headers": {"task": "unknown", "id": "x"}}).encode(),
               json.dumps({**json.loads(whole), "content-type": "application/x-python-serialize"}).encode()]
    for n, data in enumerate(rubbish):
        (folder / f"{n:014d}-bad.json").write_bytes(data)
    (folder / "99999999999999-half.part").write_bytes(whole[:10])
    (folder / "00000000000000-folder.json").mkdir()
    listener = listen("jit")
    assert listener.wait_for(1)
    bell.ring("jit", "note", "after")
    assert listener.wait_for(2)
    assert listener.heard == [("template",), ("after",)]
    caplog.clear()  # Celery says of each what is wrong with it


def test_messages_of_the_same_millisecond_come_in_order(settings: Settings, listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)
    for n in range(100):
        bell.ring("jit", "note", str(n))
    listener = listen("jit")
    assert listener.wait_for(100)
    assert listener.heard == [(str(n),) for n in range(100)]


def test_the_folder_may_be_emptied_while_all_run(settings: Settings,
                                                 listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)
    listener = listen("jit")
    bell.ring("jit", "note", "1")
    assert listener.wait_for(1)
    (settings.data / "queue" / "jit").rmdir()
    bell.ring("jit", "note", "2")
    assert listener.wait_for(2)


def test_a_publisher_that_is_killed_leaves_no_half_message(settings: Settings) -> None:
    program = ("import sys; from infra.core.settings import Settings; from infra.queue import CeleryDoorbell\n"
               "bell = CeleryDoorbell(Settings(data=sys.argv[1]))\n"
               "while True: bell.ring('jit', 'note', 'x' * 2000)")
    folder = settings.data / "queue" / "jit"
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", program, str(settings.data)])
        before = len(list(folder.glob("*.json")))
        while len(list(folder.glob("*.json"))) < before + 50:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    for path in folder.glob("*.json"):
        assert json.loads(path.read_bytes())["headers"]["task"] == "note"


def test_half_messages_are_cleared_away_when_they_are_old(settings: Settings,
                                                          listen: Callable[..., Listener]) -> None:
    folder = settings.data / "queue" / "jit"
    folder.mkdir(parents=True)
    old, new = folder / "1-a.part", folder / "2-b.part"
    for path in (old, new):
        path.write_text("{")
    os.utime(old, (1, 1))
    listener = listen("jit")
    CeleryDoorbell(settings).ring("jit", "note")
    assert listener.wait_for(1)
    assert (old.exists(), new.exists()) == (False, True)
