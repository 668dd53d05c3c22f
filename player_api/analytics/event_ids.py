"""Names of events that come from elsewhere: the same event has the same name whenever it is read again."""

from __future__ import annotations

import hashlib
import uuid


def event_id(t_ms: int, *parts: object) -> str:
    """A UUID of version 7 at this time; what is chance in others is a digest of `parts`."""
    chance = int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:10])
    number = (t_ms & (1 << 48) - 1) << 80 | 7 << 76 | (chance >> 68) << 64 | 2 << 62 | chance & (1 << 62) - 1
    return str(uuid.UUID(int=number))


def uid_of(name: str) -> int:
    """The 64 bits of a UUID by which the inbox knows an event."""
    number = uuid.UUID(name).int
    uid = (number ^ number >> 64) & 0xFFFFFFFFFFFFFFFF
    return uid - (1 << 64) if uid >> 63 else uid
