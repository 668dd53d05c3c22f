"""`lectern migrate-db` between real databases, both ways."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from infra.core.errors import ConfigError, Conflict, StepFailed
from infra.core.settings import Settings
from infra.db import steps
from infra.db.migrate import upgrade
from infra.db.models import Base, Demand, Organization, Step, Video
from infra.db.session import Database, url_of
from infra.deploy.native.postgres import Postgres
from infra.runtime import migrate_db as module
from infra.runtime.migrate_db import migrate_db

PLAN = {"grid": [0, 1.5, 1e-7, 2**53], "title": 'Überschrift "x" \\ \u2028', "none": None, "deep": [{"a": []}, {}, True]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder whose database has rows of every awkward kind."""
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    database = Database(url_of(settings))
    upgrade(database)
    with database.write() as session:
        session.add_all(Organization(id=name, name=f"{name} ☃", created_at=1700000000.123456789) for name in "ab")
        session.flush()
        for n in range(700):  # more than one batch
            session.add(Video(id=f"v{n}", organization_id="ab"[n % 2], playback_id=f"p{n}", title=f"Lecture {n}\n",
                              created_at=n / 7, updated_at=0.1 + 0.2, plan=PLAN if n % 3 else None,
                              source_bytes=2**40 + n, deleted_at=None if n % 5 else 1e-3))
        session.flush()
        session.execute(text("UPDATE videos SET media_info = 'null' WHERE id = 'v1'"))  # JSON's null, not SQL's
        session.add(Demand(video_id="v1", organization_id="b", rendition="r", k=-1, wanted_at=1.0, rung_at=0.0))
        steps.insert(session, session.get_one(Video, "v2"), [steps.NewStep("fill", "media", str(k)) for k in range(9)])
        session.execute(text("UPDATE steps SET retryable = 1 WHERE key = '3'"))
        session.execute(text("UPDATE steps SET retryable = 0 WHERE key = '4'"))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return settings


def rows(url: str) -> dict[str, list[Any]]:
    database = Database(url)
    with database.read() as session:
        found = {table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
                 for table in Base.metadata.sorted_tables}
        found["null"] = list(session.execute(text(
            "SELECT id, CAST(media_info AS TEXT) FROM videos WHERE media_info IS NOT NULL")).all())
    database.dispose()
    return found


def test_to_postgresql_and_back_nothing_is_lost(settings: Settings, database_of: Callable[..., str],
                                                tmp_path: Path) -> None:
    before, file = rows(url_of(settings)), settings.data / "lectern.db"
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    seen: list[tuple[str, int, int]] = []
    url = database_of("postgresql", empty=True)
    copied = migrate_db(settings, url.replace("postgresql+psycopg", "postgres"), lambda *step: seen.append(step))
    assert rows(url) == before
    assert {each.table: each.rows for each in copied} == {
        name: len(found) for name, found in before.items() if name != "null"}
    assert seen[-1][1] == seen[-1][2] == sum(each.rows for each in copied)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == checksum

    back = f"sqlite:///{tmp_path}/back.db"
    assert migrate_db(settings.model_copy(update={"database_url": url}), back) == copied
    assert rows(back) == before


def test_a_running_lectern_is_not_copied(settings: Settings, database_of: Callable[..., str]) -> None:
    with (settings.data / "up.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="already runs"):
            migrate_db(settings, database_of("postgresql"))


def test_a_target_with_rows_is_refused_and_kept(settings: Settings, database_of: Callable[..., str]) -> None:
    url = database_of("postgresql")
    database = Database(url)
    with database.write() as session:
        session.add(Organization(id="theirs", name="theirs", created_at=0.0))
    with pytest.raises(Conflict, match="organizations"):
        migrate_db(settings, url)
    with database.read() as session:
        assert session.scalars(select(Organization.id)).all() == ["theirs"]
        assert session.scalars(select(Step.id)).all() == []
    database.dispose()


@pytest.mark.parametrize("fault", ["refused", "different"])
def test_all_or_nothing(settings: Settings, database_of: Callable[..., str], fault: str,
                        monkeypatch: pytest.MonkeyPatch) -> None:
    url = database_of("postgresql", empty=True)
    if fault == "refused":  # a character that PostgreSQL can not store, in the last batch
        source = Database(url_of(settings))
        with source.write() as session:
            session.execute(text("UPDATE steps SET error_message = 'a' || char(0) || 'b' WHERE key = '8'"))
        source.dispose()
    else:
        real = module._digest
        calls: list[int] = []

        def digest(rows: Any) -> int:
            calls.append(1)
            return real(rows) + (len(calls) == 4)

        monkeypatch.setattr(module, "_digest", digest)
    with pytest.raises(StepFailed, match="refuses a row of steps" if fault == "refused" else "not the same"):
        migrate_db(settings, url)
    assert all(not found for found in rows(url).values())


def test_what_can_not_be_a_source_or_a_target_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="postgresql://"):
        migrate_db(settings, "mysql://root@host/x")
    with pytest.raises(Conflict, match="uses already"):
        migrate_db(settings, url_of(settings))
    with pytest.raises(ConfigError, match="--data"):
        migrate_db(Settings(data=tmp_path / "nothing"), "postgresql://u@h/x")


def test_the_command_says_what_to_do_next_and_hides_the_password(settings: Settings, postgres: Postgres,
                                                                 database_of: Callable[..., str]) -> None:
    url = database_of("postgresql", empty=True).replace("lectern@", "lectern:s3cret@")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LECTERN_")}

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "infra.runtime.cli", *arguments, "--data", str(settings.data)],
                              env={**environment, **more}, capture_output=True, text=True, timeout=100)

    done = run("migrate-db", LECTERN_MIGRATE_TO=url)
    assert done.returncode == 0, done.stderr
    assert "LECTERN_DATABASE_URL" in done.stdout
    assert "videos" in done.stdout
    again = run("migrate-db", url)
    assert again.returncode == 1
    assert "rows already" in again.stderr
    doctor = run("doctor", "--json", LECTERN_DATABASE_URL=url)
    check = next(check for check in json.loads(doctor.stdout) if check["name"] == "database")
    assert check["ok"]
    assert check["found"].startswith("PostgreSQL 1")
    assert "s3cret" not in done.stdout + done.stderr + again.stderr + doctor.stdout + doctor.stderr
