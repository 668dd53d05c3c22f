"""The engine, in this process: what the rows say after a step ended well, badly, or too late."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from granted import granted_s
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infra.core.command import Command
from infra.core.errors import OutOfSpace, Rejected, StepFailed, Unavailable
from infra.core.settings import Settings
from infra.core.steps import Outcome, Runner, StepContext, Tools
from infra.db import demands, steps
from infra.db.migrate import upgrade
from infra.db.models import Demand, Organization, Step, StepState, Video
from infra.db.session import Database
from infra.runtime.engine import Engine
from infra.runtime.steps import Itinerary, StepSpec, Then


class Bell:
    """Keeps what was rung; out of order when told so."""

    def __init__(self) -> None:
        self.rings: list[tuple[str, ...]] = []
        self.broken = False

    def ring(self, queue: str, task: str, *args: str) -> None:
        if self.broken:
            raise Unavailable("queue_gone", "The queue is gone.")
        self.rings.append((queue, task, *args))


class World:
    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder}/lectern.db")
        upgrade(self.database)
        self.bell = Bell()
        self.run: Callable[[StepContext], Outcome] = lambda context: None
        self.demand: Callable[[StepContext, str, int], None] = lambda context, rendition, k: None
        self.then: Then | None = None
        self.runner: Runner = None  # type: ignore[assignment]  # most steps here start nothing
        self.settings = Settings(data=folder, lease_s=1.0, max_attempts=3)
        self.engine = self.new_engine()
        with self.database.write() as session:
            session.add(Organization(id="o", name="o", created_at=0.0))
            session.flush()
            session.add(Video(id="v", organization_id="o", playback_id="p", title="t", created_at=0.0, updated_at=0.0))

    def new_engine(self) -> Engine:
        def then(session: Session, video: Video, key: str, outcome: Outcome) -> None:
            if self.then is not None:
                self.then(session, video, key, outcome)

        itinerary = Itinerary({"work": StepSpec("work", "media", lambda context: self.run(context), then)},
                              lambda context, rendition, k: self.demand(context, rendition, k))
        return Engine(self.settings, self.database, None,  # type: ignore[arg-type]  # no step here stores anything
                      Tools(Path("a"), Path("b"), "x"),
                      lambda command, **options: self.runner(command, **options), self.bell, itinerary)

    def add(self, *keys: str) -> None:
        with self.engine.write() as session:
            steps.insert(session, session.get_one(Video, "v"), [steps.NewStep("work", "media", key) for key in keys])

    def row(self, key: str = "") -> Step:
        with self.database.read() as session:
            return session.scalars(select(Step).where(Step.key == key)).one()

    def want(self) -> None:
        with self.database.write() as session:
            assert demands.want(session, "v", "o", "h264-720", 3)

    def demanded(self) -> Demand | None:
        with self.database.read() as session:
            return demands.look(session, "v", "h264-720", 3)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.dispose()


def fails(error: Exception) -> Callable[..., None]:
    def run(*args: object) -> None:
        raise error

    return run


def test_new_work_is_rung_for_after_the_commit(world: World) -> None:
    world.add("a")
    assert world.bell.rings == [("media", "run_step", "v", "work", "a")]


def test_a_step_gets_its_world_and_leaves_nothing(world: World) -> None:
    seen: list[StepContext] = []

    def run(context: StepContext) -> Outcome:
        seen.append(context)
        assert not list(context.work.iterdir())
        (context.work / "scratch").write_text("x")
        context.check()
        return {"cells": 3}

    world.run = run
    outcomes: list[Outcome] = []
    world.then = lambda session, video, key, outcome: outcomes.append(outcome)
    world.add("a")
    world.engine.run_step("v", "work", "a")
    assert (world.row("a").state, world.row("a").progress, outcomes) == (StepState.DONE, 1.0, [{"cells": 3}])
    assert (seen[0].video.title, seen[0].work.is_absolute(), seen[0].work.exists()) == ("t", True, False)


def test_doubled_lost_and_unknown_messages_do_nothing(world: World) -> None:
    calls: list[str] = []
    world.run = lambda context: calls.append(context.key)
    world.add("a")
    for message in [("v", "work", "a")] * 3 + [("v", "work", "none"), ("none", "work", "a"), ("v", "unknown", "a")]:
        world.engine.run_step(*message)
    assert calls == ["a"]


def test_what_follows_is_inserted_with_the_end_and_rung_for(world: World) -> None:
    def then(session: Session, video: Video, key: str, outcome: Outcome) -> None:
        if key == "a":
            steps.insert(session, video, [steps.NewStep("work", "media", "b")])

    world.then = then
    world.add("a")
    world.engine.run_step("v", "work", "a")
    assert world.bell.rings[-1] == ("media", "run_step", "v", "work", "b")


def test_an_end_that_can_not_be_recorded_is_no_end(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def then(session: Session, video: Video, key: str, outcome: Outcome) -> None:
        steps.insert(session, video, [steps.NewStep("work", "media", "b")])
        raise KeyError("a mistake in the itinerary")

    world.then = then
    world.add("a")
    world.engine.run_step("v", "work", "a")
    assert (world.row("a").state, world.row("a").error_code) == (StepState.READY, "internal_error")
    with world.database.read() as session:
        assert len(session.scalars(select(Step)).all()) == 1
    caplog.clear()


@pytest.mark.parametrize(("error", "state", "code", "attempt"), [
    (Rejected("no_video_stream", "There is no picture."), StepState.FAILED, "no_video_stream", 1),
    (StepFailed("tool_failed", "It stopped.", retryable=True), StepState.READY, "tool_failed", 1),
    (StepFailed("tool_failed", "It stopped."), StepState.FAILED, "tool_failed", 1),
    (OutOfSpace("disk_full", "The disk is full."), StepState.READY, "disk_full", 0),
    (OSError(errno.ENOSPC, "No space left on device"), StepState.READY, "disk_full", 0),
])
def test_a_failure_says_what_a_person_understands(world: World, error: Exception, state: str, code: str,
                                                  attempt: int) -> None:
    world.run = fails(error)
    world.add("a")
    world.engine.run_step("v", "work", "a")
    row = world.row("a")
    assert (row.state, row.error_code, row.attempt) == (state, code, attempt)
    assert "Errno" not in (row.error_message or "Errno")


def test_a_bug_is_logged_in_full_and_told_plainly(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.run = fails(ZeroDivisionError("secret detail"))
    world.add("a")
    world.engine.run_step("v", "work", "a")
    row = world.row("a")
    assert (row.state, row.error_code, row.retryable) == (StepState.READY, "internal_error", True)
    assert "secret" not in (row.error_message or "")
    assert "secret detail" in caplog.text
    caplog.clear()


def test_long_work_keeps_its_lease_and_shows_progress(world: World) -> None:
    shown: list[float] = []

    def run(context: StepContext) -> Outcome:
        context.progress(0.25)
        time.sleep(2.5)  # the lease is one second
        shown.append(world.row("a").progress)
        with world.database.write() as session:
            assert steps.expire(session, 3) == []
        return None

    world.run = run
    world.add("a")
    world.engine.run_step("v", "work", "a")
    assert (world.row("a").state, shown) == (StepState.DONE, [0.25])


def test_who_lost_the_lease_is_told_and_records_nothing(world: World) -> None:
    def runner(command: Command, *, on_stdout: object = None, cancelled: Callable[[], bool]) -> None:
        with world.database.write() as session:
            session.execute(update(Step).values(lease_token="another's"))
        deadline = granted_s() + 10
        while not cancelled():
            assert granted_s() < deadline
            time.sleep(0.02)
        raise StepFailed("cancelled", "Stopped.")

    world.runner = runner  # type: ignore[assignment]
    world.run = lambda context: context.run(Command(("x",)))  # type: ignore[assignment,return-value]
    world.add("a")
    world.engine.run_step("v", "work", "a")
    assert (world.row("a").state, world.row("a").error_code) == (StepState.RUNNING, None)


def test_an_engine_that_ends_claims_nothing_and_gives_back(world: World) -> None:
    def run(context: StepContext) -> Outcome:
        world.engine.kill()
        context.check()
        return None

    world.run = run
    world.add("a", "b")
    world.engine.run_step("v", "work", "a")
    world.engine.run_step("v", "work", "b")
    assert [(world.row(key).state, world.row(key).attempt) for key in "ab"] == [(StepState.READY, 0)] * 2


def test_rings_that_the_broker_refused_are_due_again(world: World) -> None:
    world.bell.broken = True
    world.add("a", "b")
    assert [world.row(key).rung_at for key in "ab"] == [None, None]
    world.bell.broken = False
    for _ in range(2):
        world.engine.sweep()
        assert len(world.bell.rings) == 2


def test_an_end_waits_for_a_database_that_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.runtime.engine.DATABASE_PAUSE_S", 0.01)
    away = [3]

    def then(session: Session, video: Video, key: str, outcome: Outcome) -> None:
        away[0] -= 1
        if away[0]:
            raise Unavailable("database_gone", "Away.")

    world.then = then
    world.add("a")
    world.engine.run_step("v", "work", "a")
    assert (world.row("a").state, world.row("a").attempt, away[0]) == (StepState.DONE, 1, 0)


def test_the_sweep_goes_on_after_a_part_failed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    called: list[int] = []
    world.engine.on_sweep += [fails(ValueError("a mistake")), lambda: called.append(1)]
    world.engine.sweep()
    assert called == [1]
    caplog.clear()


def test_the_sweep_clears_folders_of_dead_processes_only(world: World) -> None:
    dead = world.engine.owner.rsplit(".", 1)[0] + ".1"  # our id, but started at another time
    for name in (dead, world.engine.owner, "elsewhere-00000000.1.1"):
        (world.engine.work_folder / name / "token").mkdir(parents=True)
    world.engine.sweep()
    assert sorted(path.name for path in world.engine.work_folder.iterdir()) == sorted(
        [world.engine.owner, "elsewhere-00000000.1.1"])


def test_a_demanded_cell_is_rendered_once_and_forgotten(world: World) -> None:
    cells: list[tuple[str, int]] = []
    world.demand = lambda context, rendition, k: cells.append((rendition, k))
    world.want()
    for _ in range(2):
        world.engine.run_cell("v", "h264-720", "3")
    assert cells == [("h264-720", 3)]
    assert world.demanded() is None


def test_a_demand_that_fails_keeps_the_reason(world: World) -> None:
    world.demand = fails(StepFailed("tool_failed", "The encoder stopped."))
    world.want()
    world.engine.run_cell("v", "h264-720", "3")
    demanded = world.demanded()
    assert demanded is not None
    assert (demanded.error_code, demanded.error_message) == ("tool_failed", "The encoder stopped.")


def test_a_demand_in_the_hands_of_an_ending_worker_is_rung_for_again(world: World) -> None:
    def demand(context: StepContext, rendition: str, k: int) -> None:
        world.engine.kill()
        context.check()

    world.demand = demand
    world.want()
    world.engine.run_cell("v", "h264-720", "3")
    world.engine.sweep()
    assert world.bell.rings[-1][:2] == ("jit", "run_cell")
