"""What players and caches see under /play."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import m3u8
import pytest
from lecture_clips import Shape, make
from service import Service, until

PLAYLIST = "application/vnd.apple.mpegurl"


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A minute of video, a moment after its upload."""
    shape = Shape(duration_s=60, size="640x360", rate=10)
    return service.upload(make(tmp_path_factory.mktemp("http") / "minute.mp4", shape))


@pytest.fixture(scope="module")
def with_poster(service: Service, video: dict[str, Any]) -> None:
    """The poster is found in the background; before that it is another picture."""
    with service.client() as client:
        until(lambda: "?time=" in client.get(f"/api/v1/videos/{video['id']}").json()["poster_url"], 60, "a poster")


@pytest.fixture(scope="module")
def viewer(service: Service) -> Iterator[httpx.Client]:
    """Somebody without a key."""
    with service.client("") as client:
        yield client


@pytest.fixture(scope="module")
def root(video: dict[str, Any]) -> str:
    return f"/play/{video['playback_id']}"


def test_the_playlists_name_every_segment_before_it_is_rendered(viewer: httpx.Client, root: str) -> None:
    answer = viewer.get(f"{root}/master.m3u8")
    assert answer.headers["Content-Type"].startswith(PLAYLIST)
    master = m3u8.loads(answer.text)
    assert master.is_variant
    assert master.is_independent_segments
    uris = [variant.uri for variant in master.playlists] + [media.uri for media in master.media]
    assert sorted(uris) == ["aac/index.m3u8", "av1-360p/index.m3u8", "h264-360p/index.m3u8"]
    assert "avc1.64" in master.playlists[0].stream_info.codecs
    assert "mp4a.40.2" in master.playlists[0].stream_info.codecs
    for uri in uris:
        media = viewer.get(f"{root}/{uri}")
        assert media.headers["Content-Type"].startswith(PLAYLIST)
        playlist = m3u8.loads(media.text)
        assert playlist.is_endlist
        assert playlist.playlist_type == "vod"
        assert sum(segment.duration for segment in playlist.segments) == pytest.approx(60, abs=0.05)
        assert [segment.uri for segment in playlist.segments] == [f"{k}.m4s" for k in range(12)]
        assert {segment.init_section.uri for segment in playlist.segments} == {"init.mp4"}
        assert max(segment.duration for segment in playlist.segments) < playlist.target_duration + 0.5


@pytest.mark.parametrize(("path", "kind", "cache"), [
    ("master.m3u8", PLAYLIST, "max-age=60"),
    ("h264-360p/index.m3u8", PLAYLIST, "max-age=60"),
    ("h264-360p/init.mp4", "video/mp4", "immutable"),
    ("h264-360p/11.m4s", "video/iso.segment", "immutable"),
    ("aac/init.mp4", "audio/mp4", "immutable"),
    ("aac/11.m4s", "video/iso.segment", "immutable"),
    ("thumbnail.jpg", "image/jpeg", "max-age=60"),
    ("thumbnail.jpg?time=31", "image/jpeg", "immutable"),
])
def test_everything_is_cacheable_and_known_again(viewer: httpx.Client, root: str, with_poster: None, path: str, kind: str,
                                                 cache: str) -> None:
    url = f"{root}/{path}"
    etag = ""
    while etag != viewer.get(url).headers["ETag"]:  # else the background made another of it meanwhile: what it finds is told
        whole = viewer.get(url)
        etag = whole.headers["ETag"]
        head = viewer.head(url)
        again = {known: viewer.get(url, headers={"If-None-Match": known}) for known in (etag, f'"other", W/{etag}', "*")}
    assert whole.status_code == 200
    assert whole.headers["Content-Type"].partition(";")[0] == kind
    assert cache in whole.headers["Cache-Control"]
    assert "public" in whole.headers["Cache-Control"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in whole.headers
    assert int(whole.headers["Content-Length"]) == whole.num_bytes_downloaded > 0

    assert head.status_code == 200
    assert head.content == b""
    assert _lasting(head) == _lasting(whole)

    for known, answer in again.items():
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"] == whole.headers["Cache-Control"]
    assert viewer.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_cell_can_be_had_in_parts(viewer: httpx.Client, root: str) -> None:
    url = f"{root}/h264-360p/0.m4s"
    whole = viewer.get(url)
    size, etag = len(whole.content), whole.headers["ETag"]
    for wanted, start, end in (("bytes=0-9", 0, 10), ("bytes=10-", 10, size), ("bytes=-7", size - 7, size),
                               (f"bytes=5-{size + 100}", 5, size)):
        part = viewer.get(url, headers={"Range": wanted})
        assert part.status_code == 206, wanted
        assert part.content == whole.content[start:end]
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert viewer.head(url, headers={"Range": wanted}).headers["Content-Length"] == str(end - start)
    outside = viewer.get(url, headers={"Range": f"bytes={size}-"})
    assert outside.status_code == 416
    assert outside.headers["Content-Range"] == f"bytes */{size}"
    for ignored in ("bytes=9-1", "bytes=0-1,3-4", "cells=0-1", "bytes=-", "bytes=" + "1-2," * 10_000):
        assert viewer.get(url, headers={"Range": ignored}).status_code == 200, ignored[:20]
    kept = viewer.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
    changed = viewer.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (kept.status_code, changed.status_code) == (206, 200)


def test_players_on_other_sites_may_read_it(viewer: httpx.Client, root: str) -> None:
    origin = {"Origin": "https://school.example"}
    for path in ("master.m3u8", "h264-360p/0.m4s"):
        answer = viewer.get(f"{root}/{path}", headers=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        shown = answer.headers["Access-Control-Expose-Headers"].lower()
        assert all(name in shown for name in ("content-range", "content-length", "etag"))
    asked = viewer.options(f"{root}/h264-360p/0.m4s", headers=origin | {
        "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "range" in asked.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("path", [
    "nothing.m3u8", "h264-999p/index.m3u8", "h264-360p/12.m4s", "h264-360p/-1.m4s", "h264-360p/01.m4s",
    "h264-360p/9999999999.m4s", "h264-360p/0.mp4", "h264-360p/../../source", "aac/%2e%2e/source",
    "..%2fsource", "h264-360p/init.mp4%00", "source",
])
def test_what_is_not_there_is_a_404_that_says_so(viewer: httpx.Client, root: str, path: str) -> None:
    answer = viewer.get(f"{root}/{path}")
    assert answer.status_code == 404, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) >= {"type", "title", "status", "detail", "code"}
    assert answer.json()["status"] == 404


@pytest.mark.parametrize("playback_id", ["p_bbbbbbbbbbbbbbbb", "nothing", "p_%00", "%2e%2e"])
def test_an_unknown_playback_id_is_a_404(viewer: httpx.Client, playback_id: str) -> None:
    for path in ("master.m3u8", "h264-360p/index.m3u8", "h264-360p/0.m4s", "thumbnail.jpg"):
        answer = viewer.get(f"/play/{playback_id}/{path}")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_picture_before_the_beginning_is_refused_and_one_behind_the_end_is_the_last(viewer: httpx.Client,
                                                                                      root: str) -> None:
    assert viewer.get(f"{root}/thumbnail.jpg?time=-1").status_code == 422
    assert viewer.get(f"{root}/thumbnail.jpg?time=nan").status_code == 422
    assert viewer.get(f"{root}/thumbnail.jpg?time=1e300").status_code == 200
    assert viewer.get(f"{root}/thumbnail.jpg?time=inf").status_code == 422


def test_only_reading_is_possible(viewer: httpx.Client, root: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = viewer.request(method, f"{root}/master.m3u8")
        assert answer.status_code == 405
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "GET" in answer.headers["Allow"]


def _lasting(answer: httpx.Response) -> dict[str, str]:
    """Headers without those that tell of the moment."""
    return {name: value for name, value in answer.headers.items() if name not in ("date", "server-timing")}
