"""Waiting for a cell that has to be rendered first.

The row in `demands` is the single flight over all processes, the future here over all requests of this one. Storage
is the truth: the wait ends when the object is there, whoever made it.
"""

from __future__ import annotations

import asyncio
import logging
import time

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from infra.core.errors import LecternError, NotFound, StepFailed, Unavailable
from infra.core.ports import ObjectInfo
from infra.db import demands
from infra.db.models import Video
from player_api.services import Services

log = logging.getLogger(__name__)

_POLL_S = 0.01  # looking into a directory costs about 10 microseconds
_REMOTE_POLL_S = 0.05  # a question to an object store some milliseconds
_ROW_EVERY_S = 0.5  # looking into the database for a failure, or a lost message, is dearer


class Waiting:
    """The waits of one web process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._flights: dict[str, asyncio.Task[ObjectInfo]] = {}
        self._closing = False

    def close(self) -> None:
        """Answer all who wait: this process ends, and the next one will serve them."""
        self._closing = True

    async def for_cell(self, organization_id: str, video_id: str, rendition: str, k: int, key: str) -> ObjectInfo:
        """The object `key` once it is there.

        Raises Unavailable when that takes longer than `cell_wait_s`, StepFailed when it can not be rendered.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._wait(organization_id, video_id, rendition, k, key))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        # A viewer who leaves must not take the cell from the others.
        return await asyncio.shield(flight)

    async def stat(self, key: str) -> ObjectInfo | None:
        """`Storage.stat` without keeping the other requests waiting."""
        storage = self._services.storage
        return await run_in_threadpool(storage.stat, key) if storage.remote else storage.stat(key)

    async def _wait(self, organization_id: str, video_id: str, rendition: str, k: int, key: str) -> ObjectInfo:
        deadline = time.monotonic() + self._services.settings.cell_wait_s
        look_at_row = 0.0
        while time.monotonic() < deadline and not self._closing:
            if time.monotonic() >= look_at_row:
                await run_in_threadpool(self._want, organization_id, video_id, rendition, k)
                look_at_row = time.monotonic() + _ROW_EVERY_S
            info = await self.stat(key)
            if info is not None:
                return info
            await asyncio.sleep(_REMOTE_POLL_S if self._services.storage.remote else _POLL_S)
        raise Unavailable("cell_late", "This part of the video is still being prepared. Try again in a moment.")

    def _want(self, organization_id: str, video_id: str, rendition: str, k: int) -> None:
        """Keep the demand alive, and tell a worker when nobody is at it. Raises its error when it failed."""
        with self._services.database.write(durable=False) as session:
            # Locked (PostgreSQL): the video can be deleted while its viewers wait.
            still_there = select(Video.id).where(Video.id == video_id, Video.deleted_at.is_(None))
            if session.scalar(still_there.with_for_update(read=True, key_share=True)) is None:
                raise NotFound("video_not_found", "There is no such video.")
            demand = demands.look(session, video_id, rendition, k)
            if demand is not None and demand.failed_at is not None:
                raise StepFailed(demand.error_code or "failed", demand.error_message or "It can not be rendered.")
            ring = demands.want(session, video_id, organization_id, rendition, k)
        if ring:
            try:
                self._services.doorbell.ring("jit", "run_cell", video_id, rendition, str(k))
            except LecternError:
                log.warning("the queue is unreachable; the sweeper rings again for %s %s/%d", video_id, rendition, k)
