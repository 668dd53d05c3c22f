"""Fonts for documents: which of those that are here can write a text.

Those of Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Tamil, Telugu and Khmer come as packages (Open Font
License). Of Chinese, Japanese and Korean there is none so small; Noto Sans CJK is used where the system has it, and so is
DejaVu Sans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import fontpkg
from fontTools.ttLib import TTFont

FIRST = "noto-sans"
# Behind it, in this order; a document takes those alone that it needs. Fira Code has the signs of mathematics.
_PACKAGED = ("fira-code", "noto-sans-arabic", "heebo", "noto-sans-devanagari", "noto-sans-thai", "noto-sans-tamil",
             "noto-sans-telugu", "noto-sans-khmer")
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
_OF_THE_SYSTEM = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf")


def first() -> Path:
    """The font of documents."""
    return Path(fontpkg.path(FIRST))


def behind(text: Iterable[str]) -> tuple[list[Path], frozenset[str]]:
    """The fonts that `text` needs besides the first, and its signs that no font here has."""
    missing = {sign for sign in set(text) if not sign.isspace()} - {chr(code) for code in _signs(first())}
    found = []
    for path in _all():
        if not missing:
            break
        has = {sign for sign in missing if ord(sign) in _signs(path)}
        if has:
            found.append(path)
            missing -= has
    return found, frozenset(missing)


def _all() -> Iterator[Path]:
    for name in _PACKAGED:
        yield Path(fontpkg.path(name))
    yield from _of_the_system()


@cache
def _of_the_system() -> tuple[Path, ...]:
    found = [path for folder in _FOLDERS for path in Path(folder).rglob("*") if path.name in _OF_THE_SYSTEM]
    return tuple(sorted(found, key=lambda path: (_OF_THE_SYSTEM.index(path.name), path)))


@cache
def _signs(path: Path) -> frozenset[int]:
    """The code points that a font draws; none of a file that is no font."""
    try:
        with TTFont(path, lazy=True, fontNumber=0) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, ValueError, KeyError):
        return frozenset()
