"""EBML (RFC 8794), the nested elements that Matroska and WebM files are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO


def element(file: BinaryIO, at: int) -> tuple[int, int, int | None] | None:
    """(kind, start of content, length or None when it is unknown) of the element at `at`."""
    file.seek(at)
    head = file.read(16)
    kind = number(head, 0, keep_marker=True)
    length = number(head, kind[1], keep_marker=False) if kind else None
    if kind is None or length is None:
        return None
    return kind[0], at + length[1], None if _unknown(length[0], length[1] - kind[1]) else length[0]


def elements(data: bytes, at: int = 0, limit: int | None = None) -> Iterator[tuple[int, int, int]]:
    """(kind, start of content, end of content, which may lie beyond `data`) of each element from `at` on."""
    limit = len(data) if limit is None else limit
    while at < limit:
        kind = number(data, at, keep_marker=True)
        length = number(data, kind[1], keep_marker=False) if kind else None
        if kind is None or length is None:
            return
        start = length[1]
        end = limit if _unknown(length[0], start - kind[1]) else start + length[0]
        yield kind[0], start, end
        at = end


def number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int] | None:
    """A variable-size integer (RFC 8794, 4) and where it ends; None when `data` ends before."""
    if at >= len(data) or data[at] == 0:
        return None
    width = 9 - data[at].bit_length()
    if at + width > len(data):
        return None
    value = int.from_bytes(data[at:at + width], "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), at + width


def _unknown(value: int, width: int) -> bool:
    """Whether a size is the reserved "not known yet" of a live recording: all bits set."""
    return bool(value == (1 << 7 * width) - 1)
