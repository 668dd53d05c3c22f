"""Brings the database to the schema that this version of Lectern knows.

    upgrade(database)                                  at every start, in every process
    python -m infra.db.migrate "what changes"          for developers: a new migration from the models
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from infra.core.errors import ConfigError, Unavailable
from infra.db.session import Database

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
# What PostgreSQL says at the door to somebody who will never be let in: a person has to mend it.
_REFUSED = ("authentication failed", "does not exist", "no pg_hba.conf entry", "is not permitted to log in",
            "permission denied for database", "no password supplied")
_LOCK = 0x6C656374  # any number that nothing else in the database locks


def head() -> str:
    """The newest migration. Files are named by their number, so that Alembic need not be loaded to know."""
    return max(path.name for path in (_FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]


def upgrade(database: Database) -> bool:
    """Run the missing migrations, all of them or none. True when there were any.

    Several processes may call this at once: one works, the others wait. Raises ConfigError when the
    database was written by a newer version or refuses us, Unavailable when it can not be reached.
    """
    try:
        return _upgrade(database)
    except Unavailable as error:
        said = str(getattr(error.__cause__, "orig", ""))
        if database.sqlite_file is None and any(word in said for word in _REFUSED):
            reason = said.strip().splitlines()[-1].partition("FATAL:")[2].strip() or "it does not let us in"
            raise ConfigError("database_refused", f"PostgreSQL refuses LECTERN_DATABASE_URL: {reason}.") from error
        raise


def is_current(database: Database) -> bool:
    """Whether the schema is the one that this version knows. Raises Unavailable."""
    with database.read() as session:
        return _version(session.connection()) == head()


def _upgrade(database: Database) -> bool:
    file = database.sqlite_file
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    if is_current(database):
        return False
    if database.engine.dialect.name == "sqlite":
        return _upgrade_sqlite(database)
    with database.write() as session:
        connection = session.connection()
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        return _run(connection)


def _upgrade_sqlite(database: Database) -> bool:
    with database.engine.connect().execution_options(lectern_write=True) as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        # To alter a table is to copy and drop it, and with foreign keys on, a drop deletes what points at it.
        # The switch does nothing inside a transaction, so it is thrown before BEGIN IMMEDIATE.
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                changed = _run(connection)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise ConfigError("migration_failed", "The database has rows that point at nothing; it was "
                                      "left as it was. Restore a backup, or report this.")
        finally:
            raw.execute("PRAGMA foreign_keys=ON")
        return changed


def _run(connection: Connection) -> bool:
    current = _version(connection)  # again: somebody may have been faster
    if current == head():
        return False
    if current is not None and current > head():
        raise ConfigError("database_newer", f"The database was written by a newer version of Lectern (schema "
                          f"{current}, this one knows {head()}). Install that version, or restore a backup.")
    from alembic import command  # loaded only when there is work: it costs more than the check above

    command.upgrade(_config(connection), "head")
    return True


def _version(connection: Connection) -> str | None:
    savepoint = connection.begin_nested()  # PostgreSQL ends the transaction on any error
    try:
        version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except (OperationalError, ProgrammingError):
        savepoint.rollback()
        return None
    savepoint.commit()
    return version


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def new_migration(message: str) -> None:
    """Write the next file of the chain: what turns the present chain's schema into the models'."""
    from alembic import command

    number = f"{int(head()) + 1:04d}" if any((_FOLDER / "versions").glob("[0-9]*.py")) else "0001"
    with (TemporaryDirectory() as folder,
          Database(f"sqlite:///{folder}/scratch.db").engine.connect() as connection, connection.begin()):
        if number != "0001":
            command.upgrade(_config(connection), "head")
        config = _config(connection)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        command.revision(config, message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    new_migration(" ".join(sys.argv[1:]) or sys.exit("What does the migration change?"))
