"""The containers' health check. The standard library alone, because it runs every few seconds.

    python -m infra.deploy.health http://127.0.0.1:8080/readyz     this address answers 200
    python -m infra.deploy.health infra.runtime.worker             a process runs this module, and the servers that
                                                                   it needs accept connections

Exit code 1 and one line when not.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671, "http": 80, "https": 443}


def main(what: str) -> int:
    """The exit code."""
    if what.startswith("http"):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(what, timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    if not _runs(what):
        print(f"no process runs {what}")
        return 1
    for host, port in servers(os.environ.get("LECTERN_DATABASE_URL", ""), os.environ.get("LECTERN_BROKER_URL", ""),
                              os.environ.get("LECTERN_STORAGE_URL", "")):
        with socket.create_connection((host, port), 3.0):
            pass
    return 0


def servers(database: str, broker: str, storage: str) -> list[tuple[str, int]]:
    """Host and port of each server that these settings name."""
    found = []
    endpoint = parse_qs(urlsplit(storage).query).get("endpoint", [""])[0]
    for url in (database, broker, endpoint):
        parts = urlsplit(url)
        if parts.hostname:
            scheme = parts.scheme.partition("+")[0]
            found.append((parts.hostname, parts.port or _PORTS.get(scheme, 5432)))
    return found


def _runs(module: str) -> bool:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if module.encode() in words and int(folder.name) != os.getpid():
            return True
    return False


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except OSError as error:
        print(error)
        sys.exit(1)
