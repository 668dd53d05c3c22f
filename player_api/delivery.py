"""Three ways to hand a stored object to a player: send it, let nginx send it, or say where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from infra.core.ports import ObjectInfo
from player_api.ranges import matches, respond
from player_api.services import Services

# An address lives for an hour and may be kept for half of it, so that nobody is sent to one that has expired.
_ADDRESS_S = 3600
_KEPT_S = 1800
# Where infra/deploy/nginx looks: files of the storage folder, and the object store behind its own address.
_FILES, _STORE = "/_objects/", "/_s3"


async def deliver(request: Request, services: Services, info: ObjectInfo, mime: str, cache: str,
                  more: Mapping[str, str] | None = None) -> Response:
    """The object of `info` by the way that the settings name. Conditions and ranges are left to whoever sends it.

    `more` are headers of the answer; they are lost where the player is sent to the object store.
    """
    way = services.settings.delivery
    if way == "proxy" or (way == "redirect" and not services.storage.remote):
        return await respond(request, services.storage, info, mime, cache, more)
    headers = {"Cache-Control": cache, "ETag": f'"{info.etag}"', **(more or {})}
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if not services.storage.remote:
        return Response(headers=headers | {"X-Accel-Redirect": _FILES + quote(info.key)}, media_type=mime)
    address = await run_in_threadpool(services.storage.url, info.key, _ADDRESS_S)
    if address is None:
        return await respond(request, services.storage, info, mime, cache, more)
    if way == "redirect":
        return RedirectResponse(address, 302, {"Cache-Control": f"public, max-age={_KEPT_S}"})
    parts = urlsplit(address)
    return Response(headers=headers | {"X-Accel-Redirect": f"{_STORE}{parts.path}?{parts.query}"}, media_type=mime)
