"""What is no video, or comes in the wrong way, by each of the ways in."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from lecture_clips import CONTAINERS, make, picture, without_moov
from service import Service, one_sentence, run
from tusclient.client import TusClient

UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


@pytest.fixture(scope="module")
def bad(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are no video, by what they are."""
    folder = tmp_path_factory.mktemp("bad")

    def write(name: str, data: bytes) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return {
        "empty": write("empty.mp4", b""),
        "text": write("text.mp4", b"These are my notes.\n" * 50),
        "one byte": write("one.mp4", b"\0"),
        "picture": picture(folder / "picture.png"),
        "playlist": write("playlist.mp4", PLAYLIST.encode()),
        "concat": write("concat.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        "page": write("page.mp4", b"<!doctype html><script>alert(1)</script>" * 30),
        "no index": without_moov(clip, folder / "cut.mp4"),
    }


KINDS = ["empty", "text", "one byte", "picture", "playlist", "concat", "page", "no index"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_video_is_refused_by_every_way_in_with_the_same_reason(service: Service, bad: dict[str, Path],
                                                                          kind: str) -> None:
    file = bad[kind]
    form = service.post_file(file)
    assert form.status_code == 422, form.text
    reason = form.json()
    assert reason["code"] not in ("internal_error", "invalid_request")
    with service.client() as client:
        before = [item["id"] for item in client.get("/api/v1/videos").json()["items"]]
        created = client.post(UPLOADS, headers=TUS | {"Upload-Length": str(file.stat().st_size)})
        if created.status_code == 201:  # a length of 0 is refused at once
            created = client.patch(created.headers["Location"], content=file.read_bytes(), headers=TUS | {
                "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        assert (created.status_code, created.json()["detail"]) == (422, reason["detail"])
        assert [item["id"] for item in client.get("/api/v1/videos").json()["items"]] == before
    done = run("add", str(file), "--server", service.url, "--data", str(service.data))
    assert reason["detail"] in one_sentence(done, 65)


def test_a_foreign_client_uploads_and_goes_on_after_a_pause(service: Service, clip: Path) -> None:
    client = TusClient(f"{service.url}{UPLOADS}", headers={"Authorization": f"Bearer {service.key}"})
    uploader = client.uploader(str(clip), chunk_size=300_000, metadata={"title": "Über", "filename": clip.name})
    uploader.upload_chunk()
    again = client.uploader(str(clip), chunk_size=1 << 20, url=uploader.url)
    assert again.offset == 300_000
    again.upload()
    with service.client() as reader:
        newest = reader.get("/api/v1/videos").json()["items"][0]
    assert (newest["title"], newest["playable"]) == ("Über", True)
    assert newest["source"]["size_bytes"] == clip.stat().st_size


def test_a_wrong_offset_is_a_conflict_and_harms_nothing(service: Service) -> None:
    with service.client() as client:
        where = client.post(UPLOADS, headers=TUS | {"Upload-Length": "100"}).headers["Location"]

        def send(offset: int, data: bytes) -> httpx.Response:
            return client.patch(where, content=data, headers=TUS | {
                "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})

        assert send(0, b"x" * 10).headers["Upload-Offset"] == "10"
        for wrong in (0, 9, 11, 50):
            assert send(wrong, b"y").status_code == 409
        assert send(10, b"z" * 91).status_code == 413
        assert client.head(where, headers=TUS).headers["Upload-Offset"] == "10"
        assert client.delete(where, headers=TUS).status_code == 204
        assert client.head(where, headers=TUS).status_code == 404


def test_two_uploads_at_once_become_two_videos(service: Service, clip: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda title: service.upload(clip, title=title), ("one", "two")))
    assert {video["title"] for video in made} == {"one", "two"}
    assert len({video["id"] for video in made}) == 2
    with service.client() as client:
        for video in made:
            assert client.get(video["playlist_url"]).status_code == 200
            assert client.delete(f"/api/v1/videos/{video['id']}").status_code == 204


@pytest.mark.parametrize("name", ["../../x.mp4", "-i.mp4", "http:x.mp4", "a%03d.mp4", "🎓 ünï.mp4", "x" * 3000 + ".mp4",
                                  "C:\\films\\y.mp4", '"; rm -rf.mp4', "<script>.mp4"])
def test_a_file_name_is_a_label_and_nothing_else(service: Service, tmp_path: Path, name: str) -> None:
    film = make(tmp_path / "film.mp4", CONTAINERS["mp4"])
    with service.client() as client:
        label = base64.b64encode(name.encode()).decode()
        where = client.post(UPLOADS, headers=TUS | {
            "Upload-Length": str(film.stat().st_size), "Upload-Metadata": f"filename {label}"}).headers["Location"]
        answer = client.patch(where, content=film.read_bytes(), headers=TUS | {
            "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        assert answer.status_code == 204, answer.text
        url = f"/api/v1/videos/{answer.headers['Lectern-Video']}"
        video = client.get(url).json()
        assert name.startswith(video["file_name"])
        assert 0 < len(video["title"]) <= 500
        assert client.get(f"{video['playlist_url'].rpartition('/')[0]}/h264-360p/0.m4s").status_code == 200
        page = client.get(video["watch_url"]).text
        assert "<script>" not in page
        assert client.delete(url).status_code == 204


@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_film_of_every_usual_kind_becomes_ready(service: Service, tmp_path: Path, ending: str) -> None:
    film = make(tmp_path / f"film.{ending}", CONTAINERS[ending])
    done = run("add", str(film), "--server", service.url, "--data", str(service.data), "--json", timeout_s=200)
    assert done.returncode == 0, done.stderr
    video = json.loads(done.stdout)
    assert video["status"] == "ready"
    assert video["duration_s"] == pytest.approx(3, abs=0.15)
    assert [track["kind"] for track in video["tracks"]] == ["audio"]
    assert "playable: http" in done.stderr
