"""What RTMP by nginx promises beside the contract of all ways in."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_publishing import SECRET, Site, publisher_tool, site_of

from infra import owner
from infra.db.session import Database
from ingest.live.nginx_rtmp import NginxRtmp

AT_ONCE_S = 8.0  # a refusal, with the start of ffmpeg on a busy machine


def rtmp_scene(rows: Database, tmp_path: Path, scene: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    async def on_site() -> None:
        async with site_of("rtmp", rows, tmp_path) as site:
            await scene(site)

    asyncio.run(on_site())


def test_folders_of_processes_that_are_gone_are_removed_and_no_others(
        rows: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    gone = subprocess.Popen(["true"])
    name = owner.owner_of(os.getpid()).replace(f".{os.getpid()}.", f".{gone.pid}.")
    gone.wait()
    whose = {"lectern-rtmp-gone": name, "lectern-rtmp-ours": owner.this_process(),
             "lectern-rtmp-elsewhere": "other-0.1.1", "other-gone": name, "lectern-rtmp-begun": None}
    for folder, its in whose.items():
        (tmp_path / "t" / folder).mkdir(parents=True)
        if its is not None:
            (tmp_path / "t" / folder / "owner").write_text(its)

    async def scene(site: Site) -> None:
        left = {path.name for path in (tmp_path / "t").iterdir()}
        assert left >= set(whose) - {"lectern-rtmp-gone"} and "lectern-rtmp-gone" not in left
        assert len(left) == len(whose)  # and its own

    rtmp_scene(rows, tmp_path, scene)


def test_rtmp_is_refused_while_nobody_answers_nginx(rows: Database, tmp_path: Path) -> None:
    async def scene(site: Site) -> None:
        _, key = site.stream()
        site.stop_answering()
        await asyncio.sleep(0.5)
        assert await site.ended(site.publish(key)) < AT_ONCE_S
        assert site.packager.kept == {}

    rtmp_scene(rows, tmp_path, scene)


def test_nobody_else_plays_what_is_published_by_rtmp(rows: Database, tmp_path: Path) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        site.publish(key)
        await site.session_of(stream)
        for name in (key, "x", "%2e%2e"):
            player = await asyncio.to_thread(subprocess.run, [
                publisher_tool("rtmp"), "-v", "error", "-t", "1", "-i", f"rtmp://127.0.0.1:{site.port}/live/{name}", "-c",
                "copy", "-f", "null", "-"], capture_output=True, timeout=30)
            assert player.returncode

    rtmp_scene(rows, tmp_path, scene)


def test_nginx_that_was_killed_is_started_again_and_publishers_come_back(rows: Database, tmp_path: Path) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        assert isinstance(site.ingest, NginxRtmp) and site.ingest._process is not None
        os.kill(site.ingest._process.pid, signal.SIGKILL)
        await site.ended(first)
        await site.until_state(kept.session.id, "interrupted")

        def listens() -> bool:
            try:
                socket.create_connection(("127.0.0.1", site.port), 1).close()
            except OSError:
                return False
            return True

        await site.until(listens, what="nginx listens again")
        site.publish(key)
        await site.until(lambda: len(kept.runs) == 2 and len(kept.runs[1]) > 20_000, what="bytes after the pause")

    rtmp_scene(rows, tmp_path, scene)


def test_calls_that_are_not_nginxs_own_let_nobody_in(rows: Database, tmp_path: Path) -> None:
    async def scene(site: Site) -> None:
        _, key = site.stream()
        assert isinstance(site.ingest, NginxRtmp)
        base = site.ingest._callback.removesuffix(SECRET)
        async with httpx.AsyncClient(trust_env=False) as http:
            good = f"app=live&addr=127.0.0.1&clientid=77&name={key}"
            for path, body in [("wrong/publish", good), (f"{SECRET}/publish", "app=live&clientid=7"),
                               (f"{SECRET}/publish", good + "&clientid=78"), (f"{SECRET}/publish", good + "&name=x"),
                               (f"{SECRET}/publish", good.replace("app=live", "app=other")),
                               (f"{SECRET}/publish", "\0\xff=&&="),
                               (f"{SECRET}/play", "app=live&addr=127.0.0.1&clientid=9&name=x")]:
                assert (await http.post(base + path, content=body)).status_code == 403, (path, body)
        assert site.packager.kept == {}

    rtmp_scene(rows, tmp_path, scene)
