"""The doorbell: Celery as the way to wake a worker, on the broker that the settings name.

A message is a hint, `(task, arguments)`; the rows say what is to be done. So messages are small JSON, are
acknowledged as soon as a worker has them, and there is no result, no event and no remote control.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError

from infra.core.errors import ConfigError, Unavailable
from infra.core.settings import Settings

QUEUES: Final = ("jit", "media", "speech", "light")


def celery_app(settings: Settings, poll_s: float = 0.02) -> Celery:
    """A Celery app for these settings. Makes no connection, and is nobody's default app.

    `poll_s`: how often a worker on the folder broker looks for messages; 20 ms costs it 1.5 % of a core.
    """
    app = Celery("lectern", set_as_current=False, fixups=[])
    exchange = Exchange("lectern", type="direct")  # type: ignore[no-untyped-call]
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_send_sent_event=False,
        task_default_queue="light",
        task_create_missing_queues=False,
        task_queues=[Queue(name, exchange, routing_key=name) for name in QUEUES],  # type: ignore[no-untyped-call]
        task_acks_late=False,  # the row's lease, not the broker, notices a worker that died
        task_track_started=False,
        # One reconnect covers a broker that was restarted since the last message; more would keep a viewer waiting.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.1},
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for its broker for ever
        broker_connection_timeout=3.0,
        broker_pool_limit=16,
        enable_utc=True,
        **_broker(settings, poll_s),
    )
    return app


def celery_worker(app: Celery, queues: Sequence[str], concurrency: int) -> Any:
    """A Celery worker with threads; `start()` blocks until `celery.worker.state.should_stop` is set to 0."""
    app.set_default()  # its threads look tasks up in the process's default app
    return app.WorkController(
        app=app, pool="threads", concurrency=concurrency, queues=list(queues), loglevel="WARNING",
        without_gossip=True, without_mingle=True, without_heartbeat=True)


class CeleryDoorbell:
    """Implements `infra.core.ports.Doorbell`. Safe to share between threads; connects on the first ring."""

    def __init__(self, settings: Settings, app: Celery | None = None) -> None:
        self._app = app or celery_app(settings)

    def ring(self, queue: str, task: str, *args: str) -> None:
        """Send (task, args) to `queue`: 1 ms with a folder. Raises Unavailable when the broker is gone."""
        try:
            self._app.send_task(task, args=args, queue=queue, ignore_result=True)
        except (OperationalError, OSError) as error:
            raise Unavailable("queue_gone", "The queue of work can not be reached. Try again.") from error

    def close(self) -> None:
        """Close all connections."""
        self._app.close()


def _broker(settings: Settings, poll_s: float) -> dict[str, Any]:
    url = settings.broker_url or "filesystem://"
    scheme = url.partition("://")[0]
    if scheme == "filesystem":
        # A path after the scheme names another folder than the one in the data folder.
        folder = Path(url.partition("://")[2] or settings.data / "queue").absolute()
        return {"broker_url": "filesystem://localhost", "broker_transport": "infra.folder_broker:Transport",
                "broker_transport_options": {"folder": str(folder), "polling_interval": poll_s}}
    if scheme in ("redis", "rediss"):
        # A dead server must be noticed; and what a worker took is rung again long before this timeout.
        return {"broker_url": url, "broker_transport_options": {
            "socket_timeout": 5.0, "socket_connect_timeout": 3.0, "socket_keepalive": True,
            "visibility_timeout": 3600}}
    if scheme in ("amqp", "amqps", "pyamqp"):
        return {"broker_url": url, "broker_transport_options": {"confirm_publish": True}}
    raise ConfigError("broker_unknown", f"LECTERN_BROKER_URL begins with {scheme!r}; known are filesystem://, "
                      "redis://, rediss://, amqp:// and amqps://.")
