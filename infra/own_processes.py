"""Starts Lectern's own processes, and the servers that it brings up: each leads a group of its own."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from infra.process import find_setpriv

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def spawn(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None,
          output: IO[bytes] | int | None = None, passing: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start one of Lectern's own processes in a process group of its own, with our environment plus `env`.

    Ctrl-C in the terminal reaches only the parent, which ends the others in order (`end_group`). On Linux it
    gets SIGTERM when the calling *thread* ends, so call this from the main thread. `output` takes stdout and
    stderr; None: where ours go. `passing`: file descriptors that it gets, too. Raises OSError.
    """
    setpriv = find_setpriv()
    return subprocess.Popen([*([setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []), *argv],
                            stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=passing,
                            env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True)


def can_fork() -> bool:
    """Whether a copy of this process is one that works: other threads would be missing in it, with the locks they hold.
    Outside of Linux there are system libraries that take it ill."""
    return sys.platform == "linux" and threading.active_count() == 1


class Forked:
    """A copy of this process that does something else. As `subprocess.Popen`, as far as a supervisor needs it."""

    def __init__(self, main: Callable[[], object], env: Mapping[str, str], not_its: Sequence[IO[bytes]]) -> None:
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_become, args=(main, dict(env), not_its, os.getpid()))
        # What ends it from now on waits until it has no more of our handlers, which would swallow that.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        """The exit code, or what killed it as a negative number; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Until it has ended, for at most so many seconds; as `poll`."""
        self._process.join(timeout)
        return self.poll()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()


def fork(main: Callable[[], object], *, env: Mapping[str, str], not_its: Sequence[IO[bytes]] = ()) -> Forked:
    """What `spawn` does, of what is imported here already: a process that runs `main` and ends with its exit code.

    `not_its`: our files that it closes, as the locks of a file are shared by those who have inherited it. Call it only
    where `can_fork`.
    """
    return Forked(main, env, not_its)


def _become(main: Callable[[], object], env: Mapping[str, str], not_its: Sequence[IO[bytes]], parent: int) -> None:
    os.setsid()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before we said so
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for file in not_its:
        file.close()
    os.environ.update(env)
    main()


def end_group(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """SIGTERM to the process, SIGKILL to its whole group when it is still there after `grace_s` seconds."""
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
