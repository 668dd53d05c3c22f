"""How tests are judged on a machine that is not always there (tests/running.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from granted import stolen_of

TESTS = Path(__file__).parents[1]
CONFTEST = """
import time, granted, running
granted.stolen_s = lambda: {stolen} * time.monotonic()
def pytest_configure(config):
    config.pluginmanager.register(running.JudgedInRealTime())
    config.pluginmanager.register(running.SlowWithin({minutes}))
"""
FILE = """
import pytest
@pytest.mark.real_time
def test_in_real_time(): assert 1 == 2
@pytest.mark.real_time
def test_that_passes(): pass
def test_of_any_time(): assert 1 == 2
@pytest.mark.slow
def test_that_is_slow(): pass
"""


def judged(folder: Path, stolen: float, minutes: float) -> dict[str, str]:
    """What becomes of each test of FILE, where such a share of the time is stolen and slow ones may begin so late."""
    (folder / "conftest.py").write_text(CONFTEST.format(stolen=stolen, minutes=minutes))
    (folder / "test_four.py").write_text(FILE)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  real_time\n  slow\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", str(folder)], cwd=folder, check=False,
        env=os.environ | {"PYTHONPATH": str(TESTS)}, capture_output=True, text=True)
    lines = [line.split("::")[1].split() for line in done.stdout.splitlines() if line.startswith("test_four.py::")]
    return {name: outcome for name, outcome, *_ in lines}


def test_what_is_of_real_time_is_judged_only_where_the_machine_was_there(tmp_path: Path) -> None:
    fast = {"test_that_passes": "PASSED", "test_of_any_time": "FAILED", "test_that_is_slow": "PASSED"}
    assert judged(tmp_path, 0.1, 1) == fast | {"test_in_real_time": "FAILED"}
    assert judged(tmp_path, 0.5, 1) == fast | {"test_in_real_time": "SKIPPED"}


def test_slow_ones_are_not_begun_later_than_was_said(tmp_path: Path) -> None:
    assert judged(tmp_path, 0, -1)["test_that_is_slow"] == "SKIPPED"


@pytest.mark.parametrize("tail", [" 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n", "\n"], ids=["linux", "short"])
def test_what_was_stolen_is_a_mean_of_the_processors(tail: str) -> None:
    assert stolen_of("cpu  9792073 895331 1246707 2507699 61335 0 39503 1050500" + tail, 2, 100) == 5252.5
