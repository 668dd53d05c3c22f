"""Direct uploads through the real API and a real S3 server, with a plain HTTP client in the browser's place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import serving
from sqlalchemy import select, update

from infra.core.command import Command
from infra.core.errors import NotFound
from infra.core.ids import new_id
from infra.core.settings import Settings
from infra.db.models import Organization, Upload
from infra.db.session import now
from infra.process import ProcessRunner
from infra.runtime.wiring import App, build
from infra.tools import find_tools
from ingest.intake import Intake
from ingest.uploads import UploadRecord, UploadRows
from player_api import keys
from player_api.admission import VideoAdmission
from player_api.app import create_app

DIRECT = "/api/v1/uploads/direct"
PART = 16 << 20


@dataclass
class Site:
    """One process of the API over the store; `ours` and `theirs` are clients of two organizations."""

    app: App
    ours: httpx.Client
    theirs: httpx.Client

    def begin(self, body: bytes, **more: Any) -> dict[str, Any]:
        wanted = {"file_name": "Lecture 1.mp4", "size_bytes": len(body), **more}
        answer = self.ours.post(DIRECT, json=wanted)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def send(self, upload: dict[str, Any], body: bytes, *numbers: int) -> list[str]:
        """PUT these parts where the API says; their ETags."""
        asked = {"numbers": list(numbers or range(1, upload["parts"] + 1))}
        answer = self.ours.post(f"/api/v1/uploads/{upload['upload_id']}/direct/parts", json=asked)
        assert answer.status_code == 200, answer.text
        etags = []
        for part in answer.json()["parts"]:
            start = (part["number"] - 1) * upload["part_bytes"]
            assert part["url"].startswith("http://127.0.0.1:")
            etags.append(put(part["url"], body[start:start + part["size_bytes"]]))
        return etags

    def standing(self, upload: dict[str, Any]) -> httpx.Response:
        return self.ours.get(f"/api/v1/uploads/{upload['upload_id']}/direct")

    def arrived(self, upload: dict[str, Any]) -> list[int]:
        return [part["number"] for part in self.standing(upload).json()["arrived"]]

    def complete(self, upload: dict[str, Any], **body: Any) -> httpx.Response:
        return self.ours.post(f"/api/v1/uploads/{upload['upload_id']}/direct/complete", json=body)

    def record(self, upload: dict[str, Any]) -> UploadRecord:
        with self.app.database.read() as session:
            organization = session.scalar(select(Upload.organization_id).where(Upload.id == upload["upload_id"]))
        return UploadRows(self.app.database, 60).find(organization or "", upload["upload_id"])


def put(url: str, body: bytes) -> str:
    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.put(url, content=body)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def client(url: str, secret: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60)


def problem(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return str(answer.json()["detail"])


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A lecture of 6 s whose file has 40 MB: three parts, and most of it is not looked at."""
    folder = tmp_path_factory.mktemp("lecture")
    settings = Settings(data=folder)
    runner = ProcessRunner(settings)
    path = folder / "lecture.mp4"
    runner(Command((
        str(find_tools(settings, runner).ffmpeg), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=6",
        "-f", "lavfi", "-i", "sine=440:d=6", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a",
        "aac", str(path)), work=folder))
    padding = 40_000_000
    return path.read_bytes() + padding.to_bytes(4, "big") + b"free" + hashlib.sha256(b"x").digest() * (padding // 32 - 1) \
        + b"\0" * 24


@pytest.fixture
def start() -> Iterator[Callable[[Settings], Site]]:
    """start(settings) is a process of the API; another one over the same settings is the next, or one beside it."""
    with ExitStack() as stack:
        def begin(settings: Settings) -> Site:
            app = build(settings)
            stack.callback(app.database.dispose)
            secrets = []
            for name in ("ours", "theirs"):
                with app.database.write() as session:
                    found = session.scalar(select(Organization).where(Organization.name == name))
                    if found is None:
                        found = Organization(id=new_id("o"), name=name, created_at=now())
                        session.add(found)
                        session.flush()
                    secrets.append(keys.create(session, found.id, "test", [keys.Scope.CREATOR])[1])
            url = stack.enter_context(serving(create_app(app)))
            return Site(app, *(stack.enter_context(client(url, secret)) for secret in secrets))

        yield begin


@pytest.fixture
def site(start: Callable[[Settings], Site], s3_settings: Callable[..., Settings]) -> Site:
    return start(s3_settings("lectern"))


def test_parts_become_a_video(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture, title="What is a cell?", language="en")
    assert (upload["part_bytes"], upload["parts"], upload["state"], upload["arrived"]) == (PART, 3, "growing", [])
    etags = site.send(upload, lecture, 3, 1)
    assert site.arrived(upload) == [1, 3]
    etags = [etags[1], *site.send(upload, lecture, 2), etags[0]]

    done = site.complete(upload, etags=etags)
    assert done.status_code == 201, done.text
    video = done.json()
    assert done.headers["Location"] == f"/api/v1/videos/{video['id']}"
    assert (video["title"], video["language"], video["file_name"]) == ("What is a cell?", "en", "Lecture 1.mp4")
    assert video["playable"] and site.ours.get(video["playlist_url"]).status_code == 200
    assert site.complete(upload).json()["id"] == video["id"]  # its answer was lost
    standing = site.standing(upload).json()
    assert (standing["state"], standing["video_id"], standing["watch_url"]) == ("finished", video["id"], video["watch_url"])
    assert site.app.storage.read(site.record(upload).source_key) == lecture


def test_examining_fetches_only_what_it_takes(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    site.send(upload, lecture)
    assert site.complete(upload).status_code == 201
    copies = [path.stat() for path in (site.app.settings.data / "cache").rglob("*") if path.is_file()]
    assert len(lecture) in [copy.st_size for copy in copies]
    assert sum(copy.st_blocks * 512 for copy in copies) < 4 << 20


def test_the_hash_is_computed_by_a_step(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    site.send(upload, lecture)
    video = site.complete(upload).json()
    assert (video["source"]["sha256"], video["source"]["size_bytes"]) == (None, len(lecture))
    assert {step["name"]: step["state"] for step in video["steps"]}["digest"] == "ready"
    site.app.engine.run_step(video["id"], "digest")
    after = site.ours.get(f"/api/v1/videos/{video['id']}").json()
    assert after["source"]["sha256"] == hashlib.sha256(lecture).hexdigest()
    assert {step["name"]: step["state"] for step in after["steps"]}["digest"] == "done"


def test_another_process_goes_on(start: Callable[[Settings], Site], s3_settings: Callable[..., Settings],
                                 lecture: bytes) -> None:
    settings = s3_settings()
    first = start(settings)
    upload = first.begin(lecture)
    first.send(upload, lecture, 1, 3)
    second = start(settings)
    assert second.arrived(upload) == [1, 3]
    second.send(upload, lecture, 2)
    assert second.complete(upload).status_code == 201


def test_a_missing_part_is_named(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    assert "3 of 3 parts" in problem(site.complete(upload), 409, "parts_missing")
    etags = site.send(upload, lecture, 1, 3)
    assert "1 of 3 parts have not arrived: 2." in problem(site.complete(upload, etags=etags), 409, "parts_missing")
    site.send(upload, lecture, 2)
    assert site.complete(upload).status_code == 201


def test_a_part_of_a_wrong_size_is_named(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    site.send(upload, lecture, 1, 3)
    site.send(upload, lecture[:-1000], 2)
    address = site.ours.post(f"/api/v1/uploads/{upload['upload_id']}/direct/parts", json={"numbers": [2]}).json()
    put(address["parts"][0]["url"], lecture[PART:2 * PART - 1])
    assert "2." in problem(site.complete(upload), 409, "part_wrong_size")
    site.send(upload, lecture, 2)
    assert site.complete(upload).status_code == 201


def test_other_bytes_than_the_sender_believes(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    etags = site.send(upload, lecture)
    problem(site.complete(upload, etags=[etags[0], etags[0], etags[2]]), 409, "part_changed")
    assert site.complete(upload, etags=etags).status_code == 201


@pytest.mark.parametrize("body", [b"%PDF-1.7 " + b"x" * 20_000_000, b"\0\0\0\x18ftypisom" + b"\1" * 20_000_000],
                         ids=["document", "damaged"])
def test_what_is_no_video_is_refused_and_gone(site: Site, body: bytes) -> None:
    upload = site.begin(body)
    site.send(upload, body)
    record = site.record(upload)
    refused = site.complete(upload)
    same = site.ours.post("/api/v1/videos", files={"file": ("Lecture 1.mp4", body)})
    assert refused.status_code == same.status_code == 422, refused.text
    assert (refused.json()["code"], refused.json()["detail"]) == (same.json()["code"], same.json()["detail"])
    assert site.app.storage.stat(record.source_key) is None
    assert [found.key for found in site.app.storage.list("")] == []
    assert site.complete(upload).json() == site.standing(upload).json() == refused.json()


def test_others_see_nothing(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    where = f"/api/v1/uploads/{upload['upload_id']}/direct"
    problem(site.theirs.get(where), 404, "upload_not_found")
    problem(site.theirs.post(f"{where}/parts", json={"numbers": [1]}), 404, "upload_not_found")
    problem(site.theirs.post(f"{where}/complete"), 404, "upload_not_found")
    problem(site.theirs.delete(where), 404, "upload_not_found")
    with client(str(site.ours.base_url)) as nobody:
        problem(nobody.get(where), 401, "no_key")
    assert site.arrived(upload) == []


def test_an_overdue_upload_is_aborted_in_the_store(site: Site, lecture: bytes) -> None:
    app = site.app
    upload = site.begin(lecture)
    site.send(upload, lecture, 1)
    record = site.record(upload)
    intake = Intake(app.database, app.staging, app.storage, app.settings, VideoAdmission(app), direct=app.direct)
    assert intake.expire() == 0 and site.arrived(upload) == [1]
    with app.database.write() as session:
        session.execute(update(Upload).values(expires_at=now() - 1))
    problem(site.complete(upload), 404, "upload_not_found")
    assert intake.expire() == 1
    assert app.direct is not None
    with pytest.raises(NotFound):
        app.direct.parts(record.source_key, record.store_upload or "")


def test_given_up(site: Site, lecture: bytes) -> None:
    upload = site.begin(lecture)
    site.send(upload, lecture, 1)
    record = site.record(upload)
    assert site.ours.delete(f"/api/v1/uploads/{upload['upload_id']}/direct").status_code == 204
    assert site.app.direct is not None
    with pytest.raises(NotFound):
        site.app.direct.parts(record.source_key, record.store_upload or "")
    problem(site.standing(upload), 404, "upload_not_found")


@pytest.mark.parametrize("restarted", [True, False])
def test_a_crash_after_the_parts_were_joined(start: Callable[[Settings], Site], s3_settings: Callable[..., Settings],
                                             lecture: bytes, restarted: bool) -> None:
    settings = s3_settings()
    site = start(settings)
    upload = site.begin(lecture)
    site.send(upload, lecture)
    record = site.record(upload)
    direct = site.app.direct
    assert direct is not None and record.store_upload is not None
    direct.complete(record.source_key, record.store_upload, direct.parts(record.source_key, record.store_upload))
    if restarted:
        site = start(settings)
        assert site.standing(upload).json()["state"] == "finished"
    else:
        assert site.standing(upload).json()["arrived"] == []
    done = site.complete(upload)
    assert (done.status_code, done.json()["id"]) == (201, record.future_video_id)


def test_two_processes_complete_it_at_once(start: Callable[[Settings], Site], s3_settings: Callable[..., Settings],
                                           lecture: bytes) -> None:
    settings = s3_settings()
    sites = [start(settings), start(settings)]
    upload = sites[0].begin(lecture)
    sites[0].send(upload, lecture)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda site: site.complete(upload), sites))
    assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert len(sites[0].ours.get("/api/v1/videos").json()["items"]) == 1


def test_the_same_request_twice_begins_one_upload(site: Site) -> None:
    wanted = {"file_name": "a.mp4", "size_bytes": 5}
    answers = [site.ours.post(DIRECT, json=wanted, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].status_code == 201 and answers[0].json() == answers[1].json()
    other = site.ours.post(DIRECT, json=wanted | {"size_bytes": 6}, headers={"Idempotency-Key": "k"})
    problem(other, 422, "idempotency_key_reused")


def test_limits(start: Callable[[Settings], Site], s3_settings: Callable[..., Settings]) -> None:
    site = start(s3_settings(max_upload_bytes=1000))
    problem(site.ours.post(DIRECT, json={"file_name": "a", "size_bytes": 1001}), 413, "too_large")
    problem(site.ours.post(DIRECT, json={"file_name": "a", "size_bytes": 0}), 422, "empty_file")
    problem(site.ours.post(DIRECT, json={"file_name": "a", "size_bytes": -1}), 422, "invalid_request")
    upload = site.begin(b"x" * 1000)
    where = f"/api/v1/uploads/{upload['upload_id']}/direct/parts"
    problem(site.ours.post(where, json={"numbers": [2]}), 422, "bad_part")
    problem(site.ours.post(where, json={"numbers": [0]}), 422, "bad_part")
    problem(site.ours.post(where, json={"numbers": [1] * 101}), 422, "invalid_request")
    tus = {"Tus-Resumable": "1.0.0"}
    assert site.ours.head(f"/api/v1/uploads/{upload['upload_id']}", headers=tus).status_code == 404


def test_a_folder_takes_no_direct_uploads(start: Callable[[Settings], Site], tmp_path: Path) -> None:
    site = start(Settings(data=tmp_path))
    assert "tus" in problem(site.ours.post(DIRECT, json={"file_name": "a", "size_bytes": 5}), 409, "direct_uploads_off")
    assert "data-direct-url" not in site.ours.get("/studio").text


def test_the_page_may_send_to_the_store_and_nowhere_else(site: Site) -> None:
    page = site.ours.get("/studio")
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    upload = site.begin(b"x" * 1000)
    address = site.ours.post(f"/api/v1/uploads/{upload['upload_id']}/direct/parts", json={"numbers": [1]}).json()
    origin = "/".join(address["parts"][0]["url"].split("/")[:3])
    assert policy["connect-src"] == f"'self' {origin}"
    assert f'data-direct-url="{DIRECT}"' in page.text
