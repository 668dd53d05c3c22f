"""/api/v1/uploads/direct: the file goes from the browser straight to the object store, in parts of one size.

    POST   /uploads/direct                 how it is cut; 409 direct_uploads_off where the storage is a directory
    POST   /uploads/{id}/direct/parts      where to PUT some of the parts
    GET    /uploads/{id}/direct            which have arrived
    POST   /uploads/{id}/direct/complete   201 with the video
    DELETE /uploads/{id}/direct
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from infra.core.ports import DirectUploads
from ingest.direct import ADDRESS_S, MOST_ADDRESSES, DirectIntake, Standing
from ingest.direct_parts import MOST_PARTS
from ingest.intake import Intake
from player_api import catalogue, idempotency, shapes
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import VideoShape
from player_api.videos import Text


class NewDirectUpload(BaseModel):
    """A file that is to be sent."""

    model_config = ConfigDict(extra="forbid")
    file_name: Text = Field(max_length=1000, examples=["lecture-1.mp4"])
    size_bytes: int = Field(ge=0, lt=1 << 62, examples=[734003200])
    title: Text | None = Field(None, max_length=500, description="The file's name where none is given.")
    language: Text | None = Field(None, max_length=35, description="BCP 47.")


class PartNumbers(BaseModel):
    """Which parts are to be sent next."""

    model_config = ConfigDict(extra="forbid")
    numbers: list[int] = Field(min_length=1, max_length=MOST_ADDRESSES, examples=[[1, 2, 3]])


class Completed(BaseModel):
    """All parts are sent."""

    model_config = ConfigDict(extra="forbid")
    etags: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, max_length=MOST_PARTS, description="What the store answered to each PUT, in order; compared where given.")


class ArrivedPart(BaseModel):
    """A part that the store holds."""

    number: int
    size_bytes: int
    etag: str


class DirectUploadShape(BaseModel):
    """A direct upload: bytes [(n - 1) x part_bytes, n x part_bytes) of the file are part n; the last may be shorter."""

    model_config = ConfigDict(extra="forbid", title="DirectUpload")
    upload_id: str = Field(examples=["u_k7m2x9qwz4r8t6bn"])
    state: Literal["growing", "finished"]
    size_bytes: int
    part_bytes: int = Field(examples=[16777216])
    parts: int = Field(description="How many there are to be.", examples=[44])
    arrived: list[ArrivedPart] = Field(description="By number; empty once the upload is finished.")
    expires_at: str = Field(description="RFC 3339; forgotten then, unless something happens before.")
    video_id: str | None
    watch_url: str | None


class PartAddressShape(BaseModel):
    """Where to PUT one part: its bytes as the body, no other header is needed."""

    number: int
    size_bytes: int
    url: str


class PartAddresses(BaseModel):
    """Addresses in the order of the numbers."""

    model_config = ConfigDict(extra="forbid")
    parts: list[PartAddressShape]
    expires_in_s: float = Field(description="A PUT must begin before; then ask again.", examples=[ADDRESS_S])


def router(services: Services, intake: Intake, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/uploads", tags=["uploads"])
    who_asks = Depends(creator)
    direct = DirectIntake(intake)

    @routes.post("/direct", status_code=201, summary="Begin a direct upload", response_model=DirectUploadShape,
                 responses=shapes.problems(409, 413))
    def create(wanted: NewDirectUpload, who: Principal = who_asks,
               idempotency_key: Annotated[str | None, Header(max_length=255)] = None) -> Response:
        """409 `direct_uploads_off`: this server's storage takes none; send the file by tus instead."""
        def answer() -> dict[str, Any]:
            named = {"filename": wanted.file_name, "title": wanted.title, "language": wanted.language}
            return _described(direct.create(who.organization_id, wanted.size_bytes,
                                            {name: value for name, value in named.items() if value}))

        digest = hashlib.sha256(f"direct {wanted.model_dump_json()}".encode()).hexdigest()
        body = idempotency.once(services.database, who.organization_id, idempotency_key, digest, answer)
        return JSONResponse(body, 201, {"Location": f"/api/v1/uploads/{body['upload_id']}/direct",
                                        "Cache-Control": "no-store"})

    @routes.get("/{upload_id}/direct", summary="Which parts have arrived", response_model=DirectUploadShape,
                responses=shapes.problems(409))
    def standing(upload_id: str, response: Response, who: Principal = who_asks) -> dict[str, Any]:
        response.headers["Cache-Control"] = "no-store"
        return _described(direct.standing(who.organization_id, upload_id))

    @routes.post("/{upload_id}/direct/parts", summary="Addresses for some parts", response_model=PartAddresses,
                 responses=shapes.problems(409))
    def addresses(upload_id: str, wanted: PartNumbers, response: Response, who: Principal = who_asks) -> dict[str, Any]:
        response.headers["Cache-Control"] = "no-store"  # whoever has one may send
        found = direct.addresses(who.organization_id, upload_id, wanted.numbers)
        return {"parts": [{"number": part.number, "size_bytes": part.size_bytes, "url": part.url} for part in found],
                "expires_in_s": ADDRESS_S}

    @routes.post("/{upload_id}/direct/complete", status_code=201, summary="Make the video", response_model=VideoShape,
                 responses=shapes.problems(409, 423, 503, 507))
    async def complete(upload_id: str, sent: Completed | None = None, who: Principal = who_asks) -> Response:
        """Asked again it answers with the same video; 422 with the reason when the file is none."""
        upload = await direct.complete(who.organization_id, upload_id, sent.etags if sent else None)

        def shown() -> dict[str, Any]:
            with services.database.read() as session:
                video = catalogue.get(session, who.organization_id, upload.video_id or "")
                return catalogue.described(session, [video])[0]

        body = await run_in_threadpool(shown)
        return JSONResponse(body, 201, {"Location": f"/api/v1/videos/{body['id']}"})

    @routes.delete("/{upload_id}/direct", status_code=204, summary="Give up a direct upload",
                   responses=shapes.problems(423))
    async def delete(upload_id: str, who: Principal = who_asks) -> Response:
        await direct.terminate(who.organization_id, upload_id)
        return Response(status_code=204)

    return routes


def browser_origin(direct: DirectUploads | None) -> str | None:
    """Where browsers send parts to, for the page's Content-Security-Policy: scheme, host and port."""
    if direct is None:
        return None
    address = urlsplit(direct.part_url("origin", "origin", 1, 60.0))  # computed here, asks nobody
    return f"{address.scheme}://{address.netloc}"


def _described(standing: Standing) -> dict[str, Any]:
    upload = standing.upload
    expires = datetime.fromtimestamp(upload.expires_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "upload_id": upload.id, "state": str(upload.state), "size_bytes": standing.plan.size_bytes,
        "part_bytes": standing.plan.part_bytes, "parts": standing.plan.count,
        "arrived": [{"number": part.number, "size_bytes": part.size_bytes, "etag": part.etag}
                    for part in standing.arrived],
        "expires_at": expires, "video_id": upload.video_id,
        "watch_url": f"/watch/{upload.playback_id}" if upload.playback_id else None,
    }
