"""The command line's side of the HTTP API: uploads by tus, and asks."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from infra.core.errors import Forbidden, LecternError, NotFound, OutOfSpace, Rejected, Unauthorized, Unavailable

_TUS = {"Tus-Resumable": "1.0.0"}
_PIECE_BYTES = 1 << 20
_TRIES = 8


class Refused(LecternError):
    """The service said no; its own code and sentence, and the exit code of the same error on this side."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(code, message)
        kinds: tuple[type[LecternError], ...] = (Rejected, NotFound, Unauthorized, Forbidden, Unavailable, OutOfSpace)
        self.exit_code = next((kind.exit_code for kind in kinds if kind.status == status), 1)  # type: ignore[misc]


class Client:
    """A running Lectern. `key` is an API key."""

    def __init__(self, server: str, key: str) -> None:
        self.server = server.rstrip("/")
        if not (key.isascii() and key.isprintable()):  # it could not even be sent
            raise Unauthorized("unknown_key", "The API key holds characters that no key of Lectern has.")
        # trust_env: a proxy set for the internet has no business between a machine and itself.
        try:
            self._http = httpx.Client(base_url=self.server, timeout=httpx.Timeout(60.0, connect=5.0), trust_env=False,
                                      headers={"Authorization": f"Bearer {key}"})
        except httpx.InvalidURL as error:
            raise Unavailable("no_service", f"{server} is not the address of a server, such as "
                              "http://127.0.0.1:8080.") from error

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def upload(self, file: Path, title: str | None, progress: Callable[[int, int], None]) -> str:
        """Send a file, going on after broken connections; the video's id. Raises Refused, NotFound, Unavailable."""
        if not file.is_file():
            raise NotFound("no_such_file", f"There is no file {file}.")
        if not os.access(file, os.R_OK):
            raise NotFound("not_readable", f"The file {file} may not be read by this user.")
        size = file.stat().st_size
        metadata = {"filename": file.name} | ({"title": title} if title else {})
        encoded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
        created = self._ask("POST", "/api/v1/uploads",
                            headers=_TUS | {"Upload-Length": str(size), "Upload-Metadata": encoded})
        where = created.headers["Location"]
        failures = 0
        while True:
            try:
                offset = int(self._ask("HEAD", where, headers=_TUS).headers["Upload-Offset"])
                progress(offset, size)
                answer = self._ask("PATCH", where, content=_pieces(file, offset, size, progress), headers=_TUS | {
                    "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream",
                    "Content-Length": str(size - offset)})
                return str(answer.headers["Lectern-Video"])
            except Unavailable:
                failures += 1
                if failures >= _TRIES:
                    raise
                time.sleep(min(8.0, 0.5 * 2**failures))

    def add_url(self, url: str, title: str | None) -> str:
        """Have the service fetch a URL; the video's id."""
        body: dict[str, Any] = {"source": {"url": url}} | ({"title": title} if title else {})
        return str(self._ask("POST", "/api/v1/videos", json=body).json()["id"])

    def video(self, video_id: str) -> dict[str, Any]:
        """One video as the API shows it."""
        found: dict[str, Any] = self._ask("GET", f"/api/v1/videos/{video_id}").json()
        return found

    def videos(self) -> Iterator[dict[str, Any]]:
        """All videos, newest first."""
        cursor = None
        while True:
            page = self._ask("GET", "/api/v1/videos", params={"cursor": cursor} if cursor else {}).json()
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def retry(self, video_id: str, step: str | None) -> dict[str, Any]:
        """Run failed steps again."""
        found: dict[str, Any] = self._ask("POST", f"/api/v1/videos/{video_id}/retry",
                                          params={"step": step} if step else {}).json()
        return found

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.HTTPError as error:
            raise Unavailable("no_service", f"Lectern does not answer at {self.server} ({type(error).__name__}). "
                              "Start it with `lectern up`, or name another with --server.") from error
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
            code, detail = str(problem["code"]), str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            code, detail = "http_error", f"{self.server} answered {answer.status_code}. Is it Lectern?"
        if answer.status_code in (409, 423, 503) and method == "PATCH":
            raise Unavailable(code, detail)
        raise Refused(code, detail, answer.status_code)


def _pieces(file: Path, offset: int, size: int, progress: Callable[[int, int], None]) -> Iterator[bytes]:
    with file.open("rb") as source:
        source.seek(offset)
        while piece := source.read(min(_PIECE_BYTES, size - offset)):
            yield piece
            offset += len(piece)
            progress(offset, size)


def stored_key(data: Path) -> str | None:
    """The key to use: LECTERN_KEY, else the bootstrap key in the data folder."""
    if key := os.environ.get("LECTERN_KEY"):
        return key
    try:
        return (data / "admin.key").read_text().strip()
    except OSError:
        return None
