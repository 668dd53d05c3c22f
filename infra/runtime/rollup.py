"""The process that counts events: `python -m infra.runtime.rollup`. One is enough; several share the work."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.session import Database, url_of
from infra.runtime.ending import exit_with
from player_api.analytics.keeping import drop_old
from player_api.analytics.rollup import BATCH, count

logger = logging.getLogger(__name__)

TIDY_S = 600.0  # how often events that are too old are looked for


def serve(settings: Settings, database: Database, events: Database) -> int:
    """Count what arrives, every `settings.rollup_s`, until SIGTERM or SIGINT; the exit code."""
    ending = threading.Event()

    def end(signum: int, frame: Any) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    tidied_s = 0.0
    while not ending.is_set():
        try:
            while count(database, events) >= BATCH and not ending.is_set():
                pass
            if time.monotonic() - tidied_s > TIDY_S or not tidied_s:
                drop_old(database, events, settings.events_kept_days, ending.is_set)
                tidied_s = time.monotonic()
        except LecternError as error:  # the database is away, for one: the events are safe, and the next round is soon
            logger.warning("Events could not be counted: %s", error)
        except Exception:
            logger.exception("Events could not be counted")
            ending.wait(5.0)
        ending.wait(settings.rollup_s)
    for each in {database, events}:
        each.dispose()
    return 0


def main() -> int:
    """Open the databases that the environment names and count; the exit code."""
    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(url_of(settings), settings.database_pool)
    upgrade(database)
    events = open_inbox(database)
    upgrade(events)
    return serve(settings, database, events)


if __name__ == "__main__":
    exit_with(main)
