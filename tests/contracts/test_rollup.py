"""Counting events, in every database: equal to the plainest count, however they arrive, and exactly once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest
from analytics_site import ALL, oracle, snapshot, values
from audiences import add_video, batch, event, viewing, watch
from sqlalchemy import text

from infra.db import audience, inbox
from infra.db.audience_models import Audience
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Video
from infra.db.session import Database
from player_api.analytics import keeping, merge, stored
from player_api.analytics.coverage import clipped, pieces
from player_api.analytics.intake import Batch
from player_api.analytics.kinds import Row
from player_api.analytics.rollup import count, measure_recorded, rebuild

DURATION_S = 200
NOW_MS = time.time_ns() // 1_000_000
WEEK_MS = 7 * 86_400_000


@dataclass
class Store:
    """The databases, and the videos that are watched: number by id."""

    database: Database
    events: Database
    videos: dict[str, int]

    def insert(self, rows: Sequence[tuple[Any, ...]]) -> int:
        with self.events.write() as session:
            fresh = inbox.insert(session.connection(), rows)
        return len(rows) if fresh is None else len(fresh)

    def count(self, size: int = 10_000) -> None:
        while count(self.database, self.events, size):
            pass

    def rows(self, video: int) -> list[Row]:
        with self.events.read() as session:
            return [Row._make(row) for row in inbox.of_video(session.connection(), video, 0, 2**62)]


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    events = open_inbox(database)
    upgrade(events)
    numbers = {}
    for name in ("v_1", "v_2", "v_3"):
        with database.write() as session:
            video = add_video(session, "a", name, DURATION_S)
            numbers[name] = audience.find_or_add(session, video, DURATION_S * 1000).number
    yield Store(database, events, numbers)
    events.dispose()


def sent(events: list[dict[str, Any]], session: str, at_ms: int = NOW_MS) -> Batch:
    return msgspec.json.decode(msgspec.json.encode(batch("t", "p", session, events, at_ms)), type=Batch)


def sessions(chance: random.Random, number: int, video: int, learners: int) -> list[list[tuple[Any, ...]]]:
    """The batches of many viewings, as rows."""
    found = []
    for _ in range(number):
        name, learner = f"s{chance.getrandbits(60)}", chance.randrange(-learners, learners)
        t = NOW_MS - chance.randrange(6 * 86_400_000)
        events = viewing(chance, DURATION_S, t)
        cut = chance.randrange(1, len(events) + 1)
        found += [values(sent(part, name), video, None if learner == 0 else learner, DURATION_S * 1000, NOW_MS)
                  for part in (events[:cut], events[cut:]) if part]
    return found


def test_a_thousand_sessions_late_twice_and_in_any_order(store: Store) -> None:
    chance = random.Random(7)
    batches = [each for video in store.videos.values() for each in sessions(chance, 340, video, 60)]
    distinct = sum(map(len, batches))
    batches += [[chance.choice(each), *each[:2]] for each in chance.sample(batches, len(batches) // 10)]
    chance.shuffle(batches)
    accepted = 0
    while batches:
        together = [batches.pop() for _ in range(min(len(batches), chance.choice([1, 10, 50])))]
        accepted += store.insert([row for each in together for row in each])
        if chance.random() < 0.5:
            count(store.database, store.events, chance.choice([7, 100, 10_000]))
    store.count()
    assert accepted == distinct
    for video in store.videos.values():
        rows = store.rows(video)
        assert_is(store, video, rows)
        before = snapshot(store.database, video)
        assert before["curves"] and before["learner_progress"] and before["quality_hours"]
        assert rebuild(store.database, store.events, video)
        assert snapshot(store.database, video) == before


def assert_is(store: Store, video: int, rows: list[Row]) -> None:
    """The counters are what the oracle says of these rows."""
    truth, seen, plays = oracle(rows, DURATION_S)
    with store.database.read() as session:
        curves = {week: stored.curve(*blobs) for week, blobs in audience.curves(session, video).items()}
        learners = {key: stored.learner(columns) for _, key, *columns in audience.sought(
            session, "learner_progress", [(video, row.learner) for row in rows if row.learner is not None])}
    total = curves.pop(ALL)
    assert np.array_equal(padded(total.counts), truth.counts)
    hidden = total.sums[merge.HIDDEN_MS]
    assert total.sums == [*truth.sums[:merge.HIDDEN_MS], hidden, *truth.sums[merge.VIEWS:]]
    assert np.array_equal(sum(padded(curve.counts) for curve in curves.values()), truth.counts)
    assert all((curve.counts >= 0).all() for curve in curves.values())
    found = {key: one for key, one in learners.items() if one.unique_s}
    assert {key: numbers(clipped(one.seen, DURATION_S)) for key, one in found.items()} == seen
    assert {key: numbers(one.again) for key, one in found.items()} == {
        key: {second for second, times in its.items() if times > 1} for key, its in plays.items()}


def numbers(flat: list[int]) -> set[int]:
    return {second for start, end in pieces(flat) for second in range(start, end)}


def padded(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.pad(counts, ((0, 0), (0, DURATION_S - counts.shape[1])))


def test_what_was_watched_live_is_counted_by_the_length_of_the_recording(store: Store) -> None:
    chance = random.Random(11)
    video, recorded = store.videos["v_1"], store.videos["v_2"]
    for each in sessions(chance, 30, video, 9):
        store.insert(each)
    with store.database.write() as session:  # nobody knew yet how long it would be
        session.get_one(Audience, video).duration_ms = audience.LIVE_MS
    store.count()
    with store.database.read() as session:
        assert stored.curve(*audience.curves(session, video)[ALL]).sums[merge.COMPLETED] == 0
        assert all(row.counts is None for row in audience.library(session, "a", merge.LINES, merge.UNIQUE))
    measure_recorded(store.database, store.events)
    assert_is(store, video, store.rows(video))
    before = snapshot(store.database, video), snapshot(store.database, recorded)
    measure_recorded(store.database, store.events)  # once is enough
    assert (snapshot(store.database, video), snapshot(store.database, recorded)) == before


def test_however_it_is_cut_into_batches_the_bytes_are_the_same(store: Store) -> None:
    chance = random.Random(3)
    video = store.videos["v_1"]
    for each in sessions(chance, 30, video, 9):
        store.insert(each)
    store.count(13)
    cut = snapshot(store.database, video)
    rebuild(store.database, store.events, video)
    assert snapshot(store.database, video) == cut


def test_many_count_at_once_and_nothing_is_counted_twice(store: Store) -> None:
    chance = random.Random(5)
    batches = [each for video in store.videos.values() for each in sessions(chance, 25, video, 20)]
    ending = threading.Event()
    failures: list[BaseException] = []

    def work(turn: Callable[[], Any]) -> None:
        try:
            while not ending.is_set():
                turn()
        except BaseException as error:
            failures.append(error)

    counters = [threading.Thread(target=work, args=(lambda: count(store.database, store.events, 50),)) for _ in range(3)]
    for thread in counters:
        thread.start()
    writers = [threading.Thread(target=lambda part: [store.insert(each) for each in part], args=(batches[n::3],))
               for n in range(3)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    ending.set()
    for thread in counters:
        thread.join()
    assert not failures
    store.count()
    for video in store.videos.values():
        assert_is(store, video, store.rows(video))


def test_ids_rise_and_are_not_given_again(store: Store) -> None:
    video = store.videos["v_1"]
    first, second = (values(sent([event(0, "load", NOW_MS)], name), video, 1, 10_000, NOW_MS) for name in ("one", "two"))
    store.insert(first)
    with store.events.write() as session:
        last = inbox.newest(session.connection())
        session.execute(text("DELETE FROM events"))
    store.insert(second)
    with store.events.read() as session:
        assert inbox.newest(session.connection()) > last


@pytest.mark.parametrize("whole", [True, False])
def test_a_learner_who_is_deleted_was_never_there(store: Store, whole: bool) -> None:
    chance = random.Random(11)
    video, gone = store.videos["v_1"], 4
    for each in sessions(chance, 30, video, 8):
        store.insert(each)
    store.count()
    rows = store.rows(video)
    assert any(row.learner == gone for row in rows)
    if not whole:
        with store.events.write() as session:
            session.execute(text(f"DELETE FROM events WHERE learner = {gone} AND seq % 3 = 1"))
    assert keeping.forget(store.database, store.events, "a", gone) == 1
    kept = [row for row in rows if row.learner != gone]
    assert store.rows(video) == kept
    late = values(sent([watch(900, NOW_MS - 60_000, 3, 9)], "late"), video, gone, DURATION_S * 1000, NOW_MS)
    store.insert(late)
    store.count()
    assert store.rows(video) == kept  # what arrived late was dropped
    if whole:
        assert_is(store, video, kept)
        before = snapshot(store.database, video)
        assert rebuild(store.database, store.events, video)
        assert snapshot(store.database, video) == before
    else:
        truth, _, _ = oracle(kept, DURATION_S)
        with store.database.read() as session:
            total = stored.curve(*audience.curves(session, video)[ALL])
        assert np.array_equal(padded(total.counts)[merge.UNIQUE:merge.UNNAMED], truth.counts[merge.UNIQUE:merge.UNNAMED])
        assert total.sums[merge.LEARNERS:] == truth.sums[merge.LEARNERS:]
    assert keeping.forget(store.database, store.events, "a", gone) == 0


def test_old_events_go_and_what_they_were_counted_into_stays(store: Store) -> None:
    video, other = store.videos["v_1"], store.videos["v_2"]
    for each in sessions(random.Random(2), 20, video, 5):
        store.insert(each)
    assert keeping.drop_old(store.database, store.events, 0) == 0  # not counted yet
    store.count()
    before = snapshot(store.database, video)
    assert keeping.drop_old(store.database, store.events, 1) == 0
    store.insert(values(sent([event(0, "load", NOW_MS)], "new"), other, 1, 10_000, NOW_MS))
    assert keeping.drop_old(store.database, store.events, 0) > 0
    assert store.rows(video) == [] and len(store.rows(other)) == 1
    assert not rebuild(store.database, store.events, video)  # it would be of nothing
    assert snapshot(store.database, video) == before


def test_a_deleted_video_takes_its_counters_along(store: Store) -> None:
    video = store.videos["v_1"]
    for each in sessions(random.Random(2), 3, video, 5):
        store.insert(each)
    store.count()
    with store.database.write() as session:
        session.delete(session.get_one(Video, "v_1"))
    assert not any(snapshot(store.database, video).values())
    for each in sessions(random.Random(3), 3, video, 5):
        store.insert(each)
    store.count()
    assert not any(snapshot(store.database, video).values())
