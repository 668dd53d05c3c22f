"""What every database must do: transactions, its clock, and the chain of migrations."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, select, text

from infra.core.errors import ConfigError, Unavailable
from infra.db import migrate
from infra.db.models import Base, Organization
from infra.db.session import Database, now


def test_models_are_what_the_migrations_make(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_chain_of_migrations_is_one_line_and_its_files_are_numbered() -> None:
    scripts = ScriptDirectory(str(migrate._FOLDER))
    assert scripts.get_heads() == [migrate.head()]
    assert [script.revision for script in scripts.walk_revisions()] == [
        f"{n:04d}" for n in range(int(migrate.head()), 0, -1)]


def test_upgrade_works_once_and_costs_nothing_afterwards(empty_database: Database) -> None:
    assert migrate.upgrade(empty_database) is True
    began = time.perf_counter()
    assert migrate.upgrade(empty_database) is False
    assert time.perf_counter() - began < 0.05


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version"):
        migrate.upgrade(database)


def test_processes_that_start_together_upgrade_once(empty_database: Database) -> None:
    program = ("import sys; from infra.db.session import Database; from infra.db.migrate import upgrade; "
               "print(upgrade(Database(sys.argv[1])))")
    children = [subprocess.Popen([sys.executable, "-c", program, empty_database.engine.url.render_as_string(
        hide_password=False)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [child.communicate(timeout=60)[0].strip() for child in children]
    assert sorted(answers) == ["False", "False", "False", "True"]


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.add(Organization(id="c", name="c", created_at=0.0))
        session.flush()
        raise ZeroDivisionError
    with database.read() as session:
        assert session.get(Organization, "c") is None


def test_a_read_keeps_nothing(database: Database) -> None:
    with database.read() as session:
        session.add(Organization(id="c", name="c", created_at=0.0))
        session.flush()
    with database.read() as session:
        assert session.get(Organization, "c") is None


def test_writers_take_the_write_lock_at_their_beginning(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("a word of SQLite")
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute",
                 lambda connection, cursor, statement, *rest: said.append(statement))
    with database.write() as session:
        session.execute(text("SELECT 1"))
    with database.read() as session:
        session.execute(text("SELECT 2"))
    assert said == ["BEGIN IMMEDIATE", "SELECT 1", "BEGIN", "SELECT 2"]
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA synchronous")) == 2


@pytest.mark.parametrize("order", [(True, False, True), (False, True), (False, False)])
def test_only_a_durable_commit_waits_for_the_disk(database: Database, order: tuple[bool, ...]) -> None:
    sqlite = database.engine.dialect.name == "sqlite"
    for durable in order:
        with database.write(durable=durable) as session:
            level = str(session.scalar(text("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit")))
        assert level == (("2" if durable else "1") if sqlite else ("on" if durable else "off"))


def test_read_then_write_loses_no_update(database: Database) -> None:
    """Eight threads count to 25 each, reading before they write: the classic way to be refused half-way."""
    def count() -> None:
        for _ in range(25):
            with database.write() as session:
                organization = session.get(Organization, "a", with_for_update=True)
                assert organization is not None
                organization.created_at += 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        organization = session.get(Organization, "a")
        assert organization is not None
        assert organization.created_at == 200


def test_the_clock_is_unix_time_to_the_millisecond(database: Database) -> None:
    with database.read() as session:
        first = session.scalar(select(now())) or 0.0
        time.sleep(0.01)
        second = session.scalar(select(now())) or 0.0  # not the time at which the transaction began
    assert abs(first - time.time()) < 5
    assert 0.005 < second - first < 1


def test_a_database_that_is_away_is_unavailable(empty_database: Database) -> None:
    url = ("sqlite:////nowhere/at/all/lectern.db" if empty_database.engine.dialect.name == "sqlite"
           else "postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable), Database(url).read() as session:
        session.execute(text("SELECT 1"))
