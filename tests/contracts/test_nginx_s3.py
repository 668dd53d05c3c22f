"""The shipped nginx configuration before a real object store: cells by signed addresses, and uploads of browsers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.deploy.native.nginx import Nginx
from infra.deploy.native.server import free_port
from infra.deploy.nginx_conf import Edge
from infra.storage.s3 import S3Storage
from tests.contracts.edge_origin import FOR_EVER, Asked, Origin, Said

CELL = bytes(range(256)) * 1000
ETAG = '"what-the-api-says"'


class Setting:
    """nginx, the store behind it, and an API that signs addresses for what is under /play."""

    def __init__(self, nginx: Nginx, storage: S3Storage, origin: Origin) -> None:
        self.nginx, self.storage, self.origin = nginx, storage, origin
        origin.answer = self.answer

    def answer(self, asked: Asked) -> Said:
        key = asked.path.removeprefix("/play/").partition("?")[0]
        address = urlsplit(self.storage.url(key, 60.0) or "")
        query = address.query.replace("Signature=", "Signature=0") if "/forged/" in asked.path else address.query
        return Said(200, b"", {
            "X-Accel-Redirect": f"/_s3{address.path}?{query}", "Content-Type": "video/iso.segment", "ETag": ETAG,
            "Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"})


@pytest.fixture
def setting(s3_settings: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """The store's addresses are signed for nginx's own, as browsers see it."""
    port = free_port()
    settings = s3_settings(s3_public_endpoint=f"http://127.0.0.1:{port}")
    storage = S3Storage.of(settings)
    with Origin(lambda asked: Said(500)) as origin:
        edge = Edge(listen="", api=[origin.address], run=Path(), cache=Path(), s3_endpoint=storage.bucket.address.endpoint,
                    s3_host=f"127.0.0.1:{port}", s3_bucket=storage.bucket.name)
        try:
            nginx = Nginx(tmp_path_factory.mktemp("n"), edge, port)
        except ConfigError as error:
            pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))
        with nginx:
            yield Setting(nginx, storage, origin)


def test_cells_come_from_the_store_where_the_api_only_signs(setting: Setting) -> None:
    for name in ("0.m4s", "1.m4s"):
        setting.storage.put(f"vid/r/{name}", CELL)
    # What a client sends beside must not reach the store, which takes an Authorization for a second signature.
    with httpx.Client(base_url=setting.nginx.url, trust_env=False,
                      headers={"Authorization": "Bearer key", "Cookie": "a=b"}) as client:
        first, second = client.get("/play/vid/r/0.m4s"), client.get("/play/vid/r/0.m4s")
        assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
        for answer in (first, second):
            assert answer.status_code == 200 and answer.content == CELL
            assert answer.headers.get_list("ETag") == [ETAG]
            assert answer.headers.get_list("Content-Type") == ["video/iso.segment"]
            assert answer.headers.get_list("Cache-Control") == [FOR_EVER]
            assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
            assert not [name for name in answer.headers if name.startswith(("x-amz", "x-rgw", "x-accel"))]
        assert client.get("/play/vid/r/0.m4s", headers={"If-None-Match": ETAG}).status_code == 304
        part = client.get("/play/vid/r/1.m4s", headers={"Range": "bytes=300-309"})
        assert (part.status_code, part.content) == (206, CELL[300:310])
        assert client.head("/play/vid/r/1.m4s").headers["Content-Length"] == str(len(CELL))
        assert len(setting.origin.asked) == 2


def test_what_is_not_kept_passes_ranges_and_head_on(setting: Setting) -> None:
    setting.storage.put("vid/download.mp4", CELL)
    with httpx.Client(base_url=setting.nginx.url, trust_env=False) as client:
        head = client.head("/play/vid/download.mp4")
        assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(CELL)))
        part = client.get("/play/vid/download.mp4", headers={"Range": "bytes=-7"})
        assert (part.status_code, part.content) == (206, CELL[-7:])
    assert len(setting.origin.asked) == 2


def test_the_stores_errors_are_neither_shown_nor_kept(setting: Setting) -> None:
    setting.storage.put("vid/forged/0.m4s", CELL)
    with httpx.Client(base_url=setting.nginx.url, trust_env=False) as client:
        absent, forged = client.get("/play/vid/absent/0.m4s"), client.get("/play/vid/forged/0.m4s")
        assert (absent.status_code, forged.status_code) == (404, 503)
        assert (absent.json()["code"], forged.json()["code"]) == ("not_found", "unavailable")
        for answer in (absent, forged):
            assert answer.headers.get_list("Cache-Control") == ["no-store"]
            assert "AccessKey" not in answer.text and setting.storage.bucket.name not in answer.text


def test_a_browser_sends_a_part_to_the_store_through_nginx(setting: Setting) -> None:
    """20 MiB, more than any other body may have; without a signature nothing is written or read."""
    body = os.urandom(20 << 20)
    bucket = setting.storage.bucket
    address = bucket.presign("put_object", 60.0, Key=bucket.key("uploads/part"))
    assert address.startswith(setting.nginx.url)
    assert httpx.put(address, content=body, trust_env=False, timeout=60.0).status_code == 200
    assert setting.storage.read("uploads/part") == body
    bare = address.partition("?")[0]
    assert httpx.put(bare, content=b"x", trust_env=False).status_code == 403
    assert httpx.get(bare, trust_env=False).status_code == 403
    assert httpx.delete(address, trust_env=False).status_code == 403
    assert setting.origin.asked == []
