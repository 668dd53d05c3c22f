"""Which process of a running service is which."""

from __future__ import annotations

import psutil


def is_called(process: psutil.Process, name: str) -> bool:
    """Whether this is the service's process of that name: web, jit, media, light, speech, sweeper, rollup or live."""
    try:
        # Where it was not forked, its arguments say so: see infra/runtime/child.py.
        return process.name() == f"lectern {name}" or (process.cmdline()[2:3] == ["infra.runtime.child"] \
            and process.cmdline()[5] == name)
    except psutil.Error:
        return False
