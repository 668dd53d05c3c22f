"""A worker in this process, for the tests of the queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.worker import state as celery_state
from granted import granted_s

from infra.core.settings import Settings
from infra.queue import celery_app
from infra.queue_worker import celery_worker

Event = tuple[threading.Thread, float, tuple[str, ...]]


class Listener:
    """A worker in a thread, which writes down what it was asked; "sleep SECONDS" takes it that long."""

    def __init__(self, settings: Settings, *queues: str, threads: int = 2, events: list[Event] | None = None,
                 **options: Any) -> None:
        # Of all listeners together: Celery looks a task up in the process's default app, whichever worker took it.
        self._events: list[Event] = [] if events is None else events
        app = celery_app(settings)
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, **options}

        def note(*args: str) -> None:
            self._events.append((threading.current_thread(), time.time(), args))
            if args and args[0] == "sleep":
                time.sleep(float(args[1]))

        app.task(note, name="note", shared=False)
        celery_state.should_stop = None
        self._worker = celery_worker(settings, app, queues, threads)
        self._thread = threading.Thread(target=self._worker.start)
        self._thread.start()

    @property
    def heard(self) -> list[tuple[str, ...]]:
        return [args for thread, _, args in self._events if thread in self._worker.pool.executor._threads]

    @property
    def latencies_s(self) -> list[float]:
        return [at - float(args[1]) for _, at, args in self._events if args and args[0] == "at"]

    def wait_for(self, count: int, within_s: float = 15.0) -> bool:
        return self._wait_for(lambda: len(self.heard), count, within_s)

    def wait_for_different(self, count: int, within_s: float = 15.0) -> bool:
        """What was heard twice counts once."""
        return self._wait_for(lambda: len(set(self.heard)), count, within_s)

    def _wait_for(self, counted: Callable[[], int], count: int, within_s: float) -> bool:
        deadline = granted_s() + within_s
        while counted() < count and granted_s() < deadline:
            time.sleep(0.01)
        return counted() >= count

    def end(self) -> float:
        began = granted_s()
        celery_state.should_stop = 0
        self._thread.join(20)
        assert not self._thread.is_alive()
        return granted_s() - began


@pytest.fixture
def listen(settings: Settings) -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []
    events: list[Event] = []

    def start(*queues: str, **options: Any) -> Listener:
        listeners.append(Listener(settings, *queues, events=events, **options))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.end()
    celery_state.should_stop = None
