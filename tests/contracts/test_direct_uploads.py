"""What every DirectUploads promises, with a plain HTTP client in the browser's place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
import pytest

from infra.core.errors import Conflict, NotFound, Rejected
from infra.core.ports import DirectUploads, Storage, UploadedPart
from infra.core.settings import Settings
from infra.storage import s3_rules
from infra.storage.s3 import S3Storage
from infra.storage.s3_direct import S3Direct

KEY = "o/org/v/v_1/source"
PART = 5 << 20
PAGE = "https://studio.example.org"


@dataclass(frozen=True)
class Pair:
    direct: DirectUploads
    storage: Storage


@pytest.fixture
def pair(s3_settings: Callable[..., Settings]) -> Pair:
    storage = S3Storage.of(s3_settings("lectern"))
    return Pair(S3Direct(storage), storage)


def put(url: str, body: bytes, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.put(url, content=body, headers=headers)


def test_parts_in_any_order_become_one_object(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    bodies = [b"1" * PART, b"2" * PART, b"3" * 1000]
    assert list(pair.direct.parts(KEY, upload)) == []
    for number in (3, 1, 2):
        answer = put(pair.direct.part_url(KEY, upload, number, 60), bodies[number - 1])
        assert answer.status_code == 200
        assert answer.headers["etag"]
    assert pair.storage.stat(KEY) is None  # not before it is complete
    parts = pair.direct.parts(KEY, upload)
    assert [(part.number, part.size_bytes) for part in parts] == [(1, PART), (2, PART), (3, 1000)]
    pair.direct.complete(KEY, upload, list(reversed(parts)))
    assert pair.storage.read(KEY) == b"".join(bodies)
    pair.direct.complete(KEY, upload, parts)  # its answer was lost
    assert pair.storage.read(KEY) == b"".join(bodies)
    pair.direct.abort(KEY, upload)
    assert pair.storage.read(KEY) == b"".join(bodies)


def test_a_part_may_be_sent_again(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    for body in (b"broken", b"whole"):
        assert put(pair.direct.part_url(KEY, upload, 1, 60), body).status_code == 200
    pair.direct.complete(KEY, upload, pair.direct.parts(KEY, upload))
    assert pair.storage.read(KEY) == b"whole"


def test_an_address_allows_its_own_part_alone(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    url = pair.direct.part_url(KEY, upload, 1, 60)
    parts = urlsplit(url)
    signature = parse_qs(parts.query)["X-Amz-Signature"][0]
    wrong = {
        "signature": url.replace(signature, signature[::-1]),
        "part": url.replace("partNumber=1&", "partNumber=2&"),
        "key": urlunsplit(parts._replace(path=parts.path + "2")),
        "upload": url.replace(upload, upload[:-1] + ("0" if upload[-1] != "0" else "1")),
        "nothing": url.partition("?")[0] + f"?partNumber=1&uploadId={upload}",
    }
    for name, address in wrong.items():
        assert address != url, name
        assert put(address, b"x").status_code == 403, name
    with httpx.Client(trust_env=False) as client:
        assert client.get(url).status_code == 403
    assert list(pair.direct.parts(KEY, upload)) == []
    assert put(url, b"x").status_code == 200


def test_an_address_expires(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    url = pair.direct.part_url(KEY, upload, 1, 1)
    time.sleep(2.1)
    assert put(url, b"x").status_code == 403


def test_a_small_part_in_the_middle_is_refused_with_a_reason(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    for number in (1, 2):
        put(pair.direct.part_url(KEY, upload, number, 60), b"small")
    with pytest.raises(Rejected, match="5 MiB") as refused:
        pair.direct.complete(KEY, upload, pair.direct.parts(KEY, upload))
    assert refused.value.code == "part_too_small"
    assert pair.storage.stat(KEY) is None


def test_a_part_that_is_not_there_can_be_sent_later(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    put(pair.direct.part_url(KEY, upload, 1, 60), b"1" * PART)
    parts = list(pair.direct.parts(KEY, upload))
    with pytest.raises(Conflict):
        pair.direct.complete(KEY, upload, [])
    with pytest.raises(Conflict) as missing:
        pair.direct.complete(KEY, upload, [*parts, UploadedPart(2, 3, "0" * 32)])
    assert missing.value.code == "part_missing"
    put(pair.direct.part_url(KEY, upload, 2, 60), b"end")
    pair.direct.complete(KEY, upload, pair.direct.parts(KEY, upload))
    assert pair.storage.read(KEY) == b"1" * PART + b"end"


def test_unknown_and_aborted_uploads(pair: Pair) -> None:
    upload = pair.direct.begin(KEY)
    put(pair.direct.part_url(KEY, upload, 1, 60), b"x")
    parts = pair.direct.parts(KEY, upload)
    pair.direct.abort(KEY, upload)
    pair.direct.abort(KEY, upload)
    for name in (upload, "2~unknown"):
        with pytest.raises(NotFound):
            pair.direct.parts(KEY, name)
        with pytest.raises(NotFound):
            pair.direct.complete(KEY, name, parts)
        pair.direct.abort(KEY, name)
    assert put(pair.direct.part_url(KEY, upload, 2, 60), b"x").status_code == 404
    assert pair.storage.stat(KEY) is None
    with pytest.raises(Rejected):
        pair.direct.part_url(KEY, upload, 0, 60)


# What only a bucket has.

def test_addresses_name_the_public_endpoint(s3_settings: Callable[..., Settings]) -> None:
    storage = S3Storage.of(s3_settings(s3_public_endpoint="https://media.example.org"))
    direct = S3Direct(storage)
    upload = direct.begin(KEY)
    for url in (direct.part_url(KEY, upload, 1, 60), storage.url(KEY, 60)):
        assert url is not None
        assert url.startswith(f"https://media.example.org/{storage.bucket.name}/{KEY}?")


def test_a_presigned_address_gives_the_object_its_type_and_its_ranges(pair: Pair) -> None:
    for key, kind in (("o/1.m4s", "video/iso.segment"), ("o/init.mp4", "video/mp4"), ("o/1.jpg", "image/jpeg")):
        pair.storage.put(key, b"0123456789")
        url = pair.storage.url(key, 60)
        assert url is not None
        with httpx.Client(trust_env=False) as client:
            answer = client.get(url, headers={"Range": "bytes=2-4"})
            assert client.get(url.replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code == 403
        assert (answer.status_code, answer.content) == (206, b"234")
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_browser_may_upload_from_the_pages_that_were_named_and_read_the_etag(pair: Pair) -> None:
    assert isinstance(pair.storage, S3Storage)
    bucket = pair.storage.bucket
    assert s3_rules.ensure_cors(bucket, PAGE, change=False) == "missing"
    foreign = {"ID": "theirs", "AllowedMethods": ["GET"], "AllowedOrigins": ["https://other.example"]}
    bucket.client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [foreign]})
    for _ in range(2):
        assert s3_rules.ensure_cors(bucket, f"{PAGE}, https://b.example/") == "there"
    assert s3_rules.ensure_cors(bucket, f"https://b.example,{PAGE}", change=False) == "there"
    rules = bucket.client.get_bucket_cors(Bucket=bucket.name)["CORSRules"]
    assert sorted(rule["ID"] for rule in rules) == ["lectern-uploads", "theirs"]
    url = pair.direct.part_url(KEY, pair.direct.begin(KEY), 1, 60)
    with httpx.Client(trust_env=False) as client:
        asked = {"Access-Control-Request-Method": "PUT"}
        allowed = client.options(url, headers={"Origin": PAGE, **asked})
        refused = client.options(url, headers={"Origin": "https://evil.example", **asked})
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-origin" not in refused.headers
    answer = put(url, b"x", Origin=PAGE)
    assert "etag" in answer.headers["access-control-expose-headers"].lower()


def test_abandoned_parts_have_an_end(pair: Pair) -> None:
    assert isinstance(pair.storage, S3Storage)
    bucket = pair.storage.bucket
    assert s3_rules.ensure_lifecycle(bucket, change=False) == "missing"
    foreign = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
    bucket.client.put_bucket_lifecycle_configuration(
        Bucket=bucket.name, LifecycleConfiguration={"Rules": [foreign]})
    for _ in range(2):
        assert s3_rules.ensure_lifecycle(bucket) == "there"
    rules = {rule["ID"]: rule for rule in
             bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]}
    assert set(rules) == {"theirs", "lectern-abandoned-parts"}
    assert rules["lectern-abandoned-parts"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 8}
