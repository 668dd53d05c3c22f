"""API keys: made, stored as hashes, checked. A key is `lec_` + its id + `_` + 256 random bits."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from infra.core.errors import Forbidden, NotFound, Unauthorized
from infra.core.ids import new_id
from infra.db.models import ApiKey, Organization
from infra.db.session import now

_OF_SECRET = select(ApiKey).where(ApiKey.secret_sha256 == bindparam("digest"))  # made once: every request begins with it


class Scope(StrEnum):
    """What a key may do. admin may do everything inside its organization."""

    CREATOR = "creator"
    ANALYST = "analyst"
    PLAYER = "player"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a key of one organization."""

    organization_id: str
    key_id: str
    scopes: frozenset[str]

    def require(self, *scopes: Scope) -> None:
        """Raises Forbidden when the key has none of `scopes`, nor admin."""
        if not self.scopes & {*scopes, Scope.ADMIN}:
            raise Forbidden("missing_scope", f"This key may not do that: it needs the scope {' or '.join(scopes)}.")


def create(session: Session, organization_id: str, name: str, scopes: list[Scope]) -> tuple[ApiKey, str]:
    """A new key and its secret form, which is not stored and can not be shown again."""
    key_id = new_id("k")
    secret = f"lec_{key_id}_{secrets.token_urlsafe(32)}"
    key = ApiKey(id=key_id, organization_id=organization_id, name=name, secret_sha256=_digest(secret),
                 scopes=[str(scope) for scope in scopes], created_at=now())
    session.add(key)
    session.flush()
    return key, secret


def authenticate(session: Session, authorization: str | None) -> Principal:
    """The principal of an `Authorization: Bearer KEY` header. Raises Unauthorized."""
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthorized("no_key", "Send an API key: Authorization: Bearer KEY. `lectern keys` makes one.")
    # Looking up by the hash of a 256-bit secret leaks nothing through timing.
    key = session.scalar(_OF_SECRET, {"digest": _digest(secret.strip())})
    if key is None or key.revoked_at is not None:
        raise Unauthorized("unknown_key", "This API key is not known here, or it was revoked.")
    return Principal(key.organization_id, key.id, frozenset(key.scopes))


def listing(session: Session, organization_id: str) -> list[ApiKey]:
    """All keys of an organization, oldest first."""
    query = select(ApiKey).where(ApiKey.organization_id == organization_id).order_by(ApiKey.created_at)
    return list(session.scalars(query))


def revoke(session: Session, organization_id: str, key_id: str) -> None:
    """Make a key useless from now on. Raises NotFound."""
    found = session.execute(
        update(ApiKey).where(ApiKey.id == key_id, ApiKey.organization_id == organization_id).values(revoked_at=now())
    )
    if not found.rowcount:  # type: ignore[attr-defined]  # an UPDATE always has it
        raise NotFound("key_not_found", "There is no such key in this organization.")


def bootstrap(session: Session) -> str | None:
    """On an empty installation: the organization `default` and an admin key, whose secret is returned once."""
    if session.scalar(select(Organization.id).limit(1)) is not None:
        return None
    organization = Organization(id=new_id("o"), name="default", created_at=now())
    session.add(organization)
    session.flush()
    _, secret = create(session, organization.id, "bootstrap", [Scope.ADMIN])
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
