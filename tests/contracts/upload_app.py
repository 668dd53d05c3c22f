"""A service with nothing but uploads: the tus router and the form, over SQLite and a folder.

Run as a program (`python upload_app.py FOLDER PORT`) it is a server that a test can kill.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Header, Request, Response
from serving import serving
from sqlalchemy import select

from infra.core.errors import LecternError, Rejected, Unauthorized
from infra.core.ids import new_id
from infra.core.settings import Settings
from infra.db.models import Base, Organization, Video
from infra.db.session import Database, now
from infra.storage.local import LocalStaging, LocalStorage
from ingest.completion import AdmittedVideo
from ingest.intake import Intake
from ingest.multipart import receive_form
from ingest.tus import tus_router
from ingest.writers import Writers
from player_api import problems

NOT_VIDEO = b"%PDF"


@dataclass(frozen=True)
class Owner:
    """Who asks: the key is the organization."""

    organization_id: str


class Crash(BaseException):
    """The process dies here: nothing that comes after in the code happens."""


@dataclass
class FakeAdmission:
    """Everything is a video that does not begin with NOT_VIDEO. `faults` are raised, first one first."""

    database: Database
    examine_faults: list[BaseException] = field(default_factory=list)
    admit_faults: list[BaseException] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)

    def examine(self, path: Path, metadata: Mapping[str, str]) -> Any:
        if self.examine_faults:
            raise self.examine_faults.pop(0)
        with path.open("rb") as file:
            if file.read(len(NOT_VIDEO)) == NOT_VIDEO:
                raise Rejected("unsupported_container", "This is no video.")
        return path.stat().st_size

    def admit(self, examined: Any, *, organization_id: str, metadata: Mapping[str, str], upload_id: str,
              video_id: str, sha256: str, size_bytes: int) -> AdmittedVideo:
        if self.admit_faults:
            raise self.admit_faults.pop(0)
        assert examined == size_bytes
        self.sha256[video_id], self.metadata[video_id] = sha256, dict(metadata)
        with self.database.write() as session:
            video = session.get(Video, video_id)
            if video is None:
                video = Video(id=video_id, organization_id=organization_id, playback_id=new_id("p"), title="",
                              source_sha256=sha256, source_bytes=size_bytes, created_at=now(), updated_at=now())
                session.add(video)
                session.flush()
            return AdmittedVideo(video.id, video.playback_id)


@dataclass
class UploadService:
    """The parts of one server over one folder. A second one over the same folder is the server after a restart."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    free_bytes: int | None = None  # what the disk claims to have left; None asks it

    def __post_init__(self) -> None:
        self.settings = Settings(data=self.root, **{"reserve_bytes": 0, **self.options})
        self.database = Database(f"sqlite:///{self.root / 'test.sqlite'}")
        Base.metadata.create_all(self.database.engine)
        with self.database.write() as session:
            for name in ("ours", "theirs"):
                if session.get(Organization, name) is None:
                    session.add(Organization(id=name, name=name, created_at=now()))
        self.storage = LocalStorage(self.root / "objects")
        self.staging = LocalStaging(self.root / "objects")
        measured = self.staging.free_bytes
        self.staging.free_bytes = lambda: measured() if self.free_bytes is None else self.free_bytes  # type: ignore[method-assign]
        self.admission = FakeAdmission(self.database)
        self.intake = Intake(self.database, self.staging, self.storage, self.settings, self.admission,
                             writers=Writers(patience_s=0.3))
        self.app = self._app()

    def _app(self) -> FastAPI:
        def creator(authorization: str = Header("")) -> Owner:
            owner = Owner(authorization.removeprefix("Bearer "))
            if owner.organization_id not in ("ours", "theirs"):
                raise Unauthorized("unauthorized", "Who are you?")
            return owner

        app = FastAPI()
        problems.install(app)
        app.include_router(tus_router(self.intake, creator), prefix="/api/v1")

        @app.post("/api/v1/videos")
        async def form(request: Request) -> Response:
            upload = await receive_form(request, self.intake, "ours")
            return Response(status_code=201, headers={"Lectern-Video": upload.video_id or ""})
        return app

    def videos(self) -> list[Video]:
        with self.database.read() as session:
            videos = list(session.scalars(select(Video)))
            session.expunge_all()
        return videos

    def stored(self, video_id: str) -> bytes:
        return self.storage.read(f"o/ours/v/{video_id}/source")

    @contextmanager
    def serve(self) -> Iterator[str]:
        """A real server in a thread; its address."""
        with serving(self.app) as url:
            try:
                yield url
            finally:
                self.database.dispose()


def refuse(error: type[LecternError], code: str = "not_now") -> LecternError:
    """A fault to put into FakeAdmission."""
    return error(code, "Not now.")


if __name__ == "__main__":
    service = UploadService(Path(sys.argv[1]))
    service.intake.recover()
    uvicorn.run(service.app, port=int(sys.argv[2]), log_level="warning")
