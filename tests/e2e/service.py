"""The real `lectern`, each command in its own process, as a user starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from granted import granted_s

ROOT = Path(__file__).parents[2]
LECTERN = [sys.executable, "-m", "infra.runtime.cli"]
START_S = 90.0
T = TypeVar("T")


def environment(**more: str) -> dict[str, str]:
    """The environment of a user's shell, without settings or keys of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LECTERN_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    # AV1 in the background would double the work of every test; those that are about it say so.
    return kept | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "LECTERN_FILL_CODECS": "h264",
                   "LECTERN_TRANSCRIBE": "false", "LECTERN_LIVE": "false", "LECTERN_EMBEDDING_MODEL": "none"} | more


def until(look: Callable[[], T], within_s: float, what: str) -> T:
    """What `look` returns as soon as that is true; fails after `within_s`."""
    deadline_s = granted_s() + within_s
    while True:
        found = look()
        if found:
            return found
        if granted_s() > deadline_s:
            raise AssertionError(f"not within {within_s:g} s: {what} (last look: {found!r})")
        time.sleep(0.05)


class Program:
    """A command that goes on running, with all that it says."""

    def __init__(self, *arguments: str, **how: Any) -> None:
        self.environment: dict[str, str] = how.pop("env", None) or environment()
        self.process = subprocess.Popen(
            [*LECTERN, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, start_new_session=True, **how)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):  # closed by `end`
            for line in self.process.stdout:
                self._lines.append(line)

    @property
    def output(self) -> str:
        """All it said so far, on both streams."""
        return "".join(self._lines)

    def line(self, start: str, within_s: float = START_S) -> str:
        """The first line that begins so, once it is there."""

        def look() -> str:
            found = next((line.strip() for line in list(self._lines) if line.strip().startswith(start)), "")
            assert found or self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output}"
            return found

        return until(look, within_s, f"a line {start!r}\n{self.output}")

    def family(self) -> list[psutil.Process]:
        """This process and all that it started, and those started."""
        try:
            whole = psutil.Process(self.process.pid)
            return [whole, *whole.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def interrupt(self, within_s: float = 20.0) -> int:
        """Ctrl-C; the exit code. Fails when it takes too long or leaves a process behind."""
        return self.end(signal.SIGINT, within_s)

    def end(self, with_signal: signal.Signals = signal.SIGTERM, within_s: float = 20.0) -> int:
        """Send the signal; the exit code. Fails when it takes too long or leaves a process behind."""
        family = self.family()
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there {within_s:g} s after {with_signal.name}:\n{self.output}") from None
        _, orphans = psutil.wait_procs(family, timeout=2.0)
        left = [" ".join(_command(process)) for process in orphans]
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert not left, f"left behind: {left}"
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """End it and all that it started, at once."""
        for process in reversed(self.family()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)


@dataclass(slots=True)
class Service:
    """A running `lectern up`."""

    program: Program
    data: Path
    url: str
    key: str

    @classmethod
    def start(cls, data: Path, *arguments: str, **settings: str) -> Service:
        """`lectern up` on a free port; `settings` are environment variables."""
        program = Program("up", "--data", str(data), "--port", "0", *arguments, env=environment(**settings))
        try:
            url = program.line("ready ").removeprefix("ready ")
        except BaseException:
            program.kill()
            raise
        return cls(program, data, url, (data / "admin.key").read_text().strip())

    def client(self, key: str | None = None, **how: Any) -> httpx.Client:
        """An HTTP client with the admin key, or with another; "" sends none."""
        secret = self.key if key is None else key
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, trust_env=False, **how)

    def stop(self) -> None:
        """End it, and look at what it said."""
        code = self.program.end()
        assert code == 0, self.program.output
        assert_no_trace(self.program.output)

    # -- what tests do again and again

    def post_file(self, file: Path, name: str | None = None, **fields: str) -> httpx.Response:
        """What `curl -F file=@FILE -F title=...` sends."""
        with self.client() as client, file.open("rb") as body:
            return client.post("/api/v1/videos", files={"file": (name or file.name, body)}, data=fields)

    def upload(self, file: Path, **fields: str) -> dict[str, Any]:
        """The video that a form upload makes."""
        answer = self.post_file(file, **fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def video(self, video_id: str) -> dict[str, Any]:
        """The video as the API shows it now."""
        with self.client() as client:
            answer = client.get(f"/api/v1/videos/{video_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def until_ready(self, video_id: str, within_s: float = 180.0) -> dict[str, Any]:
        """The video, once everything of it is rendered."""

        deadline_s = granted_s() + within_s
        while True:
            video = self.video(video_id)
            assert video["status"] != "failed" and not video["error"], video
            if video["status"] == "ready":
                return video
            # Fills run at low priority: on a machine with other work they may take long.
            assert granted_s() < deadline_s, f"not ready within {within_s:g} s: {video}"
            time.sleep(0.1)


def run(*arguments: str, timeout_s: float = 120.0, **how: Any) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    how.setdefault("env", environment())
    return subprocess.run([*LECTERN, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout_s, check=False, **how)


def one_sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The complaint of a command that failed as it should: its exit code, one line, no trace."""
    said = done.stderr.strip()
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{said}"
    assert_no_trace(done.stdout + said)
    assert len(said.splitlines()) == 1 and said.startswith("lectern: "), said
    return said


def assert_no_trace(output: str) -> None:
    """Nothing in it that only a programmer understands."""
    assert "Traceback" not in output, output
    assert " ERROR " not in output, output


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Server-sent events: their names and their data."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return [str(process.pid)]
