"""`lectern migrate-storage` in both directions, and what `lectern doctor` says of a storage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.core.errors import ConfigError, Conflict, StepFailed, Unavailable
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.deploy.native.radosgw import Radosgw
from infra.runtime.migrate_storage import IN_MEMORY_BYTES, Migrated, migrate
from infra.runtime.storage_checks import storage_checks
from infra.runtime.storages import open_stores
from infra.runtime.supervisor import alone
from infra.storage.local import LocalStorage
from infra.storage.s3 import S3Storage

OBJECTS = {f"o/org/v/v_1/p/plan/h264-720p/{n}.m4s": os.urandom(3000 + n) for n in range(30)}
OBJECTS["o/org/v/v_1/source"] = os.urandom(1 << 20) * 17  # a file on the way, and a multipart upload
OBJECTS["o/org/v/v_2/empty"] = b""


def _everything(storage: Storage) -> dict[str, bytes]:
    return {found.key: storage.read(found.key) for found in storage.list("")}


@pytest.fixture
def filled(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "embedded")
    storage = open_stores(settings).storage
    for key, data in OBJECTS.items():
        storage.put(key, data)
    return settings


def test_to_a_bucket_and_back_without_losing_a_byte(
        filled: Settings, s3_settings: Callable[..., Settings], tmp_path: Path) -> None:
    bucket = s3_settings("lectern")
    settings = filled.model_copy(update={"s3_access_key": bucket.s3_access_key, "s3_secret_key": bucket.s3_secret_key})
    seen: list[tuple[int, int]] = []
    done = migrate(settings, bucket.storage_url, lambda n, of, _: seen.append((n, of)))
    size = sum(map(len, OBJECTS.values()))
    assert done == Migrated(len(OBJECTS), len(OBJECTS), size)
    assert seen[-1] == (len(OBJECTS), len(OBJECTS))
    assert _everything(open_stores(bucket).storage) == OBJECTS
    assert _everything(open_stores(filled).storage) == OBJECTS  # the source is whole
    assert migrate(settings, bucket.storage_url).copied == 0
    back = bucket.model_copy(update={"data": settings.data})
    url = f"file://{tmp_path}/back"
    assert migrate(back, url).copied == len(OBJECTS)
    assert _everything(LocalStorage(tmp_path / "back")) == OBJECTS


def test_an_interrupted_run_goes_on(filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"file://{tmp_path}/target"
    put, left = LocalStorage.put, iter(range(10))

    def breaks(self: LocalStorage, key: str, data: bytes | Path) -> None:
        if next(left, None) is None:
            raise Unavailable("gone", "gone")
        put(self, key, data)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStorage, "put", breaks)
        with pytest.raises(Unavailable):
            migrate(filled, url)
    read: list[str] = []
    stream = LocalStorage.stream

    def noted(self: LocalStorage, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        read.append(key)
        return stream(self, key, start, length)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStorage, "stream", noted)
        done = migrate(filled, url)
    assert done.copied == len(OBJECTS) - 10
    assert len(set(read)) == len(OBJECTS) - 10  # what was done is not even read again
    assert _everything(LocalStorage(tmp_path / "target")) == OBJECTS


def test_what_differs_in_the_target_is_replaced(filled: Settings, tmp_path: Path) -> None:
    target = LocalStorage(tmp_path / "target")
    key = "o/org/v/v_1/p/plan/h264-720p/3.m4s"
    target.put(key, bytes(len(OBJECTS[key])))  # of the right size
    target.put("o/org/v/v_1/p/plan/h264-720p/4.m4s", b"short")
    target.put("o/other", b"stays")
    migrate(filled, f"file://{tmp_path}/target")
    assert _everything(target) == OBJECTS | {"o/other": b"stays"}


def test_bytes_that_do_not_arrive_are_noticed(
        filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put = LocalStorage.put

    def damages(self: LocalStorage, key: str, data: bytes | Path) -> None:
        put(self, key, bytes(len(data)) if isinstance(data, bytes) and key.endswith("/7.m4s") else data)

    monkeypatch.setattr(LocalStorage, "put", damages)
    with pytest.raises(StepFailed, match=r"7\.m4s"):
        migrate(filled, f"file://{tmp_path}/target")


def test_what_is_refused(filled: Settings, tmp_path: Path) -> None:
    for url in ("", f"file://{filled.data}/storage", f"file://{filled.data}/x/../storage"):
        with pytest.raises(ConfigError, match="another storage"):
            migrate(filled, url)
    for url in ("ftp://host/x", "file://host/x", "file:relative", "s3://", "/just/a/path"):
        with pytest.raises(ConfigError, match="s3://BUCKET"):
            migrate(filled, url)
    with alone(filled.data), pytest.raises(Conflict, match="already runs"):
        migrate(filled, f"file://{tmp_path}/target")
    assert not (tmp_path / "target").exists()
    assert max(map(len, OBJECTS.values())) > IN_MEMORY_BYTES


def test_doctor_on_a_folder(tmp_path: Path) -> None:
    [check] = storage_checks(Settings(data=tmp_path))
    assert check.ok
    assert list((tmp_path / "storage").rglob("doctor/*")) == []
    [bad] = storage_checks(Settings(data=tmp_path, storage_url="s4://x"))
    assert not bad.ok
    assert "s3://BUCKET" in bad.fix


def test_doctor_on_a_bucket(s3_settings: Callable[..., Settings]) -> None:
    settings = s3_settings()
    found = {check.name: check for check in storage_checks(settings)}
    assert all(check.ok for check in found.values()), found
    assert set(found) == {"storage", "publishing", "direct upload", "lost parts", "store's clock"}
    assert "If-None-Match" in found["publishing"].found
    assert found["lost parts"].found == "no rule yet"
    open_stores(settings).sweep()  # as the sweeper does
    after = {check.name: check for check in storage_checks(settings)}
    assert "8 days" in after["lost parts"].found
    assert after["direct upload"].found == "allowed from *"
    assert list(S3Storage.of(settings).list("")) == []


def test_doctor_on_wrong_keys_and_without_a_store(s3_server: Radosgw, s3_settings: Callable[..., Settings]) -> None:
    settings = s3_settings()
    [wrong] = storage_checks(Settings(**{**settings.model_dump(), "s3_secret_key": "wrong"}))
    assert "LECTERN_S3_SECRET_KEY" in wrong.fix
    gone = settings.storage_url.replace(str(s3_server.port), "9")
    [away] = storage_checks(Settings(**{**settings.model_dump(), "storage_url": gone}))
    assert not away.ok
    assert "does not answer" in away.fix
