"""Starts processes of the fake service over a database and a broker that the test names (parameter `servers`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fake_service
import pytest
from service_probe import Start, environment

from infra.core.settings import Settings


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which database and which broker; the test says so with an indirect parameter."""
    database, broker = getattr(request, "param", ("sqlite", "folder"))
    return database, broker


@pytest.fixture
def lease_s() -> float:
    """Short, so that a lost worker is noticed soon; a module may say otherwise."""
    return 3.0


@pytest.fixture
def settings(tmp_path: Path, servers: tuple[str, str], database_of: Callable[..., str],
             broker_of: Callable[[str], dict[str, str]], lease_s: float) -> Settings:
    database, broker = servers
    url = {} if database == "sqlite" else {"database_url": database_of(database)}
    return Settings(data=tmp_path, lease_s=lease_s, sweep_s=0.3, **url, **broker_of(broker))


@pytest.fixture
def app(settings: Settings) -> Iterator[fake_service.App]:
    app = fake_service.build(settings)
    yield app
    app.database.dispose()


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    children: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        children.append(subprocess.Popen([sys.executable, "-m", "fake_service", *arguments],
                                         env=environment(settings)))
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.wait()
