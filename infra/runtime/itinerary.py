"""Which steps a video goes through, where each runs, and what follows. The engine reads this table, people too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from enrich import embedding
from enrich import steps as enrich
from enrich.chapters import find as find_chapters
from enrich.speech_sound import Voice
from enrich.topics import find as find_topics
from infra.core import keys
from infra.core.keys import PlanKeys
from infra.core.media import MediaInfo
from infra.core.search_index import Kind, Passage
from infra.core.steps import Outcome, StepContext
from infra.db import meaning, search, steps
from infra.db.models import Video
from infra.runtime.steps import Itinerary, StepSpec
from ingest.indexing import index
from ingest.live.assemble import assemble
from ingest.source_digest import digest_source
from player_api import captions, catalogue, chapters
from player_api.admission import try_out
from player_api.catalogue import EMBED, INDEX, PARTS
from player_api.live import marked_chapters
from transcode import download, trickplay
from transcode import steps as transcode
from transcode.loudness import loudness, with_loudness
from transcode.plan import Plan
from transcode.sampling import planned

if TYPE_CHECKING:
    from enrich.footage import Footage


def _fetch(ctx: StepContext) -> Outcome:
    """Fetch the source from its URL, look at it, plan it."""
    from ingest.fetch_url import fetch_url  # httpx: as numpy below

    outcome = fetch_url(ctx)
    assert outcome is not None
    return _planned(ctx, outcome)


def _assemble(ctx: StepContext) -> Outcome:
    """Make a file of what a live publisher sent, look at it, plan it."""
    outcome = assemble(ctx)
    assert outcome is not None
    outcome = _planned(ctx, outcome)
    ctx.storage.delete_prefix(keys.live_pieces(ctx.video.organization_id, ctx.video.id))
    return outcome


def _planned(ctx: StepContext, outcome: dict[str, Any]) -> dict[str, Any]:
    """What `_fetched` needs of a source that is stored."""
    info = MediaInfo.model_validate(outcome["media_info"])
    with ctx.storage.local(keys.source(ctx.video.organization_id, ctx.video.source_folder)) as source:
        info, plan = planned(info, source, ctx.settings, ctx.tools, ctx.run)
        try_out(plan, info, source, ctx.settings, ctx.tools, ctx.run)
    return outcome | {"media_info": info.model_dump(mode="json"), "plan": plan.model_dump(mode="json"),
                      "usual_codecs": ctx.settings.fill_codecs.split(","), "transcribe": ctx.settings.transcribe}


def _fetched(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    video.file_name = video.file_name or outcome.get("file_name")
    catalogue.settle(session, video, Plan.model_validate(outcome["plan"]),
                     MediaInfo.model_validate(outcome["media_info"]),
                     sha256=outcome["sha256"], size_bytes=outcome["size_bytes"],
                     usual_codecs=outcome["usual_codecs"], transcribe=outcome["transcribe"])


def _assembled(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    _fetched(session, video, key, outcome)
    marked_chapters.save_chapters(session, video, float(Plan.model_validate(video.plan).duration_s))


def _digested(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    video.source_sha256 = outcome["sha256"]


def _indexed(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    if outcome["indexed"] is not None and video.media_info is not None:
        video.media_info = {**video.media_info, "indexed": outcome["indexed"]}


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


def _listen(ctx: StepContext) -> Outcome:
    assert ctx.video.media_info is not None
    return enrich.listen(ctx, voice_of(transcode.plan_of(ctx), ctx.video.media_info))


def voice_of(plan: Plan, info: MediaInfo) -> Voice:
    """The track that is heard at first and is not a description of the picture: its speech is recognized."""
    track = next((track for track in plan.audio if not track.describes_video), plan.audio[0])
    stream = next(stream for stream in info.audio if stream.index == track.stream_index)
    return Voice(stream_index=stream.index, source_rate_hz=stream.sample_rate_hz, origin_s=plan.origin_s,
                 duration_s=plan.duration_s)


def _listened(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    """All of it was listened to, or the first span was recognized before (OPENING; unless all was listened to by then)."""
    assert outcome is not None
    known, language = video.speech or {}, outcome.get("language")
    if key == enrich.OPENING and ("run" in known or "reason" in known or not outcome):
        return
    opening = outcome.pop("opening", None)
    video.speech = outcome | {"captioned": 1 if opening else 0, "translated": 0}
    if language and (video.language is None or known.get("detected") == video.language):
        video.language = language
    spans = outcome.get("spans", 0)
    if opening and (key == enrich.OPENING or spans == 1 or known.get("run") != outcome["run"]):
        captions.save_machine(session, video, outcome["language"], opening, outcome["model"],
                              partial=key == enrich.OPENING or spans > 1)
    if key == enrich.OPENING:
        return
    captions.retire_machine(session, video, language, to_english=outcome.get("to_english", False))
    steps.insert(session, video, [
        *(steps.NewStep("transcribe", "speech", str(k)) for k in range(1 if opening else 0, spans)),
        *(steps.NewStep("translate", "speech", str(k)) for k in range(spans) if outcome["to_english"])])
    if opening and spans == 1:
        steps.again(session, video, [steps.NewStep("transcript", "light")])


def _transcribed(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    known = video.speech or {}
    # Two spans that end together: whoever looked later saw both, and may be here first.
    if outcome["spans"] > known.get("captioned", 0):
        captions.save_machine(session, video, outcome["language"], outcome["captions"], known["model"],
                              partial=outcome["spans"] < known["spans"])
        video.speech = known | {"captioned": outcome["spans"]}
    _all_said(session, video)


def _all_said(session: Session, video: Video) -> None:
    """What can be recognized is: anew, where a span that had failed came later than the others."""
    if (video.speech or {}).get("captioned") and not steps.unfinished(session, video.id, "transcribe"):
        steps.again(session, video, [steps.NewStep("transcript", "light")])


def _translated(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    known = video.speech or {}
    if outcome["spans"] > known.get("translated", 0):
        captions.save_machine(session, video, outcome["language"], outcome["captions"], known["model"],
                              partial=outcome["spans"] < known["spans"], translated_from=known["language"])
        video.speech = known | {"translated": outcome["spans"]}
    if not steps.unfinished(session, video.id, "translate"):
        steps.again(session, video, [steps.NewStep("transcript", "light", enrich.ENGLISH)])


def _written(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    if key != enrich.ENGLISH:
        captions.drop_partial(session, video, (video.speech or {}).get("language", ""))
        captions.index_speech(session, video)
        steps.again(session, video, [steps.NewStep("chapters", "light", "words")])


def _slides(ctx: StepContext) -> Outcome:
    from enrich.slides import slides  # numpy: only the worker that does it needs it

    return slides(ctx, _footage(ctx))


def _scenes(ctx: StepContext) -> Outcome:
    from enrich.scenes import scenes  # as above

    return scenes(ctx, _footage(ctx))


def _footage(ctx: StepContext) -> Footage:
    plan = transcode.plan_of(ctx)
    return footage_of(plan, transcode.keys_of(ctx, plan), lambda n: transcode.still(ctx, n), ctx.video.language)


def footage_of(plan: Plan, where: PlanKeys, make_still: Callable[[int], None], language: str | None) -> Footage:
    """Where slides and scenes are looked for: in the trick-play pictures, and in what they were cut out of."""
    from enrich.footage import Footage

    offered = trickplay.is_offered(plan)
    return Footage(
        where=where, pictures=trickplay.NAME,
        pictures_s=[float(frame / plan.frame_rate) for frame in trickplay.frames(plan)] if offered else [],
        cells=trickplay.base(plan).name if offered else "",
        starts_s=[float(plan.start_s(k)) for k in range(plan.segments + 1)],
        make_still=make_still, languages=[language] if language else [])


def _pictured(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    """Slides are looked for in what is rendered; the trick-play pictures come after the cells they are cut out of."""
    if not steps.unfinished(session, video.id, "iframes"):
        steps.insert(session, video, [steps.NewStep("slides", "media")])


def _looked_at(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    if outcome["slides"]:
        steps.insert(session, video, [steps.NewStep("chapters", "light", "slides")])
    elif outcome["film"]:
        steps.insert(session, video, [steps.NewStep("scenes", "media")])


def _cut(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    if outcome["scenes"] > 1:
        steps.insert(session, video, [steps.NewStep("chapters", "light", "scenes")])


def _outlined(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    """Find the chapters here, because what the other videos are about is in the database: a tenth of a second an hour."""
    assert outcome is not None and video.plan is not None
    words, slides, duration_s = outcome["words"], outcome["slides"], float(Plan.model_validate(video.plan).duration_s)
    others = chapters.background(session, video)
    chapters.save_machine(session, video, find_chapters(words, slides, duration_s, video.language, others,
                                                         cuts_s=outcome["cuts_s"]))
    search.replace(session, video.organization_id, video.id, Kind.SLIDE, [
        Passage(slide.start_s, slide.end_s, slide.text) for slide in slides if slide.text])
    chapters.save_topics(session, video, find_topics(words, slides, video.language, others))
    steps.again(session, video, [steps.NewStep(PARTS, "light")])


def _parted(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    """Here, because the chapters that count are in the database: a tenth of a second an hour."""
    from player_api.analytics import prediction  # numpy: only the worker that does it needs it

    assert outcome is not None
    prediction.save_parts(session, video, outcome["words"], outcome["slides"])


def _embedded(session: Session, video: Video, key: str, outcome: Outcome) -> None:
    assert outcome is not None
    meaning.save(session, video.organization_id, key, outcome["language"], outcome["blocks"])


# An upload is looked at and planned before it is acknowledged, so its steps begin with poster and fill.
ITINERARY = Itinerary(
    steps={
        spec.name: spec
        for spec in (
            #        name          queue     runs                then
            StepSpec("fetch",       "light",  _fetch,              _fetched),
            StepSpec("assemble",    "light",  _assemble,           _assembled),
            StepSpec("poster",      "light",  transcode.poster,    _poster_found),
            StepSpec("digest",      "light",  digest_source,       _digested),
            StepSpec(INDEX,         "media",  index,               _indexed),
            StepSpec("loudness",    "light",  loudness,            _heard),
            StepSpec("listen",      "speech", _listen,             _listened),
            StepSpec("transcribe",  "speech", enrich.transcribe,   _transcribed, failed=_all_said),
            StepSpec("translate",   "speech", enrich.translate,    _translated),
            StepSpec("transcript",  "light",  enrich.write,        _written),
            StepSpec("chapters",    "light",  enrich.outline,      _outlined),
            StepSpec(PARTS,         "light",  enrich.outline,      _parted),
            # The sweeper sees what is not embedded yet: passages come from many places, and change.
            StepSpec(EMBED,         "speech", embedding.embed,     _embedded),
            StepSpec("fill",        "media",  transcode.fill,      _filled),
            StepSpec("measure",     "light",  transcode.measure,   _measured),
            StepSpec("storyboard",  "media",  transcode.sheet),
            StepSpec("iframes",     "media",  transcode.pictures,  _pictured),
            StepSpec("slides",      "media",  _slides,             _looked_at),
            StepSpec("scenes",      "media",  _scenes,             _cut),
            StepSpec("download",    "light",  download.make,       _downloadable),
        )
    },
    render_demand=transcode.demanded,
)
