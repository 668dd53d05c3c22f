"""The linter is right: it finds nothing in a good package, and in a broken one the very rule that is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import broken_bytes, broken_dash, broken_playlists, broken_sound
from .broken import BROKEN, Broken
from .hlslint import RULES
from .model import Model
from .registry import failing, run

FAULTS = (broken_playlists, broken_bytes, broken_dash, broken_sound)  # importing them listed their faults
# Segments of 6 s have a key frame at their start alone, so the good package breaks this SHOULD.
EXCEPT = {"1.13"}


def test_a_good_package_passes(good: Model) -> None:
    outcomes = run(good.package)
    assert failing(outcomes) == EXCEPT, [line for outcome in outcomes.values() for line in outcome.lines()]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: f"{one.rule}-{one.name}")
def test_one_fault_is_found_and_named(good: Model, tmp_path: Path, broken: Broken) -> None:
    damaged = good.copy()
    broken.damage(damaged, tmp_path)
    assert damaged.files != good.files
    outcomes = run(damaged.package, {RULES[broken.rule].scope})
    lines = [line for outcome in outcomes.values() for line in outcome.lines() if outcome.rule.id not in EXCEPT]
    assert failing(outcomes) - EXCEPT == {broken.rule, *broken.inseparable}, lines
    assert any(line.startswith(f"{broken.rule} ") for line in lines)


def test_every_rule_has_a_package_that_breaks_it() -> None:
    packaged = {number for number, rule in RULES.items() if rule.scope != "http"}
    assert packaged - EXCEPT - {broken.rule for broken in BROKEN} == set()
    assert len(FAULTS) == 4
