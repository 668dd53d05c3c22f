"""A trimmed video through the real application, in both databases and an object store: what moves along, what comes back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from analytics_app import Site, both
from granted import granted_s
from test_replacing_api import Creator

from enrich import heard
from enrich.heard import Heard
from enrich.transcript import Word
from infra.core import keys
from infra.core.keys import SpeechKeys
from infra.core.settings import Settings
from infra.db import steps
from infra.db.models import Step, StepState, Video
from infra.tools import find_tools
from player_api import captions
from player_api import chapters as chapter_rows

VTT = ("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nWaiting.\n\n00:00:03.000 --> 00:00:05.000\nWelcome.\n\n"
       "00:00:06.000 --> 00:00:07.500\nOf graphs.\n\n00:00:10.000 --> 00:00:11.000\nBye.\n")
CHAPTERS = [{"start_s": 0, "title": "Noise"}, {"start_s": 2, "title": "Lecture"}, {"start_s": 6, "title": "Graphs"},
            {"start_s": 9, "title": "Leaving"}]
WORDS = [Word(text=f" {text}", start_s=at, end_s=at + 0.5, probability=0.9)
         for text, at in (("waiting", 1.0), ("welcome", 3.5), ("graphs", 6.5), ("bye", 10.0))]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """12 s with sound, and 9 s of something else."""
    made = {}
    for name, duration_s in (("first", 12), ("other", 9)):
        made[name] = tmp_path_factory.mktemp("clips") / f"{name}.mp4"
        subprocess.run([find_tools(Settings()).ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10",
                        "-f", "lavfi", "-i", "sine", "-t", str(duration_s), "-pix_fmt", "yuv420p", "-g", "20", made[name]],
                       check=True)
    return made


class Lecturer(Creator):
    """Somebody whose recordings begin too early."""

    def trim(self, video_id: str, start_s: float, end_s: float | None = None) -> httpx.Response:
        return self.api.put(f"/api/v1/videos/{video_id}/trim", json={"start_s": start_s, "end_s": end_s})

    def trimmed(self, video_id: str, start_s: float, end_s: float | None = None) -> dict[str, Any]:
        answer = self.trim(video_id, start_s, end_s)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def whole(self, video_id: str) -> dict[str, Any]:
        answer = self.api.delete(f"/api/v1/videos/{video_id}/trim")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def recorded(self) -> str:
        """A video of 12 s with captions and chapters by people, and by machines, all of whose words are known."""
        _, video_id = self.send("first")
        at, app = f"/api/v1/videos/{video_id}", self.site.app
        with app.database.write() as session:
            video = session.get_one(Video, video_id)
            chapter_rows.save_machine(session, video, [chapter_rows.Chapter(start_s=at_s, title=title)
                                                       for at_s, title in ((0.0, "Found"), (5.0, "Found later"))])
            captions.save_machine(session, video, "de", [{"start_s": 3.0, "end_s": 5.0, "lines": ["Maschine"]}], "base")
            video.speech = {"run": "r1", "model": "base", "language": "de", "detected": "de", "spans": 1, "captioned": 1}
            video.language = "de"
            steps.drop(session, video_id, ["listen"])
            steps.insert(session, video, [steps.NewStep("listen", "speech", state=StepState.DONE),
                                          steps.NewStep("transcript", "light", state=StepState.DONE)])
        where = SpeechKeys.of("ours", video_id)
        heard.save(app.storage, where.transcript, "de", WORDS)
        known = Heard(run="r1", model="base", language="de", code="de", mixed=False, to_english=False, spans=())
        app.storage.put(where.heard, known.model_dump_json().encode())
        assert self.api.put(f"{at}/captions/en", content=VTT).status_code == 201
        assert self.api.put(f"{at}/chapters", json=CHAPTERS).status_code == 200
        assert self.api.patch(at, json={"poster_time_s": 4.0}).status_code == 200
        return video_id

    def said(self, video_id: str, language: str = "en") -> str:
        return self.api.get(f"/api/v1/videos/{video_id}/captions/{language}").text

    def marks(self, video_id: str) -> list[tuple[float, str]]:
        items = self.api.get(f"/api/v1/videos/{video_id}/chapters").json()["items"]
        return [(one["start_s"], one["title"]) for one in items]

    def words(self, video_id: str) -> list[tuple[str, float]]:
        told = self.api.get(f"/api/v1/videos/{video_id}/transcript").json()
        return [(word["text"], word["start_s"]) for word in told["words"]]

    def hits(self, text: str) -> list[float]:
        return [hit["start_s"] for hit in self.api.get("/api/v1/search", params={"q": text}).json()["items"]]

    def stored(self, folder: str) -> list[str]:
        prefix = keys.video_prefix("ours", folder)
        return sorted(item.key.removeprefix(prefix) for item in self.site.app.storage.list(prefix))

    def shows(self, address: str, media_id: str) -> None:
        """Wait until players are told of it: a web process looks again after 2 s."""
        deadline_s = granted_s() + 20
        while f"~{media_id[2:]}/" not in self.play(f"/play/{address}/master.m3u8").text:
            assert granted_s() < deadline_s
            time.sleep(0.05)

    def media_id(self, video_id: str) -> str:
        with self.site.app.database.read() as session:
            return session.get_one(Video, video_id).folder

    def states(self, video_id: str, names: Sequence[str]) -> dict[str, str]:
        with self.site.app.database.read() as session:
            return {step.step: step.state for step in session.query(Step).where(Step.video_id == video_id)
                    if step.step in names}


@pytest.fixture
def lecturer(site: Site, clips: dict[str, Path]) -> Lecturer:
    return Lecturer(site, clips)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "s3"], indirect=True)
def test_a_trim_moves_all_that_is_known_and_undoing_it_brings_all_back(lecturer: Lecturer) -> None:
    video_id = lecturer.recorded()
    was, before = lecturer.video(video_id), lecturer.init(lecturer.video(video_id)["playback_id"])
    now = lecturer.trimmed(video_id, 2.5, 8.5)
    assert now["trim"] == {"start_s": 2.5, "end_s": 8.5, "whole_s": was["duration_s"]}
    assert now["duration_s"] == 6.0
    assert now["source"] == was["source"] | {"fit": now["source"]["fit"]}
    assert [now[name] == was[name] for name in ("id", "playback_id", "watch_url", "title", "language")] == [True] * 5
    assert now["poster_time_s"] == 1.5
    assert "Waiting" not in lecturer.said(video_id) and "Bye" not in lecturer.said(video_id)
    assert "00:00:00.500 --> 00:00:02.500\nWelcome." in lecturer.said(video_id)
    assert "00:00:00.500 --> 00:00:02.500\nMaschine" in lecturer.said(video_id, "de")
    assert lecturer.marks(video_id) == [(0, "Lecture"), (3.5, "Graphs")]
    assert lecturer.words(video_id) == [("welcome", 1.0), ("graphs", 4.0)]
    assert [lecturer.hits(text) for text in ("graphs", "maschine", "leaving")] == [[3.5], [0.5], []]
    # Nobody has to listen again; what is seen is looked at again.
    assert lecturer.states(video_id, ("listen", "poster", "chapters")) == {
        "listen": "done", "poster": "ready", "chapters": "ready"}
    assert lecturer.trimmed(video_id, 2.5, 8.5)["updated_at"] == now["updated_at"]  # again: nothing more

    lecturer.shows(was["playback_id"], lecturer.media_id(video_id))
    assert 'DATA-ID="org.lectern.start",VALUE="2.500"' in lecturer.play(f"/play/{was['playback_id']}/master.m3u8").text
    assert lecturer.init(was["playback_id"])
    old = lecturer.play(f"/play/{was['playback_id']}/{was['renditions'][0]['name']}/init.mp4")
    assert (old.status_code, old.json()["code"]) == (404, "source_replaced")

    # People go on working, and narrow it.
    edited = lecturer.said(video_id).replace("Of graphs.", "Of trees.")
    assert lecturer.api.put(f"/api/v1/videos/{video_id}/captions/en", content=edited).status_code == 200
    narrower = lecturer.trimmed(video_id, 2.5, 8.0)
    assert (narrower["duration_s"], narrower["poster_time_s"]) == (5.5, 1.5)
    assert "Of trees." in lecturer.said(video_id)
    lecturer.sweep()
    assert lecturer.stored(video_id) == ["source", "speech/heard.json", "speech/transcript.json"]

    back = lecturer.whole(video_id)
    assert (back["trim"], back["duration_s"], back["poster_time_s"]) == (None, was["duration_s"], 4.0)
    assert lecturer.said(video_id) == VTT.replace("Of graphs", "Of trees")
    assert lecturer.said(video_id, "de") == "WEBVTT\n\n00:00:03.000 --> 00:00:05.000\nMaschine\n"
    assert lecturer.marks(video_id) == [(one["start_s"], one["title"]) for one in CHAPTERS]
    assert lecturer.words(video_id) == [(word.text.strip(), word.start_s) for word in WORDS]
    assert [lecturer.hits(text) for text in ("graphs", "maschine", "leaving")] == [[6.0], [3.0], [9.0]]
    assert lecturer.api.delete(f"/api/v1/videos/{video_id}/chapters").status_code == 204
    assert lecturer.marks(video_id) == [(0, "Found"), (5, "Found later")]
    assert lecturer.whole(video_id)["updated_at"]  # again: nothing more
    lecturer.sweep()
    assert lecturer.stored(video_id) == ["source", "speech/heard.json", "speech/transcript.json"]
    media_id = lecturer.media_id(video_id)
    lecturer.shows(was["playback_id"], media_id)
    assert lecturer.init(was["playback_id"]) == before
    assert lecturer.api.get("/api/v1/videos").json()["items"][0]["id"] == video_id
    lecturer.api.delete(f"/api/v1/videos/{video_id}")
    lecturer.sweep()
    assert lecturer.stored(video_id) == lecturer.stored(media_id) == []


@both
def test_what_was_counted_is_never_of_other_seconds_and_comes_back(lecturer: Lecturer) -> None:
    video_id = lecturer.recorded()
    lecturer.watched(video_id, ("ann", "ben"))
    now = lecturer.trimmed(video_id, 3)
    kept = now["source"]["earlier_video_id"]
    assert lecturer.learners(video_id) is None
    assert lecturer.learners(kept) == 2
    earlier = lecturer.video(kept)
    assert (earlier["visibility"], earlier["duration_s"]) == ("private", pytest.approx(12, abs=0.1))
    assert lecturer.said(kept).count("-->") == 4
    lecturer.sweep()
    assert "source" in lecturer.stored(video_id)
    lecturer.watched(video_id, ("cat", "dan", "eve"))

    back = lecturer.whole(video_id)  # what was counted of the part is kept with the part
    assert lecturer.learners(video_id) == 2
    part = back["source"]["earlier_video_id"]
    assert lecturer.learners(part) == 3
    assert lecturer.video(part)["trim"]["start_s"] == 3
    assert lecturer.api.get(f"/api/v1/videos/{kept}").status_code == 404
    lecturer.api.patch(f"/api/v1/videos/{part}", json={"visibility": "public"})
    assert lecturer.init(lecturer.video(part)["playback_id"])

    lecturer.trimmed(video_id, 4)
    assert lecturer.whole(video_id)["source"]["earlier_video_id"] == part  # as if nothing had been
    assert lecturer.learners(video_id) == 2
    # Whichever goes first, the other one has what it needs.
    lecturer.api.delete(f"/api/v1/videos/{video_id}")
    lecturer.sweep()
    assert "source" in lecturer.stored(video_id)
    undone = lecturer.whole(part)
    assert undone["duration_s"] == pytest.approx(12, abs=0.1)
    for one in (part, undone["source"]["earlier_video_id"]):
        assert "source" in lecturer.stored(video_id)
        lecturer.api.delete(f"/api/v1/videos/{one}")
        lecturer.sweep()
    assert lecturer.stored(video_id) == []


def test_another_recording_is_shown_whole(lecturer: Lecturer) -> None:
    video_id = lecturer.recorded()
    lecturer.trimmed(video_id, 3)
    told = lecturer.replace(video_id, lecturer.send("other")[0]).json()
    assert (told["fits"], told["video"]["trim"]) == (True, None)  # it is as long as what was shown
    assert "00:00:00.000 --> 00:00:02.000\nWelcome." in lecturer.said(video_id)
    lecturer.sweep()
    assert lecturer.stored(video_id) == []
    assert lecturer.init(told["video"]["playback_id"])


def test_what_was_not_listened_to_in_full_is_listened_to_again(lecturer: Lecturer) -> None:
    video_id = lecturer.recorded()
    with lecturer.site.app.database.write() as session:
        steps.again(session, session.get_one(Video, video_id), [steps.NewStep("listen", "speech")])
    now = lecturer.trimmed(video_id, 3)
    assert lecturer.states(video_id, ("listen",)) == {"listen": "ready"}
    assert lecturer.languages(video_id) == ["en"] and now["language"] is None
    assert lecturer.words(video_id) == []


@pytest.mark.parametrize(("asked", "code"), [
    ({"start_s": 5, "end_s": 5}, "trim_backwards"), ({"start_s": 5, "end_s": 6}, "trim_too_short"),
    ({"start_s": 1, "end_s": 99}, "trim_outside"), ({"start_s": -1}, "invalid_request"), ({"start": 1}, "invalid_request"),
    ({"start_s": "NaN"}, "invalid_request")])
def test_what_makes_no_sense_is_refused_and_nothing_changes(lecturer: Lecturer, asked: dict[str, Any], code: str) -> None:
    _, video_id = lecturer.send("first")
    was = lecturer.video(video_id)
    answer = lecturer.api.put(f"/api/v1/videos/{video_id}/trim", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert lecturer.video(video_id) == was


def test_who_may_not_and_what_can_not_be_trimmed(lecturer: Lecturer) -> None:
    assert lecturer.trim("v_bbbbbbbbbbbbbbbb", 1).status_code == 404
    _, video_id = lecturer.send("first")
    assert lecturer.site.analyst.put(f"/api/v1/videos/{video_id}/trim", json={"start_s": 3}).status_code == 403
    theirs = lecturer.site.client("theirs", "creator")  # type: ignore[arg-type]
    assert theirs.put(f"/api/v1/videos/{video_id}/trim", json={"start_s": 3}).status_code == 404
    waiting = lecturer.api.post("/api/v1/videos", json={"title": "Later", "source": {"url": "http://127.0.0.1:9/a.mp4"}})
    answer = lecturer.trim(waiting.json()["id"], 3)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_trim")
