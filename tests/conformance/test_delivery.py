"""The rules about HTTP, over a small server that keeps them, and over the same with one fault."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from .hlslint import RULES
from .model import Model
from .registry import failing, run
from .rules_http import Served, gzipped

TYPES = {"m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml", "m4s": "video/iso.segment",
         "mp4": "video/mp4", "vtt": "text/vtt", "jpg": "image/jpeg"}


class Handler(BaseHTTPRequestHandler):
    """Sends the files of `server.files`, as well as the rules ask, but for `server.fault`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else each answer waits for a delayed acknowledgement
    disable_nagle_algorithm = True

    def log_message(self, *what: object) -> None:
        pass

    def do_OPTIONS(self) -> None:
        self.send_response(204)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "Accept" if self.fault == "preflight" else "Range")
        self.send_header("Content-Length", "0")
        self.end_headers()

    @property
    def fault(self) -> str:
        return str(self.server.fault)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        moved = self.fault == "redirect" and path.endswith("4.m4s")
        data = self.server.files.get(path.removeprefix("moved/"))  # type: ignore[attr-defined]
        ending = path.rpartition(".")[2]
        if data is None or moved:
            self._send(302 if moved else 404, {"Location": "/moved/" + path}, b"")
            return
        headers = {"Content-Type": TYPES.get(ending, "text/plain"), "Access-Control-Allow-Origin": "*",
                   "Cache-Control": "public, max-age=31536000" if ending in ("m4s", "mp4") else "public, max-age=60"}
        headers["ETag"] = f'"{hash(data)}"'
        if self.fault in ("Access-Control-Allow-Origin", "ETag", "Cache-Control"):
            del headers[self.fault]
        if self.fault == "type" and ending == "m4s":
            headers["Content-Type"] = "application/octet-stream"
        if self.fault == "playlists kept" and ending == "m3u8":
            headers["Cache-Control"] = "public, max-age=31536000"
        if self.headers.get("If-None-Match") == headers.get("ETag", "none"):
            self._send(304, headers, b"")
            return
        status, body = 200, data
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked and self.fault != "ranges":
            first, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
            status, body = (206, data[first:last + 1]) if first < len(data) else (416, b"")
            total = 0 if self.fault == "Content-Range" else len(data)
            headers["Content-Range"] = f"bytes {first}-{last}/{total}"
        if ending == "m3u8" and self.fault != "gzip":
            headers |= {} if self.fault == "Vary" else {"Vary": "Accept-Encoding"}
            if "gzip" in (self.headers.get("Accept-Encoding") or ""):
                headers["Content-Encoding"], body = "gzip", gzipped(body)
        self._send(status, headers, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked = self.fault == "length" and body
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        elif status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def server(good: Model) -> Iterator[ThreadingHTTPServer]:
    started = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    started.files = good.files  # type: ignore[attr-defined]
    threading.Thread(target=started.serve_forever, daemon=True).start()
    yield started
    started.shutdown()
    started.server_close()


@pytest.mark.parametrize(("fault", "rules"), [
    ("", set()), ("redirect", {"8.18"}), ("gzip", {"10.1"}), ("Vary", {"10.1"}), ("type", {"10.4"}),
    ("ranges", {"H1"}), ("Content-Range", {"H1"}), ("Access-Control-Allow-Origin", {"H2"}), ("preflight", {"H2"}),
    ("ETag", {"H3"}), ("Cache-Control", {"H4"}), ("playlists kept", {"H4"}),
    ("length", {"H5"}),
])
def test_a_fault_of_the_server_is_found_and_named(server: ThreadingHTTPServer, fault: str, rules: set[str]) -> None:
    server.fault = fault  # type: ignore[attr-defined]
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False) as client:
        outcomes = run(Served(client, "/"), {"http"})
    assert failing(outcomes) == rules, [line for outcome in outcomes.values() for line in outcome.lines()]
    assert outcomes["12.1"].not_applicable
    assert {rule.id for rule in RULES.values() if rule.scope == "http"} == set(outcomes)
