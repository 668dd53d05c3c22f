"""Settings -> adapters. The only place that chooses a backend."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, load_only

from enrich import embedding_models
from infra.core import keys
from infra.core.keys import SpeechKeys
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.db import audience, demands, inbox, live, meaning, steps
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
from player_api import unindexed
from player_api.catalogue import EMBED
from player_api.services import Services

_EXPIRED_AT_ONCE = 100  # videos a round
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
    engine.on_sweep.extend([lambda: expire(database), lambda: _purge(app), stores.sweep,
                            lambda: unindexed.catch_up(database), lambda: _embed(app)])
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


def expire(database: Database) -> None:
    """Delete recordings of live sessions that their organization keeps no longer; `_purge` takes what belongs to them."""
    with database.read() as session:
        if not live.expired(session, 1):
            return
    with database.write() as session:
        for video in live.expired(session, _EXPIRED_AT_ONCE):
            log.info("the recording %s is older than its organization keeps any", video.id)
            video.deleted_at = live.clock(session)


def _purge(app: App) -> None:
    """Remove the bytes and rows of deleted videos, once nobody writes of them any more: it would be there for ever."""
    with app.database.read() as session:
        deleted = [(video.organization_id, video.id, {video.id, video.folder, video.source_folder})
                   for video in session.scalars(
            select(Video).where(Video.deleted_at.is_not(None), Video.id.not_in(live.written_now(session)),
                                Video.id.not_in(steps.in_hand()), Video.id.not_in(demands.in_hand())).limit(20)
            .options(load_only(Video.organization_id, Video.media_id, Video.source_id)))]
    for organization_id, video_id, folders in deleted:
        with app.database.read() as session:
            watched = audience.find(session, video_id)
            shared = {folder: _uses(session, folder, video_id) for folder in folders}
        for folder, (made, source) in shared.items():
            if source and not made:
                # A trimmed video has its source here: that, and what was said in all of it, stay.
                speech = SpeechKeys.of(organization_id, folder)
                stay = (keys.source(organization_id, folder), keys.indexed(organization_id, folder), speech.heard,
                        speech.transcript)
                for item in list(app.storage.list(keys.video_prefix(organization_id, folder))):
                    if item.key not in stay:
                        app.storage.delete(item.key)
            elif not made:
                app.storage.delete_prefix(keys.video_prefix(organization_id, folder))
        if watched is not None:
            with app.events.write() as session:
                inbox.delete_video(session.connection(), watched.number)
        with app.database.write() as session:
            session.execute(update(Video).where(Video.earlier_video_id == video_id).values(earlier_video_id=None))
            session.execute(delete(Video).where(Video.id == video_id))


def _uses(session: Session, folder: str, but: str) -> tuple[bool, bool]:
    """Whether what is made of another video's source than `but`'s lies in this folder, and whether such a source does."""
    others = session.scalars(
        select(Video).where(Video.id != but, (Video.id == folder) | (Video.media_id == folder) | (Video.source_id == folder))
        .options(load_only(Video.media_id, Video.source_id))).all()
    return any(video.folder == folder for video in others), any(video.source_folder == folder for video in others)
