"""Sends bytes or a file to a bucket: in one request when small, in parallel parts when large."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.core.errors import NotFound, Unavailable
from infra.storage.s3_bucket import Bucket

PART_BYTES = 8 << 20  # S3 wants at least 5 MiB, and at most 10,000 parts
MOST_PARTS = 10_000
PARALLEL = 4
SHA256 = "sha256"  # name of the metadata field

_FOR_EVER = "public, max-age=31536000, immutable"
_TYPES = {".m4s": "video/iso.segment", ".mp4": "video/mp4", ".jpg": "image/jpeg"}


class Source:
    """Bytes that are to be sent: in memory, or a file, which is never followed when it is a link."""

    def __init__(self, data: bytes | Path) -> None:
        """Raises OSError."""
        self._bytes = data if isinstance(data, bytes) else None
        self._fd = -1 if self._bytes is not None else os.open(data, os.O_RDONLY | os.O_NOFOLLOW)
        self.size_bytes = len(data) if isinstance(data, bytes) else os.fstat(self._fd).st_size

    def piece(self, start: int, length: int) -> bytes:
        """Bytes [start, start + length). Raises OSError when the file has become shorter."""
        if self._bytes is not None:
            return self._bytes[start:start + length]
        found = bytearray()
        while len(found) < length:
            more = os.pread(self._fd, length - len(found), start + len(found))
            if not more:
                raise OSError("the file became shorter while it was sent")
            found += more
        return bytes(found)

    def sha256(self) -> str:
        """Of all bytes, in hexadecimal."""
        digest = hashlib.sha256()
        for start in range(0, self.size_bytes, 1 << 20):
            digest.update(self.piece(start, min(1 << 20, self.size_bytes - start)))
        return digest.hexdigest()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@contextmanager
def opened(data: bytes | Path) -> Iterator[Source]:
    """The source, closed at the end."""
    source = Source(data)
    try:
        yield source
    finally:
        source.close()


def headers(key: str) -> dict[str, str]:
    """What a browser or a CDN that reads the object directly is told: its type, and that a cell never changes."""
    kind = _TYPES.get(key[key.rfind("."):] if "." in key else "")
    return {"ContentType": kind, "CacheControl": _FOR_EVER} if kind else {"ContentType": "application/octet-stream"}


def put(bucket: Bucket, key: str, source: Source, **conditions: str) -> str:
    """One PUT with this key; the etag. Raises botocore's ClientError, for conditions that are not met."""
    answer = bucket.client.put_object(
        Bucket=bucket.name, Key=bucket.key(key), Body=source.piece(0, source.size_bytes),
        Metadata={SHA256: source.sha256()}, **headers(key), **conditions)
    return str(answer["ETag"]).strip('"')


def put_parts(bucket: Bucket, key: str, source: Source, still_wanted: Callable[[], bool]) -> str | None:
    """A multipart upload; the etag. None, with nothing stored, when it was not wanted any more at its end.

    Whatever goes wrong, the parts do not stay. Raises what `Bucket.errors` raises, OSError.
    """
    name, sha256 = bucket.key(key), source.sha256()
    where: dict[str, Any] = {"Bucket": bucket.name, "Key": name}
    with bucket.errors():
        upload = bucket.client.create_multipart_upload(**where, Metadata={SHA256: sha256}, **headers(key))["UploadId"]
    where["UploadId"] = upload
    try:
        parts = _send(bucket, where, source)
        if not still_wanted():
            _abort(bucket, where)
            return None
        try:
            with bucket.errors():
                bucket.client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        except (NotFound, Unavailable) as error:  # perhaps completed by an attempt whose answer was lost
            etag = _etag_if(bucket, name, sha256)
            if etag is None and isinstance(error, Unavailable):
                raise
        else:
            etag = _etag_if(bucket, name, sha256)  # radosgw leaves it out of its answer
        if etag is None:
            raise Unavailable("storage_lost", "The object store lost an upload, or another one replaced it. Try again.")
        return etag
    except BaseException:
        _abort(bucket, where)
        raise


def part_bytes(size_bytes: int) -> int:
    """Size of all parts but the last."""
    return max(PART_BYTES, -(-size_bytes // MOST_PARTS))


def _send(bucket: Bucket, where: dict[str, Any], source: Source) -> list[dict[str, Any]]:
    each = part_bytes(source.size_bytes)

    def send(number: int) -> dict[str, Any]:
        start = (number - 1) * each
        body = source.piece(start, min(each, source.size_bytes - start))
        with bucket.errors():
            answer = bucket.client.upload_part(**where, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="s3-upload")
    try:
        return list(pool.map(send, range(1, -(-source.size_bytes // each) + 1)))
    finally:
        pool.shutdown(cancel_futures=True)  # after a failure nothing may be sent behind the abort


def _etag_if(bucket: Bucket, name: str, sha256: str) -> str | None:
    """The object's etag, if these are its bytes."""
    with contextlib.suppress(NotFound), bucket.errors():
        there = bucket.client.head_object(Bucket=bucket.name, Key=name)
        if there["Metadata"].get(SHA256) == sha256:
            return str(there["ETag"]).strip('"')
    return None


def _abort(bucket: Bucket, where: dict[str, Any]) -> None:
    # The store's own rule (see s3_rules) removes what can not be removed now.
    with contextlib.suppress(Exception), bucket.errors():
        bucket.client.abort_multipart_upload(**where)
