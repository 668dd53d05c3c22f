"""Idempotency-Key: the same POST sent twice makes one object and gets one answer, for a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

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
    with database.write() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - _KEPT_S))
        session.execute(delete(IdempotencyKey).where(
            IdempotencyKey.status.is_(None), IdempotencyKey.created_at < now() - _AT_WORK_S))
        known = session.get(IdempotencyKey, (organization_id, key))
        if known is not None:
            return _replay(known, request_sha256)
        session.add(IdempotencyKey(organization_id=organization_id, key=key, request_sha256=request_sha256,
                                   created_at=now()))
    try:
        body = answer()
    except BaseException:
        with database.write() as session:
            _forget(session, organization_id, key)
        raise
    with database.write() as session:
        row = session.get_one(IdempotencyKey, (organization_id, key))
        row.status, row.response = 201, body
    return body


def _replay(known: IdempotencyKey, request_sha256: str) -> dict[str, Any]:
    if known.request_sha256 != request_sha256:
        raise Rejected("idempotency_key_reused", "This Idempotency-Key came with another request before.")
    if known.response is None:
        raise Conflict("request_at_work", "The first request with this Idempotency-Key is still at work.")
    return known.response


def _forget(session: Session, organization_id: str, key: str) -> None:
    session.execute(delete(IdempotencyKey).where(
        IdempotencyKey.organization_id == organization_id, IdempotencyKey.key == key))
