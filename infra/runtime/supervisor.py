"""`lectern up`: starts the processes of one machine, starts again what dies, and ends them all together.

Where it can, it is forked: what a child imports is imported once, here, and its memory is shared. Nine processes start
within 3 s of processor time instead of 18 (measured), and take half the memory.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from infra.core.errors import ConfigError, Conflict, LecternError
from infra.core.settings import Settings
from infra.db import demands, due, steps
from infra.db.migrate import upgrade
from infra.db.session import Database, url_of
from infra.own_processes import Forked, can_fork, fork, spawn
from infra.owner import owner_of
from infra.runtime import child as child_process

if TYPE_CHECKING:
    import subprocess

logger = logging.getLogger(__name__)

LOOK_S = 0.1
END_S = 11.0  # after SIGTERM: workers take up to 8 s to let what is in hand end
STEADY_S = 10.0  # a process that lived this long did not fail at its start
MAX_PAUSE_S = 30.0
FAILED_STARTS = 3  # in a row, before the service was ever ready: the installation is wrong
PREDECESSOR_S = 15.0


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep alive: what follows `python -m`, and the queues whose messages it may hold."""

    name: str
    arguments: tuple[str, ...]
    queues: tuple[str, ...] = ()


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | Forked | None = None
    owner: str = ""
    started_s: float = 0.0
    start_at_s: float = 0.0
    failures: int = 0  # deaths in a row, each soon after the start


def programs(settings: Settings, web: Sequence[str]) -> list[Program]:
    """The embedded mode's processes. `web` is what follows `python -m`; it serves settings.host and .port."""
    def worker(queue: str, concurrency: int) -> Program:
        return Program(queue, ("infra.runtime.worker", queue, "--concurrency", str(concurrency)), (queue,))

    return [
        Program("web", tuple(web)),
        worker("jit", settings.jit_workers),
        worker("media", settings.media_workers),
        worker("light", settings.light_workers),
        *([worker("speech", settings.speech_workers)] if settings.transcribe and settings.speech_workers else []),
        Program("sweeper", ("infra.runtime.sweeper",)),
        Program("rollup", ("infra.runtime.rollup",)),
        *([Program("live", ("infra.runtime.live",))] if settings.live else []),
    ]


def up(settings: Settings, web: Sequence[str], announce: Callable[[str], None] | None = None,
       choose: Callable[[Settings, Sequence[str]], list[Program]] = programs) -> int:
    """Run until SIGTERM or Ctrl-C; the exit code. Call it from the main thread.

    `announce(url)` is called once, when /readyz answers 200 (default: print `ready URL`). Raises ConfigError
    `port_in_use`, Conflict `already_running` or `data_in_use`, before anything is started.
    """
    settings = settings.model_copy(update={"data": settings.data.absolute()})
    _make(settings.data)
    with alone(settings.data) as lock:
        settings = settings.model_copy(update={"port": _free_port(settings.host, settings.port)})
        database = Database(url_of(settings))
        upgrade(database)
        try:
            return _Supervisor(settings, database, choose(settings, web), announce or _print_ready, lock).run()
        finally:
            database.dispose()


class _Supervisor:
    def __init__(self, settings: Settings, database: Database, wanted: Sequence[Program],
                 announce: Callable[[str], None], lock: IO[bytes]) -> None:
        self._settings = settings
        self._database = database
        self._children = [_Child(program) for program in wanted]
        self._announce = announce
        self._lock = lock
        self._environment = settings.environment()
        self._signals = 0
        self._wake = threading.Event()
        self._ready = threading.Event()

    def run(self) -> int:
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self._signalled)
        if can_fork():
            self._import_what_they_need()
            self._database.dispose()  # a connection is not for two
        try:
            for child in self._children:
                if not self._signals:
                    self._start(child)
            threading.Thread(target=self._wait_until_ready, name="ready", daemon=True).start()
            while not self._signals:
                for child in self._children:
                    self._look_after(child)
                    if child.failures >= FAILED_STARTS and not self._ready.is_set():
                        logger.error("%s ended %d times at its start; its messages above say why",
                                     child.program.name, child.failures)
                        return 1
                self._wake.wait(LOOK_S)
            return 0
        finally:
            self._end_all()

    def _signalled(self, signum: int, frame: Any) -> None:
        self._signals += 1
        self._wake.set()

    def _look_after(self, child: _Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.start_at_s:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        steady = time.monotonic() - child.started_s > STEADY_S
        child.failures = 0 if steady else child.failures + 1
        pause_s = 0.0 if child.failures <= 1 else min(MAX_PAUSE_S, 0.5 * 2.0 ** (child.failures - 1))
        logger.warning("%s ended (%s); it is started again%s", child.program.name, _ending(code),
                       f" in {pause_s:g} s" if pause_s else "")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)  # what it may have left behind
        # Not here: a database that is busy must not keep a signal, or another child, waiting.
        threading.Thread(target=self._free, args=(child.owner, child.program.queues), daemon=True).start()
        child.process, child.start_at_s = None, time.monotonic() + pause_s

    def _start(self, child: _Child) -> None:
        arguments = [str(os.getpid()), str(_children_lock(self._settings.data)), child.program.name,
                     *child.program.arguments]
        child.process = (
            fork(partial(child_process.main, arguments), env=self._environment, not_its=[self._lock]) if can_fork()
            else spawn([sys.executable, "-m", "infra.runtime.child", *arguments], env=self._environment))
        child.owner, child.started_s = owner_of(child.process.pid), time.monotonic()

    def _import_what_they_need(self) -> None:
        for module in dict.fromkeys(child.program.arguments[0] for child in self._children):
            with contextlib.suppress(ImportError):  # it says so itself when it is started
                importlib.import_module(module)
        gc.collect()
        gc.freeze()  # what a child does not touch stays shared

    def _free(self, owner: str, queues: tuple[str, ...]) -> None:
        try:
            with self._database.write() as session:
                steps.release_owner(session, owner, self._settings.max_attempts)
                demands.release_owner(session, owner)
                for queue in queues:
                    due.unring_queue(session, queue)
        except LecternError as error:  # the leases run out by themselves
            logger.warning("Leases of a process that ended could not be freed: %s", error)

    def _wait_until_ready(self) -> None:
        url = _url(self._settings.host, self._settings.port)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while not self._signals:
            try:
                with opener.open(url + "/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        self._ready.set()
                        self._announce(url)
                        return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(LOOK_S)

    def _end_all(self) -> None:
        alive = [child.process for child in self._children if child.process is not None]
        for process in alive:
            process.terminate()
        deadline_s = time.monotonic() + END_S
        while alive and time.monotonic() < deadline_s and self._signals < 2:
            alive = [process for process in alive if process.poll() is None]
            time.sleep(0.02)
        for process in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def alone(data: Path) -> Iterator[IO[bytes]]:
    """This data folder is ours until the end of the block, and its former processes have ended. Gives the locked file."""
    with (data / "up.lock").open("ab") as ours:
        try:
            fcntl.flock(ours, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("already_running", f"Lectern already runs on {data}. Stop it first, or give another "
                           "folder with --data.") from None
        with _children_lock(data).open("ab") as theirs:
            deadline_s = time.monotonic() + PREDECESSOR_S
            while True:
                try:
                    fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline_s:
                        raise Conflict("data_in_use", f"Processes of an earlier start still work on {data}. End "
                                       "them (ps -ef | grep infra.runtime) and try again.") from None
                    time.sleep(LOOK_S)
        yield ours


def _children_lock(data: Path) -> Path:
    return data / "children.lock"


def _make(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("data_folder", f"The data folder {data} can not be made: {error.strerror}.") from None


def _free_port(host: str, port: int) -> int:
    """`port`, if it can be listened on; for 0, one that can. Raises ConfigError `port_in_use`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            return int(trial.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError("port_in_use", f"Port {port} of {host} is in use by another program. Choose another "
                              "with --port.") from None
        raise ConfigError("address", f"Lectern can not listen on {host}, port {port}: {error.strerror}.") from None


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _print_ready(url: str) -> None:
    print(f"ready {url}", flush=True)
