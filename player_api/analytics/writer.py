"""One thread a process that puts events into the inbox: what waits while a commit is under way is the next commit."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import NamedTuple

from infra.core.errors import LecternError, Unavailable
from infra.db import inbox
from infra.db.inbox import UID, Values
from infra.db.session import Database

log = logging.getLogger(__name__)

MOST_WAITING = 50_000  # events; those that come when so many wait are asked to come later
MOST_AT_ONCE = 5_000  # events of one commit


class _Waiting(NamedTuple):
    rows: Sequence[Values]
    answer: asyncio.Future[int]


class Writer:
    """Use `add` from one event loop. The thread begins with the first events, and ends with `close`."""

    def __init__(self, events: Database) -> None:
        self._events = events
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def add(self, rows: Sequence[Values]) -> int:
        """Returns once they are durable: how many of them were new. Raises Unavailable or OutOfSpace."""
        if self._count > MOST_WAITING or self._closed:
            raise Unavailable("events_busy", "More events arrive than can be kept just now. Send them again a little later.")
        waiting = _Waiting(rows, asyncio.get_running_loop().create_future())
        with self._change:
            self._waiting.append(waiting)
            self._count += len(rows)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            self._change.notify()
        return await waiting.answer

    def close(self) -> None:
        """Keep what waits, then end."""
        with self._change:
            self._closed = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                if not self._waiting:
                    return
                group: list[_Waiting] = []
                count = 0
                while self._waiting and (not group or count + len(self._waiting[0].rows) <= MOST_AT_ONCE):
                    group.append(self._waiting.pop(0))
                    count += len(group[-1].rows)
                self._count -= count
            self._commit(group)

    def _commit(self, group: list[_Waiting]) -> None:
        error: Exception | None = None
        new: list[int] = []
        try:
            with self._events.write() as session:
                fresh = inbox.insert(session.connection(), [row for each in group for row in each.rows])
            for each in group:
                if fresh is None:
                    new.append(len(each.rows))
                else:  # of the same event twice in one commit, the first that sent it is told that it is new
                    its = {row[UID] for row in each.rows} & fresh
                    fresh -= its
                    new.append(len(its))
        except LecternError as failure:
            error = failure
        except Exception as failure:
            log.exception("Events could not be stored")
            error = Unavailable("events_not_stored", "The events could not be stored. Send them again.")
            error.__cause__ = failure
        group[0].answer.get_loop().call_soon_threadsafe(_answer, group, new, error)


def _answer(group: list[_Waiting], new: list[int], error: Exception | None) -> None:
    for place, each in enumerate(group):
        if each.answer.done():  # its client went away
            continue
        if error is not None:
            each.answer.set_exception(error)
        else:
            each.answer.set_result(new[place])
