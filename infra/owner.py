"""The name under which a process holds leases, and whether such a process is still alive.

    hostname-3f2a91c0.4711.88214     machine (and process namespace), process id, when it started

The start time tells a process from a later one with the same id; the namespace tells a container from
another one with the same host name. Used as a folder name, too.
"""

from __future__ import annotations

import os
import re
import socket
import zlib
from functools import cache
from pathlib import Path


def owner_of(pid: int) -> str:
    """The name of a process of this machine that is alive now."""
    return f"{_machine()}.{pid}.{_started(pid)}"


def this_process() -> str:
    """Our own name."""
    return owner_of(os.getpid())


def is_dead(owner: str) -> bool:
    """True only when it is certain: it was a process of this machine, and it is gone."""
    machine, _, rest = owner.rpartition(".")[0].rpartition(".")
    started = owner.rpartition(".")[2]
    if machine != _machine() or not rest.isdigit():
        return False
    pid = int(rest)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # alive, somebody else's
    return _started(pid) not in (started, "0")


@cache
def _machine() -> str:
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:60] or "host"
    # Not the boot id: after a restart of the machine its old processes are known to be dead.
    marks = [_text("/etc/machine-id"), _link("/proc/self/ns/pid")]
    return f"{host}-{zlib.crc32(repr(marks).encode()):08x}"


def _started(pid: int) -> str:
    """Clock ticks from boot to the start of the process; "0" where the system does not tell."""
    stat = _text(f"/proc/{pid}/stat")
    # The program's name stands in parentheses and may hold anything; field 22 is the 20th after it.
    fields = stat.rpartition(")")[2].split()
    # A zombie has ended: only its parent has not looked yet.
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else "gone" if stat else "0"


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
