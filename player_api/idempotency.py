"""Idempotency-Key: the same POST sent twice makes one object and gets one answer, for a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete

from infra.core.errors import Conflict, Rejected
from infra.db.models import IdempotencyKey
from infra.db.session import Database, now

_KEPT_S = 86_400
_AT_WORK_S = 60  # the first request surely ended by then, if badly


def once(database: Database, organization_id: str, key: str | None, request_sha256: str,
         answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """`answer()`, or what it gave before for the same key.

    Raises Conflict while the first request is at work, Rejected when the key came with another request.
    """
    if key is None:
        return answer()
    known = begin(database, organization_id, key, request_sha256)
    if known is not None:
        return known
    try:
        body = answer()
    except BaseException:
        forget(database, organization_id, key)
        raise
    end(database, organization_id, key, body)
    return body


def begin(database: Database, organization_id: str, key: str, request_sha256: str) -> dict[str, Any] | None:
    """The answer that this key got before; None makes this request the first one. Raises as `once` does."""
    with database.write() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - _KEPT_S))
        session.execute(delete(IdempotencyKey).where(
            IdempotencyKey.status.is_(None), IdempotencyKey.created_at < now() - _AT_WORK_S))
        known = session.get(IdempotencyKey, (organization_id, key))
        if known is not None:
            return _replay(known, request_sha256)
        session.add(IdempotencyKey(organization_id=organization_id, key=key, request_sha256=request_sha256,
                                   created_at=now()))
    return None


def end(database: Database, organization_id: str, key: str, body: dict[str, Any]) -> None:
    """Keep the answer of the first request. One that was at work for long may find its key gone: it made it anyway."""
    with database.write() as session:
        row = session.get(IdempotencyKey, (organization_id, key))
        if row is not None:
            row.status, row.response = 201, body


def forget(database: Database, organization_id: str, key: str) -> None:
    """The first request failed: the next one is the first."""
    with database.write() as session:
        session.execute(delete(IdempotencyKey).where(
            IdempotencyKey.organization_id == organization_id, IdempotencyKey.key == key))


def _replay(known: IdempotencyKey, request_sha256: str) -> dict[str, Any]:
    if known.request_sha256 != request_sha256:
        raise Rejected("idempotency_key_reused", "This Idempotency-Key came with another request before.")
    if known.response is None:
        raise Conflict("request_at_work", "The first request with this Idempotency-Key is still at work.")
    return known.response
