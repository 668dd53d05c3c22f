"""What Lectern makes keeps the rules, but for what is explained; the page about it is what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import models_of
from .explained import EXPLAINED
from .hlslint import RULES, lint
from .page import page
from .registry import failing

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


def test_every_failure_of_our_own_package_is_explained(made: Path) -> None:
    outcomes = lint(made)
    lines = [line for outcome in outcomes.values() if outcome.rule.id not in EXPLAINED for line in outcome.lines()]
    assert failing(outcomes) <= set(EXPLAINED), lines
    assert set(EXPLAINED) <= set(RULES)


def test_the_page_is_what_the_rules_say(made: Path) -> None:
    told = "python -m tests.conformance.page > docs/conformance.md"
    assert PAGE.is_file() and PAGE.read_text() == page(lint(made)), told
    assert "NO EXPLANATION" not in PAGE.read_text()


@pytest.mark.parametrize("name", [
    "portrait", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mono_2997", "silent_6fps"))])
def test_other_sources_keep_the_rules_as_well(work: Path, name: str) -> None:
    outcomes = lint(models_of.package(work, name))
    lines = [line for outcome in outcomes.values() if outcome.rule.id not in EXPLAINED for line in outcome.lines()]
    assert failing(outcomes) <= set(EXPLAINED), lines
