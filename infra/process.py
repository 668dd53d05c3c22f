"""Starts the programs that are not ours, and no other module does: one command under limits.

A command is started as

    sh (sets the limits) -> nice -> bwrap | setpriv (dies with its parent) -> sh (waits for our word) -> the tool

each replacing the one before it by exec, in a process group of its own. No code runs between fork and exec in
this process, because it has threads. The last shell is there because a process can only ask to die with its parent
once it runs: if we are killed before (measured: 5 of 40 kills within 16 ms of the start), bwrap would start the tool
all the same, and nobody would end it. So the tool is started only when we answer, and who is dead does not.

Two traps, measured: a tool's exit code is no proof that its output is whole (ffmpeg writing HLS on a full disk exits
0), and a killed process says only "137": so the limits that were set decide what a signal is called.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Literal

from infra.core.command import Command
from infra.core.errors import LecternError, OutOfSpace, StepFailed
from infra.core.settings import Settings
from infra.core.steps import Completed
from infra.giving_way import LOOK_S, Background, waited_for
from infra.piped import Piped

TAIL_LINES = 40
STDOUT_BYTES = 64 << 20  # a command that prints more must be read through on_stdout
_READ_BYTES = 1 << 16
_LAST_READS = 16  # a pipe holds 64 KiB, unless somebody made it larger: at most 1 MiB, which is 16 reads
TICK_S = 0.25  # how often cancellation and the clock are looked at

# `ulimit` counts CPU seconds, kilobytes and 512-byte blocks. A limit that the system does not know, or that is
# lower already, is no reason not to run.
_LAUNCH = ('{ ulimit -c 0; ulimit -S -t "$1"; ulimit -H -t "$(($1 + 2))"; ulimit -v "$2"; ulimit -f "$3"; } '
           '2>/dev/null; shift 3; exec "$@"')
# A desktop kernel (sched_autogroup) shares the processor out between sessions, and every command is one: among them
# only the session's own niceness counts, not the process's. Unprivileged, it can be set ten times a second by all.
_YIELD = ('for try in 1 2 3 4 5; do { echo "$0" > /proc/self/autogroup; } 2>/dev/null && break; '
          '[ -w /proc/self/autogroup ] || break; sleep 0.1; done; exec nice -n "$0" "$@"')
# Standard input is a socket to us: the first line out says that from now on it dies with us, a line back that we live.
_BEGIN = 'echo >&0 && read answer && exec "$@" < /dev/null'
_BEGIN_FED = 'echo >&0 && read answer && exec "$@"'  # the socket stays: it brings what the tool reads
# Nothing of our own environment, where secrets are, reaches a tool.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/tmp",
                "AV_LOG_FORCE_NOCOLOR": "1"}
# What a dynamically linked tool needs. Debian's ffmpeg finds its BLAS through /etc/alternatives.
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/etc/alternatives",
           "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")


class ToolFailed(StepFailed):
    """A command that did not end well. `stderr` is its tail, for those who can read it."""

    stderr: str = ""

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.message), {"retryable": self.retryable, "stderr": self.stderr})


class ProcessRunner:
    """Runs commands; implements `infra.core.steps.Runner`. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._bwrap = shutil.which("bwrap") if settings.sandbox == "auto" else None
        self._setpriv = find_setpriv()
        # Without a data folder (`lectern plan`) nothing else runs that could give way.
        self._sign = settings.data.absolute() / "somebody-waits.lock" if settings.data.is_dir() else None
        if self._bwrap and not self._trial(self._bwrap):
            self._bwrap = None

    def sandbox_level(self) -> Literal["bubblewrap", "limits"]:
        """How far a command is kept from the rest of the machine: own namespaces, or limits only."""
        return "bubblewrap" if self._bwrap else "limits"

    def __call__(self, command: Command, *, on_stdout: Callable[[bytes], None] | None = None,
                 cancelled: Callable[[], bool] | None = None) -> Completed:
        """Run to the end; see `Runner` for what is raised. Commands of niceness 0 let the others stand still."""
        with waited_for(self._sign) if self._sign and not command.nice else contextlib.nullcontext():
            return self._run(command, on_stdout, cancelled)

    def _run(self, command: Command, on_stdout: Callable[[bytes], None] | None,
             cancelled: Callable[[], bool] | None) -> Completed:
        tool = shutil.which(command.argv[0])
        if tool is None:
            raise ToolFailed("tool_failed", f"The program {command.argv[0]} is not installed here.")
        started = time.monotonic()
        # start_new_session: a group to kill, and no terminal that a tool could write into.
        ours, its = socket.socketpair()
        its.settimeout(None)  # libraries set a default for all sockets, and a shell does not wait at one that does not block
        with its:
            try:
                process = subprocess.Popen(
                    self._argv(command, tool), stdin=its.fileno(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    env=_ENVIRONMENT, cwd=command.work, start_new_session=True)
            except BaseException:
                ours.close()
                raise
        assert process.stdout is not None
        assert process.stderr is not None
        background = Background(self._sign, process.pid) if self._sign and command.nice else None
        child = _Child(process.pid, ours, process.stdout, process.stderr, background)
        try:
            why = child.follow(started + command.limits.wall_s, on_stdout, cancelled)
        finally:
            child.end()
            if background is not None:
                background.close()
            process.returncode = child.status  # reaped by us: wait4 also tells the CPU time
            ours.close()
            process.stdout.close()
            process.stderr.close()
        stderr = child.tail()
        failure = _failure(command, why, child, stderr, sandboxed=self._bwrap is not None)
        if failure is not None:
            raise failure
        return Completed(bytes(child.collected), stderr, time.monotonic() - started, child.cpu_s)

    def open(self, make: Callable[[Sequence[int]], Command], outputs: int) -> Piped:
        """Start a command that reads what we send it and writes to `outputs` pipes, until it ends or is ended.

        `make` gets the numbers that the pipes have in the command. Call it from a thread that lives as long as the
        command should. Raises ToolFailed when the program is not there, OSError.
        """
        pipes = [os.pipe() for _ in range(outputs)]
        ours, its = socket.socketpair()
        its.settimeout(None)
        try:
            command = make([write for _, write in pipes])
            tool = shutil.which(command.argv[0])
            if tool is None:
                raise ToolFailed("tool_failed", f"The program {command.argv[0]} is not installed here.")
            process = subprocess.Popen(
                self._argv(command, tool, _BEGIN_FED), stdin=its.fileno(), stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, env=_ENVIRONMENT, cwd=command.work, start_new_session=True,
                pass_fds=[write for _, write in pipes])
        except BaseException:
            ours.close()
            for read, _ in pipes:
                os.close(read)
            raise
        finally:
            its.close()
            for _, write in pipes:
                os.close(write)
        return Piped(process, ours, [read for read, _ in pipes])

    def _argv(self, command: Command, tool: str, begin: str = _BEGIN) -> list[str]:
        limits = command.limits
        argv = ["/bin/sh", "-c", _LAUNCH, "sh", str(limits.cpu_s), str(limits.memory_bytes >> 10),
                str(limits.file_bytes >> 9)]
        if command.nice:
            argv += ["/bin/sh", "-c", _YIELD, str(command.nice)]
        if self._bwrap:
            argv += [self._bwrap, *_sandbox_args(tool, command.reads, command.work), "--"]
        elif self._setpriv:
            argv += [self._setpriv, "--pdeathsig", "KILL", "--"]
        return [*argv, "/bin/sh", "-c", begin, "sh", tool, *command.argv[1:]]

    def _trial(self, bwrap: str) -> bool:
        true = shutil.which("true") or "/bin/true"
        return _works([bwrap, *_sandbox_args(true, (), None), "--", true])


class _Child:
    """One running command: its pipes, its clock, its end."""

    def __init__(self, pid: int, start: socket.socket, stdout: IO[bytes], stderr: IO[bytes],
                 background: Background | None) -> None:
        self.pid = pid
        self._start = start
        self._background = background
        self.collected = bytearray()
        self.status = 0  # exit code, or minus the signal
        self.cpu_s = 0.0
        self._out, self._err = stdout.fileno(), stderr.fileno()
        self._lines: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._rest = b""
        self._reaped = False

    def tail(self) -> str:
        lines = [*self._lines, self._rest] if self._rest else list(self._lines)
        return b"\n".join(lines[-TAIL_LINES:]).decode(errors="replace").strip()

    def follow(self, deadline_s: float, on_stdout: Callable[[bytes], None] | None,
               cancelled: Callable[[], bool] | None) -> str:
        """Read both pipes until their end; why the command must be stopped, or "" when it ended by itself."""
        next_tick_s = 0.0
        tick_s = LOOK_S if self._background else TICK_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._start, selectors.EVENT_READ)
            selector.register(self._out, selectors.EVENT_READ)
            selector.register(self._err, selectors.EVENT_READ)
            while selector.get_map():
                self._read(selector, tick_s, on_stdout)
                if len(self.collected) > STDOUT_BYTES:
                    return "output"
                now_s = time.monotonic()
                if now_s > deadline_s + (self._background.look() if self._background else 0.0):
                    return "wall"
                if now_s >= next_tick_s:  # also while it prints without a pause
                    next_tick_s = now_s + TICK_S
                    if cancelled is not None and cancelled():
                        return "cancelled"
                    if self._exited():
                        for _ in range(_LAST_READS):  # what it printed since we looked
                            self._read(selector, 0, on_stdout)
                        break  # if something it started still holds the pipes, it goes with the group
        pause_s = 0.0005
        while not self._exited():  # the pipes close a moment before the process is gone
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, TICK_S)
            if time.monotonic() > deadline_s:
                return "wall"
            if pause_s >= TICK_S and cancelled is not None and cancelled():
                return "cancelled"
        return ""

    def _read(self, selector: selectors.BaseSelector, wait_s: float, on_stdout: Callable[[bytes], None] | None) -> None:
        """Take what is there of each pipe, once; wait for the first that has something."""
        for key, _ in selector.select(wait_s):
            if key.fileobj is self._start:
                selector.unregister(self._start)
                self._answer()
                continue
            data = os.read(key.fd, _READ_BYTES)
            if not data:
                selector.unregister(key.fd)
            elif key.fd == self._err:
                self._keep(data)
            elif on_stdout is not None:
                on_stdout(data)
            else:
                self.collected += data

    def end(self) -> None:
        """Kill what is left of the group, then reap: in this order, or the group's number may be another's."""
        if not self._reaped:
            # macOS says "not permitted" of a group that holds only a zombie.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._reap(0)

    def _answer(self) -> None:
        with contextlib.suppress(OSError):  # it ended before it could ask
            if self._start.recv(1):
                self._start.sendall(b"\n")

    def _exited(self) -> bool:
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._reaped or self._reap(os.WNOHANG)
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _reap(self, flags: int) -> bool:
        pid, status, usage = os.wait4(self.pid, flags)
        if pid:
            self._reaped = True
            self.status = os.waitstatus_to_exitcode(status)
            self.cpu_s = usage.ru_utime + usage.ru_stime
        return self._reaped

    def _keep(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._lines.extend(line[:1000] for line in lines if line)
        self._rest = self._rest[-1000:]  # a tool may print megabytes without a line end


def _failure(command: Command, why: str, child: _Child, stderr: str, *, sandboxed: bool) -> LecternError | None:
    """What to call this end, or None when all is well."""
    name = Path(command.argv[0]).name
    limits = command.limits
    code = child.status
    # Inside bubblewrap a signal arrives as 128 + its number, as in a shell.
    signum = -code if code < 0 else code - 128 if sandboxed and 128 < code <= 128 + 64 else 0
    if why == "cancelled":
        return _failed("cancelled", "The work was called off.", stderr, retryable=True)
    if why == "wall":
        return _failed("tool_timeout", f"{name} did not finish within {limits.wall_s:g} seconds.", stderr,
                       retryable=True)
    if why == "output":
        return _failed("tool_output_too_large", f"{name} printed more than {STDOUT_BYTES >> 20} MiB.", stderr)
    # Also when it says that all went well: some of ffmpeg's muxers report a full disk and exit 0.
    if "No space left on device" in stderr or code == 256 - 28:  # ffmpeg exits with minus the errno (ENOSPC)
        return OutOfSpace("disk_full", "The disk is full. Free some space; the work goes on by itself.")
    if code == 0:
        return None
    if signum == signal.SIGXFSZ or "File too large" in stderr:
        return _failed("tool_output_too_large",
                       f"{name} wrote more than the allowed {limits.file_bytes >> 20} MiB into one file.", stderr)
    if signum == signal.SIGXCPU or child.cpu_s >= limits.cpu_s or "received signal 24" in stderr:
        return _failed("tool_timeout", f"{name} used more than {limits.cpu_s} seconds of processor time.", stderr)
    if signum == signal.SIGKILL:
        return _failed("tool_out_of_memory", f"The system ended {name}, most likely for lack of memory.", stderr,
                       retryable=True)
    if any(sign in stderr for sign in ("Cannot allocate memory", "bad_alloc", "ut of memory", "MemoryError")):
        return _failed("tool_out_of_memory",
                       f"{name} needed more than the allowed {limits.memory_bytes >> 20} MiB of memory.", stderr)
    last = stderr.rsplit("\n", 1)[-1][:300]
    how = f"was ended by signal {signum}" if signum else f"failed with exit code {code}"
    return _failed("tool_failed", f"{name} {how}" + (f": {last}" if last else "."), stderr)


def _failed(code: str, message: str, stderr: str, *, retryable: bool = False) -> ToolFailed:
    failure = ToolFailed(code, message, retryable=retryable)
    failure.stderr = stderr
    return failure


def _sandbox_args(tool: str, reads: Iterable[Path], work: Path | None) -> list[str]:
    """Options for bubblewrap: no network, no other process, only these files."""
    # As process 1 of its namespace the tool is waited for by bwrap itself, and its CPU time is counted.
    args = ["--unshare-all", "--as-pid-1", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"]
    for name, value in _ENVIRONMENT.items():
        args += ["--setenv", name, value]
    for path in _SYSTEM:
        args += ["--ro-bind-try", path, path]
    args += ["--dev", "/dev", "--tmpfs", "/tmp"]  # no /proc: containers often forbid it, and no tool of ours asks
    for folder in _tool_folders(Path(tool)):
        args += ["--ro-bind", folder, folder]
    for read in reads:
        args += ["--ro-bind", str(read.absolute()), str(read.absolute())]
    if work is not None:
        args += ["--bind", str(work.absolute()), str(work.absolute()), "--chdir", str(work.absolute())]
    return args


def _tool_folders(tool: Path) -> list[str]:
    """The tool's folder, where a link to it points, and the libraries beside a `bin`."""
    folders: list[str] = []
    for folder in dict.fromkeys((tool.parent, tool.resolve().parent)):
        for part in (folder, folder.parent / "lib" if folder.name == "bin" else folder):
            if part.is_dir() and str(part) not in folders and not part.is_relative_to("/usr") and len(part.parts) > 2:
                folders.append(str(part))
    return folders


def _works(argv: list[str]) -> bool:
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=_ENVIRONMENT,
                              timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_setpriv() -> str | None:
    """The program that has a process die with its parent; None where there is none that can."""
    setpriv = shutil.which("setpriv")  # BusyBox has one without --pdeathsig
    return setpriv if setpriv and _works([setpriv, "--pdeathsig", "KILL", "--", "true"]) else None
