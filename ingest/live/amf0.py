"""The little of AMF 0 that commands of RTMP are made of: numbers, strings, objects, null. Pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

_DEPTH = 8  # objects in objects: nobody sends more


def encode(*values: Any) -> bytes:
    """These values, one after the other: float, str, bool, None, or a mapping of such."""
    return b"".join(_encoded(value) for value in values)


def decode(data: bytes) -> list[Any]:
    """The values, as far as they are understood; raises ValueError when they break off."""
    values: list[Any] = []
    at = 0
    try:
        while at < len(data):
            value, at = _decoded(data, at, 0)
            values.append(value)
    except (IndexError, struct.error) as error:
        raise ValueError("AMF 0 that breaks off") from error
    return values


def _encoded(value: Any) -> bytes:
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, int | float):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + _text(value)
    if isinstance(value, Mapping):
        return b"\x03" + b"".join(_text(name) + _encoded(item) for name, item in value.items()) + b"\x00\x00\x09"
    raise TypeError(f"AMF 0 has no {type(value).__name__} here")


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def _decoded(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    kind, at = data[at], at + 1
    if depth > _DEPTH:
        raise ValueError("AMF 0 that is too deep")
    if kind == 0:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if kind == 1:
        return bool(data[at]), at + 1
    if kind == 2:
        return _string(data, at)
    if kind in (3, 8):  # an object; an array of names and values, which says how many first
        at += 4 if kind == 8 else 0
        found: dict[str, Any] = {}
        while True:
            name, at = _string(data, at)
            if not name and data[at] == 9:
                return found, at + 1
            found[name], at = _decoded(data, at, depth + 1)
    if kind in (5, 6):
        return None, at
    raise ValueError(f"AMF 0 of kind {kind}")


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + int.from_bytes(data[at:at + 2], "big")
    if end > len(data):
        raise IndexError
    return data[at + 2:end].decode(errors="replace"), end
