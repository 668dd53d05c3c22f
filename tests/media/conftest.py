"""The product's own ffmpeg, runner and probe, and clips that are made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import Clips, Desk

from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.tools import find_tools


@pytest.fixture(scope="session")
def desk() -> Desk:
    settings = Settings()
    runner = ProcessRunner(settings)
    return Desk(settings, runner, find_tools(settings, runner))


@pytest.fixture(scope="session")
def clips(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(desk, tmp_path_factory.mktemp("clips"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path
