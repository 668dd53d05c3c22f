"""The page of one video in the studio, in a real browser: whatever it changes, the API tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import Page, expect
from service import Service, until

Watch = Callable[..., Watching]
VTT = "WEBVTT\n\n00:00.500 --> 00:02.000\nWhat is said.\n"


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("studio_video") / "short.mp4", Shape(duration_s=24, size="320x180", gop=50))


@pytest.fixture
def video(service: Service, short: Path) -> dict[str, Any]:
    return service.upload(short, title="Cells")


def visit(watch: Watch, service: Service, video_id: str) -> tuple[Watching, Page]:
    seen = watch()
    seen.page.goto(f"{service.url}/studio/videos/{video_id}#key={service.key}")
    seen.page.get_by_role("heading", level=1).wait_for()
    return seen, seen.page


def leave(seen: Watching, *expected: str) -> None:
    """Before the service stops. What the browser complained about holds one of `expected`."""
    seen.page.goto("about:blank")
    seen.complaints[:] = [text for text in seen.complaints if not any(part in text for part in expected)]


def test_what_is_said_of_a_video_is_changed(watch: Watch, service: Service, video: dict[str, Any]) -> None:
    seen, page = visit(watch, service, video["id"])
    form = page.get_by_role("form", name="Details")
    form.get_by_label("Title").fill("Cells and cages")
    form.get_by_label("Description").fill("Two\nlines")
    form.get_by_label("Tags").fill("biology, first year")
    form.get_by_label("Spoken language").fill("en")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cells and cages")
    told = service.video(video["id"])
    assert [told[name] for name in ("title", "description", "tags", "language", "visibility")] == [
        "Cells and cages", "Two\nlines", ["biology", "first year"], "en", "public"]
    form.get_by_label("Tags").fill("x" * 61)
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("is no tag")
    leave(seen, "422")


def test_it_plays_at_once_and_a_private_one_does_not(watch: Watch, service: Service, video: dict[str, Any]) -> None:
    seen, page = visit(watch, service, video["id"])
    frame = page.frame_locator("iframe[title=Preview]")
    frame.locator("video").wait_for()
    page.get_by_label("Who may watch").select_option("private")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This video is private")).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)
    with service.client("") as nobody:
        until(lambda: nobody.get(video["playlist_url"]).status_code == 404, 10, "it plays no more")
        assert nobody.get(video["watch_url"]).status_code == 404
    leave(seen)


def test_every_step_is_followed_until_all_is_done(watch: Watch, service: Service, short: Path) -> None:
    seen, page = visit(watch, service, service.upload(short)["id"])
    steps = page.get_by_role("region", name="Preparation")
    expect(steps).to_contain_text("Rendering H264")
    expect(steps.get_by_role("status")).to_have_text("Everything is done", timeout=240_000)  # told, not asked
    expect(page.get_by_role("region", name="Slides")).not_to_contain_text("They are looked for")
    leave(seen)


def test_a_failure_is_explained_and_tried_again(watch: Watch, service: Service) -> None:
    with service.client() as client:
        made = client.post("/api/v1/videos", json={"source": {"url": "https://lectures.invalid/b.mp4"}}).json()
    failed = until(lambda: (service.video(made["id"])["error"] or {}).get("message"), 120, "the fetch fails")
    seen, page = visit(watch, service, made["id"])
    steps = page.get_by_role("region", name="Preparation")
    expect(steps).to_contain_text(failed)
    with page.expect_response(lambda answer: answer.url.endswith("/retry")) as retried:
        steps.get_by_role("button", name="Try again").click()
    assert retried.value.status == 200
    expect(steps.get_by_role("button", name="Try again")).to_have_count(0)
    leave(seen)


def test_the_poster_is_picked_from_the_storyboard(watch: Watch, service: Service, video: dict[str, Any]) -> None:
    seen, page = visit(watch, service, video["id"])
    page.get_by_role("button", name="Choose a picture").click()
    page.get_by_role("button", name="The picture at 0:15").click()
    expect(page.get_by_text("Your choice, at 0:15")).to_be_visible()
    assert service.video(video["id"])["poster_time_s"] == 15
    page.get_by_role("button", name="Find one automatically").click()
    expect(page.get_by_text("Found automatically")).to_be_visible()
    assert service.video(video["id"])["poster_time_s"] is None
    leave(seen)


def test_captions_are_imported_exported_and_a_wrong_line_is_named(watch: Watch, service: Service, video: dict[str, Any],
                                                                  tmp_path: Path) -> None:
    good, wrong = tmp_path / "good.vtt", tmp_path / "wrong.srt"
    good.write_text(VTT)
    wrong.write_text("1\n00:00:01,000 --> 00:00:00,500\nBackwards\n")
    seen, page = visit(watch, service, video["id"])
    card = page.get_by_role("region", name="Captions")
    card.get_by_label("Language").fill("de")
    card.get_by_label("WebVTT or SubRip file").set_input_files(wrong)
    card.get_by_role("button", name="Import").click()
    expect(card.get_by_role("alert")).to_contain_text("ine 2")
    card.get_by_label("WebVTT or SubRip file").set_input_files(good)
    card.get_by_role("button", name="Import").click()
    expect(card).to_contain_text("Deutsch")
    with page.expect_download() as download:
        card.get_by_role("button", name="Export Deutsch VTT").click()
    assert "What is said." in Path(download.value.path()).read_text()
    page.once("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Delete Deutsch").click()
    expect(card).to_contain_text("There are none yet")
    leave(seen, "422")


def test_the_link_and_the_embed_code_lead_to_the_player(watch: Watch, service: Service, video: dict[str, Any]) -> None:
    seen, page = visit(watch, service, video["id"])
    assert page.get_by_role("textbox", name="Link").input_value() == service.url + video["watch_url"]
    code = page.get_by_label("Embed code").input_value()
    page.route("**/school.html", lambda route: route.fulfill(content_type="text/html", body=f"<!doctype html>{code}"))
    page.goto(f"{service.url}/school.html")
    page.frame_locator("iframe").locator("video").wait_for()
    leave(seen)


def test_it_is_deleted_only_when_asked_twice(watch: Watch, service: Service, video: dict[str, Any]) -> None:
    seen, page = visit(watch, service, video["id"])
    page.get_by_role("button", name="Delete this video").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert service.video(video["id"])["title"] == "Cells"
    page.get_by_role("button", name="Delete this video").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, delete it").click()
    page.get_by_role("heading", name="Library").wait_for()
    with service.client() as client:
        assert client.get(f"/api/v1/videos/{video['id']}").status_code == 404
    page.goto(f"{service.url}/studio/videos/{video['id']}")
    expect(page.get_by_role("alert")).to_contain_text("There is no such video.")
    leave(seen, "404")
