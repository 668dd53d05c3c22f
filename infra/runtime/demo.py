"""`lectern demo`: the service with the sample lecture in it."""

from __future__ import annotations

import hashlib
import webbrowser
from pathlib import Path

from rich.console import Console

from infra.core.errors import LecternError
from infra.core.settings import Settings
from infra.runtime.client import Client, stored_key
from infra.runtime.follow import add_and_follow
from infra.runtime.serve import serve

SAMPLE = Path(__file__).parent.parent / "demo" / "sample-lecture.mp4"
TITLE = "What is Lectern?"


def run(settings: Settings, out: Console, *, open_browser: bool) -> int:
    """Serve until Ctrl-C; the exit code."""
    settings = settings.model_copy(update={"analytics_k": 1})  # who tries it out is alone
    data = settings.data.absolute()

    def ready(url: str) -> None:
        try:
            key = stored_key(data) or ""
            _show(Client(url, key), key, out, open_browser=open_browser)
        except LecternError as error:
            out.print(f"The sample lecture could not be added: {error.message}", style="red", markup=False)

    out.print("Starting Lectern ...")
    return serve(settings, out, ready)


def _show(client: Client, key: str, out: Console, *, open_browser: bool) -> None:
    digest = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    known = (video for video in client.videos() if video["source"]["sha256"] == digest and video["playable"])
    video = next(known, None)
    if video is None:
        video = add_and_follow(client, str(SAMPLE), TITLE, out, wait=False)
    watch = client.server + video["watch_url"]
    # Behind the # no server sees the key, and the page takes it out of the address.
    out.print(f"\n  watch   {watch}\n  studio  {client.server}/studio#key={key}\n", markup=False)
    out.print("Ctrl-C ends Lectern.")
    if open_browser:
        webbrowser.open(watch)  # quietly does nothing where there is no browser
