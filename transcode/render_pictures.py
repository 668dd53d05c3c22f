"""Renders stills and the sheets of the storyboard, and looks for a picture that can stand for the whole video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import pstdev

from transcode import cells, storyboard
from transcode.plan import Plan
from transcode.render import RenderContext, draw, made

TENTH_S = Fraction(1, 10)
_POSTER_AT = (Fraction(1, 10), Fraction(1, 4), Fraction(1, 30), Fraction(2, 5), Fraction(3, 5))  # of the duration
_POSTER_LATEST_S = 30  # the first candidate: people want the beginning, not the end
_SAMPLE_PX = (32, 18)
_BLANK = 12  # standard deviation of luma (0..255): black, white or a plain colour has about 2, a title slide 20


def still(plan: Plan, at_s: float | Fraction) -> int:
    """Number of the still that shows second `at_s`: its tenth of a second, inside of the video."""
    if not plan.video:
        return 0  # sound alone has one picture
    last = plan.boundaries[-1] - 1
    return max(0, min(int(Fraction(at_s).limit_denominator(1000) / TENTH_S), int(last / plan.frame_rate / TENTH_S)))


def render_still(ctx: RenderContext, tenths: int) -> None:
    """Publish the picture on screen at `tenths` of a second, unless it is there."""
    key = ctx.keys.still(tenths)
    if ctx.storage.stat(key) is None and not ctx.plan.video:
        ctx.storage.put(key, draw(ctx))
    elif ctx.storage.stat(key) is None:
        command = cells.thumbnail_command(ctx.tools, ctx.plan, ctx.source, tenths * TENTH_S, ctx.work,
                                          max_pixels=ctx.max_pixels, nice=ctx.nice)
        ctx.storage.put(key, made(ctx, command, "thumbnail.jpg"))


def render_sheet(ctx: RenderContext, j: int, *, key_frames: bool) -> None:
    """Publish sheet j of the storyboard, unless it is there. `key_frames`: see `transcode.key_frames.near_enough`."""
    key = ctx.keys.sheet(j)
    if ctx.storage.stat(key) is None:
        command = storyboard.sheet_command(ctx.tools, ctx.plan, ctx.source, j, ctx.work, key_frames=key_frames,
                                           max_pixels=ctx.max_pixels, nice=ctx.nice)
        ctx.storage.put(key, made(ctx, command, "sheet.jpg"))


def poster_candidates(plan: Plan) -> Sequence[Fraction]:
    """Seconds at which a poster is looked for, the preferred one first."""
    first, *others = (part * plan.duration_s for part in _POSTER_AT)
    return [min(first, Fraction(_POSTER_LATEST_S)), *others]


def choose_poster(plan: Plan, detail: Callable[[Fraction], float]) -> Fraction:
    """The second of the first candidate that is not blank; of blank ones the least so. See `detail_at`."""
    best: tuple[float, Fraction] | None = None
    for at_s in poster_candidates(plan):
        at_s = still(plan, at_s) * TENTH_S
        found = detail(at_s)
        if found >= _BLANK:
            return at_s
        if best is None or found > best[0]:
            best = found, at_s
    assert best is not None
    return best[1]


def detail_at(ctx: RenderContext, at_s: Fraction) -> float:
    """How much there is to see at `at_s`: the standard deviation of the brightness, 0 to 127."""
    command = cells.sample_command(ctx.tools, ctx.plan, ctx.source, at_s, ctx.work, _SAMPLE_PX,
                                   max_pixels=ctx.max_pixels, nice=ctx.nice)
    return pstdev(made(ctx, command, "sample.gray"))
