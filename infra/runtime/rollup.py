"""The process that counts events, writes them into files and learns from them: `python -m infra.runtime.rollup`.

One is enough; several share the counting, one at a time writes, and one at a time learns from an organization's videos.
"""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from typing import Any

from infra.core.errors import LecternError
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.session import Database, url_of
from infra.runtime.ending import exit_with
from infra.runtime.storages import open_stores
from player_api.analytics import event_table, export, laws
from player_api.analytics.keeping import drop_old
from player_api.analytics.rollup import BATCH, count, measure_recorded

logger = logging.getLogger(__name__)

TIDY_S = 600.0  # how often events that are too old are looked for
MEASURE_S = 5.0  # how often live lectures are looked for that are recordings by now
ERASE_S = 2.0  # and learners who are to be taken out of files
AGAIN_S = 10.0
LEARN_S = 60.0  # how often organizations are looked for that have been watched since
LEARNED_S = 2.0


def serve(settings: Settings, database: Database, events: Database) -> int:
    """Count what arrives, every `settings.rollup_s`, until SIGTERM or SIGINT; the exit code."""
    ending = threading.Event()

    def end(signum: int, frame: Any) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    tidied_s = measured_s = 0.0
    files = threading.Thread(target=write_files, args=(settings, database, events, open_stores(settings).storage, ending))
    if event_table.available():
        files.start()
    # Nobody waits for what it has in hand: the next process begins that anew.
    learning = threading.Thread(target=learn, args=(settings, database, ending), daemon=True)
    learning.start()
    while not ending.is_set():
        try:
            while count(database, events) >= BATCH and not ending.is_set():
                pass
            if time.monotonic() - tidied_s > TIDY_S or not tidied_s:
                drop_old(database, events, settings.events_kept_days, ending.is_set)
                tidied_s = time.monotonic()
            if time.monotonic() - measured_s > MEASURE_S:
                measure_recorded(database, events)
                measured_s = time.monotonic()
        except LecternError as error:  # the database is away, for one: the events are safe, and the next round is soon
            logger.warning("Events could not be counted: %s", error)
        except Exception:
            logger.exception("Events could not be counted")
            ending.wait(5.0)
        ending.wait(settings.rollup_s)
    if files.is_alive():
        files.join()
    learning.join(LEARNED_S)
    for each in {database, events}:
        each.dispose()
    return 0


def write_files(settings: Settings, database: Database, events: Database, storage: Storage, ending: threading.Event) -> None:
    """Put what is counted into files, every `settings.events_export_s`, and take who was deleted out of them, at once.

    In a thread of its own: a storage that is slow or away holds up no counting.
    """
    exported_s = tidied_s = -math.inf
    while not ending.is_set():
        try:
            export.erase(database, storage, ending.is_set)
            if settings.events_export_s and time.monotonic() - exported_s >= settings.events_export_s:
                export.export(database, events, storage, ending.is_set)
                exported_s = time.monotonic()
            if time.monotonic() - tidied_s > TIDY_S:
                export.drop_old(database, storage, settings.events_kept_days)
                tidied_s = time.monotonic()
        except LecternError as error:
            logger.warning("Events did not go on into files, which is tried again: %s", error)
            ending.wait(AGAIN_S)
        except Exception:
            logger.exception("Events could not be written into files")
            ending.wait(AGAIN_S)
        ending.wait(min(ERASE_S, settings.events_export_s or ERASE_S))


def learn(settings: Settings, database: Database, ending: threading.Event) -> None:
    """Learn where learners leave, of each organization every `settings.prediction_s`, in a thread of its own."""
    while settings.prediction_s and not ending.is_set():
        try:
            laws.fit_due(database, settings.analytics_k, settings.prediction_s, ending.is_set)
        except LecternError as error:
            logger.warning("Where learners leave could not be learned, which is tried again: %s", error)
        except Exception:
            logger.exception("Where learners leave could not be learned")
        ending.wait(min(LEARN_S, settings.prediction_s))


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
