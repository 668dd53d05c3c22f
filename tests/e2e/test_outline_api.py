"""A video to be read: over HTTP, whichever of its parts are there, and as files that a browser shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from pypdf import PdfReader
from service import Service, until

from enrich.slide import Line, Slide, Slides
from infra.core import keys
from infra.db.models import Video
from infra.db.session import Database
from infra.storage.local import LocalStorage

SAID = "WEBVTT\n\n00:01.000 --> 00:03.000\nA graph has nodes.\n\n00:04.000 --> 00:06.000\nEdges &lt;join&gt; them.\n"
CHAPTERS = [{"start_s": 0, "title": "Nodes & <b>"}, {"start_s": 3.5, "title": "Edges"}]


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    talk = make(tmp_path_factory.mktemp("outline") / "talk.mp4", Shape(duration_s=8, size="320x180", gop=50))
    made = service.upload(talk, title="Graphs: <3?", language="en")
    return service.until_ready(made["id"])


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(service: Service, video: dict[str, Any]) -> dict[str, Any]:
    """The same video with captions, chapters, and a slide that was found."""
    with service.client() as client:
        at = f"/api/v1/videos/{video['id']}"
        bare = client.get(f"{at}/outline").json()
        states = {one["name"]: (one["state"], bool(one["message"])) for one in bare["parts"]}
        assert states["speech"] == states["chapters"] == ("none", True)
        (only,) = bare["chapters"]
        assert (only["title"], only["start_s"], only["paragraphs"]) == (None, 0, [])
        assert only["end_s"] == bare["duration_s"] == video["duration_s"]
        assert client.get(f"{at}/outline", params={"format": "pdf"}).content.startswith(b"%PDF")
        assert client.put(f"{at}/captions/en", content=SAID).status_code == 201
        assert client.put(f"{at}/chapters", json=CHAPTERS).status_code == 200
        database = Database(f"sqlite:///{service.data / 'lectern.db'}")
        with database.read() as session:
            organization = session.get_one(Video, video["id"]).organization_id
        database.dispose()
        found = Slides(slides=(
            Slide(start_s=3.4, end_s=8, new=True, title="Edges", text="Edges\njoin nodes", image=60, lines=(
                Line(text="join nodes", left=0.1, top=0.5, width=0.5, height=0.1, confidence=90),)),))
        LocalStorage(service.data / "storage").put(keys.slides(organization, video["id"]), found.model_dump_json().encode())
        assert client.get(f"/play/{video['playback_id']}/thumbnail.jpg?time=6").status_code == 200
        answer = client.get(f"{at}/outline")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def test_a_video_is_read_by_chapters(whole: dict[str, Any], video: dict[str, Any], client: httpx.Client) -> None:
    assert [one["state"] for one in whole["parts"]] == ["done", "done", "done"]
    assert whole["title"] == "Graphs: <3?"
    nodes, edges = whole["chapters"]
    assert (nodes["title"], nodes["end_s"], nodes["slides"]) == ("Nodes & <b>", 3.5, [])
    assert nodes["paragraphs"] == [{"start_s": 1, "end_s": 3, "text": "A graph has nodes."}]
    assert edges["paragraphs"][0]["text"] == "Edges <join> them."
    assert edges["watch_url"] == f"/watch/{video['playback_id']}?t=3"
    (slide,) = edges["slides"]
    assert (slide["start_s"], slide["end_s"], slide["title"], slide["text"]) == (3.4, 8, "Edges", "Edges\njoin nodes")
    assert client.get(slide["image_url"]).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(("form", "mime", "name"), [
    ("markdown", "text/markdown; charset=utf-8", "Graphs- -3-.md"),
    ("html", "text/html; charset=utf-8", "Graphs- -3-.html"),
    ("pdf", "application/pdf", "Graphs- -3-.pdf")])
def test_it_is_a_file_as_well(whole: dict[str, Any], video: dict[str, Any], client: httpx.Client, service: Service,
                              form: str, mime: str, name: str) -> None:
    at = f"/api/v1/videos/{video['id']}/outline"
    answer = client.get(at, params={"format": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == mime
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]
    assert client.get(at, params={"format": form}, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.get(at, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200  # JSON is something else
    page = f"{service.url}/watch/{video['playback_id']}?t=3"
    if form == "pdf":
        document = PdfReader(BytesIO(answer.content))
        assert [entry["/Title"] for entry in document.outline] == ["Nodes & <b>", "Edges"]
        assert "Edges <join> them." in " ".join(sheet.extract_text() for sheet in document.pages)
        assert page.encode() in answer.content
    else:
        assert page in answer.text
        assert ("data:image/jpeg;base64," in answer.text) == (form == "html")


def test_an_edit_is_another_outline(whole: dict[str, Any], video: dict[str, Any], client: httpx.Client) -> None:
    at = f"/api/v1/videos/{video['id']}"
    for form in ("json", "pdf"):
        before = client.get(f"{at}/outline", params={"format": form}).headers["ETag"]
        client.put(f"{at}/chapters", json=[*CHAPTERS, {"start_s": 6, "title": f"End {form}"}])
        after = client.get(f"{at}/outline", params={"format": form}, headers={"If-None-Match": before})
        assert (after.status_code, after.headers["ETag"] != before) == (200, True)
        client.put(f"{at}/chapters", json=CHAPTERS)
        assert client.get(f"{at}/outline", params={"format": form}, headers={"If-None-Match": before}).status_code == 304


def test_what_is_no_form_is_refused(video: dict[str, Any], client: httpx.Client) -> None:
    assert client.get(f"/api/v1/videos/{video['id']}/outline", params={"format": "docx"}).status_code == 422
    assert client.get("/api/v1/videos/v_none/outline").json()["code"] == "video_not_found"


def test_a_browser_shows_it_without_a_complaint(whole: dict[str, Any], video: dict[str, Any], client: httpx.Client,
                                                watch: Callable[..., Watching], tmp_path: Path) -> None:
    file = tmp_path / "outline.html"
    file.write_bytes(client.get(f"/api/v1/videos/{video['id']}/outline", params={"format": "html"}).content)
    seen: Watching = watch()
    seen.page.goto(file.as_uri())
    assert seen.page.evaluate("document.querySelector('img').naturalWidth") > 100
    assert seen.page.evaluate("getComputedStyle(document.body).maxWidth") != "none"  # its own style is let in
    assert seen.page.inner_text("h1") == "Graphs: <3?"


def test_others_are_answered_while_files_are_made(whole: dict[str, Any], video: dict[str, Any], service: Service) -> None:
    def make_one(_: int) -> int:
        with service.client() as client:
            return client.get(f"/api/v1/videos/{video['id']}/outline", params={"format": "pdf"}, timeout=60).status_code

    answered = 0
    with ThreadPoolExecutor(8) as pool, service.client("") as client:
        files = [pool.submit(make_one, i) for i in range(8)]
        while not all(one.done() for one in files):
            assert client.get("/healthz").status_code == 200
            answered += 1
        assert [one.result() for one in files] == [200] * 8
    assert answered > 20  # one or two a file, were they made where requests are taken


def test_sound_alone_and_a_video_that_is_not_there_yet(service: Service, client: httpx.Client) -> None:
    made = client.post("/api/v1/videos", json={"source": {"url": "https://lectures.invalid/c.mp4"}}).json()
    told = client.get(f"/api/v1/videos/{made['id']}/outline").json()
    assert (told["duration_s"], told["chapters"]) == (None, [])
    until(lambda: client.get(f"/api/v1/videos/{made['id']}").json()["error"], 120, "it can not be fetched")
    assert client.get(f"/api/v1/videos/{made['id']}/outline", params={"format": "html"}).status_code == 200
