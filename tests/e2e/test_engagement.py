"""What was watched arrives, second by second: real playing in a real browser, against the frames it showed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import Browser, Route
from recording import FRAMES, Recorder, accepted, merged, send_to, shown, tenths
from service import Service, until

pytestmark = pytest.mark.real_time  # a browser without a processor shows half a second more than it says

Watch = Callable[..., Watching]
FRAME_S = 1 / 25


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Small, so that it is rendered before anybody can wait for it."""
    path = make(tmp_path_factory.mktemp("small") / "small.mp4", Shape(duration_s=30, size="640x360", gop=50))
    return service.upload(path)


@pytest.fixture
def recorder(clip: Path) -> Iterator[Recorder]:
    with Recorder(clip) as started:
        yield started


def opened(watch: Watch, recorder: Recorder, **how: Any) -> Watching:
    """The other site's page, playing."""
    page = watch(recorder.page_url, **how)
    page.play()
    page.until_true("video.currentTime > 0.3")
    return page


def assert_shown(recorder: Recorder, frames: list[list[Any]], off_s: float = 0.2) -> None:
    """The intervals are the frames that were on the screen."""
    said, true = merged(recorder.watched()), shown(frames, FRAME_S)
    told = f"\nsaid  {tenths(said)}\nshown {tenths(true)}"
    assert [one[2:] for one in said] == [one[2:] for one in true], told
    apart_s = max(abs(one[end] - other[end]) for one, other in zip(said, true, strict=True) for end in (0, 1))
    print(f"at most {apart_s:.3f} s apart: {told}")
    for one, other in zip(said, true, strict=True):
        assert abs(one[0] - other[0]) <= off_s and abs(one[1] - other[1]) <= off_s, told


def test_play_seek_replay_speed_pause_and_close_on_the_watch_page(watch: Watch, service: Service, recorder: Recorder,
                                                                  video: dict[str, Any]) -> None:
    page = watch(bypass_csp=True)
    send_to(page.page, recorder)
    page.open(f"{service.url}{video['watch_url']}")
    page.ask(f"(() => {{ {FRAMES} }})()")
    page.play()
    page.until_true("video.currentTime > 2")
    page.seek(20)
    page.until_true("video.currentTime > 21")
    page.seek(1)  # again
    page.until_true("video.currentTime > 2")
    page.menu("Speed").select_option(label="2×")
    page.until_true("video.currentTime > 5")
    page.ask("video.pause()")
    page.page.wait_for_timeout(300)
    page.play()
    page.page.wait_for_timeout(700)
    page.until_true("video.currentTime > 6.5")
    frames = page.ask("frames_shown")
    left_s = page.ask("video.currentTime")
    page.page.goto("about:blank")  # in the middle of playing
    until(lambda: recorder.whole() and left_s <= recorder.watched()[-1]["to"] / 1000 < left_s + 1, 5, "the last seconds")
    frames.append([recorder.watched()[-1]["to"] / 1000 - FRAME_S, frames[-1][1] + 1000, *frames[-1][2:]])
    assert_shown(recorder, frames)

    [session] = {body["session"] for body in recorder.bodies}
    assert {(body["v"], body["video"], body["token"]) for body in recorder.bodies} == {(1, video["playback_id"], "token-1")}
    events = recorder.events()
    assert all(len(event["id"]) == 36 and event["id"][14] == "7" for event in events)
    seeks = [(event["seek_from"] // 1000, event["seek_to"]) for event in events if event["type"] == "seek"]
    assert seeks == [(2, 20_000), (21, 1000)]
    watched = recorder.watched(session)
    assert 0 <= watched[0]["startup_ms"] < 30_000
    assert all(event["bitrate"] > 10_000 and event["height"] == 360 for event in watched)
    assert [event["type"] for event in events if event["type"] in ("load", "play", "pause", "rate")] == [
        "load", "play", "rate", "pause", "play"]


def test_what_could_not_be_sent_is_sent_later_and_once(watch: Watch, recorder: Recorder) -> None:
    page = opened(watch, recorder)
    recorder.answer = lambda body: (503, {}, {"Retry-After": "1"})
    page.until_true("video.currentTime > 2")
    page.ask("video.pause()")
    page.ask("void viewing.flush()")
    page.until("() => localStorage.length > 1", "the queue is kept")
    context = page.page.context
    context.set_offline(True)
    page.ask("void viewing.flush()")
    page.page.wait_for_timeout(300)
    page.page.goto("about:blank")  # closed while offline: a beacon goes nowhere
    recorder.answer = None
    context.set_offline(False)
    assert recorder.events() == []
    page.complaints.clear()  # the browser reports the 503 and the lost network
    page.open(recorder.page_url)
    first = until(lambda: recorder.watched(), 5, "what was left behind")
    page.until("() => Object.keys(localStorage).join() === 'lectern.viewer'", "nothing is left")
    assert first[-1]["to"] >= 2000
    ids = [event["id"] for body in recorder.bodies for event in body["events"]]
    assert len(ids) == len(set(ids))
    assert {body["viewer"] for body in recorder.bodies} == {page.page.evaluate("localStorage['lectern.viewer']")}


def test_without_consent_nothing_is_kept(watch: Watch, recorder: Recorder) -> None:
    recorder.how = "{consent: false}"
    page = opened(watch, recorder)
    page.ask("void video.pause()")
    recorder.answer = lambda body: (503, {}, {})
    page.ask("void viewing.flush()")
    page.page.wait_for_timeout(300)
    assert page.page.evaluate("localStorage.length") == 0
    recorder.answer = None
    page.page.goto("about:blank")
    until(lambda: recorder.watched(), 5, "the seconds count all the same")
    assert not any({"viewer", "tz"} & body.keys() for body in recorder.bodies)
    page.complaints.clear()  # the browser reports the 503


def test_the_tab_of_somebody_with_a_key_is_not_counted(watch: Watch, service: Service, recorder: Recorder,
                                                       video: dict[str, Any]) -> None:
    page = watch(bypass_csp=True)
    send_to(page.page, recorder)
    page.page.goto(f"{service.url}/studio#key={service.key}")
    page.open(f"{service.url}{video['watch_url']}")
    page.play()
    page.until_true("video.currentTime > 0.5")
    assert page.page.evaluate("window.lectern.viewing") is None
    page.page.goto("about:blank")
    assert recorder.bodies == []


def test_pages_of_others_can_load_it(service: Service) -> None:
    with service.client("") as client:
        answer = client.get("/engagement.js")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "observe" in answer.text


@pytest.mark.slow
def test_waiting_for_the_network_is_not_watching(watch: Watch, service: Service, recorder: Recorder,
                                                 video: dict[str, Any]) -> None:
    page = watch(bypass_csp=True)
    send_to(page.page, recorder)
    held: list[Route] = []
    later = re.compile(r"/play/.*/[3-9]\.m4s")  # the first three are 2 s each
    page.page.route(later, lambda route: held.append(route))
    page.open(f"{service.url}{video['watch_url']}")
    page.ask(f"(() => {{ {FRAMES} }})()")
    page.play()
    page.until_true("video.readyState < 3 && video.currentTime > 4")
    stalled_s = page.ask("video.currentTime")
    page.page.wait_for_timeout(3000)
    for route in held:
        route.continue_()
    page.page.unroute(later)
    page.until_true(f"video.currentTime > {stalled_s + 2}")
    page.ask("video.pause()")
    page.page.wait_for_timeout(200)
    frames = page.ask("frames_shown")
    page.page.evaluate("lectern.viewing.flush()")
    until(lambda: any(event["type"] == "pause" for event in recorder.events()), 10, "all of it")
    assert_shown(recorder, frames)
    waited = [event for event in recorder.watched() if event.get("rebuffers")]
    assert len(waited) == 1 and 2500 <= waited[0]["rebuffer_ms"] <= 20_000, waited
    assert not any(event["type"] == "seek" for event in recorder.events())


@pytest.mark.slow
def test_a_token_that_ran_out_keeps_events_for_the_next_page(watch: Watch, recorder: Recorder) -> None:
    page = opened(watch, recorder)
    recorder.answer = lambda body: (401, {}, {})
    page.ask("void video.pause()")
    page.ask("viewing.flush()")
    page.page.goto("about:blank")
    assert recorder.watched() == []
    page.complaints.clear()  # the browser reports the 401
    recorder.answer = None
    page.open(recorder.page_url)
    until(lambda: recorder.watched(), 5, "what was kept")


@pytest.mark.slow
def test_seconds_in_the_background_are_marked(watch: Watch, browser: Browser, recorder: Recorder) -> None:
    page = opened(watch, recorder)
    page.until_true("video.currentTime > 2")
    hidden_s = hide(page, True)
    page.page.wait_for_timeout(3000)
    shown_s = hide(page, False)
    page.page.wait_for_timeout(1500)
    page.ask("video.pause()")
    page.ask("viewing.flush()")
    until(lambda: len(merged(recorder.watched())) == 3, 10, "three intervals")
    [before, behind, after] = merged(recorder.watched())
    assert [one[3] for one in (before, behind, after)] == [False, True, False]
    assert before[1] == behind[0] and behind[1] == after[0]
    assert behind[:2] == pytest.approx([hidden_s, shown_s], abs=0.3) and shown_s - hidden_s > 1
    assert "text/plain" in recorder.kinds[0]  # by sendBeacon, as it was hidden


def hide(page: Watching, hidden: bool) -> float:
    """What the page sees when another tab comes to the front: a headless browser has no tabs in front of each other. Where
    the video is then, in seconds."""
    at_s: float = page.page.evaluate("""(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
        return document.querySelector("video").currentTime;
    }""", hidden)
    return at_s


@pytest.mark.slow
def test_a_long_viewing_is_cut_every_ten_seconds(watch: Watch, recorder: Recorder) -> None:
    page = opened(watch, recorder)
    page.until_true("video.ended")
    frames = page.ask("frames_shown")
    until(lambda: any(event["type"] == "ended" for event in recorder.events()), 10, "the end")
    watched = recorder.watched()
    assert len(watched) == 4
    assert all(10_000 <= event["to"] - event["from"] < 11_000 for event in watched[:3])
    assert watched[0]["from"] == 0 and watched[-1]["to"] == pytest.approx(40_000, abs=50)
    assert all(one["to"] == other["from"] for one, other in pairwise(watched))
    assert_shown(recorder, frames)
    assert len(recorder.bodies) <= 8


@pytest.mark.slow
def test_two_tabs_do_not_fight(browser: Browser, recorder: Recorder) -> None:
    context = browser.new_context()
    tabs = [Watching(context.new_page()) for _ in range(2)]
    for tab in tabs:
        tab.open(recorder.page_url)
    for tab in tabs:
        tab.play()
    tabs[0].until_true("video.currentTime > 6")
    for tab in tabs:
        tab.ask("void video.pause()")
        tab.ask("viewing.flush()")
    sessions = {tab.ask("viewing.session") for tab in tabs}
    assert {body["session"] for body in recorder.bodies} == sessions
    assert len({body["viewer"] for body in recorder.bodies}) == 1
    for session in sessions:
        seqs = [event["seq"] for event in recorder.events(session)]
        assert seqs == list(range(len(seqs)))
    context.close()


@pytest.mark.slow
def test_refusals_are_given_up_and_the_rest_arrives(watch: Watch, recorder: Recorder) -> None:
    """Too large: halved. Some of it wrong: told, and forgotten. Not allowed: nothing more is tried."""
    tried: list[int] = []

    def answer(body: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
        tried.append(len(body["events"]))
        if len(body["events"]) > 4:
            return 413, {}, {}
        status, said, headers = accepted(body)
        return status, said | {"rejected": [{"id": body["events"][0]["id"], "reason": "no"}]}, headers

    recorder.answer = answer
    page = opened(watch, recorder)
    for _ in range(20):
        page.ask("viewing.error('test')")
    page.ask("viewing.flush()")
    until(lambda: len(recorder.events()) >= 20, 10, "all of them")
    assert max(tried) > 4
    assert page.ask("viewing.refused") == len(recorder.bodies)
    recorder.answer = lambda body: (403, {}, {})
    page.ask("viewing.error('test')")
    page.ask("viewing.flush()")
    tried.clear()
    recorder.answer = answer
    page.ask("viewing.error('test')")
    page.ask("viewing.flush()")
    page.page.wait_for_timeout(500)
    assert tried == []
    page.complaints.clear()  # the browser reports the 413 and the 403


@pytest.mark.slow
def test_the_queue_is_bounded_and_says_what_it_lost(watch: Watch, recorder: Recorder) -> None:
    page = opened(watch, recorder)
    page.ask("void video.pause()")
    page.ask("viewing.flush()")
    recorder.answer = lambda body: (503, {}, {})
    page.ask("(() => { for (let i = 0; i < 2000; i++) viewing.error('test'); })()")
    lost = page.ask("viewing.lost")
    assert 500 <= lost <= 520
    page.ask("viewing.flush()")
    page.until("() => Object.keys(localStorage).some((key) => key.startsWith('lectern.events'))", "kept")
    assert page.page.evaluate("JSON.stringify(localStorage).length") < 1_000_000
    recorder.answer = None
    page.ask("viewing.flush()")
    codes = {event.get("code") for event in recorder.events()}
    assert any(str(code).startswith("events_lost_") for code in codes), codes
    assert sum(event.get("code") == "test" for event in recorder.events()) >= 1450
    page.complaints.clear()  # the browser reports the 503
