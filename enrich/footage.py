"""The pictures of a video as the steps look at them that find slides and scenes: small, with their times.

They are decoded from cells, which are rendered anyway: nothing but the transcoding opens an upload's picture. What cannot be
known of the plan here is given as `Footage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from enrich.small_pictures import Small, Times, pictures_command, read
from infra.core.errors import NotFound, StepFailed
from infra.core.keys import PlanKeys
from infra.core.steps import StepContext

BACKGROUND = 10  # niceness
_AT_ONCE = 20  # segments whose pictures are in memory together: 45 MB at 25 frames a second


@dataclass(frozen=True, slots=True)
class Footage:
    """Where a video's pictures are. Times are seconds of the video."""

    where: PlanKeys
    pictures: str  # the rendition whose cell n is the one picture of pictures_s[n]
    pictures_s: Sequence[float]  # about 2 s apart; empty: there are none
    cells: str  # the rendition whose cell k is segment k
    starts_s: Sequence[float]  # of every segment, and the end of the last one
    make_still: Callable[[int], None]  # has the still of that tenth of a second be there
    languages: Sequence[str] = ()  # of what is written, as far as it is known (BCP 47)


def frames(ctx: StepContext, footage: Footage, wanted: Sequence[int], *, share: float, colour: bool = False
           ) -> Iterator[tuple[Times, Small]]:
    """All frames of these segments, a pair for each run of neighbours. They are `share` of the step's progress."""
    at_once = _AT_ONCE // 3 if colour else _AT_ONCE
    for at in range(0, len(wanted), at_once):
        segments = wanted[at:at + at_once]
        ctx.check()
        ctx.progress(share * at / len(wanted))
        media_s = sum(footage.starts_s[k + 1] - footage.starts_s[k] for k in segments)
        since_s, found = pictures(ctx, footage, footage.cells, segments, media_s, colour=colour)
        times_s = since_s + footage.starts_s[segments[0]]
        for _, run in groupby(enumerate(segments), key=lambda pair: pair[1] - pair[0]):
            of_run = [k for _, k in run]
            here = (times_s > footage.starts_s[of_run[0]] - 1e-3) & (times_s < footage.starts_s[of_run[-1] + 1] - 1e-3)
            if here.any():
                yield times_s[here], found[here]


def pictures(ctx: StepContext, footage: Footage, rendition: str, cells: Sequence[int], media_s: float, *,
             colour: bool = False) -> tuple[Times, Small]:
    """The small pictures of these cells, with times from the first one on. Raises StepFailed."""
    path = ctx.work / "cells.mp4"
    try:
        with path.open("wb") as file:
            file.write(ctx.storage.read(footage.where.init(rendition)))
            for k in cells:
                file.write(ctx.storage.read(footage.where.cell(rendition, k)))
    except NotFound:
        raise StepFailed("not_rendered", "The pictures of the video are not rendered yet.", retryable=True) from None
    ctx.run(pictures_command(ctx.tools, path, ctx.work, media_s, max_pixels=ctx.settings.max_pixels, nice=BACKGROUND,
                             colour=colour))
    return read(ctx.work, colour=colour)
