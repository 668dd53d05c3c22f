"""The shipped nginx configuration, run by a real nginx, before a server that notes what reaches it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from granted import granted_s

from infra.core.errors import ConfigError
from infra.deploy.native.nginx import Nginx
from infra.deploy.nginx_conf import Edge
from tests.contracts.edge_origin import FOR_EVER, Asked, Origin, Said

CELL = bytes(range(256)) * 400
ETAG = '"0123456789abcdef"'
MASTER = b"#EXTM3U\n" + b"#EXT-X-INDEPENDENT-SEGMENTS\n" * 40


def like_the_api(asked: Asked) -> Said:
    """Cells for ever, playlists for a second, the API's errors; CORS headers only for those who name their page."""
    path = asked.path.partition("?")[0]
    headers = {"X-Content-Type-Options": "nosniff", "Vary": "Origin"}
    if asked.headers.get("Origin"):
        headers["Access-Control-Allow-Origin"] = "*"
    if "/absent/" in path:
        return Said(404, b'{"code": "segment_not_found"}', headers | {
            "Content-Type": "application/problem+json", "Cache-Control": "no-store"}, after_s=0.02)
    if "/busy/" in path:
        return Said(503, b'{"code": "not_yet"}', headers | {
            "Content-Type": "application/problem+json", "Cache-Control": "no-store", "Retry-After": "1"})
    if path.endswith((".m4s", ".mp4")):
        return Said(200, CELL, headers | {
            "Content-Type": "video/iso.segment", "Cache-Control": FOR_EVER, "ETag": ETAG, "Accept-Ranges": "bytes",
            "Server-Timing": "cell;dur=1200"}, after_s=1.2 if "/slow/" in path else 0.0)
    if path.endswith(".m3u8"):
        headers |= {"Cache-Control": "public, max-age=1", "ETag": ETAG}
        if asked.headers.get("If-None-Match") == ETAG:
            return Said(304, b"", headers)
        return Said(200, MASTER, headers | {"Content-Type": "application/vnd.apple.mpegurl"})
    if path.endswith(".jpg"):
        cache = FOR_EVER if "time=" in asked.path else "public, max-age=60"
        return Said(200, asked.path.encode(), headers | {"Content-Type": "image/jpeg", "Cache-Control": cache})
    if path.endswith("/events"):
        return Said(200, b"", headers | {"Content-Type": "text/event-stream", "Cache-Control": "no-store"},
                    pieces=(b"data: 1\n\n", b"data: 2\n\n"))
    return Said(200, b"{}", headers | {"Content-Type": "application/json", "Cache-Control": "no-store"})


@pytest.fixture(scope="module")
def nginx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short path: sockets have at most 107 characters."""
    return tmp_path_factory.mktemp("n")


@pytest.fixture(scope="module")
def setting(nginx_folder: Path) -> Iterator[tuple[Origin, Nginx]]:
    """One nginx for all tests here; each uses paths of its own."""
    storage = nginx_folder / "storage"
    storage.mkdir()
    with Origin(like_the_api) as origin:
        edge = Edge(listen="", api=[origin.address], run=Path(), cache=Path(), storage=storage)
        try:
            nginx = Nginx(nginx_folder / "n", edge)
        except ConfigError as error:
            missing = str(error)
            pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
        with nginx:
            yield origin, nginx


@pytest.fixture
def origin(setting: tuple[Origin, Nginx]) -> Origin:
    setting[0].asked.clear()
    setting[0].answer = like_the_api
    return setting[0]


@pytest.fixture
def client(setting: tuple[Origin, Nginx]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=setting[1].url, trust_env=False, timeout=30.0,
                      limits=httpx.Limits(max_connections=100)) as client:
        yield client


def test_a_cell_is_fetched_once_and_kept(origin: Origin, client: httpx.Client) -> None:
    first, second = (client.get("/play/vid/h264-720p/0.m4s") for _ in range(2))
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    for answer in (first, second):
        assert answer.status_code == 200 and answer.content == CELL
        assert answer.headers["Content-Type"] == "video/iso.segment"
        assert answer.headers["ETag"] == ETAG
        assert answer.headers.get_list("Cache-Control") == [FOR_EVER]
        assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers["Server"] == "nginx"
    assert len(origin.asked) == 1


def test_fifty_who_ask_at_once_are_one_request(origin: Origin, client: httpx.Client) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.get("/play/vid/slow/1.m4s"), range(50)))
    assert all(answer.status_code == 200 and answer.content == CELL for answer in answers)
    assert origin.paths() == ["/play/vid/slow/1.m4s"]
    # Each of them waited, and says so, or a player would believe that its line is slow.
    assert all(int(answer.headers["Server-Timing"].removeprefix("cell;dur=")) >= 500 for answer in answers)
    assert "Server-Timing" not in client.get("/play/vid/slow/1.m4s").headers


def test_a_cell_that_is_missing_is_asked_for_again_after_a_second(origin: Origin, client: httpx.Client) -> None:
    begun_s = granted_s()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: client.get("/play/vid/absent/0.m4s"), range(20)))
    assert all(answer.status_code == 404 and answer.json()["code"] == "segment_not_found" for answer in answers)
    assert all(answer.headers.get_list("Cache-Control") == ["no-store"] for answer in answers)
    assert granted_s() - begun_s < 3.0  # not one after the other
    asked = len(origin.asked)
    time.sleep(2.1)
    client.get("/play/vid/absent/0.m4s")
    assert len(origin.asked) == asked + 1


def test_what_is_not_rendered_yet_is_never_kept(origin: Origin, client: httpx.Client) -> None:
    for _ in range(2):
        answer = client.get("/play/vid/busy/0.m4s")
        assert answer.status_code == 503 and answer.headers["Retry-After"] == "1"
        assert answer.json() == {"code": "not_yet"}
    assert len(origin.asked) == 2


@pytest.mark.parametrize(("asked", "status", "body", "content_range"), [
    ("bytes=10-19", 206, CELL[10:20], f"bytes 10-19/{len(CELL)}"),
    ("bytes=-5", 206, CELL[-5:], f"bytes {len(CELL) - 5}-{len(CELL) - 1}/{len(CELL)}"),
    ("bytes=999999999-", 416, None, f"bytes */{len(CELL)}"),
])
@pytest.mark.parametrize("warm", [False, True])
def test_ranges(origin: Origin, client: httpx.Client, asked: str, status: int, body: bytes | None,
                content_range: str, warm: bool) -> None:
    path = f"/play/range{asked.partition('=')[2]}-{warm}/r/0.m4s"
    if warm:
        client.get(path)
    answer = client.get(path, headers={"Range": asked})
    assert answer.status_code == status
    assert answer.headers["Content-Range"] == content_range
    assert body is None or answer.content == body
    assert client.get(path).content == CELL  # the whole was kept, not the part
    assert len(origin.asked) == (2 if status == 416 and not warm else 1)


def test_who_has_it_is_told_so(origin: Origin, client: httpx.Client) -> None:
    path = "/play/vid/etag/0.m4s"
    for _ in range(2):
        answer = client.get(path, headers={"If-None-Match": ETAG})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == ETAG
    assert client.get(path, headers={"If-None-Match": '"else"'}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-9", "If-Range": '"else"'}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-9", "If-Range": ETAG}).status_code == 206


def test_head_tells_the_same_as_get(origin: Origin, client: httpx.Client) -> None:
    head = client.head("/play/vid/head/0.m4s")
    get = client.get("/play/vid/head/0.m4s")
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
        assert head.headers[name] == get.headers[name], name


def test_a_copy_is_for_viewers_of_every_page(origin: Origin, client: httpx.Client) -> None:
    client.get("/play/vid/cors/0.m4s")  # no Origin: the API alone would say nothing of CORS
    other = client.get("/play/vid/cors/0.m4s", headers={"Origin": "https://campus.example"})
    assert other.headers["X-Cache"] == "HIT" and "Vary" not in other.headers
    assert other.headers.get_list("Access-Control-Allow-Origin") == ["*"]


def test_a_playlist_is_kept_briefly_and_then_checked(origin: Origin, client: httpx.Client) -> None:
    path = "/play/vid/h264-720p/index.m3u8"
    caches = [client.get(path).headers["X-Cache"] for _ in range(3)]
    assert caches == ["MISS", "HIT", "HIT"]
    time.sleep(2.1)
    again = client.get(path)
    assert again.status_code == 200 and again.content == MASTER and again.headers["X-Cache"] == "REVALIDATED"
    assert [asked.headers.get("If-None-Match") for asked in origin.asked] == [None, ETAG]


def test_playlists_outlive_the_api(origin: Origin, client: httpx.Client) -> None:
    path = "/play/vid/outlive/index.m3u8"
    client.get(path)
    time.sleep(2.1)  # nginx counts in whole seconds
    origin.answer = lambda asked: Said(503, b"{}", {"Cache-Control": "no-store"})
    answer = client.get(path)
    assert (answer.status_code, answer.headers["X-Cache"], answer.content) == (200, "STALE", MASTER)
    origin.answer = lambda asked: Said(404, b"{}", {"Cache-Control": "no-store"})
    assert client.get(path).status_code == 404  # withdrawn is withdrawn


def test_playlists_are_compressed_and_cells_are_not(origin: Origin, client: httpx.Client) -> None:
    for path, encoding in (("/play/vid/gzip/index.m3u8", "gzip"), ("/play/vid/gzip/0.m4s", None)):
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.headers.get("Content-Encoding") == encoding
        assert (answer.headers.get("Vary") == "Accept-Encoding") == (encoding is not None)
    assert client.get("/play/vid/gzip/index.m3u8", headers={"Accept-Encoding": "identity"}).content == MASTER


def test_thumbnails_are_told_apart_by_their_time_alone(origin: Origin, client: httpx.Client) -> None:
    asked = ["/play/vid/thumbnail.jpg?time=1", "/play/vid/thumbnail.jpg?time=2", "/play/vid/thumbnail.jpg?time=1&x=2"]
    answers = [client.get(path) for path in asked]
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "MISS", "HIT"]
    assert answers[0].headers["Cache-Control"] == FOR_EVER


def test_other_spellings_of_a_path_are_that_path(setting: tuple[Origin, Nginx], origin: Origin) -> None:
    """What is asked of the API is what the answer is kept under: nothing can be stored under a name of another."""
    for path in ("/play/vid/x/../spelt/0.m4s", "/play//vid/spelt/0.m4s", "/play/vid/spelt/%30.m4s?a=b"):
        with socket.create_connection(("127.0.0.1", setting[1].port)) as raw:
            raw.sendall(f"GET {path} HTTP/1.0\r\nHost: here\r\n\r\n".encode())
            while raw.recv(65536):
                pass
    assert origin.paths() == ["/play/vid/spelt/0.m4s"]


def test_an_upload_passes_while_it_comes(setting: tuple[Origin, Nginx], origin: Origin) -> None:
    """Not stored first: the first byte is through before the last one is sent. And there is no limit of 16 MiB."""
    size = 20 << 20
    with socket.create_connection(("127.0.0.1", setting[1].port)) as raw:
        raw.sendall(f"PATCH /api/v1/uploads/u_1 HTTP/1.1\r\nHost: here\r\nContent-Length: {size}\r\n\r\n".encode())
        raw.sendall(bytes(1 << 20))
        time.sleep(0.5)
        last_s = time.monotonic()
        raw.sendall(bytes(size - (1 << 20)))
        assert raw.recv(100).startswith(b"HTTP/1.1 200")
    [asked] = origin.asked
    assert len(asked.body) == size
    assert asked.first_byte_s < last_s


def test_a_body_elsewhere_has_a_limit(origin: Origin, client: httpx.Client) -> None:
    assert client.post("/api/v1/events", content=bytes(17 << 20)).status_code == 413
    assert origin.asked == []


def test_events_arrive_when_they_happen(origin: Origin, client: httpx.Client) -> None:
    with client.stream("GET", "/api/v1/videos/v_1/events") as answer:
        arrived = []
        for _ in answer.iter_raw():
            arrived.append(time.monotonic())
    assert len(arrived) == 2 and arrived[1] - arrived[0] > 0.15


def test_what_is_not_for_viewers(origin: Origin, client: httpx.Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert origin.asked == []
    client.get("/_objects/o/a/secret")  # to the edge a path like any other: the API's business
    client.get("/_s3/bucket/secret")
    assert origin.paths() == ["/_objects/o/a/secret", "/_s3/bucket/secret"]


def test_the_client_is_named_by_us_and_not_by_itself(origin: Origin, client: httpx.Client) -> None:
    client.get("/api/v1/videos", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
    assert origin.asked[0].headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert origin.asked[0].headers.get_all("X-Forwarded-Proto") == ["https"]


def test_cells_come_from_disk_where_the_api_only_says_where(
        setting: tuple[Origin, Nginx], origin: Origin, client: httpx.Client, nginx_folder: Path) -> None:
    (nginx_folder / "storage" / "o" / "a b").mkdir(parents=True)
    (nginx_folder / "storage" / "o" / "a b" / "0.m4s").write_bytes(CELL)

    def accel(asked: Asked) -> Said:
        said = like_the_api(asked)
        key = "o/gone" if "/gone/" in asked.path else "o/a%20b/0.m4s"
        return Said(200, b"", said.headers | {"X-Accel-Redirect": f"/_objects/{key}"})

    origin.answer = accel
    first, second = (client.get("/play/vid/accel/0.m4s") for _ in range(2))
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    for answer in (first, second):
        assert answer.status_code == 200 and answer.content == CELL
        assert answer.headers.get_list("ETag") == [ETAG]
        assert answer.headers.get_list("Cache-Control") == [FOR_EVER]
        assert answer.headers["Content-Type"] == "video/iso.segment"
        assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
        assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
        assert "X-Accel-Redirect" not in answer.headers
    assert client.get("/play/vid/accel/0.m4s", headers={"Range": "bytes=5-6"}).content == CELL[5:7]
    assert client.get("/play/vid/accel/0.m4s", headers={"If-None-Match": ETAG}).status_code == 304
    assert client.head("/play/vid/accel/0.m4s").headers["Content-Length"] == str(len(CELL))
    assert client.head("/play/vid/accel2/0.m4s").headers["Content-Length"] == str(len(CELL))

    gone = client.get("/play/vid/gone/0.m4s")
    assert gone.status_code == 404 and gone.json()["code"] == "not_found"
    assert gone.headers["Content-Type"] == "application/problem+json"
    assert gone.headers.get_list("Cache-Control") == ["no-store"]  # and not the year that the API had allowed


def test_an_api_that_is_gone_is_an_answer_for_programs(tmp_path_factory: pytest.TempPathFactory) -> None:
    with ExitStack() as stack:
        edge = Edge(listen="", api=["127.0.0.1:9"], run=Path(), cache=Path())
        try:
            nginx = stack.enter_context(Nginx(tmp_path_factory.mktemp("g"), edge))
        except ConfigError as error:
            pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))
        for path in ("/api/v1/videos", "/play/vid/r/0.m4s", "/play/vid/master.m3u8"):
            answer = httpx.get(nginx.url + path, trust_env=False)
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "unavailable" and answer.headers["Retry-After"] == "2"
        # Killed as by a power cut, it comes back on the same port.
        nginx.kill()
        nginx.start()
        assert httpx.get(nginx.url + "/edge-healthz", trust_env=False).text == "ok\n"


def test_who_uploads_always_comes_to_the_same_machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    def answer(asked: Asked) -> Said:
        return Said(204)

    with ExitStack() as stack:
        origins = [stack.enter_context(Origin(answer)) for _ in range(4)]
        edge = Edge(listen="", api=[origin.address for origin in origins], run=Path(), cache=Path())
        try:
            nginx = stack.enter_context(Nginx(tmp_path_factory.mktemp("h"), edge))
        except ConfigError as error:
            pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))
        with httpx.Client(base_url=nginx.url, trust_env=False) as client:
            for who in range(40):
                key = {"Authorization": f"Bearer key-{who}"}
                client.post("/api/v1/uploads", headers=key)
                for part in range(3):
                    client.patch(f"/api/v1/uploads/u_{who}_{part}", content=b"x", headers=key)
        machine_of: dict[str, set[int]] = {}
        for machine, origin in enumerate(origins):
            for asked in origin.asked:
                machine_of.setdefault(asked.headers["Authorization"], set()).add(machine)
        assert len(machine_of) == 40 and all(len(machines) == 1 for machines in machine_of.values())
        assert {machine for machines in machine_of.values() for machine in machines} == {0, 1, 2, 3}  # and they share
