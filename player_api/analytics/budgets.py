"""How much anybody may tell, and who is a program that says so. Each process keeps its own count: what one allows is a bound
for one, and several allow so many times as much.

Three things are bounded: requests and events of a viewer, which are put off (429), and what one person watches in all,
which is kept and not counted. What one session watches is bounded where its events are read (`intake`).
"""

from __future__ import annotations

import re
import time
from functools import lru_cache

from infra.core.errors import LecternError
from player_api.analytics.targets import Few

REQUESTS_PER_S, REQUESTS = 2.0, 20.0  # of one viewer with one token: steadily, and at once
EVENTS_PER_S, EVENTS = 5.0, 3_000.0  # a player has one or two in ten seconds, and what a browser kept while it was offline
WATCHED_AT_ONCE = 3.0  # a person plays so many videos at a time
WATCHED_MS = 24 * 3_600_000.0  # and has so much to tell that was kept while offline
# Cubot makes telephones.
_ROBOT = re.compile(rb"headlesschrome|phantomjs|lighthouse|(?<!cu)bot(?![a-z])|crawler|spider|slurp|externalhit",
                    re.IGNORECASE)


class TooMany(LecternError):
    """Somebody sends more often than any player does."""

    status = 429
    retryable = True


class Budgets:
    """What is left to whom."""

    def __init__(self) -> None:
        self._sent = Few[tuple[str, str], tuple[float, float, float]]()
        self._watched = Few[int, tuple[float, float]]()

    def send(self, token: str, viewer: str, events: int) -> None:
        """Raises TooMany. A budget for each viewer: those of one page share their token."""
        now_s = time.monotonic()
        requests, left, at_s = self._sent.get((token, viewer)) or (REQUESTS, EVENTS, now_s)
        requests = min(REQUESTS, requests + (now_s - at_s) * REQUESTS_PER_S) - 1
        left = min(EVENTS, left + (now_s - at_s) * EVENTS_PER_S) - events
        if requests < 0:
            raise TooMany("too_many_requests", f"At most {REQUESTS_PER_S:g} requests a second are taken of one viewer: put "
                          "more events into each.")
        if left < 0:
            raise TooMany("too_many_events", f"At most {EVENTS:g} events at once, and {EVENTS_PER_S:g} a second, are taken "
                          "of one viewer: keep them, and send them later.")
        self._sent.put((token, viewer), (requests, left, now_s))

    def may_watch(self, learner: int, played_ms: float) -> bool:
        """Whether that much more can have been watched by one person."""
        return played_ms <= self._left_ms(learner, time.monotonic())

    def watched(self, learner: int, played_ms: float) -> None:
        """It was, and is counted."""
        now_s = time.monotonic()
        self._watched.put(learner, (self._left_ms(learner, now_s) - played_ms, now_s))

    def _left_ms(self, learner: int, now_s: float) -> float:
        left_ms, at_s = self._watched.get(learner) or (WATCHED_MS, now_s)
        return min(WATCHED_MS, left_ms + (now_s - at_s) * 1000 * WATCHED_AT_ONCE)


@lru_cache(maxsize=4096)
def is_robot(user_agent: bytes) -> bool:
    """Whether a program says of itself that nobody looks at what it plays. What it is called is not kept."""
    return _ROBOT.search(user_agent[:1000]) is not None
