"""The overview of a library, and comparisons, through the real application in both databases."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from analytics_app import VIDEO, Site, both
from audiences import add_video

from infra.db import audience
from infra.db.models import Video
from player_api.analytics import stored
from player_api.analytics.comparison import newcombe
from player_api.analytics.kinds import LOAD, WATCH, Row
from player_api.analytics.merge import Counters, merge
from player_api.keys import Scope

OVERVIEW = "/api/v1/analytics/overview"
OTHER = "v_cccccccccccccccc"


def row(number: int, learner: int, t_ms: int, start: int | None = None, end: int | None = None) -> Row:
    kind = LOAD if start is None else WATCH
    return Row(number, 1, learner, number, number, learner, kind, t_ms, 0, None if start is None else start * 1000,
               None if end is None else end * 1000, 1000, 0, *[None] * 8)


def counted(site: Site, video: Video, length_s: int, rows: list[Row]) -> None:
    """The video with the counters of these events."""
    counters = Counters(length_s)
    merge(counters, rows)
    with site.app.database.write() as session:
        number = audience.find_or_add(session, video, length_s * 1000).number
        saving = audience.Saving()
        saving.add(number, 1, {week: stored.of_curve(curve) for week, curve in counters.curves.items()}, {}, {})
        saving.write(session)


def viewing(learners: int, reach_s: int, t_ms: int, first: int = 0) -> list[Row]:
    return [one for n in range(first, first + learners) for one in (
        row(n * 10, n, t_ms), row(n * 10 + 1, n, t_ms, 0, reach_s))]


@both
def test_the_overview_page_by_page_in_every_order(site: Site) -> None:
    t_ms = int(datetime(2026, 2, 11, tzinfo=UTC).timestamp() * 1000)
    with site.app.database.write() as session:
        videos = [add_video(session, "ours", f"v_{n:016d}", 40) for n in range(5)]
        add_video(session, "theirs", "v_theirs", 40)
        videos[0].title, videos[1].title = "=1+1", "Zebra"
        videos[1].tags, videos[2].tags = ["Physics"], ["physics", "short"]
        deleted = add_video(session, "ours", "v_deleted", 40)
        deleted.deleted_at = 1.0
    for n, video in enumerate(videos[:4]):
        counted(site, video, 40, viewing([3, 200, 1, 3][n], [40, 10, 40, 20][n], t_ms))
    whole = site.analyst.get(OVERVIEW).json()
    assert [one["video_id"] for one in whole["items"]] == [
        videos[n].id for n in (1, 0, 3)] + [videos[2].id, videos[4].id, VIDEO]
    lines = {one["video_id"]: one for one in whole["items"]}
    assert lines[videos[1].id] == {
        "video_id": videos[1].id, "title": "Zebra", "tags": ["Physics"], "created_at": "1970-01-01T00:00:01.000Z",
        "duration_s": 40.0, "suppressed": False,
        "n_learners": 200, "views": 200, "watch_content_s": 2000.0, "watch_wall_s": 2000.0, "completion_rate": 0.0,
        "engagement": 0.25}
    assert lines[videos[0].id]["engagement"] == lines[videos[0].id]["completion_rate"] == 1
    for hidden in (videos[2].id, VIDEO):
        assert lines[hidden]["suppressed"] and lines[hidden]["views"] is lines[hidden]["n_learners"] is None
    assert whole["totals"] == {"videos": 6, "videos_shown": 3, "views": 206, "watch_content_s": 2180.0,
                               "watch_wall_s": 2180.0}
    of_course = site.analyst.get(OVERVIEW, params={"tag": "PHYSICS"}).json()
    assert [one["video_id"] for one in of_course["items"]] == [videos[1].id, videos[2].id]
    assert of_course["totals"] == {"videos": 2, "videos_shown": 1, "views": 200, "watch_content_s": 2000.0,
                                   "watch_wall_s": 2000.0}
    assert site.analyst.get(OVERVIEW, params={"tag": "physic"}).json()["items"] == []
    assert site.analyst.get(OVERVIEW, params={"tag": "!"}).json()["items"] == []
    for sort in ("views", "n_learners", "watch_content_s", "completion_rate", "engagement", "created_at", "title"):
        for order in ("asc", "desc"):
            asked: dict[str, Any] = {"sort": sort, "order": order}
            expected = [one["video_id"] for one in site.analyst.get(OVERVIEW, params=asked).json()["items"]]
            values = [value for one in expected if (value := lines[one][sort]) is not None]
            assert len(expected) == 6 and values == sorted(values, reverse=order == "desc")
            found, cursor = [], ""
            while cursor is not None:
                some = {"limit": 2} | ({"cursor": cursor} if cursor else {})
                page = site.analyst.get(OVERVIEW, params=asked | some).json()
                found += [one["video_id"] for one in page["items"]]
                cursor = page["next_cursor"]
            assert found == expected
    cursor = site.analyst.get(OVERVIEW, params={"limit": 2}).json()["next_cursor"]
    for wrong in ({"cursor": "x"}, {"cursor": cursor, "sort": "title"}, {"cursor": cursor, "order": "asc"}, {"sort": "x"}):
        assert site.analyst.get(OVERVIEW, params=wrong).status_code == 422
    answer = site.analyst.get(OVERVIEW, params={"format": "csv", "limit": 1})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(table) == 6 and {one["title"] for one in table} >= {"'=1+1"} and table[-1]["views"] == ""
    assert site.player.get(OVERVIEW).status_code == 403
    theirs = site.client("theirs", Scope.ANALYST).get(OVERVIEW).json()
    assert [one["video_id"] for one in theirs["items"]] == ["v_theirs"]


def test_two_videos_by_relative_position(site: Site) -> None:
    t_ms = int(datetime(2026, 2, 11, tzinfo=UTC).timestamp() * 1000)
    with site.app.database.write() as session:
        other = add_video(session, "ours", OTHER, 40)
        add_video(session, "theirs", "v_theirs", 40)
    counted(site, site.video, 20, [*viewing(50, 20, t_ms), *viewing(50, 10, t_ms, 50)])
    assert site.ask("compare", **{"with": OTHER}).json()["data"]["videos"]["compared"] is None
    counted(site, other, 40, [*viewing(10, 40, t_ms), *viewing(30, 10, t_ms, 10)])
    shown = site.ask("compare", **{"with": OTHER}).json()
    assert shown["definition"]["name"] == "compare" and shown["data"]["kind"] == "videos"
    found = shown["data"]["videos"]
    assert (found["other_video_id"], found["n_other_learners"]) == (OTHER, 40)
    slices = found["compared"]["slices"]
    assert [one["this"] for one in slices] == [1.0] * 50 + [0.5] * 50
    assert [one["other"] for one in slices] == [1.0] * 25 + [0.25] * 75
    assert slices[40]["low"] < slices[40]["difference"] == 0.75 < slices[40]["high"] and slices[40]["low"] > 0.5
    figures = {one["name"]: one for one in found["compared"]["figures"]}
    assert (figures["completion_rate"]["this"], figures["completion_rate"]["other"]) == (0.5, 0.25)
    # Newcombe's interval of 50/100 - 10/40, by hand of Wilson's [0.4038, 0.5962] and [0.1419, 0.4019]
    low_high = figures["completion_rate"]["low"], figures["completion_rate"]["high"]
    assert low_high == pytest.approx((0.0702, 0.3947), abs=1e-4)
    assert newcombe(56 / 70, 70, 48 / 80, 80) == (0.0524, 0.3339)  # his own example
    assert figures["engagement"]["difference"] == pytest.approx(0.75 - 17.5 / 40)
    assert (figures["views"]["difference"], figures["views"]["low"]) == (60, None)
    rows = list(csv.DictReader(io.StringIO(site.ask("compare", format="csv", **{"with": OTHER}).text, newline="")))
    assert len(rows) == 107 and rows[0]["name"] == "n_learners"
    compare = f"/api/v1/videos/{VIDEO}/analytics/compare"
    for wrong, status in (({"with": "v_theirs"}, 404), ({}, 422), ({"with": OTHER, "from": "2026-W07"}, 422),
                          ({"to": "2026-W07"}, 422), ({"from": "2026-W54"}, 422), ({"from": "2026-7"}, 422),
                          ({"from": "2026-W08", "to": "2026-W07"}, 422), ({"from": "2020-W01", "to": "2026-W07"}, 422),
                          ({"from": "0001-W01", "to": "0001-W02"}, 422)):
        assert site.analyst.get(compare, params=wrong).status_code == status, wrong
    assert site.client("theirs", Scope.ANALYST).get(compare, params={"with": OTHER}).status_code == 404


@both
def test_two_times_of_one_video(site: Site) -> None:
    monday = datetime(2026, 1, 5, tzinfo=UTC)  # 2026-W02; the year before has 52 weeks
    at = [int((monday + timedelta(weeks=n)).timestamp() * 1000) for n in range(-2, 3)]
    counted(site, site.video, 20, [
        *viewing(3, 20, at[0]), *viewing(4, 10, at[1], 10), *viewing(1, 5, at[2], 20), *viewing(2, 8, at[3], 30),
        row(900, 30, at[3] + 1, 0, 8)])
    data = site.ask("compare", **{"from": "2026-W02", "to": "2026-W03"}).json()["data"]
    found = data["periods"]
    assert data["kind"] == "periods" and data["videos"] is None
    assert (found["weeks"], found["before"]) == (["2026-W02", "2026-W03"], ["2025-W52", "2026-W01"])
    assert found["weeks_left_out"] == ["2026-W02"]  # one learner: its week could be told by taking weeks from each other
    figures = {one["name"]: (one["this"], one["other"], one["difference"]) for one in found["figures"]}
    assert figures["views"] == (2, 7, -5) and figures["new_learners"] == (2, 7, -5)
    assert figures["watch_content_s"] == (24, 100, -76) and figures["completed"] == (0, 3, -3)
    assert found["plays"] == [3] * 8 + [0] * 12 and found["plays_before"] == [7] * 10 + [3] * 10
    alone = site.ask("compare", **{"from": "2026-W02", "to": "2026-W02"}).json()["data"]["periods"]
    assert alone["plays"] is None and {one["this"] for one in alone["figures"]} == {None}
    assert alone["before"] == ["2026-W01"] and alone["figures"][0]["other"] == 4
    rows = list(csv.DictReader(io.StringIO(site.ask("compare", format="csv", **{"from": "2026-W02", "to": "2026-W03"}).text,
                                           newline="")))
    assert len(rows) == 6 + 20 and rows[6]["name"] == "plays of second 0"
