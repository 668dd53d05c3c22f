"""Import by URL: a step that fetches a file from a public server, goes on where a connection broke, and probes it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from errno import EDQUOT, ENOSPC
from pathlib import Path
from urllib.parse import unquote

import httpx

from infra.core import keys
from infra.core.errors import OutOfSpace, Rejected
from infra.core.steps import Outcome, StepContext
from ingest import packets, sniff
from ingest.addresses import VettedTransport
from ingest.probe import probe

MOST_REDIRECTS = 5
ATTEMPTS = 5  # connections in a row that bring nothing new
PAUSE_S = 1.0  # before the second of them; doubled each time
TIMEOUT = httpx.Timeout(connect=10.0, read=30.0, write=30.0, pool=30.0)
SLOW_S, SLOW_BYTES = 60.0, 64 << 10  # fewer bytes in this time, and the connection counts as broken
CHECK_S = 0.5  # how often the lease is looked at
FETCHED = 0.95  # of the step's progress; the rest is the probe


def fetch_url(ctx: StepContext) -> Outcome:
    """Fetch `ctx.video.source_url` into storage as the video's source and probe it.

    Returns media_info (JSON form), sha256, size_bytes and file_name. Raises Rejected (url_not_allowed,
    url_unreachable, url_not_found, url_forbidden, url_refused, url_is_a_page, too_large, empty_file and what
    sniff and probe refuse), OutOfSpace, StepFailed `cancelled`.
    """
    download = Download(ctx.work / "source", ctx)
    with _client(ctx.settings.import_private_addresses) as client:
        download.run(client, ctx.video.source_url or "")
    sniff.check(download.path)
    info = probe(ctx.run, ctx.tools, ctx.settings, download.path)
    info = packets.with_packets(info, download.path)
    ctx.check()
    # Last, because it may consume the file, and because what is refused must not be stored.
    ctx.storage.put(keys.source(ctx.video.organization_id, ctx.video.folder), download.path)
    ctx.progress(1.0)
    return {"media_info": info.model_dump(mode="json"), "sha256": download.sha256.hexdigest(),
            "size_bytes": download.size_bytes, "file_name": download.file_name}


def _client(private_too: bool) -> httpx.Client:
    return httpx.Client(
        transport=VettedTransport(private_too=private_too), timeout=TIMEOUT, trust_env=False,
        follow_redirects=True, max_redirects=MOST_REDIRECTS,
        # Compressed in transit, neither lengths nor ranges would mean the file.
        headers={"User-Agent": "Lectern", "Accept": "*/*", "Accept-Encoding": "identity"})


class _Broken(Exception):
    """The connection ended before the file did."""


@dataclass
class Download:
    """A file that is being fetched: what is here already, and what the server said about the whole."""

    path: Path
    ctx: StepContext
    size_bytes: int = 0
    total_bytes: int | None = None
    validator: str | None = None  # for If-Range: changes when the server's file does
    file_name: str = ""
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    sleep: Callable[[float], None] = time.sleep

    def run(self, client: httpx.Client, url: str) -> None:
        """Fetch all of `url`. Raises as `fetch_url` does."""
        check_url(url)
        fruitless = 0
        with self._room(), self.path.open("wb") as file:
            while True:
                before = self.size_bytes
                try:
                    self._connect(client, url, file.truncate, file.write, file.seek)
                    break
                except (_Broken, httpx.TransportError) as error:
                    fruitless = 1 if self.size_bytes > before else fruitless + 1
                    if isinstance(error, httpx.UnsupportedProtocol):
                        raise _not_allowed("A redirect leads to something other than http or https.") from error
                    if fruitless >= ATTEMPTS:
                        raise _unreachable(url, error) from error
                except httpx.TooManyRedirects as error:
                    raise _not_allowed(f"The server redirects more than {MOST_REDIRECTS} times.") from error
                except httpx.HTTPError as error:
                    raise _unreachable(url, error) from error
                self._pause(PAUSE_S * 2 ** (fruitless - 1))
        if self.size_bytes == 0:
            raise Rejected("empty_file", "The server sent an empty file: there is nothing to play.")

    def _connect(self, client: httpx.Client, url: str, truncate: Callable[[int], int],
                 write: Callable[[bytes], int], seek: Callable[[int], int]) -> None:
        # RFC 9110 section 13.1.5: with If-Range the server sends the rest only if its file is still the same,
        # else all of it. Without a validator two versions could be glued together, so it starts anew.
        resume = {"Range": f"bytes={self.size_bytes}-", "If-Range": self.validator} \
            if self.size_bytes and self.validator else {}
        with client.stream("GET", url, headers=resume) as answer:
            if not (resume and self._continues(answer)):
                _check_status(answer)
                self.size_bytes, self.sha256 = 0, hashlib.sha256()
                seek(0)
                truncate(0)
                self._describe(answer)
            self._limit(self.total_bytes or 0)
            for data in self._body(answer):
                self._limit(self.size_bytes + len(data))
                write(data)
                self.sha256.update(data)
                self.size_bytes += len(data)
        if self.total_bytes is not None and self.size_bytes < self.total_bytes:
            raise _Broken("the connection closed early")

    def _continues(self, answer: httpx.Response) -> bool:
        if answer.status_code not in (206, 416):
            return False
        part = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        total = int(part[2]) if part and part[2] != "*" else None
        if not part or int(part[1]) != self.size_bytes or (self.total_bytes or total) != total:
            self.validator = None  # not the rest of what is here: the next attempt starts anew
            raise _Broken("the server can not go on")
        self.total_bytes = total
        return True

    def _describe(self, answer: httpx.Response) -> None:
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise Rejected("url_is_a_page", "This address is a web page, not a video file. "
                                            "Give the address of the file itself.")
        length = answer.headers.get("Content-Length", "")
        self.total_bytes = int(length) if length.isascii() and length.isdigit() else None
        tag = answer.headers.get("ETag", "")
        strong = tag if tag.startswith('"') else None  # a weak one says nothing about bytes (section 8.8.1)
        self.validator = strong or answer.headers.get("Last-Modified")
        self.file_name = _file_name(answer)

    def _body(self, answer: httpx.Response) -> Iterator[bytes]:
        checked = window_start = time.monotonic()
        window_bytes = self.size_bytes
        for data in answer.iter_raw():
            yield data
            moment = time.monotonic()
            if moment - checked >= CHECK_S:
                checked = moment
                self.ctx.check()
                if self.total_bytes:
                    self.ctx.progress(FETCHED * min(1.0, self.size_bytes / self.total_bytes))
            if moment - window_start >= SLOW_S:
                if self.size_bytes - window_bytes < SLOW_BYTES:
                    raise _Broken("the server is too slow")
                window_start, window_bytes = moment, self.size_bytes

    def _limit(self, size_bytes: int) -> None:
        settings = self.ctx.settings
        if size_bytes > settings.max_upload_bytes:
            raise Rejected("too_large", f"The file is larger than the limit of {settings.max_upload_bytes} bytes.")
        free = self.ctx.storage.free_bytes()
        if free is not None and free - max(0, size_bytes - self.size_bytes) < settings.reserve_bytes:
            raise OutOfSpace("disk_full", "The server's disk is nearly full. Free some space and try again.")

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.ctx.check()
            self.sleep(min(left, CHECK_S))

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (ENOSPC, EDQUOT):
                raise OutOfSpace("disk_full", "The server's disk is full. Free some space and try again.") from error
            raise


def check_url(url: str) -> None:
    """Whether this can be imported at all: for the API, before a row is made. Raises Rejected `url_not_allowed`."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _not_allowed("This is not a web address.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _not_allowed("Only http and https addresses can be imported.")


def _check_status(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in (404, 410):
        raise Rejected("url_not_found", f"The server says that there is no such file (HTTP {status}).")
    if status in (401, 403):
        raise Rejected("url_forbidden", f"The server does not give this file to us (HTTP {status}). "
                                        "Give an address that needs no login.")
    if status in (408, 425, 429) or status >= 500:
        raise Rejected("url_unreachable", f"The server can not answer now (HTTP {status}). Try again later.",
                       retryable=True)
    if status != 200:
        raise Rejected("url_refused", f"The server answers with HTTP {status} instead of the file.")


def _file_name(answer: httpx.Response) -> str:
    """A label: the server's name for it, else the last part of the address."""
    disposition = Message()
    disposition["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    name = disposition.get_filename() or unquote(answer.url.path).rstrip("/").rpartition("/")[2]
    return name.replace("\\", "/").rpartition("/")[2].replace("\0", "")[:1000]


def _not_allowed(why: str) -> Rejected:
    return Rejected("url_not_allowed", why)


def _unreachable(url: str, error: Exception) -> Rejected:
    host = httpx.URL(url).host
    return Rejected("url_unreachable", f"{host} can not be reached or keeps breaking off "
                                       f"({type(error).__name__.lstrip('_')}). Try again later.", retryable=True)
