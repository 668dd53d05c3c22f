"""What the repository promises about itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.core.settings import Settings
from infra.runtime.settings_page import page

ROOT = Path(__file__).parents[2]
PACKAGES = ("infra", "ingest", "transcode", "enrich", "player_api")
TOOLS = Path(sys.executable).parent


def _sources() -> list[Path]:
    return sorted(path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py")
                  if "node_modules" not in path.parts)


@pytest.mark.parametrize("command", [
    ["ruff", "check"], ["mypy"], ["lint-imports"],
], ids=lambda command: command[0])
def test_the_checkers_find_nothing(command: list[str]) -> None:
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_answers_one_question(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_the_settings_page_is_what_the_code_says() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == page(), "python -m infra.runtime.settings_page > docs/settings.md"


def test_no_lock_names_a_host() -> None:
    for path in [*(ROOT / "infra" / "locks").glob("*.txt"), ROOT / "player_api" / "web" / "package-lock.json"]:
        assert "://" not in "\n".join(
            line for line in path.read_text().splitlines() if '"funding"' not in line and '"url"' not in line), path


def test_the_readme_names_only_commands_that_exist() -> None:
    from infra.runtime.cli import app, keys_app

    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    readme = (ROOT / "README.md").read_text()
    for name in ("demo", "up", "add", "process", "plan", "status", "retry", "doctor"):
        assert name in names and name in readme
    assert {command.name for command in keys_app.registered_commands} == {"list", "create", "revoke"}
