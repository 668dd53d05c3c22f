"""What all tests share: golden files, and no ERROR that nobody looks at."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_configure(config: pytest.Config) -> None:
    """Started in the background by a shell, this process ignores Ctrl-C, and so would all that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew instead of comparing")


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


@pytest.fixture(autouse=True)
def no_logged_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A logged ERROR fails a test; one that expects errors ends with caplog.clear()."""
    yield
    errors = [record.getMessage() for when in ("setup", "call") for record in caplog.get_records(when)
              if record.levelno >= logging.ERROR]
    assert not errors, f"logged: {errors}"
