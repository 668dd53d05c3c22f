"""What all native servers share: a folder, a free port, the system's user, and a start that waits for an answer.

    class Redis(Server): ...
    with Redis(folder) as redis:      # start() ... stop()
        redis.url
        redis.kill(); redis.start()   # SIGKILL; the same data afterwards
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from infra.core.errors import ConfigError
from infra.own_processes import end_group, spawn

if TYPE_CHECKING:
    import subprocess

POLL_S = 0.05
STOP_S = 20.0  # then SIGKILL


def find_program(name: str, packages: str, *folders: str) -> Path:
    """Where a program is: in `folders` (newest version first), on the PATH, or where Debian puts servers.

    Raises ConfigError with the line that installs `packages`.
    """
    places = [str(place) for pattern in folders for place in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)]
    places += [os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise ConfigError("server_missing", f"{name} is not installed: "
                          f"sudo apt-get install --no-install-recommends {packages}")
    return Path(found)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def wait_until(done: Callable[[], object], within_s: float, why: Callable[[], str]) -> None:
    """Return as soon as `done()` is true. Raises ConfigError with `why()` when it is not in time."""
    deadline_s = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline_s:
            raise ConfigError("server_start", why())
        time.sleep(POLL_S)


def system_user(name: str) -> pwd.struct_passwd | None:
    """The user whom a server started by root runs as; None: stay who we are."""
    if os.geteuid() != 0 or not name:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def as_user(name: str) -> list[str]:
    """What to put before a command so that root runs it as this user; empty for anybody but root."""
    user = system_user(name)
    if user is None:
        return []
    setpriv = find_program("setpriv", "util-linux")
    # A change of user forgets that the process should end with its parent: it is said again.
    return [str(setpriv), "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--init-groups",
            "--pdeathsig", "TERM", "--"]


def give_folder(folder: Path, user_name: str) -> None:
    """Make the folder and let that user own it. Raises ConfigError when the user can not get to it."""
    folder.mkdir(parents=True, exist_ok=True)
    user = system_user(user_name)
    if user is None:
        return
    for parent in folder.parents:
        if not parent.stat().st_mode & 0o001:
            raise ConfigError("server_folder", f"The user {user_name} can not enter {parent}: choose another folder "
                              f"for the server's files, or chmod o+x {parent}.")
    os.chown(folder, user.pw_uid, user.pw_gid)


def _descendants(pid: int) -> list[int]:
    """The processes that it started, and theirs (Linux; elsewhere none is found)."""
    try:
        own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return own + [deeper for child in own for deeper in _descendants(child)]


class Server(ABC):
    """One server whose files are all in `folder`. Starting is for the main thread (see `infra.own_processes.spawn`)."""

    name: ClassVar[str]
    packages: ClassVar[str]
    user: ClassVar[str] = ""  # the system's user of this server, where the package makes one
    start_s: ClassVar[float] = 30.0

    def __init__(self, folder: Path) -> None:
        """Starts nothing. Raises ConfigError with the packages to install when a program is missing."""
        self.folder = folder.absolute()
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    @abstractmethod
    def url(self) -> str:
        """What Lectern's setting for this server takes."""

    @abstractmethod
    def _launch(self) -> None:
        """Prepare the folder and start the processes with `_spawn`, the one that all hangs on last."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it does its work, not only listens."""

    def start(self) -> None:
        """Returns when it answers. Raises ConfigError with the end of its log when it does not."""
        give_folder(self.folder, self.user)
        try:
            self._launch()
            main = self._processes[-1]
            wait_until(lambda: main.poll() is not None or self._answers(), self.start_s, self._why)
            if main.poll() is not None:
                raise ConfigError("server_start", self._why())
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it in order; its data is on the disk. Stopping what does not run is no error."""
        for process in reversed(self._processes):
            end_group(process, STOP_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to all its processes. `start` works again, with what had reached the disk."""
        for process in reversed(self._processes):
            started = _descendants(process.pid)  # PostgreSQL's have process groups of their own
            for pid in (-process.pid, *started):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def is_running(self) -> bool:
        """Whether it was started and none of its processes has ended."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes)

    def log(self) -> str:
        """The end of what it printed."""
        path = self.folder / f"{self.name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-8:]) if path.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _spawn(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        with (self.folder / f"{self.name}.log").open("ab") as output:
            process = spawn([*as_user(self.user), *map(str, argv)], env=env, cwd=self.folder, output=output)
        self._processes.append(process)
        return process

    def _run(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None, within_s: float = 60.0) -> None:
        """A command of the server's set-up, to its end. Raises ConfigError with the end of the log."""
        process = self._spawn(argv, env)
        try:
            wait_until(lambda: process.poll() is not None, within_s, self._why)
        finally:
            self._processes.remove(process)
            end_group(process, 0.0)
        if process.returncode != 0:
            raise ConfigError("server_start", self._why())

    def _why(self) -> str:
        return f"{self.name} does not start. The end of its log:\n{self.log()}"
