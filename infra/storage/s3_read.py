"""Reads an object, or a range of it, in pieces. A connection that breaks is taken up again where it broke."""

from __future__ import annotations

import hashlib
from typing import Any

from botocore.exceptions import ClientError

from infra.core.errors import Unavailable
from infra.storage.durable import PIECE_BYTES
from infra.storage.s3_bucket import Bucket, code_of
from infra.storage.s3_upload import SHA256

BROKEN_IN_A_ROW = 3


class Replaced(Exception):
    """The object is no longer the one that was asked for."""


class Pieces:
    """Bytes [start, end) of one version of an object. Raises NotFound at once, Unavailable at any time.

    An object that is read whole is compared with the SHA-256 that was stored with it.
    """

    def __init__(self, bucket: Bucket, key: str, start: int = 0, end: int | None = None, etag: str = "") -> None:
        """With `etag` only that version; raises Replaced when there is another."""
        self._bucket, self._key, self._etag = bucket, bucket.key(key), etag
        self._at, self._end = start, end
        self._broken = 0
        self._body: Any = None
        self._sha256: str | None = None
        self._digest = hashlib.sha256()
        answer = self._get()
        if answer is None:  # the range begins after the last byte
            self._end = start
            return
        self._etag = answer["ETag"]
        length = int(answer["ContentLength"])
        self._end = start + length
        if start == 0 and length == int(answer.get("ContentRange", f"/{length}").rpartition("/")[2]):
            self._sha256 = answer["Metadata"].get(SHA256)

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> bytes:
        assert self._end is not None
        while self._at < self._end:
            try:
                with self._bucket.errors():
                    if self._body is None:
                        self._get()
                    piece = bytes(self._body.read(min(PIECE_BYTES, self._end - self._at)))
                    if not piece:
                        raise ConnectionError("the body ended early")
            except Unavailable:
                self._drop()
                self._broken += 1
                if self._broken >= BROKEN_IN_A_ROW:
                    raise
                continue
            except Replaced:
                raise Unavailable("storage_changed", "The object was replaced while it was read. "
                                  "Try again.") from None
            self._broken = 0
            self._at += len(piece)
            if self._sha256:
                self._digest.update(piece)
            return piece
        self._finish()
        raise StopIteration

    def close(self) -> None:
        """Nobody wants the rest."""
        self._end = self._at
        self._sha256 = None
        self._drop()

    def __del__(self) -> None:
        self._drop()

    def _get(self) -> dict[str, Any] | None:
        """Ask for what is still missing; None when there is nothing at that place."""
        span: dict[str, str] = {}
        if self._at or self._end is not None:
            span["Range"] = f"bytes={self._at}-" + ("" if self._end is None else str(self._end - 1))
        if self._etag:
            span["IfMatch"] = self._etag
        with self._bucket.errors():
            try:
                answer: dict[str, Any] = self._bucket.client.get_object(Bucket=self._bucket.name, Key=self._key, **span)
            except ClientError as error:
                code, status = code_of(error)
                if status == 416 or code == "InvalidRange":
                    return None
                if status == 412:
                    raise Replaced from None
                raise
        self._body = answer["Body"]
        return answer

    def _finish(self) -> None:
        self._drop()
        if self._sha256 and self._digest.hexdigest() != self._sha256:
            raise Unavailable("storage_damaged", f"The object store gave other bytes than were stored as {self._key}.")
        self._sha256 = None

    def _drop(self) -> None:
        body, self._body = getattr(self, "_body", None), None
        if body is not None:
            body.close()
