"""The broker or the database is emptied, killed or restarted under real workers: every step still ends, once."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable

import fake_service
import pytest
from kombu import Connection
from redis import Redis as Client
from service_probe import Start, alive_sleepers, at_work, done, log, wait_for
from sqlalchemy import update

from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.db.models import Step
from infra.deploy.native.postgres import Postgres
from infra.deploy.native.server import Server
from infra.queue import QUEUES, queue_name

OVER_SERVERS = pytest.mark.parametrize(
    "servers", [("postgresql", "redis"), pytest.param(("sqlite", "rabbitmq"), marks=pytest.mark.slow)],
    indirect=True, ids="-".join)


@pytest.fixture
def lease_s() -> float:
    """Longer than any server is away here, on a busy machine, too: no lease may run out."""
    return 12.0


def seen(what: Callable[[], bool]) -> Callable[[], bool]:
    """False while the database is away."""
    def look() -> bool:
        try:
            return what()
        except LecternError:
            return False

    return look


def empty(settings: Settings, servers: tuple[str, str]) -> None:
    """All messages are gone."""
    if servers[1] == "folder":
        shutil.rmtree(settings.data / "queue")
    elif servers[1] == "redis":
        with Client.from_url(settings.broker_url) as client:
            client.flushall()
    else:
        with Connection(settings.broker_url) as connection:
            for queue in QUEUES:
                connection.default_channel.queue_delete(queue_name(settings, queue))


@pytest.mark.parametrize("servers", [("sqlite", "folder"), ("postgresql", "redis"), ("postgresql", "rabbitmq")],
                         indirect=True, ids="-".join)
def test_a_broker_that_forgets_everything_loses_nothing(
        app: fake_service.App, settings: Settings, start: Start, servers: tuple[str, str]) -> None:
    fake_service.add(app, "a:0.1", "b:0.1", "c:0.1", "d:0.1", "e:0.1")
    worker = start("worker", "media", "light")
    wait_for(lambda: log(settings))
    empty(settings, servers)  # under the worker, too: it goes on listening
    with app.database.write() as session:  # time passes: the rings are old
        session.execute(update(Step).where(Step.rung_at.is_not(None)).values(rung_at=1.0))
    start("sweeper")
    keys = ["a", "b", "c", "d", "e"]
    wait_for(lambda: done(app, *(f"sleep {key}:0.1" for key in keys), *(f"after {key}" for key in keys)))
    assert sorted(log(settings)) == sorted(f"{word} {key}{':0.1' * (word != 'after')}" for key in keys
                                           for word in ("begin", "end", "after"))
    assert worker.poll() is None


@OVER_SERVERS
def test_a_broker_that_is_killed_during_work_costs_nothing_but_time(
        app: fake_service.App, settings: Settings, start: Start, request: pytest.FixtureRequest,
        servers: tuple[str, str]) -> None:
    broker: Server = request.getfixturevalue(servers[1])
    workers = [start("worker", "media", "light") for _ in range(2)]
    sweeper = start("sweeper")
    wait_for(lambda: at_work(settings, *workers, sweeper))
    keys = [f"{name}:4.{n}" for n, name in enumerate("abc")]
    fake_service.add(app, *keys)
    wait_for(lambda: alive_sleepers("4.0"))
    broker.kill()
    wait_for(lambda: not alive_sleepers("4.0"))  # it ends while the broker is away, and is recorded
    wait_for(lambda: done(app, "sleep a:4.0"))
    broker.start()
    wait_for(lambda: done(app, *(f"sleep {key}" for key in keys), "after a", "after b", "after c"))
    assert sorted(log(settings)) == sorted([f"{word} {key}" for word in ("begin", "end") for key in keys]
                                           + ["after a", "after b", "after c"])
    assert [worker.poll() for worker in workers] == [None, None]


@pytest.mark.parametrize("servers", [("postgresql", "redis")], indirect=True, ids="-".join)
def test_a_database_that_is_killed_during_work_costs_nothing_but_time(
        app: fake_service.App, settings: Settings, start: Start, postgres: Postgres) -> None:
    """Away for less than a lease, so nobody may think that the worker died."""
    processes: list[subprocess.Popen[bytes]] = [start("worker", "media", "light"), start("sweeper")]
    wait_for(lambda: at_work(settings, *processes))
    fake_service.add(app, "a:3", "b:3.1")
    wait_for(lambda: alive_sleepers("3"))
    postgres.kill()
    time.sleep(1.5)
    postgres.start()
    wait_for(seen(lambda: done(app, "sleep a:3", "sleep b:3.1", "after a", "after b")))
    assert sorted(log(settings)) == ["after a", "after b", "begin a:3", "begin b:3.1", "end a:3", "end b:3.1"]
    assert [process.poll() for process in processes] == [None, None]
