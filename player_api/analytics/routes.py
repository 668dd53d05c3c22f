"""/api/v1: what is asked about viewing, by video and by learner, and the tokens that events are sent with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from infra.core.errors import NotFound, Rejected
from infra.db import audience, cohorts, inbox
from infra.db.audience_models import Audience, LearnerProgress
from infra.db.models import Video
from player_api import catalogue, chapters
from player_api import shapes as api_shapes
from player_api.analytics import (
    answering,
    cohort_routes,
    coverage,
    keeping,
    kinds,
    learning,
    merge,
    metrics,
    page_tokens,
    shapes,
    stored,
)
from player_api.analytics.collect import CMCD_PATH, PATH, Collector
from player_api.analytics.intake import Batch
from player_api.analytics.merge import Curve
from player_api.analytics.quality import HOUR_MS
from player_api.keys import Principal
from player_api.services import Services
from transcode.plan import Plan


def events_router(collector: Collector) -> APIRouter:
    """POST /events. `player_api.analytics.collect.Ahead` takes nearly all of it before it comes here."""
    routes = APIRouter(tags=["analytics"])
    (batch,), known = msgspec.json.schema_components([Batch])
    body = _inline(batch, known)

    @routes.post(PATH.removeprefix("/api/v1"), status_code=202, summary="Tell what viewers do",
                 response_model=shapes.Accepted, responses=api_shapes.problems(401, 403, 404, 413, 422, 429, 503),
                 openapi_extra={"requestBody": {"required": True, "content": {
                     kind: {"schema": body} for kind in ("application/json", "text/plain")}}, "security": []})
    async def events(request: Request) -> Response:
        """A batch of events of one session, at most 500 and 60 KiB, JSON under either type (text/plain is what
        `navigator.sendBeacon` sends). The token in the body says who may; no API key. 202 comes after they are durable; sent
        again, they are known by their `id`, and by `session` and `seq`. docs/metrics.md says what each field means."""
        return await collector.respond(await request.body(), request.headers.get("user-agent", "").encode())

    @routes.post(CMCD_PATH.removeprefix("/api/v1"), status_code=202, summary="Tell what another player reports of itself",
                 response_model=shapes.Accepted, responses=api_shapes.problems(401, 403, 404, 413, 422, 429, 503),
                 openapi_extra={"requestBody": {"required": True, "content": {
                     kind: {"schema": {"type": "string"}} for kind in ("application/cmcd", "text/plain")}}, "security": []})
    async def reports(request: Request, token: Annotated[str, Query(max_length=1000, description="An events token.")]
                      ) -> Response:
        """Reports of CMCD version 2 (CTA-5004-B) in event mode, one a line, of one session (`sid`) and one video (`cid`, the
        playback id). docs/player-events.md shows how hls.js, Shaka Player and dash.js are told to send them."""
        return await collector.respond_cmcd(await request.body(), request.headers.get("content-type", ""),
                                            request.url.query, request.headers.get("user-agent", "").encode())

    return routes


def _inline(schema: Any, known: dict[str, Any]) -> Any:
    """The schema without references: it stands in one place."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(known[schema["$ref"].rsplit("/", 1)[1]], known)
        return {name: _inline(value, known) for name, value in schema.items()}
    return [_inline(value, known) for value in schema] if isinstance(schema, list) else schema


def router(services: Services, analyst: Callable[..., Any]) -> APIRouter:
    """The metrics of a video; `analyst` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/analytics", tags=["analytics"])
    who_asks = Depends(analyst)
    k = services.settings.analytics_k

    answer = partial(answering.answer, services)
    described: dict[str, Any] = {"responses": api_shapes.problems(404)}

    @routes.get("/summary", summary="Views, learners, watch time, completion",
                response_model=shapes.Metric[shapes.SummaryData], **described)
    def summary(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                who: Principal = who_asks) -> Response:
        """All of the video's life, and what each week added."""
        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            weeks = {week: stored.curve(*blobs) for week, blobs in audience.curves(session, known.number).items()}
            when: tuple[int | None, int | None] = (None, None)
            if known.whole and not total.sums[merge.LIVE_MS]:
                when = (0, None)
            elif known.whole:
                with services.events.read() as events:
                    when = inbox.learners(events.connection(), known.number, known.counted_id, kinds.WATCH, kinds.LIVE,
                                          kinds.UNCOUNTED)
            return metrics.summary(total, length_s, weeks, k, when)

        return answer(who, video_id, "summary", how, if_none_match, build)

    @routes.get("/retention", summary="Who still watches, second by second",
                response_model=shapes.Metric[shapes.RetentionData], **described)
    def retention(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                  who: Principal = who_asks) -> Response:
        """The share of the learners who saw each second."""
        return answer(who, video_id, "retention", how, if_none_match,
                      lambda session, video, known, total, length_s: metrics.retention(total, length_s))

    @routes.get("/rewatch", summary="What is watched again",
                response_model=shapes.Metric[shapes.RewatchData], **described)
    def rewatch(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                who: Principal = who_asks) -> Response:
        """Replays of each second, who saw it again, and the most replayed moments."""
        return answer(who, video_id, "rewatch", how, if_none_match,
                      lambda session, video, known, total, length_s: metrics.rewatch(total, length_s))

    @routes.get("/dropoff", summary="Where learners leave",
                response_model=shapes.Metric[shapes.DropoffData], **described)
    def dropoff(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                who: Principal = who_asks) -> Response:
        """For each five seconds who came no further; and where more left than around there."""
        return answer(who, video_id, "dropoff", how, if_none_match,
                      lambda session, video, known, total, length_s: metrics.dropoff(total, length_s))

    @routes.get("/completion", summary="How much of it learners have seen",
                response_model=shapes.Metric[shapes.CompletionData], **described)
    def completion(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                   who: Principal = who_asks) -> Response:
        """Who saw nine tenths, who reached the end, and learners by tenths."""
        return answer(who, video_id, "completion", how, if_none_match,
                      lambda session, video, known, total, length_s: metrics.completion(total, length_s))

    @routes.get("/chapters", summary="The same by chapters",
                response_model=shapes.Metric[shapes.ChaptersData], **described)
    def by_chapter(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                   who: Principal = who_asks) -> Response:
        """Retention, replays and exits of each chapter that the video has now."""
        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            its = chapters.current(session, video.id).chapters
            duration_s = float(Plan.model_validate(video.plan).duration_s) if video.plan else float(length_s)
            return metrics.chapters(total, length_s, [
                (one.start_s, end_s, one.title)
                for one, end_s in zip(its, chapters.ends_s(its, duration_s), strict=True)] if its else [])

        return answer(who, video_id, "chapters", how, if_none_match, build)

    @routes.get("/qoe", summary="How well it played", response_model=shapes.Metric[shapes.QoeData], **described)
    def qoe(video_id: str, how: answering.Format = "json",
            start: Annotated[datetime | None, Query(alias="from", description="RFC 3339; its hour is the first. Default: "
                                                    "a week before `to`.")] = None,
            end: Annotated[datetime | None, Query(alias="to", description="RFC 3339; its hour is the first that is left "
                                                  "out. Default: now.")] = None,
            if_none_match: answering.IfNoneMatch = None, who: Principal = who_asks) -> Response:
        """Startup, rebuffering, bit rate and errors: together, and of each hour that has k views."""
        last = _hour(end) if end else int(datetime.now(UTC).timestamp() * 1000 // HOUR_MS) + 1
        first = _hour(start) if start else last - 7 * 24
        if last - first > 400 * 24:
            raise Rejected("too_long", "At most 400 days can be asked for at once.")

        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            found = metrics.qoe({hour: stored.sums_of(sums) for hour, sums in audience.hours(
                session, known.number, first, last).items()}, k)
            for line in found["hours"]:
                line["hour"] = catalogue.rfc3339(line["hour"] * 3600.0)
            return found

        return answer(who, video_id, "qoe", how, if_none_match, build)

    return routes


def learners_router(services: Services, reader: Callable[..., Any], admin: Callable[..., Any]) -> APIRouter:
    """What is known of one learner; `reader` may look, `admin` may also have it deleted."""
    routes = APIRouter(prefix="/learners/{learner_id}", tags=["analytics"])
    may_read, may_delete = Depends(reader), Depends(admin)

    @routes.get("/progress", summary="What a learner has seen, and where to go on", response_model=shapes.Progress,
                responses=api_shapes.problems(404))
    def progress(learner_id: str, video_id: Annotated[str | None, Query(description="Only of this video.")] = None,
                 who: Principal = may_read) -> dict[str, Any]:
        """Empty for somebody who has watched nothing. `learner_id` is your own name of the learner, as in event tokens."""
        with services.database.read() as session:
            if video_id is not None:
                catalogue.get(session, who.organization_id, video_id)
            key = page_tokens.key_of(session, who.organization_id, learner_id)
            found = audience.progress(session, who.organization_id, key) if key is not None else []
            videos = {known.video_id: session.get_one(Video, known.video_id) for _, known in found
                      if video_id in (None, known.video_id)}
        return {"items": [_line(one, known, videos[known.video_id]) for one, known in found if known.video_id in videos]}

    @routes.get("/data", summary="Everything that is kept of a learner", response_model=shapes.LearnerData,
                responses=api_shapes.problems(404))
    def data(learner_id: str, who: Principal = may_read) -> dict[str, Any]:
        """What they have seen, each event that is still kept, and results of assessments. 404 where nothing is."""
        with services.database.read() as session:
            key = page_tokens.key_of(session, who.organization_id, learner_id)
        found, events, told = keeping.export(services.database, services.events, who.organization_id, key) \
            if key is not None else ([], [], [])
        with services.database.read() as session:
            tags = cohorts.of_learner(session, who.organization_id, key) if key is not None else []
            if not found and not told and not tags:
                raise NotFound("learner_not_found", "Nothing is kept of a learner by that name.")
            videos = {known.video_id: session.get_one(Video, known.video_id) for _, known in found}
        return {"items": [_line(one, known, videos[known.video_id]) for one, known in found],
                "events": [_event(video_id, row) for video_id, row in events],
                "results": [learning.described(one) for one in told], "tags": tags}

    @routes.delete("", status_code=204, summary="Delete everything that is kept of a learner",
                   responses=api_shapes.problems(404))
    def delete(learner_id: str, who: Principal = may_delete) -> Response:
        """They are taken out of all counters, too, and what they did before and a browser sends later is dropped. Where
        their events are deleted already, sums of weeks keep their part, which nobody can tell from others'."""
        with services.database.read() as session:
            key = page_tokens.key_of(session, who.organization_id, learner_id)
        if key is None:
            raise NotFound("learner_not_found", "Nothing is kept of a learner by that name.")
        keeping.forget(services.database, services.events, who.organization_id, key)
        return Response(status_code=204)

    return routes


def tokens_router(services: Services, player: Callable[..., Any]) -> APIRouter:
    """Tokens for a school's own page; `player` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}", tags=["analytics"])
    who_asks = Depends(player)

    @routes.post("/event-tokens", status_code=201, summary="A token that names a learner", response_model=shapes.EventToken,
                 responses=api_shapes.problems(404))
    def make(video_id: str, wish: shapes.EventTokenWish, who: Principal = who_asks) -> dict[str, Any]:
        """For the page that you show a learner: its player sends the token with the events of this video, for a day."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
        if wish.tags is not None and wish.consent:
            cohort_routes.tag_learner(services.database, who.organization_id, wish.learner, wish.tags)
        token, expires_s = page_tokens.of_learner(services.database, video, wish.learner, wish.consent)
        return {"token": token, "expires_at": catalogue.rfc3339(expires_s), "url": PATH}

    return routes


def _line(one: LearnerProgress, known: Audience, video: Video) -> dict[str, Any]:
    length_s = coverage.length_s(known.duration_ms)
    completed = merge.completes(one.unique_s, length_s)
    return {"video_id": video.id, "playback_id": video.playback_id, "resume_s": metrics.resume_s(one.last_ms, completed),
            "progress": round(min(1.0, one.unique_s / length_s), 4), "completed": completed, "unique_s": one.unique_s,
            "watch_content_s": one.content_ms / 1000, "watch_wall_s": one.wall_ms / 1000,
            "seen": list(coverage.pieces(coverage.unpacked(one.seen))),
            "last_seen_at": catalogue.rfc3339(one.last_t_ms / 1000) if one.last_t_ms else None}


def _event(video_id: str, row: kinds.Row) -> dict[str, Any]:
    told = {"rate": row.rate and row.rate / 1000, "startup_ms": row.startup_ms, "rebuffer_ms": row.rebuffer_ms,
            "rebuffers": row.rebuffers, "switches": row.switches, "bitrate_bps": row.bitrate_bps, "height_px": row.height_px,
            "dropped": row.dropped, "code": row.code, "from_ms": row.a_ms, "to_ms": row.b_ms}
    return {"video_id": video_id, "type": kinds.NAMES[row.kind], "at": catalogue.rfc3339(row.t_ms / 1000), "seq": row.seq,
            "session": f"{row.session & 0xFFFFFFFFFFFFFFFF:016x}", "counted": not row.marks & kinds.UNCOUNTED,
            "estimated": bool(row.marks & kinds.ESTIMATED), "why_uncounted": kinds.reason(row.marks),
            **{name: value for name, value in told.items() if value is not None}}


def _hour(time: datetime) -> int:
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000 // HOUR_MS)

