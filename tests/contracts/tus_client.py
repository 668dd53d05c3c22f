"""Speaks tus to a server under test, and says wrong things to it."""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from typing import Any

import httpx
from granted import granted_s

TUS = {"Tus-Resumable": "1.0.0"}
BODY = TUS | {"Content-Type": "application/offset+octet-stream"}
UPLOADS = "/api/v1/uploads"


class Client(httpx.Client):
    """Speaks tus just enough to say wrong things."""

    def start(self, length: int | None = 10, **headers: str) -> str:
        answer = self.post(UPLOADS, headers=TUS | ({} if length is None else {"Upload-Length": str(length)}) | headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def chunk(self, url: str, offset: int, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.patch(url, content=body, headers=BODY | {"Upload-Offset": str(offset)} | (headers or {}))

    def offset(self, url: str) -> int:
        answer = self.head(url, headers=TUS)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])


def checksum(body: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = hashlib.new(algorithm, body).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def raw_patch(client: Client, url: str, body: bytes, length: int, offset: int = 0, **more: str) -> socket.socket:
    """A PATCH that declares `length` bytes and sends `body` only."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port))
    headers = BODY | {"Host": "x", "Authorization": "Bearer ours", "Upload-Offset": str(offset),
                      "Content-Length": str(length)} | more
    connection.sendall(f"PATCH {url} HTTP/1.1\r\n".encode()
                       + "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n" + body)
    return connection


def eventually(check: Any, expected: Any, within_s: float = 5.0) -> None:
    until = granted_s() + within_s
    while (found := check()) != expected and granted_s() < until:
        time.sleep(0.02)
    assert found == expected
