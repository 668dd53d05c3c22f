"""Runs a Python module as a child of the supervisor, and ends when the supervisor is gone.

    python -m infra.runtime.child SUPERVISOR_PID LOCK_FILE NAME MODULE [ARGUMENT ...]

Nothing may outlive a supervisor that was killed. On Linux the kernel sends SIGTERM at once (see
`infra.own_processes.spawn`); looking at the parent's id twice a second covers every other system. The shared lock
tells the next supervisor that its predecessor's children are still at work.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

LOOK_S = 0.5
END_S = 11.0  # a worker lets what is in hand end for a while after SIGTERM


def main(arguments: Sequence[str]) -> None:
    """Hold the lock, watch the parent, become the module. On Linux `ps` and `top` call it `lectern NAME`."""
    parent, lock, name, module, *rest = arguments
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"lectern {name}")
    threading.Thread(target=_watch, args=(int(parent),), name="parent", daemon=True).start()
    held = Path(lock).open("ab")  # noqa: SIM115 - held until the process ends
    fcntl.flock(held, fcntl.LOCK_SH)
    sys.argv = [module, *rest]
    sys.modules.pop(module, None)  # it is run anew; what it imports may be there
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_S)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
