"""What a learner had watched of a part of a video before a moment. Pure: rows of the inbox -> numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from player_api.analytics import coverage
from player_api.analytics.kinds import NUMBERS, UNCOUNTED, WATCH

PAUSE = NUMBERS["pause"]
KINDS = (WATCH, PAUSE)


class Told(NamedTuple):
    """An event of a learner: the columns of `infra.db.inbox.watched`."""

    session: int
    learner: int
    kind: int
    t_ms: int
    a_ms: int | None
    b_ms: int | None
    rate: int | None
    marks: int


class Moment(NamedTuple):
    """Something that was done at a time: seconds [start, end) were played at a rate, or (end = start) there was a pause."""

    t_ms: int
    start: int
    end: int
    rate: float


class Attempt(NamedTuple):
    """When something is asked about, and of which seconds."""

    at_ms: int
    start: int
    end: int


class Watching(NamedTuple):
    """What came before an attempt; all of it nothing but numbers of one part of one video."""

    covered: float  # share of its seconds that were seen
    rewatched: float  # share of its seconds that were seen twice or more
    pauses: float  # a minute that was played
    speed: float  # seconds of media by seconds of the clock


@dataclass(slots=True)
class Learner:
    """All that is kept of one learner and a video."""

    content_ms: int = 0  # of what was counted: less than what is known of them means that events were deleted
    moments: list[Moment] = field(default_factory=list)


def learners(rows: Iterable[Told]) -> dict[int, Learner]:
    """By learner. Rows come session by session, in the order of their numbers: a pause is where what was played ended."""
    found: dict[int, Learner] = {}
    session, at_ms = None, None
    for row in rows:
        if row.session != session:
            session, at_ms = row.session, None
        if row.kind == WATCH:
            if row.marks & UNCOUNTED or row.a_ms is None or row.b_ms is None:
                continue
            at_ms = row.b_ms
            one = found.setdefault(row.learner, Learner())
            one.content_ms += row.b_ms - row.a_ms
            start, end = coverage.seconds_of(row.a_ms, row.b_ms)
            if start < end:
                one.moments.append(Moment(row.t_ms, start, end, (row.rate or 1000) / 1000))
        elif row.kind == PAUSE:
            where_ms = at_ms if row.a_ms is None else row.a_ms
            if where_ms is not None:
                second = max(0, where_ms - 1) // 1000
                found.setdefault(row.learner, Learner()).moments.append(Moment(row.t_ms, second, second, 1.0))
    return found


def watching(moments: Iterable[Moment], attempts: Sequence[Attempt], length_s: int) -> list[Watching | None]:
    """For each attempt what was watched before it; None: nothing of that part. What was told to end later does not count."""
    plays, pauses = np.zeros(length_s, np.int32), np.zeros(length_s, np.int32)
    wall = np.zeros(length_s)
    found: list[Watching | None] = [None] * len(attempts)
    waiting = sorted(moments)
    done = 0
    known: dict[tuple[int, int, int], Watching | None] = {}  # a quiz asks many things of one part at one time
    for number in sorted(range(len(attempts)), key=lambda each: attempts[each].at_ms):
        attempt = attempts[number]
        while done < len(waiting) and waiting[done].t_ms <= attempt.at_ms:
            _, start, end, rate = waiting[done]
            if start < end:
                plays[start:end] += 1
                wall[start:end] += 1 / rate
            elif start < length_s:
                pauses[start] += 1
            done += 1
        which = done, attempt.start, attempt.end
        if which not in known:
            part = slice(attempt.start, attempt.end)
            known[which] = _of_part(plays[part], pauses[part], wall[part])
        found[number] = known[which]
    return found


def _of_part(plays: NDArray[np.int32], pauses: NDArray[np.int32], wall: NDArray[np.float64]) -> Watching | None:
    played = int(plays.sum())
    if not played:
        return None
    return Watching(np.count_nonzero(plays) / len(plays), np.count_nonzero(plays >= 2) / len(plays),
                    float(pauses.sum()) * 60 / played, played / float(wall.sum()))
