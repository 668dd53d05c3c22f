"""tus when things break: connections, two writers, full disks, killed servers."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tus_client import BODY, TUS, UPLOADS, Client, checksum, eventually, problem, raw_patch
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from upload_app import Crash, UploadService, refuse

from infra.core import keys
from infra.core.errors import OutOfSpace, Unavailable
from ingest.writers import PIECE_BYTES


@pytest.fixture
def service(tmp_path: Path) -> UploadService:
    return UploadService(tmp_path)


@pytest.fixture
def client(service: UploadService, caplog: pytest.LogCaptureFixture) -> Iterator[Client]:
    with service.serve() as address, Client(base_url=address, headers={"Authorization": "Bearer ours"}) as client:
        yield client
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


# ---- broken connections and two writers --------------------------------------------------------------


@pytest.mark.parametrize("size", [5, PIECE_BYTES + 5], ids=["less than a piece", "more than a piece"])
def test_body_read_error_keeps_what_arrived(client: Client, size: int) -> None:
    url = client.start(4 * PIECE_BYTES)
    broken = raw_patch(client, url, b"x" * size, 4 * PIECE_BYTES)
    time.sleep(0.2)  # uvicorn drops what it had buffered (64 KiB at most) when a connection closes
    broken.close()
    eventually(lambda: client.offset(url), size)


def test_body_read_error_discards_what_could_not_be_verified(client: Client, service: UploadService) -> None:
    url = client.start(4 * PIECE_BYTES)
    body = b"x" * (3 * PIECE_BYTES)
    broken = raw_patch(client, url, body[:-5], len(body), **checksum(body))
    eventually(lambda: client.offset(url) > 0, True)
    broken.close()
    eventually(lambda: client.offset(url), 0)


def test_second_writer_is_refused_while_the_first_one_is_alive(client: Client) -> None:
    url = client.start(4 * PIECE_BYTES)
    first = raw_patch(client, url, b"x", 4 * PIECE_BYTES)
    time.sleep(0.1)

    with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=20) as second:
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(
            second.patch(url, content=b"y", headers=BODY | {"Upload-Offset": "0"})))
        asking.start()
        while asking.is_alive():
            first.sendall(b"x")
            time.sleep(0.02)
        problem(answers[0], 423, "upload_locked")
    first.close()


def test_second_writer_takes_over_from_a_silent_first_one(client: Client) -> None:
    url = client.start(10)
    first = raw_patch(client, url, b"01234", 10)  # its network is gone, but nobody told the server
    time.sleep(0.1)
    problem(client.chunk(url, 0, b"0123456789"), 409, "wrong_offset")  # what the first one sent is stored by now
    assert client.offset(url) == 5
    assert client.chunk(url, 5, b"56789").headers["Lectern-Video"]
    assert b" 408 " in first.recv(200)
    first.close()


# ---- crashes and shortages ------------------------------------------------------------------------------


def test_full_disk_keeps_what_is_there(client: Client, service: UploadService) -> None:
    url = client.start(3 * PIECE_BYTES)
    service.free_bytes = 0
    service.settings.reserve_bytes = 1
    problem(client.chunk(url, 0, b"x" * 100), 507, "disk_full")
    problem(client.post(UPLOADS, headers=TUS | {"Upload-Length": "5"}), 507, "disk_full")
    service.free_bytes = None
    assert client.offset(url) == 0
    assert client.chunk(url, 0, b"x" * 100).headers["Upload-Offset"] == "100"


@pytest.mark.parametrize("where", ["examine_faults", "admit_faults"])
@pytest.mark.parametrize("error", [Unavailable, OutOfSpace])
@pytest.mark.parametrize("ask", ["PATCH", "HEAD", "restart"])
def test_completion_that_could_not_be_done_now_is_done_when_asked_again(
        client: Client, service: UploadService, where: str, error: Any, ask: str) -> None:
    url = client.start(10)
    getattr(service.admission, where).append(refuse(error))
    problem(client.chunk(url, 0, b"0123456789"), error.status, "not_now")
    assert service.videos() == []
    if ask == "restart":
        assert UploadService(service.root).intake.recover() == 1
    answer = client.chunk(url, 10, b"") if ask == "PATCH" else client.head(url, headers=TUS)
    assert service.stored(answer.headers["Lectern-Video"]) == b"0123456789"
    assert len(service.videos()) == 1
    assert service.videos()[0].source_sha256 == hashlib.sha256(b"0123456789").hexdigest()


def test_crash_between_the_video_and_the_answer_makes_one_video(tmp_path: Path) -> None:
    service = UploadService(tmp_path)
    upload = service.intake.rows.insert("ours", 10, {}, None)
    service.staging.create(upload.staging_key)
    service.staging.append(upload.staging_key, 0, b"0123456789")
    completion = service.intake._completion
    finish = service.intake.rows.finish
    service.intake.rows.finish = lambda *_: (_ for _ in ()).throw(Crash())  # type: ignore[method-assign]
    with pytest.raises(Crash):
        completion.complete(upload)
    service.intake.rows.finish = finish  # type: ignore[method-assign]
    after = UploadService(tmp_path)
    assert after.intake.recover() == 1
    assert after.intake.recover() == 0
    assert [video.id for video in after.videos()] == [upload.future_video_id]
    assert after.storage.read(keys.source("ours", upload.future_video_id)) == b"0123456789"


def test_resume_after_server_restart(tmp_path: Path) -> None:
    body = bytes(range(256)) * (2 * PIECE_BYTES // 256)
    with UploadService(tmp_path).serve() as address, Client(base_url=address) as client:
        client.headers["Authorization"] = "Bearer ours"
        url = client.start(len(body))
        client.chunk(url, 0, body[:1000])
    service = UploadService(tmp_path)
    with service.serve() as address, Client(base_url=address) as client:
        client.headers["Authorization"] = "Bearer ours"
        assert client.offset(url) == 1000
        video = client.chunk(url, 1000, body[1000:]).headers["Lectern-Video"]
    assert service.admission.sha256[video] == hashlib.sha256(body).hexdigest()


def test_tuspy_resumes_after_the_server_was_killed(tmp_path: Path) -> None:
    """A foreign client, a real server process, SIGKILL in the middle of a PATCH."""
    source = tmp_path / "lecture.mp4"
    source.write_bytes(b"".join(hashlib.sha256(number.to_bytes(4)).digest() for number in range(1 << 20)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path / "data"
    data.mkdir()

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "upload_app", str(data), str(port)],
                                   env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
        while True:
            try:
                httpx.options(f"http://127.0.0.1:{port}{UPLOADS}")
                return process
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.05)

    server = start()
    try:
        tus = TusClient(f"http://127.0.0.1:{port}{UPLOADS}", headers={"Authorization": "Bearer ours"})
        uploader = tus.uploader(str(source), chunk_size=3_000_000, metadata={"filename": "lecture.mp4"})
        while uploader.offset < 9_000_000:
            uploader.upload_chunk()
        # A PATCH that is under way when the server dies; what it stored is stored, and no more is claimed.
        with Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer ours"}) as client:
            part = source.read_bytes()[9_000_000:25_000_000]
            held = raw_patch(client, uploader.url, part, len(part) + 1, 9_000_000)
            eventually(lambda: client.offset(uploader.url) > 9_000_000, True)
        server.kill()
        server.wait()
        held.close()
        with pytest.raises((TusUploadFailed, TusCommunicationError)):
            uploader.upload_chunk()
        server = start()
        again = tus.uploader(str(source), chunk_size=3_000_000, url=uploader.url)
        assert 9_000_000 < again.offset < 25_000_000
        again.upload()
        video = again.request.response_headers["lectern-video"]
    finally:
        server.kill()
        server.wait()
    service = UploadService(data)
    expected = hashlib.sha256(source.read_bytes()).hexdigest()
    assert [row.source_sha256 for row in service.videos()] == [expected]
    assert hashlib.sha256(service.stored(video)).hexdigest() == expected
