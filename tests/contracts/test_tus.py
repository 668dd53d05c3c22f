"""tus 1.0.0, case by case, over real HTTP. The names are those of the protocol's well-known pitfalls."""

from __future__ import annotations

import base64
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
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from upload_app import NOT_VIDEO, Crash, UploadService, refuse

from infra.core import keys
from infra.core.errors import OutOfSpace, Unavailable
from ingest.writers import PIECE_BYTES

TUS = {"Tus-Resumable": "1.0.0"}
BODY = TUS | {"Content-Type": "application/offset+octet-stream"}
UPLOADS = "/api/v1/uploads"


class Client(httpx.Client):
    """Speaks tus just enough to say wrong things."""

    def start(self, length: int | None = 10, **headers: str) -> str:
        answer = self.post(UPLOADS, headers=TUS | ({} if length is None else {"Upload-Length": str(length)}) | headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def chunk(self, url: str, offset: int, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.patch(url, content=body, headers=BODY | {"Upload-Offset": str(offset)} | (headers or {}))

    def offset(self, url: str) -> int:
        answer = self.head(url, headers=TUS)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])


@pytest.fixture
def service(tmp_path: Path) -> UploadService:
    return UploadService(tmp_path)


@pytest.fixture
def client(service: UploadService, caplog: pytest.LogCaptureFixture) -> Iterator[Client]:
    with service.serve() as address, Client(base_url=address, headers={"Authorization": "Bearer ours"}) as client:
        yield client
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def checksum(body: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = hashlib.new(algorithm, body).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Tus-Resumable"] == "1.0.0"


# ---- the normal course ------------------------------------------------------------------------------


def test_options_tell_what_is_spoken(client: Client) -> None:
    answer = client.options(UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert {"creation", "checksum", "termination", "concatenation"} <= set(answer.headers["Tus-Extension"].split(","))
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1,md5"
    assert int(answer.headers["Tus-Max-Size"]) > 0


def test_upload_in_two_chunks_becomes_a_video(client: Client, service: UploadService) -> None:
    url = client.start(10, **{"Upload-Metadata": "title TGVjdHVyZQ==,secret"})
    head = client.head(url, headers=TUS)
    assert head.headers["Cache-Control"] == "no-store"
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("0", "10")
    assert head.headers["Upload-Metadata"] == "title TGVjdHVyZQ==,secret"
    first = client.chunk(url, 0, b"01234")
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "5")
    assert first.headers["Upload-Expires"].endswith("GMT")
    assert "Lectern-Video" not in first.headers
    last = client.chunk(url, 5, b"56789")
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, "10")
    video = last.headers["Lectern-Video"]
    assert last.headers["Lectern-Watch-Url"].startswith("/watch/p_")
    assert client.head(url, headers=TUS).headers["Lectern-Video"] == video
    assert service.stored(video) == b"0123456789"
    assert service.admission.sha256[video] == hashlib.sha256(b"0123456789").hexdigest()
    assert service.admission.metadata[video] == {"title": "Lecture", "secret": ""}


def test_creation_with_upload(client: Client, service: UploadService) -> None:
    answer = client.post(UPLOADS, content=b"01234", headers=BODY | {"Upload-Length": "10"})
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    assert "Lectern-Video" in client.chunk(answer.headers["Location"], 5, b"56789").headers
    whole = client.post(UPLOADS, content=b"0123456789", headers=BODY | {"Upload-Length": "10"})
    assert service.stored(whole.headers["Lectern-Video"]) == b"0123456789"


def test_deferred_length_declared_later(client: Client, service: UploadService) -> None:
    url = client.start(None, **{"Upload-Defer-Length": "1"})
    head = client.head(url, headers=TUS)
    assert head.headers["Upload-Defer-Length"] == "1"
    assert "Upload-Length" not in head.headers
    assert client.chunk(url, 0, b"01234").status_code == 204
    problem(client.chunk(url, 5, b"", {"Upload-Length": "4"}), 400, "bad_header")
    last = client.chunk(url, 5, b"56789", {"Upload-Length": "10"})
    assert service.stored(last.headers["Lectern-Video"]) == b"0123456789"


def test_declared_length_does_not_change(client: Client) -> None:
    problem(client.chunk(client.start(10), 0, b"0", {"Upload-Length": "11"}), 400, "length_already_known")


@pytest.mark.parametrize("method", ["PATCH", "patch"])
def test_method_override(client: Client, method: str) -> None:
    url = client.start(10)
    headers = BODY | {"Upload-Offset": "0", "X-HTTP-Method-Override": method}
    assert client.post(url, content=b"01234", headers=headers).headers["Upload-Offset"] == "5"
    assert client.post(url, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert client.head(url, headers=TUS).status_code == 404


def test_concatenation_of_partial_uploads(client: Client, service: UploadService) -> None:
    parts = [client.start(5, **{"Upload-Concat": "partial"}) for _ in range(2)]
    final = {"Upload-Concat": f"final;{parts[0]} {client.base_url}{parts[1]}"}
    assert "Lectern-Video" not in client.chunk(parts[0], 0, b"01234").headers
    problem(client.post(UPLOADS, headers=TUS | final), 409, "part_not_finished")
    client.chunk(parts[1], 0, b"56789")
    assert client.head(parts[0], headers=TUS).headers["Upload-Concat"] == "partial"
    answer = client.post(UPLOADS, headers=TUS | final)
    assert answer.status_code == 201
    video = answer.headers["Lectern-Video"]
    assert service.stored(video) == b"0123456789"
    assert service.admission.sha256[video] == hashlib.sha256(b"0123456789").hexdigest()
    assert client.head(parts[0], headers=TUS).status_code == 404
    problem(client.chunk(answer.headers["Location"], 10, b""), 403, "final_upload")


# ---- refused, and nothing changed ---------------------------------------------------------------------


@pytest.mark.parametrize(("headers", "status", "code"), [
    pytest.param({"Upload-Offset": "3"}, 409, "wrong_offset", id="mismatching offset"),
    pytest.param({"Upload-Offset": "-5"}, 400, "bad_header", id="negative offset"),
    pytest.param({"Upload-Offset": "5"}, 409, "wrong_offset", id="offset beyond what is there"),
    pytest.param({"Upload-Offset": "٣"}, 400, "bad_header", id="offset in other digits"),
    pytest.param({"Tus-Resumable": "0.2.2"}, 412, "wrong_tus_version", id="other version"),
    pytest.param({"Content-Type": "application/octet-stream"}, 415, "wrong_content_type", id="other content type"),
    pytest.param({"Upload-Checksum": "crc32 AAAA"}, 400, "checksum_algorithm_unknown", id="unknown checksum"),
    pytest.param({"Upload-Checksum": "sha1 AAAA"}, 400, "bad_checksum_header", id="checksum of wrong size"),
    pytest.param(checksum(b"other", "sha1"), 460, "checksum_mismatch", id="checksum mismatch discards"),
    pytest.param(checksum(b"other", "md5"), 460, "checksum_mismatch", id="md5 mismatch discards"),
])
def test_refused_chunk_changes_nothing(client: Client, headers: dict[str, str], status: int, code: str) -> None:
    url = client.start(10)
    raw = {name: value.encode() for name, value in (BODY | {"Upload-Offset": "0"} | headers).items()}
    answer = client.patch(url, content=b"01234", headers=raw)
    problem(answer, status, code)
    if status == 412:
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert client.offset(url) == 0
    assert client.chunk(url, 0, b"0123456789", checksum(b"0123456789", "sha1")).headers["Lectern-Video"]


@pytest.mark.parametrize(("headers", "status", "code"), [
    pytest.param({}, 400, "bad_header", id="no length"),
    pytest.param({"Upload-Length": "5", "Upload-Defer-Length": "1"}, 400, "bad_header", id="length both ways"),
    pytest.param({"Upload-Defer-Length": "2"}, 400, "bad_header", id="defer-length is 1 or nothing"),
    pytest.param({"Upload-Length": "0"}, 422, "empty_file", id="empty upload"),
    pytest.param({"Upload-Length": "1000001"}, 413, "too_large", id="exceeding the maximal size"),
    pytest.param({"Upload-Length": "9" * 30}, 400, "bad_header", id="absurd length"),
    pytest.param({"Upload-Length": "1", "Upload-Metadata": "a ???"}, 400, "bad_metadata", id="bad metadata"),
    pytest.param({"Upload-Concat": "final;"}, 400, "bad_concat_header", id="final of nothing"),
    pytest.param({"Upload-Concat": "final;/x/u_bbbbbbbbbbbbbbbb"}, 404, "upload_not_found", id="unknown part"),
])
def test_refused_creation(client: Client, service: UploadService, headers: dict[str, str], status: int,
                          code: str) -> None:
    service.settings.max_upload_bytes = 1_000_000
    problem(client.post(UPLOADS, headers=TUS | headers), status, code)


@pytest.mark.parametrize("chunked", [False, True], ids=["with Content-Length", "chunked"])
def test_exceeding_length(client: Client, chunked: bool) -> None:
    url = client.start(10)
    client.chunk(url, 0, b"01")
    body = b"x" * 9
    problem(client.chunk(url, 2, iter([body]) if chunked else body), 413, "over_length")
    assert client.offset(url) == 2


def test_overflow_without_length(client: Client, service: UploadService) -> None:
    service.settings.max_upload_bytes = 2 * PIECE_BYTES
    url = client.start(None, **{"Upload-Defer-Length": "1"})
    problem(client.chunk(url, 0, iter([b"x" * PIECE_BYTES] * 4)), 413, "over_length")
    assert client.offset(url) == 0


def test_checksum_mismatch_of_a_long_chunk_discards_all_of_it(client: Client, service: UploadService) -> None:
    body = bytes(range(256)) * (3 * PIECE_BYTES // 256) + b"end"
    url = client.start(5 + len(body))
    client.chunk(url, 0, b"01234")
    problem(client.chunk(url, 5, body, checksum(body + b"!")), 460, "checksum_mismatch")
    assert client.offset(url) == 5
    video = client.chunk(url, 5, body, checksum(body)).headers["Lectern-Video"]
    assert service.admission.sha256[video] == hashlib.sha256(b"01234" + body).hexdigest()
    assert service.stored(video) == b"01234" + body


def test_file_that_is_no_video_is_rejected_and_stays_so(client: Client, service: UploadService) -> None:
    url = client.start(10)
    problem(client.chunk(url, 0, NOT_VIDEO.ljust(10)), 422, "unsupported_container")
    problem(client.chunk(url, 10, b""), 422, "unsupported_container")
    assert client.head(url, headers=TUS).status_code == 422
    assert service.videos() == []
    assert [path for path in (service.root / "objects" / ".staging").rglob("*") if path.is_file()] == []


def test_empty_file_of_deferred_length(client: Client) -> None:
    url = client.start(None, **{"Upload-Defer-Length": "1"})
    problem(client.chunk(url, 0, b"", {"Upload-Length": "0"}), 422, "empty_file")


# ---- whose is it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_other_organizations_upload_does_not_exist(client: Client, method: str) -> None:
    url = client.start(10)
    headers = BODY | {"Upload-Offset": "0", "Authorization": "Bearer theirs"}
    assert client.request(method, url, headers=headers, content=b"x" if method == "PATCH" else b"").status_code == 404
    assert client.offset(url) == 0


def test_other_organizations_parts_can_not_be_concatenated(client: Client) -> None:
    part = client.start(5, **{"Upload-Concat": "partial"})
    client.chunk(part, 0, b"01234")
    headers = TUS | {"Upload-Concat": f"final;{part}", "Authorization": "Bearer theirs"}
    problem(client.post(UPLOADS, headers=headers), 404, "upload_not_found")


def test_without_a_key_nothing_is_stored(client: Client) -> None:
    answer = client.post(UPLOADS, content=b"0", headers=BODY | {"Upload-Length": "1", "Authorization": ""})
    problem(answer, 401, "unauthorized")


@pytest.mark.parametrize("name", ["u_bbbbbbbbbbbbbbbb", "nonsense", "..%2f..%2fetc", "u_%00"])
def test_unknown_upload(client: Client, name: str) -> None:
    assert client.head(f"{UPLOADS}/{name}", headers=TUS).status_code == 404


def test_terminated_upload_is_gone_with_its_bytes(client: Client, service: UploadService) -> None:
    url = client.start(10)
    client.chunk(url, 0, b"01234")
    answer = client.delete(url, headers=TUS)
    assert (answer.status_code, answer.headers["Tus-Resumable"]) == (204, "1.0.0")
    assert client.head(url, headers=TUS).status_code == 404
    assert client.chunk(url, 5, b"56789").status_code == 404
    assert client.delete(url, headers=TUS).status_code == 404
    assert [path for path in (service.root / "objects" / ".staging").rglob("*") if path.is_file()] == []


def test_terminating_a_finished_upload_keeps_the_video(client: Client, service: UploadService) -> None:
    url = client.start(10)
    video = client.chunk(url, 0, b"0123456789").headers["Lectern-Video"]
    assert client.delete(url, headers=TUS).status_code == 204
    assert service.stored(video) == b"0123456789"
    assert [row.id for row in service.videos()] == [video]


def test_expired_upload_is_dropped_and_others_stay(client: Client, service: UploadService) -> None:
    url = client.start(10)
    client.chunk(url, 0, b"01234")
    assert service.intake.expire() == 0
    assert client.offset(url) == 5
    assert service.intake.expire(time.time() + service.settings.upload_expires_s + 60) == 1
    assert client.head(url, headers=TUS).status_code == 404


# ---- broken connections and two writers --------------------------------------------------------------


def raw_patch(client: Client, url: str, body: bytes, length: int, offset: int = 0, **more: str) -> socket.socket:
    """A PATCH that declares `length` bytes and sends `body` only."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port))
    headers = BODY | {"Host": "x", "Authorization": "Bearer ours", "Upload-Offset": str(offset),
                      "Content-Length": str(length)} | more
    connection.sendall(f"PATCH {url} HTTP/1.1\r\n".encode()
                       + "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n" + body)
    return connection


def eventually(check: Any, expected: Any, within_s: float = 5.0) -> None:
    until = time.monotonic() + within_s
    while (found := check()) != expected and time.monotonic() < until:
        time.sleep(0.02)
    assert found == expected


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
            held = raw_patch(client, uploader.url, source.read_bytes()[9_000_000:25_000_000], 20_000_000, 9_000_000)
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
