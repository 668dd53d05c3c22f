"""People who do not see, or use no mouse, get every page: it breaks no rule of WCAG 2.2 A and AA that axe can check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from service import Service
from viewings import view

Watch = Callable[..., Watching]
VTT = "WEBVTT\n\n00:00.500 --> 00:05.000\nWhat is said.\n"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def axe(players: Path) -> str:
    """The checker, as a script."""
    return (players / "node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def video(service: Service, clip: Path) -> dict[str, Any]:
    made = service.upload(clip, title="For everybody", language="en")
    with service.client() as client:
        assert client.put(f"/api/v1/videos/{made['id']}/captions/en", content=VTT).status_code == 201
    return made


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("page", ["watch", "embed", "studio", "studio_video", "captions", "chapters", "trim",
                                  "analytics", "overview", "live", "missing"])
def test_no_barrier_that_a_program_can_find(service: Service, video: dict[str, Any], watch: Watch, axe: str, page: str,
                                            scheme: str) -> None:
    signed_in, of_video = f"#key={service.key}", f"/studio/videos/{video['id']}"
    paths = {"watch": video["watch_url"], "embed": f"/embed/{video['playback_id']}", "studio": f"/studio{signed_in}",
             "studio_video": of_video + signed_in, "captions": f"{of_video}/captions{signed_in}",
             "chapters": f"{of_video}/chapters{signed_in}", "trim": f"{of_video}/trim{signed_in}",
             "analytics": f"{of_video}/analytics{signed_in}",
             "overview": f"/studio/analytics{signed_in}", "live": f"/studio/live{signed_in}",
             "missing": "/watch/p_0000000000000000"}
    if page == "analytics":
        view(service, video, f"in {scheme}", [(0, 20), (4, 8)])
    seen = watch()
    seen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    if page in ("watch", "embed"):
        seen.open(service.url + paths[page])
    else:
        seen.page.goto(service.url + paths[page])
        seen.page.wait_for_selector({"studio": ".videos", "studio_video": ".video-page iframe", "captions": ".cue",
                                     "chapters": ".editor", "trim": ".pictures i", "analytics": ".chart canvas",
                                     "overview": "table", "live": ".notice.warn"}.get(page, "main"))
    seen.page.evaluate(axe)
    found = seen.page.evaluate(f"() => axe.run(document, {json.dumps(RULES)})")
    assert found["passes"]
    broken = [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    seen.complaints.clear()  # of a page that is not there
    assert not broken, broken
