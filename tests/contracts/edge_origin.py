"""A small web server that answers as the API does, and remembers what it was asked: what stands behind nginx in tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it arrived. `first_byte_s`: when the first byte of its body was here (monotonic)."""

    method: str
    path: str
    headers: Message
    body: bytes
    first_byte_s: float


@dataclass(slots=True)
class Said:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    pieces: tuple[bytes, ...] = ()  # instead of body: without a length, a quarter of a second apart


class Origin:
    """Serves on a free port while the `with` block lasts; `answer` decides."""

    def __init__(self, answer: Callable[[Asked], Said]) -> None:
        self.asked: list[Asked] = []
        self.answer = answer
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                first = self.rfile.read(1) if length else b""
                first_s = time.monotonic()
                body = first + self.rfile.read(max(0, length - 1))
                asked = Asked(self.command, self.path, self.headers, body, first_s)
                origin.asked.append(asked)
                said = origin.answer(asked)
                time.sleep(said.after_s)
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                if said.pieces:
                    self.send_header("Connection", "close")
                    self.end_headers()
                    for piece in said.pieces:
                        self.wfile.write(piece)
                        self.wfile.flush()
                        time.sleep(0.25)
                    self.close_connection = True
                    return
                if said.status != 304:
                    self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said.body)

            do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_OPTIONS = handle_one  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Listener(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def paths(self, method: str = "GET") -> list[str]:
        """What was asked for by this method, in order."""
        return [asked.path for asked in self.asked if asked.method == method]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
