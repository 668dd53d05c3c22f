"""Events tokens are handed out: to a watch page, and to a school's own page by its key."""

from __future__ import annotations

import time

from sqlalchemy.orm import Session

from infra.db import audience
from infra.db.models import Video
from infra.db.session import Database
from player_api.analytics import tokens
from player_api.analytics.tokens import LIFETIME_S, Claims


def secret_of(database: Database, organization_id: str) -> bytes:
    """The organization's secret, made when it is first asked for."""
    with database.read() as session:
        found = audience.secret_of(session, organization_id)
    return found or _make(database, organization_id)


def _make(database: Database, organization_id: str) -> bytes:
    with database.write() as session:
        found = audience.secret_of(session, organization_id, make=True)
    assert found is not None
    return found


def of_page(database: Database, video: Video) -> str:
    """The anonymous token of a watch page."""
    secret = secret_of(database, video.organization_id)
    return tokens.anonymous(secret, video.organization_id, video.playback_id, time.time())


def of_learner(database: Database, video: Video, learner: str, consent: bool) -> tuple[str, int]:
    """A token that names a learner, and when it expires (Unix seconds)."""
    secret = secret_of(database, video.organization_id)
    expires_s = int(time.time()) + LIFETIME_S
    claims = Claims(video.organization_id, video.playback_id, expires_s, tokens.external_key(secret, learner), consent)
    return tokens.sign(secret, claims), expires_s


def key_of(session: Session, organization_id: str, learner: str) -> int | None:
    """The key of a learner whom a school names; None: it never named any."""
    secret = audience.secret_of(session, organization_id)
    return tokens.external_key(secret, learner) if secret else None
