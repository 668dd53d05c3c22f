"""Who watches now, and what groups of learners saw: what an answer costs, by how many there are.

    python -m tests.bench.audience [--viewers 1000 10000] [--learners 1000 10000]

Viewers of a lecture tell every ten seconds for a quarter of an hour; the first look reads all of it, the next what came in
the ten seconds since. Learners of an hour's recording, each with some pieces seen, are in three groups, of which two are
asked for. SQLite, in this process, without HTTP. Exit code 1 above a target.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from audiences import add_video

from infra.core.settings import Settings
from infra.db import audience, inbox
from infra.db import cohorts as rows
from infra.db.audience_models import LearnerProgress
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from player_api.analytics import cohorts, coverage
from player_api.analytics.kinds import LIVE, WATCH
from player_api.analytics.live_tail import WINDOW_MS
from player_api.analytics.live_tails import Tails
from tests.bench.service import load_average

LENGTH_S = 3600
NEXT_LOOK_MS, COHORT_MS = 250.0, 250.0  # of 10,000
_TURNS = 5


def cpu_ms(what: Callable[[], Any]) -> float:
    """Processor time of one call."""
    begun_s = time.process_time()
    what()
    return (time.process_time() - begun_s) * 1000


def tail(events: Database, video: int, viewers: int) -> float:
    """Prints what looks cost; milliseconds of the next one."""
    now_ms = time.time_ns() // 1_000_000

    def tell(turn: int, t_ms: int) -> None:
        told = [(video, viewer, turn, video << 31 | viewer * 1000 + turn, viewer, WATCH, t_ms + viewer % 7000, 0,
                 turn * 10_000, turn * 10_000 + 10_000, 1000, LIVE, *[None] * 8, 2000) for viewer in range(1, viewers + 1)]
        with events.write(durable=False) as session:
            inbox.insert(session.connection(), told)

    turns = WINDOW_MS // 10_000
    for turn in range(turns):
        tell(turn, now_ms - WINDOW_MS + turn * 10_000)
    tails = Tails(events)
    first = cpu_ms(lambda: tails.look(video, 0, 5))
    tell(turns, now_ms)
    again = cpu_ms(lambda: tails.look(video, 0, 5))
    same = min(cpu_ms(lambda: tails.look(video, 0, 5)) for _ in range(_TURNS))
    shown = tails.look(video, 0, 5)
    assert shown.n_viewers == viewers and shown.data, shown.n_viewers
    print(f"{viewers} viewers: first look {first:.0f} ms, ten seconds later {again:.0f} ms, nothing new {same:.0f} ms; "
          f"{load_average()}")
    return again


def groups(database: Database, video: int, learners: int, chance: random.Random) -> float:
    """Prints what two groups of these learners cost; milliseconds."""
    keys = range(1, learners + 1)
    with database.write(durable=False) as session:
        for key in keys:
            covered: list[int] = []
            for _ in range(chance.randrange(1, 8)):
                start = chance.randrange(LENGTH_S - 60)
                coverage.insert(covered, start, min(LENGTH_S, start + chance.randrange(10, 1200)))
            session.add(LearnerProgress(video=video, learner=key, seen=coverage.packed(covered), again=b"",
                                        unique_s=coverage.measure(covered), content_ms=0, wall_ms=0, last_t_ms=0, last_ms=0,
                                        exit_week=202601))
        for place, tag in enumerate(("one", "two", "three")):
            rows.gather(session, "o", tag, [key for key in keys if key % 3 == place])

    def ask() -> None:
        with database.read() as session:
            its: dict[str, set[int]] = {}
            for tag, learner in rows.watchers(session, "o", video):
                its.setdefault(tag, set()).add(learner)
            assert cohorts.held_back(its, learners, 5) == {}
            for tag in ("one", "two"):
                cohorts.shown(cohorts.curve(rows.seen(session, "o", video, tag), LENGTH_S), LENGTH_S)

    took = min(cpu_ms(ask) for _ in range(_TURNS))
    print(f"two groups of {learners // 3} of {learners} learners: {took:.0f} ms; {load_average()}")
    return took


def main() -> int:
    """0 if the targets are met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--learners", type=int, nargs="*", default=[1000, 10_000])
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url_of(Settings(data=Path(folder))))
        upgrade(database)
        events = open_inbox(database)
        upgrade(events)
        with database.write() as session:
            session.add(Organization(id="o", name="o", created_at=0.0))
        for number, size in enumerate([*given.viewers, *given.learners]):
            with database.write() as session:
                video = add_video(session, "o", f"v_{number:016d}", LENGTH_S)
                its = audience.find_or_add(session, video, LENGTH_S * 1000).number
            if number < len(given.viewers):
                good &= tail(events, its, size) <= NEXT_LOOK_MS * max(1.0, size / 10_000)
            else:
                good &= groups(database, its, size, random.Random(7)) <= COHORT_MS * max(1.0, size / 10_000)
        for each in (database, events):
            each.dispose()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
