"""Backends that the contract suites run over. A server is used where the environment names one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.db.migrate import upgrade
from infra.db.models import Organization, Video
from infra.db.session import Database

POSTGRES = os.environ.get("LECTERN_TEST_POSTGRES", "")  # a URL; its tables are dropped


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    database = Database(f"sqlite:///{tmp_path}/lectern.db" if request.param == "sqlite" else POSTGRES)
    if request.param == "postgresql":
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    yield database
    database.dispose()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database with the schema, organizations a and b, and the videos v_a, v_a2 and v_b."""
    upgrade(empty_database)
    with empty_database.write() as session:
        session.add_all(Organization(id=name, name=name, created_at=0.0) for name in ("a", "b"))
        session.flush()
        for video, organization in (("v_a", "a"), ("v_a2", "a"), ("v_b", "b")):
            session.add(Video(id=video, organization_id=organization, playback_id="p" + video, title=video,
                              created_at=0.0, updated_at=0.0))
    return empty_database
