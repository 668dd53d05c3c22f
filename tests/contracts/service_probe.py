"""Looks at a fake service from outside: its rows, its log, its processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import fake_service
import psutil
from granted import granted_s
from sqlalchemy import select

from infra.core.settings import Settings
from infra.db.models import Step, StepState

Start = Callable[..., "subprocess.Popen[bytes]"]
HERE = Path(__file__).parent


def environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[1]}", "LECTERN_DATA": str(settings.data),
            "LECTERN_LEASE_S": str(settings.lease_s), "LECTERN_SWEEP_S": str(settings.sweep_s),
            "LECTERN_PORT": str(settings.port), "LECTERN_DATABASE_URL": settings.database_url,
            "LECTERN_BROKER_URL": settings.broker_url, "LECTERN_BROKER_PREFIX": settings.broker_prefix}


def wait_for(what: Callable[[], object], within_s: float = 60.0) -> float:
    """Seconds until it came true."""
    began = granted_s()
    while not what():
        assert granted_s() - began < within_s, "it did not come true in time"
        time.sleep(0.02)
    return granted_s() - began


def log(settings: Settings) -> list[str]:
    path = settings.data / "log"
    return [" ".join(line.split()[:2]) for line in path.read_text().splitlines()] if path.exists() else []


def states(app: fake_service.App) -> dict[str, str]:
    with app.database.read() as session:
        return {f"{row.step} {row.key}": row.state for row in session.scalars(select(Step))}


def done(app: fake_service.App, *rows: str) -> bool:
    seen = states(app)
    return all(seen.get(row) == StepState.DONE for row in rows)


def at_work(settings: Settings, *children: subprocess.Popen[bytes]) -> bool:
    """Whether these processes have started and connected."""
    return all(list(settings.data.glob(f"*-{child.pid}")) for child in children)


def alive_sleepers(seconds: str) -> list[int]:
    return [process.pid for process in psutil.process_iter(["cmdline", "status"])
            if len(process.info["cmdline"] or ()) > 1 and process.info["cmdline"][-1] == seconds
            and process.info["cmdline"][-2].endswith("sleep")
            and process.info["status"] != psutil.STATUS_ZOMBIE]
