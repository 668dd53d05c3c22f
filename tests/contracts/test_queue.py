"""What every broker must do for us, through the doorbell and a real worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery.worker import state as celery_state

from infra.core.errors import ConfigError, Unavailable
from infra.core.settings import Settings
from infra.queue import CeleryDoorbell, celery_app, celery_worker


@pytest.fixture(params=["folder"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


class Listener:
    """A worker in a thread, which writes down what it was asked."""

    def __init__(self, settings: Settings, *queues: str) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.times: list[float] = []
        app = celery_app(settings)

        def note(*args: str) -> None:
            self.times.append(time.time())
            self.heard.append(args)

        app.task(note, name="note", shared=False)
        celery_state.should_stop = None
        self._worker = celery_worker(app, queues, 2)
        self._thread = threading.Thread(target=self._worker.start)
        self._thread.start()

    def wait_for(self, count: int, within_s: float = 15.0) -> bool:
        deadline = time.monotonic() + within_s
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(self.heard) >= count

    def end(self) -> float:
        began = time.monotonic()
        celery_state.should_stop = 0
        self._thread.join(20)
        celery_state.should_stop = None
        assert not self._thread.is_alive()
        return time.monotonic() - began


@pytest.fixture
def listen(settings: Settings) -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def start(*queues: str) -> Listener:
        listeners.append(Listener(settings, *queues))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.end()


def test_every_ring_is_heard_once_and_by_its_queue(settings: Settings, listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)
    for n in range(20):
        bell.ring("media", "note", "m", str(n))
        bell.ring("jit", "note", "j", str(n))
    listener = listen("media")
    assert listener.wait_for(20)
    bell.ring("media", "note", "m", "last")
    assert listener.wait_for(21)
    time.sleep(0.1)
    assert sorted(listener.heard) == sorted([("m", str(n)) for n in range(20)] + [("m", "last")])


def test_rings_from_many_threads_all_arrive(settings: Settings, listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)
    threads = [threading.Thread(target=lambda n=n: [bell.ring("jit", "note", str(n), str(i)) for i in range(20)])
               for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listener = listen("jit", "light")
    assert listener.wait_for(200)
    assert len(set(listener.heard)) == 200


def test_a_broker_that_is_gone_is_unavailable() -> None:
    bell = CeleryDoorbell(Settings(broker_url="filesystem:///dev/null/queue"))
    with pytest.raises(Unavailable):
        bell.ring("jit", "note")


def test_an_unknown_broker_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="LECTERN_BROKER_URL"):
        celery_app(Settings(broker_url="carrier-pigeon://roof"))


def test_a_worker_that_waits_ends_soon(listen: Callable[..., Listener], settings: Settings) -> None:
    listener = listen("jit")
    CeleryDoorbell(settings).ring("jit", "note")
    assert listener.wait_for(1)
    assert listener.end() < 2


class TestFolder:
    """The folder's own traps."""

    def test_rubbish_stops_nobody(self, settings: Settings, listen: Callable[..., Listener],
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

    def test_the_folder_may_be_emptied_while_all_run(self, settings: Settings,
                                                     listen: Callable[..., Listener]) -> None:
        bell = CeleryDoorbell(settings)
        listener = listen("jit")
        bell.ring("jit", "note", "1")
        assert listener.wait_for(1)
        (settings.data / "queue" / "jit").rmdir()
        bell.ring("jit", "note", "2")
        assert listener.wait_for(2)

    def test_a_publisher_that_is_killed_leaves_no_half_message(self, settings: Settings) -> None:
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

    def test_half_messages_are_cleared_away_when_they_are_old(self, settings: Settings,
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
