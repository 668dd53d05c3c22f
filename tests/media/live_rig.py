"""A packager with its feed, and a web process that follows it, on one event loop and over real connections."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import uvicorn
from clips import Desk
from fastapi import FastAPI
from granted import granted_s
from starlette.requests import Request
from starlette.responses import Response

from infra.core.command import Command
from infra.core.live import Ended, Listener, LiveProfile, LiveSession, LiveSource, Onlooker
from infra.runtime.live_feed import routes as feed_routes
from infra.storage.local import LocalStorage
from player_api import problems
from player_api.live import routes
from player_api.live.edge import LiveEdge, Whereabouts
from transcode.live.packager import LivePackager

FLV = ("-f", "flv", "-i", "pipe:0")
SESSION = LiveSession("lv_1", "o_1", "ls_1", "v_1", "p_1", LiveProfile.DEFAULT, 0.0)
PATIENCE_S = 90.0  # the machine may have other work


def flv(desk: Desk, out: Path, seconds: float, *, size: str = "640x360", sound: bool = True, rate: int = 30) -> bytes:
    """What a publisher would send: a moving picture and a tone, a key frame a second."""
    tone = ("-f", "lavfi", "-i", f"sine=440:d={seconds}:sample_rate=44100", "-c:a", "aac") if sound else ()
    argv = (str(desk.tools.ffmpeg), "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}",
            *tone, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(rate), "-pix_fmt",
            "yuv420p", "-f", "flv", f"file:{out / 'live.flv'}")
    desk.run(Command(argv, work=out))
    return (out / "live.flv").read_bytes()


@dataclass
class Publisher:
    """Sends what it is told, when it is told."""

    queue: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    def send(self, data: bytes) -> None:
        for at in range(0, len(data), 8192):
            self.queue.put_nowait(data[at:at + 8192])

    def leave(self) -> None:
        self.queue.put_nowait(None)

    @property
    def source(self) -> LiveSource:
        return LiveSource(FLV, self._chunks())

    async def _chunks(self) -> AsyncIterator[bytes]:
        while (chunk := await self.queue.get()) is not None:
            yield chunk


@dataclass
class Rig:
    """Everything of one machine, in a folder."""

    desk: Desk
    data: Path
    packager: LivePackager
    storage: LocalStorage
    edge: LiveEdge
    client: httpx.AsyncClient
    where: Whereabouts
    feed: Any

    async def playlist(self, rendition: str = "live-360p", **wanted: object) -> str:
        query = {f"_HLS_{name}": str(value) for name, value in wanted.items()}
        answer = await self.client.get(f"/play/p_1/{rendition}/index.m3u8", params=query)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def piece(self, name: str, rendition: str = "live-360p") -> bytes:
        answer = await self.client.get(f"/play/p_1/{rendition}/{name}")
        assert answer.status_code == 200, (name, answer.text)
        return answer.content

    async def run(self, publisher: Publisher, *, resume: bool = False) -> Ended:
        return await self.packager.run_session(SESSION, publisher.source, resume=resume)

    async def until(self, look: Callable[[], Awaitable[Any]], what: str) -> Any:
        deadline_s = granted_s() + PATIENCE_S
        while not (found := await look()):
            assert granted_s() < deadline_s, f"not within {PATIENCE_S:g} s: {what}"
            await asyncio.sleep(0.02)
        return found

    async def until_listed(self, wanted: str, rendition: str = "live-360p") -> str:
        """The playlist, once it has this line in it."""

        async def look() -> str:
            answer = await self.client.get(f"/play/p_1/{rendition}/index.m3u8")
            return answer.text if answer.status_code == 200 and wanted in answer.text else ""

        found: str = await self.until(look, wanted)
        return found

    async def end_feed(self) -> None:
        """As if the live process were gone."""
        self.feed.should_exit = True
        self.feed.force_exit = True
        await self.feed.gone


def kill_encoder() -> None:
    """SIGKILL to every ffmpeg that this process started."""
    mine = [one for one in psutil.Process().children(recursive=True) if "ffmpeg" in one.name()]
    assert mine, "no encoder runs"
    for one in mine:
        os.kill(one.pid, signal.SIGKILL)


async def serve(app: FastAPI, port: int = 0) -> tuple[Any, int]:
    server: Any = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off",
                                                timeout_graceful_shutdown=1))
    server.gone = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return server, server.servers[0].sockets[0].getsockname()[1]


@asynccontextmanager
async def rig(desk: Desk, data: Path, listener: Listener | None = None, onlooker: Onlooker | None = None
              ) -> AsyncIterator[Rig]:
    """A fresh one, or one that goes on where another stopped in this folder."""
    settings = desk.settings.model_copy(update={"data": data})
    storage = LocalStorage(data / "storage")
    packager = LivePackager(storage, desk.tools, desk.run, settings, listener, onlooker)
    feed, port = await serve(feed_app(packager))
    here = SimpleNamespace(where=Whereabouts("o_1", "v_1", False, f"http://127.0.0.1:{port}", "secret"))
    edge = LiveEdge(storage, lambda playback_id: here.where if playback_id == "p_1" else None)
    web, web_port = await serve(web_app(settings, storage, edge))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{web_port}", timeout=60, trust_env=False) as client:
        made = Rig(desk, data, packager, storage, edge, client, here.where, feed)
        try:
            yield made
        finally:
            edge.let_go()
            await edge.close()
            await packager.close()
            for server in (web, feed):
                server.should_exit = True
                await server.gone


def feed_app(packager: LivePackager) -> FastAPI:
    app = FastAPI()
    app.include_router(feed_routes(packager))
    problems.install(app)
    return app


def web_app(settings: Any, storage: Any, edge: LiveEdge) -> FastAPI:
    app = FastAPI()
    services: Any = SimpleNamespace(settings=settings, storage=storage)
    app.include_router(routes.router(services, edge))

    @app.get("/play/{playback_id}/master.m3u8")
    async def master(playback_id: str, request: Request) -> Response:
        return await routes.master(edge, playback_id, request)

    problems.install(app)
    return app

