"""What stands beside the player, in a real browser: transcript, search inside, slides, chapters; by mouse and keyboard."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import ffmpeg
from service import Service

from enrich.phrases import Phrase
from enrich.slide import Slide, Slides
from infra.core import keys
from infra.core.search_index import Kind, Passage
from infra.db import search
from infra.db.models import Video
from infra.db.session import Database
from infra.storage.local import LocalStorage
from player_api import chapters

Watch = Callable[..., Watching]
# Each sentence of four words has four seconds: its words begin one after the other.
SENTENCES = [f"Sentence number {n} speaks of {'graphs' if n % 5 == 0 else 'nothing'}." for n in range(14)]
VTT = "WEBVTT\n\n" + "\n".join(f"00:{4 * n:02}.000 --> 00:{4 * n + 4:02}.000\n{text}\n" for n, text in enumerate(SENTENCES))
GERMAN = "WEBVTT\n\n00:00.000 --> 00:04.000\nSatz Nummer null.\n"
CURRENT = "document.querySelector('.said [aria-current]')?.textContent"


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A minute with captions in two languages, chapters, a topic, and two slides of which one is built up."""
    talk = tmp_path_factory.mktemp("panel") / "talk.mp4"
    subprocess.run([ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "color=gray:size=320x180:rate=10", "-f", "lavfi", "-i",
                    "sine", "-t", "60", "-g", "20", "-preset", "ultrafast", talk], check=True)  # nothing to be read in it
    made = service.until_ready(service.upload(talk, title="Graphs", language="en")["id"])
    at = f"/api/v1/videos/{made['id']}"
    with service.client() as client:
        assert client.put(f"{at}/captions/en", content=VTT).status_code == 201
        assert client.put(f"{at}/captions/de", content=GERMAN).status_code == 201
        assert client.put(f"{at}/chapters", json=[{"start_s": 0, "title": "Nodes"},
                                                  {"start_s": 30, "title": "Graphs & trees"}]).status_code == 200
    found = Slides(slides=(Slide(start_s=0, end_s=20, new=True, title="Nodes", image=10),
                           Slide(start_s=20, end_s=25, new=True, title="Edges", image=210),
                           Slide(start_s=25, end_s=60, new=False, title="Edges", image=260)))
    database = Database(f"sqlite:///{service.data / 'lectern.db'}")
    with database.write() as session:
        row = session.get_one(Video, made["id"])
        chapters.save_topics(session, row, [Phrase(text="graph theory", score=9, times_s=(21, 41))])
        search.replace(session, row.organization_id, row.id, Kind.SLIDE, [Passage(20, 60, "Edges of a graph")])
        key = keys.slides(row.organization_id, row.id)
    LocalStorage(service.data / "storage").put(key, found.model_dump_json().encode())
    database.dispose()
    return made


@pytest.fixture
def page(service: Service, video: dict[str, Any], watch: Watch) -> Iterator[Watching]:
    seen = watch(f"{service.url}{video['watch_url']}")
    seen.page.locator(".said [data-n]").first.wait_for()
    yield seen
    seen.page.goto("about:blank")


def test_the_transcript_goes_along_and_a_word_leads_to_its_second(page: Watching) -> None:
    page.ask("void (video.currentTime = 21)")
    page.until(f"() => {CURRENT}?.startsWith('Sentence number 5')", "what is said is marked")
    assert page.page.locator(".said [aria-current]").count() == 1
    word = page.page.evaluate("""() => {
        const text = document.querySelectorAll('.said [data-n]')[2].firstChild;
        const range = new Range();
        const at = text.data.indexOf('speaks');
        range.setStart(text, at + 2);
        range.setEnd(text, at + 3);
        range.startContainer.parentElement.scrollIntoView({ block: 'center' });
        const box = range.getBoundingClientRect();
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    }""")
    page.page.mouse.click(word["x"], word["y"])
    page.until_true("!video.seeking && video.currentTime > 9.5 && video.currentTime < 11")  # the sentence begins at 8
    page.until(f"() => {CURRENT}?.startsWith('Sentence number 2')", "it is marked")


def test_it_scrolls_along_until_the_reader_scrolls(page: Watching) -> None:
    scroller = page.page.locator(".reading .scroller")
    page.page.set_viewport_size({"width": 1280, "height": 560})  # not all of it fits
    in_view = """() => {
        const box = document.querySelector('.reading .scroller').getBoundingClientRect();
        const now = document.querySelector('.said [aria-current]').getBoundingClientRect();
        return now.top >= box.top && now.bottom <= box.bottom;
    }"""
    top = "() => document.querySelector('.reading .scroller').scrollTop"
    page.ask("void (video.currentTime = 57)")
    page.until(in_view, "it went along")
    page.until(f"() => ({top})() > 20", "by scrolling")
    follow = page.page.get_by_role("button", name="Follow the video")
    assert not follow.is_visible()

    scroller.hover()
    page.page.mouse.wheel(0, -3000)
    follow.wait_for()
    page.until(f"() => ({top})() === 0", "the reader is at the top")
    page.ask("void (video.currentTime = 53)")
    page.until(f"() => {CURRENT}?.startsWith('Sentence number 13')", "the next one is said")
    assert page.page.evaluate(top) == 0
    follow.click()
    page.until(in_view, "it goes along again")
    assert not follow.is_visible()


def test_search_marks_words_lists_places_and_draws_them_on_the_time_bar(page: Watching) -> None:
    page.page.keyboard.press("/")
    field = page.page.get_by_role("searchbox", name="Search inside")
    assert field.evaluate("(node) => node === document.activeElement")
    field.press_sequentially("graph")
    hits = page.page.get_by_role("list", name="Places that were found").get_by_role("button")
    page.until("() => document.querySelectorAll('.hits button').length >= 4", "hits")
    found = [" ".join(text.split()) for text in hits.all_inner_texts()]
    assert [text for text in found if "On a slide" in text] == ["0:20 On a slide Edges of a graph"]
    assert any(text.startswith("0:30 Chapter Graphs & trees") for text in found)
    said = [text for text in found if "Said" in text]
    assert [text.split()[0] for text in said] == sorted((text.split()[0] for text in said), key=lambda t: (len(t), t))
    assert page.page.locator(".hits mark").first.inner_text().lower().startswith("graph")
    assert page.page.evaluate("[...CSS.highlights.get('lectern-hit')].map(String)") == ["graphs"] * 3
    assert page.page.locator(".marks i").count() == len(found)
    hits.filter(has_text="Said").first.click()
    # The word itself, and not the passage of half a minute that it is in.
    page.until_true("!video.seeking && video.currentTime > 2.5 && video.currentTime < 4")

    field.fill("nobodysaysthis")
    page.until("() => document.querySelector('.find [role=status]').textContent === 'Nothing was found'", "so it says")
    assert page.page.locator(".marks i").count() == 0
    field.press("Escape")
    assert field.input_value() == ""


def test_tabs_go_by_arrow_keys(page: Watching) -> None:
    tabs = page.page.get_by_role("tab")
    page.until("() => document.querySelectorAll('[role=tab]:not([hidden])').length === 3", "three tabs")
    assert tabs.all_inner_texts() == ["Transcript", "Slides", "Chapters"]
    tabs.nth(0).focus()
    before_s = page.ask("video.currentTime")
    for name in ("Slides", "Chapters", "Transcript", "Chapters"):
        page.page.keyboard.press("ArrowLeft" if (name, tabs.nth(0).get_attribute("aria-selected")) == ("Chapters", "true")
                                 else "ArrowRight")
        tab = page.page.get_by_role("tab", name=name)
        assert tab.get_attribute("aria-selected") == "true"
        assert tab.evaluate("(node) => node === document.activeElement && node.tabIndex === 0")
        assert page.page.get_by_role("tabpanel", name=name).is_visible()
        assert page.page.get_by_role("tabpanel").count() == 1
    page.page.keyboard.press("Home")
    assert tabs.nth(0).get_attribute("aria-selected") == "true"
    assert page.ask("video.currentTime") == before_s  # they are not the player's arrows here

    page.page.get_by_role("button", name="Go to 0:00").first.focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    page.until_true("!video.seeking && video.currentTime === 28")


def test_slides_with_their_pictures(page: Watching) -> None:
    page.page.get_by_role("tab", name="Slides").click()
    buttons = page.page.get_by_role("tabpanel", name="Slides").get_by_role("button")
    assert [text.split() for text in buttons.all_inner_texts()] == [["0:00", "Nodes"], ["0:20", "Edges"]]
    page.until("() => [...document.querySelectorAll('#pane-slides img')].every(({ naturalWidth }) => naturalWidth > 100)",
               "the pictures")
    assert page.page.locator("#pane-slides img").nth(1).get_attribute("src").endswith("?time=26")  # when it is complete
    buttons.nth(1).click()
    page.until_true("!video.seeking && video.currentTime === 20")
    page.until("() => document.querySelector('#pane-slides [aria-current]').textContent.includes('Edges')", "it is marked")
    assert page.page.locator("#pane-slides [aria-current]").count() == 1


def test_scenes_of_a_film_stand_where_it_has_any(page: Watching, service: Service, video: dict[str, Any]) -> None:
    assert page.page.get_by_role("tab", name="Scenes").is_hidden()
    picture = f"/play/{video['playback_id']}/thumbnail.jpg?time="
    page.page.route("**/scenes.json", lambda route: route.fulfill(json={"state": "done", "message": None, "items": [
        {"start_s": at_s, "end_s": at_s + 20, "image_url": f"{picture}{at_s + 10}"} for at_s in (0, 20, 40)]}))
    page.open(f"{service.url}{video['watch_url']}")
    page.page.get_by_role("tab", name="Scenes").click()
    page.page.get_by_role("tabpanel", name="Scenes").get_by_role("button", name="0:40").click()
    page.until_true("!video.seeking && video.currentTime === 40")


def test_chapters_and_topics(page: Watching) -> None:
    page.page.get_by_role("tab", name="Chapters").click()
    pane = page.page.get_by_role("tabpanel", name="Chapters")
    pane.get_by_role("button", name="Graphs & trees").click()
    page.until_true("!video.seeking && video.currentTime === 30")
    page.until("() => document.querySelector('.chapters [aria-current]').textContent.includes('trees')", "it is marked")
    assert "graph theory" in pane.inner_text()
    pane.get_by_role("button", name="Go to 0:41").click()
    page.until_true("!video.seeking && video.currentTime === 41")


def test_the_text_can_be_taken_along_in_each_language(page: Watching, tmp_path: Path) -> None:
    with page.page.expect_download() as vtt:
        page.page.get_by_role("link", name="Download VTT").click()
    vtt.value.save_as(tmp_path / "en.vtt")
    assert (tmp_path / "en.vtt").read_text().startswith("WEBVTT")
    with page.page.expect_download() as txt:
        page.page.get_by_role("link", name="Download TXT").click()
    assert txt.value.suggested_filename == "en.txt"
    txt.value.save_as(tmp_path / "en.txt")
    assert " ".join((tmp_path / "en.txt").read_text().split()) == " ".join(SENTENCES)
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.get_by_role("button", name="Copy", exact=True).click()
    page.page.get_by_role("button", name="Copied").wait_for()
    assert " ".join(page.page.evaluate("navigator.clipboard.readText()").split()) == " ".join(SENTENCES)

    page.page.get_by_label("Language", exact=True).select_option("de")
    page.until("() => document.querySelector('.said').textContent.includes('Satz Nummer null.')", "German")
    assert page.page.locator(".said").get_attribute("lang") == "de"


def test_a_lecture_of_three_hours_is_read_as_fast(service: Service, video: dict[str, Any], watch: Watch) -> None:
    sentences = [{"start_s": 4.3 * n, "end_s": 4.3 * n + 4, "words": [
        [4.3 * n + 0.4 * i, word if not i else f" {word}"] for i, word in enumerate(
            f"This is sentence number {n} of many more to come.".split())]} for n in range(2500)]
    seen = watch()
    seen.page.route("**/transcript.json", lambda route: route.fulfill(json={
        "state": "done", "message": None, "language": "en", "languages": [], "sentences": sentences}))
    seen.open(f"{service.url}{video['watch_url']}")
    seen.until("() => document.querySelectorAll('.said [data-n]').length === 2500", "25,000 words")
    took_ms = seen.page.evaluate("""async () => {
        const { video } = window.lectern;
        Object.defineProperty(video, 'currentTime', { value: 9000.5, configurable: true });
        await new Promise(requestAnimationFrame);
        const began = performance.now();
        video.dispatchEvent(new Event('timeupdate'));
        document.querySelector('.reading .scroller').getBoundingClientRect();
        const took = performance.now() - began;
        delete video.currentTime;
        return took;
    }""")
    assert seen.page.evaluate(f"() => {CURRENT}").startswith("This is sentence number 2093")
    assert took_ms < 250, took_ms  # on a machine with other work; a frame or two on an idle one
    seen.page.goto("about:blank")


def test_it_stands_right_of_the_player_or_below_and_never_moves_it(service: Service, video: dict[str, Any],
                                                                   watch: Watch) -> None:
    for width, height in ((1280, 800), (360, 740)):
        seen = watch(viewport={"width": width, "height": height})
        seen.page.add_init_script("""
            window.moved = 0;
            const ofPlayer = ({ node }) => node?.parentElement?.closest('.stage, main:has(> .panel) > h1');
            new PerformanceObserver((list) => list.getEntries().filter(({ sources }) => sources.some(ofPlayer))
              .forEach((one) => (window.moved += one.value))).observe({ type: 'layout-shift', buffered: true });""")
        seen.open(f"{service.url}{video['watch_url']}")
        seen.page.locator(".said [data-n]").first.wait_for()
        panel, player = seen.page.locator(".panel").bounding_box(), seen.page.locator("video").bounding_box()
        assert panel and player
        if width > 1000:
            assert panel["x"] >= player["x"] + player["width"] and panel["y"] < player["y"] + player["height"]
        else:
            assert panel["y"] >= player["y"] + player["height"]
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.page.evaluate("window.moved") == 0
        seen.page.goto("about:blank")


def test_an_embedded_player_stands_alone(service: Service, video: dict[str, Any], watch: Watch) -> None:
    seen = watch(f"{service.url}/embed/{video['playback_id']}")
    assert seen.page.locator(".panel").count() == 0
    seen.page.goto("about:blank")


def test_a_video_without_any_says_so_in_the_readers_language(service: Service, clip: Path, watch: Watch) -> None:
    bare = service.upload(clip, title="Bare")
    seen = watch(f"{service.url}{bare['watch_url']}?lang=de")
    seen.page.get_by_text("Zu diesem Video gibt es kein Transkript.").wait_for()
    assert not seen.page.get_by_role("tab", name="Kapitel").is_visible()
    seen.page.goto("about:blank")
    with service.client() as client:
        client.delete(f"/api/v1/videos/{bare['id']}")
