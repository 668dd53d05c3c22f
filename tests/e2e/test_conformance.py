"""The rules of HLS, DASH, CMAF and HTTP on what the running service sends (docs/conformance.md)."""

from __future__ import annotations

from pathlib import Path

from conformance.explained import EXPLAINED
from conformance.hlslint import RULES
from conformance.model import source
from conformance.package import Package
from conformance.registry import failing, run
from conformance.rules_http import Served
from service import Service


def test_what_the_service_sends_keeps_the_rules(service: Service, tmp_path: Path) -> None:
    video = service.upload(source(tmp_path / "lecture.mp4", seconds=6))
    with service.client("") as viewer:
        served = Served(viewer, f"/play/{video['playback_id']}/")
        # Before the fill is done: most segments are rendered because they are asked for here.
        outcomes = run(Package(served)) | run(served, {"http"})
    lines = [line for outcome in outcomes.values() if outcome.rule.id not in EXPLAINED for line in outcome.lines()]
    assert failing(outcomes) <= set(EXPLAINED), lines
    assert not failing(outcomes) & {rule for rule, outcome in outcomes.items() if outcome.rule.scope == "http"}
    assert set(outcomes) == set(RULES)
    assert outcomes["7.1"].word == outcomes["10.1"].word == outcomes["D6"].word == "pass"
