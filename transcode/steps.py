"""The steps of the transcode stage, as the engine calls them, and the cell that a viewer waits for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

from infra.core import keys
from infra.core.errors import StepFailed
from infra.core.keys import PlanKeys
from infra.core.steps import Outcome, StepContext
from transcode import render
from transcode.bandwidth import bit_rates
from transcode.cells import THUMBNAIL_S
from transcode.plan import Plan, VideoRendition
from transcode.source_parts import copied_parts, source_parts

INIT = -1  # segment number that stands for the init sections in a demand
THUMBNAIL = "thumbnail"  # rendition name of the pictures in a demand
_SPAN_S = 60  # a span this long keeps the fixed cost small, and a fleet of workers busy near the end
_KEY = re.compile(r"([a-z0-9-]+):(\d+)-(\d+)")
_BACKGROUND = 10  # niceness of what nobody waits for


def fill_keys(plan: Plan, codecs: Sequence[str]) -> list[str]:
    """Keys of the background fill in these codecs: spans of about a minute, all rungs of a codec each.

    In the order of the video and codec by codec, so that all of it can be watched before more is made of it.
    """
    spans = []
    first = 0
    for k in range(plan.segments):
        if plan.start_s(k + 1) - plan.start_s(first) >= _SPAN_S or k + 1 == plan.segments:
            spans.append((first, k + 1))
            first = k + 1
    keys: list[str] = []
    # Sound goes with the first codec; what is sound only is cheap, and always filled.
    wanted = [codec for codec in plan.codecs if codec in codecs] if plan.video else [""]
    for i, codec in enumerate(wanted):
        for first, last in spans:
            if i == 0:
                keys.extend(f"{track.name}:{first}-{last}" for track in plan.audio)
            if plan.video:
                keys.append(f"{codec}:{first}-{last}")
    return keys


def fill(ctx: StepContext) -> None:
    """Background fill of one span (`h264:12-22`): every cell of it that is not there yet."""
    match = _KEY.fullmatch(ctx.key)
    if match is None:
        raise StepFailed("bad_step", f"There is no span called {ctx.key!r}.")
    group, first, last = match[1], int(match[2]), int(match[3])
    plan = _plan(ctx)
    names = [video.name for video in plan.of_codec(group)]
    names += [track.name for track in plan.audio if track.name == group]
    with _local(ctx, plan, plan.start_s(first), plan.start_s(last)) as source:
        render.fill(_render_context(ctx, plan, source, _BACKGROUND), first, last, names, ctx.progress, ctx.check)


def measure(ctx: StepContext) -> Outcome:
    """Bit rates of the renditions that the fill `ctx.key` (h264, aac) made: name -> [peak, average] in bits a second.

    A rendition of which a segment is missing is left out.
    """
    plan = _plan(ctx)
    where = _keys(ctx, plan)
    found = {}
    for rendition in plan.renditions:
        if ctx.key not in (rendition.name, getattr(rendition, "codec", None)):
            continue
        sizes = {item.key: item.size_bytes for item in ctx.storage.list(where.rendition(rendition.name))}
        cells = [sizes.get(where.cell(rendition.name, k)) for k in range(plan.segments)]
        whole = [size for size in cells if size is not None]
        if len(whole) == plan.segments:
            found[rendition.name] = list(bit_rates(whole, plan.segment_durations_s(rendition)))
    return found


def demanded(ctx: StepContext, name: str, k: int) -> None:
    """What a viewer waits for: cell `k` of a rendition; with k = -1 its init section; of the
    rendition `thumbnail` a picture."""
    plan = _plan(ctx)
    if name == THUMBNAIL:
        start_s, end_s = _thumbnail_s(plan, k)
    else:
        start_s, end_s = (plan.start_s(0), plan.start_s(1)) if k == INIT else (plan.start_s(k), plan.start_s(k + 1))
    rendition = plan.rendition(name) if k != INIT else None
    copied = rendition if isinstance(rendition, VideoRendition) and rendition.copied else None
    with _copied(ctx, plan, copied, k) if copied else _local(ctx, plan, start_s, end_s) as source:
        context = _render_context(ctx, plan, source, 0)
        if name == THUMBNAIL:
            render.render_thumbnail(context, k)
        elif k == INIT:
            render.render_inits(context, [name])
        else:
            render.render(context, k, [name])


def poster(ctx: StepContext) -> None:
    """The picture that stands for the video in lists and before it plays."""
    plan = _plan(ctx)
    i = poster_thumbnail(plan)
    with _local(ctx, plan, *_thumbnail_s(plan, i)) as source:
        render.render_thumbnail(_render_context(ctx, plan, source, 5), i)


def _thumbnail_s(plan: Plan, i: int) -> tuple[Fraction, Fraction]:
    """Which seconds of the source thumbnail `i` is made from; a waveform is of all."""
    return (Fraction(i * THUMBNAIL_S), Fraction(i * THUMBNAIL_S)) if plan.video else (Fraction(0), plan.duration_s)


def poster_thumbnail(plan: Plan) -> int:
    """Number of the thumbnail that is the poster: a tenth into the video, at most half a minute.

    Sound alone has one picture, number 0.
    """
    if not plan.video:
        return 0
    return int(min(plan.duration_s / 10, Fraction(30)) / THUMBNAIL_S)


def _plan(ctx: StepContext) -> Plan:
    if ctx.video.plan is None:
        raise StepFailed("not_planned", "The video has no plan yet.", retryable=True)
    return Plan.model_validate(ctx.video.plan)


def _keys(ctx: StepContext, plan: Plan) -> PlanKeys:
    # The id that the plan was stored under: its own hash is another one where a later version knows more fields.
    return PlanKeys.of(ctx.video.organization_id, ctx.video.id, ctx.video.plan_id or plan.id)


def _local(ctx: StepContext, plan: Plan, start_s: Fraction, end_s: Fraction) -> AbstractContextManager[Path]:
    """The source as a local file that holds at least output seconds [start_s, end_s)."""
    key = keys.source(ctx.video.organization_id, ctx.video.id)
    return ctx.storage.local(key, source_parts(ctx.storage, key, ctx.video.media_info, plan, start_s, end_s))


def _copied(ctx: StepContext, plan: Plan, rendition: VideoRendition, k: int) -> AbstractContextManager[Path]:
    """The source as a local file that holds at least the pictures of a copied cell."""
    key = keys.source(ctx.video.organization_id, ctx.video.id)
    return ctx.storage.local(key, copied_parts(ctx.storage, key, plan, rendition, k))


def _render_context(ctx: StepContext, plan: Plan, source: Path, nice: int) -> render.RenderContext:
    return render.RenderContext(plan, _keys(ctx, plan), source, ctx.work, ctx.storage, ctx.tools, ctx.run,
                                ctx.settings.max_pixels, nice)
