"""MediaMTX as a way in. Its documented calls come from the test, its RTMP side is an nginx that asks nobody."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from live_publishing import KeepingPackager, Server, Site, add_video, need, publisher_tool

from infra import owner
from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from infra.runtime.live_app import live_app
from ingest.live.desk_rows import DeskRows
from ingest.live.mediamtx import MediaMtx
from ingest.live.nginx_rtmp import find_nginx
from ingest.live.recording import Recordings
from ingest.live.sessions import Sessions

SECRET = "what-both-know"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


class StandIn:
    """What MediaMTX is for us: an API that is asked, and RTMP that anybody may publish to and play from."""

    def __init__(self, folder: Path) -> None:
        self.rtmp_port, self.asked = free_port(), list[str]()
        nginx, module = find_nginx()
        (folder / "nginx.conf").write_text(f"""load_module {module}; daemon off; master_process off; pid {folder}/pid;
            error_log {folder}/error.log; events {{ worker_connections 64; }} rtmp {{ access_log off; server {{
            listen 127.0.0.1:{self.rtmp_port}; application live {{ live on; publish_notify on; wait_key on; }} }} }}""")
        self._process = subprocess.Popen([str(nginx), "-p", str(folder), "-e", str(folder / "error.log"), "-c",
                                          str(folder / "nginx.conf")])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.asked.append(f"{scope['method']} {scope['path']}")
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
            await send({"type": "http.response.body", "body": b"{}"})

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Mtx(Site):
    """A live process behind a MediaMTX."""

    stand_in: StandIn
    url: str

    async def asks(self, **more: Any) -> int:
        """What its documentation says it sends to authHTTPAddress; the status of the answer."""
        question = {"user": "", "password": "", "token": "", "ip": "127.0.0.1", "action": "publish", "path": "live/x",
                    "protocol": "rtmp", "id": "c6d5f6a4-0001", "query": "", "userAgent": ""} | more
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.post(self.url, json=question)).status_code

    def send(self, key: str) -> subprocess.Popen[bytes]:
        """The encoder that MediaMTX let in."""
        return self.publish(key)


@contextlib.asynccontextmanager
async def mediamtx(tmp_path: Path) -> AsyncIterator[Mtx]:
    need("rtmp")
    publisher_tool("rtmp")
    database = Database(url_of(Settings(data=tmp_path)))
    upgrade(database)
    with database.write() as session:
        session.add(Organization(id="a", name="a", created_at=0.0))
    folder = Path(tempfile.mkdtemp(prefix="mtx"))
    stand_in = StandIn(folder)
    packager, recordings = KeepingPackager(), Recordings(tmp_path / "live", 0)
    desk = Sessions(DeskRows(database, owner.this_process(), add_video), packager, recordings, most=4)
    api_port, our_port = free_port(), free_port()
    way = MediaMtx("rtmp", 1935, "127.0.0.1", f"http://127.0.0.1:{api_port}", SECRET, stand_in.rtmp_port)
    servers = [Server(uvicorn.Config(app, port=port, log_level="warning")) for app, port in (
        (stand_in, api_port), (live_app(desk, [way], (), lambda secret: False), our_port))]
    running = [asyncio.create_task(server.serve()) for server in servers]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.01)
    desk.dropping("rtmp", way.drop)
    await way.start(desk)
    site = Mtx(way, desk, packager, database, recordings, lambda: None)
    site.stand_in, site.url = stand_in, f"http://127.0.0.1:{our_port}/mediamtx/{SECRET}/auth"
    way.port = stand_in.rtmp_port  # where the test's encoder sends to
    try:
        yield site
    finally:
        for publisher in site.publishers:
            publisher.kill()
            publisher.communicate()
        await desk.close()
        await way.close()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)
        stand_in.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_who_has_the_key_is_let_in_and_followed_until_the_end(tmp_path: Path) -> None:
    async def scene() -> None:
        async with mediamtx(tmp_path) as site:
            assert site.stand_in.asked == ["GET /v3/config/global/get"]
            stream, key = site.stream()
            assert await site.asks(path=f"live/{key}") == 204
            publisher = site.send(key)
            kept = await site.session_of(stream)
            assert bytes(kept.runs[0]).startswith(b"FLV\x01\x05")
            assert await site.asks(path=f"live/{key}", id="c6d5f6a4-0002") == 401  # somebody publishes
            publisher.kill()
            await site.until_state(kept.session.id, "interrupted")
            assert await site.asks(path=f"live/{key}", id="c6d5f6a4-0003") == 204
            site.send(key)
            await site.until(lambda: len(kept.runs) == 2 and len(kept.runs[1]) > 20_000, what="bytes after the pause")
            assert kept.resumed == [False, True]
            assert await site.desk.drop_publisher(stream)
            assert "POST /v3/rtmpconns/kick/c6d5f6a4-0003" in site.stand_in.asked

    asyncio.run(scene())


def test_whoever_else_asks_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        async with mediamtx(tmp_path) as site:
            _, key = site.stream()
            good = f"live/{key}"
            for wrong in ({"path": "live/nobody"}, {"path": key}, {"path": f"other/{key}"}, {"path": good, "id": ""},
                          {"path": good, "protocol": "webrtc"}, {"path": good, "protocol": "srt"},
                          {"path": good, "action": "api"},
                          {"path": good, "action": "read"}, {"path": good, "action": "read", "password": "x"},
                          {"path": good, "action": "playback"}, {"path": None, "action": None, "protocol": None}):
                assert await site.asks(**wrong) == 401, wrong
            assert await site.asks(path=good, action="read", user="lectern", password=SECRET) == 204
            site.url = site.url.replace(SECRET, "guessed")
            assert await site.asks(path=good) == 401
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.post(site.url, content=b"\xff{")).status_code == 422
            assert site.packager.kept == {}

    asyncio.run(scene())


def test_a_mediamtx_that_is_away_is_said(tmp_path: Path) -> None:
    async def scene() -> None:
        way = MediaMtx("srt", 8890, "127.0.0.1", f"http://127.0.0.1:{free_port()}", SECRET)
        with pytest.raises(ConfigError, match="LECTERN_MEDIAMTX_API"):
            await way.start(None)  # type: ignore[arg-type]  # it is not asked

    asyncio.run(scene())
