"""How a run of an hour, on a machine that others use as well, is told, judged and ended."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest
from granted import clocks_s, share_stolen

# Of the time of a test. Without any it does not fail for want of time; with a fifth two workers have less than one each.
MUCH_STOLEN = 0.2


class ToldAtOnce:
    """Each failure is written when it happens, not only at the end of a run that may never come to it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.line("")
            terminal.section(f"{report.nodeid} ({report.when}, {report.duration:.0f} s)", sep="_", red=True)
            terminal.line(report.longreprtext)


class JudgedInRealTime:
    """What is marked `real_time` and fails while the machine is taken away is skipped: nothing was shown about Lectern.

    The share that was stolen is that of the test, or of its file until then: a lecture that a whole file looks at was
    perhaps sent while there was no machine.
    """

    def __init__(self) -> None:
        self._file: Path | None = None
        self._file_began = self._test_began = (0.0, 0.0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self._test_began = clocks_s()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self._file != item.path:
            self._file, self._file_began = item.path, self._test_began

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and item.get_closest_marker("real_time") is not None:
            stolen = max(share_stolen(self._test_began), share_stolen(self._file_began))
            if stolen > MUCH_STOLEN:
                why = f"not judged: {stolen:.0%} of the machine's time was taken away; {str(report.longrepr)[-2000:]}"
                report.outcome, report.longrepr = "skipped", (str(item.path), 0, why)
        return report


class SlowWithin:
    """No test that is marked `slow` is begun after so many minutes: those that are left are named at the end."""

    def __init__(self, minutes: float) -> None:
        self._minutes, self._ends_s = minutes, time.monotonic() + minutes * 60

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.get_closest_marker("slow") is not None and time.monotonic() > self._ends_s:
            pytest.skip(f"left out: the run had begun more than {self._minutes:g} minutes before")
