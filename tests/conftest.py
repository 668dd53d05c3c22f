"""What all tests share: golden files, no ERROR that nobody looks at, and failures that are told at once."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running import JudgedInRealTime, SlowWithin, ToldAtOnce

from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.deploy.native.radosgw import Radosgw

GOLDEN = Path(__file__).parent / "golden"


def pytest_configure(config: pytest.Config) -> None:
    """Started in the background by a shell, this process ignores Ctrl-C, and so would all that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # what pytest-xdist gives each of its workers
        config.pluginmanager.register(ToldAtOnce(config))
    config.pluginmanager.register(JudgedInRealTime())
    config.pluginmanager.register(SlowWithin(config.getoption("--slow-within")))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew instead of comparing")
    parser.addoption("--slow-within", type=float, default=float("inf"), metavar="MINUTES",
                     help="begin no test that is marked slow later than this")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text) compares `text` with tests/golden/NAME; `pytest --update-golden` writes it instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.is_file(), f"no golden file {name}: run pytest --update-golden and read the difference"
        assert text == path.read_text(), f"{name} changed: if that is meant, run pytest --update-golden"

    return compare


def _of_the_browser(record: logging.LogRecord) -> bool:
    """Playwright forgets the handlers of requests that are under way while a page is closed, and asyncio tells of it."""
    return record.name == "asyncio" and "playwright" in record.getMessage()


@pytest.fixture(autouse=True)
def no_logged_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A logged ERROR fails a test; one that expects errors ends with caplog.clear()."""
    yield
    errors = [record.getMessage() for when in ("setup", "call") for record in caplog.get_records(when)
              if record.levelno >= logging.ERROR and not _of_the_browser(record)]
    assert not errors, f"logged: {errors}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Radosgw]:
    """A real S3 server, which takes 14 s to start. Kill its gateway if you start it again."""
    folder = Path(tempfile.mkdtemp(prefix="rgw", dir="/tmp"))  # not tmp_path: its sockets need a short one
    try:
        with Radosgw(folder) as server:
            yield server
    except ConfigError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_BUCKETS = itertools.count()


@pytest.fixture
def s3_settings(s3_server: Radosgw, tmp_path: Path) -> Callable[..., Settings]:
    """s3_settings(prefix="", **settings): settings for a new, empty bucket, with the data folder in tmp_path."""

    def make(prefix: str = "", **changes: Any) -> Settings:
        bucket = f"test-{os.getpid()}-{next(_BUCKETS)}"
        s3_server.make_bucket(bucket)
        return Settings(**{"data": tmp_path / "data", "storage_url": s3_server.url(bucket, prefix),
                           "s3_access_key": s3_server.access_key, "s3_secret_key": s3_server.secret_key, **changes})

    return make
