"""Errors as problem+json (RFC 9457): `type`, `title`, `status`, `detail`, and our stable `code`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from infra.core.errors import LecternError

log = logging.getLogger(__name__)


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """One problem document. Never cached: the next try may go well."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:  # tus's own 460
        title = "Error"
    body = {"type": f"urn:lectern:problem:{code}", "title": title, "status": status, "code": code, "detail": detail}
    return JSONResponse(body | more, status, {"Cache-Control": "no-store", **(headers or {})},
                        media_type="application/problem+json")


def of_error(error: LecternError) -> Response:
    """What is answered for an expected failure."""
    headers = dict(getattr(error, "headers", {}))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status in (429, 503):
        headers.setdefault("Retry-After", "1")
    return problem(error.status, error.code, error.message, headers)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""

    @app.exception_handler(LecternError)
    async def _known(request: Request, error: LecternError) -> Response:
        return of_error(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        # The input itself is not repeated: it may hold a secret, and it may be a megabyte.
        faults = [{"field": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
                  for fault in error.errors()[:20]]
        detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:3])
        return problem(422, "invalid_request", detail, errors=faults)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return problem(error.status_code, code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> Response:
        log.error("unexpected error in %s %s", request.method, request.url.path, exc_info=error)
        return problem(500, "internal_error", "Something went wrong here. The server's log has the details.")
