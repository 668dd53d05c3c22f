"""What every broker must do for us, through the doorbell and a real worker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from granted import granted_s
from listening import Listener

from infra.core.errors import ConfigError, Unavailable
from infra.core.settings import Settings
from infra.queue import ANSWER_S, CeleryDoorbell, celery_app, queue_name


@pytest.fixture(params=["folder", "redis", "rabbitmq"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, broker_of: Callable[[str], dict[str, str]]) -> Settings:
    return Settings(data=tmp_path, **broker_of(request.param))


def test_every_ring_is_heard_once_and_by_its_queue(settings: Settings, listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)
    for n in range(20):
        bell.ring("media", "note", "m", str(n))
        bell.ring("jit", "note", "j", str(n))
    listener = listen("media")
    assert listener.wait_for(20)
    bell.ring("media", "note", "m", "last")
    assert listener.wait_for(21)
    time.sleep(0.1)
    assert sorted(listener.heard) == sorted([("m", str(n)) for n in range(20)] + [("m", "last")])


def test_rings_from_many_threads_all_arrive(settings: Settings, listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)

    def ring_twenty_times(n: int) -> None:
        for i in range(20):
            for _ in range(5):  # ten that connect at once may be told to try again, where the machine is busy
                with suppress(Unavailable):
                    bell.ring("jit", "note", str(n), str(i))
                    break

    threads = [threading.Thread(target=ring_twenty_times, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listener = listen("jit", "light")
    assert listener.wait_for_different(200)


def test_a_burst_flows_through_a_worker_of_few_threads(settings: Settings, listen: Callable[..., Listener]) -> None:
    """Celery's own loop stalls here for good on Redis: its threads do not wake it when one is free again."""
    listener = listen("jit")
    bell = CeleryDoorbell(settings)
    bell.ring("jit", "note")
    assert listener.wait_for(1)
    began_s = granted_s()
    for _ in range(30):
        bell.ring("jit", "note", "sleep", "0.04")
    assert listener.wait_for(31, 10)
    assert granted_s() - began_s < 5  # 0.6 s on an idle machine


def test_a_ring_is_heard_at_once(settings: Settings, listen: Callable[..., Listener],
                                 record_property: Callable[[str, object], None]) -> None:
    listener = listen("jit")
    bell = CeleryDoorbell(settings)
    bell.ring("jit", "note")
    assert listener.wait_for(1)
    for n in range(25):
        bell.ring("jit", "note", "at", repr(time.time()))
        assert listener.wait_for(n + 2)
    median_s = sorted(listener.latencies_s)[12]
    record_property("dispatch_p50_ms", round(median_s * 1000, 1))
    assert median_s < 0.2


def test_what_a_busy_worker_can_not_start_is_left_to_others(settings: Settings,
                                                            listen: Callable[..., Listener]) -> None:
    bell = CeleryDoorbell(settings)
    busy = listen("media", threads=1)
    bell.ring("media", "note", "sleep", "4")
    assert busy.wait_for(1)
    for n in range(6):
        bell.ring("media", "note", str(n))
    idle = listen("media", threads=1)
    assert idle.wait_for(6, 3.5)
    assert len(busy.heard) == 1


def test_work_longer_than_every_timeout_of_the_broker_is_done_once(settings: Settings, caplog: pytest.LogCaptureFixture,
                                                                   listen: Callable[..., Listener]) -> None:
    """Redis would hand a message out again after a second; RabbitMQ closes the channel of who holds one for two."""
    short = {"visibility_timeout": 1, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
    workers = [listen("media", threads=1, **short) for _ in range(2)]
    bell = CeleryDoorbell(settings)
    for n in range(3):  # both have one in hand, and one waits
        bell.ring("media", "note", "sleep", "4.5", str(n))
    deadline_s = granted_s() + 12
    while sum(len(worker.heard) for worker in workers) < 3 and granted_s() < deadline_s:
        time.sleep(0.05)
    time.sleep(1.5)  # for a copy to turn up
    assert sorted(args[2] for worker in workers for args in worker.heard) == ["0", "1", "2"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_only_json_is_read(settings: Settings, listen: Callable[..., Listener],
                           caplog: pytest.LogCaptureFixture) -> None:
    app = celery_app(settings)
    with app.producer_pool.acquire() as producer:
        producer.publish(((), {}, {}), serializer="pickle", routing_key=queue_name(settings, "jit"),
                         exchange=queue_name(settings, "rings"), declare=app.conf.task_queues,
                         headers={"task": "note", "id": "x", "lang": "py"})
    CeleryDoorbell(settings, app).ring("jit", "note", "json")
    listener = listen("jit")
    assert listener.wait_for(1)
    time.sleep(0.2)
    assert listener.heard == [("json",)]
    caplog.clear()  # Celery says what it refused


def test_two_installations_share_a_server_by_their_prefix(settings: Settings, listen: Callable[..., Listener]) -> None:
    if not settings.broker_url:
        pytest.skip("a folder belongs to one installation")
    CeleryDoorbell(settings.model_copy(update={"broker_prefix": settings.broker_prefix + "x"})).ring("jit", "note", "theirs")
    listener = listen("jit")
    CeleryDoorbell(settings).ring("jit", "note", "ours")
    assert listener.wait_for(1)
    time.sleep(0.3)
    assert listener.heard == [("ours",)]


def test_an_idle_worker_is_silent(settings: Settings, listen: Callable[..., Listener],
                                  caplog: pytest.LogCaptureFixture) -> None:
    """Waiting for a message is no timeout, although an answer must come within a second."""
    listener = listen("jit")
    time.sleep(4 * ANSWER_S)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    CeleryDoorbell(settings).ring("jit", "note")
    assert listener.wait_for(1, 2)


def test_a_broker_that_is_gone_is_unavailable() -> None:
    bell = CeleryDoorbell(Settings(broker_url="filesystem:///dev/null/queue"))
    with pytest.raises(Unavailable):
        bell.ring("jit", "note")


def test_an_unknown_broker_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="LECTERN_BROKER_URL"):
        celery_app(Settings(broker_url="carrier-pigeon://roof"))


@pytest.mark.parametrize("url", ["redis://", "amqp://guest:s3cret@/x", "redis://:s3cret@host:port/0"])
def test_a_broker_without_a_name_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match="LECTERN_BROKER_URL") as caught:
        celery_app(Settings(broker_url=url))
    assert "s3cret" not in caught.value.message


def test_a_worker_that_waits_ends_soon(listen: Callable[..., Listener], settings: Settings) -> None:
    listener = listen("jit")
    CeleryDoorbell(settings).ring("jit", "note")
    assert listener.wait_for(1)
    assert listener.end() < 2
