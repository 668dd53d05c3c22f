"""Robots, and more watching than there is time for: kept with a reason, in no number; and floods are put off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from analytics_app import NOW_MS, Site
from audiences import event, watch

from infra.storage.local import LocalStorage
from player_api.analytics import budgets, event_table
from player_api.analytics.export import export

HEADLESS = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/143.0.0.0 Safari/537.36"


def reasons(site: Site, learner: str) -> list[str | None]:
    events = site.analyst.get(f"/api/v1/learners/{learner}/data").json()["events"]
    assert all(one["counted"] == (one["why_uncounted"] is None) for one in events)
    return [one["why_uncounted"] for one in events]


def people(site: Site) -> None:
    """Two who watch the first five seconds."""
    for name in ("one", "two"):
        site.post([event(0, "load", NOW_MS - 9000), watch(1, NOW_MS, 0, 5, startup_ms=300)], None, session=name,
                  token=site.learner_token(name))


def shown(site: Site) -> list[Any]:
    site.count()
    return [site.ask(metric).json()["data"] for metric in ("summary", "retention", "rewatch", "dropoff", "qoe")]


def test_a_robot_is_in_the_events_and_in_no_number(site: Site, tmp_path: Path) -> None:
    people(site)
    without = shown(site)
    site.page.headers["User-Agent"] = HEADLESS
    answer = site.post([event(0, "load", NOW_MS), watch(1, NOW_MS, 0, 10, startup_ms=9000, rebuffer_ms=5000, rebuffers=1),
                        event(2, "error", NOW_MS, code="x", fatal=True)], None, session="robot",
                       token=site.learner_token("robot"))
    assert answer.json()["accepted"] == 3
    report = f'sid="c1",cid="{site.video.playback_id}",sn=0,ts={NOW_MS},e=ps,sta=s,v=2'
    reports = site.page.post("/api/v1/cmcd", params={"token": site.learner_token("robot")}, content=report,
                             headers={"Content-Type": "application/cmcd"})
    assert reports.json()["accepted"] == 1
    assert shown(site) == without
    assert set(reasons(site, "robot")) == {"robot"} and len(reasons(site, "robot")) == 4
    assert site.analyst.get("/api/v1/learners/robot/progress").json()["items"][0]["unique_s"] == 0
    export(site.app.database, site.app.events, LocalStorage(tmp_path / "files"))
    [file] = (tmp_path / "files").rglob("*.parquet")
    rows = pq.read_table(file, columns=["counted", "why_uncounted"]).to_pylist()
    assert sorted((row["counted"], row["why_uncounted"] or "") for row in rows) == [(False, "robot")] * 4 + [(True, "")] * 4


@pytest.mark.parametrize(("user_agent", "robot"), [
    (HEADLESS, True), ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
    ("Mozilla/5.0 (compatible; bingbot/2.0)", True), ("facebookexternalhit/1.1", True),
    ("Screaming Frog SEO Spider/19", True),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", False), ("", False),
    ("Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36", False),
    ("python-httpx/0.28", False), ("Mozilla/5.0 (Linux; Android 9; CUBOT X18) Chrome/120", False),  # a school's server
])
def test_robots_are_those_that_say_so(user_agent: str, robot: bool) -> None:
    assert budgets.is_robot(user_agent.encode()) is robot


def test_nobody_watches_more_of_a_session_than_there_was_time(site: Site) -> None:
    people(site)
    without = shown(site)[0]["watch_content_s"]
    token = site.learner_token("fast")
    # Each a little more than the time since the one before, which a clock may be wrong by; in all, twenty times as much.
    t = NOW_MS - 60_000
    told = [watch(seq, t + seq * 100, 0, 2) for seq in range(60)]
    for at in (0, 20, 40):
        assert site.post(told[at:at + 20], None, session="fast", token=token).json()["accepted"] == 20
    counted = shown(site)[0]["watch_content_s"] - without
    # A minute ahead at most, and a quarter more than the 6 s that passed; the first is believed.
    assert 60 <= counted <= 2 + 60 + 6 * 1.25
    told_why = reasons(site, "fast")
    assert told_why[:20] == [None] * 20 and told_why[40:].count("too_much") >= 18
    # Somebody who plays at double speed for long, with cuts that are a little late, is believed to the end.
    t = NOW_MS - 3_600_000
    site.post([watch(seq, t + seq * 5000 + seq % 7, 0, 10, 2.0) for seq in range(400)], None, session="long",
              token=site.learner_token("long"))
    site.count()
    assert reasons(site, "long") == [None] * 400


def test_nobody_watches_more_than_a_day_in_all(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "WATCHED_MS", 50_000.0)
    people(site)
    token = site.learner_token("many")
    for number in range(8):  # each session by itself is as good as any
        told = [watch(1, NOW_MS, 0, 10)]
        for _ in range(2):  # and what comes again was watched once
            site.post(told, None, session=f"s{number}", token=token)
    site.count()
    assert reasons(site, "many").count(None) == 5
    assert reasons(site, "many").count("too_much") == 3


def test_a_flood_of_events_is_put_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "EVENTS", 100.0)
    assert site.post([event(seq, "play", NOW_MS) for seq in range(90)], "v").status_code == 202
    refused = site.post([event(seq, "play", NOW_MS) for seq in range(100, 190)], "v")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_events")
    assert refused.headers["Retry-After"] and refused.headers["Access-Control-Allow-Origin"] == "*"
    assert site.post([event(0, "play", NOW_MS)], "another", session="s2").status_code == 202
    monkeypatch.setattr(budgets, "EVENTS_PER_S", 1e6)
    time.sleep(0.01)
    assert site.post([event(seq, "play", NOW_MS) for seq in range(100, 190)], "v").json()["accepted"] == 90


def test_a_file_that_is_older_than_a_column_is_read(tmp_path: Path) -> None:
    import pyarrow as pa

    old = event_table.table_of([], "o", {}).drop_columns(["why_uncounted", "live", "behind_ms"])
    out = pa.BufferOutputStream()
    pq.write_table(old, out)
    assert event_table.read(bytes(out.getvalue())).schema.names[-3:] == ["why_uncounted", "live", "behind_ms"]


