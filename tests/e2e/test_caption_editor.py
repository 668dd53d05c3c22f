"""The caption editor in a real browser: what one writes there is what viewers read, and nothing written is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import Watching
from granted import granted_s
from lecture_clips import Shape, make
from service import Service, until

from enrich.transcript import Transcript, Word
from infra.core.keys import SpeechKeys
from infra.db.models import Video
from infra.db.session import Database
from infra.storage.local import LocalStorage

Watch = Callable[..., Watching]
VTT = """WEBVTT

00:00:00.500 --> 00:00:03.000
A graf has nodes
and edges.

00:00:03.000 --> 00:00:05.000 align:start
Every edge joins <i>two</i> nodes &amp; a graf may be large.

00:00:05.500 --> 00:00:07.500
That is all.
"""


@pytest.fixture(scope="module")
def clip8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("editors") / "talk.mp4", Shape(duration_s=8, size="320x180", gop=50))


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as opened:
        yield opened


@pytest.fixture
def video(service: Service, clip8: Path, client: httpx.Client) -> dict[str, Any]:
    """A video with three captions in English."""
    made = service.upload(clip8, title="Graphs", language="en")
    assert client.put(f"/api/v1/videos/{made['id']}/captions/en", content=VTT).status_code == 201
    return made


@pytest.fixture
def edit(service: Service, watch: Watch) -> Callable[..., Watching]:
    """edit(video) opens its captions in the editor."""

    def open_editor(video: dict[str, Any], language: str = "", seen: Watching | None = None) -> Watching:
        seen = seen or watch()
        query = f"?language={language}" if language else ""
        seen.page.goto(f"{service.url}/studio/videos/{video['id']}/captions{query}#key={service.key}")
        seen.page.wait_for_selector(".bar select")
        return seen

    return open_editor


def texts(seen: Watching) -> list[str]:
    """What the captions in the list say, those that are edited too."""
    found: list[str] = seen.page.eval_on_selector_all(
        ".cue", "rows => rows.map(row => row.querySelector('textarea')?.value ?? "
        "row.querySelector('.text').textContent.trim())")
    return found


def saved(client: httpx.Client, video: dict[str, Any], language: str = "en") -> str:
    return client.get(f"/api/v1/videos/{video['id']}/captions/{language}").text


def until_saved(seen: Watching, revision: int) -> None:
    seen.page.get_by_text(f"Saved as revision {revision}.").first.wait_for()


def test_an_edited_caption_is_what_viewers_read(edit: Callable[..., Watching], watch: Watch, service: Service,
                                                video: dict[str, Any], client: httpx.Client) -> None:
    seen = edit(video)
    page = seen.page
    page.get_by_role("button", name="A graf has nodes").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("A graph has nodes\n& edges <3")
    seen.until("() => document.querySelector('.said').textContent.includes('& edges <3')", "the words over the picture")
    page.keyboard.press("Control+s")
    until_saved(seen, 2)
    assert "A graph has nodes\n&amp; edges &lt;3\n" in saved(client, video)
    assert "align:start\nEvery edge joins <i>two</i> nodes &amp; a graf" in saved(client, video)
    viewer = watch(f"{service.url}{video['watch_url']}")
    viewer.page.get_by_role("button", name="Captions").click()
    viewer.until_true("[...video.textTracks].some(track => track.mode === 'showing' && "
                      "[...track.cues ?? []].some(cue => cue.text.includes('A graph has nodes')))")


def test_split_merge_times_and_undo_by_keys(edit: Callable[..., Watching], video: dict[str, Any],
                                            client: httpx.Client) -> None:
    seen = edit(video)
    page = seen.page
    page.get_by_role("button", name="That is all.").click()
    page.evaluate("() => document.activeElement.setSelectionRange(7, 7)")
    page.keyboard.press("Alt+Enter")
    assert texts(seen)[2:] == ["That is", "all."]
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+m")
    assert texts(seen)[2:] == ["That is all."]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")  # there is no third step
    assert texts(seen)[2:] == ["That is all."]
    assert page.get_by_role("button", name="Undo").is_disabled() and page.get_by_role("button", name="Saved").is_disabled()
    page.keyboard.press("Control+Shift+z")
    assert texts(seen)[2:] == ["That is", "all."]
    page.keyboard.press("Alt+ArrowDown")
    seen.until("() => (({ seeking, readyState }) => !seeking && readyState >= 2)(document.querySelector('video'))",
               "the picture")
    page.evaluate("() => new Promise((resolve) => { const video = document.querySelector('video'); "
                  "video.addEventListener('seeked', resolve, { once: true }); video.currentTime = 7.25; })")
    page.keyboard.press("Alt+o")
    end = page.get_by_label("End", exact=True)
    assert end.input_value() == "0:07.250"
    page.get_by_label("Start", exact=True).fill("6,9")
    page.get_by_label("Start", exact=True).press("Enter")
    page.keyboard.press("Control+s")
    until_saved(seen, 2)
    assert saved(client, video).endswith("00:00:06.900 --> 00:00:07.250\nall.\n")


def test_find_and_replace(edit: Callable[..., Watching], video: dict[str, Any], client: httpx.Client) -> None:
    seen = edit(video)
    page = seen.page
    page.keyboard.press("Alt+h")
    page.keyboard.type("GRAF")
    page.get_by_text("It is in 2 places.").wait_for()
    page.get_by_label("Upper and lower case differ").check()
    page.get_by_text("It is nowhere.").wait_for()
    page.get_by_label("Upper and lower case differ").uncheck()
    page.get_by_label("Replace by").fill("graph")
    page.get_by_role("button", name="Next place").click()
    assert page.evaluate("() => getSelection().toString()") == "graf"
    page.get_by_role("button", name="Replace", exact=True).click()
    assert texts(seen)[0] == "A graph has nodes\nand edges."
    assert page.get_by_text("It is in one place.").is_visible()
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Replace all").click()
    page.get_by_text("2 places were replaced.").first.wait_for()
    page.keyboard.press("Control+s")
    until_saved(seen, 2)
    assert saved(client, video).count("graph") == 2 and "graf" not in saved(client, video)


def test_two_who_edit_the_same_lose_nothing(edit: Callable[..., Watching], video: dict[str, Any],
                                            client: httpx.Client) -> None:
    seen = edit(video)
    page = seen.page
    page.get_by_role("button", name="That is all.").click()
    page.keyboard.press("End")
    page.keyboard.type(" Mine.")
    other = client.put(f"/api/v1/videos/{video['id']}/captions/en", content=VTT.replace("That is all.", "Theirs."))
    assert other.status_code == 200
    page.keyboard.press("Control+s")
    page.get_by_text("Nothing is lost").wait_for()
    seen.complaints.clear()  # the browser reports the 409
    assert "Theirs." in saved(client, video)
    page.get_by_role("button", name="Show theirs").click()
    seen.until("() => document.querySelector('.cues').textContent.includes('Theirs.')", "theirs")
    page.keyboard.press("Control+z")
    assert texts(seen)[2] == "That is all. Mine."
    page.keyboard.press("Control+s")
    until_saved(seen, 3)
    assert "That is all. Mine." in saved(client, video)
    page.get_by_text("History", exact=True).click()
    page.get_by_role("button", name="Restore revision 2").click()
    seen.until("() => document.querySelector('.cues').textContent.includes('Theirs.')", "the revision before")
    page.keyboard.press("Control+s")
    until_saved(seen, 4)
    assert "Theirs." in saved(client, video)


def test_what_was_not_saved_is_offered_again(edit: Callable[..., Watching], video: dict[str, Any]) -> None:
    seen = edit(video)
    page = seen.page
    page.get_by_role("button", name="That is all.").click()
    page.keyboard.type("Not saved. ")
    page.goto("about:blank")
    edit(video, seen=seen)
    assert not any("Not saved" in text for text in texts(seen))
    page.get_by_role("button", name="Go on with it").click()
    assert any("Not saved." in text for text in texts(seen))
    page.keyboard.press("Control+s")
    until_saved(seen, 2)
    edit(video, seen=seen)
    assert not page.get_by_role("button", name="Go on with it").is_visible()


def test_words_in_doubt_are_marked(edit: Callable[..., Watching], service: Service, video: dict[str, Any]) -> None:
    heard = [("A", 0.9), ("graf", 0.31), ("has", 0.9), ("nodes", 0.9), ("and", 0.4), ("hedges.", 0.2)]
    words = [Word(text=f" {text}", start_s=0.5 + 0.3 * i, end_s=0.8 + 0.3 * i, probability=odds)
             for i, (text, odds) in enumerate(heard)]
    database = Database(f"sqlite:///{service.data / 'lectern.db'}")
    with database.write() as session:
        row = session.get_one(Video, video["id"])
        row.speech = {"spans": 1, "language": "en", "probability": 0.99, "model": "base"}
        organization = row.organization_id
    database.dispose()
    LocalStorage(service.data / "storage").put(SpeechKeys.of(organization, video["id"]).transcript, Transcript(
        language="en", words=tuple(words)).model_dump_json().encode())
    seen = edit(video)
    page = seen.page
    # "hedges" was corrected already, so that nobody has to look at it.
    assert page.locator("mark.doubt").all_inner_texts() == ["graf", "and"]
    page.keyboard.press("Alt+u")
    assert page.evaluate("() => getSelection().toString()") == "graf"
    page.keyboard.type("graph")
    assert page.locator("mark.doubt").all_inner_texts() == ["and"]
    assert page.get_by_role("button", name="1 uncertain word").is_visible()


def test_files_in_and_out_and_reading_rules(edit: Callable[..., Watching], video: dict[str, Any], client: httpx.Client,
                                            tmp_path: Path) -> None:
    seen = edit(video, "de")
    page = seen.page
    page.get_by_text("There are no captions in this language yet.").wait_for()
    file = tmp_path / "talk.srt"
    file.write_text("1\n00:00:00,500 --> 00:00:01,500\n"
                    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich & <b>weiter</b>\n\n"
                    "2\n00:00:01,200 --> 00:00:03,000\n<font color=red>Ende</font>\n")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("2 captions were read").first.wait_for()
    assert page.locator(".hints .badge").all_inner_texts() == [
        "a line of 72 characters: 42 fit", "72 characters a second: 20 can be read", "overlaps the next"]
    bad = tmp_path / "bad.vtt"
    bad.write_text("WEBVTT\n\nsoon --> later\nText\n")
    page.locator("input[type=file]").set_input_files(bad)
    page.get_by_text("Line 3 of this file can't be read").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export SRT").click()
    assert "Deich & <b>weiter</b>\n\n2\n00:00:01,200 --> 00:00:03,000\nEnde\n" in download.value.path().read_text()
    page.keyboard.press("Control+s")
    until_saved(seen, 1)
    assert "&amp; <b>weiter</b>" in saved(client, video, "de")
    assert page.locator(".bar select").input_value() == "de"


def test_the_list_follows_the_player(edit: Callable[..., Watching], video: dict[str, Any]) -> None:
    seen = edit(video)
    page = seen.page
    page.get_by_role("button", name="Play from 0:03.000").click()
    seen.until("() => document.querySelector('.cue[aria-current=true]')?.textContent.includes('Every edge')", "the caption")
    page.evaluate("() => (document.querySelector('video').muted = true)")
    page.keyboard.press("Alt+k")
    seen.until("() => document.querySelector('.cue[aria-current=true]')?.textContent.includes('That is all')", "the next")
    page.keyboard.press("Alt+k")
    assert page.evaluate("() => document.querySelector('video').paused")


def test_three_hours_of_captions_stay_quick(edit: Callable[..., Watching], service: Service, clip8: Path,
                                            client: httpx.Client) -> None:
    """Whatever its times, the list is as long as that of a lecture of three hours: 2,500 captions."""
    made = service.upload(clip8, title="Long", language="en")
    step_s = 8 / 2500
    stamps = [f"00:00:{i * step_s:06.3f} --> 00:00:{(i + 1) * step_s:06.3f}" for i in range(2500)]
    body = "WEBVTT\n\n" + "\n\n".join(f"{stamp}\nSentence {i} of many." for i, stamp in enumerate(stamps)) + "\n"
    assert client.put(f"/api/v1/videos/{made['id']}/captions/en", content=body).status_code == 201
    seen = edit(made)
    seen.page.get_by_text("Sentence 1200 of many.", exact=True).click()
    taken = json.loads(seen.page.evaluate("""async () => {
      const text = document.querySelector("textarea");
      const taken = [];
      for (let i = 0; i < 20; i += 1) {
        const from = performance.now();
        text.setRangeText("x", text.value.length, text.value.length, "end");
        text.dispatchEvent(new Event("input", { bubbles: true }));
        text.getBoundingClientRect(); // lays out what was drawn
        taken.push(performance.now() - from);
      }
      return JSON.stringify(taken);
    }"""))
    assert seen.page.locator(".cue").count() == 2500
    middle_ms = sorted(taken)[len(taken) // 2]
    assert middle_ms < 100, taken  # a letter is there before an eye misses it, on a busy machine too
    started_s = granted_s()
    seen.page.keyboard.press("Alt+ArrowDown")
    until(lambda: "1201" in seen.page.evaluate("() => document.activeElement.value ?? ''"), 5, "the next caption")
    assert granted_s() - started_s < 5
