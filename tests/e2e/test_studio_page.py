"""The studio in a real browser: many files at once, the library they come into, and what is said when one is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import Shape, make, without_moov
from playwright.sync_api import Locator, expect
from service import Service

Watch = Callable[..., Watching]
DROP = """(names) => {
  const files = new DataTransfer();
  for (const [name, text] of names) files.items.add(new File([text], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector("h1").dispatchEvent(new DragEvent(kind, {
      dataTransfer: files, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("studio") / "short.mp4", Shape(duration_s=4, size="320x180", gop=50))


def open_studio(watch: Watch, service: Service, query: str = "", **how: Any) -> Watching:
    """The library, signed in by a link."""
    page = watch(**how)
    page.page.goto(f"{service.url}/studio{query}#key={service.key}")
    page.page.get_by_role("heading", name="Library").wait_for()
    return page


def row(page: Watching, title: str) -> Locator:
    return page.page.get_by_role("list", name="Videos").get_by_role("listitem").filter(
        has=page.page.get_by_role("link", name=title, exact=True))


def leave(page: Watching, *expected: str) -> None:
    """Before the service stops. What the browser complained about holds one of `expected`."""
    page.page.goto("about:blank")
    page.complaints[:] = [text for text in page.complaints if not any(part in text for part in expected)]


def test_a_lecture_uploaded_by_the_page_plays_at_its_link(watch: Watch, service: Service, clip: Path) -> None:
    page = watch()
    page.page.goto(f"{service.url}/")  # leads to the studio
    page.page.get_by_label("API key").fill(service.key)
    page.page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    page.page.locator("input[type=file]").set_input_files(clip)
    # In a tab without the key: what is watched there counts, and other uploads go on here.
    learner = page.follow(page.page.get_by_role("link", name="Watch it"))
    learner.play()
    learner.until_true("video.currentTime > 1")
    assert learner.page.inner_text("h1") == "lecture" and learner.ask("!!window.lectern.viewing")
    leave(learner)
    leave(page)
    assert not learner.complaints, learner.complaints


def test_many_files_are_dropped_at_once_and_stand_in_the_library_under_their_names(
        watch: Watch, service: Service, short: Path, tmp_path: Path) -> None:
    files = []
    for name in ("Zellen & Käfige", "Second one", "Third one"):
        files.append(tmp_path / f"{name}.mp4")
        files[-1].write_bytes(short.read_bytes())
    page = open_studio(watch, service)
    page.page.locator("input[type=file]").set_input_files(files)
    page.page.evaluate(DROP, [["notes.txt", "These are no moving pictures."]])
    expect(page.page.get_by_role("region", name="Uploads").get_by_role("link", name="Details")).to_have_count(
        3, timeout=60_000)
    for file in files:
        expect(row(page, file.stem)).to_have_count(1)
    expect(page.page.get_by_role("alert")).to_have_count(1)  # of the fourth alone
    page.page.get_by_role("link", name="Details Zellen").click()
    expect(page.page.get_by_role("heading", name="Zellen & Käfige")).to_be_visible()
    leave(page, "422", "415")


def test_a_refused_file_is_explained_in_the_problems_own_words(watch: Watch, service: Service, clip: Path,
                                                               tmp_path: Path) -> None:
    broken = without_moov(clip, tmp_path / "cut.mp4")
    refused = service.post_file(broken)
    assert refused.status_code == 422, refused.text
    page = open_studio(watch, service)
    page.page.locator("input[type=file]").set_input_files(broken)
    assert page.page.get_by_role("alert").inner_text() == refused.json()["detail"]
    assert page.page.get_by_role("link", name="Watch it").count() == 0
    assert page.page.get_by_role("button", name="Continue").count() == 0  # it would be refused again
    page.page.get_by_role("button", name="Take off the list cut.mp4").click()
    expect(page.page.get_by_role("alert")).to_have_count(0)
    leave(page, "422")


def test_a_wrong_key_is_explained_and_the_right_one_goes_on(watch: Watch, service: Service) -> None:
    page = watch()
    page.page.goto(f"{service.url}/studio#key=lec_wrong")
    dialog = page.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("This key is not valid here")
    dialog.get_by_label("API key").fill(service.key)
    dialog.get_by_role("button", name="Sign in").click()
    page.page.get_by_role("list", name="Videos").or_(page.page.get_by_text("No videos yet")).first.wait_for()
    leave(page, "401")


def test_an_upload_is_paused_goes_on_and_another_is_given_up(watch: Watch, service: Service, short: Path,
                                                             tmp_path: Path) -> None:
    slow, dropped = tmp_path / "Paused once.mp4", tmp_path / "Given up.mp4"
    slow.write_bytes(short.read_bytes())
    dropped.write_bytes(short.read_bytes())
    page = open_studio(watch, service)
    held = []
    page.page.route("**/api/v1/uploads/*", lambda route: held.append(route) if route.request.method == "PATCH"
                    else route.continue_())
    page.page.locator("input[type=file]").set_input_files([slow, dropped])
    page.until("() => document.querySelectorAll('.upload').length === 2", "two uploads")
    page.page.get_by_role("button", name="Pause Paused once").click()
    expect(page.page.get_by_role("region", name="Uploads")).to_contain_text("paused")
    page.page.get_by_role("button", name="Cancel Given up").click()
    expect(page.page.get_by_text("Given up.mp4")).to_have_count(0)
    page.page.unroute_all(behavior="ignoreErrors")
    page.page.get_by_role("button", name="Continue Paused once").click()
    page.page.get_by_role("link", name="Watch it").wait_for()
    expect(row(page, "Paused once")).to_have_count(1)
    expect(row(page, "Given up")).to_have_count(0)
    leave(page)


def test_the_library_is_searched_filtered_sorted_and_shows_progress_live(watch: Watch, service: Service,
                                                                         short: Path) -> None:
    made = {title: service.upload(short, title=title)["id"] for title in ("Ähren im Wind", "Bäume", "Wind und Wetter")}
    with service.client() as client:
        assert client.patch(f"/api/v1/videos/{made['Bäume']}", json={"tags": ["Herbst"], "visibility": "private"}).is_success
    page = open_studio(watch, service)
    expect(row(page, "Bäume")).to_contain_text("Private")
    for video_id in made.values():
        service.until_ready(video_id)
    expect(row(page, "Wind und Wetter").get_by_text("Ready")).to_have_count(1, timeout=30_000)  # without a reload
    page.page.get_by_label("Search titles").fill("wind")
    expect(row(page, "Bäume")).to_have_count(0)
    page.page.get_by_label("Order").select_option("title")
    expect(page.page.locator(".videos .title")).to_have_text(["Ähren im Wind", "Wind und Wetter"])
    assert "q=wind" in page.page.url and "sort=title" in page.page.url  # a link to share
    page.page.get_by_label("Search titles").fill("no such thing")
    page.page.get_by_role("button", name="Show all").click()
    page.page.get_by_role("button", name="Only videos tagged Herbst").click()
    expect(page.page.locator(".videos .title")).to_have_text(["Bäume"])
    page.page.get_by_role("button", name="Stop filtering by Herbst").click()
    page.page.get_by_label("Status").select_option("failed")
    expect(row(page, "Bäume")).to_have_count(0)
    leave(page)


def test_the_library_speaks_german(watch: Watch, service: Service) -> None:
    page = watch(locale="de-DE")
    page.page.goto(f"{service.url}/studio#key={service.key}")
    page.page.get_by_role("heading", name="Bibliothek").wait_for()
    assert page.page.get_attribute("html", "lang") == "de"
    leave(page)
