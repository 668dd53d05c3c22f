"""The one-request upload, as curl sends it."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from granted import granted_s
from upload_app import NOT_VIDEO, UploadService

from ingest.writers import PIECE_BYTES

URL = "/api/v1/videos"
TYPE = {"Content-Type": "multipart/form-data; boundary=xx"}


@pytest.fixture
def service(tmp_path: Path) -> UploadService:
    return UploadService(tmp_path)


@pytest.fixture
def client(service: UploadService) -> Iterator[httpx.Client]:
    with service.serve() as address, httpx.Client(base_url=address, timeout=20) as client:
        yield client


def part(name: str, body: bytes, file_name: str | None = None) -> bytes:
    label = f'; filename="{file_name}"' if file_name is not None else ""
    return f'--xx\r\nContent-Disposition: form-data; name="{name}"{label}\r\n\r\n'.encode() + body + b"\r\n"


def staged(service: UploadService) -> list[Path]:
    return [path for path in (service.root / "objects" / ".staging").rglob("*") if path.is_file()]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("order", ["fields first", "file first"])
def test_curl_with_fields_before_or_after_the_file(client: httpx.Client, service: UploadService, tmp_path: Path,
                                                   order: str) -> None:
    body = bytes(range(256)) * (3 * PIECE_BYTES // 256) + b"\r\n--almost a boundary"
    source = tmp_path / "x.mp4"
    source.write_bytes(body)
    forms = ["-F", f"file=@{source}", "-F", "title=Größe", "-F", "language=de"]
    if order == "fields first":
        forms = forms[2:] + forms[:2]
    done = subprocess.run(["curl", "-sS", "-i", *forms, f"{client.base_url}{URL}"], capture_output=True, check=True)
    assert b" 201 " in done.stdout
    [video] = service.videos()
    assert service.stored(video.id) == body
    assert service.admission.sha256[video.id] == hashlib.sha256(body).hexdigest()
    assert service.admission.metadata[video.id] == {"filename": "x.mp4", "title": "Größe", "language": "de"}


@pytest.mark.parametrize(("body", "status", "code"), [
    pytest.param(part("title", b"x") + b"--xx--\r\n", 422, "file_missing", id="no file"),
    pytest.param(part("file", b"", "x") + b"--xx--\r\n", 422, "empty_file", id="empty file"),
    pytest.param(part("file", NOT_VIDEO, "x") + b"--xx--\r\n", 422, "unsupported_container", id="no video"),
    pytest.param(part("file", b"x", "x") * 2 + b"--xx--\r\n", 400, "bad_form", id="two files"),
    pytest.param(part("a", b"x") * 2 + b"--xx--\r\n", 400, "bad_form", id="a field twice"),
    pytest.param(part("file", b"x", "x"), 400, "bad_form", id="no last boundary"),
    pytest.param(b"nonsense", 400, "bad_form", id="no form"),
    pytest.param(part("a", b"\xff") + b"--xx--\r\n", 400, "bad_form", id="not UTF-8"),
    pytest.param(part("a", b"x" * 70_000) + b"--xx--\r\n", 413, "field_too_large", id="long field"),
    pytest.param(part("file", b"x" * 2_000_000, "x") + b"--xx--\r\n", 413, "over_length", id="long file"),
])
def test_refused_form_leaves_nothing(client: httpx.Client, service: UploadService, body: bytes, status: int,
                                     code: str) -> None:
    service.settings.max_upload_bytes = 1_000_000
    answer = client.post(URL, content=body, headers=TYPE)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert service.videos() == []
    assert staged(service) == []


def test_other_content_type(client: httpx.Client) -> None:
    assert client.post(URL, content=b"{}", headers={"Content-Type": "application/json"}).status_code == 415


def test_hostile_file_names_are_labels(client: httpx.Client, service: UploadService) -> None:
    client.post(URL, content=part("file", b"video", "../../-i a%03d.mp4") + b"--xx--\r\n", headers=TYPE)
    [video] = service.videos()
    assert service.admission.metadata[video.id] == {"filename": "../../-i a%03d.mp4"}
    assert service.stored(video.id) == b"video"


def test_broken_connection_leaves_nothing(client: httpx.Client, service: UploadService) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE['Content-Type']}\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + part("file", b"x" * 100, "x"))
        until = granted_s() + 5
        while not staged(service) and granted_s() < until:
            time.sleep(0.02)
        assert staged(service)
    while staged(service) and granted_s() < until:
        time.sleep(0.02)
    assert staged(service) == []
