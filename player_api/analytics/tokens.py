"""Events tokens: who may tell what of which video. Signed, short-lived, and of no use for anything else. Pure.

    base64url(JSON) . base64url(HMAC-SHA256), with a key that is made of the organization's secret
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import NamedTuple

from infra.core.errors import Unauthorized

LIFETIME_S = 86_400
ROUND_S = 3_600  # anonymous tokens of the same hour are the same


class Claims(NamedTuple):
    """What a token says."""

    organization_id: str
    playback_id: str
    expires_s: int
    learner: int | None  # None: anonymous, the body names a viewer
    consent: bool  # False: what happened is counted, and not who it was


def learner_key(secret: bytes, name: str) -> int:
    """64 bits that stand for a learner's name: always the same, and without the secret nobody can tell the name."""
    mac = hmac.digest(secret, name.encode(), hashlib.sha256)
    return int.from_bytes(mac[:8], "big", signed=True)


def viewer_key(secret: bytes, viewer: str) -> int:
    """The same for the random name that a browser keeps for itself. Schools' names of learners are never taken for one."""
    return learner_key(secret, f"viewer:{viewer}")


def external_key(secret: bytes, learner: str) -> int:
    """The same for a school's own name of a learner."""
    return learner_key(secret, f"learner:{learner}")


def sign(secret: bytes, claims: Claims) -> str:
    """The token."""
    body = _encoded(json.dumps([*claims], separators=(",", ":")).encode())
    return f"{body}.{_encoded(_mac(secret, body))}"


def anonymous(secret: bytes, organization_id: str, playback_id: str, now_s: float) -> str:
    """The token of a watch page, valid for a day at least."""
    expires_s = (int(now_s) // ROUND_S + 1) * ROUND_S + LIFETIME_S
    return sign(secret, Claims(organization_id, playback_id, expires_s, None, True))


def verify(token: str, secret_of: Callable[[str], bytes | None]) -> Claims:
    """What a token says, if it is one of ours; whether it has expired is for the caller to look at. Raises Unauthorized."""
    try:
        body, _, mac = token.partition(".")
        claims = Claims(*json.loads(_decoded(body)))
        if isinstance(claims.organization_id, str) and isinstance(claims.expires_s, int):
            secret = secret_of(claims.organization_id)
            if secret is not None and hmac.compare_digest(_mac(secret, body), _decoded(mac)):
                return claims
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise Unauthorized("bad_events_token", "This events token is not one of ours. Load the page again, or ask for another "
                       "one (POST /api/v1/videos/{id}/event-tokens).")


def _mac(secret: bytes, body: str) -> bytes:
    return hmac.digest(hmac.digest(secret, b"events token", hashlib.sha256), body.encode(), hashlib.sha256)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
