"""What every database must do with the rows of `steps`."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select, text, update

from infra.core.errors import OutOfSpace, Rejected, StepFailed
from infra.db import due, steps
from infra.db.models import Step, StepState, Video
from infra.db.session import Database, now
from infra.db.steps import Lease, NewStep

MAX = 3
FLEETING = StepFailed("tool_failed", "The encoder stopped.", retryable=True)


def add(database: Database, video_id: str, *new: NewStep) -> int:
    with database.write() as session:
        video = session.get(Video, video_id)
        assert video is not None
        return steps.insert(session, video, new)


def claim(database: Database, key: str = "", video_id: str = "v_a", owner: str = "me") -> Lease | None:
    with database.write() as session:
        return steps.claim(session, video_id, "probe", key, owner, 20.0, MAX)


def claimed(database: Database, key: str = "", video_id: str = "v_a", owner: str = "me") -> Lease:
    lease = claim(database, key, video_id, owner)
    assert lease is not None
    return lease


def row(database: Database, key: str = "") -> Step:
    with database.read() as session:
        return session.scalars(select(Step).where(Step.key == key)).one()


def change(database: Database, **values: Any) -> None:
    """Play with time: the database's clock is not ours to turn."""
    with database.write() as session:
        session.execute(update(Step).values(**values))


def due_keys(database: Database, queue: str = "media", limit: int = 64, again_s: float = 30.0) -> list[str]:
    with database.write() as session:
        return [ring.key for ring in due.due(session, queue, limit, again_s)]


def spans(count: int, prefix: str) -> list[NewStep]:
    return [NewStep("probe", "media", f"{prefix}{i}") for i in range(count)]


def test_inserting_again_changes_nothing(database: Database) -> None:
    assert add(database, "v_a", NewStep("probe", "light"), NewStep("poster", "light")) == 2
    claimed(database)
    assert add(database, "v_a", NewStep("probe", "light"), NewStep("other", "light")) == 1
    assert claim(database) is None


def test_a_step_is_claimed_once_by_many(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    leases: list[Lease | None] = []
    threads = [threading.Thread(target=lambda: leases.append(claim(database))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in leases if lease is not None]) == 1
    assert row(database).attempt == 1


def test_a_waiting_step_is_not_claimed_until_it_is_ready(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light", state=StepState.WAITING))
    assert claim(database) is None
    with database.write() as session:
        assert steps.make_ready(session, "v_a", "probe")
        assert not steps.make_ready(session, "v_a", "probe")
        assert steps.touched(session) == {"light"}
    assert claim(database) is not None


def test_a_finished_step_stays_finished(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    lease = claimed(database)
    with database.write() as session:
        assert steps.extend(session, lease, 20.0, 0.5)
        assert steps.unfinished(session, "v_a", "probe") == 1
    assert row(database).progress == 0.5
    with database.write() as session:
        assert steps.finish(session, lease)
        assert not steps.finish(session, lease)
        assert steps.unfinished(session, "v_a", "probe") == 0
    assert (row(database).state, row(database).progress, claim(database)) == (StepState.DONE, 1.0, None)


def test_who_lost_the_lease_can_record_nothing(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    old = claimed(database)
    change(database, lease_until=1.0)
    new = claimed(database, owner="other")
    with database.write() as session:
        assert not steps.finish(session, old)
        assert not steps.extend(session, old, 20.0)
        assert not steps.set_progress(session, old, 0.9)
        assert not steps.release(session, old)
        assert steps.fail(session, old, FLEETING, MAX) is None
        assert steps.finish(session, new)


def test_a_lease_that_ran_out_is_still_good_while_nobody_took_it(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    lease = claimed(database)
    change(database, lease_until=1.0)
    with database.write() as session:
        assert steps.extend(session, lease, 20.0)
    assert claim(database) is None


def test_a_retryable_failure_waits_longer_each_time_and_then_fails(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    pauses = []
    for attempt in range(1, MAX + 1):
        lease = claimed(database)
        assert lease.attempt == attempt
        with database.write() as session:
            state = steps.fail(session, lease, FLEETING, MAX)
        now_s = _now(database)
        if attempt < MAX:
            assert state == StepState.READY
            assert claim(database) is None  # not before its time
            pauses.append(row(database).not_before - now_s)
            assert row(database).error_code == "tool_failed"  # the reason is shown meanwhile
            change(database, not_before=0.0)
    assert 1.3 < pauses[0] < 2.6 < pauses[1] < 5.1
    assert (row(database).state, row(database).retryable) == (StepState.FAILED, True)


def test_a_permanent_failure_fails_at_once(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    lease = claimed(database)
    with database.write() as session:
        error = Rejected("no_video_stream", "There is no picture in this file.")
        assert steps.fail(session, lease, error, MAX) == StepState.FAILED
    assert (row(database).error_code, row(database).retryable) == ("no_video_stream", False)


def test_a_full_disk_costs_no_attempt(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    for _ in range(MAX * 2):
        lease = claimed(database)
        with database.write() as session:
            full = OutOfSpace("disk_full", "The disk is full.")
            assert steps.fail(session, lease, full, MAX, counts=False) == StepState.READY
        assert (row(database).attempt, row(database).error_code) == (0, "disk_full")
        change(database, not_before=0.0)


def test_a_step_that_kills_its_workers_is_given_up(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    for _ in range(MAX):
        claimed(database)
        change(database, lease_until=1.0)
    assert claim(database) is None
    assert (row(database).state, row(database).error_code) == (StepState.FAILED, "worker_lost")
    assert "memory" in (row(database).error_message or "")


def test_expired_leases_are_freed_and_the_last_attempt_fails(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    for attempt in range(1, MAX + 1):
        claimed(database)
        with database.write() as session:
            assert steps.expire(session, MAX) == []
        change(database, lease_until=1.0)
        with database.write() as session:
            freed = steps.expire(session, MAX)
        assert [f.state for f in freed] == [StepState.READY if attempt < MAX else StepState.FAILED]


def test_nothing_was_lost_where_the_video_was_deleted(database: Database) -> None:
    """Its worker noticed and let go: an operator who reads that it was lost would look for a fault."""
    add(database, "v_a", NewStep("probe", "light"))
    claimed(database)
    change(database, lease_until=1.0)
    with database.write() as session:
        session.execute(text("UPDATE videos SET deleted_at = 1 WHERE id = 'v_a'"))
        assert steps.expire(session, MAX) == []
    assert (row(database).state, row(database).lease_owner) == (StepState.READY, None)  # nobody writes: it can be purged


def test_what_a_dead_process_held_is_free_at_once(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light", "x"), NewStep("probe", "light", "y"))
    claimed(database, "x", owner="dead")
    claimed(database, "y", owner="alive")
    with database.write() as session:
        assert steps.owners(session) == {"dead", "alive"}
        assert [f.key for f in steps.release_owner(session, "dead", MAX)] == ["x"]
        assert steps.touched(session) == {"light"}
    again = claimed(database, "x")
    assert again.attempt == 2
    assert claim(database, "y") is None


def test_a_step_that_is_given_back_has_lost_no_attempt(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    with database.write() as session:
        lease = steps.claim(session, "v_a", "probe", "", "me", 20.0, MAX)
        assert lease is not None
        assert steps.release(session, lease)
    assert claimed(database).attempt == 1


def test_what_is_done_can_be_done_once_more_and_nothing_else(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"))
    with database.write() as session:
        assert not steps.redo(session, "v_a", "probe", "")
    lease = claimed(database)
    with database.write() as session:
        assert not steps.redo(session, "v_a", "probe", "")
        assert steps.finish(session, lease)
    with database.write() as session:
        assert not steps.redo(session, "v_b", "probe", "")
        assert steps.redo(session, "v_a", "probe", "")
        assert steps.touched(session) == {"light"}
    assert (row(database).state, row(database).progress) == (StepState.READY, 0.0)
    assert claimed(database).attempt == 1


def test_a_person_can_retry(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"), NewStep("poster", "light"))
    lease = claimed(database)
    with database.write() as session:
        steps.fail(session, lease, Rejected("bad", "Bad."), MAX)
    with database.write() as session:
        assert steps.retry(session, "v_a", "poster") == 0
        assert steps.retry(session, "v_b") == 0
        assert steps.retry(session, "v_a") == 1
        assert steps.touched(session) == {"light"}
    assert claimed(database).attempt == 1
    with database.read() as session:
        assert session.scalar(select(Step.error_code).where(Step.step == "probe")) is None


@pytest.mark.parametrize("verb", ["claim", "extend", "due"])
def test_a_deleted_video_is_left_alone(database: Database, verb: str) -> None:
    add(database, "v_a", NewStep("probe", "media"))
    lease = claimed(database) if verb == "extend" else None
    with database.write() as session:
        session.execute(text("UPDATE videos SET deleted_at = 1 WHERE id = 'v_a'"))
    with database.write() as session:
        if lease is not None:
            assert not steps.extend(session, lease, 20.0)
        elif verb == "claim":
            assert steps.claim(session, "v_a", "probe", "", "me", 20.0, MAX) is None
        else:
            assert due.due(session, "media", 64) == []


def test_organizations_take_turns(database: Database) -> None:
    add(database, "v_a", *spans(50, "a"))
    assert due_keys(database) == ["a0", "a1", "a2", "a3"]
    add(database, "v_b", *spans(2, "b"))
    for key in ("a0", "a1"):
        claimed(database, key)
    assert due_keys(database) == ["b0", "b1"]  # two of a run, two more are rung: b first


def test_turns_are_dealt_evenly_from_the_start(database: Database) -> None:
    add(database, "v_a", *spans(5, "a"))
    add(database, "v_b", *spans(5, "b"))
    assert due_keys(database) == ["a0", "b0", "a1", "b1"]


def test_rings_run_ahead_of_the_workers_by_as_many_as_run(database: Database) -> None:
    add(database, "v_a", *spans(50, "a"))
    offered = due_keys(database)
    for _ in range(3):  # each time, the workers take everything
        for key in offered:
            claimed(database, key)
        offered = due_keys(database)
    assert len(offered) == 16
    assert due_keys(database) == []


def test_no_more_than_the_limit_is_in_flight(database: Database) -> None:
    add(database, "v_a", *spans(50, "a"))
    taken = 0
    for _ in range(6):
        for key in due_keys(database, limit=10):
            claimed(database, key)
            taken += 1
    assert taken == 10


def test_a_ring_that_nobody_heard_is_repeated(database: Database) -> None:
    add(database, "v_a", *spans(1, "a"))
    assert due_keys(database) == ["a0"]
    assert due_keys(database) == []
    assert due_keys(database, again_s=0.0) == ["a0"]
    with database.write() as session:
        due.unring_queue(session, "media")
    assert due_keys(database) == ["a0"]
    with database.write() as session:
        due.unring(session, list(session.scalars(select(Step.id))))
    assert due_keys(database) == ["a0"]


def test_other_queues_and_steps_that_wait_are_not_rung(database: Database) -> None:
    add(database, "v_a", NewStep("probe", "light"), NewStep("other", "media", state=StepState.WAITING))
    assert due_keys(database) == []
    assert due_keys(database, "light") == [""]


def _now(database: Database) -> float:
    with database.read() as session:
        return session.scalar(select(now())) or 0.0
