"""URL import against a server on loopback that can be told to misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.core import keys
from infra.core.errors import LecternError, OutOfSpace, Rejected, StepFailed
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.core.steps import StepContext, Tools, VideoRecord
from infra.storage.local import LocalStorage
from ingest import fetch_url as module
from ingest.fetch_url import check_url, fetch_url

BODY = bytes(range(256)) * 8000
INFO = MediaInfo(container="mov", size_bytes=len(BODY), duration_s=Fraction(1))


@dataclass
class Site:
    """What the server does. `cuts` are the numbers of bytes after which its connections break, one by one."""

    address: str = ""
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str = '"one"'
    versions: list[tuple[str, bytes]] = field(default_factory=list)  # served instead, one per request
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range


class Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.requests.append((self.path, wanted))
        if self.path.startswith("/to?"):
            return self.begin(302, {"Location": self.path[4:], "Content-Length": "0"})
        if self.path.startswith("/status/"):
            return self.begin(int(self.path[8:]), {"Content-Length": "0"})
        if self.path == "/page":
            return self.begin(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": "0"})
        if self.path == "/empty":
            return self.begin(200, {"Content-Length": "0"})
        etag, body = site.versions.pop(0) if site.versions else (site.etag, BODY)
        start = 0
        if wanted and site.ranges and self.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers = {"ETag": etag, "Content-Length": str(len(body) - start)}
        if self.path == "/endless":
            headers = {"ETag": etag, "Transfer-Encoding": "chunked"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if self.path == "/named":
            headers["Content-Disposition"] = "attachment; filename*=UTF-8''..%2FGr%C3%B6%C3%9Fe.mp4"
        self.begin(206 if start else 200, headers)
        rest = body[start:]
        if site.cuts:
            rest, self.close_connection = rest[:site.cuts.pop(0)], True
        if self.path == "/endless":
            rest = b"%x\r\n%b\r\n" % (len(rest), rest) + (b"" if self.close_connection else b"0\r\n\r\n")
        self.wfile.write(rest)
        return None

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site()
    server = Server(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(module, "PAUSE_S", 0.001)
    monkeypatch.setattr(module, "probe", lambda run, tools, settings, path: INFO)
    monkeypatch.setattr("ingest.sniff.check", lambda path: None, raising=False)
    yield site
    server.shutdown()
    server.server_close()
    thread.join(5)


@dataclass
class Steps:
    """Runs the step over a folder of its own."""

    root: Path
    check: Callable[[], None] = lambda: None
    progress: list[float] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.storage = LocalStorage(self.root / "objects")
        (self.root / "work").mkdir()

    def run(self, url: str, **settings: Any) -> dict[str, Any]:
        values = {"import_private_addresses": True, "reserve_bytes": 0} | self.settings | settings
        outcome = fetch_url(StepContext(
            video=VideoRecord("v_1", "o_1", "Title", url, None, None, None), key="", work=self.root / "work",
            settings=Settings(data=self.root, **values), storage=self.storage,
            tools=Tools(Path("ffmpeg"), Path("ffprobe"), "x"), run=None,  # type: ignore[arg-type]  # probe is replaced
            progress=self.progress.append, check=self.check))
        assert outcome is not None
        return outcome

    def fail(self, url: str, **settings: Any) -> LecternError:
        with pytest.raises(LecternError) as failure:
            self.run(url, **settings)
        assert self.storage.stat(keys.source("o_1", "v_1")) is None
        return failure.value


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


def fetched(steps: Steps, outcome: dict[str, Any], body: bytes = BODY) -> None:
    assert steps.storage.read(keys.source("o_1", "v_1")) == body
    assert outcome["sha256"] == hashlib.sha256(body).hexdigest()
    assert outcome["size_bytes"] == len(body)


def test_file_is_stored_hashed_and_probed(site: Site, steps: Steps) -> None:
    outcome = steps.run(f"{site.address}/lectures/Lecture%201.mp4?key=1")
    fetched(steps, outcome)
    assert outcome["media_info"] == INFO.model_dump(mode="json")
    assert outcome["file_name"] == "Lecture 1.mp4"
    assert steps.progress[-1] == 1.0


def test_name_given_by_the_server(site: Site, steps: Steps) -> None:
    assert steps.run(f"{site.address}/named")["file_name"] == "Größe.mp4"


def test_broken_connection_goes_on_with_a_range(site: Site, steps: Steps) -> None:
    site.cuts = [300_000, 200_000, 0, 5]
    fetched(steps, steps.run(f"{site.address}/x.mp4"))
    ranges = [wanted for _, wanted in site.requests]
    assert ranges[0] is None
    assert ranges[1] == "bytes=300000-"
    assert ranges[-1] == "bytes=500005-"


def test_broken_connection_of_unknown_length_goes_on(site: Site, steps: Steps) -> None:
    site.cuts = [300_000]
    fetched(steps, steps.run(f"{site.address}/endless"))


def test_server_without_ranges_is_asked_for_everything_again(site: Site, steps: Steps) -> None:
    site.cuts, site.ranges = [300_000, 1], False
    fetched(steps, steps.run(f"{site.address}/x.mp4"))


def test_file_that_changed_in_between_is_not_glued_together(site: Site, steps: Steps) -> None:
    site.cuts = [300_000]
    site.versions = [('"one"', BODY), ('"two"', BODY[::-1][:1_000_000])]
    fetched(steps, steps.run(f"{site.address}/x.mp4"), BODY[::-1][:1_000_000])


def test_weak_validator_does_not_resume(site: Site, steps: Steps) -> None:
    site.cuts, site.etag = [300_000], 'W/"one"'
    fetched(steps, steps.run(f"{site.address}/x.mp4"))
    assert [wanted for _, wanted in site.requests] == [None, None]


def test_server_that_keeps_breaking_off(site: Site, steps: Steps) -> None:
    site.cuts = [0] * 20
    error = steps.fail(f"{site.address}/x.mp4")
    assert (error.code, error.retryable) == ("url_unreachable", True)
    assert len(site.requests) == module.ATTEMPTS


@pytest.mark.parametrize(("path", "code", "retryable"), [
    ("/status/404", "url_not_found", False), ("/status/410", "url_not_found", False),
    ("/status/401", "url_forbidden", False), ("/status/403", "url_forbidden", False),
    ("/status/500", "url_unreachable", True), ("/status/429", "url_unreachable", True),
    ("/status/418", "url_refused", False), ("/page", "url_is_a_page", False), ("/empty", "empty_file", False),
])
def test_answers_that_are_no_file(site: Site, steps: Steps, path: str, code: str, retryable: bool) -> None:
    error = steps.fail(site.address + path)
    assert (type(error), error.code, error.retryable) == (Rejected, code, retryable)


@pytest.mark.parametrize("path", ["/x.mp4", "/endless"], ids=["with Content-Length", "without"])
def test_too_large(site: Site, steps: Steps, path: str) -> None:
    assert steps.fail(site.address + path, max_upload_bytes=1_000_000).code == "too_large"


def test_disk_nearly_full(site: Site, steps: Steps) -> None:
    assert isinstance(steps.fail(f"{site.address}/x.mp4", reserve_bytes=1 << 60), OutOfSpace)


def test_cancelled(site: Site, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        raise StepFailed("cancelled", "Cancelled.")
    steps.check = check
    monkeypatch.setattr(module, "CHECK_S", 0.0)
    assert steps.fail(f"{site.address}/x.mp4").code == "cancelled"


def test_redirect_is_followed(site: Site, steps: Steps) -> None:
    fetched(steps, steps.run(f"{site.address}/to?/x.mp4"))


def test_endless_redirects(site: Site, steps: Steps) -> None:
    assert steps.fail(f"{site.address}/to?/to?/to?/to?/to?/to?/to?/x.mp4").code == "url_not_allowed"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x"])
def test_redirect_to_another_protocol(site: Site, steps: Steps, target: str) -> None:
    assert steps.fail(f"{site.address}/to?{target}").code in ("url_not_allowed", "url_unreachable")
    assert len(site.requests) == 1


def test_private_address_is_refused_before_it_is_dialled(site: Site, steps: Steps) -> None:
    assert steps.fail(f"{site.address}/x.mp4", import_private_addresses=False).code == "url_not_allowed"
    assert site.requests == []


def test_redirect_to_loopback_is_refused(site: Site, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address passes for public, as a real public server's would; its redirect is judged for itself."""
    from ingest import addresses
    monkeypatch.setattr(addresses, "allowed", lambda address: str(address) == "127.0.0.1")
    port = site.address.rpartition(":")[2]
    error = steps.fail(f"{site.address}/to?http://127.0.0.2:{port}/x.mp4", import_private_addresses=False)
    assert error.code == "url_not_allowed"
    assert len(site.requests) == 1


@pytest.mark.parametrize("url", ["", "x.mp4", "file:///etc/passwd", "ftp://x.example/", "http://", "//x.example/",
                                 "http://[::1", "concat:a|b", "HTTP:x"])
def test_addresses_that_can_not_be_imported(url: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_url(url)
    assert refusal.value.code == "url_not_allowed"


@pytest.mark.parametrize("url", ["http://x.example/a.mp4", "HTTPS://x.example:8443/?a=b", "http://größe.example/"])
def test_addresses_that_can(url: str) -> None:
    check_url(url)
