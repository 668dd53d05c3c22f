"""/api/v1/organization: what holds for all videos of the organization that asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from enrich.glossary import checked
from infra.db.models import Organization
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import Codec, GlossaryShape

_KEPT = ("Days after the end of a live stream until its recording is deleted, with all that belongs to the video; null: it "
         "is kept. Holds for recordings that there are already, too.")
_FILLED = "Codecs rendered in the background, of videos that do not say otherwise; null: as the server's settings say."


class OrganizationShape(BaseModel):
    """An organization: who owns videos and keys."""

    model_config = ConfigDict(extra="forbid", title="Organization")
    id: str
    name: str
    fill_codecs: list[Codec] | None = Field(description=_FILLED)
    live_recording_days: int | None = Field(description=_KEPT, examples=[180])


class OrganizationChanges(BaseModel):
    """What can be changed of it."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]+$")] | None = Field(
        None, min_length=1, max_length=200)
    fill_codecs: list[Codec] | None = Field(None, max_length=3, description=_FILLED)
    live_recording_days: int | None = Field(None, ge=1, le=36500, description=_KEPT)


def router(services: Services, admin: Callable[..., Any]) -> APIRouter:
    """The routes; `admin` is the dependency that names who asks, and lets only administrators in."""
    routes = APIRouter(prefix="/organization", tags=["organization"])
    who_asks = Depends(admin)

    @routes.get("", summary="The organization of this key", response_model=OrganizationShape)
    def look(who: Principal = who_asks) -> dict[str, Any]:
        with services.database.read() as session:
            return _shown(session.get_one(Organization, who.organization_id))

    @routes.patch("", summary="Change its name, what is rendered in the background, how long is kept what was live",
                  response_model=OrganizationShape)
    def change(changes: OrganizationChanges, who: Principal = who_asks) -> dict[str, Any]:
        """`fill_codecs` holds for videos that arrive from now on; a video's own goes before it."""
        with services.database.write() as session:
            organization = session.get_one(Organization, who.organization_id)
            organization.name = changes.name or organization.name
            if "fill_codecs" in changes.model_fields_set:
                organization.fill_codecs = changes.fill_codecs  # type: ignore[assignment]  # literals are str
            if "live_recording_days" in changes.model_fields_set:
                organization.live_recording_days = changes.live_recording_days
            session.flush()
            return _shown(organization)

    @routes.get("/glossary", summary="Words that are said in its lectures", response_model=GlossaryShape)
    def glossary(who: Principal = who_asks) -> dict[str, Any]:
        """The speech model is told to expect them in every video, behind the video's own `glossary` and its title."""
        with services.database.read() as session:
            return {"items": session.get_one(Organization, who.organization_id).glossary or []}

    @routes.put("/glossary", summary="Set the words that are said in its lectures", response_model=GlossaryShape)
    def set_glossary(sent: GlossaryShape, who: Principal = who_asks) -> dict[str, Any]:
        """Holds for what is transcribed from now on; `POST /videos/{id}/transcript` has a video transcribed again. Up to 200
        terms of 60 characters; about 80 words fit into what the model can expect at a time, those that stand first.
        """
        terms = checked(sent.items)
        with services.database.write() as session:
            session.get_one(Organization, who.organization_id).glossary = terms
        return {"items": terms}

    return routes


def _shown(organization: Organization) -> dict[str, Any]:
    return {"id": organization.id, "name": organization.name, "fill_codecs": organization.fill_codecs,
            "live_recording_days": organization.live_recording_days}
