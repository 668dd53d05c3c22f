"""Boxes of ISO base media files (ISO/IEC 14496-12, 4.2), written."""

from __future__ import annotations

import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box around `parts`."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box that begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)
