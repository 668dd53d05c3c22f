"""What `lectern doctor` says of real servers in good and bad states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis as Client
from sqlalchemy import text

from infra.core.settings import Settings
from infra.db.session import Database
from infra.deploy.native.rabbitmq import RabbitMQ
from infra.deploy.native.redis import Redis
from infra.runtime.server_checks import server_checks
from infra.tools import Check


def database_check(settings: Settings) -> Check:
    return server_checks(settings)[0]


def broker_check(url: str) -> Check:
    return server_checks(Settings(broker_url=url, database_url="sqlite:////nowhere/x.db"))[1]


@pytest.fixture
def client(redis: Redis) -> Iterator[Client]:
    with Client.from_url(redis.url, decode_responses=True) as client:
        before = {name: client.config_get(name)[name] for name in ("maxmemory-policy", "appendonly")}
        yield client
        for name, value in before.items():
            client.config_set(name, value)


def test_a_database_is_named_with_its_version(tmp_path: Path, database_of: Callable[..., str]) -> None:
    assert database_check(Settings(data=tmp_path)).found.startswith("SQLite, made at the first start")
    for kind in ("sqlite", "postgresql"):
        url = database_of(kind)
        settings = Settings(data=tmp_path, database_url=url)
        check = database_check(settings)
        assert (check.ok, check.fix) == (True, "")
        assert check.found.startswith("SQLite 3" if kind == "sqlite" else "PostgreSQL ")
        database = Database(url)
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        database.dispose()
        assert "another version" in database_check(settings).found


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@127.0.0.1:1/db", "mysql://u:s3cret@h/db"])
def test_a_database_that_can_not_be_used_has_a_fix(url: str) -> None:
    check = database_check(Settings(database_url=url))
    assert not check.ok
    assert "LECTERN_DATABASE_URL" in check.fix
    assert "s3cret" not in check.found + check.fix


def test_redis_must_not_throw_messages_away(redis: Redis, client: Client) -> None:
    check = broker_check(redis.url)
    assert (check.ok, check.fix) == (True, "")
    assert check.found == f"Redis {client.info()['redis_version']} at 127.0.0.1:{redis.port}/0"
    client.config_set("appendonly", "no")
    check = broker_check(redis.url)
    assert check.ok
    assert "CONFIG SET appendonly yes" in check.fix
    client.config_set("maxmemory-policy", "allkeys-lru")
    check = broker_check(redis.url)
    assert not check.ok
    assert "CONFIG SET maxmemory-policy noeviction" in check.fix


def test_rabbitmq_is_named_with_its_version(rabbitmq: RabbitMQ) -> None:
    check = broker_check(rabbitmq.url)
    assert check.ok
    assert check.found.startswith("RabbitMQ 3.") or check.found.startswith("RabbitMQ 4.")
    assert "guest" not in check.found


@pytest.mark.parametrize("url", ["redis://:s3cret@127.0.0.1:1/0", "amqp://u:s3cret@127.0.0.1:1//", "kafka://u:s3cret@h",
                                 "redis://:s3cret@host:port"])
def test_a_broker_that_can_not_be_used_has_a_fix(url: str) -> None:
    check = broker_check(url)
    assert not check.ok
    assert "amqp://" in check.fix
    assert "s3cret" not in check.found + check.fix


def test_a_broker_that_refuses_us_is_no_broker(rabbitmq: RabbitMQ, redis: Redis) -> None:
    for url in (rabbitmq.url.replace("guest:guest", "guest:s3cret"), rabbitmq.url + "nowhere",
                redis.url.replace("redis://", "redis://nobody:s3cret@")):
        check = broker_check(url)
        assert not check.ok, url
        assert "s3cret" not in check.found + check.fix


def test_the_embedded_broker_is_a_folder(tmp_path: Path) -> None:
    check = server_checks(Settings(data=tmp_path))[1]
    assert check.ok
    assert str(tmp_path / "queue") in check.found
