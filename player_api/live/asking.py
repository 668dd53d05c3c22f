"""What web processes ask of the live process that has a session."""

from __future__ import annotations

from typing import Any

import httpx

from infra.db import live
from infra.db.session import Database

_END_S = 30.0  # the last segment of every rung is written before the answer comes
_TELL_S = 2.0


def tell(database: Database, session_id: str, path: str) -> bool:
    """Tell the process that has this session to do something. False when there is none, or it does not answer."""
    answer = _ask(database, session_id, "POST", path, _END_S)
    return answer is not None and answer.status_code in (204, 404)  # 404: it is over already


def health(database: Database, session_id: str) -> dict[str, Any] | None:
    """`transcode.live.health.Health` of this session as JSON; None while nobody knows."""
    return _told(database, session_id, "health")


def captions(database: Database, session_id: str) -> dict[str, Any] | None:
    """How the captions of this session are doing, as `LiveCaptions` of the API; None: it has none, or nobody knows."""
    return _told(database, session_id, "captions")


def _told(database: Database, session_id: str, of: str) -> dict[str, Any] | None:
    answer = _ask(database, session_id, "GET", f"/sessions/{session_id}/{of}", _TELL_S)
    if answer is None or answer.status_code != 200:
        return None
    found: dict[str, Any] = answer.json()
    return found


def _ask(database: Database, session_id: str, method: str, path: str, within_s: float) -> httpx.Response | None:
    with database.read() as session:
        address = live.address_of_session(session, session_id)
    if address is None:
        return None
    try:
        with httpx.Client(trust_env=False, timeout=within_s) as http:
            return http.request(method, address.url + path, headers={"Authorization": f"Bearer {address.secret}"})
    except httpx.HTTPError:
        return None
