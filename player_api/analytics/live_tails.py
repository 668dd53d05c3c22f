"""The tails of videos that somebody looks at: kept in this process, so that each look reads only what is new."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from infra.db import inbox
from infra.db.session import Database
from player_api.analytics.live_tail import APART_MS, BIN_MS, KINDS, WINDOW_MS, Tail

MOST: Final = 50  # videos; of others the last quarter of an hour is read again


class Shown(NamedTuple):
    """What is known of a video now."""

    as_of_ms: int
    n_viewers: int
    data: dict[str, Any] | None  # None: fewer than k viewers


@dataclass(slots=True)
class _Held:
    revision: int  # of the counters: another one, and somebody may have been deleted
    tail: Tail
    read_id: int  # all events up to this one are in the tail
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tails:
    """Use it from any thread."""

    def __init__(self, events: Database) -> None:
        self._events = events
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, video: int, revision: int, k: int) -> Shown:
        """Who watches the video of this number, as of all events that are durable now."""
        held = self._of(video, revision)
        with held.lock:
            since_ms = _since_ms(time.time_ns() // 1_000_000)
            with self._events.read() as session:
                newest_id = inbox.newest(session.connection())
                if newest_id > held.read_id:
                    # Where nobody looked for long, what lies between is not asked for any more.
                    after_id = max(held.read_id, _first_id(since_ms))
                    found = inbox.tail(session.connection(), video, after_id, newest_id, KINDS)
                    held.tail.add(found)
                    held.read_id = newest_id
            now_ms = time.time_ns() // 1_000_000
            held.tail.forget(_since_ms(now_ms))
            return Shown(now_ms, *held.tail.shown(now_ms, k))

    def _of(self, video: int, revision: int) -> _Held:
        with self._lock:
            held = self._held.get(video)
            if held is None or held.revision != revision:
                since_ms = _since_ms(time.time_ns() // 1_000_000)
                held = self._held[video] = _Held(revision, Tail(since_ms), _first_id(since_ms))
            self._held.move_to_end(video)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
            return held


def _since_ms(now_ms: int) -> int:
    return (now_ms - WINDOW_MS) // BIN_MS * BIN_MS


def _first_id(since_ms: int) -> int:
    """An event arrives after what it tells of: all behind this one is enough to tell stays that go on from new ones."""
    return (since_ms - APART_MS) * 1000
