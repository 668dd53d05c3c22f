"""Brokers that are servers: they are killed, restarted, frozen and late, and each of ours goes on by itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from amqp.exceptions import PreconditionFailed
from granted import granted_s
from kombu import Connection, Queue
from listening import Listener
from redis import Redis as Client
from servers import CONSUMER_TIMEOUT_S

from infra.core.errors import Unavailable
from infra.core.settings import Settings
from infra.deploy.native.rabbitmq import RabbitMQ
from infra.deploy.native.redis import Redis
from infra.deploy.native.server import Server
from infra.queue import CeleryDoorbell

SOON_S = 5  # three tries of a second each, on a machine that encodes video for other tests at the same time


@pytest.fixture(params=["redis", "rabbitmq"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def settings(server: Server, broker_of: Callable[[str], dict[str, str]]) -> Settings:
    return Settings(**broker_of(server.name))


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """It has our connections and says nothing."""
    groups = [process.pid for process in server._processes]
    for group in groups:
        os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)


def refused_in_s(bell: CeleryDoorbell) -> float:
    began_s = granted_s()
    with pytest.raises(Unavailable):
        bell.ring("jit", "note", "lost")
    return granted_s() - began_s


def ring_until_heard(bell: CeleryDoorbell, listener: Listener, queue: str) -> None:
    """As the sweeper does: a ring can be lost, a row can not."""
    before = len(listener.heard)
    for _ in range(20):
        bell.ring(queue, "note", queue)
        if listener.wait_for(before + 1, 1.0):
            return
    pytest.fail("nothing was heard")


def test_a_killed_broker_is_told_at_once_and_met_again(server: Server, settings: Settings,
                                                       listen: Callable[..., Listener],
                                                       caplog: pytest.LogCaptureFixture) -> None:
    bell = CeleryDoorbell(settings)
    before = listen("jit")
    bell.ring("jit", "note", "jit")
    assert before.wait_for(1)
    server.kill()
    try:
        assert max(refused_in_s(bell) for _ in range(3)) < SOON_S
        assert refused_in_s(CeleryDoorbell(settings)) < SOON_S
        early = listen("light")  # waits for its broker
        time.sleep(1.5)
    finally:
        server.start()
    ring_until_heard(bell, before, "jit")
    ring_until_heard(bell, early, "light")
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) < 10  # no storm
    caplog.clear()


def test_a_frozen_broker_keeps_no_request_waiting(server: Server, settings: Settings) -> None:
    warm, fresh = CeleryDoorbell(settings), CeleryDoorbell(settings)
    warm.ring("jit", "note")
    with frozen(server):
        times_s: list[float] = []
        threads = [threading.Thread(target=lambda bell=bell: times_s.append(refused_in_s(bell)))
                   for bell in (warm, fresh, warm)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(times_s) == 3
        assert max(times_s) < SOON_S
    warm.ring("jit", "note")
    fresh.ring("jit", "note")


def test_a_broker_that_refuses_us_is_unavailable(redis: Redis, rabbitmq: RabbitMQ) -> None:
    for url in (redis.url.replace("redis://", "redis://nobody:s3cret@"), redis.url + "99",
                rabbitmq.url.replace("guest:guest", "guest:s3cret"), rabbitmq.url + "nowhere"):
        with pytest.raises(Unavailable) as caught:
            CeleryDoorbell(Settings(broker_url=url)).ring("jit", "note")
        assert "s3cret" not in caught.value.message


def test_redis_keeps_no_message_that_a_worker_has(redis: Redis,
                                                  broker_of: Callable[[str], dict[str, str]]) -> None:
    """No hash of unacknowledged messages, so no timeout after which one is handed out again."""
    settings = Settings(**broker_of("redis"))
    with Client.from_url(redis.url) as client:
        listener = Listener(settings, "jit", threads=1)
        try:
            CeleryDoorbell(settings).ring("jit", "note", "sleep", "1")
            assert listener.wait_for(1)
            kept = [key.decode() for key in client.keys("*")]
        finally:
            listener.end()
    assert not [key for key in kept if "unacked" in key]
    assert not [key for key in kept if not key.startswith(("test", "_kombu.binding"))]


def test_rabbitmq_does_close_the_channel_of_who_holds_a_message(rabbitmq: RabbitMQ) -> None:
    """The timeout that the other tests say does not meet us is really there."""
    with Connection(rabbitmq.url) as connection:
        queue = Queue("held", durable=False, auto_delete=True)
        with connection.Producer() as producer:
            producer.publish("x", routing_key="held", declare=[queue])
        with connection.Consumer([queue], on_message=lambda message: None), pytest.raises(PreconditionFailed):
            deadline_s = granted_s() + 10 * CONSUMER_TIMEOUT_S
            while granted_s() < deadline_s:
                try:
                    connection.drain_events(timeout=0.5)
                except TimeoutError:
                    continue
