"""Events as Parquet: how many bytes an hour of viewing takes, and what writing it costs.

    python -m tests.bench.event_files [--sessions 1000]

Viewings of 20 minutes on average, a tenth of them of one lecture, told every 30 s and every 10 s, with pauses, seeks,
changes of quality and rebuffering; counted and exported by the rollup's own code, at once and in rounds of a day. Exit code
1 above the target.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from audiences import add_video

from infra.core.settings import Settings
from infra.db import audience, inbox
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from infra.storage.local import LocalStorage
from player_api.analytics.export import export
from player_api.analytics.kinds import NUMBERS
from player_api.analytics.rollup import count

DURATION_S = 2700
TARGET_BYTES = 2000  # of an hour
HEIGHTS = ((4_300_000, 1080), (2_400_000, 720), (1_100_000, 480))


def viewing(chance: random.Random, video: int, learner: int | None, start_ms: int, every_s: int) -> tuple[list[Any], float]:
    """The rows of one session, in their order, and how many hours were watched."""
    session, rows, content_ms = chance.getrandbits(63), list[Any](), 0
    t, at = start_ms, 0 if chance.random() < 0.7 else chance.randrange(DURATION_S * 900)
    quality, startup = chance.choice(HEIGHTS), chance.randrange(200, 3000)

    def add(kind: str, a: int | None = None, b: int | None = None, rate: int | None = None, **more: int) -> None:
        rows.append((video, session, len(rows), chance.getrandbits(63), learner, NUMBERS[kind], t, 0, a, b, rate, 0,
                     *(more.get(name) for name in ("startup", "rebuffer", "rebuffers", "switches", "bitrate", "height")),
                     0 if kind == "watch" else None, None, None))

    add("load")
    add("play", at)
    left_ms = round(min(chance.expovariate(1 / 1200), 3000) * 1000)
    rate = chance.choice([1000, 1000, 1000, 1250, 1500, 2000])
    while left_ms > 0 and at < DURATION_S * 1000:
        broken = chance.random() < every_s / 180  # every three minutes a pause or a seek
        piece = min(left_ms, chance.randrange(500, every_s * 1000) if broken else every_s * rate + chance.randrange(-8, 260),
                    DURATION_S * 1000 - at)
        extra = {"startup": startup} if startup else {}
        startup = 0
        if chance.random() < every_s / 900:
            quality = chance.choice(HEIGHTS)
            extra["switches"] = 1
        if chance.random() < every_s / 1200:
            extra |= {"rebuffer": chance.randrange(80, 4000), "rebuffers": 1}
        t += piece * 1000 // rate + chance.randrange(30)
        add("watch", at, at + piece, rate, bitrate=quality[0], height=quality[1], **extra)
        at, left_ms, content_ms = at + piece, left_ms - piece, content_ms + piece
        if broken and chance.random() < 0.5:
            add("pause", at)
            t += chance.randrange(1000, 60_000)
            add("play", at)
        elif broken:
            to = chance.randrange(DURATION_S * 950)
            add("seek", at, to)
            at = to
    return rows, content_ms / 3_600_000


def measure(folder: Path, sessions: int, every_s: int, rounds: int) -> tuple[float, float, int]:
    """Bytes an hour, processor microseconds an event, and events."""
    chance = random.Random(every_s)
    settings = Settings(data=folder)
    database = Database(url_of(settings))
    upgrade(database)
    events = open_inbox(database)
    upgrade(events)
    with database.write() as session:
        session.add(Organization(id="o", name="o", created_at=0.0))
    numbers = []
    for _ in range(50):
        with database.write() as session:
            video = add_video(session, "o", f"v_{chance.getrandbits(80):020x}", DURATION_S)
            numbers.append(audience.find_or_add(session, video, DURATION_S * 1000).number)
    hours, cpu_s, told, now_ms = 0.0, 0.0, 0, time.time_ns() // 1_000_000
    for _ in range(rounds):
        with events.write() as writing:
            for _ in range(sessions // rounds):
                video_number = numbers[0] if chance.random() < 0.1 else chance.choice(numbers)
                rows, watched_h = viewing(chance, video_number, chance.randrange(1, 400) * 2**40 + chance.getrandbits(1),
                                          now_ms - chance.randrange(86_400_000), every_s)
                inbox.insert(writing.connection(), rows)
                hours, told = hours + watched_h, told + len(rows)
        while count(database, events):
            pass
        began_s = time.process_time()
        export(database, events, LocalStorage(folder / "storage"))
        cpu_s += time.process_time() - began_s
    files = [one.size_bytes for one in LocalStorage(folder / "storage").list("o/")]
    for each in {database, events}:
        each.dispose()
    return sum(files) / hours, cpu_s / told * 1e6, told


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=1000)
    sessions = parser.parse_args().sessions
    print("told every  rounds a day    events  bytes an hour  us of processor an event")
    good = True
    for every_s in (30, 10):
        for rounds in (1, 24):
            with tempfile.TemporaryDirectory() as folder:
                size, cpu_us, told = measure(Path(folder), sessions, every_s, rounds)
            print(f"{every_s:9} s {rounds:13} {told:9} {size:14.0f} {cpu_us:25.1f}", flush=True)
            good &= size <= TARGET_BYTES
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
