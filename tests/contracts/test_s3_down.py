"""The object store goes away, comes back, or refuses us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from granted import granted_s

from infra.core.errors import ConfigError, LecternError, NotFound, OutOfSpace, Unavailable
from infra.core.settings import Settings
from infra.deploy.native.radosgw import Radosgw
from infra.storage.local import LocalStaging
from infra.storage.s3 import S3Storage
from infra.storage.s3_bucket import S3Address
from infra.storage.s3_direct import S3Direct
from infra.storage.s3_staging import S3Staging
from infra.storage.sparse_cache import BLOCK_BYTES

QUICK_S = 8.0  # three tries and the pauses between them


@pytest.fixture
def gateway(s3_server: Radosgw) -> Iterator[Radosgw]:
    yield s3_server
    if not s3_server.gateway_runs():
        s3_server.start_gateway()


def test_without_the_store_everything_says_unavailable_soon_and_goes_on_when_it_is_back(
        gateway: Radosgw, s3_settings: Callable[..., Settings], tmp_path: Path) -> None:
    storage = S3Storage.of(s3_settings())
    direct, staging = S3Direct(storage), S3Staging(LocalStaging(tmp_path / "spool"), storage)
    storage.put("o/a", b"abc")
    upload = direct.begin("o/b")
    staging.create("o/up")
    staging.append("o/up", 0, b"upload")
    gateway.kill_gateway()
    calls: list[Callable[[], object]] = [
        lambda: storage.put("o/c", b"x"), lambda: storage.put_new("o/c", b"x"), lambda: storage.stat("o/a"),
        lambda: storage.read("o/a"), lambda: list(storage.list("")), lambda: storage.delete("o/a"),
        lambda: storage.delete_prefix("o/"), lambda: storage.local("o/a").__enter__(), storage.conditional_put,
        lambda: direct.begin("o/d"), lambda: direct.parts("o/b", upload), lambda: staging.finish("o/up", "o/s")]
    for n, call in enumerate(calls):
        began = granted_s()
        with pytest.raises(Unavailable):
            call()
        assert granted_s() - began < QUICK_S, n
    assert staging.append("o/up", 6, b"ed") == 8  # bytes are still taken
    assert storage.url("o/a", 60)
    gateway.start_gateway()
    assert storage.read("o/a") == b"abc"
    assert storage.put_new("o/c", b"x")
    staging.finish("o/up", "o/s")
    assert storage.read("o/s") == b"uploaded"
    assert list(direct.parts("o/b", upload)) == []


def test_a_stream_that_breaks_goes_on_where_it_broke(
        gateway: Radosgw, s3_settings: Callable[..., Settings]) -> None:
    storage = S3Storage.of(s3_settings())
    data = bytes(range(256)) * 4096 * 20  # 20 MiB: more than the network holds on its way
    storage.put("o/a", data)
    pieces = iter(storage.stream("o/a"))
    first = next(pieces)
    gateway.kill_gateway()
    gateway.start_gateway()
    assert first + b"".join(pieces) == data
    pieces = iter(storage.stream("o/a"))
    next(pieces)
    gateway.kill_gateway()
    gateway.start_gateway()
    storage.put("o/a", b"other bytes")
    with pytest.raises(Unavailable, match="replaced"):
        b"".join(pieces)


def test_a_copy_that_is_here_is_opened_only_when_the_store_says_that_it_is_current(
        gateway: Radosgw, s3_settings: Callable[..., Settings]) -> None:
    storage = S3Storage.of(s3_settings())
    storage.put("o/a", bytes(3 * BLOCK_BYTES))
    with storage.local("o/a", [(0, 1)]) as path:
        gateway.kill_gateway()
        assert len(path.read_bytes()) == 3 * BLOCK_BYTES  # what is open stays
    with pytest.raises(Unavailable), storage.local("o/a"):
        pass


def test_wrong_keys_and_a_missing_bucket_say_what_to_set(s3_settings: Callable[..., Settings]) -> None:
    good = s3_settings()
    cases = {
        "s3_keys": {"s3_secret_key": "wrong"},
        "s3_bucket": {"storage_url": good.storage_url.replace("s3://test", "s3://no-test")},
    }
    for code, change in cases.items():
        storage = S3Storage.of(Settings(**{**good.model_dump(), **change}))
        calls = (partial(storage.put, "o/a", b""), partial(storage.read, "o/a"), partial(next, storage.list("")))
        for call in calls:
            with pytest.raises(ConfigError) as failed:
                call()
            assert failed.value.code == code
    unknown = S3Storage.of(Settings(**{**good.model_dump(), "s3_access_key": "nobody"}))
    with pytest.raises(ConfigError, match="LECTERN_S3_ACCESS_KEY"):
        unknown.stat("o/a")


def test_a_full_quota_is_out_of_space(s3_server: Radosgw, s3_settings: Callable[..., Settings]) -> None:
    storage = S3Storage.of(s3_settings())
    storage.put("o/first", bytes(1000))
    s3_server.limit_bucket(storage.bucket.name, objects=1)
    for size in (10, 17 << 20):  # in one request, in parts
        with pytest.raises(OutOfSpace):
            storage.put("o/second", bytes(size))
        assert storage.stat("o/second") is None
    storage.delete("o/first")
    storage.put("o/second", bytes(10))


@pytest.mark.parametrize("url", [
    "s3://", "s3:bucket", "s3://bucket?endpoint=host:9000", "s3://key:secret@bucket", "s3://bucket?region=a&zone=b",
    "s3://bucket/../up", "s3://bucket?endpoint=http://", "s3://bucket?endpoint=http://host:99999", "s3://bucket:9000/x"])
def test_an_address_that_can_not_be_used(url: str) -> None:
    with pytest.raises(ConfigError, match="s3://BUCKET"):
        S3Address.parse(url)


def test_addresses() -> None:
    assert S3Address.parse("s3://b/p/q/?endpoint=http://h:9000/&region=eu-1") == S3Address(
        "b", "p/q/", "http://h:9000", "eu-1")
    assert S3Address.parse("s3://b") == S3Address("b", "", "", "us-east-1")


def test_damaged_bytes_are_noticed(s3_settings: Callable[..., Settings]) -> None:
    storage = S3Storage.of(s3_settings())
    client, bucket = storage.bucket.client, storage.bucket.name
    client.put_object(Bucket=bucket, Key="o/a", Body=b"damaged", Metadata={"sha256": "0" * 64})
    with pytest.raises(LecternError) as failed:
        storage.read("o/a")
    assert failed.value.code == "storage_damaged"
    client.put_object(Bucket=bucket, Key="o/foreign", Body=b"from elsewhere")
    assert storage.read("o/foreign") == b"from elsewhere"
    with pytest.raises(NotFound):
        storage.read("o/none")
