"""Answers with a stored object: whole, a range of it, or "you have it" (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from infra.core.ports import ObjectInfo, Storage

_AT_ONCE_BYTES = 8 << 20  # what is larger is sent in pieces
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range [start, end) that a Range header asks for, or None for the whole.

    Several ranges, and what can not be understood, mean the whole (RFC 9110, 14.2). Raises ValueError when the range
    lies outside the object.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last n bytes
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        raise ValueError(f"outside of 0-{size}")
    return start, end


async def respond(request: Request, storage: Storage, info: ObjectInfo, mime: str, cache: str,
                  more: Mapping[str, str] | None = None) -> Response:
    """The object of `info`, by the conditions and the range of `request`. `more` are headers of it."""
    etag = f'"{info.etag}"'
    headers = {"ETag": etag, "Cache-Control": cache, "Accept-Ranges": "bytes", **(more or {})}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", etag) != etag:
        wanted = None  # the client holds parts of something else
    try:
        span = parse_range(wanted, info.size_bytes)
    except ValueError:
        headers["Content-Range"] = f"bytes */{info.size_bytes}"
        headers["Cache-Control"] = "no-store"
        return Response(status_code=416, headers=headers)
    start, end = span or (0, info.size_bytes)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{info.size_bytes}"
    if request.method == "HEAD":
        headers["Content-Length"] = str(end - start)
        return Response(status_code=206 if span else 200, headers=headers, media_type=mime)
    if end - start > _AT_ONCE_BYTES:
        pieces = await run_in_threadpool(storage.stream, info.key, start, end - start)
        headers["Content-Length"] = str(end - start)
        return StreamingResponse(pieces, 206 if span else 200, headers, media_type=mime)
    body = await run_in_threadpool(storage.read, info.key, start, end - start)
    return Response(body, 206 if span else 200, headers, media_type=mime)


def matches(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names what we have (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))
