"""RTMP by nginx with libnginx-mod-rtmp, a child of the live process.

It asks before it lets anybody publish, and refuses when nobody answers (measured). A connection is known by its number,
never by the name that it publishes: who was refused because somebody else publishes has the same name. Whoever is let in is
renamed to something that can not be guessed, under which only we may play: the key is in no list, and in no log.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from infra import owner
from infra.core.errors import ConfigError
from infra.own_processes import end_group, spawn
from ingest.live.nginx_conf import APP, Places, configuration, read_call
from ingest.live.port import Desk, Knock, Refused
from ingest.live.rtmp_play import RtmpGone, RtmpPlay

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

INSTALL = "sudo apt-get install --no-install-recommends nginx-light libnginx-mod-rtmp"
_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules", "/etc/nginx/modules",
            "/usr/local/nginx/modules")
_FOLDERS, _OWNER = "lectern-rtmp-", "owner"  # in the system's temporary folder; a file in each says whose it is
_START_S = 15.0
_LOOK_S = 0.2
_LAST_BYTES_S = 1.0  # what the publisher sent before it left is still on its way to us
_END_S = 3.0
_MAX_PAUSE_S = 10.0


def find_nginx() -> tuple[Path, Path]:
    """nginx, and its module for RTMP. Raises ConfigError with the line that installs them."""
    nginx = shutil.which("nginx") or next((path for path in ("/usr/sbin/nginx", "/usr/local/sbin/nginx")
                                           if Path(path).exists()), None)
    module = next((place for folder in _MODULES if (place := Path(folder) / "ngx_rtmp_module.so").exists()), None)
    missing = " and ".join([*([] if nginx else ["nginx"]), *([] if module else ["its module for RTMP"])])
    if nginx is None or module is None:
        raise ConfigError("rtmp_missing", f"RTMP can not come in: {missing} is not installed. {INSTALL}")
    return Path(nginx), module


class NginxRtmp:
    """Implements `ingest.live.port.LiveIngest`. Use it on the event loop that called `start`, of the main thread."""

    protocol = "rtmp"

    def __init__(self, host: str, port: int, callback: str) -> None:
        """`callback`: where `called` is reached by nginx; port 0: one that is free."""
        self.port = port
        self._host, self._callback = host, callback
        self._desk: Desk | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._places: Places | None = None
        self._watch: asyncio.Task[None] | None = None
        self._starts = itertools.count(1)
        self._start = 0
        self._playing: dict[str, RtmpPlay] = {}  # by connection
        self._names: dict[str, str] = {}  # connection -> publication
        self._ends: set[asyncio.Task[None]] = set()

    async def start(self, desk: Desk) -> None:
        nginx, module = find_nginx()
        self._desk = desk
        if not self.port:
            self.port = _free_port(self._host)
        await asyncio.to_thread(_clear)
        folder = Path(tempfile.mkdtemp(prefix=_FOLDERS))  # short: sockets' names have at most 107 characters
        (folder / _OWNER).write_text(owner.this_process())
        self._places = Places(module, self._host, self.port, self._callback, folder)
        (folder / "nginx.conf").write_text(configuration(self._places))
        try:
            await self._launch(nginx)
        except BaseException:
            await self.close()
            raise
        self._watch = asyncio.create_task(self._look_after(nginx))

    async def called(self, what: str, body: str) -> tuple[int, str | None]:
        """nginx asks, or tells: publish, publish-done, play. The status to answer, and where to redirect to."""
        call = read_call(body)
        if call is None or self._desk is None:
            return 403, None
        client = f"rtmp-{self._start}-{call.client}"
        if what == "publish":
            return await self._publish(client, call.key, call.address)
        if what == "play":
            ours = call.name in self._names.values() and call.address == "127.0.0.1"
            return (200 if ours else 403), None
        if what == "publish-done":
            await self._done(client)
        return 200, None

    async def drop(self, client: str) -> None:
        name = self._names.get(client)
        if name is None or self._places is None:
            return
        with contextlib.suppress(httpx.HTTPError):  # it is gone, or nginx is: then nobody publishes
            transport = httpx.AsyncHTTPTransport(uds=str(self._places.control))
            async with httpx.AsyncClient(transport=transport, timeout=5.0) as http:
                await http.get(f"http://nginx/control/drop/publisher?app={APP}&name={quote(name)}")

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for play in self._playing.values():
            play.close()
        if self._process is not None:
            await asyncio.to_thread(end_group, self._process, _END_S)
            self._process = None
        if self._places is not None:
            shutil.rmtree(self._places.folder, ignore_errors=True)

    def publish_url(self, host: str) -> str:
        return f"rtmp://{host}:{self.port}/{APP}"

    # -- publishers

    async def _publish(self, client: str, key: str, address: str) -> tuple[int, str | None]:
        assert self._desk is not None
        try:
            admitted = await self._desk.ask(Knock("rtmp", client, key, address))
        except Refused as refused:
            log.info("an RTMP publisher from %s was refused: %s", address, refused.message)
            return 403, None
        name = self._names[client] = admitted.publication
        try:
            # Before nginx hears our answer: so nothing of what it sends first is missed.
            play = self._playing[client] = await RtmpPlay.connect(self.port, APP, name)
        except RtmpGone as error:
            log.warning("an RTMP publisher was refused, because nginx does not let us play: %s", error)
            await self._done(client)
            return 403, None
        await self._desk.take(name, play.source())
        return 302, name

    async def _done(self, client: str) -> None:
        play = self._playing.pop(client, None)
        self._names.pop(client, None)
        if self._desk is not None:
            await self._desk.gone(client)
        if play is not None:
            task = asyncio.create_task(_close_soon(play))
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)

    # -- nginx

    async def _launch(self, nginx: Path) -> None:
        """Start nginx and wait until it listens. Raises ConfigError."""
        assert self._places is not None
        self._start = next(self._starts)
        self._places.control.unlink(missing_ok=True)
        errors = self._places.folder / "error.log"
        with (self._places.folder / "output").open("ab") as output:
            self._process = spawn([str(nginx), "-p", str(self._places.folder), "-e", str(errors), "-c",
                                   str(self._places.folder / "nginx.conf")], output=output)
        deadline_s = asyncio.get_running_loop().time() + _START_S
        while not await asyncio.to_thread(_listens, self._host, self.port):
            if self._process.poll() is not None or asyncio.get_running_loop().time() > deadline_s:
                said = errors.read_text(errors="replace").strip().splitlines() if errors.exists() else []
                taken = any("Address already in use" in line for line in said)
                raise ConfigError("rtmp_port", f"RTMP can not come in: port {self.port} is in use by another program. "
                                  "End it, or set LECTERN_RTMP_PORT." if taken else
                                  f"RTMP can not come in: nginx does not start: {said[-1] if said else 'it says nothing'}")
            await asyncio.sleep(0.02)
        if self._process.poll() is not None:
            raise ConfigError("rtmp_port", f"RTMP can not come in: port {self.port} is in use by another program. End it, "
                              "or set LECTERN_RTMP_PORT.")

    async def _look_after(self, nginx: Path) -> None:
        """Start nginx again when it ends; its connections have ended with it."""
        pause_s = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._process is not None and self._process.poll() is None:
                continue
            log.warning("the nginx that takes RTMP ended; it is started again")
            for client in list(self._names):
                await self._done(client)
            await asyncio.sleep(pause_s)
            try:
                await self._launch(nginx)
                pause_s = 0.0
            except ConfigError as error:
                log.warning("%s", error)
                pause_s = min(_MAX_PAUSE_S, pause_s * 2 or 0.5)


def _clear() -> None:
    """Remove the folders of processes that are gone for certain, and could not do it. Others, of this installation or of
    another one, are left alone.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        with contextlib.suppress(OSError):  # another's, or it is just being removed
            if folder.lstat().st_uid == os.getuid() and owner.is_dead((folder / _OWNER).read_text()):
                shutil.rmtree(folder)


async def _close_soon(play: RtmpPlay) -> None:
    await asyncio.sleep(_LAST_BYTES_S)
    play.close()


def _listens(host: str, port: int) -> bool:
    where = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    with contextlib.suppress(OSError), socket.create_connection((where, port), 1.0):
        return True
    return False


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.bind((host, 0))
        return int(trial.getsockname()[1])
