"""One package that Lectern made, and the same completed to one that keeps every rule; made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import model as models


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.media)


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="session")
def made(work: Path) -> Path:
    """The folder that `lectern process` wrote: 18 s, 854x480, stereo."""
    return models.made(models.source(work / "lecture.mp4"), work / "out")


@pytest.fixture(scope="session")
def good(made: Path, work: Path) -> models.Model:
    """It keeps every rule, but for EXCEPT of the tests."""
    return models.model(made, work)
