"""What a deleted video leaves: nothing, also where a worker had it in hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from infra.core import keys
from infra.core.ids import new_id
from infra.core.settings import Settings
from infra.db import demands, steps
from infra.db.models import Demand, Organization, Step, Video
from infra.db.session import now
from infra.runtime.wiring import App, build
from player_api import catalogue


@pytest.fixture
def app(tmp_path: Path) -> App:
    return build(Settings(data=tmp_path, transcribe=False, embedding_model="none"))


@pytest.mark.parametrize("work", ["step", "cell"])
def test_a_worker_that_still_writes_is_waited_for(app: App, work: str) -> None:
    with app.database.write() as session:
        organization = Organization(id=new_id("o"), name="o", created_at=now())
        session.add(organization)
        session.flush()
        video = catalogue.add(session, organization.id, video_id=new_id("v"), title="Graphs")
        session.flush()
        key = keys.video_prefix(organization.id, video.id) + "cell"
        steps.insert(session, video, [steps.NewStep("poster", "light")])
        demands.want(session, video.id, organization.id, "h264-720p", 3)
    with app.database.write() as session:
        if work == "step":
            assert steps.claim(session, video.id, "poster", "", "worker", 60, 3)
        else:
            assert demands.claim(session, video.id, "h264-720p", 3, "worker", 60)
    with app.database.write() as session:
        session.get_one(Video, video.id).deleted_at = now()
    app.engine.sweep()
    app.storage.put(key, b"written late")
    with app.database.write() as session:  # the worker noticed, or died: its lease was not made longer
        for row in (*session.scalars(select(Step)), *session.scalars(select(Demand))):
            row.lease_until = now() - 1 if row.lease_until else None
    app.engine.sweep()
    assert not list(app.storage.list(keys.video_prefix(organization.id, video.id)))
    with app.database.read() as session:
        assert session.get(Video, video.id) is None
