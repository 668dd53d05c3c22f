"""Groups of learners, through the real application in both databases."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
from analytics_app import NOW_MS, VIDEO, Site, both
from audiences import event, watch

from player_api.analytics.comparison import newcombe
from player_api.keys import Scope

TOKENS = f"/api/v1/videos/{VIDEO}/event-tokens"


def sees(site: Site, name: str, pieces: list[tuple[float, float]], **more: Any) -> None:
    events = [event(0, "load", NOW_MS - 600_000), *(watch(number, NOW_MS - 600_000 + 30_000 * number, *piece)
                                                    for number, piece in enumerate(pieces, 1))]
    assert site.post(events, None, session=name, token=site.learner_token(name, **more)).json()["accepted"] == len(events)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


# As in the other golden sessions, and two more: eve sees 10..20, fay 10..14. Blue are ann and ben, red are cat, eve and fay.
@both
def test_golden_cohorts(site: Site) -> None:
    sees(site, "ann", [(0, 10), (10, 20), (4, 8)], tags=["blue", " a  few "])
    sees(site, "ben", [(0, 10)], tags=["blue"])
    sees(site, "cat", [(0, 5), (15, 20)])
    sees(site, "dan", [(0, 3)], consent=False, tags=["blue"])
    sees(site, "eve", [(10, 20)])
    sees(site, "fay", [(10, 14)])
    site.count()
    told = site.player.put("/api/v1/cohorts", json={"tag": "red", "learners": ["cat", "eve", "gil", "cat"]})
    assert (told.status_code, told.json()) == (200, {"tag": "red", "n_learners": 3})
    assert site.player.put("/api/v1/cohorts/learner", json={"learner": "fay", "tags": ["red"]}).json() == {"tags": ["red"]}
    assert site.analyst.get("/api/v1/analytics/cohorts").json() == {"k": 2, "items": [
        {"tag": "a few", "n_learners": None}, {"tag": "blue", "n_learners": 2}, {"tag": "red", "n_learners": 4}]}

    shown = site.ask("cohorts", tag=["blue", "red", "a few", "green"]).json()
    assert shown["definition"] == {"name": "cohorts", "version": 1, "url": "docs/metrics.md#cohorts"}
    assert shown["n_learners"] == 5 and shown["as_of"]
    data = shown["data"]
    assert data["tags"] == [{"tag": "a few", "n_learners": None}, {"tag": "blue", "n_learners": 2},
                            {"tag": "green", "n_learners": None}, {"tag": "red", "n_learners": 3}]
    blue, red, few, green = data["cohorts"]
    assert [(one["tag"], one["n_learners"], one["suppressed"], one["data"]) for one in (few, green)] == [
        ("a few", None, "too_few_learners", None), ("green", None, "too_few_learners", None)]
    third, two = round(1 / 3, 6), round(2 / 3, 6)
    assert blue["data"] | {"low": 0, "high": 0, "reached_end_low": 0, "reached_end_high": 0, "tenths": 0} == {
        "watch_content_s": 34.0, "watch_wall_s": 34.0, "mean_unique_s": 15.0, "engagement": 0.75, "completed": 1,
        "completion_rate": 0.5, "reached_end": 1, "reached_end_rate": 0.5, "step_s": 1,
        "retention": [1.0] * 10 + [0.5] * 10, "rewatchers": [0.0] * 4 + [0.5] * 4 + [0.0] * 12,
        "low": 0, "high": 0, "reached_end_low": 0, "reached_end_high": 0, "tenths": 0}
    assert red["data"]["retention"] == [third] * 5 + [0.0] * 5 + [two] * 4 + [third] + [two] * 5
    assert (red["data"]["mean_unique_s"], red["data"]["engagement"]) == (8.0, 0.4)
    assert (red["data"]["completed"], red["data"]["reached_end_rate"], red["data"]["watch_content_s"]) == (0, two, 24.0)
    assert [one["learners"] for one in red["data"]["tenths"]] == [0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0]
    assert (blue["overlaps"], blue["differences"], red["overlaps"]) == (None, None, False)
    low, high = newcombe(0.0, 3, 0.5, 2)
    assert red["differences"][1] == {"name": "completion_rate", "this": 0.0, "other": 0.5, "difference": -0.5, "low": low,
                                     "high": high}

    text = site.ask("cohorts", tag=["blue", "red", "a few"], format="csv").text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["cohort"] for row in rows} == {"blue", "red"}
    assert [float(row["value"]) for row in rows if (row["cohort"], row["name"]) == ("red", "retention")] == \
        red["data"]["retention"]
    assert [row["value"] for row in rows if row["name"] == "n_learners"] == ["2", "3"]

    # A learner is in a group for what they saw before, too, and leaves it for all of that.
    site.player.put("/api/v1/cohorts/learner", json={"learner": "fay", "tags": ["blue"]})
    blue = site.ask("cohorts", tag="blue").json()["data"]["cohorts"][0]
    assert blue["n_learners"] == 3 and blue["data"]["mean_unique_s"] == round(34 / 3, 6)
    site.player.put("/api/v1/cohorts/learner", json={"learner": "cat", "tags": ["red", "blue"]})
    both_of = site.ask("cohorts", tag=["red", "blue"]).json()["data"]["cohorts"]
    # All but one of all are blue now: that one would be what is left.
    assert [one["suppressed"] for one in both_of] == [None, "rest_too_few"]
    site.player.put("/api/v1/cohorts/learner", json={"learner": "ben", "tags": []})
    both_of = site.ask("cohorts", tag=["red", "blue"]).json()["data"]["cohorts"]
    assert (both_of[1]["n_learners"], both_of[1]["overlaps"], both_of[1]["differences"]) == (3, True, None)

    assert site.player.get("/api/v1/learners/fay/data").json()["tags"] == ["blue"]
    assert site.admin.delete("/api/v1/learners/fay").status_code == 204
    assert site.player.get("/api/v1/learners/fay/data").status_code == 404
    assert site.ask("cohorts", tag="blue").json()["data"]["cohorts"][0]["n_learners"] == 2
    assert site.player.put("/api/v1/cohorts", json={"tag": "red", "learners": []}).json()["n_learners"] == 0
    assert [one["tag"] for one in site.analyst.get("/api/v1/analytics/cohorts").json()["items"]] == ["a few", "blue"]


def test_who_may_say_and_ask_and_what_is_refused(site: Site) -> None:
    for name in ("ann", "ben"):
        sees(site, name, [(0, 20)], tags=['=cmd|"x"'])
    site.count()
    assert site.analyst.put("/api/v1/cohorts/learner", json={"learner": "ann", "tags": ["x"]}).status_code == 403
    assert site.analyst.put("/api/v1/cohorts", json={"tag": "x", "learners": ["ann"]}).status_code == 403
    assert site.player.get(f"/api/v1/videos/{VIDEO}/analytics/cohorts").status_code == 403
    for tags in (["x" * 61], ["\u0007"], ["!"]):
        refused(site.player.put("/api/v1/cohorts/learner", json={"learner": "ann", "tags": tags}), 422, "bad_tag")
        refused(site.player.post(TOKENS, json={"learner": "ann", "tags": tags}), 422, "bad_tag")
    assert site.player.put("/api/v1/cohorts", json={"tag": "x", "learners": ["a/b"]}).status_code == 422
    many = site.analyst.get(f"/api/v1/videos/{VIDEO}/analytics/cohorts", params={"tag": [f"t{n}" for n in range(7)]})
    assert many.status_code == 422
    rows = list(csv.reader(io.StringIO(site.ask("cohorts", tag='=cmd|"x"', format="csv").text, newline="")))
    assert rows[1][0] == '\'=cmd|"x"'
    theirs = site.client("theirs", Scope.ANALYST)
    assert theirs.get("/api/v1/analytics/cohorts").json()["items"] == []
    tag = site.ask("cohorts").headers["ETag"]
    again = {"params": {}, "headers": {"If-None-Match": tag}}
    path = f"/api/v1/videos/{VIDEO}/analytics/cohorts"
    assert site.analyst.get(path, **again).status_code == 304  # type: ignore[arg-type]
    site.player.put("/api/v1/cohorts/learner", json={"learner": "ann", "tags": ["other"]})
    assert site.analyst.get(path, **again).status_code == 200  # type: ignore[arg-type]


def test_below_k_learners_nothing_is_told_of_any_group(site: Site) -> None:
    sees(site, "ann", [(0, 20)], tags=["blue"])
    site.count()
    shown = site.ask("cohorts", tag="blue").json()
    assert shown["data"] is None and shown["suppressed"]["code"] == "too_few_learners"
    assert site.ask("cohorts", tag="blue", format="csv").text == "cohort,name,second,value,low,high\r\n"
