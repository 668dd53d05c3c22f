"""The process that looks for lost work: `python -m infra.runtime.sweeper`. Several may run; one is enough."""

from __future__ import annotations

import signal
import threading
from typing import Any

from infra.core.settings import Settings
from infra.runtime.ending import exit_with
from infra.runtime.engine import Engine


def serve(engine: Engine) -> int:
    """Sweep every `settings.sweep_s` until SIGTERM or SIGINT; the exit code."""
    ending = threading.Event()

    def end(signum: int, frame: Any) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while not ending.is_set():
        engine.sweep()
        ending.wait(engine.settings.sweep_s)
    engine.database.dispose()
    return 0


def main() -> int:
    """Build the app from the environment and sweep; the exit code."""
    from infra.runtime.wiring import build

    return serve(build(Settings()).engine)


if __name__ == "__main__":
    exit_with(main)
