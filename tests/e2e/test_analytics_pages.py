"""The pages of analytics in a real browser: what was posted is what they show."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from playwright.sync_api import Page, expect
from service import Service, until
from viewings import counted, view

from infra.db.session import Database
from player_api import keys
from player_api.keys import Scope

Watch = Callable[..., Watching]
VTT = ("WEBVTT\n\n00:00.500 --> 00:14.000\nWhat is said first.\n\n"
       "00:15.000 --> 00:20.000\nHere it becomes <i>difficult</i>.\n\n00:21.000 --> 00:39.000\nWhat is said last.\n")
CHAPTERS = [{"start_s": 0, "title": "Beginning"}, {"start_s": 20, "title": "End"}]


@pytest.fixture(scope="module")
def lecture(service: Service, clip: Path) -> dict[str, Any]:
    """40 s, of which ann saw all, ben, cat and dan the first half, and dan 4-8 twice."""
    video = service.upload(clip, title="Watched by four", language="en")
    with service.client() as client:
        assert client.put(f"/api/v1/videos/{video['id']}/captions/en", content=VTT).status_code == 201
        assert client.put(f"/api/v1/videos/{video['id']}/chapters", json=CHAPTERS).status_code == 200
    view(service, video, "ann", [(0, 40)])
    for name, more in (("ben", []), ("cat", []), ("dan", [(4, 8)])):
        view(service, video, name, [(0, 20), *more])
    counted(service, video, 4)
    return service.video(video["id"])


@pytest.fixture(scope="module")
def other(service: Service, clip: Path) -> dict[str, Any]:
    """Two learners saw all of it."""
    video = service.upload(clip, title="Watched by two", language="en")
    for name in ("ann", "eve"):
        view(service, video, name, [(0, 40)])
    counted(service, video, 2)
    return video


def opened(seen: Watching, service: Service, path: str, ready: str = "main h2") -> Page:
    seen.page.goto(f"{service.url}{path}#key={service.key}")
    seen.page.wait_for_selector(ready)
    return seen.page


def analytics(seen: Watching, service: Service, video: dict[str, Any], more: str = "") -> Page:
    return opened(seen, service, f"/studio/videos/{video['id']}/analytics{more}", ".chart canvas")


def curve(page: Page) -> Any:
    return page.get_by_role("slider", name="Share of the learners who saw each second")


def move_to(page: Page, second: float, length_s: float = 40) -> None:
    """The pointer onto the curve."""
    over = page.locator(".beside .u-over").bounding_box()
    assert over
    page.mouse.move(over["x"] + over["width"] * second / length_s, over["y"] + over["height"] / 2)


def test_the_curve_shows_what_was_watched(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    page = analytics(watch(), service, lecture)
    page.get_by_text("As a table").first.click()
    rows = page.locator(".beside table tbody tr")
    expect(rows).to_have_count(40)
    told = [row.split("\t") for row in rows.all_inner_texts()]
    assert [row[1] for row in told] == ["100%"] * 20 + ["25%"] * 20
    assert [row[3] for row in told] == ["0.25" if 4 <= second < 8 else "0" for second in range(40)]
    assert [row[4] for row in told] == ["25%" if 4 <= second < 8 else "0%" for second in range(40)]
    figures = page.locator("#section-figures .figures")
    expect(figures).to_contain_text("Learners Who watched a second at least")
    assert figures.locator("strong").all_inner_texts()[:2] == ["4", "4"]
    # 1 of 4 saw all, 62.5 % of the seconds were seen on average.
    assert figures.locator("strong").all_inner_texts()[3:] == ["63%", "25%", "25%"]


def test_pointing_at_the_curve_shows_that_second_and_a_click_plays_from_there(
        watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    seen = watch()
    page = analytics(seen, service, lecture)
    move_to(page, 16.5)
    expect(page.locator(".readout").first).to_contain_text("0:16: 100% saw it · Beginning · “Here it becomes difficult.”")
    picture = page.locator(".frame img")
    expect(picture).to_have_attribute("src", f"/play/{lecture['playback_id']}/thumbnail.jpg?time=16.5")
    until(lambda: picture.evaluate("one => one.naturalWidth > 0 && !one.hidden"), 60, "the picture of second 16")
    assert curve(page).get_attribute("aria-valuenow") == "16"
    move_to(page, 30.5)
    expect(page.locator(".readout").first).to_contain_text("0:30: 25% saw it · End")
    page.mouse.down()
    page.mouse.up()
    until(lambda: page.evaluate("document.querySelector('video').currentTime > 30.5"), 60, "playing from 30 s")
    page.get_by_role("button", name="Play from 0:15").click()  # of the drop-off
    until(lambda: 15.3 < page.evaluate("document.querySelector('video').currentTime") < 30, 60, "playing from 15 s")
    page.goto("about:blank")


def test_the_keyboard_reads_the_curve_and_plays_from_it(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    page = analytics(watch(), service, lecture)
    curve(page).focus()
    for key, second in (("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("ArrowLeft", 10), ("End", 39), ("ArrowRight", 39),
                        ("PageDown", 29)):
        page.keyboard.press(key)
        assert curve(page).get_attribute("aria-valuenow") == str(second), key
    assert curve(page).get_attribute("aria-valuetext") == "0:29: 25% saw it · End · “What is said last.”"
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("document.querySelector('video').currentTime > 29.3"), 60, "playing from 29 s")
    page.goto("about:blank")


def test_drop_offs_tell_what_is_said_there_and_chapters_what_was_seen_of_them(
        watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    page = analytics(watch(), service, lecture)
    drops = page.locator(".drops li")
    expect(drops).to_have_count(1)
    expect(drops).to_contain_text("3 of 4 left here (75%)")
    expect(drops).to_contain_text("“Here it becomes difficult.”")
    until(lambda: drops.locator("img").evaluate("one => one.naturalWidth > 0"), 60, "the picture of the place")
    lines = page.locator("#section-chapters tbody tr").all_inner_texts()
    assert ["Beginning" in lines[0], "100%" in lines[0], "3 (75%)" in lines[0]] == [True] * 3
    assert ["End" in lines[1], "25%" in lines[1], "1 (25%)" in lines[1]] == [True] * 3
    expect(page.locator("#section-quality")).to_contain_text("0.8 s")
    expect(page.locator("#section-correlation")).to_contain_text("Associations, not causes")
    expect(page.locator("#section-correlation")).to_contain_text("from 30 learners on")


def test_what_is_watched_is_on_the_curve_within_seconds(watch: Watch, service: Service, clip: Path) -> None:
    video = service.upload(clip, title="Nobody yet", language="en")
    page = opened(watch(), service, f"/studio/videos/{video['id']}/analytics")
    expect(page.get_by_text("Nobody has watched this video yet.")).to_be_visible()
    # A browser without a screen says so in its name, and such programs are not counted.
    viewer = watch(f"{service.url}{video['watch_url']}", user_agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0")
    viewer.play()
    viewer.until_true("video.currentTime > 3.2")
    viewer.ask("video.pause()")
    viewer.page.wait_for_timeout(300)
    viewer.page.goto("about:blank")
    curve(page).wait_for(timeout=5000)
    curve(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert str(curve(page).get_attribute("aria-valuetext")).startswith("0:01: 100% saw it")


def test_learners_are_a_table_by_pseudonym_that_is_sorted(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    with service.client() as client:
        told = [{"learner": "ben", "item": "q1", "score": 0.5, "at": "2026-02-11T10:00:00Z", "video_id": lecture["id"]}]
        assert client.post("/api/v1/assessments/results", json={"results": told}).is_success
        known = client.get(f"/api/v1/videos/{lecture['id']}/analytics/learners", params={"sort": "progress"}).json()["data"]
    page = analytics(watch(), service, lecture)
    part = page.locator("#section-by-learner")
    expect(part.locator("tbody tr")).to_have_count(4)
    part.get_by_role("button", name="Seen", exact=True).click()
    expect(part.locator("th[aria-sort=descending]")).to_have_text(re.compile("Seen"))
    assert part.locator("tbody code").all_inner_texts() == [one["learner"][:8] for one in known["items"]]
    first = part.locator("tbody tr").first
    expect(first).to_contain_text("100%")
    expect(first).to_contain_text("Completed")
    part.get_by_role("button", name="Watched again").click()
    expect(part.locator("tbody tr").first).to_contain_text("4 s")  # dan
    part.get_by_role("button", name="Results").click()
    expect(part.locator("tbody tr").first).to_contain_text("50% (one question)")
    assert page.locator("header.shell nav [aria-current=page]").inner_text() == "Analytics"

    # On a phone each learner is a block of lines, with the names of what they say.
    page.set_viewport_size({"width": 360, "height": 740})
    table = part.locator(".scrolled")
    until(lambda: table.evaluate("one => one.scrollWidth <= one.clientWidth"), 10, "it does not scroll sideways")
    assert part.locator("tbody tr").first.locator("td").first.evaluate(
        "one => getComputedStyle(one, '::before').content") == '"Seen"'
    part.get_by_role("button", name="Seen", exact=True).click()
    expect(part.get_by_role("row").nth(1).get_by_role("cell").first).to_have_text("100%")
    if folder := os.environ.get("LECTERN_PICTURES"):
        part.screenshot(path=f"{folder}/learners-phone.png")


def test_an_analysts_key_is_enough_for_the_page_of_a_video(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    database = Database(f"sqlite:///{service.data}/lectern.db")
    with database.write() as session:
        mine = keys.authenticate(session, f"Bearer {service.key}").organization_id
        secret = keys.create(session, mine, "analyst", [Scope.ANALYST])[1]
    database.dispose()
    page = watch().page
    page.goto(f"{service.url}/studio/analytics#key={secret}")
    page.get_by_role("link", name="Watched by four").click()
    page.wait_for_selector(".chart canvas")
    expect(page.locator(".drops li")).to_contain_text("Here it becomes difficult.")  # captions, and the picture
    expect(page.get_by_role("alert")).to_have_count(0)

    # What would be refused is not offered, and the page of the video says so.
    tabs = page.get_by_role("navigation", name="Pages of this video")
    expect(tabs.get_by_role("link")).to_have_text(["Video", "Captions", "Chapters", "Analytics"])
    expect(page.get_by_role("navigation", name="Lectern").get_by_role("link")).to_have_text(["Library", "Analytics"])
    tabs.get_by_role("link", name="Video").click()
    expect(page.get_by_role("status").filter(has_text="This key may look, and change nothing")).to_be_visible()
    expect(page.get_by_role("heading", name="Captions")).to_be_visible()
    for name in ("Save", "Delete", "Import", "Delete this video"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    if folder := os.environ.get("LECTERN_PICTURES"):
        page.screenshot(path=f"{folder}/reads-only.png")

    # The editors are there to be read: what is said and when, and the sentence; nothing changes it, by hand or by key.
    written = {"captions": page.locator(".cue"), "chapters": page.locator(".chapter"), "trim": page.locator(".trim video")}
    for name, seen in written.items():
        page.goto(f"{service.url}/studio/videos/{lecture['id']}/{name}")
        expect(seen.first).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="This key may look, and change nothing")).to_be_visible()
        seen.first.get_by_role("button").first.click() if name != "trim" else None
        page.keyboard.press("Alt+ArrowDown")
        for key in ("Alt+N", "Alt+Backspace", "Control+S"):
            page.keyboard.press(key)
        expect(page.locator("main").get_by_role("textbox")).to_have_count(0)
        expect(page.locator("main").get_by_role("slider")).to_have_count(0)
        buttons = [one.inner_text() for one in page.locator("main").get_by_role("button").all()]
        assert not {"Save", "Saved", "Trim", "Undo", "Import", "Add a language", "Add a chapter at this second", "Delete",
                    "New caption at this second"} & set(buttons), buttons
        expect(page.get_by_role("alert")).to_have_count(0)
        if folder := os.environ.get("LECTERN_PICTURES"):
            page.screenshot(path=f"{folder}/reads-only-{name}.png")
    page.goto(f"{service.url}/studio")
    page.wait_for_selector(".video-row")
    expect(page.get_by_text("Upload videos")).to_be_hidden()
    assert page.evaluate("""async () => (await (await fetch("/api/v1/key", { headers: {
        Authorization: `Bearer ${sessionStorage["lectern.key"]}` } })).json()).scopes""") == ["analyst"]


@pytest.mark.parametrize("file", ["csv", "json"])
def test_every_metric_is_there_as_a_file(watch: Watch, service: Service, lecture: dict[str, Any], tmp_path: Path,
                                         file: str) -> None:
    page = analytics(watch(), service, lecture)
    for name in ("Summary", "Retention", "Rewatch", "Drop-off", "Completion", "Chapters", "By learner",
                 "Quality of experience", "Correlation"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"{name} as {file.upper()}", exact=True).click()
        assert download.value.suggested_filename.endswith(f".{file}")
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
        if file == "json":
            assert json.loads(saved.read_text())["video_id"] == lecture["id"]
        else:
            assert len(list(csv.reader(saved.read_text().splitlines()))) >= (1 if name == "Correlation" else 2)
    if file == "csv":
        rows = list(csv.reader((tmp_path / f"{lecture['id']}-retention.csv").read_text().splitlines()))
        assert [float(row[1]) for row in rows[1:]] == [1.0] * 20 + [0.25] * 20


def test_two_videos_are_laid_over_each_other_with_intervals(watch: Watch, service: Service, lecture: dict[str, Any],
                                                           other: dict[str, Any]) -> None:
    page = analytics(watch(), service, lecture)
    page.get_by_label("With another video").select_option(label="Watched by two")
    part = page.locator("#section-compare")
    completed = part.locator("tr", has_text="Completed")
    expect(completed).to_contain_text("25%")
    expect(completed).to_contain_text("100%")
    expect(completed).to_contain_text("-75%")
    with service.client() as client:
        told = client.get(f"/api/v1/videos/{lecture['id']}/analytics/compare", params={"with": other["id"]}).json()["data"]
    [its] = [one for one in told["videos"]["compared"]["figures"] if one["name"] == "completion_rate"]
    expect(completed).to_contain_text("The interval does not hold 0." if its["high"] < 0 else "this may be chance")
    expect(part.locator("tr", has_text="Views")).to_contain_text("A count: known, not estimated.")
    both = page.get_by_role("slider", name="Both, side by side")
    both.focus()
    page.keyboard.press("End")
    assert "At 99%: 25% here, 100% there; difference -75%" in str(both.get_attribute("aria-valuetext"))
    assert f"with={other['id']}" in page.url  # the address can be given to somebody


def test_these_weeks_are_compared_with_those_before(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    page = analytics(watch(), service, lecture, "?weeks=4")
    part = page.locator("#section-compare")
    expect(part.get_by_label("With the time before")).to_have_value("4")
    expect(part.locator("tr", has_text="New learners")).to_contain_text("4")
    weeks = page.get_by_role("slider", name="Both, side by side")
    weeks.focus()
    page.keyboard.press("Home")
    assert weeks.get_attribute("aria-valuetext") == "0:00: played 4 times, before – times"


def test_what_was_watched_live_is_told_from_what_was_watched_later(watch: Watch, service: Service, clip: Path) -> None:
    video = service.upload(clip, title="Was live", language="en")
    view(service, video, "ann", [(0, 20)], live=True)
    for name in ("ben", "cat"):
        view(service, video, name, [(0, 40)])
    counted(service, video, 3)
    page = analytics(watch(), service, video)
    figures = page.locator("#section-figures .figure")
    expect(figures.filter(has_text="Watched live")).to_contain_text("20 s one learner")
    expect(figures.filter(has_text="Watched later")).to_contain_text("80 s 2 learners")


def test_groups_of_learners_are_laid_over_each_other(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    with service.client() as client:
        for tag, learners in (("morning", ["ann", "dan"]), ("evening", ["ben", "cat"]), ("away", ["zoe"])):
            assert client.put("/api/v1/cohorts", json={"tag": tag, "learners": learners}).is_success
    page = analytics(watch(), service, lecture, "?cohort=morning")
    part = page.locator("#section-cohorts")
    expect(part.get_by_label("morning 2 learners")).to_be_checked()
    expect(part.get_by_label("away not shown")).to_be_disabled()
    part.get_by_label("evening 2 learners").check()
    expect(part.locator("tr", has_text="Completed")).to_have_text(re.compile(r"Completed\s*50%.*0%"))
    expect(part.locator("tr", has_text="Seen on average")).to_have_text(re.compile(r"Seen on average\s*75%\s*50%"))
    expect(part.locator(".against")).to_contain_text("evening against morning:")
    expect(part.locator(".against")).to_contain_text("Completed: -50% (")
    both = page.get_by_role("slider", name="Share of each group that saw each second")
    both.focus()
    page.keyboard.press("End")
    assert both.get_attribute("aria-valuetext") == "0:39 · morning: 50% · evening: 0% · All learners: 25%"
    assert page.url.endswith("?cohort=morning&cohort=evening")
    with page.expect_download() as download:
        page.get_by_role("button", name="Groups as CSV").click()
    assert download.value.suggested_filename == f"{lecture['id']}-cohorts.csv"
    if folder := os.environ.get("LECTERN_PICTURES"):
        part.screenshot(path=f"{folder}/cohorts.png")


def test_the_overview_lists_all_videos_and_sorts_them(watch: Watch, service: Service, lecture: dict[str, Any],
                                                      other: dict[str, Any]) -> None:
    page = opened(watch(), service, "/studio/analytics", "table.library")
    names = [lecture["title"], other["title"]]

    def order() -> list[str]:
        listed = page.locator("table.library tbody th a").all_inner_texts()
        return [name for name in listed if name in names]

    assert order() == names  # by views
    page.get_by_role("button", name="Seen on average").click()
    until(lambda: order() == names[::-1], 20, "sorted by engagement")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Seen on average")
    with service.client() as client:  # a course is a tag of its videos
        assert client.patch(f"/api/v1/videos/{lecture['id']}", json={"tags": ["Physics"]}).is_success
    page.get_by_role("button", name="Only videos tagged Physics").click()
    until(lambda: order() == names[:1], 20, "only those of the course")
    page.get_by_role("button", name="All videos again, not only those tagged Physics").click()
    until(lambda: order() == names[::-1], 20, "all of them")
    row = page.locator("tr", has_text=lecture["title"])
    assert [cell.strip() for cell in row.locator("td").all_inner_texts()][1:3] == ["4", "4"]
    with page.expect_download() as download:
        page.get_by_role("button", name="How the videos are watched as CSV").click()
    assert download.value.suggested_filename == "overview.csv"
    row.get_by_role("link").click()
    page.wait_for_selector(".chart canvas")
    assert page.url.endswith(f"/studio/videos/{lecture['id']}/analytics")


@pytest.mark.slow
def test_too_few_learners_are_not_shown_and_the_page_says_why(watch: Watch, start: Callable[..., Service],
                                                              clip: Path) -> None:
    service = start(LECTERN_ANALYTICS_K="3")
    video = service.upload(clip, title="Two of three", language="en")
    for name in ("ann", "ben"):
        view(service, video, name, [(0, 10)])
    seen = watch()
    page = opened(seen, service, f"/studio/videos/{video['id']}/analytics")
    expect(page.get_by_text("Fewer than 3 learners have watched this video so far.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("The curves appear from 3 learners on.")).to_be_visible()
    assert page.locator(".beside canvas[data-metric=retention]").count() == 0
    overview = watch()
    opened(overview, service, "/studio/analytics", "table.library")
    expect(overview.page.locator("table.library")).to_contain_text("fewer than 3")
    view(service, video, "cat", [(0, 40)])
    page.get_by_role("slider", name="Share of the learners who saw each second").wait_for(timeout=20_000)
    for one in (seen, overview):
        one.page.goto("about:blank")
    service.stop()


def test_the_pages_speak_german(watch: Watch, service: Service, lecture: dict[str, Any]) -> None:
    page = analytics(watch(locale="de-DE"), service, lecture)
    assert page.locator("html").get_attribute("lang") == "de"
    expect(page.get_by_role("heading", name="Wo Lernende gehen")).to_be_visible()
