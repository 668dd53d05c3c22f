"""The file for download, over HTTP and from the watch page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from service import Service, until


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    shape = Shape(duration_s=20, size="640x360", rate=10)
    return service.upload(make(tmp_path_factory.mktemp("download") / "short.mp4", shape), title="Café: what/is \"it\"?")


def line(service: Service, video: dict[str, Any]) -> dict[str, Any]:
    (found,) = service.video(video["id"])["downloads"]
    return dict(found)


def fetched(client: httpx.Client, address: str) -> httpx.Response:
    def look() -> httpx.Response | None:
        answer = client.get(address)
        if answer.status_code == 202:
            assert answer.headers["Retry-After"].isdecimal()
            assert answer.headers["Cache-Control"] == "no-store"
            assert 0 <= answer.json()["progress"] <= 1
            return None
        return answer
    return until(look, 120, "the file")


def test_it_is_made_when_asked_for_and_sent_in_ranges_with_its_digest(service: Service, video: dict[str, Any]) -> None:
    assert video["downloads"] == []
    with service.client("") as viewer:
        address = f"/play/{video['playback_id']}/download.mp4"
        whole = fetched(viewer, address)
        assert whole.status_code == 200, whole.text
        assert whole.headers["Content-Type"] == "video/mp4"
        disposition = whole.headers["Content-Disposition"]
        assert disposition == ("attachment; filename=\"Caf_- what-is -it--.mp4\"; "
                               "filename*=UTF-8''Caf%C3%A9-%20what-is%20-it--.mp4")
        digest = hashlib.sha256(whole.content)
        assert whole.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        assert whole.content.index(b"moov") < whole.content.index(b"mdat")
        part = viewer.get(address, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        assert part.headers["Repr-Digest"] == whole.headers["Repr-Digest"]
        assert viewer.head(address).headers["Content-Length"] == str(len(whole.content))
        assert viewer.get(address, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
        shown = line(service, video)
        assert (shown["state"], shown["size_bytes"], shown["sha256"]) == ("done", len(whole.content), digest.hexdigest())
        assert viewer.get(shown["url"]).content == whole.content
        assert viewer.get(f"{address}?rendition=h264-4320p").status_code == 404
    ready = service.until_ready(video["id"])
    assert ready["source"]["sha256"]
    assert "download" not in {step["name"].partition(":")[0] for step in ready["steps"]}


def test_a_creator_can_have_it_made(service: Service, video: dict[str, Any]) -> None:
    with service.client() as client:
        address = f"/api/v1/videos/{video['id']}/downloads"
        for named in ({}, {"rendition": video["renditions"][0]["name"]}):
            answer = client.post(address, params=named)
            assert answer.status_code == 202, answer.text
            assert [one["rendition"] for one in answer.json()["downloads"]] == [video["renditions"][0]["name"]]
        assert client.post(address, params={"rendition": "aac"}).status_code == 404
        assert client.post("/api/v1/videos/v_nothing/downloads").status_code == 404
    with service.client("") as stranger:
        assert stranger.post(address).status_code == 401


def test_the_watch_page_has_a_link_that_waits_for_it(watch: Callable[..., Watching], service: Service,
                                                     tmp_path: Path) -> None:
    fresh = service.upload(make(tmp_path / "fresh.mp4", Shape(duration_s=12, size="640x360", rate=10)), title="Fresh")
    seen = watch(f"{service.url}{fresh['watch_url']}")
    with seen.page.expect_download(timeout=60_000) as started:
        seen.page.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename == "Fresh.mp4"
    path = tmp_path / "saved.mp4"
    started.value.save_as(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == line(service, fresh)["sha256"]
    assert seen.ask("document.title").startswith("Fresh")


def test_captions_and_chapters_are_inside_and_an_edit_makes_the_file_anew(
        watch: Callable[..., Watching], service: Service, video: dict[str, Any]) -> None:
    address = f"/play/{video['playback_id']}/download.mp4"
    at = f"/api/v1/videos/{video['id']}"
    with service.client() as client:
        bare = fetched(client, address)
        made = [bare.content]
        for said in ("Graphs have edges", "Graphs have nodes"):
            vtt = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{said} &lt;here&gt;\n"
            assert client.put(f"{at}/captions/en", content=vtt).status_code in (200, 201)
            assert client.put(f"{at}/chapters", json=[{"start_s": 0, "title": f"On: {said}"}]).status_code == 200
            assert client.get(address).status_code == 202
            answer = fetched(client, address)
            assert answer.headers["ETag"] != bare.headers["ETag"]
            for text in (f"{said} <here>", f"On: {said}"):
                assert text.encode() in answer.content
            made.append(answer.content)
        assert len(set(made)) == 3
        assert client.get(address).content == made[-1]
        assert hashlib.sha256(made[-1]).hexdigest() == line(service, video)["sha256"]
        seen = watch(f"{service.url}{video['watch_url']}")  # a browser, which knows neither, plays it
        assert seen.page.evaluate("""address => new Promise((played, failed) => {
            const one = Object.assign(document.createElement("video"), {src: address, muted: true});
            one.ontimeupdate = () => one.currentTime > 0.5 && played([one.videoWidth, Math.round(one.duration)]);
            one.onerror = () => failed(one.error.message);
            one.play(); })""", address) == [640, 20]
        client.delete(f"{at}/captions/en")
        client.put(f"{at}/chapters", json=[])
        assert fetched(client, address).content == bare.content
