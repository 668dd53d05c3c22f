"""Who watches now, and did in the last quarter of an hour: events of one video -> stays, and what is shown of them. Pure.

A stay is a time during which somebody gave signs of watching, never more than 30 s apart. Somebody who told within the
last 30 s is still there. Stays are sets of milliseconds (`coverage`), each sign reaching 30 s beyond its end: those
that are not too far apart grow together by themselves, in whatever order they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from player_api.analytics import coverage
from player_api.analytics.kinds import NUMBERS, UNCOUNTED, WATCH

BIN_MS = 10_000
WINDOW_MS = 900_000
APART_MS = 30_000  # players tell every 10 s what they played; what they tell waits up to 4 s, and may be lost once
MINUTE, WHILE = 6, 30  # bins: of rebuffering, and of joining and leaving, up to now
KINDS = tuple(NUMBERS[name] for name in ("play", "watch", "rebuffer"))  # signs that somebody watches
BEHIND_S = (0, 30, 120, 600)  # groups of viewers by how far behind the newest picture they are
MOST_PLACES = 60
PLACE_S = 10

Counts = NDArray[np.int64]


class Sign(NamedTuple):
    """An event as the tail needs it: `infra.db.inbox.tail`."""

    session: int
    learner: int | None
    kind: int
    t_ms: int
    a_ms: int | None
    b_ms: int | None
    rate: int | None
    marks: int
    rebuffer_ms: int | None
    behind_ms: int | None


@dataclass(slots=True)
class _Viewer:
    stays: list[int] = field(default_factory=list)  # [start, end + APART_MS, ...]
    t_ms: int = 0  # of the newest `watch`
    at_ms: int | None = None  # where they are on the video's timeline, as of then
    behind_ms: int | None = None


class Tail:
    """What happened with one video since `since_ms`. Not for several threads at once."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self._viewers: dict[tuple[bool, int], _Viewer] = {}
        self._told: dict[int, list[int]] = {}  # by bin: milliseconds played, and waited for data in the middle of it

    def add(self, signs: Iterable[Sign | Any]) -> None:
        """Take events, each once, in any order."""
        viewers, bins, first_ms = self._viewers, self._told, self.since_ms - APART_MS
        # A large audience tells of a hundred thousand signs before the first look: nothing is called that need not be.
        for session, learner, kind, t_ms, a_ms, b_ms, rate, marks, rebuffer_ms, behind_ms in signs:
            if marks & UNCOUNTED or t_ms < first_ms:
                continue
            played_ms = (b_ms - a_ms) * 1000 // (rate or 1000) if kind == WATCH else 0  # type: ignore[operator]
            told = bins.get(t_ms // BIN_MS)
            if told is None:
                told = bins[t_ms // BIN_MS] = [0, 0]
            told[0] += played_ms
            told[1] += rebuffer_ms or 0
            # Whoever did not want to be known is somebody else in each session.
            who = (False, session) if learner is None else (True, learner)
            viewer = viewers.get(who)
            if viewer is None:
                viewer = viewers[who] = _Viewer()
            stays, start_ms, end_ms = viewer.stays, t_ms - played_ms, t_ms + APART_MS
            if stays and stays[-2] <= start_ms <= stays[-1]:  # nearly always: it goes on
                stays[-1] = max(stays[-1], end_ms)
            else:
                coverage.insert(stays, start_ms, end_ms)
            if kind == WATCH and t_ms >= viewer.t_ms:
                viewer.t_ms, viewer.at_ms, viewer.behind_ms = t_ms, b_ms, behind_ms

    def forget(self, before_ms: int) -> None:
        """Nothing is asked any more about what was over by then."""
        self.since_ms = max(self.since_ms, before_ms)
        for who in [who for who, viewer in self._viewers.items() if viewer.stays[-1] <= self.since_ms]:
            del self._viewers[who]
        for viewer in self._viewers.values():
            while viewer.stays[1] <= self.since_ms:
                del viewer.stays[:2]
        for number in [number for number in self._told if (number + 1) * BIN_MS <= self.since_ms]:
            del self._told[number]

    def shown(self, now_ms: int, k: int) -> tuple[int, dict[str, Any] | None]:
        """How many different viewers there were since `since_ms`; and what they did, None where they are fewer than k."""
        first, last = -(-self.since_ms // BIN_MS), now_ms // BIN_MS
        count = last - first + 1
        joined, left, begun, gone = (np.zeros(count + 1, np.int64) for _ in range(4))
        watchers = 0
        for viewer in self._viewers.values():
            its = list(coverage.pieces(viewer.stays))
            spans = [(start // BIN_MS - first, (end - APART_MS) // BIN_MS - first, end > now_ms) for start, end in its]
            spans = [(start, last - first if stays_on else end, stays_on) for start, end, stays_on in spans
                     if stays_on or end >= 0]
            watchers += bool(spans)
            for start, end, stays_on in spans:  # two of one viewer are never in the same bin: they are too far apart
                if start >= 0:
                    joined[start] += 1
                if not stays_on:
                    left[end] += 1
                begun[max(0, start)] += 1
                gone[end + 1] += 1
        if watchers < max(k, 1):
            return watchers, None
        viewers = np.cumsum(begun - gone)
        bins = [self._bin(number + first, now_ms, int(viewers[number]), int(joined[number]), int(left[number]), k)
                for number in range(count)]
        return watchers, {"bin_s": BIN_MS // 1000, "now": self._now(now_ms, k, joined, left), "bins": bins}

    def _bin(self, number: int, now_ms: int, viewers: int, joined: int, left: int, k: int) -> dict[str, Any]:
        known = viewers >= k or k < 2
        return {"at_ms": number * BIN_MS, "settled": (number + 1) * BIN_MS + APART_MS <= now_ms,
                "viewers": viewers if known else None, "joined": joined if known else None, "left": left if known else None,
                "rebuffer_ratio": _ratio([self._told.get(number, [0, 0])]) if known else None}

    def _now(self, now_ms: int, k: int, joined: Counts, left: Counts) -> dict[str, Any] | None:
        here = [viewer for viewer in self._viewers.values() if viewer.stays[-1] > now_ms]
        if len(here) < max(k, 1):
            return None
        told = [its for number, its in self._told.items() if number > now_ms // BIN_MS - MINUTE]
        behind = np.array([viewer.behind_ms for viewer in here if viewer.behind_ms is not None], np.float64) / 1000
        known = len(behind) >= k and len(behind) > 0
        groups = np.histogram(behind, [*BEHIND_S, np.inf])[0]
        return {
            "viewers": len(here), "joined": int(joined[-1 - WHILE:].sum()), "left": int(left[-1 - WHILE:].sum()),
            "rebuffer_ratio": _ratio(told), "n_behind": len(behind) if known else None,
            "behind_p50_s": round(float(np.quantile(behind, 0.5)), 1) if known else None,
            "behind_p95_s": round(float(np.quantile(behind, 0.95)), 1) if known else None,
            "behind": [{"from_s": start, "to_s": end, "viewers": int(count)} for start, end, count in zip(
                BEHIND_S, (*BEHIND_S[1:], None), groups, strict=True)] if known else None,
            **_places(here)}


def _places(here: list[_Viewer]) -> dict[str, Any]:
    """Where on the timeline they are, in up to 60 places of equal length up to the newest picture that anybody told of."""
    there = [viewer for viewer in here if viewer.at_ms is not None]
    edge_s = max(((viewer.at_ms or 0) + (viewer.behind_ms or 0) for viewer in there), default=0) / 1000
    step_s = max(PLACE_S, -(-int(edge_s + 1) // MOST_PLACES))
    counts = [0] * (int(edge_s) // step_s + 1)
    for viewer in there:
        counts[(viewer.at_ms or 0) // 1000 // step_s] += 1
    return {"edge_s": round(edge_s, 3), "place_s": step_s, "places": counts if there else []}


def _ratio(told: Iterable[list[int]]) -> float | None:
    played_ms, waited_ms = (sum(column) for column in zip(*told, strict=True)) if told else (0, 0)
    return round(waited_ms / (waited_ms + played_ms), 6) if waited_ms + played_ms else None
