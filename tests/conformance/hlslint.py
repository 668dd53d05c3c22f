"""All rules in one list, and the linter over them."""

from __future__ import annotations

from pathlib import Path

from . import rules_dash, rules_http, rules_more, rules_multivariant, rules_playlists, rules_video
from .package import Folder, Package
from .registry import RULES, Outcome, run

# Importing them entered their rules.
MODULES = (rules_playlists, rules_video, rules_multivariant, rules_more, rules_dash, rules_http)
__all__ = ["MODULES", "RULES", "lint"]


def lint(folder: Path) -> dict[str, Outcome]:
    """What every rule about a package says of the one in a folder."""
    return run(Package(Folder(folder)))
