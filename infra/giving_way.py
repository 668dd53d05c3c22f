"""Background commands stand still while a viewer's command runs on the same machine.

A low niceness is not enough: a background encoder also takes memory bandwidth, caches and, on many machines, half of
a core's units. Measured on two cores, a viewer's 720p cell took 2.6 to 3.7 s beside a fill of niceness 10, and 2.0 to
2.3 s beside one that stands still.

The sign is a file lock that every waited-for command shares: the kernel takes it away when its holder dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

LOOK_S = 0.04  # how often a background command looks
LONGEST_S = 20.0  # it never stands still longer than this in all: with viewers at every moment the fill goes on


@contextlib.contextmanager
def waited_for(sign: Path) -> Iterator[None]:
    """Somebody waits for what happens in this block."""
    with sign.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def step_back(nice: int) -> None:
    """Make this process one that nobody waits for, for what can not stand still because it runs in the process itself."""
    os.nice(nice)
    # A desktop kernel shares the processor out between sessions; there only the session's own niceness counts.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


class Background:
    """Stops and continues the process group `pgid`."""

    def __init__(self, sign: Path, pgid: int) -> None:
        self._sign = os.open(sign, os.O_RDWR | os.O_CREAT, 0o666)
        self._pgid = pgid
        self._stopped_at_s: float | None = None
        self._stood_s = 0.0

    def look(self) -> float:
        """Stop or continue as the sign says; the seconds it has stood still so far. Call it every LOOK_S."""
        now_s = time.monotonic()
        stood_s = self._stood_s + (now_s - self._stopped_at_s if self._stopped_at_s is not None else 0.0)
        stand_still = stood_s < LONGEST_S and self._somebody_waits()
        if stand_still != (self._stopped_at_s is not None):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pgid, signal.SIGSTOP if stand_still else signal.SIGCONT)
            self._stood_s, self._stopped_at_s = stood_s, now_s if stand_still else None
        return stood_s

    def close(self) -> None:
        """Forget the sign. The group is left as it is: it is about to be killed, or has ended."""
        os.close(self._sign)

    def _somebody_waits(self) -> bool:
        try:
            fcntl.flock(self._sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._sign, fcntl.LOCK_UN)
        return False
