"""Sweepers and workers of several machines at the same rows: each row is rung once, and nobody waits for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from infra.db import demands, due, steps
from infra.db.models import Demand, Step, Video
from infra.db.session import Database
from infra.db.steps import NewStep

AT_ONCE_S = 2.0  # nobody who waits for a transaction of this test would be back so soon


@pytest.fixture
def spans(database: Database) -> Database:
    """Sixty spans to do, and sixty viewers who wait for cells that nobody was rung for."""
    with database.write() as session:
        steps.insert(session, session.get_one(Video, "v_a"), [NewStep("fill", "media", str(k)) for k in range(60)])
        session.add_all(Demand(video_id="v_a", organization_id="a", rendition="r", k=k, rung_at=0.0, attempt=0,
                               wanted_at=4e9) for k in range(60))
    return database


def test_each_row_is_rung_for_once(spans: Database) -> None:
    start = threading.Barrier(4)

    def sweep() -> tuple[list[str], list[int]]:
        start.wait()
        rung: list[str] = []
        cells: list[int] = []
        for _ in range(12):
            with spans.write(durable=False) as session:
                found = due.due(session, "media", 1000)
                rung += [ring.key for ring in found]
            for ring in found:
                with spans.write(durable=False) as session:
                    assert steps.claim(session, "v_a", "fill", ring.key, "me", 100.0, 5)
            with spans.write(durable=False) as session:
                cells += [ring.k for ring in demands.sweep(session)]
                steps.expire(session, 5)
        return rung, cells

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(sweep) for _ in range(4)]]
    assert sorted(int(key) for rung, _ in answers for key in rung) == list(range(60))
    assert sorted(k for _, cells in answers for k in cells) == list(range(60))


@pytest.fixture
def at_once(spans: Database) -> Callable[[Callable[[], object]], object]:
    """Call it while this test's transaction is open; fails when that made it wait."""
    if spans.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")

    def call(what: Callable[[], object]) -> object:
        answers: list[object] = []
        thread = threading.Thread(target=lambda: answers.append(what()), daemon=True)
        thread.start()
        thread.join(AT_ONCE_S)
        assert answers, "it waits for the other transaction"
        return answers[0]

    return call


def test_a_sweeper_passes_over_what_another_rings_for(
        spans: Database, at_once: Callable[[Callable[[], object]], object]) -> None:
    def sweep() -> list[str]:
        with spans.write() as session:
            return [ring.key for ring in due.due(session, "media", 1000)]

    with spans.write() as session:
        assert len(due.due(session, "media", 1000)) == due.AHEAD
        assert at_once(sweep) == []
    assert sweep() == []


def test_a_sweeper_passes_over_a_lease_that_is_being_extended(
        spans: Database, at_once: Callable[[Callable[[], object]], object]) -> None:
    with spans.write() as session:
        leases = [steps.claim(session, "v_a", "fill", key, "me", 100.0, 5) for key in ("1", "2")]
        session.execute(update(Step).where(Step.lease_until.is_not(None)).values(lease_until=time.time() - 9))

    def expire() -> list[str]:
        with spans.write() as session:
            return [freed.key for freed in steps.expire(session, 5)]

    assert leases[0] is not None
    with spans.write() as session:
        assert steps.extend(session, leases[0], 100.0)
        assert at_once(expire) == ["2"]
    with spans.read() as session:
        assert session.scalars(select(Step.key).where(Step.state == "running")).all() == ["1"]


def test_a_sweeper_passes_over_a_demand_that_is_being_claimed(
        spans: Database, at_once: Callable[[Callable[[], object]], object]) -> None:
    def sweep() -> list[int]:
        with spans.write() as session:
            return sorted(ring.k for ring in demands.sweep(session))

    with spans.write() as session:
        assert demands.claim(session, "v_a", "r", 0, "me", 100.0)
        assert at_once(sweep) == list(range(1, 60))
