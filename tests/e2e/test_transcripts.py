"""From an upload to captions, by themselves; a person's word counts more; nothing is lost when a worker is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import m3u8
import psutil
import pytest
from browsing import Watching
from service import Service, until

from infra.core.settings import Settings
from infra.tools import find_tools
from tests.processes import is_called

Watch = Callable[..., Watching]
SAMPLE = Path(__file__).parents[2] / "infra/demo/sample-lecture.mp4"
GERMAN = Path(__file__).parents[1] / "fixtures/speech/german.m4a"
VTT = "WEBVTT\n\n00:00.500 --> 00:05.000\nWhat a person wrote.\n"


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that recognizes speech, and renders only what is asked for."""
    service = Service.start(tmp_path_factory.mktemp("speaking"), LECTERN_TRANSCRIBE="true", LECTERN_FILL_CODECS="")
    yield service
    service.stop()


@pytest.fixture(scope="module")
def long_talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's sound four times: six minutes, in two spans."""
    made = tmp_path_factory.mktemp("talk") / "talk.m4a"
    subprocess.run([find_tools(Settings()).ffmpeg, "-v", "error", "-stream_loop", "3", "-i", SAMPLE, "-vn", "-c:a", "copy",
                    made], check=True)
    return made


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 25 s of the sample's sound."""
    made = tmp_path_factory.mktemp("talk") / "opening.m4a"
    subprocess.run([find_tools(Settings()).ffmpeg, "-v", "error", "-t", "25", "-i", SAMPLE, "-vn", "-c:a", "copy", made],
                   check=True)
    return made


def transcript(service: Service, video_id: str, form: str = "json") -> Any:
    with service.client() as client:
        answer = client.get(f"/api/v1/videos/{video_id}/transcript", params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer.json() if form == "json" else answer.text


def captions(service: Service, video_id: str) -> list[dict[str, Any]]:
    with service.client() as client:
        found: list[dict[str, Any]] = client.get(f"/api/v1/videos/{video_id}/captions").json()["items"]
    return found


def test_a_lecture_gets_captions_by_itself(speaking: Service, watch: Watch) -> None:
    video = speaking.upload(SAMPLE)
    # Who watches from the first second on sees them as soon as they are there.
    early = watch(f"{speaking.url}{video['watch_url']}")
    early.until_true("video.textTracks.length === 1 && video.textTracks[0].label === 'English'", 90)
    early.ask("void (video.textTracks[0].mode = 'showing')")
    made = speaking.until_ready(video["id"])
    assert made["language"] == "en"
    found = transcript(speaking, video["id"])
    assert (found["state"], found["reason"], found["model"], found["progress"]) == ("done", None, "base", 1.0)
    assert len(found["words"]) > 150
    assert "one row for each" in found["text"]
    early.until_true("video.textTracks.length === 1 && video.textTracks[0].mode === 'showing' && "
                     "video.textTracks[0].cues?.length > 20", 30)
    word = found["words"][10]
    assert set(word) == {"text", "start_s", "end_s", "confidence", "unsure"} and 0 < word["confidence"] <= 1
    assert all(one["text"] in found["text"] for one in found["to_review"])

    (line,) = captions(speaking, video["id"])
    assert (line["language"], line["model"]) == ("en", "base")
    assert transcript(speaking, video["id"], "vtt").startswith("WEBVTT\n\n00:00:0")
    assert "one row" in transcript(speaking, video["id"], "srt").replace("\n", " ")
    assert "-->" not in transcript(speaking, video["id"], "txt")
    with speaking.client() as client:
        (offered,) = [one for one in m3u8.loads(client.get(made["playlist_url"]).text).media if one.type == "SUBTITLES"]
    assert offered.uri == f"captions/en/{line['revision']}/index.m3u8"

    with speaking.client() as client:
        hit = client.get("/api/v1/search", params={"q": "one row for each rendtion"}).json()["items"][0]  # a letter lacks
    assert (hit["video"]["id"], hit["kind"]) == (video["id"], "speech")
    assert 21 < hit["at_s"] < 27  # it is said at 24.4 to 29
    assert "<mark>rendition</mark>" in hit["snippet_html"]

    page = watch(f"{speaking.url}{video['watch_url']}")
    page.ask("void (hls.subtitleTrack = 0)")
    page.play()
    page.until_true("[...video.textTracks].some((track) => track.mode === 'showing' && track.activeCues?.length)")


def test_what_a_person_wrote_stays(speaking: Service, opening: Path) -> None:
    video = speaking.upload(opening, title="Mine")
    with speaking.client() as client:
        assert client.put(f"/api/v1/videos/{video['id']}/captions/en", content=VTT).status_code == 201
    speaking.until_ready(video["id"])
    (line,) = captions(speaking, video["id"])
    assert (line["revision"], line["model"]) == (1, None)
    assert len(transcript(speaking, video["id"])["words"]) > 40  # what was heard is there all the same
    assert "What a person wrote." in transcript(speaking, video["id"], "txt")


def test_a_video_in_which_nobody_speaks_is_ready(speaking: Service, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.m4a"
    subprocess.run([find_tools(Settings()).ffmpeg, "-v", "error", "-f", "lavfi", "-i", "anoisesrc=a=0.1:seed=1", "-t", "20",
                    quiet], check=True)
    video = speaking.upload(quiet)
    made = speaking.until_ready(video["id"])
    assert made["error"] is None
    found = transcript(speaking, video["id"])
    assert (found["state"], found["words"], found["text"]) == ("none", [], "")
    assert found["reason"] == {"code": "no_speech", "message": "Nobody speaks in this video."}
    assert transcript(speaking, video["id"], "vtt") == "WEBVTT\n"
    assert captions(speaking, video["id"]) == []


@pytest.mark.slow
def test_a_translation_another_language_and_once_more(speaking: Service) -> None:
    video = speaking.upload(GERMAN)
    url = f"/api/v1/videos/{video['id']}"
    with speaking.client() as client:
        assert client.patch(url, json={"translate_to_english": True}).json()["translate_to_english"]
        made = speaking.until_ready(video["id"])
        assert made["language"] == "de"
        assert [(one["language"], one["label"], one["translated_from"]) for one in captions(speaking, video["id"])] == [
            ("de", "Deutsch", None), ("en", "English (machine translation)", "de")]
        offered = {one.name: one for one in m3u8.loads(client.get(made["playlist_url"]).text).media
                   if one.type == "SUBTITLES"}
        assert set(offered) == {"Deutsch", "English (machine translation)"}
        assert offered["Deutsch"].characteristics and not offered["English (machine translation)"].characteristics
        assert "Willkommen" in transcript(speaking, video["id"])["text"]
        assert not list(speaking.data.rglob("sound.s16"))

        # Once more: what a person wrote in the meantime stays.
        assert client.put(f"{url}/captions/en", content=VTT).status_code == 200
        assert client.patch(url, json={"glossary": ["Streaming", "Streaming "]}).json()["glossary"] == ["Streaming"]
        assert client.post(f"{url}/transcript").status_code == 202
        speaking.until_ready(video["id"])
        german, english = captions(speaking, video["id"])
        assert (german["revision"], english["model"], english["label"]) == (2, None, "English")
        assert len(client.get(f"{url}/captions/de/revisions").json()["items"]) == 2

        # It is French after all: German captions are offered no more, their history stays.
        assert client.patch(url, json={"language": "fr", "translate_to_english": False}).json()["language"] == "fr"
        assert [one["language"] for one in captions(speaking, video["id"])] == ["en"]
        assert speaking.until_ready(video["id"])["language"] == "fr"
        assert [one["language"] for one in captions(speaking, video["id"])] == ["en", "fr"]
        found = transcript(speaking, video["id"])
        assert (found["state"], found["language"], found["language_probability"]) == ("done", "fr", 1.0)
        assert client.get(f"{url}/captions/de/revisions").json()["items"][0]["deleted"]


def test_glossaries_have_limits(speaking: Service) -> None:
    with speaking.client() as client:
        url = "/api/v1/organization/glossary"
        assert client.get(url).json() == {"items": []}
        assert client.put(url, json={"items": [" Ada  Lovelace", "ada lovelace"]}).json() == {"items": ["Ada Lovelace"]}
        for wrong, code in ((["x" * 61], "glossary_term_too_long"), ([" "], "glossary_term_empty"),
                            (["a\0"], "glossary_term_unreadable"), ([f"t{n}" for n in range(201)], "glossary_too_long"),
                            ([7], "invalid_request"), (["x"] * 1001, "invalid_request")):
            answer = client.put(url, json={"items": wrong})
            assert (answer.status_code, answer.json()["code"]) == (422, code), wrong
        assert client.get(url).json() == {"items": ["Ada Lovelace"]}
        assert client.put(url, json={"items": []}).json() == {"items": []}
        silent = speaking.upload(SAMPLE, title="silent")
        answer = client.patch(f"/api/v1/videos/{silent['id']}", json={"glossary": ["x" * 61], "title": "No"})
        assert (answer.status_code, answer.json()["code"]) == (422, "glossary_term_too_long")
        assert speaking.video(silent["id"])["title"] == "silent"
        client.delete(f"/api/v1/videos/{silent['id']}")


@pytest.mark.slow
def test_a_killed_worker_goes_on_at_the_next_span(speaking: Service, long_talk: Path) -> None:
    video = speaking.upload(long_talk)
    first = until(lambda: captions(speaking, video["id"]), 60, "the first captions")[0]
    assert transcript(speaking, video["id"])["state"] == "running"
    until(lambda: "transcribe" in {step["name"] for step in speaking.video(video["id"])["steps"]
                                   if step["state"] == "running"}, 60, "the second span begins")
    time.sleep(1)
    (worker,) = [process for process in psutil.Process(speaking.program.process.pid).children(recursive=True)
                 if is_called(process, "speech")]
    os.kill(worker.pid, signal.SIGKILL)
    speaking.until_ready(video["id"], 240)
    assert captions(speaking, video["id"])[0]["revision"] > first["revision"]
    with sqlite3.connect(f"file:{speaking.data}/lectern.db?mode=ro", uri=True) as database:
        attempts = dict(database.execute(
            "SELECT key, attempt FROM steps WHERE video_id = ? AND step = 'transcribe'", (video["id"],)).fetchall())
    # What was done is not done again: the first span was, before all was listened to.
    assert attempts == {"1": 2, "2": 1}
    with speaking.client() as client:
        chapters = client.get(f"/api/v1/videos/{video['id']}/chapters").json()
        topics = client.get(f"/api/v1/videos/{video['id']}/topics").json()
    assert len(chapters["items"]) >= 3 and not chapters["edited"]
    assert chapters["items"][0]["start_s"] == 0
    assert topics["items"] and all(one["phrase"] for one in topics["items"])

    words = transcript(speaking, video["id"])["words"]
    starts_s = [word["start_s"] for word in words]
    assert starts_s == sorted(starts_s)
    # The same talk four times: no part of it is lost or there twice.
    each = [sum(90 * n <= start_s < 90 * (n + 1) for start_s in starts_s) for n in range(4)]
    assert max(each) - min(each) < 0.2 * max(each), each
