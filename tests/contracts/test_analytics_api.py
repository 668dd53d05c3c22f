"""Analytics through the real application, in every database: what is taken, what is answered, and to whom."""

from __future__ import annotations

import csv
import io
import json
import time
import uuid

import httpx
import pytest
from analytics_app import NOW_MS, VIDEO, Site, both
from audiences import event, watch

from infra.db import audience
from infra.db.models import ChapterRevision, Video
from player_api.analytics import targets, tokens
from player_api.keys import Scope

METRICS = ("summary", "retention", "rewatch", "dropoff", "completion", "chapters", "qoe")


# Four viewings of a lecture of 20 s. What is expected of them can be counted by hand: docs/metrics.md goes through it.
#   ann sees all of it, and seconds 4..8 twice; ben sees 0..10; cat sees 0..5 and 15..20 at double speed; dan, who does not
#   want to be known, sees 0..3.
def golden(site: Site) -> None:
    t = NOW_MS - 3_600_000
    ann = [event(0, "load", t), watch(1, t + 10_000, 0, 10, startup_ms=400, bitrate=1_000_000, height=720),
           watch(2, t + 20_000, 10, 20, rebuffer_ms=500, rebuffers=1), event(3, "seek", t, seek_from=20_000, seek_to=4000),
           watch(4, t + 30_000, 4, 8)]
    ben = [event(0, "load", t), watch(1, t + 10_000, 0, 10, startup_ms=800)]
    cat = [event(0, "load", t), watch(1, t + 3000, 0, 5, 2.0), watch(2, t + 9000, 15, 20, 2.0)]
    dan = [event(0, "load", t), watch(1, t + 3000, 0, 3), event(2, "error", t + 3100, code="decode", fatal=True)]
    for name, events in (("ann", ann), ("ben", ben), ("cat", cat)):
        assert site.post(events, None, session=name, token=site.learner_token(name)).json()["accepted"] == len(events)
    assert site.post(dan, None, session="dan", token=site.learner_token("dan", consent=False)).json()["accepted"] == 3
    site.count()


@both
def test_golden_sessions(site: Site) -> None:
    with site.app.database.write() as session:
        session.add(ChapterRevision(video_id=VIDEO, revision=1, organization_id="ours", created_at=0.0, chapters=[
            {"start_s": 0.0, "title": "=1+1"}, {"start_s": 10.0, "title": "Second"}]))
    golden(site)
    summary = site.ask("summary").json()
    assert summary["n_learners"] == 3 and summary["suppressed"] is None
    assert summary["definition"] == {"name": "summary", "version": 1, "url": "docs/metrics.md#summary"}
    data = summary["data"]
    assert data["views"] == 4
    assert data["watch_content_s"] == 24 + 10 + 10 + 3
    assert data["watch_wall_s"] == 24 + 10 + 5 + 3
    assert data["mean_unique_s"] == round((20 + 10 + 10) / 3, 6)
    assert data["engagement"] == round(40 / 3 / 20, 6)
    assert data["completion_rate"] == round(1 / 3, 6)
    assert data["reached_end_rate"] == round(2 / 3, 6)
    assert sum(week["views"] for week in data["weeks"]) == 4

    third, two = round(1 / 3, 6), round(2 / 3, 6)
    data = site.ask("retention").json()["data"]
    assert data["retention"] == [1.0] * 5 + [two] * 5 + [third] * 5 + [two] * 5
    assert data["absolute"] == [1.0] * 3 + [0.75] + [1.0] + [0.75] * 3 + [0.5] * 2 + [0.25] * 5 + [0.5] * 5

    data = site.ask("rewatch").json()["data"]
    assert data["replays"] == data["rewatchers"] == [0.0] * 4 + [third] * 4 + [0.0] * 12
    assert data["most_replayed"] == {"shown": False, "slice_s": 1.0, "slices": None, "peaks": []}

    data = site.ask("dropoff").json()["data"]
    assert [(one["start_s"], one["exits"], one["present"], one["hazard"]) for one in data["bins"]] == [
        (0, 0, 3, 0.0), (5, 1, 3, third), (10, 0, 2, 0.0), (15, 2, 2, 1.0)]

    data = site.ask("completion").json()["data"]
    assert (data["threshold"], data["completed"], data["reached_end"]) == (0.9, 1, 2)
    assert (data["low"], data["high"]) == (0.0615, 0.7923)
    assert (data["reached_end_low"], data["reached_end_high"]) == (0.2077, 0.9385)
    assert [one["learners"] for one in data["tenths"]] == [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]

    data = site.ask("chapters").json()["data"]
    assert data["items"] == [
        {"start_s": 0.0, "end_s": 10.0, "title": "=1+1", "retention": round(25 / 30, 6), "replays": round(4 / 30, 6),
         "exits": 1, "exit_rate": third, "exit_low": 0.0615, "exit_high": 0.7923},
        {"start_s": 10.0, "end_s": 20.0, "title": "Second", "retention": 0.5, "replays": 0.0, "exits": 2, "exit_rate": two,
         "exit_low": 0.2077, "exit_high": 0.9385}]

    data = site.ask("qoe").json()["data"]
    assert (data["views"], data["starts"], data["startup_mean_s"]) == (4, 2, 0.6)
    assert data["rebuffer_ratio"] == round(0.5 / (0.5 + 42), 6)
    assert data["rebuffers_per_hour"] == pytest.approx(1 / (42 / 3600), abs=1e-4)
    assert (data["bitrate_kbps"], data["height_px"], data["fatal_error_rate"]) == (1000, 720, 0.25)
    assert 0.35 < data["startup_p50_s"] < 0.55 and 0.7 < data["startup_p95_s"] < 1.1

    items = site.analyst.get("/api/v1/learners/cat/progress").json()["items"]
    assert [(one["video_id"], one["seen"], one["resume_s"], one["progress"], one["completed"], one["watch_wall_s"])
            for one in items] == [(VIDEO, [[0, 5], [15, 20]], 17.0, 0.5, False, 5.0)]
    assert site.player.get("/api/v1/learners/ann/progress", params={"video_id": VIDEO}).json()["items"][0]["resume_s"] == 0
    assert site.player.get("/api/v1/learners/dan/progress").json() == {"items": []}  # no consent: nothing is known


def test_csv_is_safe_to_open(site: Site) -> None:
    with site.app.database.write() as session:
        session.add(ChapterRevision(video_id=VIDEO, revision=1, organization_id="ours", created_at=0.0, chapters=[
            {"start_s": 0.0, "title": '=cmd|"/c calc", 1'}]))
    golden(site)
    for metric in METRICS:
        answer = site.ask(metric, format="csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.text.endswith("\r\n") and "\n" not in answer.text.replace("\r\n", "")
        header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
        assert rows and all(len(row) == len(header) for row in rows)
    [row] = csv.DictReader(io.StringIO(site.ask("chapters", format="csv").text, newline=""))
    assert row["title"] == '\'=cmd|"/c calc", 1'


def test_nothing_is_shown_of_too_few_and_that_is_not_zero(site: Site) -> None:
    for metric in METRICS:
        shown = site.ask(metric).json()
        assert shown["data"] is None and shown["n_learners"] is None
        assert shown["suppressed"]["code"] == "too_few_learners" and shown["suppressed"]["k"] == 2
    viewing = [event(0, "load", NOW_MS - 9000), watch(1, NOW_MS, 0, 5)]
    site.post(viewing, "viewer-1")
    site.count()
    assert all(site.ask(metric).json()["data"] is None for metric in METRICS)
    assert len(site.ask("retention", format="csv").text.splitlines()) == 1
    viewing = [event(0, "load", NOW_MS - 9000), watch(1, NOW_MS, 0, 5)]
    site.post(viewing, "viewer-2", session="s2")
    site.count()
    assert all(site.ask(metric).json()["n_learners"] == 2 for metric in METRICS)


def test_an_answer_is_not_sent_again_until_something_is_counted(site: Site) -> None:
    golden(site)
    first = site.ask("retention")
    url, headers = f"/api/v1/videos/{VIDEO}/analytics/retention", {"If-None-Match": first.headers["ETag"]}
    again = site.analyst.get(url, headers=headers)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    site.post([watch(1, NOW_MS, 0, 5)], "viewer-1")
    site.count()
    assert site.analyst.get(url, headers=headers).status_code == 200


@both
def test_what_comes_twice_is_known_and_what_makes_no_sense_is_refused_alone(site: Site) -> None:
    good, same_id = [watch(n, NOW_MS, n * 2, n * 2 + 2) for n in range(3)], watch(9, NOW_MS, 0, 2)
    bad = [{"id": "x"}, event(5, "watch", NOW_MS), event(6, "dance", NOW_MS), watch(-1, NOW_MS, 0, 1), 7,
           event(7, "watch", NOW_MS, **{"from": -1, "to": 5}), event(8, "load", NOW_MS) | {"id": "z" * 32}]
    told = site.post([*good, *bad], "viewer-1").json()
    assert (told["accepted"], told["duplicate"], len(told["rejected"])) == (3, 0, 7)
    assert all(one["reason"] for one in told["rejected"])
    assert {one["id"] for one in told["rejected"]} >= {"x", bad[1]["id"], bad[2]["id"], None}
    assert abs(told["server_time"] - time.time() * 1000) < 60_000
    same_id["id"] = good[0]["id"]
    told = site.post([*good, same_id, watch(1, NOW_MS, 3, 4), watch(4, NOW_MS, 8, 9)], "viewer-1").json()
    assert (told["accepted"], told["duplicate"]) == (1, 5)
    again = watch(40, NOW_MS, 8, 9)
    told = site.post([again, again], "viewer-1").json()
    assert (told["accepted"], told["duplicate"]) == (1, 1)


def test_what_can_not_have_happened_is_kept_and_not_counted(site: Site) -> None:
    t = NOW_MS - 60_000
    events = [watch(0, t, 0, 2), watch(1, t + 1000, 2, 18), watch(2, t + 2000, 5, 4), watch(3, t + 3000, 15, 22),
              watch(4, t + 4000, 4, 6, 16.0), watch(5, t + 9000, 10, 14)]
    assert site.post(events, "viewer-1").json()["accepted"] == 6
    site.post([watch(0, t, 0, 2)], "viewer-2", session="s2")
    site.count()
    assert site.ask("summary").json()["data"]["watch_content_s"] == 2 + 4 + 2
    assert sum(site.ask("retention").json()["data"]["retention"]) == pytest.approx((6 + 2) / 2)


@both
def test_what_is_watched_live_is_told_apart(site: Site) -> None:
    t = NOW_MS - 60_000
    for number, live in enumerate((True, True, False)):
        site.post([watch(0, t, 0, 4, live=live), watch(1, t + 4000, 4, 6, 2.0)], f"viewer-{number}", session=f"s{number}")
        site.count()
        data = site.ask("summary").json()["data"]
        if number == 1:
            assert (data["live_wall_s"], data["live_learners"]) == (8, 2)
    assert (data["live_wall_s"], data["live_learners"], data["watch_wall_s"]) == (8, 2, 15)
    assert data["later_learners"] == 3  # the rest of the two was not live
    assert next(csv.DictReader(io.StringIO(site.ask("summary", format="csv").text)))["live_learners"] == "2"
    with site.app.database.write() as session:
        audience.find(session, VIDEO).whole = False  # type: ignore[union-attr]
    data = site.ask("summary").json()["data"]
    assert (data["live_wall_s"], data["live_learners"], data["later_learners"]) == (8, None, None)


@both
def test_of_fewer_than_k_live_learners_nothing_is_told(site: Site) -> None:
    t = NOW_MS - 60_000
    for number in range(3):
        site.post([watch(0, t, 0, 4, live=number == 0)], f"viewer-{number}", session=f"s{number}")
    site.count()
    data = site.ask("summary").json()["data"]
    assert (data["live_wall_s"], data["live_learners"], data["watch_wall_s"]) == (None, None, 12)
    with site.app.database.write() as session:
        audience.find(session, VIDEO).duration_ms = audience.LIVE_MS  # type: ignore[union-attr]
    told = site.ask("summary").json()
    assert told["data"] is None and told["suppressed"]["code"] == "live"


def test_a_clock_that_is_wrong_is_put_right(site: Site) -> None:
    token = site.learner_token("ann")
    wrong_ms = NOW_MS + 10 * 86_400_000
    site.post([watch(0, wrong_ms - 5000, 0, 5), watch(1, wrong_ms, 5, 10)], None, token=token, sent_at=wrong_ms + 1000)
    site.count()
    seen = site.analyst.get("/api/v1/learners/ann/progress").json()["items"][0]["last_seen_at"]
    assert abs(time.time() - httpx_time(seen)) < 60


def httpx_time(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["detail"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_bodies_that_are_refused(site: Site) -> None:
    one = [watch(0, NOW_MS, 0, 1)]
    post = lambda content: site.page.post("/api/v1/events", content=content)  # noqa: E731
    problem(post(b""), 422, "not_json")
    problem(post(b"{"), 422, "not_json")
    problem(post(b'{"a":' + b"[" * 50_000), 422, "not_json")
    problem(post(b"\xff\xfe"), 422, "not_json")
    problem(post(b"[]"), 422, "bad_batch")
    problem(post(b"{}"), 422, "bad_batch")
    problem(post(b" " * (61 << 10)), 413, "body_too_large")
    problem(site.post([event(n, "play", 0) | {"id": "x"} for n in range(501)], "v"), 413, "too_many_events")
    problem(site.post(one, "v", v=2), 422, "bad_batch")
    problem(site.post(one, "v", token="nonsense"), 401, "bad_events_token")
    for broken in (site.token[:-2] + "AA", site.token + "x", "." + site.token, site.token.replace(".", "")):
        problem(site.post(one, "v", token=broken), 401, "bad_events_token")
    problem(site.post(one, "v", video="p_other"), 403, "other_video")
    old = tokens.anonymous(site.secret, "ours", site.video.playback_id, time.time() - 3 * 86_400)
    problem(site.post(one, "v", token=old), 401, "events_token_expired")
    other = tokens.anonymous(b"x" * 32, "theirs", site.video.playback_id, time.time())
    problem(site.post(one, "v", token=other), 401, "bad_events_token")
    answers = [site.post([], "fast").status_code for _ in range(60)]
    assert answers[:20] == [202] * 20 and 429 in answers
    problem(site.post([], "fast"), 429, "too_many_requests")
    assert site.post([], "somebody else").status_code == 202
    assert site.page.get("/api/v1/events").status_code == 405


def test_only_those_may_who_should(site: Site) -> None:
    golden(site)
    for client in (site.player, site.client("ours", Scope.CREATOR)):
        assert client.get(f"/api/v1/videos/{VIDEO}/analytics/summary").status_code == 403
    assert site.analyst.post(f"/api/v1/videos/{VIDEO}/event-tokens", json={"learner": "x"}).status_code == 403
    assert site.analyst.delete("/api/v1/learners/ann").status_code == 403
    others = site.client("theirs", Scope.ADMIN)
    for metric in METRICS:
        assert others.get(f"/api/v1/videos/{VIDEO}/analytics/{metric}").status_code == 404
    assert others.post(f"/api/v1/videos/{VIDEO}/event-tokens", json={"learner": "x"}).status_code == 404
    assert others.get("/api/v1/learners/ann/progress").json() == {"items": []}
    assert others.get("/api/v1/learners/ann/data").status_code == 404
    assert others.delete("/api/v1/learners/ann").status_code == 404
    assert site.analyst.get("/api/v1/learners/ann/progress").json()["items"]
    for wrong in ({"learner": ""}, {"learner": "a/b"}, {"learner": "x" * 201}, {}, {"learner": "x", "more": 1}):
        assert site.player.post(f"/api/v1/videos/{VIDEO}/event-tokens", json=wrong).status_code == 422


@both
def test_a_learner_can_have_it_all_and_have_it_deleted(site: Site) -> None:
    golden(site)
    before = site.ask("retention").json()
    token = site.learner_token("eve")
    t = NOW_MS - 60_000
    viewing = [event(0, "load", t), watch(1, t + 10_000, 0, 10), watch(2, t + 20_000, 10, 20)]
    site.post(viewing, None, session="eve", token=token)
    site.count()
    kept = site.analyst.get("/api/v1/learners/eve/data").json()
    assert [one["type"] for one in kept["events"]] == ["load", "watch", "watch"]
    assert kept["items"][0]["progress"] == 1
    assert '"eve"' not in json.dumps(kept)
    assert site.ask("summary").json()["n_learners"] == 4
    late = [watch(3, t + 10_000, 3, 4)]
    assert site.admin.delete("/api/v1/learners/eve").status_code == 204
    after = site.ask("retention").json()
    assert after["data"] == before["data"] and after["n_learners"] == 3
    assert site.analyst.get("/api/v1/learners/eve/data").status_code == 404
    site.post(late, None, session="eve", token=token)
    site.count()
    assert site.analyst.get("/api/v1/learners/eve/data").status_code == 404
    assert site.ask("retention").json()["data"] == before["data"]


def test_the_watch_page_has_a_token(site: Site) -> None:
    page = site.page.get(f"/watch/{site.video.playback_id}").text
    token = page.split('data-events-token="')[1].split('"')[0]
    assert 'data-events-url="/api/v1/events"' in page
    assert site.post([event(0, "load", NOW_MS)], str(uuid.uuid4()), token=token).json()["accepted"] == 1


def test_a_deleted_video_takes_no_events(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "FRESH_S", 0.0)
    assert site.post([event(0, "load", NOW_MS)], "v").status_code == 202
    with site.app.database.write() as session:
        session.get_one(Video, VIDEO).deleted_at = 1.0
    problem(site.post([event(1, "load", NOW_MS)], "v"), 404, "video_not_found")


def test_reports_of_other_players_are_counted_once(site: Site) -> None:
    """CMCD: stretches between playheads, of the learner whom the token names."""
    def report(sn: int, after_ms: int, more: str) -> httpx.Response:
        line = f'{more},sid="{uuid.UUID(int=7)}",cid="{site.video.playback_id}",sn={sn},v=2,ts={NOW_MS - 60_000 + after_ms}'
        return site.page.post("/api/v1/cmcd", params={"token": token}, content=line,
                              headers={"Content-Type": "application/cmcd"})

    token = site.learner_token("dora")
    assert report(0, 0, "e=ps,sta=s,pt=0").json()["accepted"] == 1
    assert report(1, 800, "e=ps,sta=p,pt=0").json()["accepted"] == 1
    assert report(2, 8_800, "e=t,sta=p,pt=8000").json()["accepted"] == 1
    assert report(2, 8_800, "e=t,sta=p,pt=8000").json() | {"server_time": 0} == {
        "accepted": 0, "duplicate": 0, "rejected": [], "server_time": 0}
    assert report(3, 10_800, "e=ps,sta=a,pt=10000").json()["accepted"] == 2
    site.count()
    (progress,) = site.player.get("/api/v1/learners/dora/progress").json()["items"]
    assert (progress["seen"], progress["unique_s"]) == ([[0, 10]], 10)
    events = site.analyst.get("/api/v1/learners/dora/data").json()["events"]
    assert [(one["type"], one["estimated"]) for one in events] == [
        ("load", False), ("play", False), ("watch", True), ("watch", True), ("pause", False)]
    assert [one["startup_ms"] for one in events if "startup_ms" in one] == [800]

    refused = site.page.post("/api/v1/cmcd", params={"token": token}, content="nonsense")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_report")
    other = site.page.post("/api/v1/cmcd", params={"token": "none"}, content='sid="s",cid="p",sn=0,ts=1,e=t')
    assert (other.status_code, other.json()["code"]) == (401, "bad_events_token")
