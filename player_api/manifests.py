"""Answers with a playlist or a manifest: known again by its ETag, compressed for who takes it (HLS authoring 10.1)."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from player_api.ranges import matches

_BRIEFLY = "public, max-age=60"
_NO = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*$")


def answer(request: Request, text: str, mime: str, cache: str = _BRIEFLY) -> Response:
    """`text`, or 304. Each of both forms has an ETag of its own, and Vary keeps caches from mixing them up."""
    packed = takes_gzip(request.headers.get("accept-encoding"))
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}{"-gzip" if packed else ""}"'
    headers = {"Cache-Control": cache, "ETag": etag, "Vary": "Accept-Encoding"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if not packed:
        return Response(text, media_type=mime, headers=headers)
    return Response(_packed(text), media_type=mime, headers=headers | {"Content-Encoding": "gzip"})


@lru_cache(maxsize=64)
def _packed(text: str) -> bytes:
    # Many viewers ask for the same few; the playlist of a day has 14 000 segments and takes 10 ms.
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def takes_gzip(header: str | None) -> bool:
    """Whether an Accept-Encoding names gzip, and not with weight 0 (RFC 9110, 12.5.3)."""
    codings = [coding.strip().lower() for coding in (header or "").split(",")]
    return any(coding.partition(";")[0].strip() == "gzip" and not _NO.match(coding) for coding in codings)
