"""`lectern sql`: SQL over the files of events, in a folder and in a bucket, and over nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.core import keys
from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.runtime.event_sql import _check
from infra.runtime.storages import open_stores
from player_api.analytics import event_table
from player_api.analytics.kinds import LIVE, TOO_FAST, Row

pytest.importorskip("chdb")
NOW_MS = 1_795_000_000_000
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["directory", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "directory":
        return Settings(data=tmp_path / "it's data")
    make: Callable[..., Settings] = request.getfixturevalue("s3_settings")
    return make("some/prefix")


def store(settings: Settings) -> None:
    """Three events of two organizations, in three files."""
    storage = open_stores(settings).storage
    for organization, day, session, learner in (("a", "2026-11-20", 1, 7), ("a", "2026-11-21", -2, None),
                                                ("b", "2026-11-21", 3, 7)):
        row = Row(1, 5, session, 0, 1, learner, 1, NOW_MS, 0, 0, 10_000, 1500, 0, *[None] * 7, None)
        storage.put(keys.event_file(organization, day, 0), event_table.file_of(
            [event_table.table_of([row], organization, {5: "v_" + organization})], 1))


def sql(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody types it: an engine is one of its process."""
    return subprocess.run([sys.executable, "-m", "infra.runtime.cli", "sql", *arguments], cwd=ROOT, capture_output=True,
                          text=True, env={**os.environ, **settings.environment()}, timeout=120)


def test_it_answers_as_a_table_csv_and_json(settings: Settings) -> None:
    nothing = sql(settings, "SELECT count() AS n FROM events", "--format", "csv")
    assert (nothing.returncode, nothing.stdout) == (0, '"n"\n0\n'), nothing.stderr
    store(settings)
    asked = "SELECT day, organization, video, session, learner, kind, time, to_ms, rate FROM events ORDER BY ALL"
    done = sql(settings, asked, "--format", "json")
    assert done.returncode == 0, done.stderr
    first, second, third = json.loads(done.stdout)
    assert first == {"day": "2026-11-20", "organization": "a", "video": "v_a", "session": "0" * 15 + "1",
                     "learner": "0" * 15 + "7", "kind": "watch",
                     "time": "2026-11-18 11:06:40.000", "to_ms": 10000, "rate": 1.5}
    assert (second["session"], second["learner"], third["organization"]) == ("f" * 15 + "e", None, "b")
    assert "v_b" not in sql(settings, "SELECT * FROM events", "--organization", "a").stdout
    cut = sql(settings, "SELECT video FROM events WHERE day = '2026-11-21' ORDER BY ALL;", "--rows", "1")
    assert "v_a" in cut.stdout and "v_b" not in cut.stdout and "--rows" in cut.stderr


def test_columns_that_came_later_are_null_in_older_files(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    storage = open_stores(settings).storage
    later = ["why_uncounted", "live", "behind_ms"]
    for day, marks, behind_ms in (("2026-11-20", 0, None), ("2026-11-21", 0, None), ("2026-11-22", LIVE | TOO_FAST, 2100)):
        row = Row(1, 5, 1, 0, 1, 7, 1, NOW_MS, 0, 0, 10_000, 1000, marks, *[None] * 8, behind_ms)
        table = event_table.table_of([row], "a", {5: "v_a"})
        old = day == "2026-11-20"
        storage.put(keys.event_file("a", day, 0), event_table.file_of([table.drop_columns(later) if old else table], 1))
    done = sql(settings, f"SELECT {', '.join(later)} FROM events ORDER BY day", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert [[line[name] for name in later] for line in json.loads(done.stdout)] == [
        [None, None, None], [None, False, None], ["too_fast", True, 2100]]
    assert event_table.read(storage.read(keys.event_file("a", "2026-11-20", 0))).column("live").to_pylist() == [None]


def test_it_reads_nothing_else_and_changes_nothing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    store(settings)
    (tmp_path / "secret").write_text("hidden thing")
    for query, code in (
        (f"SELECT arrayMap(FILE, ['{tmp_path}/secret'])", 65),
        ("SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')", 65),
        ("SELECT 1; DROP TABLE events", 65), ("SELECT 1 SETTINGS readonly = 0", 65), ("SELECT nothing FROM events", 65),
        ("SELECT number % 7919 FROM numbers(1000000000000) GROUP BY ALL", 69),
    ):
        done = sql(settings, query, "--seconds", "1")
        assert done.returncode == code, (query, done.stdout, done.stderr)
        assert done.stderr.startswith("lectern: ") and "hidden" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_what_is_no_question_is_refused() -> None:
    for query in ("", "insert into events select 1", "SYSTEM SHUTDOWN", "SELECT `file`('/x')", "SELECT 1 INTO OUTFILE '/x'",
                  "SELECT * FROM File('/x', 'LineAsString')", 'SELECT "f\\x69le"(1)'):
        with pytest.raises(LecternError):
            _check(query)
    for query in ("select 1", " with 1 as x select x", "(select 1)", "DESCRIBE events", "select _file from events"):
        _check(query)
