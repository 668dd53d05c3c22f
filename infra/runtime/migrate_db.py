"""`lectern migrate-db`: copies every row of this installation's database into another, empty one.

One transaction: the target has all rows, counted and compared, or none. The source is only read. Any two databases
that Lectern can use will do, so the way back is the same command.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, Table, Text, cast, column, func, insert, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine, UserDefinedType

from infra.core.errors import ConfigError, Conflict, StepFailed
from infra.core.settings import Settings
from infra.db.audience_models import Event
from infra.db.inbox import open_inbox
from infra.db.migrate import is_current, upgrade
from infra.db.models import Base
from infra.db.session import Database, url_of
from infra.runtime.supervisor import alone

BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class Copied:
    """One table's rows, the same on both sides."""

    table: str
    rows: int
    sha256: str  # of its rows in any order: the databases sort differently


class _Json(UserDefinedType[str]):
    """JSON as it stands there, unread: SQL's NULL, JSON's null, and each number as it was written."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "JSON"


def migrate_db(settings: Settings, target_url: str,
               progress: Callable[[str, int, int], None] = lambda name, done, total: None) -> list[Copied]:
    """Copy the database of `settings` to `target_url`; `progress(table, rows done, rows of all tables)`.

    Raises Conflict when Lectern runs on the data folder or the target has rows, ConfigError when a URL is none or the
    source is of another version, StepFailed when the copy differs (the target is then as empty as before).
    """
    source_url = url_of(settings)
    if not settings.database_url and not settings.data.is_dir():
        raise ConfigError("no_database", f"There is no data folder {settings.data}: name it with --data.")
    settings.data.mkdir(parents=True, exist_ok=True)
    with alone(settings.data):
        source, target = Database(source_url), Database(target_url)
        from_inbox, to_inbox = open_inbox(source), open_inbox(target)
        try:
            _refuse(source, target)
            upgrade(target)
            if from_inbox is not source:  # an installation from before there were events has none
                upgrade(from_inbox)
            if to_inbox is not target:
                upgrade(to_inbox)
            with ExitStack() as stack:
                reading = stack.enter_context(_reading(source))
                events = reading if from_inbox is source else stack.enter_context(_reading(from_inbox))
                writing = stack.enter_context(target.write()).connection()
                into = writing if to_inbox is target else stack.enter_context(to_inbox.write()).connection()
                return list(_copy(lambda each: (events, into) if each.name == Event.__tablename__ else (reading, writing),
                                  progress))
        finally:
            for each in (source, target, from_inbox, to_inbox):
                each.dispose()


def without_password(url: str) -> str:
    """As it may be printed."""
    return make_url(url).render_as_string(hide_password=True)


def _refuse(source: Database, target: Database) -> None:
    if source.url == target.url:
        raise Conflict("same_database", "This is the database that the installation uses already.")
    file = source.sqlite_file
    if file is not None and not file.exists():
        raise ConfigError("no_database", f"There is no database at {file}: name the data folder with --data.")
    if not is_current(source):
        raise ConfigError("source_version", "The database is of another version of Lectern. Start this version once "
                          "on it, stop it, then try again.")


def _snapshot(source: Database) -> dict[str, Any]:
    # SQLite's reader sees one state by itself.
    return {} if source.sqlite_file is not None else {"isolation_level": "REPEATABLE READ"}


@contextmanager
def _reading(source: Database) -> Iterator[Connection]:
    with source.engine.connect().execution_options(**_snapshot(source)) as reading, reading.begin():
        yield reading


def _copy(sides: Callable[[Table], tuple[Connection, Connection]],
          progress: Callable[[str, int, int], None]) -> Iterator[Copied]:
    """`sides` gives where a table is copied from, and where to."""
    tables = Base.metadata.sorted_tables  # what is pointed at comes first
    for each in tables:
        target = sides(each)[1]
        if target.execute(select(func.count()).select_from(each)).scalar():
            raise Conflict("target_not_empty", f"The target has rows already (in {each.name}). Name an empty database.")
    total = sum(sides(each)[0].execute(select(func.count()).select_from(each)).scalar() or 0 for each in tables)
    done = 0
    for each in tables:
        source, target = sides(each)
        into = insert(table(each.name, *(column(c.name, _as_written(c.type)) for c in each.columns)))
        count, digest = 0, 0
        for rows in _rows(source, each):
            try:
                target.execute(into, [dict(zip(each.columns.keys(), row, strict=True)) for row in rows])
            except DBAPIError as error:
                raise StepFailed("copy_refused", f"The target refuses a row of {each.name}: {error.orig}") from error
            count, digest, done = count + len(rows), digest + _digest(rows), done + len(rows)
            progress(each.name, done, total)
        there = [(len(rows), _digest(rows)) for rows in _rows(target, each)]
        if (sum(rows for rows, _ in there), sum(sums for _, sums in there)) != (count, digest):
            raise StepFailed("copy_differs", f"The rows of {each.name} are not the same after they were copied. "
                             "Nothing was changed; please report this.")
        yield Copied(each.name, count, f"{digest % (1 << 256):064x}")


def _rows(connection: Connection, each: Table) -> Iterator[Sequence[tuple[Any, ...]]]:
    wanted = select(*(cast(c, Text) if isinstance(c.type, JSON) else c for c in each.columns))
    result = connection.execute(wanted.execution_options(yield_per=BATCH_ROWS))
    for rows in result.partitions():
        yield [tuple(row) for row in rows]


def _digest(rows: Sequence[tuple[Any, ...]]) -> int:
    return sum(int.from_bytes(hashlib.sha256(repr(row).encode()).digest(), "big") for row in rows)


def _as_written(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return _Json() if isinstance(kind, JSON) else kind
