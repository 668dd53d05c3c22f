"""LECTERN_STORAGE_URL -> where objects lie: a folder, or a bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.core.errors import ConfigError
from infra.core.ports import DirectUploads, Staging, Storage
from infra.core.settings import Settings
from infra.storage.local import LocalStaging, LocalStorage

DAY_S = 86400.0
TEMPORARY_S = 3600.0  # no writer takes that long over one object
UNUSED_S = 7 * DAY_S  # a local copy of a remote object; a deleted video's source is gone everywhere after this


@dataclass(frozen=True, slots=True)
class Stores:
    """The storage, where uploads grow, and how a browser uploads straight into it (a folder: not at all)."""

    storage: Storage
    staging: Staging
    direct: DirectUploads | None
    # Now and then: removes what killed writers left and what nobody asks for any more. Raises Unavailable.
    sweep: Callable[[], None]


def open_stores(settings: Settings) -> Stores:
    """What the settings name. Sends nothing. Raises ConfigError with an example."""
    folder = folder_of(settings)
    if folder is not None:
        local = LocalStorage(folder)

        def sweep_folder() -> None:
            local.sweep_temp(TEMPORARY_S)

        return Stores(local, LocalStaging(folder), None, sweep_folder)
    # Here, because boto3 takes a third of a second to import.
    from infra.storage import s3_rules
    from infra.storage.s3 import S3Storage
    from infra.storage.s3_direct import S3Direct
    from infra.storage.s3_staging import S3Staging

    storage = S3Storage.of(settings)
    spool = LocalStaging(settings.data.absolute() / "storage")
    prepared: list[bool] = []

    def sweep() -> None:
        storage.sweep_temp(UNUSED_S)
        spool.sweep(settings.upload_expires_s + DAY_S)
        if not prepared:
            s3_rules.prepare(storage.bucket, settings.s3_browser_origins)
            prepared.append(True)

    return Stores(storage, S3Staging(spool, storage), S3Direct(storage), sweep)


def folder_of(settings: Settings) -> Path | None:
    """The folder where objects lie; None when they lie in a bucket. Raises ConfigError."""
    url = settings.storage_url
    if not url:
        return settings.data.absolute() / "storage"
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return None
    path = Path(unquote(parts.path))
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and path.is_absolute() and path != Path("/"):
        return path
    raise ConfigError("storage_url", f"LECTERN_STORAGE_URL can not be {url!r}. Examples: file:///srv/lectern, "
                      "s3://BUCKET/optional/prefix?endpoint=https://s3.example.org&region=us-east-1")
