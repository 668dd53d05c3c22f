"""tus 1.0.0 over HTTP: https://tus.io/protocols/resumable-upload

Spoken: core, creation, creation-with-upload, creation-defer-length, expiration, termination, checksum,
concatenation. The last byte's answer comes when the file is a video: it names it in `Lectern-Video` and
`Lectern-Watch-Url`, or is 422 with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any, Protocol

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from infra.core.errors import Conflict, Forbidden, LecternError, Rejected, TooLarge
from infra.db.models import UploadState
from ingest.errors import BadRequest, ConnectionSilent, WrongMediaType, WrongVersion
from ingest.intake import Checksum, Intake
from ingest.tus_headers import (
    ALGORITHMS,
    format_metadata,
    parse_bytes,
    parse_checksum,
    parse_metadata,
    parse_parts,
)
from ingest.uploads import UploadRecord
from ingest.writers import End, Writer

VERSION = "1.0.0"
EXTENSIONS = ("creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,"
              "concatenation")
BODY_TYPE = "application/offset+octet-stream"
# For CORS: what a browser's client must be allowed to send and to see.
REQUEST_HEADERS = ("Authorization", "Content-Type", "Tus-Resumable", "Upload-Checksum", "Upload-Concat",
                   "Upload-Defer-Length", "Upload-Length", "Upload-Metadata", "Upload-Offset",
                   "X-HTTP-Method-Override")
RESPONSE_HEADERS = ("Lectern-Video", "Lectern-Watch-Url", "Location", "Tus-Checksum-Algorithm", "Tus-Extension",
                    "Tus-Max-Size", "Tus-Resumable", "Tus-Version", "Upload-Concat", "Upload-Defer-Length",
                    "Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset")


class Creator(Protocol):
    """Who uploads: what the authentication dependency returns."""

    @property
    def organization_id(self) -> str: ...


class _TusRoute(APIRoute):
    """Every answer carries the version, those of the error handlers, too (core: Tus-Resumable)."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_tus(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if scope["method"] != "OPTIONS":
                    headers["Tus-Resumable"] = VERSION
                    headers["Cache-Control"] = "no-store"
                if message["status"] == WrongVersion.status:
                    headers["Tus-Version"] = VERSION
                message["headers"] = headers.raw
            await send(message)
        await super().handle(scope, receive, send_tus)


def tus_router(intake: Intake, creator: Callable[..., Any]) -> APIRouter:
    """The routes under /uploads. `creator` is a FastAPI dependency that returns a Creator or raises."""
    router = APIRouter(prefix="/uploads", tags=["uploads"], route_class=_TusRoute)
    protocol = _Protocol(intake)

    @router.options("", status_code=204, summary="What this tus server can do")
    @router.options("/{upload_id}", status_code=204, include_in_schema=False)
    async def options() -> Response:
        return Response(status_code=204, headers={
            "Tus-Resumable": VERSION, "Tus-Version": VERSION, "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(intake.settings.max_upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS)})

    @router.post("", status_code=201, summary="Begin an upload (tus creation)")
    async def create(request: Request, owner: Creator = Depends(creator)) -> Response:
        return await protocol.create(request, owner.organization_id)

    @router.head("/{upload_id}", summary="How many bytes have arrived")
    async def head(request: Request, upload_id: str, owner: Creator = Depends(creator)) -> Response:
        return await protocol.head(request, owner.organization_id, upload_id)

    @router.patch("/{upload_id}", status_code=204, summary="Send bytes from an offset on")
    async def patch(request: Request, upload_id: str, owner: Creator = Depends(creator)) -> Response:
        return await protocol.patch(request, owner.organization_id, upload_id)

    @router.delete("/{upload_id}", status_code=204, summary="Give up an upload")
    async def delete(request: Request, upload_id: str, owner: Creator = Depends(creator)) -> Response:
        return await protocol.delete(request, owner.organization_id, upload_id)

    @router.post("/{upload_id}", status_code=204, include_in_schema=False)
    async def override(request: Request, upload_id: str, owner: Creator = Depends(creator)) -> Response:
        # Core, X-HTTP-Method-Override: for clients and proxies that can not say PATCH or DELETE.
        methods: dict[str, Callable[[Request, str, str], Coroutine[Any, Any, Response]]] = {
            "PATCH": protocol.patch, "DELETE": protocol.delete, "HEAD": protocol.head}
        name = request.headers.get("X-HTTP-Method-Override", "").upper()
        if name not in methods:
            raise BadRequest("method_not_allowed", "POST to an upload needs X-HTTP-Method-Override: PATCH, DELETE "
                                                   "or HEAD.")
        return await methods[name](request, owner.organization_id, upload_id)

    return router


class _Protocol:
    """The rules of the protocol; bytes and videos are the intake's business."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def create(self, request: Request, organization_id: str) -> Response:
        _check_version(request)
        metadata = parse_metadata(request.headers.get("Upload-Metadata"))
        concat = request.headers.get("Upload-Concat")
        has_body = request.headers.get("Content-Type", "") == BODY_TYPE
        if concat is not None and concat != "partial":
            if has_body or "Upload-Length" in request.headers:  # concatenation: MUST NOT include Upload-Length
                raise BadRequest("bad_concat_header", "A final upload has neither a length nor a body of its own.")
            return await self._create_final(request, organization_id, metadata, concat)
        length = _declared_length(request)
        checksum = parse_checksum(request.headers.get("Upload-Checksum")) if has_body else None
        if has_body:
            _check_fits(request, 0, length, self._intake)
        upload = await self._intake.create(organization_id, length, metadata, concat)
        headers = {"Location": f"{request.url.path.rstrip('/')}/{upload.id}"}
        if has_body:
            async with self._intake.writers.hold(upload.id) as writer:
                try:
                    upload, offset = await self._receive(request, upload, writer, 0, checksum)
                except Rejected:
                    raise
                except LecternError:
                    await self._intake.terminate(upload)  # its Location never reached anybody
                    raise
            headers["Upload-Offset"] = str(offset)
        return Response(status_code=201, headers=headers | _fate(upload))

    async def _create_final(self, request: Request, organization_id: str, metadata: dict[str, str],
                            concat: str) -> Response:
        part_ids = parse_parts(concat)
        final = await self._intake.concatenate(organization_id, part_ids, metadata, concat)
        async with self._intake.writers.hold(final.id):
            try:
                final = await self._intake.complete(final)
            except Rejected:
                raise
            except LecternError:
                await self._intake.terminate(final)  # the parts are still there to try again
                raise
        for part_id in part_ids:
            await self._terminate(organization_id, part_id)
        return Response(status_code=201, headers={
            "Location": f"{request.url.path.rstrip('/')}/{final.id}"} | _fate(final))

    async def head(self, request: Request, organization_id: str, upload_id: str) -> Response:
        _check_version(request)
        upload = await self._intake.find(organization_id, upload_id)
        if upload.state is UploadState.REJECTED:
            raise Rejected(upload.error_code or "rejected", upload.error_message or "")
        offset = await self._intake.offset(upload)
        if _whole(upload, offset) and not self._intake.writers.busy(upload.id):
            async with self._intake.writers.hold(upload.id):  # left behind by a crash or by "not now"
                upload = await self._intake.complete(await self._intake.find(organization_id, upload_id))
        headers = {"Upload-Offset": str(offset)}
        if upload.length_bytes is None:
            headers["Upload-Defer-Length"] = "1"
        else:
            headers["Upload-Length"] = str(upload.length_bytes)
        if upload.metadata:
            headers["Upload-Metadata"] = format_metadata(upload.metadata)
        if upload.concat:
            headers["Upload-Concat"] = upload.concat
        return Response(status_code=200, headers=headers | _fate(upload))

    async def patch(self, request: Request, organization_id: str, upload_id: str) -> Response:
        _check_version(request)
        if request.headers.get("Content-Type", "") != BODY_TYPE:
            raise WrongMediaType("wrong_content_type", f"The body of a PATCH must be {BODY_TYPE}.")
        offset = parse_bytes("Upload-Offset", request.headers.get("Upload-Offset"))
        if offset is None:
            raise BadRequest("bad_header", "Upload-Offset is missing.")
        checksum = parse_checksum(request.headers.get("Upload-Checksum"))
        await self._intake.find(organization_id, upload_id)  # whose is it, before who writes
        async with self._intake.writers.hold(upload_id) as writer:
            upload = await self._intake.find(organization_id, upload_id)
            if upload.state is UploadState.REJECTED:
                raise Rejected(upload.error_code or "rejected", upload.error_message or "")
            if upload.concat and not upload.partial:  # concatenation: PATCH against a final upload is 403
                raise Forbidden("final_upload", "A final upload is made of its parts and takes no bytes.")
            stored = await self._intake.offset(upload)
            if offset != stored:
                raise Conflict("wrong_offset", f"The upload has {stored} bytes, not {offset}: go on from there.")
            upload = await self._declare_length(request, upload, stored)
            _check_fits(request, offset, upload.length_bytes, self._intake)
            upload, stored = await self._receive(request, upload, writer, offset, checksum)
        return Response(status_code=204, headers={"Upload-Offset": str(stored)} | _fate(upload))

    async def _declare_length(self, request: Request, upload: UploadRecord, stored: int) -> UploadRecord:
        length = parse_bytes("Upload-Length", request.headers.get("Upload-Length"))
        if length is None or length == upload.length_bytes:
            return upload
        if upload.length_bytes is not None:  # creation-defer-length: once set it MUST NOT change
            raise BadRequest("length_already_known", f"The length was declared as {upload.length_bytes} bytes.")
        self._intake.check_length(length)
        if length < stored:
            raise BadRequest("bad_header", f"{stored} bytes are here already: Upload-Length can not be less.")
        return await self._intake.declare_length(upload, length)

    async def _receive(self, request: Request, upload: UploadRecord, writer: Writer, offset: int,
                       checksum: Checksum | None) -> tuple[UploadRecord, int]:
        if upload.state is UploadState.FINISHED:
            return upload, offset
        upload = await self._intake.postpone_expiry(upload)
        stored = await self._intake.receive(upload, writer, request.stream(), offset, checksum)
        if _whole(upload, stored):
            return await self._intake.complete(upload), stored
        if writer.end is not End.COMPLETE:
            raise ConnectionSilent("connection_lost", f"The connection broke off; {stored} bytes are kept.")
        return upload, stored

    async def delete(self, request: Request, organization_id: str, upload_id: str) -> Response:
        _check_version(request)
        await self._terminate(organization_id, upload_id)
        return Response(status_code=204)

    async def _terminate(self, organization_id: str, upload_id: str) -> None:
        await self._intake.find(organization_id, upload_id)
        async with self._intake.writers.hold(upload_id):
            await self._intake.terminate(await self._intake.find(organization_id, upload_id))


def _check_version(request: Request) -> None:
    # Core: on a version that the server does not speak it MUST answer 412 and MUST NOT process the request.
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion("wrong_tus_version", f"This server speaks tus {VERSION}: send Tus-Resumable: {VERSION}.")


def _declared_length(request: Request) -> int | None:
    length = parse_bytes("Upload-Length", request.headers.get("Upload-Length"))
    deferred = request.headers.get("Upload-Defer-Length")
    if deferred not in (None, "1") or (length is None) == (deferred is None):
        raise BadRequest("bad_header", "Send either Upload-Length, or Upload-Defer-Length: 1.")
    return length


def _check_fits(request: Request, offset: int, length: int | None, intake: Intake) -> None:
    body = parse_bytes("Content-Length", request.headers.get("Content-Length")) or 0
    limit = intake.settings.max_upload_bytes if length is None else length
    if offset + body > limit:
        raise TooLarge("over_length", f"{offset} bytes are here, {body} more would run past the {limit} bytes "
                                      "that this upload may have.")


def _whole(upload: UploadRecord, stored: int) -> bool:
    return upload.state is UploadState.GROWING and stored == upload.length_bytes and not upload.partial


def _fate(upload: UploadRecord) -> dict[str, str]:
    """When it is forgotten, or what it became."""
    if upload.state is UploadState.GROWING:
        return {"Upload-Expires": formatdate(upload.expires_at, usegmt=True)}
    headers = {"Lectern-Video": upload.video_id} if upload.video_id else {}
    if upload.playback_id:
        headers["Lectern-Watch-Url"] = f"/watch/{upload.playback_id}"
    return headers
