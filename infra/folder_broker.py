"""A Celery broker that is a folder: the embedded mode's queue. No server, no lock, nothing to configure.

    FOLDER/{queue}/{microseconds}-{random}.json      one message a file, oldest name first

kombu has a filesystem transport, but a message is written under its final name (a reader can meet half of
it, and a worker ends on bytes that are no JSON), is moved through the system's temporary folder, and every
queue is bound through a file with a lock. Here a message is written aside and renamed, and who deletes it
has it. A lost message is no harm (rows are the truth), so nothing is flushed to the disk.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import OperationalError
from kombu.transport import virtual

logger = logging.getLogger(__name__)

POLL_S = 0.02  # 12 ms from publishing to delivery in the median, and costs an idle worker 1.5 % of a core
SHUTDOWN_LOOK_S = 0.25  # how often a worker that waits for messages looks whether it should end
STALE_S = 3600.0  # a half-written message this old belongs to nobody


class Channel(virtual.Channel):
    """What kombu asks of a virtual transport: put, get, size, purge."""

    supports_fanout = False
    do_restore = False  # what a worker took and did not start is rung again by the sweeper

    @property
    def _folder(self) -> Path:
        return Path(self.connection.client.transport_options["folder"])

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        folder = self._folder / queue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            old = time.time() - STALE_S
            for path in folder.glob("*.part"):
                if path.stat().st_mtime < old:
                    path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # another process cleans up as well
        except OSError as error:
            raise OperationalError(f"The queue folder can not be used: {error}") from error

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        name = f"{time.time_ns() // 1000:017d}-{secrets.token_hex(8)}"
        folder = self._folder / queue
        part = folder / f"{name}.part"
        data = json.dumps(message)
        try:
            try:
                part.write_text(data)
            except FileNotFoundError:  # somebody emptied the data folder's queue; it may be done while we run
                folder.mkdir(parents=True, exist_ok=True)
                part.write_text(data)
            part.rename(folder / f"{name}.json")
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OperationalError(f"The queue folder can not be written: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        for name in self._names(queue):
            path = self._folder / queue / name
            try:
                data = path.read_bytes()
                path.unlink()  # of several readers one succeeds: the message is its
                message: dict[str, Any] = json.loads(data)
                # Raises on what kombu could not read: a worker would end of it.
                self.Message(message, channel=self)  # type: ignore[no-untyped-call]
                return message
            except OSError:
                continue  # another reader was faster
            except Exception:
                logger.warning("A message that can not be read was dropped: %s", path)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        names = self._names(queue)
        for name in names:
            (self._folder / queue / name).unlink(missing_ok=True)
        return len(names)

    def _names(self, queue: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._folder / queue)  # noqa: PTH208 - many times a second
                          if name.endswith(".json"))
        except OSError:
            return []


class Transport(virtual.Transport):
    """The folder is named by the transport option `folder`."""

    Channel = Channel
    polling_interval = POLL_S
    driver_type = "filesystem"
    driver_name = "folder"
    # A folder that is away is an outage, not a bug: Celery reconnects with a pause.
    connection_errors = (OperationalError, OSError)  # type: ignore[assignment]  # kombu means tuple[Any, ...]
    channel_errors = (OperationalError,)

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver one message. Raises `socket.timeout` when there is none within `timeout` seconds."""
        deadline = time.monotonic() + min(timeout or SHUTDOWN_LOOK_S, SHUTDOWN_LOOK_S)
        cycle = self.cycle
        assert cycle is not None
        while True:
            try:
                cycle.get(self._deliver, timeout=timeout)  # type: ignore[no-untyped-call]
                return
            except Empty:
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                time.sleep(self.polling_interval)

    def driver_version(self) -> str:
        return "1"
