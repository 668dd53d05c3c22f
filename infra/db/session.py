"""Connections and transactions. One `with` block is one transaction; nothing else commits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, Float, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement

from infra.core.errors import ConfigError, OutOfSpace, Unavailable
from infra.core.settings import Settings

BUSY_S = 30.0  # how long a writer waits for another process's transaction (SQLite)
CONNECT_S = 3  # PostgreSQL: a request waits no longer for a server that does not answer
POOL_S = 5.0  # nor for a connection that others of this process hold
POOL = 5  # connections kept


class now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock in Unix seconds. Leases compare with it, so workers' clocks do not matter."""

    type = Float()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **kw: Any) -> str:
    # unixepoch('subsec') needs SQLite 3.42; julianday has millisecond precision everywhere.
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _postgresql_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"


def url_of(settings: Settings) -> str:
    """The SQLAlchemy URL: the one in the settings, or the SQLite file in the data folder."""
    return settings.database_url or f"sqlite:///{settings.data.absolute() / 'lectern.db'}"


def read_url(url: str) -> URL:
    """Understand a database URL; `postgres://` and `postgresql://` mean the driver that Lectern brings.

    Raises ConfigError, which never shows a password.
    """
    scheme = url.partition("://")[0]
    try:
        found = make_url(url)
        name = found.get_backend_name() if found.drivername != "postgres" else "postgresql"
        if name == "sqlite" and found.get_driver_name() == "pysqlite":
            return found
        if name == "postgresql" and found.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
            if not found.database:
                raise ConfigError("database_url", "LECTERN_DATABASE_URL names no database: it ends with /NAME.")
            return found.set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError, ImportError):
        if "://" not in url:
            scheme = ""
    begins = f"begins with {scheme!r}" if scheme.isascii() and scheme.replace("+", "").isalnum() else "can not be read"
    raise ConfigError("database_url", f"LECTERN_DATABASE_URL {begins}; it looks like "
                      "postgresql://USER:PASSWORD@HOST:5432/NAME or sqlite:////FOLDER/lectern.db.")


class Database:
    """An engine and its two kinds of transaction."""

    def __init__(self, url: str, pool: int = POOL) -> None:
        """Connects to nothing yet. `pool`: connections to a server that are kept; twice as many are opened at most.

        Raises ConfigError when the URL is none.
        """
        parsed = read_url(url)
        self.url = parsed.render_as_string(hide_password=False)
        self.engine: Engine = create_engine(parsed, **_options(parsed, pool))
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _sqlite_connect)
            event.listen(self.engine, "begin", _sqlite_begin)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def sqlite_file(self) -> Path | None:
        """The database file, or None where the database is a server (or in memory)."""
        name = make_url(self.url).database
        return Path(name) if self.engine.dialect.name == "sqlite" and name and name != ":memory:" else None

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Session]:
        """A transaction that may write: committed at the end of the block, rolled back on an exception.

        Without `durable` the commit does not wait for the disk: a power cut (nothing less) may undo it and
        what came after it. For leases and demands, which only matter while processes live.

        Raises OutOfSpace when the database's disk is full, Unavailable when it can not be reached.
        """
        with self._sessions() as session, _translated():
            connection = session.connection(execution_options={"lectern_write": True, "lectern_durable": durable})
            if not durable and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            try:
                yield session
            except BaseException:
                session.rollback()
                raise
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads; always rolled back. Raises Unavailable like `write`.

        What was loaded stays usable after the block.
        """
        with self._sessions() as session, _translated():
            try:
                yield session
            finally:
                session.expunge_all()  # a rollback would empty the objects
                session.rollback()

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """A database that is full, gone or overloaded is a state of the world, not a bug of the caller."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("database_busy", "The database is busy. Try again.") from error
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is not None:  # SQLite: the low byte is the primary code
            if code & 0xFF == sqlite3.SQLITE_FULL:
                raise OutOfSpace("disk_full", "The disk that holds the database is full.") from error
            if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Unavailable("database_busy", "The database is busy. Try again.") from error
            if code & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
                raise Unavailable("database_gone", "The database file can not be opened or written.") from error
        else:
            state = getattr(error.orig, "sqlstate", None) or ""
            if state == "53100":
                raise OutOfSpace("disk_full", "The disk that holds the database is full.") from error
            # 08 connection, 53 resources, 57P shutdown, 40 serialization and deadlock (safe to run again).
            if error.connection_invalidated or state[:2] in ("08", "53", "40") or state.startswith("57P"):
                raise Unavailable("database_gone", "The database can not be reached. Try again.") from error
            if not state and type(error).__name__ == "OperationalError":  # could not even connect
                raise Unavailable("database_gone", "The database can not be reached. Try again.") from error
        raise


def _options(url: URL, pool: int) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        # A file needs no ping; a connection costs little, and a web process has some 40 threads.
        return {"connect_args": {"timeout": BUSY_S, "check_same_thread": False},
                "pool_size": 20, "max_overflow": 60}
    return {
        "pool_size": pool, "max_overflow": pool, "pool_timeout": POOL_S, "pool_use_lifo": True,
        "pool_pre_ping": True,  # a server that was restarted is met again without an error
        "pool_recycle": 1800,  # a firewall between us may have forgotten an old connection
        "connect_args": {
            "connect_timeout": CONNECT_S, "application_name": "lectern",
            "prepare_threshold": None,  # PgBouncer in transaction mode: the next statement meets another server process
            # A machine that vanished without a word is noticed within 20 s.
            "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 20_000,
            **url.query,  # what the URL says goes before
        },
    }


def _sqlite_connect(connection: Any, record: Any) -> None:
    # The driver's own transaction handling begins too late to be safe; SQLAlchemy's events say BEGIN.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
    _write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged upload survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _write_ahead_log(cursor: Any) -> None:
    """Switch the file to WAL, once in its life.

    The switch needs the file for itself and does not wait for it (the busy timeout is not asked), so
    processes that start together on a new file would see "database is locked".
    """
    for attempt in range(100):
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
                cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == 99:
                raise
            time.sleep(0.02)


def _sqlite_begin(connection: Any) -> None:
    options = connection.get_execution_options()
    if not options.get("lectern_write", False):
        connection.exec_driver_sql("BEGIN")
        return
    level = "FULL" if options.get("lectern_durable", True) else "NORMAL"
    if connection.info.get("synchronous", "FULL") != level:  # can not be said inside a transaction
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    # A reader that turns writer half-way can be refused at once (SQLITE_BUSY_SNAPSHOT): writers say so first.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def insert_into(session: Session, what: Any) -> Any:
    """INSERT of a model or table in the words of this session's database: both know ON CONFLICT, each by its own name."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(what)
