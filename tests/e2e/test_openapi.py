"""The description of the API that is served: complete, and the same as the committed one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from service import ROOT, Service

COPY = ROOT / "docs" / "openapi.json"
PLAYERS_TELL = ("/api/v1/events", "/api/v1/cmcd")


@pytest.fixture(scope="module")
def described(service: Service) -> dict[str, Any]:
    with service.client("") as client:
        answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found

def test_the_committed_description_is_the_served_one(described: dict[str, Any], request: pytest.FixtureRequest) -> None:
    text = json.dumps(described, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if request.config.getoption("--update-golden"):
        COPY.write_text(text)
    assert COPY.is_file(), "no docs/openapi.json: run pytest tests/e2e/test_openapi.py --update-golden"
    assert text == COPY.read_text(), "the API changed: if that is meant, run pytest --update-golden and read the difference"


def test_every_operation_is_described(described: dict[str, Any]) -> None:
    names = set()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            where = f"{method.upper()} {path}"
            assert operation.get("summary"), where
            assert operation.get("tags"), where
            assert operation["operationId"] not in names, where
            names.add(operation["operationId"])
            answers = operation["responses"]
            assert any(status.startswith("2") for status in answers), where
            if path.startswith("/api/v1/") and method != "options":
                # Players have no API key, but a token of their own.
                assert operation.get("security", []) == ([] if path in PLAYERS_TELL else [{"API key": []}]), where
                assert {"401", "403", "422"} <= set(answers), where
                assert "{" not in path or "404" in answers, where
            for status, answer in answers.items():
                if status.startswith(("4", "5")) and path.startswith(("/api", "/play")):
                    assert "application/problem+json" in answer["content"], (where, status)
            for parameter in operation.get("parameters", []):
                assert parameter["name"].lower() != "authorization", where  # it is a security scheme


def test_what_is_answered_is_what_is_described(service: Service, described: dict[str, Any], clip: Path) -> None:
    video = described["components"]["schemas"]["VideoShape"]
    assert video["additionalProperties"] is False
    made = service.upload(clip)  # not checked by the framework, unlike what is read
    assert set(made) == set(service.video(made["id"])) == set(video["properties"])
    with service.client() as client:
        client.delete(f"/api/v1/videos/{made['id']}")
