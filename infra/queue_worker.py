"""A Celery worker that takes a message only when one of its threads is free.

Celery's own loops take messages ahead of need, and with a pool of threads that goes wrong on every broker: on Redis
the loop is not woken when a thread acknowledges and stalls for good after a burst (measured with 5.7); on RabbitMQ a
message held behind a long step runs into `consumer_timeout`, which closes the channel; on both an idle worker waits
for a message that a busy one holds. So: wait for a free thread, take one message, acknowledge it, hand it over.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from celery import Celery, bootsteps
from celery.concurrency.thread import TaskPool
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer

from infra.core.settings import Settings
from infra.queue import queue_name

logger = logging.getLogger(__name__)

LOOK_S = 0.5  # how often a worker that waits looks whether it should end
PATIENCE_S = 0.2  # busy for longer: what RabbitMQ has sent ahead goes to another worker
PAUSE_S = (0.2, 2.0)  # between tries to reach a broker that is away: first, longest


def celery_worker(settings: Settings, app: Celery, queues: Sequence[str], concurrency: int) -> Any:
    """A Celery worker with threads; `start()` blocks until `celery.worker.state.should_stop` is set to 0."""
    app.set_default()  # its threads look tasks up in the process's default app
    controller = app.subclass_with_self(WorkController)
    return controller(
        app=app, pool=_Threads, consumer_cls=_Consumer, concurrency=concurrency,
        queues=[queue_name(settings, queue) for queue in queues],
        use_eventloop=False, loglevel="WARNING", without_gossip=True, without_mingle=True, without_heartbeat=True)


class _Threads(TaskPool):  # type: ignore[misc]  # Celery has no types
    """Threads that know how many of them are free."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._busy = 0
        self._changed = threading.Condition()

    def on_apply(self, *args: Any, **kwargs: Any) -> Any:
        with self._changed:
            self._busy += 1
        result = super().on_apply(*args, **kwargs)
        result.f.add_done_callback(self._freed)
        return result

    def has_free(self, within_s: float) -> bool:
        """Whether a thread is free now or becomes so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._busy < self.limit), within_s)

    def _freed(self, future: Any) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify()


class _Consumer(Consumer):  # type: ignore[misc]
    """Celery's consumer with another loop, and with short pauses while the broker is away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initial_prefetch_count": 1})
        self.amqheartbeat = self.app.conf.broker_heartbeat  # Celery asks for none without its event loop

    def call_soon_ack(self, p: Any, *args: Any, **kwargs: Any) -> Any:
        """The loop has acknowledged already; a thread of the pool must not write to its connection."""
        return p

    def ensure_connected(self, conn: Any) -> Any:
        """Wait for the broker, for ever. Celery's own pauses grow to half a minute."""
        pause_s, told = PAUSE_S[0], False
        while True:
            state.maybe_shutdown()
            try:
                connected = conn.ensure_connection(max_retries=0, timeout=None)
                self.first_connection_attempt = False
                if told:
                    logger.warning("The broker answers again.")
                return connected
            except Exception as error:
                if not isinstance(error, (*conn.recoverable_connection_errors, OSError)) and not told:
                    logger.warning("The broker refuses: %s", error)  # a wrong password may be mended there, too
                if not told:
                    logger.warning("The broker at %s can not be reached; waiting for it.", conn.as_uri())
                told = True
            end_s = time.monotonic() + pause_s
            while time.monotonic() < end_s:
                state.maybe_shutdown()
                time.sleep(0.1)
            pause_s = min(PAUSE_S[1], pause_s * 2)

    @staticmethod
    def loop(worker: Any, connection: Any, consumer: Any, blueprint: Any, hub: Any, qos: Any, heartbeat: Any,
             clock: Any, rate: float = 2.0, **kwargs: Any) -> None:
        """Called by Celery; returns when the worker ends, raises the broker's errors when it is away."""
        handle = worker.create_task_handler()
        pushed = connection.transport.driver_type == "amqp"  # sends what is not asked for: one message ahead

        def take(message: Any) -> None:
            if not worker.pool.has_free(0.0):
                message.requeue()
                return
            handle(message)
            if not message.acknowledged:
                message.ack()

        consumer.on_message = take
        consumer.consume()
        worker.on_ready()
        listening = True
        while blueprint.state == bootsteps.RUN and worker.connection:
            state.maybe_shutdown()
            free = worker.pool.has_free(PATIENCE_S)
            if pushed and free != listening:
                if free:
                    consumer.consume()
                else:
                    consumer.cancel()
                listening = free
            if free or pushed:
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=LOOK_S if free else 0.01)
            if heartbeat and connection.supports_heartbeats:
                connection.heartbeat_check(rate)
