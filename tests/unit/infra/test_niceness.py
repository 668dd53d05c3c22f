"""Background work gives way: the niceness of a command holds for whatever the kernel compares it with."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.core.command import Command
from infra.core.settings import Settings
from infra.process import ProcessRunner

AUTOGROUP = Path("/proc/self/autogroup")


@pytest.mark.parametrize("nice", [0, 15])
def test_a_command_has_its_niceness(nice: int) -> None:
    done = ProcessRunner(Settings(sandbox="off"))(Command(("/bin/sh", "-c", "nice"), nice=nice))
    assert done.stdout.decode().split() == [str(nice)]


@pytest.mark.skipif(not AUTOGROUP.is_file(), reason="this kernel knows no groups of sessions")
@pytest.mark.parametrize("nice", [0, 15])
def test_its_whole_session_has_it_too(nice: int) -> None:
    done = ProcessRunner(Settings(sandbox="off"))(Command(("/bin/cat", str(AUTOGROUP)), nice=nice))
    assert done.stdout.decode().split()[-2:] == ["nice", str(nice)]
