"""How much processor this process may use, and how much a command has used. On Linux; elsewhere the second is not known."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def cores(cgroup: Path = Path("/sys/fs/cgroup")) -> float:
    """Cores that may be used at once: those that the system gives this process, or less where a container has a quota."""
    try:
        ours = float(len(os.sched_getaffinity(0)))
    except AttributeError:  # not Linux
        ours = float(os.cpu_count() or 1)
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
        return ours if quota == "max" else min(ours, int(quota) / int(period))
    except (OSError, ValueError):
        return ours


def family_cpu_s(pid: int) -> float | None:
    """Processor seconds of a process and of all that it started and that still runs; None: that can not be told."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        children = (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:
        return None
    ticks = sum(map(int, fields[11:15]))  # its own in user and kernel, and those of children that ended
    return ticks / os.sysconf("SC_CLK_TCK") + sum(family_cpu_s(int(child)) or 0.0 for child in children)
