"""The chapter editor in a real browser: what is set there is what players get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from service import Service

from enrich.chapters import Chapter
from enrich.slide import Slide, Slides
from infra.core import keys
from infra.db.models import Video
from infra.db.session import Database
from infra.storage.local import LocalStorage
from player_api import chapters

Watch = Callable[..., Watching]
FOUND = [Chapter(start_s=0, title="Nodes"), Chapter(start_s=3, title="Edges")]


@pytest.fixture(scope="module")
def clip8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("chapters") / "talk.mp4", Shape(duration_s=8, size="320x180", gop=50))


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as opened:
        yield opened


@pytest.fixture(scope="module")
def video(service: Service, clip8: Path) -> dict[str, Any]:
    """A video whose chapters, and whose slides, were found."""
    made = service.until_ready(service.upload(clip8, title="Graphs", language="en")["id"])
    database = Database(f"sqlite:///{service.data / 'lectern.db'}")
    with database.write() as session:
        row = session.get_one(Video, made["id"])
        assert chapters.save_machine(session, row, FOUND)
        organization = row.organization_id
    database.dispose()
    slides = Slides(slides=tuple(
        Slide(start_s=start_s, end_s=start_s + 2, new=True, title="", text="", image=int(start_s * 10), lines=())
        for start_s in (0.0, 3.44, 6.0)))
    LocalStorage(service.data / "storage").put(keys.slides(organization, made["id"]), slides.model_dump_json().encode())
    return made


@pytest.fixture
def edit(service: Service, watch: Watch, video: dict[str, Any], client: httpx.Client) -> Watching:
    """The editor, with the chapters that were found."""
    assert client.delete(f"/api/v1/videos/{video['id']}/chapters").status_code in (204, 404)  # those that a test set
    seen = watch()
    seen.page.goto(f"{service.url}/studio/videos/{video['id']}/chapters#key={service.key}")
    seen.page.get_by_label("Title of chapter 1").wait_for()
    return seen


def revision(client: httpx.Client, video: dict[str, Any]) -> int:
    return int(client.get(f"/api/v1/videos/{video['id']}/chapters").json()["revision"])


def test_chapters_that_are_set_are_what_players_get(edit: Watching, video: dict[str, Any], client: httpx.Client) -> None:
    page, vtt = edit.page, f"/play/{video['playback_id']}/chapters.vtt"
    before = revision(client, video)
    page.get_by_text("These chapters were found").wait_for()
    page.get_by_label("Title of chapter 2").fill("Edges & weights")
    page.get_by_role("button", name="Move to the slide change at 0:03.440").click()
    page.evaluate("() => new Promise((resolve) => { const video = document.querySelector('video'); "
                  "video.addEventListener('seeked', resolve, { once: true }); video.currentTime = 5.5; })")
    page.get_by_role("button", name="Add a chapter at this second").click()
    page.keyboard.type("Paths")
    page.keyboard.press("Control+s")
    page.get_by_text(f"Saved as revision {before + 1}.").first.wait_for()
    assert client.get(vtt).text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:03.440\nNodes\n\n00:00:03.440 --> 00:00:05.000\nEdges &amp; weights\n\n"
        "00:00:05.000 --> 00:00:08.000\nPaths\n")
    page.get_by_role("button", name="Back to the automatic chapters").click()
    page.get_by_text(f"Saved as revision {before + 2}.").first.wait_for()
    assert "00:00:03.000 --> 00:00:08.000\nEdges\n" in client.get(vtt).text
    assert page.get_by_label("Title of chapter 2").input_value() == "Edges"
    page.get_by_text("History", exact=True).click()
    page.get_by_role("button", name=f"Restore revision {before + 1}").click()
    page.get_by_label("Title of chapter 3").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text(f"Saved as revision {before + 3}.").first.wait_for()
    assert "Paths" in client.get(vtt).text


def test_a_time_that_is_being_typed_stays_while_the_player_goes_on(edit: Watching) -> None:
    page = edit.page
    page.evaluate("document.querySelector('video').currentTime = 1")
    page.locator("li.chapter[aria-current=true]").first.get_by_label("Start of chapter 1").wait_for()
    start = page.get_by_label("Start of chapter 2")
    start.click(click_count=3)
    page.keyboard.type("0:05")
    page.evaluate("document.querySelector('video').currentTime = 4")
    page.locator("li.chapter[aria-current=true]").get_by_label("Start of chapter 2").wait_for()
    assert start.input_value() == "0:05"
    start.press("Enter")
    assert start.input_value().startswith("0:05")


def test_what_is_wrong_is_said_beside_it(edit: Watching, video: dict[str, Any], client: httpx.Client) -> None:
    page, before = edit.page, revision(client, video)
    page.get_by_label("Title of chapter 1").fill(" ")
    page.get_by_label("Start of chapter 1").fill("0:01")
    page.get_by_label("Start of chapter 1").press("Enter")
    page.get_by_text("The first chapter has to begin at 0:00").wait_for()
    page.keyboard.press("Control+s")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-invalid')") == "true"
    page.get_by_role("button", name="Move to 0:00").click()
    page.get_by_text("A chapter needs a title.").wait_for()
    assert revision(client, video) == before
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert page.get_by_label("Title of chapter 1").input_value() == "Nodes"
    assert page.get_by_role("button", name="Saved").is_disabled()


def test_chapters_changed_elsewhere_are_not_overwritten(edit: Watching, video: dict[str, Any], client: httpx.Client) -> None:
    page, url = edit.page, f"/api/v1/videos/{video['id']}/chapters"
    before = revision(client, video)
    page.get_by_role("button", name="Delete chapter 2").click()
    assert client.put(url, json=[{"start_s": 0, "title": "Theirs"}]).status_code == 200
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Nothing is lost").wait_for()
    edit.complaints.clear()  # the browser reports the 409
    assert [one["title"] for one in client.get(url).json()["items"]] == ["Theirs"]
    page.get_by_role("button", name="Save mine as the newest").click()
    page.get_by_text(f"Saved as revision {before + 2}.").first.wait_for()
    assert [one["title"] for one in client.get(url).json()["items"]] == ["Nodes"]
