"""Backends that the contract suites run over, each a real server that the tests start (see servers.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from analytics_app import kind, site  # noqa: F401 - fixtures
from listening import listen  # noqa: F401 - a fixture
from live_publishing import rows  # noqa: F401 - a fixture
from servers import broker_of, database_of, postgres, rabbitmq, redis, servers_folder  # noqa: F401 - fixtures
from service_fixtures import app, lease_s, servers, settings, start  # noqa: F401 - fixtures

from infra.db.models import Organization, Video
from infra.db.session import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest,
                   database_of: Callable[..., str]) -> Iterator[Database]:  # noqa: F811 - a fixture
    """A database without any table."""
    database = Database(database_of(request.param, empty=True))
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest,
             database_of: Callable[..., str]) -> Iterator[Database]:  # noqa: F811 - a fixture
    """A database with the schema, organizations a and b, and the videos v_a, v_a2 and v_b."""
    database = Database(database_of(request.param))
    with database.write() as session:
        session.add_all(Organization(id=name, name=name, created_at=0.0) for name in ("a", "b"))
        session.flush()
        for video, organization in (("v_a", "a"), ("v_a2", "a"), ("v_b", "b")):
            session.add(Video(id=video, organization_id=organization, playback_id="p" + video, title=video,
                              created_at=0.0, updated_at=0.0))
    yield database
    database.dispose()
