"""Objects in a bucket: the storage that many machines share."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.core.errors import LecternError, NotFound, Rejected, Unavailable
from infra.core.ports import ObjectInfo, Parts
from infra.core.settings import Settings
from infra.storage import s3_upload
from infra.storage.durable import check_key
from infra.storage.s3_bucket import Bucket, code_of
from infra.storage.s3_read import Pieces, Replaced
from infra.storage.s3_upload import Source
from infra.storage.sparse_cache import SparseCache

PARTS_FROM_BYTES = 16 << 20  # larger objects are sent in parts
WORTH_KEEPING_BYTES = 8 << 20  # a file that was sent and is larger may soon be wanted again as a file
PAGE = 1000  # objects listed or deleted by one request; S3 allows no more
CONFLICTS = 5  # a conditional PUT that met another one
VERSIONS = 3  # how often an object may be replaced while it is opened


class S3Storage:
    """Implements `Storage` in a bucket. Local copies of large objects lie in `cache`."""

    remote = True

    def __init__(self, bucket: Bucket, cache: SparseCache) -> None:
        """Sends nothing."""
        self.bucket = bucket
        self.cache = cache
        self._lock = threading.Lock()
        self._conditional: bool | None = None
        self._batches = True

    @classmethod
    def of(cls, settings: Settings) -> S3Storage:
        """From LECTERN_STORAGE_URL and its neighbours. Raises ConfigError."""
        return cls(Bucket(settings), SparseCache(settings.data.absolute() / "cache", settings.cache_bytes))

    def put(self, key: str, data: bytes | Path) -> None:
        """See `Storage.put`. A large file moves into the cache."""
        check_key(key)
        with s3_upload.opened(data) as source:
            if source.size_bytes >= PARTS_FROM_BYTES:
                etag = s3_upload.put_parts(self.bucket, key, source, lambda: True)
                assert etag is not None
            else:
                with self.bucket.errors():
                    etag = s3_upload.put(self.bucket, key, source)
            self._consume(key, etag, source.size_bytes, data)

    def put_new(self, key: str, data: bytes | Path) -> bool:
        """See `Storage.put_new`. Exact where the store has conditional PUT, else nearly so."""
        if self.stat(key) is not None:
            return False
        with s3_upload.opened(data) as source:
            if source.size_bytes >= PARTS_FROM_BYTES:
                # No store is trusted to make the end of a multipart upload conditional.
                etag = s3_upload.put_parts(self.bucket, key, source, lambda: self.stat(key) is None)
            elif self.conditional_put():
                etag = self._put_if_absent(key, source)
            else:
                with self.bucket.errors():
                    etag = s3_upload.put(self.bucket, key, source)
            if etag is not None:
                self._consume(key, etag, source.size_bytes, data)
        return etag is not None

    def stat(self, key: str) -> ObjectInfo | None:
        """See `Storage.stat`."""
        try:
            with self.bucket.errors():
                found = self.bucket.client.head_object(Bucket=self.bucket.name, Key=self.bucket.key(key))
        except NotFound:
            return None
        return ObjectInfo(key, int(found["ContentLength"]), found["ETag"].strip('"'), found["LastModified"].timestamp())

    def sha256(self, key: str) -> str | None:
        """What the object's bytes hashed to when they were stored; None for one that came another way."""
        with self.bucket.errors():
            found = self.bucket.client.head_object(Bucket=self.bucket.name, Key=self.bucket.key(key))
        recorded: str | None = found["Metadata"].get(s3_upload.SHA256)
        return recorded

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """See `Storage.read`."""
        return b"".join(self.stream(key, start, length))

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See `Storage.stream`: one request, taken up again where its connection breaks."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range begins at 0 or later and is not negative")
        if length == 0:
            if self.stat(key) is None:
                raise NotFound
            return iter(())
        return Pieces(self.bucket, key, start, None if length is None else start + length)

    @contextlib.contextmanager
    def local(self, key: str, parts: Parts | None = None) -> Iterator[Path]:
        """See `Storage.local`: a file in the cache, with at least `parts` fetched."""
        with contextlib.ExitStack() as stack:
            for attempt in range(VERSIONS):
                info = self.stat(key)
                if info is None:
                    raise NotFound
                etag = info.etag
                try:
                    path = stack.enter_context(self.cache.local(
                        self.bucket.local_name(key), etag, info.size_bytes,
                        lambda start, end, etag=etag: Pieces(self.bucket, key, start, end, etag),  # type: ignore[misc]
                        parts))
                    break
                except Replaced:
                    if attempt == VERSIONS - 1:
                        raise Unavailable("storage_changed", "The object is replaced again and again. "
                                          "Try again.") from None
            yield path

    def url(self, key: str, expires_s: float) -> str | None:
        """See `Storage.url`: signed for the public endpoint, at most 7 days. The stored content type is sent."""
        return self.bucket.presign("get_object", expires_s, Key=self.bucket.key(key))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See `Storage.list`."""
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        for page in self._pages(prefix):
            yield from page

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        with contextlib.suppress(NotFound), self.bucket.errors():
            self.bucket.client.delete_object(Bucket=self.bucket.name, Key=self.bucket.key(key))
        self.cache.forget([self.bucket.local_name(key)])

    def delete_prefix(self, prefix: str) -> int:
        """See `Storage.delete_prefix`."""
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete ends with a slash")
        check_key(prefix[:-1])
        count = 0
        for page in self._pages(prefix):
            keys = [found.key for found in page]
            self._delete(keys)
            count += len(keys)
        return count

    def free_bytes(self) -> int | None:
        """See `Storage.free_bytes`: a bucket does not say."""
        return None

    def sweep_temp(self, older_than_s: float) -> int:
        """Remove local copies that nobody used for that long; how many."""
        return self.cache.sweep(older_than_s)

    def conditional_put(self) -> bool:
        """Whether the store refuses a PUT with If-None-Match: * where there is an object. Tried once."""
        with self._lock:
            if self._conditional is None:
                self._conditional = self._try_conditional_put()
            return self._conditional

    # -- inside

    def _try_conditional_put(self) -> bool:
        # The name begins with a dot: no key can be it, and `list` does not show it.
        where = {"Bucket": self.bucket.name, "Key": f"{self.bucket.address.prefix}.probe/{secrets.token_hex(8)}"}
        client = self.bucket.client
        with self.bucket.errors():
            try:
                for _ in range(2):
                    client.put_object(**where, Body=b"", IfNoneMatch="*")
                return False  # the second one was accepted, too
            except ClientError as error:
                status = code_of(error)[1]
                if status == 412:
                    return True
                if status in (400, 501):
                    return False
                raise
            finally:
                with contextlib.suppress(Exception):
                    client.delete_object(**where)

    def _put_if_absent(self, key: str, source: Source) -> str | None:
        for attempt in range(CONFLICTS):
            with self.bucket.errors():
                try:
                    return s3_upload.put(self.bucket, key, source, IfNoneMatch="*")
                except ClientError as error:
                    status = code_of(error)[1]
                    if status == 412:
                        return None
                    if status != 409 or attempt == CONFLICTS - 1:  # 409: another one is under way
                        raise
            time.sleep(0.05 * 2 ** attempt)
        return None

    def _consume(self, key: str, etag: str, size_bytes: int, data: bytes | Path) -> None:
        """A file that was stored: its bytes may be wanted as a file again, or else only take room."""
        if isinstance(data, Path):
            if size_bytes >= WORTH_KEEPING_BYTES:
                self.cache.adopt(self.bucket.local_name(key), etag, size_bytes, data)
            data.unlink(missing_ok=True)

    def _pages(self, prefix: str) -> Iterator[Sequence[ObjectInfo]]:
        skip = len(self.bucket.address.prefix)
        asked = self.bucket.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket.name, Prefix=self.bucket.address.prefix + prefix, PaginationConfig={"PageSize": PAGE})
        pages = iter(asked)
        while True:
            with self.bucket.errors():
                page: dict[str, Any] | None = next(pages, None)
            if page is None:
                return
            found = [ObjectInfo(entry["Key"][skip:], int(entry["Size"]), entry["ETag"].strip('"'),
                                entry["LastModified"].timestamp()) for entry in page.get("Contents", ())]
            yield [info for info in found if _is_key(info.key)]

    def _delete(self, keys: Sequence[str]) -> None:
        names = [self.bucket.key(key) for key in keys]
        self.cache.forget(map(self.bucket.local_name, keys))
        if self._batches and len(names) > 1:
            try:
                for i in range(0, len(names), PAGE):
                    with self.bucket.errors():
                        answer = self.bucket.client.delete_objects(Bucket=self.bucket.name, Delete={
                            "Objects": [{"Key": name} for name in names[i:i + PAGE]], "Quiet": True})
                    if answer.get("Errors"):
                        break
                else:
                    return
            except Unavailable:
                raise
            except LecternError:  # a store without it
                self._batches = False
        with ThreadPoolExecutor(8, thread_name_prefix="s3-delete") as pool:
            list(pool.map(self.delete, keys))


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except Rejected:
        return False
    return True
