"""A service without media: `python -m fake_service up`, `worker QUEUE...`, `sweeper` or `web`.

Settings come from the environment.

Its steps write what they do into DATA/log, one line each: `begin|end|late STEP/KEY PID`.
"""

from __future__ import annotations

import http.server
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from infra.core.command import Command
from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.core.steps import Outcome, StepContext, Tools
from infra.db import steps
from infra.db.migrate import upgrade
from infra.db.models import Organization, Video
from infra.db.session import Database, url_of
from infra.process import ProcessRunner
from infra.queue import CeleryDoorbell
from infra.runtime import supervisor, sweeper, worker
from infra.runtime.engine import Engine
from infra.runtime.steps import Itinerary, StepSpec
from infra.runtime.supervisor import Program

TOOLS = Tools(Path("/bin/false"), Path("/bin/false"), "none")


@dataclass(frozen=True)
class App:
    settings: Settings
    database: Database
    engine: Engine


def note(context: StepContext, what: str) -> None:
    with (context.settings.data / "log").open("a") as log:
        log.write(f"{what} {context.key} {os.getpid()}\n")


def sleep(context: StepContext) -> Outcome:
    """Key "NAME:SECONDS": sleep that long in a child process, the first time; a later attempt is quick."""
    name, _, seconds = context.key.partition(":")
    again = context.settings.data / f"began-{name}"
    first = not again.exists()
    again.touch()  # before the log says "begin": whoever reads that may kill this process at once
    note(context, "begin")
    (context.work / "scratch").write_text("x")
    if first:
        context.run(Command(("sleep", seconds)))
    context.check()
    note(context, "end")
    return {"name": name}


def then(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    steps.insert(session, video, [steps.NewStep("after", "light", outcome["name"])])


def after(context: StepContext) -> Outcome:
    note(context, "after")
    return None


def demand(context: StepContext, rendition: str, k: int) -> None:
    (context.settings.data / f"{rendition}-{k}").write_text(repr(time.time()))


def build(settings: Settings, runner: Any = None) -> App:
    database = Database(url_of(settings))
    upgrade(database)
    itinerary = Itinerary({"sleep": StepSpec("sleep", "media", sleep, then),
                           "after": StepSpec("after", "light", after)}, demand)
    engine = Engine(settings, database, None, TOOLS, runner or ProcessRunner(settings),  # type: ignore[arg-type]
                    CeleryDoorbell(settings), itinerary)
    return App(settings, database, engine)


def add(app: App, *keys: str, video_id: str = "v") -> None:
    """A video with a `sleep` step for each key, and the doorbell rung."""
    with app.engine.write() as session:
        if session.get(Organization, "o") is None:
            session.add(Organization(id="o", name="o", created_at=0.0))
            session.flush()
        video = Video(id=video_id, organization_id="o", playback_id="p" + video_id, title="t", created_at=0.0,
                      updated_at=0.0)
        session.add(video)
        session.flush()
        steps.insert(session, video, [steps.NewStep("sleep", "media", key) for key in keys])


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


def programs(settings: Settings, web: Sequence[str]) -> list[Program]:
    return [Program("web", tuple(web)),
            Program("work", ("fake_service", "worker", "media", "light"), ("media", "light")),
            Program("sweeper", ("fake_service", "sweeper"))]


def main(role: str, *queues: str) -> int:
    settings = Settings()
    if role == "up":
        try:
            return supervisor.up(settings, queues or ("fake_service", "web"), choose=programs)
        except LecternError as error:
            print(error)
            return error.exit_code
    if role == "web":
        http.server.HTTPServer((settings.host, settings.port), Ready).serve_forever()
    app = build(settings)
    (settings.data / f"{role}-{os.getpid()}").touch()  # it has connected: only from now on is it at work
    if role == "sweeper":
        return sweeper.serve(app.engine)
    return worker.serve(app, queues, 2, grace_s=1.5)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
