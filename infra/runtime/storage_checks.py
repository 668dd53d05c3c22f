"""What `lectern doctor` says of the storage: each line is tried, not looked up."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from infra.core.errors import LecternError
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.runtime.storages import folder_of, open_stores
from infra.tools import Check

if TYPE_CHECKING:
    from infra.storage.s3 import S3Storage

SKEW_S = 60.0  # stores refuse signatures that are older than 5 to 15 minutes


def storage_checks(settings: Settings) -> list[Check]:
    """A line for a folder, several for a bucket. Raises nothing."""
    try:
        folder = folder_of(settings)
        storage = open_stores(settings).storage
        _use(storage)
    except (LecternError, OSError) as error:
        fix = error.message if isinstance(error, LecternError) else f"Make it writable for this user: {error.strerror}."
        return [Check("storage", False, _shown(settings), fix)]
    where = Check("storage", True, f"{folder or _shown(settings)}: written, read and deleted")
    if folder is not None:
        return [where]
    from infra.storage.s3 import S3Storage

    assert isinstance(storage, S3Storage)
    return [where, *(_tried(name, check, storage, settings) for name, check in
                     (("publishing", _conditional), ("direct upload", _cors), ("lost parts", _lifecycle),
                      ("store's clock", _clock)))]


def _use(storage: Storage) -> None:
    key, data = f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(1000)
    storage.put(key, data)
    try:
        if storage.read(key, 10, 100) != data[10:110]:
            raise LecternError("storage_damaged", "It gives other bytes than were stored: do not use it.")
    finally:
        storage.delete(key)


def _tried(name: str, check: Callable[[str, S3Storage, Settings], Check], storage: S3Storage,
           settings: Settings) -> Check:
    try:
        return check(name, storage, settings)
    except LecternError as error:
        return Check(name, False, "could not be tried", error.message)


def _conditional(name: str, storage: S3Storage, settings: Settings) -> Check:
    if storage.conditional_put():
        return Check(name, True, "the store refuses a second PUT (If-None-Match)")
    return Check(name, True, "the store has no conditional PUT; two workers may write the same bytes twice, harmlessly")


def _cors(name: str, storage: S3Storage, settings: Settings) -> Check:
    from infra.storage import s3_rules

    return _rule(name, s3_rules.ensure_cors(storage.bucket, settings.s3_browser_origins, change=False),
                 f"allowed from {settings.s3_browser_origins}",
                 f"Let pages of {settings.s3_browser_origins} PUT into the bucket and read the header ETag (CORS), "
                 "in the store's own settings.")


def _lifecycle(name: str, storage: S3Storage, settings: Settings) -> Check:
    from infra.storage import s3_rules

    return _rule(name, s3_rules.ensure_lifecycle(storage.bucket, change=False),
                 f"removed by the store after {s3_rules.ABANDONED_DAYS} days",
                 f"Let the store abort multipart uploads that are older than {s3_rules.ABANDONED_DAYS} days; else what "
                 "was abandoned takes room for ever.")


def _rule(name: str, state: str, there: str, fix: str) -> Check:
    if state == "there":
        return Check(name, True, there)
    if state == "missing":
        return Check(name, True, "no rule yet", "lectern up makes it when it starts.")
    why = "the store has no such rules" if state == "unsupported" else "the keys may not see or set the bucket's rules"
    return Check(name, True, why, fix)


def _clock(name: str, storage: S3Storage, settings: Settings) -> Check:
    with storage.bucket.errors():
        answer = storage.bucket.client.head_bucket(Bucket=storage.bucket.name)
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not said:
        return Check(name, True, "not told")
    skew_s = (datetime.now(UTC) - parsedate_to_datetime(said)).total_seconds()
    return Check(name, abs(skew_s) < SKEW_S, f"{skew_s:+.0f} s from this machine's",
                 "" if abs(skew_s) < SKEW_S else "Let both machines follow a time server (NTP): a difference of minutes "
                 "makes every signature invalid.")


def _shown(settings: Settings) -> str:
    return settings.storage_url or str(settings.data.absolute() / "storage")
