"""What `lectern doctor` says of viewers' events as files, and of asking them."""

from __future__ import annotations

from importlib.util import find_spec

from infra.core.settings import Settings
from infra.tools import Check
from player_api.analytics import event_table

_NO_WRITER = ("Delete .venv/.parquet and start ./lectern again; .venv.log says why pyarrow could not be installed. Learners "
              "who are deleted meanwhile are taken out of older files then.")


def event_checks(settings: Settings) -> list[Check]:
    """Whether events go on into files; all else works without."""
    engine = "asked with lectern sql" if find_spec("chdb") else "./lectern sql installs its engine (180 MB) at first"
    if not event_table.available():
        return [Check("event files", True, "none are written: pyarrow is not installed", _NO_WRITER)]
    if not settings.events_export_s:
        return [Check("event files", True, "none are written, as LECTERN_EVENTS_EXPORT_S says")]
    return [Check("event files", True, f"Parquet, every {settings.events_export_s:g} s; {engine}")]
