"""/api/v1/key: what the key that asks may do, so that a page shows nothing that would be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from player_api.keys import Principal, Scope


class KeyShape(BaseModel):
    """An API key, without its secret."""

    model_config = ConfigDict(extra="forbid", title="Key")
    id: str = Field(examples=["k_k7m2x9qwz4r8t6bn"])
    organization_id: str
    scopes: list[Scope] = Field(description="admin may do everything inside its organization.")


def router(anybody: Callable[..., Any]) -> APIRouter:
    """The route; `anybody` is the dependency that names who asks, whatever their scopes."""
    routes = APIRouter(prefix="/key", tags=["organization"])
    who_asks = Depends(anybody)

    @routes.get("", summary="What this key may do", response_model=KeyShape)
    def look(who: Principal = who_asks) -> dict[str, Any]:
        """The key that is sent with the request."""
        return {"id": who.key_id, "organization_id": who.organization_id, "scopes": sorted(who.scopes)}

    return routes
