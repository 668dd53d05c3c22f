"""python -m tests.conformance FOLDER|URL: every rule that is broken, with its number; exit code 1 where one is a MUST."""

from __future__ import annotations

import argparse
from pathlib import Path

import httpx

from .explained import EXPLAINED
from .hlslint import lint
from .package import Package
from .registry import Outcome, run
from .rules_http import Served


def report(outcomes: dict[str, Outcome]) -> int:
    """Print what is wrong; the exit code."""
    for outcome in outcomes.values():
        for line in outcome.lines():
            print(line)
        if outcome.problems and outcome.rule.id in EXPLAINED:
            print(f"    {EXPLAINED[outcome.rule.id]}")
    words = [outcome.word for outcome in outcomes.values()]
    print(f"{words.count('pass')} rules pass, {words.count('fail')} fail, {words.count('not applicable')} do not apply")
    return int(any(outcome.problems and outcome.rule.level == "MUST" for outcome in outcomes.values()))


def main() -> int:
    parser = argparse.ArgumentParser(description="Lint a package of HLS and DASH.")
    parser.add_argument("package", help="a folder, or the address of its master.m3u8")
    chosen = parser.parse_args().package
    if not chosen.startswith(("http://", "https://")):
        return report(lint(Path(chosen)))
    with httpx.Client(timeout=60) as client:
        served = Served(client, chosen.rpartition("/")[0] + "/")
        return report(run(Package(served)) | run(served, {"http"}))


if __name__ == "__main__":
    raise SystemExit(main())
