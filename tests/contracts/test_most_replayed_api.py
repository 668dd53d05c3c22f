"""The curve over the time bar is for everybody: it shows nothing of a few."""

from __future__ import annotations

from analytics_app import NOW_MS, Site
from audiences import event, watch

AT = "/play/{}/most-replayed.json"


def learner(site: Site, name: str, *again: tuple[int, int]) -> None:
    t = NOW_MS - 3_600_000
    events = [event(0, "load", t), watch(1, t + 10_000, 0, 10), watch(2, t + 20_000, 10, 20)]
    events += [watch(3 + n, t + 30_000 + n * 5000, *stretch) for n, stretch in enumerate(again)]
    assert site.post(events, None, session=name, token=site.learner_token(name)).json()["accepted"] == len(events)


def test_what_enough_people_watch_again_is_shown_to_everybody(site: Site) -> None:  # k is 2 here
    at = AT.format(site.video.playback_id)
    for n in range(28):
        learner(site, f"once {n}")
    learner(site, "ann", (5, 7), (14, 18))
    site.count()
    assert site.page.get(at).json() == {"heights": []}  # 29 learners
    learner(site, "ben", (5, 7))
    site.count()
    answer = site.page.get(at)
    assert "public" in answer.headers["Cache-Control"]
    assert site.page.get(at, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    heights = answer.json()["heights"]
    assert len(heights) == 20 and max(heights) == 1
    assert heights.index(1) in (5, 6)
    assert heights[15:18] == [0, 0, 0]  # what ann alone saw again
    assert site.page.get(AT.format("p_none")).json()["code"] == "video_not_found"
