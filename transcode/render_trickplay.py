"""Renders the pictures of trick play out of finished cells, checks them, publishes them."""

from __future__ import annotations

from dataclasses import replace

from infra.core import boxes, cmaf
from infra.core.errors import StepFailed
from transcode import trickplay
from transcode.plan import time_scale
from transcode.render import RenderContext, made


def missing(ctx: RenderContext, first: int, last: int) -> list[int]:
    """The segments of [first, last) whose pictures are not all there."""
    stored = ctx.storage.stat
    found = []
    n = trickplay.first_picture(ctx.plan, first)
    for k in range(first, last):
        count = len(trickplay.frames_of(ctx.plan, k))
        if any(stored(ctx.keys.cell(trickplay.NAME, n + i)) is None for i in range(count)):
            found.append(k)
        n += count
    return found


def render_pictures(ctx: RenderContext, first: int, last: int) -> None:
    """Publish the pictures of segments [first, last), whose cells of the base rung must be there, and the init section.

    Raises StepFailed: `bad_cell`, `other_encoder` or the runner's codes; OutOfSpace; NotFound without the cells.
    """
    plan, storage, keys = ctx.plan, ctx.storage, ctx.keys
    if ctx.tools.encoder != plan.encoder:
        raise StepFailed("other_encoder", f"This video was planned for {plan.encoder}, but this machine has "
                         f"{ctx.tools.encoder}. Install the former again, or upload the video anew.")
    base = trickplay.base(plan).name
    cells = b"".join([storage.read(keys.init(base)), *(storage.read(keys.cell(base, k)) for k in range(first, last))])
    starts = trickplay.frames(plan)
    begin = trickplay.first_picture(plan, first)
    count = sum(len(trickplay.frames_of(plan, k)) for k in range(first, last))
    chosen: dict[int, bytes] = {}
    init = b""
    for quantiser in trickplay.QUANTISERS:
        init, samples = _encoded(ctx, cells, first, last, quantiser)
        if len(samples) != count:
            raise _bad(f"{len(samples)} pictures instead of {count}")
        for i, sample in enumerate(samples):
            if i not in chosen and (len(sample) <= trickplay.MAX_BYTES or quantiser == trickplay.QUANTISERS[-1]):
                chosen[i] = sample
        if len(chosen) == count:
            break
    storage.put_new(keys.init(trickplay.NAME), init)
    if storage.read(keys.init(trickplay.NAME)) != init:
        raise StepFailed("other_encoder", "The trick-play pictures were begun by another build of the encoder. "
                         "Use the same ffmpeg on all workers.", retryable=True)
    for i, sample in sorted(chosen.items()):
        media = trickplay.fragment(plan, begin + i, starts, sample)
        trickplay.check(plan, begin + i, starts, media)
        storage.put(keys.cell(trickplay.NAME, begin + i), media)


def _encoded(ctx: RenderContext, cells: bytes, first: int, last: int, quantiser: int) -> tuple[bytes, list[bytes]]:
    """Init section, the same whatever the quantiser, and coded pictures."""
    plan = ctx.plan
    source = ctx.work / "cells.mp4"
    source.write_bytes(cells)
    command = trickplay.pictures_command(ctx.tools, plan, source, first, last, quantiser, ctx.work,
                                         max_pixels=ctx.max_pixels, nice=ctx.nice)
    # The file lies in the work folder, which the command may write to anyway.
    data = made(ctx, replace(command, reads=()), "pictures.mp4")
    try:
        init, media = boxes.split_init(data)
        init = cmaf.with_brand(init)
        samples = list(trickplay.samples(media))[trickplay.surplus(plan, first):]
        codecs, scale = boxes.video_codecs(init), boxes.time_scale(init)
    except boxes.BadBoxes as error:
        raise _bad(str(error)) from error
    wanted = trickplay.codecs(plan), time_scale(plan.frame_rate)
    if (codecs, scale) != wanted:
        raise _bad(f"{codecs} at {scale} ticks a second instead of {wanted[0]} at {wanted[1]}")
    return init, samples


def _bad(why: str) -> StepFailed:
    return StepFailed("bad_cell", f"The trick-play pictures did not come out as planned: {why}.", retryable=True)
