"""`lectern up`: the first key, then the supervisor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.console import Console

from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.runtime import admin
from infra.runtime.storages import open_stores
from infra.runtime.supervisor import up
from infra.tools import find_tools
from player_api.pages import bundle_names

WEB = ("infra.runtime.web",)


def serve(settings: Settings, out: Console, announce: Callable[[str], None] | None = None) -> int:
    """Start everything and wait for Ctrl-C or SIGTERM; the exit code.

    What is wrong with the installation is said here, once, and not by each of the processes.
    """
    settings = settings.model_copy(update={"data": settings.data.absolute()})
    find_tools(settings, ProcessRunner(settings))
    bundle_names()
    open_stores(settings)
    secret = admin.bootstrap(settings)
    if secret is not None:
        out.print(f"admin key (shown once, kept in {settings.data / 'admin.key'}):", markup=False)
        out.print(f"  {secret}", markup=False)
        announce = announce or partial(_with_studio, secret, out)
    return up(settings, WEB, announce)


def _with_studio(secret: str, out: Console, url: str) -> None:
    """Behind the # no server sees the key, and the page takes it out of the address."""
    out.print(f"studio, signed in: {url}/studio#key={secret}", markup=False)
    print(f"ready {url}", flush=True)
