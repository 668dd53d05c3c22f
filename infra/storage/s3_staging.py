"""Uploads that come through our own web server, on the way to a bucket.

They grow as files on the web machine's disk: S3 has no durable append of a few kilobytes (a part has at least
5 MiB), and the probe wants a file. So all requests of one upload must reach one machine. The end is one multipart
upload; the file then becomes the local copy, which the first steps on this machine find without fetching it back.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from infra.core.errors import NotFound
from infra.storage import s3_upload
from infra.storage.durable import check_key
from infra.storage.local import LocalStaging
from infra.storage.s3 import S3Storage


class S3Staging:
    """Implements `Staging` over a folder (`spool`) and the bucket where uploads end."""

    def __init__(self, spool: LocalStaging, storage: S3Storage) -> None:
        self._spool = spool
        self._storage = storage
        # What only concerns the growing file is the spool's business.
        self.create, self.size, self.append = spool.create, spool.size, spool.append
        self.truncate, self.abort, self.free_bytes = spool.truncate, spool.abort, spool.free_bytes

    def local(self, upload_key: str) -> AbstractContextManager[Path]:
        """See `Staging.local`."""
        return self._spool.local(upload_key)

    def finish(self, upload_key: str, storage_key: str) -> None:
        """See `Staging.finish`. Takes as long as sending the file to the store does.

        A crash before the object is complete leaves the file, which is sent again; a crash after it leaves both,
        which is noticed by size and hash. Raises NotFound when there is neither the upload nor the object.
        """
        check_key(storage_key)
        try:
            with self._spool.local(upload_key) as path:
                if not self._sent(path, storage_key):
                    self._storage.put(storage_key, path)
                self._spool.abort(upload_key)
        except NotFound:
            if self._storage.stat(storage_key) is None:
                raise

    def _sent(self, path: Path, storage_key: str) -> bool:
        found = self._storage.stat(storage_key)
        if found is None or found.size_bytes != path.stat().st_size:
            return False
        with s3_upload.opened(path) as source:
            return source.sha256() == self._storage.sha256(storage_key)
