"""The answer that all metrics of a video have in common: how new it is, of how many, and nothing where they are too few."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Header, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from infra.db import audience
from infra.db.audience_models import Audience
from infra.db.models import Video
from player_api import catalogue
from player_api.analytics import coverage, merge, metrics, stored, tables
from player_api.analytics.merge import ALL, Curve
from player_api.keys import Principal
from player_api.ranges import matches
from player_api.services import Services

Format = Annotated[Literal["json", "csv"], Query(alias="format", description="csv: RFC 4180.")]
IfNoneMatch = Annotated[str | None, Header(max_length=200)]
Build = Callable[[Session, Video, Audience, Curve, int], dict[str, Any]]


def total(session: Session, video: Video) -> tuple[Audience | None, Curve, int]:
    """The audience of a video, the counters of all its weeks, and how many seconds it has."""
    known = audience.find(session, video.id)
    blobs = audience.curves(session, known.number, [ALL]).get(ALL) if known else None
    return known, stored.curve(*blobs) if blobs else Curve(), coverage.length_s(known.duration_ms) if known else 1


def answer(services: Services, who: Principal, video_id: str, name: str, how: str, known_tag: str | None, build: Build
           ) -> Response:
    """A metric of a video of the organization of `who`, which `build` makes if there are learners enough."""
    k = services.settings.analytics_k
    with services.database.read() as session:
        video = catalogue.get(session, who.organization_id, video_id)
        known, curve, length_s = total(session, video)
        learners = curve.sums[merge.LEARNERS]
        live = known is not None and known.duration_ms == audience.LIVE_MS
        data = build(session, video, known, curve, length_s) if known and learners >= k and not live else None
    if live:
        return respond(video, known, None, name, how, known_tag, None, {
            "code": "live", "k": k,
            "reason": "This video is live, or has just been: what is watched is counted, and shown once it is a recording."})
    return respond(video, known, learners if data is not None else None, name, how, known_tag, data, None if data is not None
                   else {"code": "too_few_learners", "k": k, "reason": f"Fewer than {k} learners have watched this video: "
                         "what they did would be nearly theirs alone."})


def respond(video: Video, known: Audience | None, learners: int | None, name: str, how: str, known_tag: str | None,
            data: dict[str, Any] | None, suppressed: dict[str, Any] | None = None) -> Response:
    """A metric, or why there is none, in the form that was asked for; 304 where `known_tag` is of the same."""
    shown = {
        "video_id": video.id, "as_of": catalogue.rfc3339(known.counted_id / 1e6) if known and known.counted_id else None,
        "n_learners": learners,
        "definition": {"name": name, "version": metrics.VERSION, "url": f"docs/metrics.md#{name}"},
        "suppressed": suppressed, "data": data}
    body = tables.of_metric(name, data).encode() if how == "csv" else msgspec.json.encode(shown)
    # How far it is counted, and what it says: chapters and the hour of the day are in it, too.
    tag = f'"{known.counted_id if known else 0:x}-{hashlib.blake2b(body, digest_size=6).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if matches(known_tag, tag):
        return Response(status_code=304, headers=headers)
    if how == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{video.id}-{name}.csv"'
        return Response(body, 200, headers, "text/csv; charset=utf-8")
    return Response(body, 200, headers, "application/json")
