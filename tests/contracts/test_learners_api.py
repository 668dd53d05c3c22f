"""The learners of a video, through the real application in both databases: which lines, in which order, for whom."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

from analytics_app import NOW_MS, VIDEO, Site, both
from audiences import add_video, event, watch
from test_analytics_api import golden

from player_api.analytics import tokens
from player_api.keys import Scope

LEARNERS = f"/api/v1/videos/{VIDEO}/analytics/learners"


def name(site: Site, learner: str) -> str:
    return f"{tokens.external_key(site.secret, learner) & 0xFFFFFFFFFFFFFFFF:016x}"


def result(learner: str, item: str, score: float, **more: Any) -> dict[str, Any]:
    return {"learner": learner, "item": item, "score": score, "at": "2026-02-11T10:00:00Z", "video_id": VIDEO, **more}


@both
def test_each_learner_is_a_line_with_what_they_saw(site: Site) -> None:
    golden(site)  # ann: all of it, 4 s twice; ben: the first half; cat: 0-5 and 15-20; dan: without consent
    with site.app.database.write() as session:
        add_video(session, "ours", "v_other", 20)
    told = [result("ann", "q1", 1.0), result("ann", "q2", 0.5), result("ann", "q1", 0.0, attempt=2),
            result("ben", "q1", 0.25), result("cat", "q9", 0.9, video_id="v_other")]
    assert site.analyst.post("/api/v1/assessments/results", json={"results": told}).json()["accepted"] == len(told)
    answer = site.ask("learners", sort="progress").json()
    assert answer["n_learners"] == 3
    lines = {one["learner"]: one for one in answer["data"]["items"]}
    ann, ben, cat = (lines.pop(name(site, who)) for who in ("ann", "ben", "cat"))
    assert not lines  # dan is not among them
    assert ann == {"learner": name(site, "ann"), "progress": 1.0, "completed": True, "unique_s": 20, "watch_content_s": 24.0,
                   "replayed_s": 4.0, "resume_s": 0.0, "last_seen_at": ann["last_seen_at"], "results": 2, "score": 0.75}
    assert (ben["progress"], ben["resume_s"], ben["results"], ben["score"]) == (0.5, 7.0, 1, 0.25)
    assert (cat["resume_s"], cat["results"], cat["score"]) == (17.0, 0, None)


@both
def test_they_come_page_by_page_in_any_order(site: Site) -> None:
    seen_s = {f"learner {n}": (n * 7) % 20 + 1 for n in range(23)}
    for n, (who, reach_s) in enumerate(seen_s.items()):
        at = NOW_MS - 7_200_000 + n * 60_000
        events = [event(0, "load", at), watch(1, at + 30_000, 0, reach_s)]
        events += [watch(2, at + 59_000, 0, n % 3)] if n % 3 else []
        assert site.post(events, None, session=who, token=site.learner_token(who)).json()["accepted"] == len(events)
    site.count()
    scores = [result(f"learner {n}", "q", round((n * 3 % 5) / 10, 1)) for n in range(0, 23, 2)]
    assert site.analyst.post("/api/v1/assessments/results", json={"results": scores}).status_code == 200
    for sort in ("last_seen_at", "progress", "replayed_s", "score"):
        for order in ("asc", "desc"):
            how = {"sort": sort, "order": order}
            read, cursor = [], None
            while True:
                page = site.ask("learners", limit=4, **how, **({"cursor": cursor} if cursor else {})).json()["data"]
                read += page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert {one["learner"] for one in read} == {name(site, who) for who in seen_s} and len(read) == len(seen_s)
            values = [one[sort] for one in read]
            known = [value for value in values if value is not None]
            assert known == sorted(known, reverse=order == "desc"), (sort, order)
            assert values[len(known):] == [None] * (len(values) - len(known))  # last in both orders
            rows = list(csv.DictReader(io.StringIO(site.ask("learners", format="csv", limit=1, **how).text)))
            assert [row["learner"] for row in rows] == [one["learner"] for one in read]  # all of them, in that order


def test_whom_it_is_told_and_how_it_may_be_asked(site: Site) -> None:
    golden(site)
    assert site.player.get(LEARNERS).status_code == 403
    assert site.client("theirs", Scope.ANALYST).get(LEARNERS).status_code == 404
    page = site.analyst.get(LEARNERS, params={"limit": 1}).json()["data"]["next_cursor"]
    for wrong in ({"cursor": "x"}, {"cursor": page, "sort": "progress"}, {"cursor": page, "order": "asc"}, {"limit": 0},
                  {"sort": "learner"}, {"cursor": base64.urlsafe_b64encode(b'["last_seen_at", "desc", 1e999, 1]').decode()}):
        assert site.analyst.get(LEARNERS, params=wrong).status_code == 422, wrong


def test_one_alone_is_not_shown(site: Site) -> None:
    """Where nothing is shown below two."""
    assert site.post([event(0, "load", NOW_MS), watch(1, NOW_MS, 0, 10)], "ann").json()["accepted"] == 2
    site.count()
    answer = site.ask("learners").json()
    assert (answer["data"], answer["suppressed"]["k"]) == (None, 2)
    lines = site.ask("learners", format="csv").text.splitlines()
    assert len(lines) == 1 and lines[0].startswith("learner,progress")
