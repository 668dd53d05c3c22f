"""Real publishers, and a desk with a packager that only keeps what it is given, for the contract of live ingest."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from granted import granted_s
from sqlalchemy.orm import Session

from infra import owner
from infra.core.errors import ConfigError
from infra.core.ids import new_id
from infra.core.live import Ended, LiveProfile, LiveSession, LiveSource
from infra.core.settings import Settings
from infra.db import live
from infra.db.live_models import LiveSessionRow, LiveStream
from infra.db.migrate import upgrade
from infra.db.models import Organization, Video
from infra.db.session import Database, url_of
from infra.runtime.live_app import live_app
from ingest.live.desk_rows import DeskRows
from ingest.live.nginx_rtmp import NginxRtmp, find_nginx
from ingest.live.port import LiveIngest
from ingest.live.recording import Recordings
from ingest.live.sessions import Sessions
from ingest.live.srt import SrtListener, find_srt
from player_api import catalogue

SECRET = "secret-of-the-test"
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=r=48000", "-c:v", "libx264", "-preset",
           "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p", "-b:v", "400k", "-c:a", "aac")


@pytest.fixture
def rows(tmp_path: Path) -> Database:
    database = Database(url_of(Settings(data=tmp_path)))
    upgrade(database)
    with database.write() as session:
        session.add_all(Organization(id=name, name=name, created_at=0.0) for name in ("a", "b"))
    return database


def publisher_tool(protocol: str) -> str:
    """The system's ffmpeg, if it speaks this protocol."""
    tool = shutil.which("ffmpeg")
    said = subprocess.run([tool, "-v", "error", "-protocols"], capture_output=True, text=True).stdout if tool else ""
    if tool is None or protocol not in said.split():
        missing(f"no ffmpeg here publishes by {protocol}: apt-get install ffmpeg")
    return str(tool)


def missing(why: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def need(protocol: str) -> None:
    """Skip where this protocol can not come in."""
    try:
        find_nginx() if protocol == "rtmp" else find_srt()
    except ConfigError as error:
        missing(error.message)


@dataclass
class Kept:
    """What the packager was given of one session."""

    session: LiveSession
    runs: list[bytearray] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)
    inputs: list[tuple[str, ...]] = field(default_factory=list)
    running: int = 0
    finished: int = 0


class KeepingPackager:
    """Keeps the bytes of every publication."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.full = ""  # why there is no room, if there is none

    def refusal(self, in_hand: int) -> str:
        return self.full if in_hand else ""

    async def run_session(self, session: LiveSession, source: LiveSource, *, resume: bool = False) -> Ended:
        kept = self.kept.setdefault(session.id, Kept(session))
        data = bytearray()
        kept.runs.append(data)
        kept.resumed.append(resume)
        kept.inputs.append(source.input)
        kept.running += 1
        try:
            async for chunk in source.chunks:
                data += chunk
        finally:
            kept.running -= 1
        return Ended()

    async def finish_session(self, session: LiveSession) -> None:
        self.kept.setdefault(session.id, Kept(session)).finished += 1


def add_video(session: Session, stream: LiveStream) -> Video:
    return catalogue.add(session, stream.organization_id, video_id=new_id("v"), title=stream.name)


@dataclass
class Site:
    """One way in, its desk, and what came of it."""

    ingest: LiveIngest
    desk: Sessions
    packager: KeepingPackager
    database: Database
    recordings: Recordings
    stop_answering: Callable[[], None]
    publishers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.ingest.port

    def stream(self, organization: str = "a") -> tuple[str, str]:
        """A new stream and its key."""
        with self.database.write() as session:
            stream, key = live.add_stream(session, organization, "Live", None, LiveProfile.DEFAULT)
            return stream.id, key

    def rotate(self, stream_id: str) -> str:
        with self.database.write() as session:
            return live.rotate_key(session, live.get_stream(session, "a", stream_id))

    def publish(self, key: str, seconds: float = 120) -> subprocess.Popen[bytes]:
        """A real encoder that sends a picture and a tone."""
        rtmp = self.ingest.protocol == "rtmp"
        url = f"rtmp://127.0.0.1:{self.port}/live/{key}" if rtmp else \
            f"srt://127.0.0.1:{self.port}?streamid=publish:live/{key}&pkt_size=1316&connect_timeout=3000"
        self.publishers.append(subprocess.Popen(
            [publisher_tool(self.ingest.protocol), "-v", "error", "-nostdin", "-re", *PICTURE, "-t", str(seconds), "-f",
             "flv" if rtmp else "mpegts", url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        return self.publishers[-1]

    async def ended(self, publisher: subprocess.Popen[bytes], within_s: float = 20) -> float:
        """Wait until a publisher that is to be refused has given up; how long it took."""
        began = granted_s()
        await self.until(lambda: publisher.poll() is not None, within_s, "the publisher ends")
        return granted_s() - began

    async def until(self, look: Callable[[], object], within_s: float = 30, what: str = "") -> None:
        deadline = granted_s() + within_s
        while not look():
            assert granted_s() < deadline, f"not within {within_s} s: {what}"
            await asyncio.sleep(0.05)

    async def session_of(self, stream_id: str, bytes_at_least: int = 20_000) -> Kept:
        """The session of a stream, once so much of it has come."""
        def found() -> Kept | None:
            return next((kept for kept in self.packager.kept.values() if kept.session.stream_id == stream_id
                         and kept.running and len(kept.runs[-1]) >= bytes_at_least), None)

        await self.until(found, what="bytes of the stream")
        kept = found()
        assert kept is not None
        return kept

    def row(self, session_id: str) -> LiveSessionRow:
        with self.database.read() as session:
            return session.get_one(LiveSessionRow, session_id)

    def stream_row(self, stream_id: str) -> LiveStream:
        with self.database.read() as session:
            return session.get_one(LiveStream, stream_id)

    async def until_state(self, session_id: str, state: str, within_s: float = 30) -> LiveSessionRow:
        await self.until(lambda: self.row(session_id).state == state, within_s, f"the session is {state}")
        return self.row(session_id)


@contextlib.asynccontextmanager
async def site_of(protocol: str, database: Database, folder: Path, *, grace_s: float = 30.0, most: int = 10
                  ) -> AsyncIterator[Site]:
    """A way in that listens, and a real server for nginx to ask."""
    need(protocol)
    publisher_tool(protocol)
    packager = KeepingPackager()
    recordings = Recordings(folder / "live", 0)
    desk = Sessions(DeskRows(database, owner.this_process(), add_video), packager, recordings, most=most, grace_s=grace_s)
    server = answering = None
    if protocol == "rtmp":
        port = _free()
        rtmp = NginxRtmp("127.0.0.1", 0, f"http://127.0.0.1:{port}/rtmp/{SECRET}")
        config = uvicorn.Config(live_app(desk, [rtmp], (), SECRET.__eq__), port=port, log_level="warning")
        server = Server(config)
        answering = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ingest: LiveIngest = rtmp
    else:
        ingest = SrtListener("127.0.0.1", 0)

    def stop() -> None:
        assert server is not None
        server.should_exit = True

    desk.dropping(protocol, ingest.drop)
    await ingest.start(desk)
    site = Site(ingest, desk, packager, database, recordings, stop)
    try:
        yield site
    finally:
        for publisher in site.publishers:
            publisher.kill()
            publisher.communicate()
        await desk.close()
        await ingest.close()
        if server is not None and answering is not None:
            server.should_exit = True
            await answering


class Server(uvicorn.Server):
    """uvicorn, which leaves signals to the test."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


def _free() -> int:
    import socket
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
