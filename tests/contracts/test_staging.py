"""What every Staging promises, run over every backend."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from infra.core.errors import Conflict, NotFound, OutOfSpace, Rejected, Unavailable
from infra.core.ports import Staging, Storage
from infra.core.settings import Settings
from infra.storage import durable, s3_upload
from infra.storage.local import LocalStaging, LocalStorage
from infra.storage.s3 import S3Storage
from infra.storage.s3_staging import S3Staging

UPLOAD = "o/org/uploads/up_1"
SOURCE = "o/org/v/v_1/source"


@dataclass(frozen=True)
class Pair:
    staging: Staging
    storage: Storage


@pytest.fixture(params=["directory", "s3"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    if request.param == "directory":
        return Pair(LocalStaging(tmp_path / "data"), LocalStorage(tmp_path / "data"))
    return s3_pair(request.getfixturevalue("s3_settings")(), tmp_path)


def s3_pair(settings: Settings, folder: Path) -> Pair:
    storage = S3Storage.of(settings)
    return Pair(S3Staging(LocalStaging(folder / "data"), storage), storage)


@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(max_size=3000), max_size=8))
def test_pieces_become_one_object(pair: Pair, pieces: list[bytes]) -> None:
    pair.staging.create(UPLOAD)
    size = 0
    for piece in pieces:
        size = pair.staging.append(UPLOAD, size, piece)
        assert pair.staging.size(UPLOAD) == size
    with pair.staging.local(UPLOAD) as path:
        assert path.read_bytes() == b"".join(pieces)
    assert list(pair.storage.list("")) == []  # nothing is visible before it is finished
    pair.staging.finish(UPLOAD, SOURCE)
    assert pair.storage.read(SOURCE) == b"".join(pieces)
    with pytest.raises(NotFound):
        pair.staging.size(UPLOAD)
    pair.storage.delete(SOURCE)


def test_a_wrong_offset_changes_nothing(pair: Pair) -> None:
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, b"abc")
    for offset in (0, 2, 4, 1 << 40):
        with pytest.raises(Conflict):
            pair.staging.append(UPLOAD, offset, b"xyz")
    with pair.staging.local(UPLOAD) as path:
        assert path.read_bytes() == b"abc"


def test_truncate_forgets_the_end(pair: Pair) -> None:
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, b"abcdef")
    pair.staging.truncate(UPLOAD, 3)
    assert pair.staging.size(UPLOAD) == 3
    with pytest.raises(Conflict):
        pair.staging.truncate(UPLOAD, 4)
    assert pair.staging.append(UPLOAD, 3, b"D") == 4
    pair.staging.finish(UPLOAD, SOURCE)
    assert pair.storage.read(SOURCE) == b"abcD"


def test_two_writers_at_one_offset_one_wins(pair: Pair) -> None:
    pair.staging.create(UPLOAD)
    outcomes: list[str] = []

    def write(letter: bytes) -> None:
        try:
            pair.staging.append(UPLOAD, 0, letter * 200_000)
            outcomes.append("stored")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "conflict", "stored"]
    with pair.staging.local(UPLOAD) as path:
        assert len(set(path.read_bytes())) == 1
    assert pair.staging.size(UPLOAD) == 200_000


def test_finish_again_after_a_crash(pair: Pair) -> None:
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, b"abc")
    pair.staging.finish(UPLOAD, SOURCE)
    pair.staging.finish(UPLOAD, SOURCE)
    assert pair.storage.read(SOURCE) == b"abc"


def test_absent_uploads(pair: Pair) -> None:
    for call in (lambda: pair.staging.size(UPLOAD), lambda: pair.staging.append(UPLOAD, 0, b""),
                 lambda: pair.staging.truncate(UPLOAD, 0), lambda: pair.staging.finish(UPLOAD, SOURCE)):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(NotFound), pair.staging.local(UPLOAD):
        pass
    pair.staging.abort(UPLOAD)


def test_abort_forgets_and_create_refuses_to_forget(pair: Pair) -> None:
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, b"abc")
    with pytest.raises(Conflict):
        pair.staging.create(UPLOAD)
    assert pair.staging.size(UPLOAD) == 3
    pair.staging.abort(UPLOAD)
    pair.staging.create(UPLOAD)
    assert pair.staging.size(UPLOAD) == 0


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a/../../b", "a\\b", "a\0b", "", ".staging/x"])
def test_hostile_keys_are_refused(pair: Pair, key: str) -> None:
    for call in (pair.staging.create, pair.staging.size, pair.staging.abort):
        with pytest.raises(Rejected):
            call(key)
    pair.staging.create(UPLOAD)
    with pytest.raises(Rejected):
        pair.staging.finish(UPLOAD, key)
    assert pair.staging.size(UPLOAD) == 0


def test_a_full_disk_leaves_the_upload_as_it_was(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, b"abc")

    def full(fd: int, data: bytes) -> None:
        os.write(fd, data[:2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("infra.storage.local.write_all", full)
        with pytest.raises(OutOfSpace):
            pair.staging.append(UPLOAD, 3, b"defgh")
    assert pair.staging.size(UPLOAD) == 3
    pair.staging.append(UPLOAD, 3, b"def")
    pair.staging.finish(UPLOAD, SOURCE)
    assert pair.storage.read(SOURCE) == b"abcdef"


def test_an_append_is_flushed_before_it_returns(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    flush = durable.flush

    def counted(fd: int) -> None:
        flush(fd)
        flushed.append(os.fstat(fd).st_size)

    monkeypatch.setattr("infra.storage.durable.flush", counted)
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, b"abc")
    assert flushed == [3]


# What only a bucket has.

LARGE = os.urandom(1 << 20) * 40  # five parts


def _upload(pair: Pair, data: bytes) -> None:
    pair.staging.create(UPLOAD)
    pair.staging.append(UPLOAD, 0, data)


def test_a_large_upload_goes_in_parts_and_stays_as_the_local_copy(
        s3_settings: Callable[..., Settings], tmp_path: Path) -> None:
    pair = s3_pair(s3_settings(), tmp_path)
    _upload(pair, LARGE)
    pair.staging.finish(UPLOAD, SOURCE)
    found = pair.storage.stat(SOURCE)
    assert found is not None
    assert found.etag.endswith("-5")
    assert isinstance(pair.storage, S3Storage)
    assert pair.storage.sha256(SOURCE) == hashlib.sha256(LARGE).hexdigest()
    fetched: list[str] = []
    pair.storage.bucket.client.meta.events.register("before-call.s3.GetObject", lambda **_: fetched.append("get"))
    with pair.storage.local(SOURCE) as path:
        assert path.read_bytes() == LARGE
    assert fetched == []
    assert pair.storage.read(SOURCE) == LARGE  # what lies in the bucket, compared with its hash
    assert fetched == ["get"]


def test_a_crash_after_the_object_was_complete(s3_settings: Callable[..., Settings], tmp_path: Path) -> None:
    pair = s3_pair(s3_settings(), tmp_path)
    _upload(pair, LARGE)
    assert isinstance(pair.storage, S3Storage)
    with pair.staging.local(UPLOAD) as path, s3_upload.opened(path) as source:
        etag = s3_upload.put_parts(pair.storage.bucket, SOURCE, source, lambda: True)
    pair.staging.finish(UPLOAD, SOURCE)  # both are there
    found = pair.storage.stat(SOURCE)
    assert found is not None
    assert found.etag == etag
    with pytest.raises(NotFound):
        pair.staging.size(UPLOAD)
    pair.staging.finish(UPLOAD, SOURCE)


def test_other_bytes_of_the_same_size_are_not_taken_for_the_upload(
        s3_settings: Callable[..., Settings], tmp_path: Path) -> None:
    pair = s3_pair(s3_settings(), tmp_path)
    pair.storage.put(SOURCE, b"old")
    _upload(pair, b"new")
    pair.staging.finish(UPLOAD, SOURCE)
    assert pair.storage.read(SOURCE) == b"new"


def test_a_crash_between_parts_leaves_the_upload_and_no_parts_behind_a_failure(
        s3_settings: Callable[..., Settings], tmp_path: Path) -> None:
    pair = s3_pair(s3_settings(), tmp_path)
    _upload(pair, LARGE)
    assert isinstance(pair.storage, S3Storage)
    bucket = pair.storage.bucket

    def fail(params: dict[str, object], **_: object) -> None:
        if params["query_string"]["partNumber"] == 3:  # type: ignore[index]
            raise ConnectionResetError

    bucket.client.meta.events.register("before-call.s3.UploadPart", fail)
    with pytest.raises(Unavailable):
        pair.staging.finish(UPLOAD, SOURCE)
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)
    assert pair.storage.stat(SOURCE) is None
    bucket.client.meta.events.unregister("before-call.s3.UploadPart", fail)
    pair.staging.finish(UPLOAD, SOURCE)
    assert pair.storage.read(SOURCE) == LARGE


def test_old_leftovers_of_uploads_are_swept(tmp_path: Path) -> None:
    staging = LocalStaging(tmp_path)
    staging.create(UPLOAD)
    staging.append(UPLOAD, 0, b"abc")
    assert staging.sweep(60) == 0
    with staging.local(UPLOAD) as path:
        os.utime(path, (0, 0))
    assert staging.sweep(60) == 1
    with pytest.raises(NotFound):
        staging.size(UPLOAD)
