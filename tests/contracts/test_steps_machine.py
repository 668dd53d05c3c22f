"""The rows of `steps` under any order of events: workers that die, hang and come back, and doubled messages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from infra.core.errors import StepFailed
from infra.db import due, steps
from infra.db.migrate import upgrade
from infra.db.models import Base, Organization, Step, StepState, Video
from infra.db.session import Database
from infra.db.steps import Lease, NewStep

MAX = 3
KEYS = st.sampled_from(["x", "y", "z"])
OWNERS = st.sampled_from(["one", "two"])


class Steps(RuleBasedStateMachine):
    """The model: who holds each key's lease by right, who holds one that is worth nothing, and what is done."""

    def __init__(self, url: str = "") -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(url or f"sqlite:///{self.folder.name}/lectern.db")
        upgrade(self.database)
        with self.database.write() as session:  # a server's database serves all examples
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
        self.holder: dict[str, tuple[Lease, str]] = {}
        self.old: list[Lease] = []
        self.done: set[str] = set()

    @initialize()
    def insert(self) -> None:
        with self.database.write() as session:
            session.add(Organization(id="o", name="o", created_at=0.0))
            session.flush()
            session.add(Video(id="v", organization_id="o", playback_id="p", title="t", created_at=0.0, updated_at=0.0))
            session.flush()
            video = session.get_one(Video, "v")
            steps.insert(session, video, [NewStep("work", "media", key) for key in "xyz"])

    def rows(self) -> dict[str, Step]:
        with self.database.read() as session:
            return {row.key: row for row in session.scalars(select(Step))}

    @rule(key=KEYS, owner=OWNERS)
    def message_arrives(self, key: str, owner: str) -> None:
        with self.database.write() as session:
            lease = steps.claim(session, "v", "work", key, owner, 1000.0, MAX)
        if lease is not None:
            assert key not in self.holder, "two workers on one step"
            assert key not in self.done, "done twice"
            self.holder[key] = (lease, owner)

    @rule(key=KEYS)
    def holder_ends_well(self, key: str) -> None:
        if key in self.holder:
            lease, _ = self.holder.pop(key)
            with self.database.write() as session:
                assert steps.finish(session, lease), "the holder's result was lost"
            self.done.add(key)

    @rule(key=KEYS, retryable=st.booleans(), counts=st.booleans())
    def holder_fails(self, key: str, retryable: bool, counts: bool) -> None:
        if key in self.holder:
            lease, _ = self.holder.pop(key)
            error = StepFailed("broken", "It broke.", retryable=retryable)
            with self.database.write() as session:
                assert steps.fail(session, lease, error, MAX, counts=counts) is not None

    @rule(key=KEYS)
    def holder_is_asked_to_end(self, key: str) -> None:
        if key in self.holder:
            lease, _ = self.holder.pop(key)
            with self.database.write() as session:
                assert steps.release(session, lease)

    @rule(key=KEYS)
    def holder_beats(self, key: str) -> None:
        if key in self.holder:
            with self.database.write() as session:
                assert steps.extend(session, self.holder[key][0], 1000.0, 0.3)

    @rule(key=KEYS, found=st.booleans())
    def holder_is_silent_for_too_long(self, key: str, found: bool) -> None:
        if key in self.holder:
            self.old.append(self.holder.pop(key)[0])
            with self.database.write() as session:
                session.execute(update(Step).where(Step.key == key).values(lease_until=1.0))
                if found:
                    steps.expire(session, MAX)

    @rule(owner=OWNERS)
    def process_dies_and_is_noticed(self, owner: str) -> None:
        with self.database.write() as session:
            freed = {f.key for f in steps.release_owner(session, owner, MAX)}
        held = {key for key, (_, by) in self.holder.items() if by == owner}
        assert held <= freed
        self.old += [self.holder.pop(key)[0] for key in held]

    @rule(which=st.integers(0, 50), how=st.integers(0, 3))
    def zombie_comes_back(self, which: int, how: int) -> None:
        """Its lease ran out. Until somebody takes the step it may go on; afterwards it changes nothing."""
        if not self.old:
            return
        lease = self.old[which % len(self.old)]
        before = self.rows()[lease.key]
        with self.database.write() as session:
            if how == 0:
                worked = steps.finish(session, lease)
            elif how == 1:
                worked = steps.extend(session, lease, 1000.0)
            elif how == 2:
                worked = steps.release(session, lease)
            else:
                worked = steps.fail(session, lease, StepFailed("late", "Late."), MAX) is not None
        assert worked == (before.lease_token == lease.token)
        if worked:
            assert lease.key not in self.holder
            self.old.remove(lease)
            if how == 0:
                self.done.add(lease.key)
            elif how == 1:
                self.holder[lease.key] = (lease, before.lease_owner or "")

    @rule()
    def person_retries(self) -> None:
        with self.database.write() as session:
            steps.retry(session, "v")

    @rule()
    def time_passes(self) -> None:
        with self.database.write() as session:
            session.execute(update(Step).values(not_before=0.0))

    @rule(ring_again_s=st.sampled_from([0.0, 30.0]))
    def sweeper_rings(self, ring_again_s: float) -> None:
        with self.database.write() as session:
            rung = due.due(session, "media", 2, ring_again_s)
        rows = self.rows()
        assert all(rows[ring.key].state == StepState.READY for ring in rung)

    @rule()
    def inserted_again(self) -> None:
        with self.database.write() as session:
            assert steps.insert(session, session.get_one(Video, "v"), [NewStep("work", "media", "x")]) == 0

    @invariant()
    def rows_are_sound(self) -> None:
        for key, row in self.rows().items():
            assert 0 <= row.attempt <= MAX
            assert (row.state == StepState.DONE) == (key in self.done)
            assert (row.lease_token is not None) == (row.state == StepState.RUNNING) == (row.lease_until is not None)
            if key in self.holder:
                assert row.lease_token == self.holder[key][0].token
            if row.state == StepState.FAILED:
                assert row.error_code
                assert row.error_message

    def teardown(self) -> None:
        """From wherever it stands, good workers bring every step to its end, by rings alone."""
        for _ in range(4 * MAX):
            with self.database.write() as session:
                session.execute(update(Step).where(Step.state == StepState.RUNNING).values(lease_until=1.0))
                session.execute(update(Step).values(not_before=0.0))
                steps.expire(session, MAX)
                rung = due.due(session, "media", 2, 0.0)
                for ring in rung:
                    lease = steps.claim(session, "v", ring.step, ring.key, "good", 1000.0, MAX)
                    assert lease is not None
                    assert steps.finish(session, lease)
        assert {row.state for row in self.rows().values()} <= {StepState.DONE, StepState.FAILED}
        self.database.dispose()
        self.folder.cleanup()


TestSteps = Steps.TestCase
TestSteps.settings = OVER = settings(max_examples=25, stateful_step_count=30, deadline=None,
                                     suppress_health_check=[HealthCheck.too_slow])


def test_steps_over_postgresql(database_of: Callable[..., str]) -> None:
    url = database_of("postgresql")
    run_state_machine_as_test(lambda: Steps(url), settings=settings(OVER, max_examples=8))
