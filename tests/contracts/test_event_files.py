"""Events as Parquet files, over every storage and in every database: each event once, and nobody who was deleted."""

from __future__ import annotations

import io
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from analytics_site import values
from audiences import add_video, batch, viewing, watch

from infra.core import keys
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.db import audience, event_exports, inbox
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from infra.storage.local import LocalStorage
from infra.storage.s3 import S3Storage
from player_api.analytics import event_table, keeping
from player_api.analytics.export import drop_old, erase, export
from player_api.analytics.intake import Batch
from player_api.analytics.kinds import LIVE, NAMES, UNCOUNTED, Row
from player_api.analytics.rollup import count

DURATION_S = 200
NOW_MS = time.time_ns() // 1_000_000
DAY_S = 86400.0


@pytest.fixture(params=["directory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "directory":
        return LocalStorage(tmp_path / "storage")
    return S3Storage.of(request.getfixturevalue("s3_settings")())


@dataclass
class Site:
    """Databases, and the videos of two organizations: number by id."""

    database: Database
    events: Database
    videos: dict[str, int]

    def watch(self, seed: int, sessions: int, video: str = "v_1", learners: int = 8, first: int = 0) -> None:
        """Some viewings arrive and are counted."""
        chance = random.Random(seed)
        for number in range(sessions):
            self.arrive(viewing(chance, DURATION_S, NOW_MS - 3_600_000), f"{seed}-{number}", video,
                        first + chance.randrange(learners))
        self.count()

    def arrive(self, events: list[dict[str, Any]], session: str, video: str, learner: int | None) -> None:
        sent = msgspec.json.decode(msgspec.json.encode(batch("t", "p", session, events, NOW_MS)), type=Batch)
        with self.events.write() as writing:
            inbox.insert(writing.connection(), values(sent, self.videos[video], learner, DURATION_S * 1000, NOW_MS))

    def count(self) -> None:
        while count(self.database, self.events):
            pass

    def expected(self) -> list[tuple[Any, ...]]:
        """What the inbox holds, as the files should tell it."""
        names = {number: name for name, number in self.videos.items()}
        with self.events.read() as reading:
            rows = [Row._make(row) for number in names for row in inbox.of_video(reading.connection(), number, 0, 2**62)]
        return sorted((names[row.video], event_table.hex_of(row.session), row.seq, NAMES[row.kind], row.t_ms // 16 * 16,
                       row.a_ms, row.b_ms, None if row.learner is None else event_table.hex_of(row.learner),
                       not row.marks & UNCOUNTED, row.startup_ms, row.rebuffer_ms, bool(row.marks & LIVE), row.behind_ms)
                      for row in rows)


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    events = open_inbox(database)
    upgrade(events)
    numbers = {}
    for organization, name in (("a", "v_1"), ("a", "v_2"), ("b", "v_3")):
        with database.write() as session:
            video = add_video(session, organization, name, DURATION_S)
            numbers[name] = audience.find_or_add(session, video, DURATION_S * 1000).number
    yield Site(database, events, numbers)
    events.dispose()


def files(storage: Storage) -> list[str]:
    return [one.key for one in storage.list("o/")]


def told(storage: Storage, found: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
    """All rows of these files, or of all."""
    rows = []
    for key in files(storage) if found is None else found:
        table = pq.read_table(io.BytesIO(storage.read(key)))
        its = table.to_pylist()
        assert {row["organization"] for row in its} <= {key.split("/")[1]}
        order = [(row["video"], row["session"], row["seq"]) for row in its]
        assert order == sorted(order)
        rows += [(row["video"], row["session"], row["seq"], row["kind"], round(row["time"].timestamp() * 1000),
                  row["from_ms"], row["to_ms"], row["learner"], row["counted"], row["startup_ms"],
                  row["rebuffer_ms"], row["live"], row["behind_ms"]) for row in its]
    return sorted(rows, key=lambda row: row[:3])


def test_each_event_is_in_one_file_of_its_organization(site: Site, storage: Storage) -> None:
    assert export(site.database, site.events, storage) == 0
    site.watch(1, 20)
    site.watch(2, 10, "v_3")
    site.arrive([watch(0, NOW_MS, 0, 9, live=True, behind_ms=2100), watch(1, NOW_MS, 5, 4)], "nobody", "v_2", None)
    assert told(storage) == []  # not counted yet
    site.count()
    export(site.database, site.events, storage)
    assert told(storage) == site.expected()
    assert {key.partition("/day=")[0] for key in files(storage)} == {"o/a/analytics/events", "o/b/analytics/events"}
    before = {one.key: one.etag for one in storage.list("o/")}
    assert export(site.database, site.events, storage) == 0
    site.watch(3, 5, "v_2")
    export(site.database, site.events, storage)
    assert told(storage) == site.expected()  # the file of the day has grown
    after = {one.key: one.etag for one in storage.list("o/")}
    assert [after[key] == before[key] for key in before if key.startswith("o/b/")] == [True]  # nothing new: left alone


def test_a_full_file_is_left_and_another_is_begun(site: Site, storage: Storage) -> None:
    for seed in range(4):
        site.watch(seed, 6)
        export(site.database, site.events, storage, at_once=17, part_rows=40)
    found = files(storage)
    assert len(found) > 2 and [keys.day_and_part(key) for key in found] == [(found[0][25:35], n) for n in range(len(found))]
    assert all(event_table.summary(storage.read(key)).rows >= 40 for key in found[:-1])
    assert told(storage) == site.expected()


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs, and nothing of it is caught."""


class Dying:
    """A storage whose user dies when it has put so many objects: before the last one, or right after it."""

    def __init__(self, storage: Storage, puts: int, after: bool) -> None:
        self._storage, self._left, self._after = storage, puts, after

    def put(self, key: str, data: bytes) -> None:
        self._left -= 1
        if self._left or self._after:
            self._storage.put(key, data)
        if not self._left:
            raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


def test_who_dies_half_way_loses_and_doubles_nothing(site: Site, storage: Storage) -> None:
    chance = random.Random(4)
    ever = set[tuple[Any, ...]]()
    for seed in range(6):
        for video, first in (("v_1", 0), ("v_3", 1000)):
            site.watch(100 * seed + site.videos[video], 3, video, first=first)
        ever |= set(site.expected())
        dying: Any = Dying(storage, chance.randrange(1, 5), chance.random() < 0.5)
        try:
            export(site.database, site.events, dying, at_once=23, part_rows=60)
        except Killed:
            present = told(storage)
            assert len(present) == len(set(present)) and set(present) <= ever
            if seed % 2:  # somebody is deleted before it goes on
                keeping.forget(site.database, site.events, "a", seed)
    export(site.database, site.events, storage, at_once=31, part_rows=60)
    erase(site.database, storage)
    assert told(storage) == site.expected()


def test_one_of_several_writes(site: Site, storage: Storage) -> None:
    site.watch(1, 5)
    with event_exports.turn(site.database) as ours:
        assert ours
        assert export(site.database, site.events, storage) == 0
        with event_exports.turn(site.database) as other:
            assert not other
    assert export(site.database, site.events, storage) > 0
    # One that lost its turn and wakes up: what it thought was next is not.
    with site.database.write() as session:
        assert not event_exports.advance(session, 0, 5)
        assert event_exports.exported(session) > 5


def test_a_learner_who_is_deleted_is_in_no_file(site: Site, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    site.watch(1, 20, learners=4)
    site.watch(2, 20, "v_3", learners=4)
    export(site.database, site.events, storage)
    gone = event_table.hex_of(3)
    others = [row for row in told(storage) if row[0] == "v_3" or row[7] != gone]
    assert len(others) < len(told(storage))
    keeping.forget(site.database, site.events, "a", 3)
    assert erase(site.database, storage) == 1
    assert told(storage) == others == site.expected()  # 3 of b is somebody else
    assert erase(site.database, storage) == 0
    # It comes back, and is exported: what was done later than the deletion is wanted.
    later = [watch(900, NOW_MS + 60_000, 3, 9)]
    with site.events.write() as session:
        row = values(msgspec.json.decode(msgspec.json.encode(batch("t", "p", "later", later, NOW_MS + 60_000)), type=Batch),
                     site.videos["v_1"], 3, DURATION_S * 1000, NOW_MS + 60_000)
        inbox.insert(session.connection(), row)
    site.count()
    export(site.database, site.events, storage)
    # Somebody who lost its turn puts an older file back; when nobody can be at it any more, files are looked through again.
    stale = next(key for key in files(storage) if key.startswith("o/a/"))
    old = event_table.read(storage.read(stale))
    doubled = event_table.file_of([old, old.slice(0, 1).set_column(4, "learner", [[gone]])], 2**61)
    storage.put(stale, doubled)
    assert erase(site.database, storage) == 0
    monkeypatch.setattr(event_exports, "SETTLED_MS", 0)
    with site.database.write() as session:
        event_exports.erased(session, "a", audience.forgotten(session, [3]), 0)
    assert erase(site.database, storage) == 1
    assert told(storage) == site.expected()
    assert erase(site.database, storage) == 0


def test_files_go_when_their_day_is_long_over(site: Site, storage: Storage) -> None:
    site.watch(1, 5)
    export(site.database, site.events, storage)
    today = storage.read(files(storage)[0])
    for day in ("2020-02-01", "2020-02-02"):
        storage.put(keys.event_file("b", day, 0), today)
    at_s = 1_580_601_600.0 + 90 * DAY_S  # 2 February 2020 and 90 days
    assert drop_old(site.database, storage, 90, at_s) == 1
    assert [keys.day_and_part(key) for key in files(storage)][1:] == [("2020-02-02", 0)]
    assert drop_old(site.database, storage, 90, at_s + DAY_S) == 1
    assert len(files(storage)) == 1
    assert drop_old(site.database, storage, 1) == 0


@pytest.mark.slow
def test_the_process_is_killed_again_and_again(tmp_path: Path) -> None:
    """Two of them count and write in turn, and SIGKILL ends them wherever they are."""
    settings = Settings(data=tmp_path, rollup_s=0.02, events_export_s=0.001)
    database = Database(url_of(settings))
    upgrade(database)
    events = open_inbox(database)
    upgrade(events)
    with database.write() as session:
        session.add(Organization(id="a", name="a", created_at=0.0))
        session.flush()
        video = add_video(session, "a", "v_1", DURATION_S)
        site = Site(database, events, {"v_1": audience.find_or_add(session, video, DURATION_S * 1000).number})
    storage, chance = LocalStorage(tmp_path / "storage"), random.Random(6)

    def exported() -> int:
        with database.read() as session:
            return event_exports.exported(session)

    for turn in range(8):
        running = [subprocess.Popen([sys.executable, "-m", "infra.runtime.rollup"],
                                    env={**os.environ, **settings.environment()}) for _ in range(2)]
        before, until_s, number = exported(), math.inf, 0
        while time.monotonic() < until_s:
            number += 1
            if until_s == math.inf and exported() > before:  # they have started, and written something
                until_s = time.monotonic() + chance.uniform(0, 0.5)
            assert number < 1500
            site.arrive(viewing(chance, DURATION_S, NOW_MS - 3_600_000), f"{turn}-{number}", "v_1", chance.randrange(20))
            time.sleep(0.02)
        for process in running:
            process.kill()
        for process in running:
            process.wait()
        present = told(storage)
        assert len({row[:3] for row in present}) == len(present)
    assert len(present) > 500
    site.count()
    export(database, events, storage)
    assert told(storage) == site.expected()
    events.dispose()
    database.dispose()
