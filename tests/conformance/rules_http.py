"""What a package is delivered with: section 10 of the Apple rules, RFC 9110 (HTTP) and the Fetch standard (CORS)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import httpx

from .package import Package
from .registry import need, rule

_PLAYLIST = ("application/vnd.apple.mpegurl", "audio/mpegurl")
# By ending. Sound's header is audio/mp4 by RFC 4337; Apple's list has video/mp4 for both.
_TYPES = {".m3u8": _PLAYLIST, ".mpd": ("application/dash+xml",), ".m4s": ("video/iso.segment",),
          ".mp4": ("video/mp4", "audio/mp4"), ".vtt": ("text/vtt",), ".jpg": ("image/jpeg",)}
_ORIGIN = {"Origin": "https://school.example"}


@dataclass
class Served:
    """A package behind an address that ends with a slash. It is also a reader of a package."""

    client: httpx.Client
    root: str

    def read(self, path: str) -> bytes:
        answer = self.get(path)
        if answer.status_code != 200:
            raise FileNotFoundError(f"{path}: {answer.status_code}")
        return answer.content

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(self.root + path, headers=named)

    @cached_property
    def paths(self) -> list[str]:
        """Those of `all_paths` that are sent at once (8.18 speaks of the others)."""
        return [path for path in self.all_paths if self.get(path).status_code == 200]

    @cached_property
    def all_paths(self) -> list[str]:
        """Both manifests, every playlist, and of each rendition the header and a segment."""
        package = Package(self)
        found = ["master.m3u8", "manifest.mpd"]
        for rendition in package.renditions:
            items = rendition.playlist.items
            found.append(rendition.uri)
            found += [rendition.path(item.map["URI"]) for item in items[:1] if item.map]
            found += [rendition.path(item.uri) for item in items[-1:]]
        return found

    @property
    def segments(self) -> list[str]:
        return [path for path in self.paths if path.endswith(".m4s")][:2]


@rule("8.18", "MUST", "nothing is a redirect", "http")
def no_redirect(served: Served) -> Iterator[str]:
    for path in served.all_paths:
        status = served.get(path).status_code
        if status != 200:
            yield f"{path}: {status}"


@rule("10.1", "MUST", "playlists are sent in gzip to who takes it, and plain to who does not", "http")
def compressed(served: Served) -> Iterator[str]:
    for path in served.paths:
        if not path.endswith(".m3u8"):
            continue
        packed, plain = served.get(path, Accept_Encoding="gzip"), served.get(path, Accept_Encoding="identity")
        if packed.headers.get("Content-Encoding") != "gzip":
            yield f"{path}: not compressed"
        if "Content-Encoding" in plain.headers or packed.text != plain.text:
            yield f"{path}: plain is not plain"
        if "accept-encoding" not in packed.headers.get("Vary", "").lower():
            yield f"{path}: no Vary, so that a cache mixes them up"


@rule("10.4", "MUST", "each kind of file has its media type", "http")
def media_types(served: Served) -> Iterator[str]:
    for path in served.paths:
        said = served.get(path).headers.get("Content-Type", "").partition(";")[0]
        wanted = next(types for ending, types in _TYPES.items() if path.endswith(ending))
        if said not in wanted:
            yield f"{path}: {said}"


@rule("H1", "MUST", "a part of a segment can be asked for (RFC 9110, 14)", "http")
def ranges(served: Served) -> Iterator[str]:
    for path in served.segments:
        whole = served.get(path).content
        part = served.get(path, Range="bytes=10-99")
        if part.status_code != 206 or part.content != whole[10:100]:
            yield f"{path}: {part.status_code}, {len(part.content)} bytes"
        elif part.headers.get("Content-Range") != f"bytes 10-99/{len(whole)}":
            yield f"{path}: Content-Range {part.headers.get('Content-Range')}"
        if served.get(path, Range=f"bytes={len(whole)}-").status_code != 416:
            yield f"{path}: a range behind the end is no 416"


@rule("H2", "MUST", "players on other sites may read everything (Fetch, CORS)", "http")
def cors(served: Served) -> Iterator[str]:
    for path in served.paths:
        answer = served.get(path, **_ORIGIN)
        if answer.headers.get("Access-Control-Allow-Origin") not in ("*", _ORIGIN["Origin"]):
            yield f"{path}: no Access-Control-Allow-Origin"
    for path in served.segments:
        asked = served.client.options(served.root + path, headers=_ORIGIN | {
            "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"})
        if asked.status_code >= 300 or "range" not in asked.headers.get("Access-Control-Allow-Headers", "").lower():
            yield f"{path}: Range is not allowed ({asked.status_code})"


@rule("H3", "SHOULD", "what has not changed is not sent again (RFC 9110, 13.1.2)", "http")
def revalidated(served: Served) -> Iterator[str]:
    for path in served.paths:
        etag = served.get(path).headers.get("ETag")
        if not etag or served.get(path, If_None_Match=etag).status_code != 304:
            yield f"{path}: ETag {etag}"


@rule("H4", "SHOULD", "segments and headers, which never change, may be kept for long; playlists are not (RFC 9111)", "http")
def cached(served: Served) -> Iterator[str]:
    for path in served.paths:
        said = served.get(path).headers.get("Cache-Control", "")
        ages = [int(part.split("=")[1]) for part in said.replace(" ", "").split(",") if part.startswith("max-age=")]
        lasting = path.endswith((".m4s", ".mp4"))
        if not ages or (ages[0] < 86_400) == lasting:
            yield f"{path}: {said or 'nothing said'}"


@rule("H5", "MUST", "Content-Length is the length of what is sent", "http")
def lengths(served: Served) -> Iterator[str]:
    for path in served.paths:
        for encoding in ("gzip", "identity"):
            answer = served.get(path, Accept_Encoding=encoding)
            if int(answer.headers.get("Content-Length", -1)) != answer.num_bytes_downloaded:
                yield f"{path}: {answer.headers.get('Content-Length')}, {answer.num_bytes_downloaded} bytes sent"


@rule("12.1", "MUST", "what goes over TLS goes over TLS 1.2 or newer (11.1 SHOULD: all does)", "http")
def tls(served: Served) -> Iterator[str]:
    need(served.root.startswith("https:") or str(served.client.base_url).startswith("https:"),
         "the service is behind a server that ends TLS (docs/operate.md)")
    stream = served.client.stream("GET", served.root + "master.m3u8")
    with stream as answer:
        version = answer.extensions["network_stream"].get_extra_info("ssl_object").version()
    if version not in ("TLSv1.2", "TLSv1.3"):
        yield str(version)


def gzipped(data: bytes) -> bytes:
    """For servers of the tests."""
    return gzip.compress(data, mtime=0)
