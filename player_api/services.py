"""What the web application is made of. `infra.runtime.wiring` builds it from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from infra.core.ports import DirectUploads, Doorbell, Staging, Storage
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from infra.db.session import Database


@dataclass(frozen=True, slots=True)
class Services:
    """The ports, chosen."""

    settings: Settings
    database: Database
    events: Database  # the inbox of analytics; beside SQLite another file
    storage: Storage
    staging: Staging
    direct: DirectUploads | None  # None: the storage has no address that a browser could send to
    tools: Tools
    runner: Runner
    doorbell: Doorbell
