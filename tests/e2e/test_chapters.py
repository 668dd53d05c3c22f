"""Chapters: found or set, told to players, listed below the player, and never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from service import Service

from enrich.chapters import Chapter
from enrich.phrases import Phrase
from infra.db.models import Video
from infra.db.session import Database
from player_api import chapters

Watch = Callable[..., Watching]
SET = [{"start_s": 0, "title": "Graphs & <trees> -->"}, {"start_s": 4.5, "title": "Edges"}, {"start_s": 9, "title": "Paths"}]
FOUND = [Chapter(start_s=0, title="Nodes"), Chapter(start_s=3, title="Part 2"), Chapter(start_s=7, title="Part 3")]
PHRASES = [Phrase(text="graph theory", score=9, times_s=(1, 8)), Phrase(text="edge", score=4, times_s=(4,))]


@pytest.fixture(scope="module")
def lecture(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return service.upload(make(tmp_path_factory.mktemp("chapters") / "lecture.mp4", Shape(duration_s=12)), language="en")


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as opened:
        yield opened


@pytest.fixture
def save(service: Service, lecture: dict[str, str]) -> Iterator[Callable[[], bool]]:
    """What the step does that finds chapters."""
    database = Database(f"sqlite:///{service.data / 'lectern.db'}")

    def found() -> bool:
        with database.write() as session:
            video = session.get_one(Video, lecture["id"])
            chapters.save_topics(session, video, PHRASES)
            return chapters.save_machine(session, video, FOUND)

    yield found
    database.dispose()


def titles(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


def test_chapters_found_set_and_given_up(client: httpx.Client, lecture: dict[str, str], save: Callable[[], bool]) -> None:
    at, vtt = f"/api/v1/videos/{lecture['id']}", f"/play/{lecture['playback_id']}/chapters.vtt"
    none = client.get(f"{at}/chapters")
    assert (titles(none), none.json()["revision"], none.headers["etag"]) == ([], 0, '"0"')
    assert client.get(vtt).text == "WEBVTT\n"
    assert client.get(f"{at}/topics").json() == {"items": [], "chapters": []}
    assert client.delete(f"{at}/chapters").json()["code"] == "chapters_not_set"

    assert save()
    found = client.get(f"{at}/chapters").json()
    assert (found["edited"], found["items"][1]) == (False, {"start_s": 3, "end_s": 7, "title": "Part 2"})
    about = client.get(f"{at}/topics").json()
    assert about["items"][0] == {"phrase": "graph theory", "times_s": [1, 8]}
    assert [[topic["phrase"] for topic in one["items"]] for one in about["chapters"]] == [["graph theory"], ["edge"],
                                                                                         ["graph theory"]]

    mine = client.put(f"{at}/chapters", json=SET, headers={"If-Match": '"1"'})
    assert titles(mine) == [one["title"] for one in SET]
    assert (mine.json()["edited"], mine.json()["revision"], mine.headers["etag"]) == (True, 2, '"2"')
    late = client.put(f"{at}/chapters", json=SET, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (409, "chapters_changed")
    assert client.get(vtt).text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:04.500\nGraphs &amp; &lt;trees&gt; --&gt;\n\n"
        "00:00:04.500 --> 00:00:09.000\nEdges\n\n00:00:09.000 --> 00:00:12.000\nPaths\n")
    assert client.get(vtt).headers["content-type"] == "text/vtt; charset=utf-8"
    assert not save()
    assert titles(client.get(f"{at}/chapters")) == [one["title"] for one in SET]

    assert client.delete(f"{at}/chapters", headers={"If-Match": '"1"'}).status_code == 409
    assert client.delete(f"{at}/chapters", headers={"If-Match": '"2"'}).status_code == 204
    assert titles(client.get(f"{at}/chapters")) == ["Nodes", "Part 2", "Part 3"]
    history = client.get(f"{at}/chapters/revisions").json()["items"]
    assert [(one["revision"], bool(one["key_id"]), one["items"] and len(one["items"])) for one in history] == [
        (3, True, None), (2, True, 3), (1, False, 3)]
    assert titles(client.put(f"{at}/chapters", json=[])) == []


@pytest.mark.parametrize(("sent", "said"), [
    ([(1, "A")], "Chapter 1 can not be used: the first one has to begin at 0"),
    ([(0, "A"), (5, "B"), (5, "C")], "Chapter 3 can not be used: it begins at 5 s, and the one before it at 5 s"),
    ([(0, "A"), (12, "B")], "Chapter 2 can not be used: it begins at 12 s, and the video ends at 12.000 s"),
    ([(0, "A"), (2, " \n ")], "Chapter 2 can not be used: it has no title"),
    ([(0, "A" * 201)], "its title has 201 characters"),
    ([(0, "A\0")], "a sign in its title that can not be shown"),
    ([(i / 100, "A") for i in range(201)], "may have 200 chapters; these are 201"),
])
def test_the_entry_that_is_wrong_is_named(client: httpx.Client, lecture: dict[str, str], sent: list[tuple[float, str]],
                                          said: str) -> None:
    answer = client.put(f"/api/v1/videos/{lecture['id']}/chapters",
                        json=[{"start_s": start_s, "title": title} for start_s, title in sent])
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_chapters")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("body", ['[{"start_s": 0}]', '[{"start_s": NaN, "title": "A"}]', '[{"start_s": -1, "title": "A"}]',
                                  '{"start_s": 0, "title": "A"}', "nothing"])
def test_what_is_no_list_of_chapters_is_refused(client: httpx.Client, lecture: dict[str, str], body: str) -> None:
    answer = client.put(f"/api/v1/videos/{lecture['id']}/chapters", content=body,
                        headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_chapters_belong_to_the_organization(service: Service, client: httpx.Client, lecture: dict[str, str]) -> None:
    for path in ("chapters", "chapters/revisions", "topics"):
        assert client.get(f"/api/v1/videos/v_none/{path}").json()["code"] == "video_not_found"
        with service.client(key="lec_nobody") as nobody:
            assert nobody.get(f"/api/v1/videos/{lecture['id']}/{path}").status_code == 401
    with service.client("") as anybody:
        assert anybody.get(f"/play/{lecture['playback_id']}/chapters.vtt").status_code == 200
        assert anybody.get("/play/p_none/chapters.vtt").status_code == 404


def test_the_page_lists_them(service: Service, client: httpx.Client, lecture: dict[str, str], watch: Watch) -> None:
    client.put(f"/api/v1/videos/{lecture['id']}/chapters", json=SET)
    page = watch(f"{service.url}{lecture['watch_url']}")
    listed = page.page.get_by_role("navigation", name="Chapters")
    listed.wait_for()
    buttons = listed.get_by_role("button")
    assert [text.split(maxsplit=1) for text in buttons.all_inner_texts()] == [
        ["0:00", SET[0]["title"]], ["0:04", "Edges"], ["0:09", "Paths"]]
    assert buttons.nth(0).get_attribute("aria-current") == "true"
    buttons.nth(1).press("Enter")
    page.until_true("!video.seeking && video.currentTime === 4.5")
    page.until("() => document.querySelector('.chapters [aria-current]').textContent.includes('Edges')", "it is marked")
    assert page.page.locator(".chapters [aria-current]").count() == 1
    page.ask("void (video.currentTime = 9.5)")
    page.until("() => document.querySelector('.chapters [aria-current]').textContent.includes('Paths')", "the next one, too")

    client.put(f"/api/v1/videos/{lecture['id']}/chapters", json=[])
    bare = watch(f"{service.url}{lecture['watch_url']}")
    assert not bare.page.get_by_role("navigation", name="Chapters").is_visible()
