"""All of Lectern's servers and processes on one machine, as on many: PostgreSQL, Redis or RabbitMQ, S3, nginx, workers.

    python -m infra.deploy.native_stack --folder /srv/lectern --workers 2 --port 8080

The servers are the distribution's packages, in folders of their own under `folder`. Every process of Lectern has its
own data folder, too: what they share is the database, the broker and the object store. Prints `ready URL` and the
admin key; Ctrl-C ends everything in order; what dies is started again.

The S3 server of the packages keeps its objects in memory: it is for trying and for tests. `--storage DIRECTORY` keeps them
in a directory that nginx serves, `--storage s3://BUCKET?endpoint=...` in a store that you have (LECTERN_S3_ACCESS_KEY,
LECTERN_S3_SECRET_KEY).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from infra.core.errors import ConfigError, LecternError
from infra.core.settings import Settings
from infra.deploy.init import prepare
from infra.deploy.native.nginx import Nginx
from infra.deploy.native.postgres import Postgres
from infra.deploy.native.rabbitmq import RabbitMQ
from infra.deploy.native.radosgw import Radosgw
from infra.deploy.native.redis import Redis
from infra.deploy.native.server import Server, free_port, wait_until
from infra.deploy.nginx_conf import Edge
from infra.own_processes import end_group, spawn
from infra.runtime.ending import exit_with

if TYPE_CHECKING:
    import subprocess

BUCKET = "lectern"
READY_S = 60.0
GRACE_S = 12.0  # a worker lets what is in hand end for 8 s
_LOOK_S = 0.2
_SOON_S = 5.0  # a process that dies sooner after its start than this is left alone for as long


@dataclass(slots=True)
class Own:
    """One of Lectern's processes: what follows `python -m`, its data folder, and the process while it runs."""

    name: str
    arguments: tuple[str, ...]
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    cpus: set[int] | None = None
    start_at_s: float = 0.0
    started_s: float = 0.0


class NativeStack:
    """The whole installation in `folder` (which the servers' users must be able to enter). Use it from one thread.

    with NativeStack(folder, workers=2) as stack:
        stack.url, stack.admin_key, stack.names()
        stack.kill("media-1"); stack.start_one("media-1")
    """

    def __init__(self, folder: Path, *, workers: int = 2, web: int = 1, port: int = 0, broker: str = "redis",
                 storage: str = "s3", concurrency: int = 1, settings: Mapping[str, str] | None = None,
                 unsafe_fast: bool = False) -> None:
        """Starts nothing. `workers` media workers of `concurrency` spans each; `settings` are LECTERN_... of all
        processes. Raises ConfigError with the packages to install."""
        self.folder = folder.absolute()
        self.admin_key = ""
        self.postgres = Postgres(self.folder / "postgres", unsafe_fast=unsafe_fast)
        self.broker: Server = (RabbitMQ if broker == "rabbitmq" else Redis)(self.folder / broker)
        self.s3 = Radosgw(self.folder / "s3") if storage == "s3" else None
        self._storage = storage
        self._more = dict(settings or {})
        self.web_ports = [free_port() for _ in range(web)]
        port = port or free_port()
        self.nginx = Nginx(self.folder / "nginx", self._edge(port), port)
        self.processes: dict[str, Own] = {}
        for number, web_port in enumerate(self.web_ports, 1):
            self._add(f"web-{number}", "infra.runtime.web", LECTERN_PORT=str(web_port), LECTERN_HOST="127.0.0.1")
        self._add("jit", "infra.runtime.worker", "jit", "--concurrency", "2")
        for number in range(1, workers + 1):
            self._add(f"media-{number}", "infra.runtime.worker", "media", "--concurrency", str(concurrency))
        self._add("light", "infra.runtime.worker", "light", "--concurrency", "2")
        self._add("speech", "infra.runtime.worker", "speech", "--concurrency", "1")
        self._add("sweeper", "infra.runtime.sweeper")
        self._add("rollup", "infra.runtime.rollup")

    @property
    def url(self) -> str:
        """Where viewers come in."""
        return self.nginx.url

    def names(self) -> list[str]:
        """Everything that can be killed."""
        return [*self._servers(), *self.processes]

    def environment(self) -> dict[str, str]:
        """The LECTERN_... settings that all processes share."""
        shared = {"LECTERN_DATABASE_URL": self.postgres.url, "LECTERN_BROKER_URL": self.broker.url,
                  "LECTERN_DELIVERY": "accel"}
        if self.s3 is not None:
            shared |= {"LECTERN_STORAGE_URL": self.s3.url(BUCKET), "LECTERN_S3_ACCESS_KEY": self.s3.access_key,
                       "LECTERN_S3_SECRET_KEY": self.s3.secret_key}
        else:
            at_home = not self._storage.startswith("s3://")
            shared["LECTERN_STORAGE_URL"] = Path(self._storage).absolute().as_uri() if at_home else self._storage
        if shared["LECTERN_STORAGE_URL"].startswith("s3://"):
            shared["LECTERN_S3_PUBLIC_ENDPOINT"] = self.url  # nginx passes /BUCKET/... on: one address for browsers
        return shared | self._more

    def start(self) -> None:
        """Returns when it serves. Raises LecternError with the end of a log when something does not start."""
        self._clean()
        try:
            self.postgres.start()
            self.broker.start()
            if self.s3 is not None:
                self.s3.start()
            self._first_time()
            for name in self.processes:
                self.start_one(name)
            self.nginx.start()
            wait_until(self._is_ready, READY_S, self._why_not)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything in order: first who takes requests, last who keeps the data."""
        self.nginx.stop()
        running = [own.process for own in self.processes.values() if own.process is not None]
        for process in running:
            process.terminate()
        for process in running:
            end_group(process, GRACE_S)
        for own in self.processes.values():
            own.process = None
        for server in (self.s3, self.broker, self.postgres):
            if server is not None:
                server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    # -- one of them

    def kill(self, name: str) -> None:
        """SIGKILL to one process or server, and to all that it started. Of the S3 server only the gateway dies."""
        if name in self.processes:
            own = self.processes[name]
            if own.process is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(own.process.pid, signal.SIGKILL)
                own.process.wait()
                own.process = None
        else:
            self._servers()[name][0]()

    def start_one(self, name: str) -> None:
        """Start what was killed. A process of Lectern may not be ready yet when this returns; a server is."""
        if name not in self.processes:
            self._servers()[name][1]()
            return
        own = self.processes[name]
        own.folder.mkdir(parents=True, exist_ok=True)
        with self.log_of(name).open("ab") as output:
            own.process = spawn([sys.executable, "-m", *own.arguments], output=output, env={
                **self.environment(), "LECTERN_DATA": str(own.folder), **own.settings})
        own.started_s = time.monotonic()
        if own.cpus is not None:
            self.pin(name, own.cpus)

    def pin(self, name: str, cpus: set[int]) -> None:
        """Let a process of Lectern, and what it starts from now on, run on these processors alone."""
        own = self.processes[name]
        own.cpus = cpus
        if own.process is not None:
            # Its threads are tasks of their own; those that they start inherit.
            for task in Path(f"/proc/{own.process.pid}/task").iterdir():
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(int(task.name), cpus)

    def log_of(self, name: str) -> Path:
        """What a process of Lectern printed."""
        return self.folder / "logs" / f"{name}.log"

    def look_after(self) -> list[str]:
        """Start again what died since the last call, unless it died at its start; names of what was found dead."""
        found = []
        for own in self.processes.values():
            if own.process is not None and own.process.poll() is not None:
                found.append(own.name)
                self.kill(own.name)
                soon = time.monotonic() - own.started_s < _SOON_S
                own.start_at_s = time.monotonic() + (_SOON_S if soon else 0.0)
            if own.process is None and time.monotonic() >= own.start_at_s:
                self.start_one(own.name)
        for server in (self.postgres, self.broker, self.nginx):
            if not server.is_running():
                found.append(server.name)
                server.kill()
                server.start()
        return found

    # -- inside

    def _servers(self) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        """Name -> how it is killed, and started again."""
        servers: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            server.name: (server.kill, server.start) for server in (self.postgres, self.broker, self.nginx)}
        if self.s3 is not None:
            servers["s3"] = (self.s3.kill_gateway, self.s3.start_gateway)
        return servers

    def _add(self, name: str, *arguments: str, **settings: str) -> None:
        self.processes[name] = Own(name, arguments, self.folder / "data" / name, settings)

    def _edge(self, port: int) -> Edge:
        api = [f"127.0.0.1:{port}" for port in self.web_ports]
        behind: dict[str, Any] = {"storage": Path(self._storage).absolute()}
        if self.s3 is not None:
            behind = {"s3_endpoint": self.s3.endpoint, "s3_bucket": BUCKET}
        elif self._storage.startswith("s3://"):
            parts = urlsplit(self._storage)
            behind = {"s3_endpoint": parse_qs(parts.query).get("endpoint", [""])[0], "s3_bucket": parts.netloc}
        return Edge(listen="", api=api, run=Path(), cache=Path(), access_log="off", s3_host=f"127.0.0.1:{port}", **behind)

    def _clean(self) -> None:
        if self.s3 is not None and (self.folder / "postgres" / "data").exists():
            raise ConfigError("stack_folder", f"{self.folder} has a database of an earlier start, whose objects were in "
                              "memory and are gone. Choose an empty folder, or --storage DIRECTORY.")
        for folder in ("logs", "admin"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / "nginx" / "cache", ignore_errors=True)

    def _first_time(self) -> None:
        values: dict[str, Any] = {name.removeprefix("LECTERN_").lower(): value
                                  for name, value in self.environment().items()}
        prepare(Settings(data=self.folder / "admin", **values))
        self.admin_key = (self.folder / "admin" / "admin.key").read_text().strip()

    def _is_ready(self) -> bool:
        import httpx

        for own in self.processes.values():
            if own.process is None or own.process.poll() is not None:
                raise ConfigError("server_start", f"{own.name} does not start. The end of its log:\n"
                                  + self.log_of(own.name).read_text(errors="replace")[-800:])
        with contextlib.suppress(httpx.HTTPError):
            return all(httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).status_code == 200
                       for port in self.web_ports)
        return False

    def _why_not(self) -> str:
        return "The web process is not ready. The end of its log:\n" + self.log_of("web-1").read_text()[-800:]


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="PostgreSQL, a broker, an object store, nginx and Lectern, here.")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--workers", type=int, default=2, help="media workers, each with its own folder")
    parser.add_argument("--web", type=int, default=1, help="web processes")
    parser.add_argument("--port", type=int, default=8080, help="of nginx, on 127.0.0.1; 0: a free one")
    parser.add_argument("--broker", choices=["redis", "rabbitmq"], default="redis")
    parser.add_argument("--storage", default="s3", help="s3 (in memory), a directory, or s3://BUCKET?endpoint=...")
    wanted = parser.parse_args(arguments)

    def end(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with contextlib.suppress(KeyboardInterrupt), NativeStack(
            wanted.folder, workers=wanted.workers, web=wanted.web, port=wanted.port, broker=wanted.broker,
            storage=wanted.storage) as stack:
        print(f"ready {stack.url}", f"admin key {stack.admin_key}", sep="\n", flush=True)
        while True:
            try:
                for name in stack.look_after():
                    print(f"{name} ended; it is started again", file=sys.stderr, flush=True)
            except LecternError as error:  # of a server that does not come back just now
                print(error, file=sys.stderr, flush=True)
            time.sleep(_LOOK_S)
    return 0


if __name__ == "__main__":
    exit_with(main)
