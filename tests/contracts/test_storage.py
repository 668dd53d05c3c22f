"""What every Storage promises, run over every backend."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from infra.core.errors import NotFound, OutOfSpace, Rejected
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.storage import durable, s3_upload
from infra.storage.local import LocalStorage
from infra.storage.s3 import S3Storage

SEGMENT = st.text("abcXYZ019-_.~+=@ é", min_size=1, max_size=12).filter(lambda part: part[0] != ".")
KEYS = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
HOSTILE = ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a//b", "a/", "a\\..\\b", "a\0b", ".tmp/x",
           "a/.hidden", "a\nb", "x" * 300, "/".join("y" * 99 for _ in range(20))]

over_keys = examples(max_examples=30, deadline=None,
                     suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(params=["directory", "s3", pytest.param("s3 with a prefix", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "directory":
        return LocalStorage(tmp_path / "storage")
    return S3Storage.of(request.getfixturevalue("s3_settings")("" if request.param == "s3" else "lectern/a b"))


@over_keys
@given(key=KEYS, data=st.binary(max_size=2000), start=st.integers(0, 2500),
       length=st.none() | st.integers(0, 2500))
def test_what_was_put_comes_back_whole_and_in_ranges(
        storage: Storage, key: str, data: bytes, start: int, length: int | None) -> None:
    storage.put(key, data)
    found = storage.stat(key)
    assert found is not None
    assert (found.key, found.size_bytes) == (key, len(data))
    assert abs(found.modified_s - time.time()) < 60
    expected = data[start:] if length is None else data[start:start + length]
    assert storage.read(key, start, length) == expected
    assert b"".join(storage.stream(key, start, length)) == expected
    with storage.local(key) as path:
        assert path.read_bytes() == data
    storage.delete(key)
    assert storage.stat(key) is None


@over_keys
@given(keys=st.sets(KEYS, max_size=12), prefix=KEYS | st.just(""))
def test_list_is_every_key_with_the_prefix_in_key_order(storage: Storage, keys: set[str], prefix: str) -> None:
    # No key may lie under another one: a directory could not hold both.
    keys = {key for key in keys if not any(other.startswith(key + "/") for other in keys)}
    for key in keys:
        storage.put(key, key.encode())
    for start in (prefix, prefix + "/", prefix[:1]):
        if start != "/":
            expected = sorted(key for key in keys if key.startswith(start))
            assert [found.key for found in storage.list(start)] == expected
    for key in keys:
        storage.delete(key)
    assert list(storage.list("")) == []


def test_put_replaces_and_the_etag_tells(storage: Storage) -> None:
    etags = set()
    for data in (b"one", b"two", b"six"):
        storage.put("o/a/1.m4s", data)
        assert storage.read("o/a/1.m4s") == data
        found = storage.stat("o/a/1.m4s")
        assert found is not None
        etags.add(found.etag)
    assert len(etags) == 3


def test_put_new_keeps_what_is_there(storage: Storage, tmp_path: Path) -> None:
    assert storage.put_new("o/a/1.m4s", b"first") is True
    assert storage.put_new("o/a/1.m4s", b"second") is False
    file = tmp_path / "cell"
    file.write_bytes(b"third")
    assert storage.put_new("o/a/1.m4s", file) is False
    assert storage.read("o/a/1.m4s") == b"first"


def test_a_file_may_be_put_instead_of_bytes(storage: Storage, tmp_path: Path) -> None:
    for put in (storage.put, storage.put_new):
        file = tmp_path / "cell"
        file.write_bytes(b"x" * 100_000)
        put(f"o/{put.__name__}", file)
        assert storage.read(f"o/{put.__name__}") == b"x" * 100_000


def test_one_of_many_writers_wins_and_readers_see_whole_objects(storage: Storage) -> None:
    versions = [bytes([n]) * 300_000 for n in range(8)]
    won: list[int] = []
    torn: list[bytes] = []

    def write(n: int) -> None:
        if storage.put_new("o/cell", versions[n]):
            won.append(n)
        storage.put("o/replaced", versions[n])
        data = storage.read("o/replaced")
        if data not in versions:
            torn.append(data)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert storage.read("o/cell") == versions[won[0]]
    assert torn == []


def test_a_stream_goes_on_with_the_version_it_began(storage: Storage) -> None:
    storage.put("o/a", b"1" * 1_000_000)
    pieces = iter(storage.stream("o/a"))
    first = next(pieces)
    storage.put("o/a", b"2")
    assert first + b"".join(pieces) == b"1" * 1_000_000


def test_absent_objects(storage: Storage) -> None:
    storage.put("o/folder/file", b"")
    for key in ("o/nothing", "o/folder", "o/folder/file/below"):
        assert storage.stat(key) is None
        with pytest.raises(NotFound):
            storage.read(key)
        with pytest.raises(NotFound):
            storage.stream(key)  # before the first piece is asked for
        with pytest.raises(NotFound), storage.local(key):
            pass
        storage.delete(key)
    assert storage.read("o/folder/file") == b""
    assert list(storage.list("o/nothing/")) == []


def test_delete_prefix_counts_and_leaves_the_neighbours(storage: Storage) -> None:
    for key in ("o/1/a", "o/1/b/c", "o/10/a", "o/2"):
        storage.put(key, b"x")
    assert storage.delete_prefix("o/1/") == 2
    assert [found.key for found in storage.list("o/")] == ["o/10/a", "o/2"]
    assert storage.delete_prefix("o/1/") == 0
    with pytest.raises(ValueError, match="slash"):
        storage.delete_prefix("o/1")
    storage.put("o/1/a", b"again")
    assert storage.read("o/1/a") == b"again"


@pytest.mark.parametrize("key", HOSTILE)
def test_hostile_keys_are_refused_everywhere(storage: Storage, key: str) -> None:
    for call in (storage.stat, storage.read, storage.stream, storage.delete):
        with pytest.raises(Rejected):
            call(key)
    with pytest.raises(Rejected):
        storage.put(key, b"")
    with pytest.raises(Rejected):
        storage.put_new(key, b"")


def test_ranges_that_are_none(storage: Storage) -> None:
    storage.put("a", b"abc")
    with pytest.raises(ValueError, match="range"):
        storage.read("a", -1)
    with pytest.raises(ValueError, match="range"):
        storage.read("a", 0, -1)


def test_neighbours_may_be_deleted_while_others_are_put(storage: Storage) -> None:
    failures: list[Exception] = []

    def churn(name: str) -> None:
        try:
            for n in range(150):
                storage.put(f"o/v/p/{name}{n % 3}", b"x")
                storage.delete(f"o/v/p/{name}{n % 3}")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=churn, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# What only a directory has.

def test_room_is_known(tmp_path: Path) -> None:
    free = LocalStorage(tmp_path / "not" / "yet").free_bytes()
    assert free is not None
    assert free > 0


def test_a_full_disk_publishes_nothing_and_leaves_nothing(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("o/a", b"old")

    def full(fd: int, data: bytes) -> None:
        os.write(fd, data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("infra.storage.local.write_all", full)
    for put in (storage.put, storage.put_new):
        with pytest.raises(OutOfSpace):
            put("o/new", b"bytes")
    with pytest.raises(OutOfSpace):
        storage.put("o/a", b"bytes")
    assert storage.read("o/a") == b"old"
    assert [found.key for found in storage.list("")] == ["o/a"]
    assert list((tmp_path / ".tmp").iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("this system mounts nothing")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_really_full_disk(tiny_disk: Path, tmp_path: Path) -> None:
    storage = LocalStorage(tiny_disk)
    storage.put("o/small", b"x" * 200_000)
    with pytest.raises(OutOfSpace):
        storage.put("o/large", b"x" * 2_000_000)
    elsewhere = tmp_path / "large"
    elsewhere.write_bytes(b"x" * 2_000_000)
    with pytest.raises(OutOfSpace):
        storage.put_new("o/large", elsewhere)
    storage.put("o/fits", b"x" * 500_000)  # nothing of the refused ones takes room
    assert [found.key for found in storage.list("")] == ["o/fits", "o/small"]
    crossing = tmp_path / "crossing"
    crossing.write_bytes(b"y" * 1000)
    storage.put("o/crossed", crossing)  # from one file system to another
    assert storage.read("o/crossed") == b"y" * 1000


def test_leftovers_of_a_crash_are_invisible_and_swept(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with durable.temporary(tmp_path / ".tmp") as (fd, temp):
        os.write(fd, b"half of a cell")
        assert list(storage.list("")) == []
        assert storage.sweep_temp(older_than_s=60) == 0
        os.utime(temp, (0, 0))
        assert storage.sweep_temp(older_than_s=60) == 1
        assert not temp.exists()


# What only a bucket has.

@pytest.fixture
def bucket(s3_settings: Callable[..., Settings]) -> S3Storage:
    return S3Storage.of(s3_settings("p"))


def test_a_large_object_goes_in_parts_and_only_once(bucket: S3Storage, tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 17
    assert bucket.put_new("o/large", data) is True
    assert bucket.put_new("o/large", bytes(len(data))) is False
    assert bucket.read("o/large") == data  # compared with its hash on the way
    found = bucket.stat("o/large")
    assert found is not None
    assert found.etag.endswith("-3")
    assert bucket.read("o/large", (8 << 20) - 5, 10) == data[(8 << 20) - 5:(8 << 20) + 5]
    file = tmp_path / "large"
    file.write_bytes(data)
    with s3_upload.opened(file) as source:
        # Somebody else was first while the parts were on their way.
        assert s3_upload.put_parts(bucket.bucket, "o/large", source, lambda: False) is None
    assert "Uploads" not in bucket.bucket.client.list_multipart_uploads(Bucket=bucket.bucket.name)


def test_a_store_without_conditional_put_and_batches_is_good_enough(
        bucket: S3Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bucket.conditional_put() is True
    monkeypatch.setattr(bucket, "_conditional", False)
    monkeypatch.setattr(bucket, "_batches", False)
    test_put_new_keeps_what_is_there(bucket, tmp_path)
    bucket.delete("o/a/1.m4s")
    test_delete_prefix_counts_and_leaves_the_neighbours(bucket)


def test_more_objects_than_one_page(bucket: S3Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.storage.s3.PAGE", 20)
    names = [f"o/v/{n:04}" for n in range(65)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: bucket.put(name, b""), names))
    bucket.bucket.client.put_object(Bucket=bucket.bucket.name, Key="p/o/v/.hidden/x")  # not ours, and no key
    assert [found.key for found in bucket.list("o/")] == names
    assert bucket.delete_prefix("o/v/") == 65
    assert list(bucket.list("")) == []


def test_a_link_left_by_a_tool_is_not_followed(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "cell").symlink_to("/etc/hostname")
    for put in (storage.put, storage.put_new):
        with pytest.raises(OSError, match="symbolic link"):
            put("o/cell", tmp_path / "cell")
