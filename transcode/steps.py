"""The steps of the transcode stage, as the engine calls them, and the cell that a viewer waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from infra.core import keys
from infra.core.errors import StepFailed
from infra.core.keys import PlanKeys
from infra.core.steps import Outcome, StepContext
from transcode import indexed_copy, render, render_pictures, render_trickplay, storyboard, trickplay
from transcode.bandwidth import bit_rates
from transcode.key_frames import near_enough
from transcode.plan import Plan, VideoRendition
from transcode.render_pictures import TENTH_S
from transcode.sound import AudioTrack
from transcode.source_parts import copied_parts, source_parts

INIT = -1  # segment number that stands for the init sections in a demand
STILL = "still"  # rendition name of the pictures in a demand; their number is in tenths of a second
_SPAN_S = 60  # a span this long keeps the fixed cost small, and a fleet of workers busy near the end
_KEY = re.compile(r"([a-z0-9-]+):(\d+)-(\d+)")
_BACKGROUND = 10  # niceness of what nobody waits for
_PICTURES_AT_ONCE = 10  # segments whose trick-play pictures one decoder makes
_SOON = 5  # and of what somebody will see next


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
    plan = plan_of(ctx)
    names = [video.name for video in plan.of_codec(group)]
    names += [track.name for track in plan.audio if track.name == group]
    with _rendering(ctx, plan, plan.start_s(first), plan.start_s(last), _BACKGROUND, names) as context:
        render.fill(context, first, last, names, ctx.progress, ctx.check)


def measure(ctx: StepContext) -> Outcome:
    """Bit rates of the renditions that the fill `ctx.key` (h264, aac) made: name -> [peak, average] in bits a second.

    A rendition of which a segment is missing is left out.
    """
    plan = plan_of(ctx)
    where = keys_of(ctx, plan)
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
    """What a viewer waits for: cell `k` of a rendition; with k = -1 its init section; of the rendition
    `still` the picture at `k` tenths of a second; of the rendition `storyboard` sheet `k`; of the rendition
    `iframes` the pictures of segment `k`."""
    plan = plan_of(ctx)
    if name == STILL:
        with _context_at(ctx, plan, k * TENTH_S, 0) as context:
            render_pictures.render_still(context, k)
        return
    if name == storyboard.NAME:
        _sheet(ctx, plan, k, 0)
        return
    if name == trickplay.NAME:
        _pictures(ctx, plan, max(0, k), max(0, k) + 1, 0)
        return
    start_s, end_s = (plan.start_s(0), plan.start_s(1)) if k == INIT else (plan.start_s(k), plan.start_s(k + 1))
    rendition = plan.rendition(name) if k != INIT else None
    copied = rendition if isinstance(rendition, VideoRendition) and rendition.copied else None
    with _copying(ctx, plan, copied, k) if copied else _rendering(ctx, plan, start_s, end_s, 0, [name]) as context:
        if k == INIT:
            render.render_inits(context, [name])
        else:
            render.render(context, k, [name])


def still(ctx: StepContext, tenths: int) -> None:
    """The picture at so many tenths of a second, in the background."""
    with _context_at(ctx, plan_of(ctx), tenths * TENTH_S, _BACKGROUND) as context:
        render_pictures.render_still(context, tenths)


def poster(ctx: StepContext) -> Outcome:
    """Choose the picture that stands for the video in lists and before it plays: {"poster_s": its second}."""
    plan = plan_of(ctx)
    if not plan.video:
        with _context_at(ctx, plan, Fraction(0), _SOON) as context:
            render_pictures.render_still(context, 0)
        return {"poster_s": 0.0}

    def detail(at_s: Fraction) -> float:
        with _context_at(ctx, plan, at_s, _SOON) as context:
            return render_pictures.detail_at(context, at_s)

    at_s = render_pictures.choose_poster(plan, detail)
    with _context_at(ctx, plan, at_s, _SOON) as context:
        render_pictures.render_still(context, render_pictures.still(plan, at_s))
    return {"poster_s": float(at_s)}


def storyboard_keys(plan: Plan) -> list[str]:
    """Keys of the step `storyboard`: a sheet each."""
    return [str(j) for j in range(storyboard.board(plan).sheets)] if plan.video else []


def sheet(ctx: StepContext) -> None:
    """One sheet of the storyboard, in the background."""
    if not ctx.key.isdecimal():
        raise StepFailed("bad_step", f"There is no sheet called {ctx.key!r}.")
    _sheet(ctx, plan_of(ctx), int(ctx.key), _BACKGROUND)


def _sheet(ctx: StepContext, plan: Plan, j: int, nice: int) -> None:
    if j >= storyboard.board(plan).sheets:
        raise StepFailed("bad_step", f"There is no sheet {j}.")
    start_s, end_s = storyboard.sheet_span(plan, j)
    key = _source_key(ctx)
    found = ctx.storage.stat(key)
    dense = found is not None and near_enough(
        lambda at, length: ctx.storage.read(key, at, length), found.size_bytes, plan, start_s, end_s)
    for key_frames in ([True, False] if dense else [False]):
        try:
            with _rendering(ctx, plan, start_s, end_s, nice, only_key_frames=key_frames) as context:
                render_pictures.render_sheet(context, j, key_frames=key_frames)
            return
        except StepFailed as failure:
            # Broadcast recordings may mark pictures as key frames that no decoder takes for one.
            if not key_frames or failure.code not in ("not_rendered", "bad_cell"):
                raise


def pictures(ctx: StepContext) -> None:
    """The trick-play pictures of a span of segments (`40-80`), in the background."""
    match = re.fullmatch(r"(\d+)-(\d+)", ctx.key)
    plan = plan_of(ctx)
    if match is None or not int(match[1]) < int(match[2]) <= plan.segments:
        raise StepFailed("bad_step", f"There is no span called {ctx.key!r}.")
    first, last = int(match[1]), int(match[2])
    for k in range(first, last, _PICTURES_AT_ONCE):
        ctx.check()
        _pictures(ctx, plan, k, min(k + _PICTURES_AT_ONCE, last), _BACKGROUND)
        ctx.progress((k - first) / (last - first))


def _pictures(ctx: StepContext, plan: Plan, first: int, last: int, nice: int) -> None:
    """Pictures of segments [first, last) that are not there yet; the base rung's cells first, where they are missing."""
    context = _render_context(ctx, plan, ctx.work, nice)  # the source is only opened for missing cells
    wanted = render_trickplay.missing(context, first, last)
    if not wanted:
        return
    base = trickplay.base(plan).name
    for k in wanted:
        render_missing(ctx, plan, k, [base], nice)
    for run in trickplay.runs(wanted):
        render_trickplay.render_pictures(context, *run)


def render_missing(ctx: StepContext, plan: Plan, k: int, names: Sequence[str], nice: int = _BACKGROUND) -> None:
    """Segment k of the renditions `names`, as far as it is not there yet; only then the source is fetched."""
    where = keys_of(ctx, plan)
    if any(ctx.storage.stat(where.cell(name, k)) is None for name in names):
        with _rendering(ctx, plan, plan.start_s(k), plan.start_s(k + 1), nice, names) as context:
            render.render(context, k, names)


def plan_of(ctx: StepContext) -> Plan:
    """The video's plan. Raises StepFailed(not_planned)."""
    if ctx.video.plan is None:
        raise StepFailed("not_planned", "The video has no plan yet.", retryable=True)
    return Plan.model_validate(ctx.video.plan)


def keys_of(ctx: StepContext, plan: Plan) -> PlanKeys:
    """Where what is rendered for the plan lies."""
    # The id that the plan was stored under: its own hash is another one where a later version knows more fields.
    return PlanKeys.of(ctx.video.organization_id, ctx.video.folder, ctx.video.plan_id or plan.id)


def _source_key(ctx: StepContext) -> str:
    return keys.source(ctx.video.organization_id, ctx.video.source_folder)


@contextmanager
def _rendering(ctx: StepContext, plan: Plan, start_s: Fraction, end_s: Fraction, nice: int, names: Sequence[str] = (), *,
               only_key_frames: bool = False) -> Iterator[render.RenderContext]:
    """For output seconds [start_s, end_s) of the renditions `names` (none: pictures): with the source as a local file that
    holds at least these, or with the copy of it that has an index.
    """
    key, info, read = _source_key(ctx), ctx.video.media_info, plan
    sound = any(isinstance(plan.rendition(name), AudioTrack) for name in names)
    if info is not None and info.indexed is not None and (info.indexed.audio or not sound):
        key = keys.indexed(ctx.video.organization_id, ctx.video.source_folder)
        read, info = indexed_copy.for_copy(plan, info, info.indexed), info.indexed
    parts = source_parts(ctx.storage, key, info, read, start_s, end_s, only_key_frames=only_key_frames)
    with ctx.storage.local(key, parts) as source:
        yield replace(_render_context(ctx, plan, source, nice), plan=read)


def _context_at(ctx: StepContext, plan: Plan, at_s: Fraction, nice: int) -> AbstractContextManager[render.RenderContext]:
    """For the picture at `at_s`; of sound alone for the one that is drawn of all of it."""
    start_s, end_s = (at_s, at_s) if plan.video else (Fraction(0), plan.duration_s)
    return _rendering(ctx, plan, start_s, end_s, nice)


@contextmanager
def _copying(ctx: StepContext, plan: Plan, rendition: VideoRendition, k: int) -> Iterator[render.RenderContext]:
    """With the source as a local file that holds at least the pictures of a copied cell."""
    key = _source_key(ctx)
    with ctx.storage.local(key, copied_parts(ctx.storage, key, plan, rendition, k)) as source:
        yield _render_context(ctx, plan, source, 0)


def _render_context(ctx: StepContext, plan: Plan, source: Path, nice: int) -> render.RenderContext:
    return render.RenderContext(plan, keys_of(ctx, plan), source, ctx.work, ctx.storage, ctx.tools, ctx.run,
                                ctx.settings.max_pixels, nice)
