"""Another recording in the place of the first, through the real application in both databases: what stays, and what goes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from analytics_app import NOW_MS, Site, both
from audiences import batch, event, watch
from granted import granted_s

from infra.core import keys
from infra.core.settings import Settings
from infra.db.models import Video
from infra.tools import find_tools
from ingest.uploads import UploadRows
from player_api import captions

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
VTT = "WEBVTT\n\n00:00.500 --> 00:02.000\nWhat a person wrote.\n"
CHAPTERS = [{"start_s": 0, "title": "Mine"}, {"start_s": 1, "title": "Too"}]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three recordings: the second is as long as the first."""
    made = {}
    for name, duration_s, size in (("first", 3, "320x180"), ("better", 3, "160x90"), ("longer", 5, "160x90")):
        made[name] = tmp_path_factory.mktemp("clips") / f"{name}.mp4"
        subprocess.run([find_tools(Settings()).ffmpeg, "-v", "error", "-f", "lavfi", "-i", f"testsrc=size={size}:rate=10",
                        "-t", str(duration_s), "-pix_fmt", "yuv420p", made[name]], check=True)
    return made


class Creator:
    """Somebody who sends recordings."""

    def __init__(self, site: Site, clips: dict[str, Path]) -> None:
        self.site, self.api, self._clips = site, site.admin, clips

    def send(self, name: str) -> tuple[str, str]:
        """(upload, video) of a clip."""
        body = self._clips[name].read_bytes()
        answer = self.api.post("/api/v1/uploads", content=body, headers=TUS | {"Upload-Length": str(len(body))})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rsplit("/", 1)[1], answer.headers["Lectern-Video"]

    def video(self, video_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/api/v1/videos/{video_id}").json()
        return found

    def replace(self, video_id: str, upload_id: str) -> httpx.Response:
        return self.api.put(f"/api/v1/videos/{video_id}/source", json={"upload_id": upload_id})

    def play(self, path: str) -> httpx.Response:
        return self.site.page.get(path)

    def replaced(self, address: str) -> None:
        """Wait until players are told of the other recording: a web process looks again after 2 s."""
        deadline_s = granted_s() + 20
        while "~" not in self.play(f"/play/{address}/master.m3u8").text:
            assert granted_s() < deadline_s
            time.sleep(0.05)

    def init(self, address: str) -> bytes:
        """The head of a rendition, as players of this video fetch it."""
        master = self.play(f"/play/{address}/master.m3u8")
        line = next(one for one in master.text.splitlines() if one.endswith("index.m3u8") and not one.startswith("#"))
        index = httpx.URL(f"{self.site.url}/play/{address}/master.m3u8").join(line)
        found = self.site.page.get(index.join("init.mp4"))
        assert found.status_code == 200, found.text
        return found.content

    def watched(self, video_id: str, names: tuple[str, ...]) -> None:
        made = self.video(video_id)
        for name in names:
            token = self.api.post(f"/api/v1/videos/{video_id}/event-tokens", json={"learner": name}).json()["token"]
            events = [event(0, "load", NOW_MS), watch(1, NOW_MS, 0, 2)]
            told = batch(token, made["playback_id"], f"s-{name}", events, NOW_MS, None)
            assert self.site.page.post("/api/v1/events", json=told).json()["accepted"] == 2
        self.site.count()

    def learners(self, video_id: str) -> int | None:
        answer = self.api.get(f"/api/v1/videos/{video_id}/analytics/summary")
        found: int | None = answer.json()["n_learners"]
        return found

    def worked_on(self) -> dict[str, Any]:
        """A video of the first clip with captions and chapters by people, captions by a model, and two who watched."""
        _, video_id = self.send("first")
        at = f"/api/v1/videos/{video_id}"
        assert self.api.put(f"{at}/captions/en", content=VTT).status_code == 201
        assert self.api.put(f"{at}/chapters", json=CHAPTERS).status_code == 200
        with self.site.app.database.write() as session:
            captions.save_machine(session, session.get_one(Video, video_id), "de", [
                {"start_s": 0.0, "end_s": 1.0, "lines": ["Maschine"]}], "base")
        self.watched(video_id, ("ann", "ben"))
        return self.video(video_id)

    def languages(self, video_id: str) -> list[str]:
        return [one["language"] for one in self.api.get(f"/api/v1/videos/{video_id}/captions").json()["items"]]

    def chapters(self, video_id: str) -> list[str]:
        return [one["title"] for one in self.api.get(f"/api/v1/videos/{video_id}/chapters").json()["items"]]

    def sweep(self) -> None:
        for part in self.site.app.engine.on_sweep:
            part()


@pytest.fixture
def creator(site: Site, clips: dict[str, Path]) -> Creator:
    return Creator(site, clips)


@both
def test_a_recording_of_the_same_length_keeps_all_that_people_made(creator: Creator) -> None:
    video = creator.worked_on()
    was = creator.init(video["playback_id"])
    upload_id, other = creator.send("better")
    new = creator.init(creator.video(other)["playback_id"])
    assert new != was
    told = creator.replace(video["id"], upload_id).json()
    assert (told["fits"], told["captions_set_aside"], told["chapters_set_aside"], told["earlier_video_id"]) == (
        True, [], False, None)
    now = told["video"]
    assert [now[name] == video[name] for name in ("id", "playback_id", "title", "watch_url", "playlist_url")] == [True] * 5
    assert now["source"]["sha256"] != video["source"]["sha256"] and now["source"]["replaced_at"]
    assert {line["name"] for line in now["steps"]} >= {"fill:h264", "poster"} and now["renditions"][0]["height_px"] == 90
    creator.replaced(video["playback_id"])
    assert creator.init(video["playback_id"]) == new
    # Who plays the old one is told so, and not sent pieces of the other.
    old = creator.play(f"/play/{video['playback_id']}/{video['renditions'][0]['name']}/init.mp4")
    assert (old.status_code, old.json()["code"]) == (404, "source_replaced")
    assert "~" in now["poster_url"] and "~" in creator.play(now["storyboard_url"]).text
    assert f"~{other[2:]}/</BaseURL>" in creator.play(f"/play/{video['playback_id']}/manifest.mpd").text
    assert creator.languages(video["id"]) == ["en"]  # those of the model were of what is gone
    assert creator.chapters(video["id"]) == ["Mine", "Too"]
    assert creator.learners(video["id"]) == 2
    assert creator.api.get(f"/api/v1/videos/{other}").status_code == 404
    assert creator.replace(video["id"], upload_id).json()["video"]["source"] == now["source"]  # again: nothing more

    storage = creator.site.app.storage
    creator.sweep()
    assert storage.stat(keys.source("ours", other)) and not storage.stat(keys.source("ours", video["id"]))
    rows = UploadRows(creator.site.app.database, 1)
    assert rows.became_video(rows.find("ours", upload_id))  # so that its bytes stay when the upload is forgotten
    creator.api.delete(f"/api/v1/videos/{video['id']}")
    creator.sweep()
    assert not list(storage.list(keys.video_prefix("ours", other)))


@both
def test_a_recording_of_another_length_leaves_the_earlier_one_whole(creator: Creator) -> None:
    video = creator.worked_on()
    was = creator.init(video["playback_id"])
    told = creator.replace(video["id"], creator.send("longer")[0]).json()
    assert (told["fits"], told["captions_set_aside"], told["chapters_set_aside"]) == (False, ["en"], True)
    assert told["video"]["duration_s"] == pytest.approx(5, abs=0.2)
    assert creator.languages(video["id"]) == [] and creator.learners(video["id"]) is None
    history = creator.api.get(f"/api/v1/videos/{video['id']}/captions/en/revisions").json()["items"]
    assert [one["deleted"] for one in history] == [True, False]
    with creator.site.app.database.write() as session:  # what is heard in the new one may take their place
        assert captions.save_machine(session, session.get_one(Video, video["id"]), "en", [
            {"start_s": 0.0, "end_s": 1.0, "lines": ["Heard"]}], "base")

    creator.sweep()
    earlier = creator.video(told["earlier_video_id"])
    assert earlier["title"].startswith(f"{video['title']} (until 20") and earlier["visibility"] == "private"
    assert earlier["source"]["sha256"] == video["source"]["sha256"] and earlier["status"] == "ready"
    assert creator.languages(earlier["id"]) == ["de", "en"] and creator.learners(earlier["id"]) == 2
    assert creator.chapters(earlier["id"]) == ["Mine", "Too"] and creator.chapters(video["id"]) == []
    creator.api.patch(f"/api/v1/videos/{earlier['id']}", json={"visibility": "public"})
    assert creator.init(earlier["playback_id"]) == was
    creator.watched(video["id"], ("cat", "dan", "eve"))
    assert (creator.learners(video["id"]), creator.learners(earlier["id"])) == (3, 2)

    creator.api.delete(f"/api/v1/videos/{earlier['id']}")
    creator.sweep()
    assert creator.video(video["id"])["source"]["earlier_video_id"] is None
    creator.replaced(video["playback_id"])
    creator.init(video["playback_id"])  # it has lost nothing by that


def test_what_can_not_take_the_place_is_refused_and_nothing_changes(creator: Creator) -> None:
    video = creator.worked_on()
    begun = creator.api.post("/api/v1/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "10"})
    for wanted, status, code in (("u_bbbbbbbbbbbbbbbb", 404, "upload_not_found"),
                                 (begun.headers["Location"].rsplit("/", 1)[1], 409, "upload_not_finished")):
        answer = creator.replace(video["id"], wanted)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    upload_id, other = creator.send("better")
    assert creator.replace("v_bbbbbbbbbbbbbbbb", upload_id).status_code == 404
    creator.watched(other, ("ann",))
    answer = creator.replace(video["id"], upload_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_in_use")
    assert creator.video(video["id"])["source"] == video["source"] and creator.languages(video["id"]) == ["de", "en"]
