"""Settings -> adapters. The only place that chooses a backend."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import delete, select

from enrich import embedding_models
from infra.core import keys
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.db import audience, inbox, meaning, steps
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Video
from infra.db.session import Database, url_of
from infra.process import ProcessRunner
from infra.queue import CeleryDoorbell
from infra.runtime.engine import Engine
from infra.runtime.itinerary import ITINERARY
from infra.runtime.storages import open_stores
from infra.tools import find_tools
from player_api import search
from player_api.catalogue import EMBED
from player_api.services import Services

_EMBEDDED_AT_ONCE = 100  # videos a round: of a library that meets a sentence model for the first time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class App(Services):
    """The ports, and the engine over them."""

    engine: Engine


def build(settings: Settings) -> App:
    """Everything a process of Lectern needs. Raises ConfigError with the way out."""
    settings = settings.model_copy(update={"data": settings.data.absolute()})
    stores = open_stores(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(url_of(settings), settings.database_pool)
    upgrade(database)
    events = open_inbox(database)
    if events is not database:
        upgrade(events)
    runner = ProcessRunner(settings)
    tools: Tools = find_tools(settings, runner)
    doorbell = CeleryDoorbell(settings)
    engine = Engine(settings, database, stores.storage, tools, runner, doorbell, ITINERARY)
    app = App(settings, database, events, stores.storage, stores.staging, stores.direct, tools, runner, doorbell, engine)
    engine.on_sweep.extend([lambda: _purge(app), stores.sweep, lambda: search.catch_up(database), lambda: _embed(app)])
    return app


def _embed(app: App) -> None:
    """Have vectors made of passages that have none, where there is a sentence model."""
    model = embedding_models.find(app.settings.embedding_model, app.settings.embedding_languages)
    if model is None:
        return
    with app.database.read() as session:
        if not meaning.videos_without(session, model.id, EMBED, 1):
            return
    with app.engine.write() as session:
        for video in meaning.videos_without(session, model.id, EMBED, _EMBEDDED_AT_ONCE):
            if not steps.insert(session, video, [steps.NewStep(EMBED, "speech", model.id)]):
                steps.redo(session, video.id, EMBED, model.id)


def _purge(app: App) -> None:
    """Remove the bytes and rows of deleted videos."""
    with app.database.read() as session:
        deleted = session.execute(
            select(Video.organization_id, Video.id).where(Video.deleted_at.is_not(None)).limit(20)).all()
    for organization_id, video_id in deleted:
        app.storage.delete_prefix(keys.video_prefix(organization_id, video_id))
        with app.database.read() as session:
            watched = audience.find(session, video_id)
        if watched is not None:
            with app.events.write() as session:
                inbox.delete_video(session.connection(), watched.number)
        with app.database.write() as session:
            session.execute(delete(Video).where(Video.id == video_id))
