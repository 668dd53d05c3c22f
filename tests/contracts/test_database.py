"""What every database must do: transactions, its clock, and the chain of migrations."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from granted import granted_s
from sqlalchemy import event, select, text
from sqlalchemy.engine import make_url

from infra.core.errors import ConfigError, Unavailable
from infra.db import migrate
from infra.db.models import Base, Organization
from infra.db.session import CONNECT_S, Database, now
from infra.deploy.native.postgres import Postgres


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
    began = granted_s()
    assert migrate.upgrade(empty_database) is False
    assert granted_s() - began < 0.05


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


@pytest.mark.parametrize("revision", [script.revision for script in reversed(list(
    ScriptDirectory(str(migrate._FOLDER)).walk_revisions()))])
def test_every_earlier_version_is_brought_to_this_one(empty_database: Database, revision: str) -> None:
    with empty_database.engine.connect().execution_options(lectern_write=True) as connection, connection.begin():
        command.upgrade(migrate._config(connection), revision)
        connection.execute(text("INSERT INTO organizations (id, name, created_at) VALUES ('o', 'old', 1.5)"))
    assert migrate.upgrade(empty_database) is (revision != migrate.head())
    assert migrate.is_current(empty_database)
    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert connection.execute(text("SELECT name, created_at FROM organizations")).one() == ("old", 1.5)


@pytest.mark.parametrize("url", [
    "", "lectern.db", "mysql://root:s3cret@host/lectern", "postgresql+asyncpg://u:s3cret@host/db",
    "postgresql://u:s3cret@host", "postgresql://u:s3cret@host:port/db", "u:s3cret@host/db", "oracle+x y://a:s3cret@b/c",
])
def test_a_wrong_url_is_a_matter_of_configuration_and_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match="LECTERN_DATABASE_URL") as caught:
        Database(url)
    assert "s3cret" not in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_usual_ways_to_write_the_url_mean_the_same(scheme: str) -> None:
    database = Database(f"{scheme}://u:s3cr%40et@host/db?sslmode=require")
    assert database.engine.dialect.driver == "psycopg"
    assert "s3cr" not in repr(database.engine)
    database.dispose()


class TestPostgreSQL:
    """What only a server can do to us."""

    @pytest.mark.parametrize(("change", "said"), [
        ({"username": "nobody"}, "nobody"), ({"database": "nowhere"}, "nowhere")])
    def test_a_server_that_refuses_us_says_what_to_mend(self, postgres: Postgres, change: dict[str, str],
                                                        said: str) -> None:
        url = make_url(postgres.url).set(password="s3cret", **change).render_as_string(hide_password=False)
        with pytest.raises(ConfigError, match=said) as caught:
            migrate.upgrade(Database(url))
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))

    def test_it_goes_on_after_the_server_was_killed(self, postgres: Postgres, database_of: Callable[..., str]) -> None:
        database = Database(database_of("postgresql"), pool=2)

        def ask() -> None:
            with database.read() as session:
                session.execute(text("SELECT 1"))

        threads = [threading.Thread(target=ask) for _ in range(4)]  # fill the pool
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with pytest.raises(Unavailable), database.write() as session:
            session.add(Organization(id="lost", name="lost", created_at=0.0))
            session.flush()
            postgres.kill()
        killed_s = granted_s()
        try:
            while granted_s() - killed_s < 2.0:
                began_s = granted_s()
                with pytest.raises(Unavailable):
                    ask()
                assert granted_s() - began_s < 1.0
                time.sleep(0.1)
        finally:
            postgres.start()
        for _ in range(5):  # also the connections that are still from before
            ask()
        with database.read() as session:
            assert session.get(Organization, "lost") is None
        database.dispose()

    def test_a_host_that_does_not_answer_is_given_up_soon(self) -> None:
        with socket.socket() as silent:  # accepts by the kernel's hand and never says a word
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            began_s = granted_s()
            with (pytest.raises(Unavailable),
                  Database(f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/db").read() as session):
                session.execute(text("SELECT 1"))
            assert granted_s() - began_s < CONNECT_S + 2

    def test_who_finds_all_connections_taken_is_told_to_come_again(self, database_of: Callable[..., str],
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("infra.db.session.POOL_S", 0.2)
        database = Database(database_of("postgresql"), pool=1)
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(database.read()).execute(text("SELECT 1"))
            with pytest.raises(Unavailable, match="busy"), database.read() as session:
                session.execute(text("SELECT 1"))
        database.dispose()

    def test_nothing_is_left_in_a_connection_that_another_client_may_get(self, database_of: Callable[..., str]) -> None:
        """PgBouncer in transaction mode gives each transaction another server process."""
        database = Database(database_of("postgresql"), pool=1)
        for _ in range(10):
            with database.write(durable=False) as session:
                session.execute(select(Organization).where(Organization.id == "x")).all()
        with database.read() as session:
            assert session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
            assert session.scalar(text("SHOW synchronous_commit")) == "on"
            assert session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 0
        database.dispose()
