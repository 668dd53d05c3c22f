"""What the owner of the machine may do without a key: the bootstrap key, and the list of keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra.core.errors import ConfigError, NotFound, Rejected
from infra.core.settings import Settings
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from player_api import keys


def bootstrap(settings: Settings) -> str | None:
    """Make the first organization and its admin key on an empty installation; the key, shown this one time.

    It is also kept in DATA/admin.key, readable by the owner alone.
    """
    with _transaction(settings) as session:
        secret = keys.bootstrap(session)
        if secret is not None:
            # Inside the transaction: a key that could not be written down must not exist.
            path = settings.data / "admin.key"
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secret + "\n")
                file.flush()
                os.fsync(file.fileno())
    return secret


def create_key(settings: Settings, name: str, scopes: list[str]) -> str:
    """A new key of the default organization. Raises Rejected for an unknown scope."""
    known = {str(scope): scope for scope in keys.Scope}
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        raise Rejected("unknown_scope", f"There is no scope {unknown[0]!r}: choose from {', '.join(known)}.")
    with _transaction(settings) as session:
        _, secret = keys.create(session, _default_organization(session), name, [known[scope] for scope in scopes])
    return secret


def list_keys(settings: Settings) -> Iterator[str]:
    """One line a key."""
    with _transaction(settings) as session:
        for key in keys.listing(session, _default_organization(session)):
            made = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d")
            state = "revoked" if key.revoked_at else "active"
            yield f"{key.id}  {key.name:20} {','.join(key.scopes):20} {made}  {state}"


def revoke_key(settings: Settings, key_id: str) -> None:
    """Raises NotFound."""
    with _transaction(settings) as session:
        keys.revoke(session, _default_organization(session), key_id)


def _default_organization(session: Session) -> str:
    found = session.scalar(select(Organization.id).order_by(Organization.created_at).limit(1))
    if found is None:
        raise NotFound("not_started", "This installation was never started: lectern up makes its first key.")
    return found


@contextmanager
def _transaction(settings: Settings) -> Iterator[Session]:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("data_folder", f"{settings.data} can not be made: {error.strerror}.") from error
    database = Database(url_of(settings))
    try:
        upgrade(database)
        with database.write() as session:
            yield session
    finally:
        database.dispose()
