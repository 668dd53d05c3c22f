"""A worker process: takes messages from its queues and hands them to the engine, a thread for each.

    python -m infra.runtime.worker jit --concurrency 4

Threads are enough, because the work is done by child processes. SIGTERM: nothing more is claimed; what is in
hand may go on for GRACE_S, then its child processes are killed and its leases are given back.
"""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from celery import Celery
from celery.worker import state as celery_state

from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.db import due
from infra.db.session import Database
from infra.giving_way import step_back
from infra.queue import celery_app
from infra.queue_worker import celery_worker
from infra.runtime.ending import exit_with
from infra.runtime.engine import Engine

GRACE_S = 8.0  # with what follows, a worker is gone 10 s after SIGTERM
JIT_POLL_S = 0.02  # a viewer waits
POLL_S = 0.1
_SPEECH_NICE = 5  # behind viewers, before the fill: somebody waits for the first captions


class App(Protocol):
    """What `infra.runtime.wiring.build` returns, as far as a worker needs it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def engine(self) -> Engine: ...


def serve(app: App, queues: Sequence[str], concurrency: int, grace_s: float = GRACE_S) -> int:
    """Work until SIGTERM or SIGINT; the exit code. Call it from the main thread."""
    engine = app.engine
    if "speech" in queues:  # its work is done in this process
        step_back(_SPEECH_NICE)
    celery = celery_app(app.settings, JIT_POLL_S if "jit" in queues else POLL_S)
    register(celery, engine)
    celery.set_default()  # the pool's threads look tasks up in the process's default app
    for name in ("celery", "kombu", "amqp"):  # a line per message is for nobody
        logging.getLogger(name).setLevel(logging.WARNING)
    controller = celery_worker(app.settings, celery, queues, concurrency)

    ending = threading.Event()

    def end(signum: int, frame: Any) -> None:
        engine.stop()
        celery_state.should_stop = 0  # the exit code; the worker looks at it several times a second
        ending.set()

    def kill_after_grace() -> None:
        ending.wait()
        threading.Event().wait(grace_s)
        engine.kill()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=kill_after_grace, name="grace", daemon=True).start()
    engine.warm()
    try:
        controller.start()  # returns when the last thread has ended its work
        return int(controller.exitcode or 0)
    finally:
        engine.stop()
        give_back(app, queues)
        app.database.dispose()


def register(celery: Celery, engine: Engine) -> None:
    """Make the engine's two tasks known to Celery."""

    def run_step(video_id: str, step: str, key: str = "") -> None:
        guarded(engine.run_step, video_id, step, key)

    def run_cell(video_id: str, rendition: str, k: str) -> None:
        guarded(engine.run_cell, video_id, rendition, k)

    celery.task(run_step, name="run_step", shared=False)  # of this app, not of all in the process
    celery.task(run_cell, name="run_cell", shared=False)


def guarded(run: Any, *args: str) -> None:
    """Run it; a message is only a hint, so what the engine could not even begin is left to the sweeper."""
    try:
        run(*args)
    except LecternError as error:
        logging.getLogger(__name__).warning("%s %s: %s", run.__name__, "/".join(args), error)
    except Exception:
        logging.getLogger(__name__).exception("%s %s", run.__name__, "/".join(args))


def give_back(app: App, queues: Sequence[str]) -> None:
    """Messages that this worker took and did not start are rung again by the sweeper."""
    try:
        with app.database.write() as session:
            for queue in queues:
                due.unring_queue(session, queue)
    except LecternError as error:
        logging.getLogger(__name__).warning("At the end of the worker: %s", error)


def main(queues: Sequence[str], concurrency: int) -> int:
    """Build the app from the environment and work; the exit code."""
    from infra.runtime.wiring import build

    return serve(build(Settings()), queues, concurrency)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Takes work from queues.")
    parser.add_argument("queues", nargs="+")
    parser.add_argument("--concurrency", type=int, default=1, help="pieces of work at once")
    arguments = parser.parse_args()
    exit_with(lambda: main(arguments.queues, arguments.concurrency))
