"""Puts what is closed into storage, in the order it was made, under the names of the grid's cells."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from infra.core.errors import LecternError
from infra.core.keys import PlanKeys
from infra.core.ports import Storage
from transcode.live import captions
from transcode.live.timeline import Timeline, init_name

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_MOST_BEHIND = 60  # segments that wait in memory: two minutes


@dataclass(frozen=True, slots=True)
class Inits:
    """The init sections of a run."""

    number: int
    blobs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed segment, in every rendition."""

    number: int
    blobs: tuple[bytes, ...]
    captions: bytes = b""  # WebVTT; empty: nothing is to be read in it, and nothing stored


class Recorder:
    """For one session. `stored` segments are in storage, and the time line there says so."""

    def __init__(self, storage: Storage, keys: PlanKeys, renditions: tuple[str, ...], stored: int,
                 timeline: Callable[[int], Timeline], forget: Callable[[int], None]) -> None:
        self.stored = stored
        self._storage = storage
        self._keys = keys
        self._renditions = renditions
        self._timeline = timeline
        self._forget = forget
        self._queue: asyncio.Queue[Inits | Segment] = asyncio.Queue()
        self._task = asyncio.create_task(self._work())

    @property
    def overrun(self) -> bool:
        """The storage has been refusing for so long that no more is to be kept in memory."""
        return self._queue.qsize() > _MOST_BEHIND

    def put(self, item: Inits | Segment) -> None:
        """To be stored after all that was put before."""
        self._queue.put_nowait(item)

    async def drain(self, within_s: float) -> bool:
        """Whether all is stored within this time."""
        try:
            await asyncio.wait_for(self._queue.join(), within_s)
        except TimeoutError:
            return False
        return True

    async def write(self, timeline: Timeline) -> None:
        """Replace the time line. Raises LecternError."""
        await asyncio.to_thread(self._storage.put, self._keys.timeline, timeline.model_dump_json().encode())

    async def close(self) -> None:
        """Store no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            item = await self._queue.get()
            while not await self._stored(item):
                await asyncio.sleep(_PAUSE_S)
            self._queue.task_done()

    async def _stored(self, item: Inits | Segment) -> bool:
        names = [self._keys.named(rendition, init_name(item.number)) if isinstance(item, Inits)
                 else self._keys.cell(rendition, item.number) for rendition in self._renditions]
        try:
            blobs = list(zip(names, item.blobs, strict=True))
            if isinstance(item, Segment) and item.captions:
                blobs.append((self._keys.named(captions.FOLDER, captions.file_name(item.number)), item.captions))
            await asyncio.gather(*(asyncio.to_thread(self._storage.put, name, blob) for name, blob in blobs))
            if isinstance(item, Segment):
                await self.write(self._timeline(item.number + 1))
                self.stored = item.number + 1
                self._forget(item.number)
        except (LecternError, OSError) as error:
            log.warning("a live segment could not be stored yet: %s", error)
            return False
        return True
