"""The live process: `python -m infra.runtime.live`. Takes publishers by RTMP and SRT, and makes live videos of it all.

One event loop, no Celery: what is live can not wait in a queue. It answers the web processes and nginx on a port of this
machine; whoever asks for anything there sends the process's secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
import signal
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from sqlalchemy.orm import Session

from infra import owner
from infra.core.errors import ConfigError, LecternError
from infra.core.ids import new_id
from infra.core.settings import Settings
from infra.db import live
from infra.db.live_models import LiveStream
from infra.db.models import Video
from infra.process import ProcessRunner
from infra.runtime.ending import exit_with
from infra.runtime.live_app import live_app
from infra.runtime.live_captions import LiveCaptions
from infra.runtime.live_feed import routes
from infra.runtime.live_handover import Handover
from infra.runtime.live_slides import LiveSlides
from infra.runtime.wiring import App, build
from ingest.live.desk_rows import DeskRows
from ingest.live.mediamtx import MediaMtx
from ingest.live.nginx_rtmp import NginxRtmp
from ingest.live.port import LiveIngest
from ingest.live.recording import Recordings
from ingest.live.sessions import Sessions
from ingest.live.srt import SrtListener
from player_api import catalogue
from transcode.live.packager import LivePackager

log = logging.getLogger(__name__)

ANNOUNCE_S = 2.0
_LOOK_S = 1.0
_AGAIN_S = 10.0  # a way in that could not be opened is tried again


class LiveService:
    """What runs in the live process. Call `run` from the main thread."""

    def __init__(self, app: App, packager: LivePackager) -> None:
        settings, database = app.settings, app.database
        self._settings, self._database, self._packager = settings, database, packager
        self._id = owner.this_process()
        self._secret = secrets.token_urlsafe(32)
        self._problems: dict[str, str] = {}
        self._open: dict[str, LiveIngest] = {}
        self._ending = asyncio.Event()
        recordings = Recordings(settings.data / "live" / "sources", settings.reserve_bytes)
        self._handover = Handover(database, app.storage, app.doorbell, recordings)
        self.sessions = Sessions(DeskRows(database, self._id, _add_video), packager, recordings, most=settings.live_sessions,
                                 ended=self._handover.ended)

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT; the exit code."""
        host = self._settings.host if self._settings.live_port else "127.0.0.1"
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, self._settings.live_port))
            port = listening.getsockname()[1]
            # Who listens everywhere is asked by name: of a container, that is its name among the others.
            name = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
            address = live.LiveAddress(f"http://{name}:{port}", self._secret)
            ways = self._ways(f"{address.url}/rtmp/{self._secret}")
            server = _Server(uvicorn.Config(
                live_app(self.sessions, ways, [routes(self._packager)], self._knows), log_level="warning", access_log=False,
                timeout_graceful_shutdown=2, server_header=False))
            return await self._serve(server, listening, address, ways)

    def _ways(self, callback: str) -> Sequence[LiveIngest]:
        settings = self._settings
        host = settings.live_host or settings.host
        if settings.live_ingest == "mediamtx":
            return [MediaMtx(protocol, port, settings.mediamtx_host, settings.mediamtx_api,
                             settings.mediamtx_secret.get_secret_value())
                    for protocol, port in (("rtmp", settings.rtmp_port), ("srt", settings.srt_port))]
        return [NginxRtmp(host, settings.rtmp_port, callback), SrtListener(host, settings.srt_port)]

    async def _serve(self, server: uvicorn.Server, listening: socket.socket, address: live.LiveAddress,
                     ways: Sequence[LiveIngest]) -> int:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._ending.set)
        answering = asyncio.create_task(_answer(server, listening))
        while not server.started and not answering.done():
            await asyncio.sleep(0.01)
        taken_over = await self.sessions.resume()
        if taken_over:
            log.warning("%d live sessions were left by a process that ended; their publishers may come back", taken_over)
        tasks = [asyncio.create_task(self._keep_open(way)) for way in ways]
        tasks.append(asyncio.create_task(self._announce(address)))
        tasks.append(asyncio.create_task(self._handover.left()))
        tasks.append(asyncio.create_task(self._end_unwanted()))
        ended = asyncio.create_task(self._ending.wait())
        await asyncio.wait({answering, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.sessions.close()
        for way in ways:
            await way.close()
        await self._packager.close()
        server.should_exit = True
        await answering
        with contextlib.suppress(LecternError):
            await asyncio.to_thread(self._leave)
        return 0 if self._ending.is_set() else 1

    async def _keep_open(self, way: LiveIngest) -> None:
        """Open this way in; when that fails, say why, once, and try again: a port may become free."""
        self.sessions.dropping(way.protocol, way.drop)
        while True:
            try:
                await way.start(self.sessions)
                self._open[way.protocol] = way
                self._problems.pop(way.protocol, None)
                return
            except ConfigError as error:
                if self._problems.get(way.protocol) != error.message:
                    log.warning("%s", error.message)
                self._problems[way.protocol] = error.message
            await asyncio.sleep(_AGAIN_S)

    async def _announce(self, address: live.LiveAddress) -> None:
        while True:
            doors = live.Doors({protocol: way.port for protocol, way in self._open.items()}, dict(self._problems))
            try:
                await asyncio.to_thread(self._write, address, doors)
            except LecternError as error:
                log.warning("the database does not hear of this live process: %s", error)
            await asyncio.sleep(ANNOUNCE_S if self._open or self._problems else 0.1)

    async def _end_unwanted(self) -> None:
        """Sessions whose video or stream was deleted. Whoever deletes need not know of this process, nor reach it."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                found = await asyncio.to_thread(self._unwanted)
            except LecternError as error:
                log.warning("deleted live videos can not be looked for now: %s", error)
                continue
            for session_id in found:
                log.info("live session %s: what it is for was deleted", session_id)
                await self.sessions.end(session_id)

    def _unwanted(self) -> Sequence[str]:
        with self._database.read() as session:
            return live.unwanted(session, self._id)

    def _write(self, address: live.LiveAddress, doors: live.Doors) -> None:
        with self._database.write(durable=False) as session:
            live.announce(session, self._id, address, doors)

    def _leave(self) -> None:
        with self._database.write() as session:
            live.leave(session, self._id)

    def _knows(self, secret: str) -> bool:
        return hmac.compare_digest(secret.encode(), self._secret.encode())


class _Server(uvicorn.Server):
    """uvicorn, which leaves signals to us: publishers end before it does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _answer(server: uvicorn.Server, listening: socket.socket) -> None:
    with contextlib.suppress(SystemExit):  # uvicorn's word for "could not start"
        await server.serve(sockets=[listening])


def _add_video(session: Session, stream: LiveStream) -> Video:
    return catalogue.add(session, stream.organization_id, video_id=new_id("v"), title=stream.name, language=stream.language)


def main() -> int:
    """Serve until SIGTERM; the exit code."""
    settings = Settings()
    app: App = build(settings)
    return asyncio.run(_main(app))


async def _main(app: App) -> int:
    captions = LiveCaptions(app.settings)
    slides = LiveSlides(app.settings) if app.settings.live_slides else None
    packager = LivePackager(app.storage, app.tools, ProcessRunner(app.settings), app.settings, captions, slides)
    try:
        return await LiveService(app, packager).run()
    finally:
        await captions.close()
        if slides is not None:
            await slides.close()


if __name__ == "__main__":
    exit_with(main)
