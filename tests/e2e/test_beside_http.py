"""The texts beside the player, as anybody gets them: transcript, slides, topics and search inside, under /play."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from lecture_clips import ffmpeg
from service import Service

from enrich.phrases import Phrase
from enrich.scene import Scene, Scenes
from enrich.slide import Slide, Slides
from enrich.transcript import Transcript, Word
from infra.core import keys
from infra.core.keys import SpeechKeys
from infra.core.search_index import Kind, Passage
from infra.db import search
from infra.db.models import Step, StepState, Video
from infra.db.session import Database
from infra.storage.local import LocalStorage
from player_api import captions, chapters

SAID = "WEBVTT\n\n00:01.000 --> 00:03.000\nA graph has nodes.\n\n00:04.000 --> 00:06.000\nEdges &lt;join&gt; them.\n"
GERMAN = "WEBVTT\n\n00:01.000 --> 00:03.000\nEin Graph hat Knoten.\n"
TEXTS = ("transcript.json", "slides.json", "scenes.json", "topics.json", "search?q=graph")
HEARD = Transcript(language="en", words=(Word(text=" Heard", start_s=0.5, end_s=0.9, probability=0.9),
                                         Word(text=" just", start_s=3.25, end_s=3.5, probability=0.9),
                                         Word(text=" so.", start_s=3.5, end_s=4, probability=0.4)))


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Sound alone: no step looks for slides in it, so that what a test puts there stays."""
    talk = tmp_path_factory.mktemp("beside") / "talk.m4a"
    subprocess.run([ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "sine", "-t", "8", talk], check=True)
    return service.upload(talk, title="Graphs", language="en")


@pytest.fixture
def database(service: Service) -> Iterator[Database]:
    opened = Database(f"sqlite:///{service.data / 'lectern.db'}")
    yield opened
    opened.dispose()


@pytest.fixture
def anybody(service: Service, video: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client without a key, at /play/{playback_id}/."""
    with httpx.Client(base_url=f"{service.url}/play/{video['playback_id']}/", timeout=60, trust_env=False) as opened:
        yield opened


def body(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def say(service: Service, video: dict[str, Any], language: str, text: str) -> None:
    with service.client() as client:
        assert client.put(f"/api/v1/videos/{video['id']}/captions/{language}", content=text).status_code in (200, 201)


def test_what_is_not_there_is_told_in_a_sentence(anybody: httpx.Client) -> None:
    found = body(anybody.get("transcript.json"))
    assert (found["state"], found["sentences"], found["languages"], found["language"]) == ("none", [], [], None)
    assert found["message"] == "There is no transcript, and there are no captions."
    shown = body(anybody.get("slides.json"))
    assert (shown["state"], shown["items"], shown["message"]) == ("none", [], "This is sound alone: it has no slides.")
    assert body(anybody.get("scenes.json")) | {"message": ""} == {"state": "none", "message": "", "items": []}
    assert body(anybody.get("topics.json")) == {"items": [], "chapters": []}
    assert body(anybody.get("search?q=")) == {"items": [], "words": []}
    answer = anybody.get("transcript.json?language=fr")
    assert (answer.status_code, answer.json()["code"]) == (404, "captions_not_found")


def test_what_a_model_heard_has_its_own_times_and_grows(service: Service, anybody: httpx.Client, video: dict[str, Any],
                                                        database: Database) -> None:
    say(service, video, "de", GERMAN)
    assert body(anybody.get("transcript.json"))["language"] == "de"  # there are no others
    with database.write() as session:
        row = session.get_one(Video, video["id"])
        where = SpeechKeys.of(row.organization_id, row.id)
        row.speech = {"run": "r", "spans": 2, "language": "en"}
        session.add_all(Step(id=f"s_{state}", organization_id=row.organization_id, video_id=row.id, step="transcribe",
                             key=state, queue="nobody", state=state, created_at=0.0, updated_at=0.0)
                        for state in (StepState.DONE, StepState.WAITING))
    assert body(anybody.get("transcript.json"))["state"] == "running"  # English comes
    with database.write() as session:
        assert captions.save_machine(session, session.get_one(Video, video["id"]), "en", [
            {"start_s": 0.5, "end_s": 0.9, "lines": ["Heard"]}], "base", partial=True)
    storage = LocalStorage(service.data / "storage")
    storage.put(where.words("r", 0), HEARD.model_copy(update={"words": HEARD.words[:1]}).model_dump_json().encode())
    growing = anybody.get("transcript.json")
    found = body(growing)
    assert (found["state"], "still being recognized" in found["message"]) == ("running", True)
    assert found["sentences"] == [{"start_s": 0.5, "end_s": 0.9, "words": [[0.5, "Heard"]]}]
    assert growing.headers["Cache-Control"] == "public, max-age=2"

    storage.put(where.words("r", 1), HEARD.model_copy(update={"words": HEARD.words[1:]}).model_dump_json().encode())
    found = body(anybody.get("transcript.json", headers={"If-None-Match": growing.headers["ETag"]}))
    assert [one["words"] for one in found["sentences"]] == [[[0.5, "Heard"]], [[3.25, "just"], [3.5, " so."]]]
    with database.write() as session:
        session.query(Step).filter_by(video_id=video["id"], step="transcribe").delete()
        session.get_one(Video, video["id"]).speech = None
    say(service, video, "en", SAID)
    assert body(anybody.get("transcript.json"))["sentences"][0]["words"][0] == [1, "A"]


def test_captions_are_read_as_sentences_with_the_time_of_each_word(service: Service, anybody: httpx.Client,
                                                                   video: dict[str, Any]) -> None:
    say(service, video, "en", SAID)
    found = body(anybody.get("transcript.json"))
    assert (found["state"], found["message"], found["language"]) == ("done", None, "en")  # it is spoken
    assert [(one["language"], one["label"]) for one in found["languages"]] == [("de", "Deutsch"), ("en", "English")]
    first, second = found["sentences"]
    assert (first["start_s"], first["end_s"]) == (1, 3)
    assert "".join(text for _, text in first["words"]) == "A graph has nodes."
    assert "".join(text for _, text in second["words"]) == "Edges <join> them."
    times_s = [time_s for time_s, _ in first["words"]]
    assert times_s == sorted(times_s) and times_s[0] == 1 and times_s[-1] < 3
    german = body(anybody.get("transcript.json?language=de"))
    assert german["sentences"][0]["words"][0] == [1, "Ein"]
    vtt = anybody.get(service.url + found["languages"][1]["vtt_url"])
    assert vtt.text.startswith("WEBVTT") and "Edges" in vtt.text

    say(service, video, "en", SAID.replace("nodes", "vertices"))
    assert "vertices." in body(anybody.get("transcript.json"))["sentences"][0]["words"][-1][1]


def test_slides_and_topics(service: Service, anybody: httpx.Client, video: dict[str, Any], database: Database) -> None:
    anybody.get("slides.json")  # what is found a moment later is told at once
    with service.client() as client:
        client.put(f"/api/v1/videos/{video['id']}/chapters", json=[{"start_s": 0, "title": "Graphs"},
                                                                   {"start_s": 4, "title": "Edges"}])
        with database.write() as session:
            row = session.get_one(Video, video["id"])
            chapters.save_topics(session, row, [Phrase(text="graph theory", score=9, times_s=(1, 5))])
            search.replace(session, row.organization_id, row.id, Kind.SLIDE, [Passage(3.4, 8, "A graph on a slide")])
            organization = row.organization_id
        found = Slides(slides=(Slide(start_s=3.4, end_s=8, new=True, title="Edges", text="Edges join", image=60),))
        LocalStorage(service.data / "storage").put(keys.slides(organization, video["id"]), found.model_dump_json().encode())
        assert body(anybody.get("topics.json")) == body(client.get(f"/api/v1/videos/{video['id']}/topics"))
        shown = body(anybody.get("slides.json"))
        assert (shown["state"], shown["message"]) == ("done", None)
        assert shown["items"] == body(client.get(f"/api/v1/videos/{video['id']}/slides"))["items"]
    assert shown["items"][0]["image_url"] == f"/play/{video['playback_id']}/thumbnail.jpg?time=6"


def test_scenes_of_a_film(service: Service, anybody: httpx.Client, video: dict[str, Any], database: Database) -> None:
    with database.read() as session:
        organization = session.get_one(Video, video["id"]).organization_id
    found = Scenes(scenes=(Scene(start_s=0, end_s=5.2, image=26), Scene(start_s=5.2, end_s=8, image=66)))
    LocalStorage(service.data / "storage").put(keys.scenes(organization, video["id"]), found.model_dump_json().encode())
    picture = f"/play/{video['playback_id']}/thumbnail.jpg?time="
    assert body(anybody.get("scenes.json")) == {"state": "done", "message": None, "items": [
        {"start_s": 0, "end_s": 5.2, "image_url": f"{picture}2.6"},
        {"start_s": 5.2, "end_s": 8, "image_url": f"{picture}6.6"}]}
    with service.client() as client:
        assert body(client.get(f"/api/v1/videos/{video['id']}/scenes")) == body(anybody.get("scenes.json"))


def test_search_finds_what_is_said_shown_and_called_so_in_this_video_alone(
        service: Service, anybody: httpx.Client, video: dict[str, Any], database: Database) -> None:
    with database.write() as session:
        session.add(Video(id="v_othervideo", organization_id=session.get_one(Video, video["id"]).organization_id,
                          playback_id="p_othervideo", title="Graph", created_at=0.0, updated_at=0.0))
        session.flush()
        search.replace(session, session.get_one(Video, video["id"]).organization_id, "v_othervideo", Kind.SPEECH,
                       [Passage(0, 9, "A graph elsewhere.")])
    found = body(anybody.get("search", params={"q": "graph"}))
    with database.write() as session:
        session.delete(session.get_one(Video, "v_othervideo"))
    kinds = {hit["kind"]: hit for hit in found["items"]}
    assert set(kinds) == {"speech", "slide", "chapter"} and len(found["items"]) == 3
    assert found["words"] == ["graph", "graphs"]
    assert kinds["slide"]["at_s"] == 3.4
    hit = kinds["speech"]
    assert [hit["snippet"][start:end] for start, end in hit["marks"]] == ["graph"]
    assert 1 <= hit["at_s"] < 3
    assert "video" not in hit
    assert len(body(anybody.get("search", params={"q": "graph", "limit": 1}))["items"]) == 1
    for wrong in ({"q": "x" * 201}, {}, {"q": "a", "limit": 0}):
        answer = anybody.get("search", params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("path", TEXTS)
def test_they_are_cacheable_and_known_again(anybody: httpx.Client, path: str) -> None:
    for coding in ("gzip", "identity"):
        asked = {"Accept-Encoding": coding, "Origin": "https://school.example"}
        whole = anybody.get(path, headers=asked)
        assert whole.status_code == 200
        assert whole.headers["Content-Type"] == "application/json"
        assert whole.headers["Cache-Control"] == "public, max-age=60"
        assert whole.headers["Vary"].startswith("Accept-Encoding")
        assert whole.headers["Access-Control-Allow-Origin"] == "*"
        again = anybody.get(path, headers=asked | {"If-None-Match": whole.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert anybody.get(path, headers=asked | {"If-None-Match": '"other"'}).status_code == 200
        head = anybody.head(path, headers=asked)
        assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])


@pytest.mark.parametrize("path", TEXTS)
def test_only_of_what_can_be_played(service: Service, path: str) -> None:
    with service.client() as client:
        made = client.post("/api/v1/videos", json={"source": {"url": "https://lectures.invalid/b.mp4"}}).json()
    with service.client("") as anybody:
        for playback_id, code in (("p_bbbbbbbbbbbbbbbb", "video_not_found"), ("p_%00", "video_not_found"),
                                  (made["playback_id"], "not_playable")):
            answer = anybody.get(f"/play/{playback_id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, code)
            assert answer.headers["Cache-Control"] == "no-store"


def test_a_video_that_is_gone_takes_its_texts_along(service: Service, anybody: httpx.Client, video: dict[str, Any]) -> None:
    with service.client() as client:
        assert client.delete(f"/api/v1/videos/{video['id']}").status_code in (202, 204)
    for path in TEXTS:
        assert anybody.get(path).status_code == 404
