"""Packages with one fault each: the proof that the linter sees it, and calls it by its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .model import Model

MASTER = "master.m3u8"


@dataclass(frozen=True)
class Broken:
    """A fault. `inseparable`: rules that no package can keep while it breaks this one."""

    rule: str
    name: str
    damage: Callable[[Model, Path], None]
    inseparable: tuple[str, ...] = ()


BROKEN: list[Broken] = []


def breaks(rule: str, *inseparable: str) -> Callable[[Callable[[Model, Path], None]], Callable[[Model, Path], None]]:
    def enter(damage: Callable[[Model, Path], None]) -> Callable[[Model, Path], None]:
        BROKEN.append(Broken(rule, damage.__name__, damage, inseparable))
        return damage
    return enter


def text(rule: str, name: str, path: str, old: str, new: str, count: int = 1, inseparable: tuple[str, ...] = ()) -> None:
    """A fault in a playlist; {top}, {low} and {audio} in `path` and `old` are folders."""
    def damage(m: Model, work: Path) -> None:
        folders = {"top": m.top, "low": m.low, "audio": m.audio}
        m.edit_re(path.format(**folders), old.format(**folders), new, count)
    BROKEN.append(Broken(rule, name, damage, inseparable))
