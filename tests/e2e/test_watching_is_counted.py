"""What somebody does in a browser is in the curves, second by second, a few seconds later."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import Shape, make
from recording import FRAMES, shown
from service import Service, until

FRAME_S = 1 / 25
NEAR_S = 0.25  # of the middle of a second: which way it is counted is a matter of a few frames


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("counted") / "film.mp4", Shape(duration_s=30, size="640x360", gop=50))


def test_play_seek_replay_and_speed_are_in_the_curves(watch: Callable[..., Watching], service: Service, film: Path) -> None:
    video = service.upload(film)
    with service.client() as client:
        at = f"/api/v1/videos/{video['id']}/analytics"
        nobody = client.get(f"{at}/retention").json()
        assert (nobody["data"], nobody["suppressed"]["code"]) == (None, "too_few_learners")

        page = watch(f"{service.url}{video['watch_url']}")
        page.ask(f"(() => {{ {FRAMES} }})()")
        page.play()
        page.until_true("video.currentTime > 4.8")
        page.seek(20)
        page.until_true("video.currentTime > 23.8")
        page.seek(2)  # again
        page.menu("Speed").select_option(label="2×")
        page.until_true("video.currentTime > 7.8")
        page.ask("video.pause()")
        page.page.wait_for_timeout(300)
        runs = shown(page.ask("frames_shown"), FRAME_S)
        page.page.goto("about:blank")

        def counted() -> dict[str, Any] | None:
            found = client.get(f"{at}/retention").json()
            return dict(found["data"]) if found["data"] and sum(found["data"]["absolute"]) >= 13 else None

        found = until(counted, 5, "the viewing in the curve")
        summary = client.get(f"{at}/summary").json()
        again = client.get(f"{at}/rewatch").json()["data"]
        left = client.get(f"{at}/dropoff").json()["data"]
        quality = client.get(f"{at}/qoe").json()["data"]

    assert (summary["n_learners"], summary["data"]["views"]) == (1, 1)
    sure = 0
    for second, plays in enumerate(found["absolute"]):
        middle_s = second + 0.5
        if any(abs(middle_s - edge) < NEAR_S for run in runs for edge in run[:2]):
            continue
        true = sum(run[0] <= middle_s < run[1] for run in runs)
        assert plays == true, (second, runs, found["absolute"])
        assert found["retention"][second] == min(true, 1)
        assert again["replays"][second] == max(true - 1, 0)
        sure += 1
    assert sure >= 26, runs
    assert max(found["absolute"]) == 2
    content_s = sum(run[1] - run[0] for run in runs)
    assert summary["data"]["watch_content_s"] == pytest.approx(content_s, abs=0.6)
    assert summary["data"]["watch_wall_s"] == pytest.approx(sum((run[1] - run[0]) / run[2] for run in runs), abs=0.6)
    furthest_s = max(run[1] for run in runs)
    [end] = [one["start_s"] for one in left["bins"] if one["exits"]]
    assert end == floor((furthest_s - 0.5) / 5) * 5
    assert 0 < quality["startup_p50_s"] < 30


def test_a_page_that_may_know_nobody_keeps_nothing(watch: Callable[..., Watching], service: Service, film: Path) -> None:
    video = service.upload(film)
    page = watch(f"{service.url}{video['watch_url'].replace('/watch/', '/embed/')}?consent=false")
    page.play()
    page.until_true("video.currentTime > 2")
    assert page.page.evaluate("localStorage['lectern.viewer']") is None
    page.page.goto("about:blank")
    with service.client() as client:
        at = f"/api/v1/videos/{video['id']}/analytics/summary"
        until(lambda: client.get(at).json()["as_of"], 10, "the viewing")
        assert client.get(at).json()["data"] is None  # of no learner there is nothing to show
