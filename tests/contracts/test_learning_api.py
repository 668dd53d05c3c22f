"""Results of assessments, and what goes with them, through the real application in both databases."""

from __future__ import annotations

import csv
import io
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from analytics_app import NOW_MS, VIDEO, Site, both
from audiences import add_video, event, watch

from infra.db import audience, inbox
from infra.db.audience_models import Audience
from player_api.analytics.kinds import NUMBERS
from player_api.analytics.tokens import external_key
from player_api.keys import Scope

RESULTS = "/api/v1/assessments/results"
HOUR_MS = 3_600_000


def result(learner: str, item: str, score: float, at_ms: int = NOW_MS, **more: Any) -> dict[str, Any]:
    return {"learner": learner, "item": item, "score": score, "attempt": 1, **more,
            "at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()}


def tell(site: Site, *told: Any) -> dict[str, Any]:
    answer = site.analyst.post(RESULTS, json={"results": told})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@both
def test_results_are_known_by_learner_item_and_attempt(site: Site) -> None:
    one = result("ann", "q1", 0.5, video_id=VIDEO, start_s=2, end_s=8.5)
    assert tell(site, one, one, result("ben", "q1", 1)) == {"accepted": 2, "updated": 0, "duplicate": 1, "rejected": []}
    assert tell(site, one, result("ann", "q1", 0.25, attempt=2)) == {
        "accepted": 1, "updated": 0, "duplicate": 1, "rejected": []}
    assert tell(site, one | {"score": 0.75})["updated"] == 1
    kept = site.analyst.get("/api/v1/learners/ann/data").json()
    assert [(one["item"], one["attempt"], one["score"], one["end_s"]) for one in kept["results"]] == [
        ("q1", 1, 0.75, 8.5), ("q1", 2, 0.25, None)]
    assert '"ann"' not in site.analyst.get("/api/v1/learners/ann/data").text
    assert site.admin.delete("/api/v1/learners/ann").status_code == 204
    assert site.analyst.get("/api/v1/learners/ann/data").status_code == 404
    assert site.analyst.get("/api/v1/learners/ben/data").json()["results"]
    assert [each["reason"] for each in tell(site, one)["rejected"]] == ["learner: deleted after this was answered."]
    later = result("ann", "q1", 1.0, time.time_ns() // 1_000_000 + 1000)
    assert tell(site, later)["accepted"] == 1


def test_what_makes_no_sense_is_refused_alone(site: Site) -> None:
    with site.app.database.write() as session:
        add_video(session, "theirs", "v_other", 20)
    good = result("ann", "q1", 0.5)
    bad = [7, None, {}, good | {"score": 1.1}, good | {"score": "1"}, good | {"attempt": 0}, good | {"learner": ""},
           good | {"learner": "a/b"}, good | {"item": "q\x00"}, good | {"at": "2026-03-02T10:15:00"}, good | {"at": "soon"},
           result("ann", "q2", 1.0, NOW_MS + HOUR_MS), good | {"video_id": "v_none"}, good | {"video_id": "v_other"},
           good | {"video_id": VIDEO, "start_s": 3}, good | {"video_id": VIDEO, "start_s": 3, "end_s": 3},
           good | {"start_s": 3, "end_s": 4}, good | {"video_id": VIDEO, "start_s": 0, "end_s": 1e300}, good | {"more": 1}]
    told = tell(site, *bad, good)
    assert told["accepted"] == 1
    assert [each["index"] for each in told["rejected"]] == list(range(len(bad)))
    assert all(each["reason"] for each in told["rejected"])
    post = lambda body: site.analyst.post(RESULTS, json=body).status_code  # noqa: E731
    assert [post({"results": [good] * 1001}), post({"results": 7}), post([]), post({})] == [422] * 4
    assert [client.post(RESULTS, json={"results": []}).status_code for client in (
        site.player, site.client("ours", Scope.CREATOR), site.admin)] == [403, 403, 200]


def school(site: Site, learners: int, chance: random.Random) -> None:
    """Learners who see a part of the lecture (and some of them half of it again), then answer two questions on it. Who sees
    it again answers better. All have five results elsewhere, which say how able they are."""
    with site.app.database.write() as session:
        number = audience.find_or_add(session, site.video, 20_000).number
    rows: list[tuple[Any, ...]] = []
    told = []
    at_ms = NOW_MS - 10 * HOUR_MS
    for n in range(learners):
        name, ability, again = f"learner-{n}", chance.gauss(0, 1), chance.random() < 0.5
        key = external_key(site.secret, name)
        reach = chance.randrange(8, 20)
        parts = [(0, reach), *([(0, reach // 2)] if again else [])]
        for seq, (start, end) in enumerate(parts):
            rows.append((number, n, seq, n * 10 + seq, key, NUMBERS["watch"], at_ms + seq, 0, start * 1000, end * 1000,
                         chance.choice([1000, 1500]), 0, *[None] * 9))
        # All of them see it again after the questions: that must not count.
        rows.append((number, n, 5, n * 10 + 5, key, NUMBERS["watch"], at_ms + 2 * HOUR_MS, 0, 0, 20_000, 1000, 0,
                     *[None] * 9))
        for item in ("a", "b"):
            told.append(result(name, item, _score(0.3 * again + 0.2 * ability + chance.gauss(0, 0.15)), at_ms + HOUR_MS,
                               video_id=VIDEO))
        told += [result(name, f"other-{item}", _score(0.2 * ability + chance.gauss(0, 0.1))) for item in range(5)]
    with site.app.events.write() as writing:
        inbox.insert(writing.connection(), rows)
    for at in range(0, len(told), 1000):
        assert tell(site, *told[at:at + 1000])["rejected"] == []
    site.count()


def _score(value: float) -> float:
    return max(0.0, min(1.0, 0.4 + value))


@both
def test_watching_again_goes_with_better_results(site: Site) -> None:
    school(site, 120, random.Random(3))
    shown = site.ask("correlation").json()
    assert shown["definition"]["name"] == "correlation" and shown["n_learners"] == 120
    data = shown["data"]
    assert (data["n_learners"], data["n_results"], data["n_items"], data["other_results"]) == (120, 240, 2, 5)
    assert data["enough"] and data["items"] == [] and "not causes" in data["note"]
    assert data["left_out"] == {"no_ability": 0, "events_deleted": 0, "not_watched": 0, "item_says_nothing": 0}
    first = data["factors"][0]
    assert (first["name"], first["rank"], first["clear"]) == ("rewatched", 1, True) and first["rho"] > 0.4
    by_name = {one["name"]: one for one in data["factors"]}
    assert by_name["pauses"]["rho"] is None  # nobody paused
    assert not by_name["covered"]["clear"] and not by_name["speed"]["clear"]
    rows = list(csv.DictReader(io.StringIO(site.ask("correlation", format="csv").text, newline="")))
    assert [row["name"] for row in rows] == [one["name"] for one in data["factors"]]
    assert site.ask("correlation").headers["ETag"] == site.ask("correlation").headers["ETag"]

    # What is known only in part is left out, and said to be.
    with site.app.database.read() as reading:
        known = audience.find(reading, VIDEO)
        assert isinstance(known, Audience)
    with site.app.events.write() as writing:
        first_id = writing.connection().exec_driver_sql("SELECT min(id) FROM events").scalar()
        inbox.delete_until(writing.connection(), int(first_id or 0))
    assert site.ask("correlation").json()["data"]["left_out"]["events_deleted"] == 2
    assert site.ask("correlation").json()["data"]["n_learners"] == 119


def test_few_results_show_no_coefficient(site: Site) -> None:
    assert site.ask("correlation").json()["data"] is None
    school(site, 29, random.Random(4))
    data = site.ask("correlation").json()["data"]
    assert (data["enough"], data["n_learners"], data["factors"]) == (False, 29, [])


def test_pauses_and_parts_and_what_nobody_knows(site: Site) -> None:
    """One learner at a time, through the player's own door."""
    t = NOW_MS - 5 * HOUR_MS
    events = [watch(0, t + 9000, 0, 9), event(1, "pause", t + 9000), watch(2, t + 15_000, 9, 12, 2.0),
              watch(3, t + 25_000, 4, 8)]
    assert site.post(events, None, session="ann", token=site.learner_token("ann")).json()["accepted"] == 4
    assert site.post([watch(0, t, 0, 5)], None, session="ben", token=site.learner_token("ben")).json()["accepted"] == 1
    site.count()
    names = ["ann", "ben", "cat", "dan", "eve"]
    told = [result(name, f"other-{n}", 0.5) for name in names for n in range(4)]
    told += [result(name, "q", 0.5, t + HOUR_MS, video_id=VIDEO, start_s=2, end_s=12) for name in names]
    told += [result("ann", "early", 0.5, t + 10_000, video_id=VIDEO), result("ben", "never", 0.5, t - 1, video_id=VIDEO)]
    tell(site, *told)
    from player_api.analytics.answering import total
    from player_api.analytics.learning import observations

    with site.app.database.read() as session:
        known, _, length_s = total(session, site.video)
        assert known is not None
        found, left_out = observations(session, site.app.events, site.video, known, length_s)
    assert left_out == {"no_ability": 0, "events_deleted": 0, "not_watched": 4}  # cat, dan and eve; ben before he came
    by = {(one.learner, one.item): one.watching for one in found}
    ann, ben = external_key(site.secret, "ann"), external_key(site.secret, "ben")
    assert by[ann, "q"] == (1.0, 0.4, pytest.approx(60 / 14), pytest.approx(14 / 12.5))
    assert by[ann, "early"] == (9 / 20, 0.0, pytest.approx(60 / 9), 1.0)
    assert by[ben, "q"] == (0.3, 0.0, 0.0, 1.0)
