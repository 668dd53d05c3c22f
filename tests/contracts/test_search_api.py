"""GET /api/v1/search through the real application: what is indexed when, who may ask, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_probe import wait_for
from serving import serving
from sqlalchemy import delete

from enrich import embedding_models
from infra.core.ids import new_id
from infra.core.settings import Settings
from infra.db.models import Organization, PassageBlock
from infra.db.session import now
from infra.runtime.wiring import App, build
from player_api import catalogue, cursors, keys, unindexed
from player_api.app import create_app
from player_api.search import MOST_HITS

VTT = """WEBVTT

00:10.000 --> 00:18.000
A graph has <i>nodes</i> & edges.

00:18.000 --> 00:27.500
An Euler path uses every edge once.

01:15.000 --> 01:20.000
Königsberg had seven bridges.
"""


class Site:
    """The application, clients by scope, and a client of others."""

    def __init__(self, app: App, client: Callable[[str, keys.Scope], httpx.Client]) -> None:
        self.app = app
        self.client = client
        self.creator = client("ours", keys.Scope.CREATOR)

    def video(self, title: str, organization: str = "ours", language: str | None = None) -> str:
        with self.app.database.write() as session:
            return catalogue.add(session, organization, video_id=new_id("v"), title=title, language=language).id

    def find(self, q: str, client: httpx.Client | None = None, **how: Any) -> list[dict[str, Any]]:
        answer = (client or self.creator).get("/api/v1/search", params={"q": q, **how})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def send(self, video_id: str, language: str, text: str) -> None:
        answer = self.creator.put(f"/api/v1/videos/{video_id}/captions/{language}", content=text.encode())
        assert answer.status_code in (200, 201), answer.text


@contextmanager
def opened(data: Path) -> Iterator[Site]:
    app = build(Settings(data=data))
    with app.database.write() as session:
        session.add_all(Organization(id=name, name=name, created_at=now()) for name in ("ours", "theirs"))
    with ExitStack() as stack:
        stack.callback(app.database.dispose)
        url = stack.enter_context(serving(create_app(app)))

        def client(organization: str, scope: keys.Scope) -> httpx.Client:
            with app.database.write() as session:
                secret = keys.create(session, organization, "test", [scope])[1]
            return stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=60,
                                                    headers={"Authorization": f"Bearer {secret}"}))

        yield Site(app, client)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def only_asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """For tests to which it does not matter what is there: a new application takes a second."""
    with opened(tmp_path_factory.mktemp("asked")) as made:
        yield made


def test_a_hit_has_all_that_a_list_shows(site: Site) -> None:
    video_id = site.video("Graphs & trees", language="en")
    site.send(video_id, "en", VTT)
    (hit,) = site.find("nodes ", kind="speech")
    video = hit.pop("video")
    assert video == {"id": video_id, "title": "Graphs & trees", "playback_id": video["playback_id"], "poster_url": None}
    assert hit.pop("score") > 0
    assert hit == {
        "matched": "words", "kind": "speech", "start_s": 10.0, "end_s": 27.5, "at_s": 12.4, "marks": [[12, 17]],
        "snippet": "A graph has nodes & edges. An Euler path uses every edge once.",
        "snippet_html": "A graph has <mark>nodes</mark> &amp; edges. An Euler path uses every edge once.",
        "watch_url": f"/watch/{video['playback_id']}?t=12"}
    title, speech = site.find("graph")
    assert (title["kind"], title["watch_url"]) == ("title", f"/watch/{video['playback_id']}")
    assert speech["kind"] == "speech"


def test_a_title_is_found_from_its_birth_to_its_end(site: Site) -> None:
    video_id = site.video("Photosynthesis")
    assert [hit["video"]["id"] for hit in site.find("photosyn")] == [video_id]
    assert site.creator.patch(f"/api/v1/videos/{video_id}", json={"title": "Respiration"}).status_code == 200
    assert site.find("photosyn") == []
    assert [hit["video"]["title"] for hit in site.find("respiration ")] == ["Respiration"]
    site.send(video_id, "en", VTT)
    assert site.creator.delete(f"/api/v1/videos/{video_id}").status_code == 204
    assert site.find("respiration ") == site.find("graph ") == []


def test_a_private_video_is_found_by_who_makes_videos_alone(site: Site) -> None:
    video_id = site.video("Photosynthesis")
    player = site.client("ours", keys.Scope.PLAYER)
    assert len(site.find("photosyn", player)) == 1
    assert site.creator.patch(f"/api/v1/videos/{video_id}", json={"visibility": "private"}).status_code == 200
    assert (len(site.find("photosyn")), site.find("photosyn", player)) == (1, [])


def test_what_is_said_is_the_captions_in_the_spoken_language(site: Site) -> None:
    video_id = site.video("x", language="de")
    site.send(video_id, "en", VTT)
    assert len(site.find("bridges ")) == 1  # the only ones
    site.send(video_id, "de-AT", VTT.replace("bridges", "Brücken"))
    assert (len(site.find("bridges ")), len(site.find("brucken "))) == (0, 1)
    site.send(video_id, "de-AT", VTT.replace("bridges", "Straßen"))
    assert (len(site.find("brucken ")), len(site.find("strassen "))) == (0, 1)
    assert site.creator.patch(f"/api/v1/videos/{video_id}", json={"language": "en"}).status_code == 200
    assert (len(site.find("bridges ")), len(site.find("strassen "))) == (1, 0)
    for language in ("en", "de-AT"):
        assert site.creator.delete(f"/api/v1/videos/{video_id}/captions/{language}").status_code == 204
    assert site.find("konigsberg ") == []


def test_who_may_ask(site: Site) -> None:
    mine = site.video("Shared word")
    site.video("Shared secret", organization="theirs")
    player = site.client("ours", keys.Scope.PLAYER)
    assert [hit["video"]["id"] for hit in site.find("shared ", player)] == [mine]
    others = site.client("theirs", keys.Scope.ADMIN)
    assert [hit["video"]["title"] for hit in site.find("shared ", others)] == ["Shared secret"]
    answer = site.client("ours", keys.Scope.ANALYST).get("/api/v1/search", params={"q": "shared"})
    assert (answer.status_code, answer.json()["detail"]) == (
        403, "This key may not do that: it needs the scope creator or player.")


def test_in_one_video_of_ones_own(site: Site) -> None:
    one, other, theirs = site.video("Sun and moon"), site.video("Sun"), site.video("Sun", organization="theirs")
    assert [hit["video"]["id"] for hit in site.find("sun ", video_id=other)] == [other]
    assert {hit["video"]["id"] for hit in site.find("sun ")} == {one, other}
    for unknown in (theirs, "v_nothing"):
        assert site.creator.get("/api/v1/search", params={"q": "sun", "video_id": unknown}).status_code == 404


def test_pages(site: Site) -> None:
    ids = {site.video(f"Lecture {n}") for n in range(7)}
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = site.creator.get("/api/v1/search", params={"q": "lecture ", "limit": 3, **cursor}).json()
        found += [hit["video"]["id"] for hit in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(found) == 7
    assert set(found) == ids


@pytest.mark.parametrize("wrong", [
    {"q": "x" * 1001}, {}, {"q": "x", "limit": 0}, {"q": "x", "limit": 101}, {"q": "x", "kind": "music"},
    {"q": "x", "video_id": "\0"}])
def test_what_can_not_be_answered_says_why(only_asked: Site, wrong: dict[str, Any]) -> None:
    answer = only_asked.creator.get("/api/v1/search", params=wrong)
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) > 10


@pytest.mark.parametrize("cursor", [
    "AAAA", "é", "[]", cursors.pack(), cursors.pack("from"), cursors.pack("to", 3), cursors.pack("from", 0),
    cursors.pack("from", -3), cursors.pack("from", MOST_HITS), cursors.pack("from", True), cursors.pack("from", "3"),
    cursors.pack("from", 3.0), cursors.pack("from", 3, 4)])
def test_a_cursor_that_is_not_ours_is_refused(only_asked: Site, cursor: str) -> None:
    answer = only_asked.creator.get("/api/v1/search", params={"q": "x", "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
    assert answer.json()["detail"] == cursors.NOT_OURS


@pytest.mark.parametrize("odd", ["", " ", '"', "\0", "*", "'; DROP TABLE videos", "😀", "é" * 1000, '"a b" ' * 150])
def test_odd_queries_find_nothing(only_asked: Site, odd: str) -> None:
    only_asked.video("A lecture")
    assert only_asked.find(odd) == []


def test_videos_from_before_there_was_search_are_caught_up_with(site: Site) -> None:
    video_id = site.video("Ancient history")
    site.send(video_id, "en", VTT)
    with site.app.database.write() as session:
        session.execute(delete(PassageBlock))
    assert site.find("ancient ") == []
    unindexed.catch_up(site.app.database)
    assert len(site.find("ancient ")) == len(site.find("bridges ")) == 1


def test_what_means_the_same_is_found_once_it_is_embedded(site: Site) -> None:
    """From the captions that somebody sends to the hit: the sweeper sees what is new, and the step makes the vectors."""
    video_id = site.video("Geography", language="en")
    site.send(video_id, "en", VTT)
    question = "which town was known for its river crossings "
    assert site.find(question) == []
    site.app.engine.sweep()
    model = embedding_models.find("")
    assert model is not None
    site.app.engine.run_step(video_id, "embed", model.id)
    wait_for(lambda: site.find(question))  # what was read just now is read again after a while (infra.db.meaning._SHARE)
    (hit,) = site.find(question)
    assert hit["matched"] == "meaning"
    assert (hit["snippet"], hit["marks"], hit["at_s"]) == ("Königsberg had seven bridges.", [], 75.0)
    assert site.find(question, site.client("theirs", keys.Scope.CREATOR)) == []
    (told,) = site.creator.get("/api/v1/videos").json()["items"]
    assert [step["name"] for step in told["steps"]] == []  # whether it can be found is no state of a video
    site.send(video_id, "en", VTT.replace("Königsberg had seven bridges", "Nothing"))
    assert site.find(question) == []
    site.app.engine.sweep()
    site.app.engine.run_step(video_id, "embed", model.id)
    assert site.find(question) == []
