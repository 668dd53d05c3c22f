"""The limits of a command really bite, and its end gets the right name."""

from __future__ import annotations

import os
import pickle
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from granted import granted_s

from infra.core.command import Command, Limits
from infra.core.errors import LecternError, OutOfSpace, StepFailed
from infra.core.settings import Settings
from infra.own_processes import end_group, spawn
from infra.process import STDOUT_BYTES, ProcessRunner, ToolFailed, _Child

pytestmark = pytest.mark.media
PYTHON = str(Path(sys.executable).resolve())


@pytest.fixture(params=["off", "auto"])
def run(request: pytest.FixtureRequest) -> ProcessRunner:
    runner = ProcessRunner(Settings(sandbox=request.param))
    if request.param == "auto" and runner.sandbox_level() == "limits":
        pytest.skip("no bubblewrap that works here")
    return runner


def sh(script: str, *, work: Path | None = None, nice: int = 0, **limits: float) -> Command:
    return Command(("sh", "-c", script), work=work, nice=nice, limits=Limits(**limits))  # type: ignore[arg-type]


def python(script: str, **limits: float) -> Command:
    return Command((PYTHON, "-I", "-S", "-c", script), limits=Limits(**limits))  # type: ignore[arg-type]


def failure(run: ProcessRunner, command: Command, **more: object) -> LecternError:
    with pytest.raises(LecternError) as raised:
        run(command, **more)  # type: ignore[arg-type]
    return raised.value


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_good_end(run: ProcessRunner) -> None:
    done = run(sh("echo out; echo err >&2"))
    assert (done.stdout, done.stderr) == (b"out\n", "err")
    assert 0 < done.wall_s < 10


def test_nothing_is_lost_of_what_is_printed_while_we_are_away(run: ProcessRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a tool may print and end between two looks at it: then ffmpeg had no version, a probe no text."""
    answer = _Child._answer

    def answer_and_sleep(child: _Child) -> None:
        answer(child)
        time.sleep(1)

    monkeypatch.setattr(_Child, "_answer", answer_and_sleep)
    done = run(sh("head -c 60000 /dev/zero; echo err >&2"))
    assert (len(done.stdout), done.stderr) == (60_000, "err")


def test_processor_time_is_counted(run: ProcessRunner) -> None:
    done = run(sh("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"))
    assert 0.02 < done.cpu_s < 20


def test_stdout_comes_as_it_is_printed(run: ProcessRunner) -> None:
    pieces: list[bytes] = []
    done = run(sh("echo a; sleep 0.1; echo b"), on_stdout=pieces.append)
    assert (b"".join(pieces), done.stdout) == (b"a\nb\n", b"")


def test_only_the_end_of_stderr_is_kept(run: ProcessRunner) -> None:
    error = failure(run, sh("i=0; while [ $i -lt 5000 ]; do echo line $i >&2; i=$((i+1)); done; exit 3"))
    assert isinstance(error, ToolFailed)
    assert error.code == "tool_failed"
    assert "exit code 3: line 4999" in error.message
    assert len(error.stderr.splitlines()) == 40
    assert pickle.loads(pickle.dumps(error)).stderr == error.stderr


def test_nothing_of_our_environment_and_no_stdin(run: ProcessRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    assert b"hunter2" not in run(sh("env; cat")).stdout


def test_a_wall_timeout_kills_the_whole_group(run: ProcessRunner, tmp_path: Path) -> None:
    started = granted_s()
    error = failure(run, sh("sleep 60 & sleep 60", wall_s=0.5))
    assert (error.code, error.retryable) == ("tool_timeout", True)
    assert granted_s() - started < 5
    if run.sandbox_level() == "limits":  # in a sandbox it has no number that we know
        with pytest.raises(StepFailed):
            run(sh(f"sleep 61 & echo $! > {tmp_path}/pid; wait", wall_s=0.5))
        time.sleep(0.2)
        assert not alive(int((tmp_path / "pid").read_text()))


def test_what_outlives_its_leader_dies_too(run: ProcessRunner) -> None:
    started = granted_s()
    run(sh("sleep 60 & echo started"))  # it holds our pipes
    assert granted_s() - started < 5


def test_cancelling_kills(run: ProcessRunner) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = granted_s()
    assert failure(run, sh("while :; do echo; done"), cancelled=stop.is_set, on_stdout=lambda _: None).code == "cancelled"
    assert granted_s() - started < 5


def test_an_error_of_the_reader_ends_the_command(run: ProcessRunner) -> None:
    def broken(_: bytes) -> None:
        raise ValueError("mine")

    started = granted_s()
    with pytest.raises(ValueError, match="mine"):
        run(sh("echo x; sleep 60"), on_stdout=broken)
    assert granted_s() - started < 5


def test_a_memory_hog_is_stopped(run: ProcessRunner) -> None:
    error = failure(run, python("x = bytearray(1 << 30)", memory_bytes=400 << 20))
    assert error.code == "tool_out_of_memory"
    assert "400 MiB" in error.message


def test_a_processor_hog_is_stopped(run: ProcessRunner) -> None:
    error = failure(run, python("while True: pass", cpu_s=1, wall_s=60))
    assert (error.code, error.retryable) == ("tool_timeout", False)


def test_a_file_may_not_grow_over_its_limit(run: ProcessRunner, tmp_path: Path) -> None:
    error = failure(run, sh("exec dd if=/dev/zero of=big bs=65536 count=100", work=tmp_path, file_bytes=1 << 20))
    assert error.code == "tool_output_too_large"
    assert (tmp_path / "big").stat().st_size <= 1 << 20


def test_endless_stdout_is_stopped(run: ProcessRunner) -> None:
    assert failure(run, sh("cat /dev/zero")).code == "tool_output_too_large"
    assert STDOUT_BYTES < 1 << 30


def test_a_kill_from_outside_is_called_lack_of_memory(run: ProcessRunner) -> None:
    error = failure(run, sh("sh -c 'kill -9 $PPID'; sleep 5")) if run.sandbox_level() == "limits" else None
    assert error is None or (error.code, error.retryable) == ("tool_out_of_memory", True)


def test_a_missing_program(run: ProcessRunner) -> None:
    assert "not installed" in failure(run, Command(("no-such-program",))).message


@pytest.mark.parametrize("script", ["echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1",
                                    "echo 'No space left on device' >&2", "exit 228"])
def test_a_full_disk_by_what_the_tool_says(run: ProcessRunner, script: str) -> None:
    error = failure(run, sh(script))
    assert isinstance(error, OutOfSpace)
    assert error.retryable


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False).returncode:
        pytest.skip("this system mounts nothing")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_really_full_disk(run: ProcessRunner, tiny_disk: Path) -> None:
    assert isinstance(failure(run, sh("dd if=/dev/zero of=big bs=65536 count=100", work=tiny_disk)), OutOfSpace)


def test_the_sandbox_shows_only_what_the_command_names(tmp_path: Path) -> None:
    run = ProcessRunner(Settings())
    if run.sandbox_level() == "limits":
        pytest.skip("no bubblewrap that works here")
    secret, given, work = tmp_path / "other" / "secret", tmp_path / "given", tmp_path / "work"
    for path, text in ((secret, "secret"), (given, "given")):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    work.mkdir()
    script = f"cat {given}; echo; cat {secret}; echo x > {given}; cat /etc/passwd; pwd; echo y > made; ls /proc; exit 0"
    done = run(Command(("sh", "-c", script), reads=(given,), work=work))
    assert done.stdout.decode().split() == ["given", str(work)]
    assert given.read_text() == "given"
    assert (work / "made").read_text() == "y\n"
    assert run(sh("ls /sys/class/net 2>/dev/null; exit 0")).stdout == b""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("setpriv"), reason="only Linux tells a child")
def test_a_command_dies_with_its_parent(tmp_path: Path) -> None:
    script = ("from infra.core.command import Command; from infra.core.settings import Settings; "
              "from infra.process import ProcessRunner; "
              f"ProcessRunner(Settings(sandbox='off'))(Command(('sh', '-c', 'echo $$ > {tmp_path}/pid; exec sleep 60')))")
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2],
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    deadline = granted_s() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        assert granted_s() < deadline
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    time.sleep(0.3)
    assert not alive(int((tmp_path / "pid").read_text()))


def test_own_processes_end_in_time_with_all_they_started(tmp_path: Path) -> None:
    polite = spawn(["sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"], output=subprocess.PIPE)
    assert polite.stdout is not None
    polite.stdout.readline()
    end_group(polite, 5)
    assert polite.returncode == 7
    polite.stdout.close()
    stubborn = spawn(["sh", "-c", "trap '' TERM; sleep 61 & echo $!; while :; do sleep 0.05; done"],
                     env={"A": "b"}, output=subprocess.PIPE)
    assert stubborn.stdout is not None
    grandchild = int(stubborn.stdout.readline())
    end_group(stubborn, 0.3)
    stubborn.stdout.close()
    time.sleep(0.2)
    assert not alive(grandchild)


def test_a_timeout_of_all_sockets_does_not_matter(run: ProcessRunner) -> None:
    """As some libraries set one: it makes a socket one that does not block, and the tool's shell gave up at once."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(5)
    try:
        assert run(sh("sleep 0.1; echo out")).stdout == b"out\n"
    finally:
        socket.setdefaulttimeout(before)


_WORKER = """
import sys
from infra.core.command import Command
from infra.core.settings import Settings
from infra.process import ProcessRunner
runner = ProcessRunner(Settings(sandbox=sys.argv[1]))
print(flush=True)
runner(Command(("sleep", sys.argv[2])))
"""


@pytest.mark.parametrize("sandbox", ["off", "auto"])
def test_nothing_outlives_a_worker_that_is_killed_while_its_tool_starts(sandbox: str) -> None:
    """Without the answer that a tool waits for, one in eight of these kills left a `sleep` behind for ever."""
    seconds = f"617.{os.getpid()}"
    for after_ms in range(16):
        worker = subprocess.Popen([sys.executable, "-c", _WORKER, sandbox, seconds], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        with worker.stdout as ready:
            ready.readline()
            time.sleep(after_ms / 1000)
            worker.kill()
            worker.wait()
    deadline = granted_s() + 10
    while left := [process.pid for process in psutil.process_iter(["cmdline"])
                   if (process.info["cmdline"] or [""])[-1] == seconds]:
        assert granted_s() < deadline, f"they outlived their worker: {left}"
        time.sleep(0.05)
