"""Fixtures for real servers: one of each for the whole run, and a database or a prefix of its own for each test.

A conftest.py takes what it needs: `from servers import *`. Missing packages skip a test on a laptop and fail in CI.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from infra.core.errors import ConfigError
from infra.db.migrate import upgrade
from infra.db.session import Database
from infra.deploy.native.postgres import Postgres
from infra.deploy.native.rabbitmq import RabbitMQ
from infra.deploy.native.redis import Redis
from infra.deploy.native.server import Server

__all__ = ["broker_of", "database_of", "postgres", "rabbitmq", "redis", "servers_folder"]

S = TypeVar("S", bound=Server)
CONSUMER_TIMEOUT_S = 2.0  # instead of half an hour: what holds a message for longer is found by every test
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Not below pytest's own folder, which the servers' users may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="lectern-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(make: Callable[[], S]) -> Iterator[S]:
    try:
        server = make()
    except ConfigError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[Postgres]:
    """With a database `migrated`, to copy."""
    with running(lambda: Postgres(servers_folder / "postgres", unsafe_fast=True)) as server:
        database = Database(server.create_database("migrated"))
        upgrade(database)
        database.dispose()
        yield server


@pytest.fixture(scope="session")
def redis(servers_folder: Path) -> Iterator[Redis]:
    with running(lambda: Redis(servers_folder / "redis")) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq(servers_folder: Path) -> Iterator[RabbitMQ]:
    with running(lambda: RabbitMQ(servers_folder / "rabbitmq", consumer_timeout_s=CONSUMER_TIMEOUT_S)) as server:
        yield server


@pytest.fixture
def database_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """database_of("sqlite" | "postgresql", empty=False): the URL of a new database, migrated unless `empty`."""
    made: list[str] = []

    def make(kind: str, empty: bool = False) -> str:
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path}/lectern.db"
            if not empty:
                database = Database(url)
                upgrade(database)
                database.dispose()
            return url
        made.append(f"test{next(_NUMBERS)}")
        server: Postgres = request.getfixturevalue("postgres")
        return server.create_database(made[-1], "template1" if empty else "migrated")

    yield make
    for name in made:
        request.getfixturevalue("postgres").drop_database(name)


@pytest.fixture
def broker_of(request: pytest.FixtureRequest) -> Callable[[str], dict[str, str]]:
    """broker_of("folder" | "redis" | "rabbitmq"): settings for queues that no other test uses."""

    def make(kind: str) -> dict[str, str]:
        if kind == "folder":
            return {}
        server: Server = request.getfixturevalue(kind)
        return {"broker_url": server.url, "broker_prefix": f"test{next(_NUMBERS)}"}

    return make
