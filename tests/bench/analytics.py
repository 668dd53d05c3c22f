"""Engagement analytics: events in, curves out, at growing histories, against a scan of the same events.

    python -m tests.bench.analytics [--requests 6000] [--history 1000000 10000000] [--videos 200] [--only ingest|query]

Ingest: one web process, 64 connections, 10 events a request, the load from a process of its own; all that was acknowledged
is looked for. Query: a history is put into the inbox and counted by the rollup's own code, then the retention of the video
that has a tenth of it is asked over HTTP; the scan is SQL over the same rows, and must give the same curve.
Exit code 1 below a target.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from audiences import add_video

from infra.core.settings import Settings
from infra.db import audience, inbox
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from infra.deploy.native.server import free_port
from player_api import keys
from player_api.analytics import tokens
from player_api.analytics.kinds import UNCOUNTED
from player_api.analytics.merge import ALL
from player_api.analytics.rollup import count
from player_api.analytics.stored import curve
from tests.bench.service import load_average

DURATION_S = 1800
PER_CPU_S, ACK_P99_MS, ASK_P99_MS, FRESH_P99_S, GROWTH = 25_000, 100.0, 15.0, 5.0, 1.2
_ROOT = Path(__file__).parents[2]


class Site:
    """Databases in a folder, with videos that can be watched."""

    def __init__(self, folder: Path, videos: int) -> None:
        self.settings = Settings(data=folder)
        self.database = Database(url_of(self.settings))
        upgrade(self.database)
        self.events = open_inbox(self.database)
        upgrade(self.events)
        with self.database.write() as session:
            session.add(Organization(id="o", name="o", created_at=0.0))
            session.flush()
            made = [add_video(session, "o", f"v_{number}", DURATION_S) for number in range(videos)]
            self.numbers = [audience.find_or_add(session, video, DURATION_S * 1000).number for video in made]
            self.playback_ids = [video.playback_id for video in made]
            self.secret = audience.secret_of(session, "o") or b""
            self.key = keys.create(session, "o", "bench", [keys.Scope.ADMIN])[1]

    def token(self, video: int) -> str:
        return tokens.anonymous(self.secret, "o", self.playback_ids[video], time.time())

    @contextmanager
    def running(self, *programs: str) -> Iterator[tuple[str, psutil.Process]]:
        """The address of the web process, and that process; `programs` run beside it."""
        port = free_port()
        environment = os.environ | self.settings.environment() | {"LECTERN_PORT": str(port)}
        started = [subprocess.Popen([sys.executable, "-m", program], env=environment, cwd=_ROOT)
                   for program in ("infra.runtime.web", *programs)]
        url = f"http://127.0.0.1:{port}"
        try:
            while True:
                try:
                    httpx.get(url + "/healthz", trust_env=False)
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield url, psutil.Process(started[0].pid)
        finally:
            for process in started:
                process.terminate()
                process.wait()


def ingest(site: Site, requests: int, events: int) -> bool:
    """Events over HTTP; whether the targets are met."""
    with site.running() as (url, web):
        given = {"requests": requests, "events": events, "connections": 64, "host": "127.0.0.1",
                 "port": int(url.rsplit(":", 1)[1]), "duration_s": DURATION_S,
                 "videos": [[site.token(n), site.playback_ids[n]] for n in range(len(site.numbers))]}
        load = subprocess.Popen([sys.executable, str(Path(__file__).with_name("analytics_load.py")), json.dumps(given)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert load.stdin is not None and load.stdout is not None
        load.stdout.readline()
        before = web.cpu_times()
        load.stdin.write("\n")
        load.stdin.flush()
        took = json.loads(load.stdout.readline())
        after = web.cpu_times()
        load.wait()
        memory = web.memory_info().rss
    cpu_s = after.user + after.system - before.user - before.system
    with site.events.read() as session:
        stored = int(session.connection().exec_driver_sql("SELECT count(*) FROM events").scalar() or 0)
    assert stored == requests * events, f"{stored} of {requests * events} events are there"
    file = site.events.sqlite_file
    size = file.stat().st_size / stored if file else 0
    rate = stored / cpu_s
    print(f"ingest, {events} a request: {rate:8.0f} events a CPU second, {stored / took['wall_s']:8.0f} a second; "
          f"ack p50 {took['p50_ms']:.1f} p99 {took['p99_ms']:.1f} ms; "
          f"{size:.0f} bytes an event; {memory >> 20} MiB; {load_average()}")
    begun_s = time.process_time()
    while count(site.database, site.events):
        pass
    print(f"rollup: {stored / (time.process_time() - begun_s):8.0f} events a CPU second")
    return rate >= PER_CPU_S and took["p99_ms"] <= ACK_P99_MS


def history(site: Site, size: int, chance: random.Random) -> float:
    """Put `size` watches into the inbox, a tenth of them of the first video, and count them; CPU seconds of counting."""
    weights = [len(site.numbers) / 9, *[1.0] * (len(site.numbers) - 1)]
    now_ms = time.time_ns() // 1_000_000
    cpu_s, made = 0.0, 0
    while made < size:
        rows: list[tuple[Any, ...]] = []
        for video in chance.choices(site.numbers, weights, k=3000):
            session, learner = chance.getrandbits(62), chance.randrange(200_000)
            t, at = now_ms - chance.randrange(28 * 86_400_000), chance.choice([0, chance.randrange(DURATION_S - 200)]) * 1000
            for seq in range(chance.randrange(1, 12)):
                rows.append((video, session, seq, chance.getrandbits(63), learner, 1, t, 0, at, at + 31_700, 1000, 0,
                             None, None, None, None, 1_200_000, 720, None, None, None))
                t, at = t + 31_700, at + 31_700
                if at + 31_700 > DURATION_S * 1000:
                    break
        rows = rows[:size - made]
        made += len(rows)
        with site.events.write(durable=False) as session:
            inbox.insert(session.connection(), rows)
        begun_s = time.process_time()
        while count(site.database, site.events):
            pass
        cpu_s += time.process_time() - begun_s
    return cpu_s


def scan(site: Site) -> tuple[float, np.ndarray[Any, Any]]:
    """The same curve from the rows alone: seconds, and unique learners for each second."""
    begun_s = time.perf_counter()
    unique = np.zeros(DURATION_S + 1, np.int64)
    with site.events.read() as session:
        rows = session.connection().exec_driver_sql(f"""
            SELECT min(a), max(b) FROM (SELECT learner, a, b, sum(new) OVER (PARTITION BY learner ORDER BY a, b) AS part
              FROM (SELECT learner, a, b, a > coalesce(max(b) OVER (PARTITION BY learner ORDER BY a, b
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), -1) AS new
                FROM (SELECT learner, (a_ms + 499) / 1000 AS a, min({DURATION_S}, (b_ms + 499) / 1000) AS b FROM events
                      WHERE video = {site.numbers[0]} AND kind = 1 AND marks & {UNCOUNTED} = 0
                        AND learner IS NOT NULL))) AS y
            GROUP BY learner, part""").all()
    for start, end in rows:
        unique[start] += 1
        unique[end] -= 1
    return time.perf_counter() - begun_s, np.cumsum(unique)[:DURATION_S]


def _asked_ms(server: HTTPConnection, path: str, headers: dict[str, str]) -> float:
    """How long it took to answer. Without httpx, which takes a third as long as what is measured."""
    begun_s = time.perf_counter()
    server.request("GET", path, headers=headers)
    answer = server.getresponse()
    assert answer.read() and answer.status == 200
    return (time.perf_counter() - begun_s) * 1000


def _p99(values: list[float]) -> float:
    return sorted(values)[len(values) * 99 // 100]


def query(folder: Path, size: int, videos: int, asks: int) -> tuple[bool, float]:
    """Retention at a history of `size`; whether the targets are met, and the median in ms."""
    site = Site(folder, videos)
    cpu_s = history(site, size, random.Random(5))
    print(f"history of {size} watches: counted at {size / cpu_s:.0f} a CPU second")
    scans = []
    for _ in range(3):
        took_s, truth = scan(site)
        scans.append(took_s)
    with site.database.read() as session:
        total = curve(*audience.curves(session, site.numbers[0])[ALL])
    counted = np.pad(total.counts[1], (0, DURATION_S - total.counts.shape[1]))
    assert np.array_equal(counted, truth), "the curve is not the scan's"
    headers = {"Authorization": f"Bearer {site.key}"}
    took_ms, nothing_ms, fresh_s = [], [], []
    with (site.running("infra.runtime.rollup") as (url, _),
          httpx.Client(base_url=url, headers=headers, trust_env=False) as client):
        server = HTTPConnection(url.removeprefix("http://"))
        for _ in range(asks + 20):  # in turns: what delays an answer that does nothing is the machine
            took_ms.append(_asked_ms(server, "/api/v1/videos/v_0/analytics/retention", headers))
            nothing_ms.append(_asked_ms(server, "/healthz", headers))
        server.close()
        tag = client.get("/api/v1/videos/v_0/analytics/retention").headers["ETag"]
        for number in range(20):
            now_ms = time.time_ns() // 1_000_000
            sent = {"v": 1, "sent_at": now_ms, "token": site.token(0), "video": site.playback_ids[0],
                    "session": f"s{number}", "viewer": f"v{number}",
                    "events": [{"id": f"{random.getrandbits(128):032x}", "seq": 0, "type": "watch",
                                                        "t": now_ms, "from": 0, "to": 5000}]}
            assert client.post("/api/v1/events", json=sent).json()["accepted"] == 1
            begun_s = time.perf_counter()
            while (now := client.get("/api/v1/videos/v_0/analytics/retention").headers["ETag"]) == tag:
                time.sleep(0.02)
            tag = now
            fresh_s.append(time.perf_counter() - begun_s)
    p99_ms, median_ms = _p99(took_ms[20:]), statistics.median(took_ms[20:])
    scan_s = statistics.median(scans)
    print(f"retention at {size} events: p50 {median_ms:.1f} p99 {p99_ms:.1f} ms over HTTP, /healthz in turns with it "
          f"{statistics.median(nothing_ms[20:]):.1f} and {_p99(nothing_ms[20:]):.1f} ms; a scan {scan_s:.2f} s, "
          f"{scan_s * 1000 / median_ms:.0f} times as long; event to curve worst {max(fresh_s):.2f} s; {load_average()}")
    return p99_ms <= ASK_P99_MS and max(fresh_s) <= FRESH_P99_S, median_ms


def main() -> int:
    """Measure and print; the exit code."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--events", type=int, default=10, help="a request (10)")
    parser.add_argument("--history", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--asks", type=int, default=500)
    parser.add_argument("--only", choices=("ingest", "query"))
    arguments = parser.parse_args()
    good = []
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "query":
            good.append(ingest(Site(Path(folder) / "ingest", arguments.videos), arguments.requests, arguments.events))
        medians = []
        for size in arguments.history if arguments.only != "ingest" else []:
            fine, median_ms = query(Path(folder) / str(size), size, arguments.videos, arguments.asks)
            good.append(fine)
            medians.append(median_ms)
        if len(medians) > 1:
            print(f"the largest history against the smallest: {medians[-1] / medians[0]:.2f} times as long")
            good.append(medians[-1] / medians[0] <= GROWTH)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
