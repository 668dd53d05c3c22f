"""Playlists as they are answered: gzip for who takes it."""

from __future__ import annotations

import gzip

import pytest
from starlette.requests import Request

from player_api.manifests import answer, takes_gzip

TEXT = "#EXTM3U\n#EXT-X-VERSION:7\n"


def request(**headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": named})


@pytest.mark.parametrize(("header", "takes"), [
    ("gzip", True), ("gzip, deflate, br, zstd", True), ("br;q=1.0, GZIP;q=0.5", True), ("gzip;q=0", False),
    ("gzip; q=0.0", False), ("gzip;q=0.01", True), ("br", False), ("identity", False), ("xgzip", False), ("", False),
    (None, False),
])
def test_gzip_is_for_who_names_it(header: str | None, takes: bool) -> None:
    assert takes_gzip(header) is takes


def test_each_form_is_known_again_by_its_own_tag() -> None:
    plain, packed = answer(request(), TEXT, "a/b"), answer(request(accept_encoding="gzip"), TEXT, "a/b")
    assert plain.body == TEXT.encode()
    assert gzip.decompress(bytes(packed.body)) == TEXT.encode()
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] != packed.headers["etag"]
    assert int(packed.headers["content-length"]) == len(packed.body)
    for form, headers in ((plain, {}), (packed, {"accept_encoding": "gzip"})):
        again = answer(request(if_none_match=form.headers["etag"], **headers), TEXT, "a/b")
        assert (again.status_code, again.body) == (304, b"")
        assert again.headers["etag"] == form.headers["etag"]
