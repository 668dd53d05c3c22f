"""tus 1.0.0, case by case, over real HTTP. The names are those of the protocol's well-known pitfalls."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tus_client import BODY, TUS, UPLOADS, Client, checksum, problem
from upload_app import NOT_VIDEO, UploadService

from ingest.writers import PIECE_BYTES


@pytest.fixture
def service(tmp_path: Path) -> UploadService:
    return UploadService(tmp_path)


@pytest.fixture
def client(service: UploadService, caplog: pytest.LogCaptureFixture) -> Iterator[Client]:
    with service.serve() as address, Client(base_url=address, headers={"Authorization": "Bearer ours"}) as client:
        yield client
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


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
