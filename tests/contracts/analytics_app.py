"""The application with a lecture that is watched, for the tests of what is asked about watching."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from audiences import add_video, batch
from serving import serving

from infra.core.settings import Settings
from infra.db import audience
from infra.db.models import Organization
from infra.runtime.wiring import App, build
from player_api import keys
from player_api.analytics import tokens
from player_api.analytics.rollup import count
from player_api.app import create_app
from player_api.keys import Scope

VIDEO = "v_bcdfghjkmnpqrstv"
NOW_MS = time.time_ns() // 1_000_000


class Site:
    """The application, with a lecture of 20 s, and clients by scope."""

    def __init__(self, app: App, url: str, stack: ExitStack) -> None:
        self.app, self.url, self._stack = app, url, stack
        self.page = httpx.Client(base_url=url, trust_env=False, timeout=60)
        stack.callback(self.page.close)
        self.analyst, self.player, self.admin = (self.client("ours", s) for s in (Scope.ANALYST, Scope.PLAYER, Scope.ADMIN))
        with app.database.write() as session:
            self.video = add_video(session, "ours", VIDEO, 20)
            secret = audience.secret_of(session, "ours")
        assert secret is not None
        self.secret = secret
        self.token = tokens.anonymous(secret, "ours", self.video.playback_id, time.time())

    def client(self, organization: str, scope: Scope) -> httpx.Client:
        with self.app.database.write() as session:
            key = keys.create(session, organization, "test", [scope])[1]
        return self._stack.enter_context(httpx.Client(base_url=self.url, trust_env=False, timeout=60,
                                                      headers={"Authorization": f"Bearer {key}"}))

    def post(self, events: list[dict[str, Any]], viewer: str | None, *, session: str = "s1", token: str | None = None,
             **changes: Any) -> httpx.Response:
        body = batch(token or self.token, self.video.playback_id, session, events, time.time_ns() // 1_000_000, viewer)
        return self.page.post("/api/v1/events", content=json.dumps(body | changes), headers={"Content-Type": "text/plain"})

    def count(self) -> None:
        while count(self.app.database, self.app.events):
            pass

    def ask(self, metric: str, **how: Any) -> httpx.Response:
        answer = self.analyst.get(f"/api/v1/videos/{VIDEO}/analytics/{metric}", params=how)
        assert answer.status_code == 200, answer.text
        return answer

    def learner_token(self, learner: str, **more: Any) -> str:
        answer = self.player.post(f"/api/v1/videos/{VIDEO}/event-tokens", json={"learner": learner, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """Which database; those tests say more that are about rows. "s3": the objects are not in files, too."""
    return str(getattr(request, "param", "sqlite"))


both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def site(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    if kind == "s3":
        settings = request.getfixturevalue("s3_settings")("lectern", analytics_k=2)
    else:
        url = "" if kind == "sqlite" else request.getfixturevalue("database_of")(kind)
        settings = Settings(data=tmp_path / "data", database_url=url, analytics_k=2)
    app = build(settings)
    with app.database.write() as session:
        session.add_all(Organization(id=name, name=name, created_at=0.0) for name in ("ours", "theirs"))
    with ExitStack() as stack:
        for each in {app.database, app.events}:
            stack.callback(each.dispose)
        yield Site(app, stack.enter_context(serving(create_app(app))), stack)
