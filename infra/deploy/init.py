"""What has to be there before the first process starts: `python -m infra.deploy.init`, settings from the environment.

Waits for the servers, makes the tables and the bucket, and on an empty installation the first admin key,
which is kept in DATA/admin.key and not printed, because what a container prints is kept by others. May run again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from infra.core.errors import Unavailable
from infra.core.settings import Settings
from infra.runtime import admin
from infra.runtime.ending import exit_with

T = TypeVar("T")

WAIT_S = 120.0
_PAUSE_S = 1.0


def prepare(settings: Settings, within_s: float = WAIT_S) -> bool:
    """Do all of it; whether a first key was made. Raises LecternError: a server did not answer in time, or refuses us."""
    _patiently(lambda: _bucket(settings), within_s)
    return _patiently(lambda: admin.bootstrap(settings), within_s) is not None


def _bucket(settings: Settings) -> None:
    if not settings.storage_url.startswith("s3://"):
        return
    from botocore.exceptions import ClientError

    from infra.storage.s3_bucket import Bucket, code_of

    bucket = Bucket(settings)
    with bucket.errors():
        try:
            bucket.client.create_bucket(Bucket=bucket.name)
        except ClientError as error:
            if code_of(error)[0] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise


def _patiently(what: Callable[[], T], within_s: float) -> T:
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            return what()
        except Unavailable:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(_PAUSE_S)


def main() -> int:
    """The exit code."""
    logging.basicConfig(level=logging.WARNING)
    settings = Settings()
    made = prepare(settings)
    print(f"ready; the admin key is in {settings.data.absolute() / 'admin.key'}" if made else "ready")
    return 0


if __name__ == "__main__":
    exit_with(main)
