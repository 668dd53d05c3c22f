"""Who watches now, through the real application in both databases."""

from __future__ import annotations

import csv
import io
import time
from types import SimpleNamespace
from typing import Any

import pytest
from analytics_app import VIDEO, Site, both
from audiences import event, watch

from infra.db.live_models import LiveSessionRow, LiveStream
from infra.db.models import Video
from player_api import catalogue
from player_api.analytics import live_tails
from player_api.analytics.live_tail import BIN_MS
from player_api.keys import Scope

LIVE = f"/api/v1/videos/{VIDEO}/analytics/live"


def on_air(site: Site) -> None:
    """The lecture is being sent."""
    with site.app.database.write() as session:
        video = session.get_one(Video, VIDEO)
        video.plan = video.plan_id = None
        session.add(LiveStream(id="ls_1", organization_id="ours", name="Physics", profile="default", key_sha256="0" * 64,
                               key_made_at=1.0, created_at=1.0, updated_at=1.0))
        session.flush()
        session.add(LiveSessionRow(id="lv_1", stream_id="ls_1", organization_id="ours", video_id=VIDEO, state="live",
                                   process_id="p", protocol="rtmp", profile="default", publications=1, started_at=1.0))


# k is 2. By tens of seconds up to a moment, ann watches the twelve before it, ben the first four of them, and dan, who does
# not want to be known, the last ten, 70 s behind. docs/metrics.md goes through it.
@both
def test_golden_viewers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    on_air(site)
    moment_ms = time.time_ns() // 1_000_000 // BIN_MS * BIN_MS
    monkeypatch.setattr(live_tails, "time", SimpleNamespace(time_ns=lambda: (moment_ms + 3000) * 1_000_000))
    shown = site.analyst.get(LIVE).json()
    assert (shown["as_of"], shown["on_air"], shown["n_viewers"], shown["data"]) == (None, True, None, None)
    assert shown["suppressed"]["code"] == "too_few_viewers" and shown["suppressed"]["k"] == 2

    def tell(name: str, first: int, last: int, behind_s: int, consent: bool = True, **more: Any) -> None:
        events = [event(0, "load", moment_ms - first * BIN_MS)]
        for number, ago in enumerate(range(first, last, -1), 1):
            to_s = 1010 - 10 * ago - behind_s  # the newest picture of the moment is at 1000 s
            events.append(watch(number, moment_ms - (ago - 1) * BIN_MS, to_s - 9.9, to_s, live=behind_s < 30,
                                behind_ms=behind_s * 1000, **more))
        answer = site.post(events, None, session=name, token=site.learner_token(name, consent=consent))
        assert answer.json()["accepted"] == len(events), answer.text

    tell("ann", 12, 0, 2)
    assert site.analyst.get(LIVE).json()["data"] is None  # she is one
    tell("ben", 12, 8, 2)
    tell("dan", 10, 0, 70, consent=False, rebuffer_ms=1100)
    site.post([event(0, "load", moment_ms), event(1, "pause", moment_ms)], None, session="eve",
              token=site.learner_token("eve"))  # who only opens the page watches nothing
    told = site.analyst.get(LIVE).json()
    assert told["definition"] == {"name": "live", "version": 1, "url": "docs/metrics.md#live"}
    assert (told["n_viewers"], told["suppressed"], told["on_air"]) == (3, None, True)
    lines = told["data"]["bins"]
    assert [(one["viewers"], one["joined"], one["left"]) for one in lines] == [
        *[(None, None, None)] * 78, (2, 2, 0), (2, 0, 0), (3, 1, 0), (3, 0, 0), (3, 0, 1), *[(2, 0, 0)] * 8]
    assert lines[90]["at"] == catalogue.rfc3339(moment_ms / 1000) and lines[90]["rebuffer_ratio"] == round(1.1 / 20.9, 6)
    assert [one["settled"] for one in lines] == [True] * 87 + [False] * 4
    assert told["data"]["now"] == {
        "viewers": 2, "joined": 3, "left": 1, "rebuffer_ratio": round(6.6 / (6.6 + 2 * 59.4), 6), "n_behind": 2,
        "behind_p50_s": 36.0, "behind_p95_s": 66.6, "edge_s": 1000.0, "place_s": 17,
        "behind": [{"from_s": 0, "to_s": 30, "viewers": 1}, {"from_s": 30, "to_s": 120, "viewers": 1},
                   {"from_s": 120, "to_s": 600, "viewers": 0}, {"from_s": 600, "to_s": None, "viewers": 0}],
        "places": [int(place in (54, 58)) for place in range(59)]}
    rows = list(csv.DictReader(io.StringIO(site.ask("live", format="csv").text, newline="")))
    assert [row["viewers"] for row in rows] == [*[""] * 78, *"2233322222222"]

    # What comes later is added to what is known, and who is deleted is gone.
    tell("cat", 3, 0, 2)
    told = site.analyst.get(LIVE).json()
    assert (told["n_viewers"], told["data"]["now"]["viewers"]) == (4, 3)
    site.count()
    assert site.admin.delete("/api/v1/learners/ann").status_code == 204
    told = site.analyst.get(LIVE).json()
    assert (told["n_viewers"], told["data"]["now"]["viewers"]) == (3, 2)


def test_the_lecturer_may_look_and_nobody_else(site: Site) -> None:
    assert site.client("ours", Scope.CREATOR).get(LIVE).status_code == 200
    assert site.player.get(LIVE).status_code == 403
    assert site.client("theirs", Scope.ANALYST).get(LIVE).status_code == 404
    assert site.analyst.get(LIVE).json()["on_air"] is False
