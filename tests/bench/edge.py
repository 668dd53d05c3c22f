"""Requests per second of cached cells through our nginx configuration, against plain nginx and static files.

    python -m tests.bench.edge [--rounds 15] [--seconds 2] [--kib 20]

Both serve the same bytes, from the same number of worker processes, without an access log, to the same client, turn
by turn in one run; plain nginx is the system's with sendfile and nothing else. The ratio is the median of the rounds'
ratios. On a machine with other work the processor time that nginx takes for a request says more: it is shown, too.
Needs wrk (apt-get install wrk): a client written in Python would be what is measured. Target: at least 0.9.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import httpx
import psutil

from infra.deploy.native.nginx import Nginx
from infra.deploy.native.server import Server, find_program
from infra.deploy.nginx_conf import Edge
from tests.bench.service import load_average
from tests.contracts.edge_origin import FOR_EVER, Asked, Origin, Said

TARGET = 0.9
CELLS = 50
PLAIN = """\
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_processes {workers};
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""
# Other cells in turn, as many viewers ask; a table of paths in the client, whose core is scarce.
SCRIPT = """\
local paths, i = {}, 0
wrk.headers["Host"] = "bench"
for k = 0, %d do paths[k] = wrk.format("GET", "/play/vid/h264-720p/" .. k .. ".m4s") end
request = function() i = (i + 7) %% %d; return paths[i] end
"""


class PlainNginx(Server):
    """nginx as the documentation begins: a root folder."""

    name: ClassVar[str] = "plain"
    packages: ClassVar[str] = "nginx-light"
    workers = 1

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _launch(self) -> None:
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(PLAIN.format(folder=self.folder, port=self.port, workers=self.workers,
                                                             user=user))
        self._spawn([find_program("nginx", self.packages), "-c", self.folder / "nginx.conf", "-p", self.folder,
                     "-e", "stderr"])

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url, timeout=1.0, trust_env=False).status_code < 500
        except httpx.HTTPError:
            return False


def rate(wrk: str, url: str, script: Path, seconds: int, connections: int) -> float:
    """Requests per second, as wrk counts them. Raises RuntimeError when some went wrong."""
    done = subprocess.run([wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url],
                          capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    return float(found[1])


def out_of_memory(file: Path) -> None:
    """Write a file to the disk and forget it: both kinds are read back in the same way.

    Linux keeps a file in pieces as it was written, and 200 KiB in pages of 4 KiB cost twice as much to send. nginx wrote
    its own in such, the others came in one piece.
    """
    fd = os.open(file, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def cpu_s(master: psutil.Process) -> float:
    """Processor seconds that nginx's workers have taken so far."""
    return sum(sum(worker.cpu_times()[:2]) for worker in master.children())


def master_of(run: Path) -> psutil.Process:
    """The nginx whose process id lies in this folder."""
    return psutil.Process(int((run / "nginx.pid").read_text()))


def main() -> int:
    """The exit code: 0 when the target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--kib", type=int, default=20, help="size of a cell")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1, help="nginx processes; the client takes a core of its own")
    wanted = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not installed: sudo apt-get install --no-install-recommends wrk", file=sys.stderr)
        return 69
    cell = bytes(i * 37 % 256 for i in range(wanted.kib << 10))

    def answer(asked: Asked) -> Said:
        return Said(200, cell, {"Content-Type": "video/iso.segment", "Cache-Control": FOR_EVER, "ETag": '"e"',
                                "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
                                "Access-Control-Allow-Origin": "*"})

    with tempfile.TemporaryDirectory(prefix="lectern-edge-") as name:
        folder = Path(name)
        script = folder / "cells.lua"
        script.write_text(SCRIPT % (CELLS - 1, CELLS))
        cells = folder / "plain" / "www" / "play" / "vid" / "h264-720p"
        cells.mkdir(parents=True)
        for k in range(CELLS):
            (cells / f"{k}.m4s").write_bytes(cell)
        plain = PlainNginx(folder / "plain")
        plain.workers = wanted.workers
        with Origin(answer) as origin:
            edge = Nginx(folder / "n", Edge(listen="", api=[origin.address], run=Path(), cache=Path(),
                                            workers=str(wanted.workers), access_log="off"))
            with plain, edge:
                paths = [f"/play/vid/h264-720p/{k}.m4s" for k in range(CELLS)]
                for path in paths:
                    assert httpx.get(edge.url + path, trust_env=False).content == cell
                    assert httpx.get(plain.url + path, trust_env=False).content == cell
                for file in [*cells.iterdir(), *(found for found in edge.edge.cache.rglob("*") if found.is_file())]:
                    out_of_memory(file)
                fetched = len(origin.asked)
                masters = {"plain": master_of(plain.folder), "nginx": master_of(edge.edge.run)}
                ratios, costs = [], []
                for turn in range(wanted.rounds):
                    rates, cost_us = {}, {}
                    for server in ([plain, edge] if turn % 2 == 0 else [edge, plain]):
                        before_s = cpu_s(masters[server.name])
                        rates[server.name] = rate(wrk, server.url, script, wanted.seconds, wanted.connections)
                        spent_s = cpu_s(masters[server.name]) - before_s
                        cost_us[server.name] = spent_s * 1e6 / (rates[server.name] * wanted.seconds)
                    ratios.append(rates["nginx"] / rates["plain"])
                    costs.append(cost_us["plain"] / cost_us["nginx"])
                    print(f"round {turn + 1:2}: plain {rates['plain']:7.0f}/s {cost_us['plain']:5.1f} us CPU   "
                          f"ours {rates['nginx']:7.0f}/s {cost_us['nginx']:5.1f} us CPU   "
                          f"ratio {ratios[-1]:.3f}, by CPU {costs[-1]:.3f}   ({load_average()})", flush=True)
                assert len(origin.asked) == fetched, "some cells were asked for again: the cache was not what answered"
    ratio = statistics.median(ratios)
    print(f"cached cells of {wanted.kib} KiB against plain static files: {ratio:.3f}, by CPU "
          f"{statistics.median(costs):.3f} (target {TARGET}) "
          f"{'PASS' if ratio >= TARGET else 'FAIL'}")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
