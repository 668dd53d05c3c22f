"""Where the links of an outline lead, and how its times are written. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from enrich.outline import Shown

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Places:
    """`watch` is the address of the watch page, absolute where the reader may be anywhere; `picture` that of a slide."""

    watch: str
    picture: Callable[[Shown], str]

    def at(self, second: float) -> str:
        """The watch page at that second, as its own links to share are written."""
        return f"{self.watch}?t={int(second)}"


def clock(second: float) -> str:
    """12:05, or 1:12:05."""
    hours, rest = divmod(int(second), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def lines_of(text: str) -> list[str]:
    """The lines of a text that came from outside: none is empty, and no sign in them turns or controls what follows."""
    lines = (" ".join("".join(filter(_harmless, line)).split()) for line in text.replace("\0", " ").splitlines())
    return [line for line in lines if line]


def plain(text: str) -> str:
    """As `lines_of`, on one line."""
    return " ".join(lines_of(text))


def _harmless(sign: str) -> bool:
    """Not half of a pair, no control character, none that Unicode keeps for itself, nothing that turns the direction of
    what follows."""
    none = ord(sign) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(sign) <= 0xFDEF
    return sign == "\t" or not (none or unicodedata.category(sign) in ("Cc", "Cs") or sign in _TURNING)
