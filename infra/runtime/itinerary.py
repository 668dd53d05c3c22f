"""Which steps a video goes through, where each runs, and what follows. The engine reads this table, people too."""

from __future__ import annotations

from sqlalchemy.orm import Session

from infra.core import keys
from infra.core.media import MediaInfo
from infra.core.steps import Outcome, StepContext
from infra.db import steps
from infra.db.models import Video
from infra.runtime.steps import Itinerary, StepSpec
from ingest import fetch_url
from ingest.source_digest import digest_source
from player_api import catalogue
from player_api.admission import try_out
from transcode import download
from transcode import steps as transcode
from transcode.loudness import loudness, with_loudness
from transcode.plan import Plan
from transcode.sampling import planned


def _fetch(ctx: StepContext) -> Outcome:
    """Fetch the source from its URL, look at it, plan it."""
    outcome = fetch_url.fetch_url(ctx)
    assert outcome is not None
    info = MediaInfo.model_validate(outcome["media_info"])
    with ctx.storage.local(keys.source(ctx.video.organization_id, ctx.video.id)) as source:
        info, plan = planned(info, source, ctx.settings, ctx.tools, ctx.run)
        try_out(plan, info, source, ctx.settings, ctx.tools, ctx.run)
    return outcome | {"media_info": info.model_dump(mode="json"), "plan": plan.model_dump(mode="json"),
                      "usual_codecs": ctx.settings.fill_codecs.split(",")}


def _fetched(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    video.file_name = video.file_name or outcome.get("file_name")
    catalogue.settle(session, video, Plan.model_validate(outcome["plan"]),
                     MediaInfo.model_validate(outcome["media_info"]),
                     sha256=outcome["sha256"], size_bytes=outcome["size_bytes"],
                     usual_codecs=outcome["usual_codecs"])


def _digested(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    video.source_sha256 = outcome["sha256"]


def _filled(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    """After the last span of a codec its bit rates can be measured."""
    group = key.partition(":")[0]
    if not steps.unfinished(session, video.id, "fill", f"{group}:"):
        steps.insert(session, video, [steps.NewStep("measure", "light", group)])


def _measured(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    video.bit_rates = {**(video.bit_rates or {}), **(outcome or {})}


def _heard(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    info = MediaInfo.model_validate(video.media_info)
    video.media_info = with_loudness(info, outcome["loudness"]).model_dump(mode="json")
    if "plan" in outcome:
        catalogue.replace_sound(session, video, Plan.model_validate(outcome["plan"]), outcome["usual_codecs"])


def _poster_found(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    video.found_poster_s = outcome["poster_s"]


def _downloadable(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    video.downloads = (video.downloads or {}) | {key: outcome}


# An upload is looked at and planned before it is acknowledged, so its steps begin with poster and fill.
ITINERARY = Itinerary(
    steps={
        spec.name: spec
        for spec in (
            #        name          queue    runs                then
            StepSpec("fetch",      "light", _fetch,             _fetched),
            StepSpec("poster",     "light", transcode.poster,   _poster_found),
            StepSpec("digest",     "light", digest_source,      _digested),
            StepSpec("loudness",   "light", loudness,           _heard),
            StepSpec("fill",       "media", transcode.fill,     _filled),
            StepSpec("measure",    "light", transcode.measure,  _measured),
            StepSpec("storyboard", "media", transcode.sheet),
            StepSpec("iframes",    "media", transcode.pictures),
            StepSpec("download",   "light", download.make,      _downloadable),
        )
    },
    render_demand=transcode.demanded,
)
