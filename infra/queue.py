"""The doorbell: Celery as the way to wake a worker, on the broker that the settings name.

A message is a hint, `(task, arguments)`; the rows say what is to be done. So messages are small JSON, are
acknowledged as soon as a worker has them, and there is no result, no event and no remote control.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError

from infra.core.errors import ConfigError, Unavailable
from infra.core.settings import Settings

QUEUES: Final = ("jit", "media", "speech", "light")
CONNECT_S = 1.0  # tried three times at most, so a ring fails within 3 s
ANSWER_S = 1.0  # a broker that has a connection and says nothing


def celery_app(settings: Settings, poll_s: float = 0.02) -> Celery:
    """A Celery app for these settings. Makes no connection, and is nobody's default app. Raises ConfigError.

    `poll_s`: how often a worker on the folder broker looks for messages; 20 ms costs it 1.5 % of a core.
    """
    app = Celery("lectern", set_as_current=False, fixups=[])
    exchange = Exchange(queue_name(settings, "rings"), type="direct")  # type: ignore[no-untyped-call]
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_send_sent_event=False,
        task_default_queue=queue_name(settings, "light"),
        task_create_missing_queues=False,
        task_queues=[Queue(name, exchange, routing_key=name)  # type: ignore[no-untyped-call]
                     for name in (queue_name(settings, queue) for queue in QUEUES)],
        task_acks_late=False,  # the row's lease, not the broker, notices a worker that died
        task_track_started=False,
        # One reconnect covers a broker that was restarted since the last message; more would keep a viewer waiting.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.1},
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for its broker for ever
        broker_channel_error_retry=True,  # a queue that somebody deleted is declared again
        broker_connection_timeout=CONNECT_S,
        broker_heartbeat=20,  # RabbitMQ: a machine that vanished is noticed within 40 s
        broker_pool_limit=16,
        enable_utc=True,
        **_broker(settings, poll_s),
    )
    return app


def queue_name(settings: Settings, queue: str) -> str:
    """What the queue is called on this broker: servers may be shared, so there it has the prefix."""
    prefix = settings.broker_prefix if _scheme(settings) != "filesystem" else ""
    return f"{prefix}.{queue}" if prefix else queue


class CeleryDoorbell:
    """Implements `infra.core.ports.Doorbell`. Safe to share between threads; connects on the first ring."""

    def __init__(self, settings: Settings, app: Celery | None = None) -> None:
        self._app = app or celery_app(settings)
        self._settings = settings

    def ring(self, queue: str, task: str, *args: str) -> None:
        """Send (task, args) to `queue`: about 1 ms. Raises Unavailable, within 3 s, when the broker is gone."""
        try:
            self._app.send_task(task, args=args, queue=queue_name(self._settings, queue), ignore_result=True,
                                confirm_timeout=ANSWER_S)
        except (OperationalError, OSError, *self._app.pool.connection.connection_errors,
                *self._app.pool.connection.channel_errors) as error:
            raise Unavailable("queue_gone", "The queue of work can not be reached. Try again.") from error

    def close(self) -> None:
        """Close all connections."""
        self._app.close()


def _scheme(settings: Settings) -> str:
    return (settings.broker_url or "filesystem://").partition("://")[0].lower()


def _broker(settings: Settings, poll_s: float) -> dict[str, Any]:
    url, scheme = settings.broker_url or "filesystem://", _scheme(settings)
    if scheme == "filesystem":
        # A path after the scheme names another folder than the one in the data folder.
        folder = Path(url.partition("://")[2] or settings.data / "queue").absolute()
        return {"broker_url": "filesystem://localhost", "broker_transport": "infra.folder_broker:Transport",
                "broker_transport_options": {"folder": str(folder), "polling_interval": poll_s}}
    if scheme not in ("redis", "rediss", "amqp", "amqps", "pyamqp"):
        raise ConfigError("broker_unknown", f"LECTERN_BROKER_URL begins with {scheme!r}; known are filesystem://, "
                          "redis://, rediss://, amqp:// and amqps://.")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise ConfigError("broker_url", "LECTERN_BROKER_URL names no server: it looks like "
                          "redis://:PASSWORD@HOST:6379/0 or amqp://USER:PASSWORD@HOST:5672/VHOST.")
    if scheme in ("redis", "rediss"):
        return {"broker_url": url, "broker_transport_options": {
            # Only reads that should be answered at once: an idle worker waits in BRPOP outside of it.
            "socket_timeout": ANSWER_S, "socket_connect_timeout": CONNECT_S, "socket_keepalive": True,
            # A message is gone from Redis when a worker has it. So there is no visibility timeout after which
            # long work would be handed out a second time, and no hash of unacknowledged messages to be left behind.
            "ack_emulation": False}}
    return {"broker_url": url, "broker_transport_options": {
        "confirm_publish": True, "write_timeout": ANSWER_S, "client_properties": {"connection_name": "lectern"}}}
