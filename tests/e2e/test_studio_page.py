"""The upload page in a real browser: key, file, link, and what is said when a file is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browsing import Watching
from lecture_clips import without_moov
from service import Service

Watch = Callable[..., Watching]


def test_a_lecture_uploaded_by_the_page_plays_at_its_link(watch: Watch, service: Service, clip: Path) -> None:
    page = watch()
    page.page.goto(f"{service.url}/")  # leads to the studio
    page.page.get_by_label("API key").fill(service.key)
    page.page.get_by_label("Title").fill("Made by hand")
    page.page.locator("input[type=file]").set_input_files(clip)
    page.page.get_by_role("link", name="Watch it").click()
    page.page.wait_for_selector("video")
    assert page.page.inner_text("h1") == "Made by hand"
    page.play()
    page.until_true("video.currentTime > 1")


def test_the_file_name_is_the_title_where_none_is_given(watch: Watch, service: Service, clip: Path,
                                                        tmp_path: Path) -> None:
    named = tmp_path / "Zellen & Käfige.mp4"
    named.write_bytes(clip.read_bytes() + b"\0")
    page = watch()
    page.page.goto(f"{service.url}/studio")
    page.page.get_by_label("API key").fill(service.key)
    page.page.locator("input[type=file]").set_input_files(named)
    page.page.get_by_role("link", name="Watch it").wait_for()
    with service.client() as client:
        assert client.get("/api/v1/videos").json()["items"][0]["title"] == "Zellen & Käfige"


def test_a_refused_file_is_explained_in_the_problems_own_words(watch: Watch, service: Service, clip: Path,
                                                               tmp_path: Path) -> None:
    broken = without_moov(clip, tmp_path / "cut.mp4")
    refused = service.post_file(broken)
    assert refused.status_code == 422, refused.text
    page = watch()
    page.page.goto(f"{service.url}/studio")
    page.page.get_by_label("API key").fill(service.key)
    page.page.locator("input[type=file]").set_input_files(broken)
    page.page.wait_for_selector("[role=alert]:not([hidden])")
    assert page.page.inner_text("[role=alert]") == refused.json()["detail"]
    assert page.page.get_by_role("link", name="Watch it").count() == 0
    page.complaints.clear()  # the browser reports the 422


def test_a_wrong_key_is_explained(watch: Watch, service: Service, clip: Path) -> None:
    page = watch()
    page.page.goto(f"{service.url}/studio")
    page.page.get_by_label("API key").fill("lec_wrong")
    page.page.locator("input[type=file]").set_input_files(clip)
    page.page.wait_for_selector("[role=alert]:not([hidden])")
    assert "API key" in page.page.inner_text("[role=alert]")
    page.complaints.clear()  # the browser reports the 401
