"""Cursors: where the next page of a list begins, for a client to send back as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from infra.core.errors import Rejected

NOT_OURS = "This cursor is not one of ours: begin without it."
Place = TypeVar("Place")


def encode(created_at: float, row_id: str) -> str:
    """The place of a row in a list that is ordered by when its members were made, newest first."""
    return pack(created_at, row_id)


def decode(cursor: str) -> tuple[float, str]:
    """(created_at, id) of the row. Raises Rejected."""
    return unpack(cursor, lambda created_at, row_id: (float(created_at), str(row_id)), NOT_OURS)


def pack(*place: Any) -> str:
    """What JSON can say, as a word that needs no quoting in an address."""
    return base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode()).decode()


def unpack(cursor: str, read: Callable[..., Place], otherwise: str) -> Place:
    """What `read` makes of what was packed; it may get anything, and raises ValueError for what is not ours.

    Raises Rejected with the sentence `otherwise`.
    """
    try:
        return read(*json.loads(base64.urlsafe_b64decode(cursor.encode())))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Rejected("bad_cursor", otherwise) from error
