"""A clock that stands still while the machine is taken away.

Machines are rented by the slice: a hypervisor may stop all processors of one for seconds, and give it a tenth of what it
gives at other times. Whoever waits "at most 20 s" for something means 20 s of a machine that runs.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_STAT = Path("/proc/stat")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_CPUS = os.cpu_count() or 1


def stolen_of(stat: str, cpus: int, ticks_a_second: int) -> float:
    """Seconds since the start of the machine in which its processors wanted to run and others ran, a mean of all of them.

    `stat` is the text of /proc/stat, whose eighth number of the line "cpu" is "steal", in ticks (proc_stat(5)).
    """
    return int(stat.split(maxsplit=9)[8]) / ticks_a_second / cpus


def stolen_s() -> float:
    """As `stolen_of`, now; 0 where no system tells."""
    return stolen_of(_STAT.read_text(), _CPUS, _TICKS_A_SECOND) if _STAT.exists() else 0.0


def granted_s() -> float:
    """Monotonic seconds, less those that were stolen: for deadlines and for "it took less than"."""
    return time.monotonic() - stolen_s()


def clocks_s() -> tuple[float, float]:
    """What `share_stolen` begins with: the monotonic time, and what was stolen until now."""
    return time.monotonic(), stolen_s()


def share_stolen(began: tuple[float, float]) -> float:
    """Of the time since `began`, how much was stolen: 0 to 1."""
    return (stolen_s() - began[1]) / max(1e-3, time.monotonic() - began[0])
