"""Real worker processes that are killed, hang or are asked to end in the middle of a step."""

from __future__ import annotations

import os
import signal

import fake_service
import pytest
from service_probe import Start, alive_sleepers, at_work, done, log, states, wait_for
from sqlalchemy import select

from infra.core.settings import Settings
from infra.db import demands
from infra.db.models import Demand, Step, StepState, Video

TWO = pytest.mark.parametrize("servers", [("sqlite", "folder"), ("postgresql", "redis")], indirect=True, ids="-".join)
ALL = pytest.mark.parametrize("servers", [(database, broker) for database in ("sqlite", "postgresql")
                                          for broker in ("folder", "redis", "rabbitmq")], indirect=True, ids="-".join)


@ALL
def test_a_chain_of_steps_runs_through_two_queues(app: fake_service.App, settings: Settings, start: Start) -> None:
    start("worker", "media", "light")
    fake_service.add(app, "a:0.1", "b:0.1")
    wait_for(lambda: done(app, "sleep a:0.1", "sleep b:0.1", "after a", "after b"))
    assert sorted(log(settings)) == sorted(["begin a:0.1", "end a:0.1", "begin b:0.1", "end b:0.1",
                                            "after a", "after b"])
    assert not list((settings.data / "work").glob("*/*"))


@TWO
def test_a_killed_worker_is_replaced_within_the_lease(app: fake_service.App, settings: Settings,
                                                      start: Start) -> None:
    """The sweeper is on another machine in spirit: it must not know that the process is dead."""
    first = start("worker", "media", "light")
    fake_service.add(app, "a:601")
    wait_for(lambda: log(settings))
    others = [start("worker", "media", "light"), start("sweeper")]
    with app.database.write() as session:  # as if it had been a machine of another name
        session.execute(Step.__table__.update().values(lease_owner="elsewhere.1.1"))  # type: ignore[attr-defined]
    wait_for(lambda: at_work(settings, *others))
    first.kill()
    first.wait()
    took = wait_for(lambda: done(app, "sleep a:601", "after a"))
    assert took < settings.lease_s + 15  # a machine at work elsewhere is slow to notice
    assert log(settings) == ["begin a:601", "begin a:601", "end a:601", "after a"]
    wait_for(lambda: not alive_sleepers("601"))


@TWO
def test_the_death_of_a_process_of_this_machine_is_seen_at_once(app: fake_service.App, settings: Settings,
                                                                start: Start) -> None:
    first = start("worker", "media", "light")
    start("worker", "light")
    start("sweeper")
    fake_service.add(app, "a:602")
    wait_for(lambda: log(settings))
    first.kill()  # not reaped: a zombie is dead, too
    start("worker", "media")
    wait_for(lambda: done(app, "sleep a:602", "after a"))
    wait_for(lambda: not list((settings.data / "work").glob("*/*")))


@TWO
def test_a_worker_that_was_frozen_past_its_lease_changes_nothing(app: fake_service.App, settings: Settings,
                                                                 start: Start) -> None:
    frozen = start("worker", "media")
    fake_service.add(app, "a:603")
    wait_for(lambda: log(settings))
    os.kill(frozen.pid, signal.SIGSTOP)
    start("worker", "media", "light")
    start("sweeper")
    wait_for(lambda: done(app, "sleep a:603", "after a"))
    os.kill(frozen.pid, signal.SIGCONT)
    wait_for(lambda: not alive_sleepers("603"))  # it noticed the loss and killed its child
    assert log(settings).count("end a:603") == 1
    assert done(app, "sleep a:603", "after a")


@TWO
def test_a_deleted_video_stops_its_work(app: fake_service.App, settings: Settings, start: Start) -> None:
    start("worker", "media")
    fake_service.add(app, "a:604")
    wait_for(lambda: alive_sleepers("604"))
    with app.database.write() as session:
        video = session.get_one(Video, "v")
        video.deleted_at = 1.0
    wait_for(lambda: not alive_sleepers("604"))


@TWO
def test_sigterm_lets_short_work_end_and_gives_long_work_back(app: fake_service.App, settings: Settings,
                                                              start: Start) -> None:
    worker = start("worker", "media")
    fake_service.add(app, "short:1", "long:605")
    wait_for(lambda: len(log(settings)) == 2)
    worker.terminate()
    assert worker.wait(30) == 0
    assert states(app)["sleep short:1"] == StepState.DONE
    with app.database.read() as session:
        row = session.scalars(select(Step).where(Step.key == "long:605")).one()
    assert (row.state, row.attempt, row.error_code, row.lease_owner) == (StepState.READY, 0, None, None)
    assert not alive_sleepers("605")


@TWO
def test_a_viewer_is_served_and_the_demand_is_gone(app: fake_service.App, settings: Settings, start: Start) -> None:
    start("worker", "jit")
    fake_service.add(app)
    with app.database.write() as session:
        assert demands.want(session, "v", "o", "h264-720", 3)
    app.engine.ring_cell("v", "h264-720", 3)
    wait_for((settings.data / "h264-720-3").exists)

    def forgotten() -> bool:
        with app.database.read() as session:
            return session.scalar(select(Demand)) is None

    wait_for(forgotten)
