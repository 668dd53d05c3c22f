"""Identifiers: random, so that knowing one says nothing about the next; never a secret by themselves."""

from __future__ import annotations

import re
import secrets

# No vowels and no look-alikes: an id never spells a word and can be read out over the phone.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
ID_PATTERN = r"[a-z]{1,4}_[bcdfghjkmnpqrstvwxz23456789]{16}"
_ID = re.compile(ID_PATTERN)


def new_id(kind: str) -> str:
    """A fresh id such as `v_k7m2...`: kind, underscore, 16 characters (76 bits)."""
    return f"{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def is_id(text: str) -> bool:
    """Whether `text` has the shape of an id. Checked before an id comes near a file name."""
    return _ID.fullmatch(text) is not None
