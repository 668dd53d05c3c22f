"""Progress bars of the command line: an upload, then the video until it is ready."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

from infra.runtime.client import Client

_ASK_EVERY_S = 0.5


def bar(console: Console) -> Progress:
    """A bar for work whose share of 1 is known."""
    return Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                    TimeElapsedColumn(), console=console, transient=True)


def add_and_follow(client: Client, source: str, title: str | None, out: Console, *, wait: bool) -> dict[str, Any]:
    """Upload a file (or have a URL fetched), print the watch URL when it plays; the video in the end."""
    if source.startswith(("http://", "https://")):
        video_id = client.add_url(source, title)
    else:
        sending = Progress(TextColumn("uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=out,
                           transient=True)
        with sending:
            task = sending.add_task("upload")
            video_id = client.upload(Path(source), title,
                                     lambda sent, size: sending.update(task, completed=sent, total=size))
    video = client.video(video_id)
    announced = False
    with bar(out) as progress:
        task = progress.add_task("fetching" if not video["playable"] else "rendering", total=1.0)
        while True:
            if video["playable"] and not announced:
                announced = True
                progress.console.print(f"playable: {client.server}{video['watch_url']}", markup=False)
            if video["status"] in ("ready", "failed") or (announced and not wait):
                break
            progress.update(task, completed=video["progress"],
                            description="rendering in the background" if announced else "fetching")
            time.sleep(_ASK_EVERY_S)
            video = client.video(video_id)
    if video["status"] == "failed":
        out.print(f"failed: {video['error']['message']}", style="red", markup=False)
    elif video["status"] == "ready":
        out.print(f"ready: {video['title']}, {video['duration_s']:.1f} s, "
                  f"{', '.join(r['name'] for r in video['renditions'])}", markup=False)
    return video
