"""What was watched before an attempt is what counting second by second says."""

from __future__ import annotations

import random

import pytest

from player_api.analytics.kinds import OUTSIDE, WATCH
from player_api.analytics.watched_before import PAUSE, Attempt, Told, learners, watching

LENGTH_S = 60


def told(chance: random.Random, learner: int) -> list[Told]:
    """Sessions one after the other, each in the order of its numbers."""
    found = []
    for session in range(chance.randrange(4)):
        t_ms = chance.randrange(100_000)
        for _ in range(chance.randrange(1, 8)):
            start = chance.randrange(LENGTH_S * 1000 - 1)
            t_ms += chance.randrange(10_000)
            end = chance.randrange(start + 1, LENGTH_S * 1000 + 500)
            found.append(Told(learner * 10 + session, learner, WATCH, t_ms, start, end,
                              chance.choice([500, 1000, 2000]), chance.choice([0, 0, 0, OUTSIDE])))
            if chance.random() < 0.4:
                found.append(Told(learner * 10 + session, learner, PAUSE, t_ms, None, None, None, 0))
    return found


def test_any_learner_as_by_hand() -> None:
    chance = random.Random(5)
    some = 0
    for learner in range(300):
        rows = told(chance, learner)
        attempts = [Attempt(chance.randrange(150_000), *sorted(chance.sample(range(LENGTH_S + 1), 2))) for _ in range(4)]
        attempts.append(Attempt(attempts[0].at_ms, attempts[0].start, attempts[0].end))
        its = learners(rows).get(learner)
        found = watching(its.moments if its else [], attempts, LENGTH_S)
        for attempt, one in zip(attempts, found, strict=True):
            plays, pauses, wall_s, at = [0] * LENGTH_S, 0, 0.0, {}
            for row in rows:
                if row.kind == WATCH and not row.marks & OUTSIDE:
                    assert row.a_ms is not None and row.b_ms is not None and row.rate
                    at[row.session] = row.b_ms
                    for second in range(attempt.start, attempt.end):
                        if row.t_ms <= attempt.at_ms and row.a_ms <= second * 1000 + 500 < row.b_ms:
                            plays[second] += 1
                            wall_s += 1000 / row.rate
                elif row.kind == PAUSE and row.t_ms <= attempt.at_ms and row.session in at:
                    pauses += attempt.start <= (at[row.session] - 1) // 1000 < attempt.end
            part = plays[attempt.start:attempt.end]
            if not sum(part):
                assert one is None
                continue
            some += 1
            assert one == pytest.approx((sum(each > 0 for each in part) / len(part),
                                         sum(each > 1 for each in part) / len(part),
                                         pauses * 60 / sum(part), sum(part) / wall_s))
        assert found[-1] == found[0]
    assert some > 300


def test_what_is_kept_of_a_learner_is_what_was_counted() -> None:
    rows = [Told(1, 7, WATCH, 5, 0, 10_000, 1000, 0), Told(1, 7, WATCH, 6, 0, 9000, 1000, OUTSIDE),
            Told(2, 7, PAUSE, 7, None, None, None, 0), Told(2, 8, PAUSE, 7, 500, None, None, 0)]
    found = learners(rows)
    assert found[7].content_ms == 10_000 and len(found[7].moments) == 1  # a pause of nothing is nowhere
    assert found[8].content_ms == 0 and len(found[8].moments) == 1
