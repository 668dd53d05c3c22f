"""Uploads from a browser straight into a bucket, by addresses that are each signed for one part."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra.core.errors import Conflict, NotFound, Rejected, Unavailable
from infra.core.ports import UploadedPart
from infra.storage.s3 import S3Storage
from infra.storage.s3_bucket import code_of
from infra.storage.s3_upload import headers

PART_NUMBERS = range(1, 10_001)


class S3Direct:
    """Implements `DirectUploads`."""

    def __init__(self, storage: S3Storage) -> None:
        self._storage = storage
        self._bucket = storage.bucket

    def begin(self, key: str) -> str:
        """See `DirectUploads.begin`."""
        with self._bucket.errors():
            return str(self._bucket.client.create_multipart_upload(
                Bucket=self._bucket.name, Key=self._bucket.key(key), **headers(key))["UploadId"])

    def part_url(self, key: str, upload: str, number: int, expires_s: float) -> str:
        """See `DirectUploads.part_url`. Asks nobody: an upload that is not known is refused at the address."""
        if number not in PART_NUMBERS:
            raise Rejected("bad_part", "Parts are numbered from 1 to 10000.")
        return self._bucket.presign("upload_part", expires_s, Key=self._bucket.key(key), UploadId=upload,
                                    PartNumber=number)

    def parts(self, key: str, upload: str) -> Sequence[UploadedPart]:
        """See `DirectUploads.parts`."""
        pages = iter(self._bucket.client.get_paginator("list_parts").paginate(**self._where(key, upload)))
        found: list[UploadedPart] = []
        with self._bucket.errors():
            for page in pages:
                found += [UploadedPart(int(part["PartNumber"]), int(part["Size"]), part["ETag"].strip('"'))
                          for part in page.get("Parts", ())]
        return sorted(found, key=lambda part: part.number)

    def complete(self, key: str, upload: str, parts: Sequence[UploadedPart]) -> None:
        """See `DirectUploads.complete`. Raises Rejected `part_too_small`, Conflict `part_missing`."""
        sent = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'}
                for part in sorted(parts, key=lambda part: part.number)]
        if not sent:
            raise Conflict("part_missing", "No part of the file has arrived.")
        try:
            with self._bucket.errors():
                try:
                    self._bucket.client.complete_multipart_upload(
                        **self._where(key, upload), MultipartUpload={"Parts": sent})
                except ClientError as error:
                    code = code_of(error)[0]
                    if code == "EntityTooSmall":
                        raise Rejected("part_too_small", "A part is smaller than 5 MiB. Only the last one may be: begin "
                                       "the upload again with larger parts.") from error
                    if code in ("InvalidPart", "InvalidPartOrder"):
                        raise Conflict("part_missing", "A part has not arrived or was sent again meanwhile. List the "
                                       "parts, send what is missing, and complete the upload again.") from error
                    raise
        except NotFound:  # completed before, by us or by an attempt whose answer was lost; or never begun
            if self._storage.stat(key) is None:
                raise
        except Unavailable:
            # radosgw's answer to the end of an unknown upload is an internal error: is it one that we do not know?
            if self._known(key, upload):
                raise
            if self._storage.stat(key) is None:
                raise NotFound from None

    def abort(self, key: str, upload: str) -> None:
        """See `DirectUploads.abort`."""
        with contextlib.suppress(NotFound), self._bucket.errors():
            self._bucket.client.abort_multipart_upload(**self._where(key, upload))

    def _known(self, key: str, upload: str) -> bool:
        try:
            self.parts(key, upload)
        except NotFound:
            return False
        return True

    def _where(self, key: str, upload: str) -> dict[str, Any]:
        return {"Bucket": self._bucket.name, "Key": self._bucket.key(key), "UploadId": upload}
