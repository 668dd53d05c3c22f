"""What every database must do with the rows of `demands`."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import func, select, update

from infra.core.errors import StepFailed
from infra.db import demands
from infra.db.demands import DemandLease
from infra.db.models import Demand
from infra.db.session import Database, now

BROKEN = StepFailed("tool_failed", "The encoder stopped.")


def want(database: Database, k: int = 7) -> bool:
    with database.write() as session:
        return demands.want(session, "v_a", "a", "h264-720", k)


def claim(database: Database, k: int = 7, owner: str = "me") -> DemandLease | None:
    with database.write() as session:
        return demands.claim(session, "v_a", "h264-720", k, owner, 20.0)


def look(database: Database, k: int = 7) -> Demand | None:
    with database.read() as session:
        return demands.look(session, "v_a", "h264-720", k)


def change(database: Database, **values: Any) -> None:
    with database.write() as session:
        session.execute(update(Demand).values(**values))


def sweep(database: Database) -> list[int]:
    with database.write() as session:
        return [ring.k for ring in demands.sweep(session)]


def ago(seconds: float) -> Any:
    return now() - seconds


def test_many_viewers_ring_once(database: Database) -> None:
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(want(database))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]


def test_a_demand_is_claimed_once_and_gone_when_the_cell_is_there(database: Database) -> None:
    want(database)
    lease = claim(database)
    assert lease is not None
    assert claim(database) is None
    assert not want(database)
    with database.write() as session:
        assert demands.extend(session, lease, 20.0)
        assert demands.done(session, lease)
    assert look(database) is None
    assert claim(database) is None


def test_it_is_rung_again_when_nobody_came_or_the_worker_is_silent(database: Database) -> None:
    want(database)
    change(database, rung_at=ago(5))
    assert want(database)
    assert not want(database)
    old = claim(database)
    assert old is not None
    change(database, lease_until=ago(1))
    assert want(database)
    new = claim(database, owner="other")
    assert new is not None
    with database.write() as session:
        assert not demands.done(session, old)
        assert not demands.failed(session, old, BROKEN)
        assert not demands.extend(session, old, 20.0)
        assert not demands.release(session, old)
        assert demands.done(session, new)


def test_a_failure_answers_all_who_wait_and_is_then_forgotten(database: Database) -> None:
    want(database)
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        assert demands.failed(session, lease, BROKEN)
    seen = look(database)
    assert seen is not None
    assert (seen.error_code, seen.failed_at is not None) == ("tool_failed", True)
    assert not want(database)
    assert claim(database) is None
    assert sweep(database) == []
    change(database, failed_at=ago(11))
    assert want(database)  # asked for again
    assert claim(database) is not None
    change(database, failed_at=ago(11), lease_until=None)
    sweep(database)
    assert look(database) is None


def test_a_cell_that_kills_its_workers_is_given_up(database: Database) -> None:
    want(database)
    for _ in range(demands.MAX_ATTEMPTS):
        assert claim(database) is not None
        change(database, lease_until=ago(1))
    assert claim(database) is None
    seen = look(database)
    assert seen is not None
    assert seen.error_code == "worker_lost"


def test_what_a_dead_or_ending_process_held_is_rung_for_by_the_sweeper(database: Database) -> None:
    want(database)
    claim(database, owner="dead")
    assert sweep(database) == []
    with database.write() as session:
        assert demands.owners(session) == {"dead"}
        demands.release_owner(session, "dead")
    assert sweep(database) == [7]
    assert sweep(database) == []
    lease = claim(database)
    assert lease is not None
    with database.write() as session:
        assert demands.release(session, lease)
    assert sweep(database) == [7]


def test_viewers_who_left_are_forgotten(database: Database) -> None:
    want(database, 1)
    want(database, 2)
    assert claim(database, 2) is not None
    change(database, wanted_at=ago(300), rung_at=ago(300))
    sweep(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Demand)) == 1  # the one that is being rendered
    assert look(database, 2) is not None
