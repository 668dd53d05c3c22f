"""The step that finds the slides of a video and reads them.

It looks at what is rendered anyway: the trick-play pictures say where something changed, the cells of the smallest
rendition say when. What it cannot know of the plan it is given as `Footage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from enrich.slide import Line, Slide, Slides
from enrich.slide_look import Pictures
from enrich.slide_pictures import pictures_command, read
from enrich.slide_readers import NONE, Reader, find_reader
from enrich.slide_scan import Shot, Times, same_pictures, shots, strip_of, unsettled, with_frames
from enrich.slide_text import text_of, title_of
from infra.core import keys
from infra.core.errors import NotFound, StepFailed
from infra.core.keys import PlanKeys
from infra.core.steps import Outcome, StepContext

_BACKGROUND = 10  # niceness
_AT_ONCE = 20  # segments whose pictures are in memory together: 45 MB at 25 frames a second
_FILM = "This video shows no slides: nothing that is drawn stands still for long enough."
_NO_PICTURES = "Slides are looked for in H.264 pictures, and this video has none."
_SCANNED = 0.3  # of the step's progress


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


def slides(ctx: StepContext, footage: Footage) -> Outcome:
    """Find the slides, read them and publish `slides.json`: {"slides": their number}.

    Without slides, or without a program that reads, it says so there, which is no failure. Raises StepFailed:
    `not_rendered` while cells are missing, `bad_cell`, the runner's codes.
    """
    found = _found(ctx, footage)
    ctx.storage.put(keys.slides(ctx.video.organization_id, ctx.video.id), found.model_dump_json().encode())
    return {"slides": len(found.slides)}


def _found(ctx: StepContext, footage: Footage) -> Slides:
    if not footage.pictures_s:
        return Slides(why_none=_NO_PICTURES)
    shown = scan(ctx, footage)
    ctx.progress(_SCANNED)
    if not shown:
        return Slides(why_none=_FILM)
    reader = find_reader(ctx.run, ctx.tools, footage.languages, max_pixels=ctx.settings.max_pixels, nice=_BACKGROUND)
    images: dict[int, int] = {}
    texts: dict[int, list[Line]] = {}
    same = same_pictures(shown)
    for i in dict.fromkeys(same):
        images[i] = _tenth(shown[i])
        footage.make_still(images[i])
        texts[i] = _read(ctx, footage, reader, images[i]) if reader else []
        ctx.check()
        ctx.progress(_SCANNED + (1 - _SCANNED) * (i + 1) / len(shown))
    return Slides(
        slides=tuple(Slide(start_s=round(shot.start_s, 3), end_s=round(shot.end_s, 3), new=not shot.build,
                           title=title_of(texts[i]), text=text_of(texts[i]), image=images[i], lines=tuple(texts[i]))
                     for shot, i in zip(shown, same, strict=True)),
        read_by=reader.name if reader else None, why_no_text=None if reader else NONE)


def _tenth(shot: Shot) -> int:
    """The still of a slide: when all of it is there, just before it goes."""
    return int(shot.settled_s * 10 + 1e-6)


def _read(ctx: StepContext, footage: Footage, reader: Reader, tenth: int) -> list[Line]:
    image = ctx.work / "still.jpg"
    image.write_bytes(ctx.storage.read(footage.where.still(tenth)))
    return reader(image, ctx.work)


def scan(ctx: StepContext, footage: Footage) -> list[Shot]:
    """The slides, without their text. Raises as `slides`."""
    starts_s = footage.starts_s
    _, pictures = _pictures(ctx, footage, footage.pictures, range(len(footage.pictures_s)), starts_s[-1])
    if len(pictures) != len(footage.pictures_s):
        raise StepFailed("bad_cell", "The trick-play pictures are not those of the plan.", retryable=True)
    strip = strip_of(np.array(footage.pictures_s, dtype=np.float64), pictures)
    ranges = unsettled(strip)
    wanted = [k for k, (start_s, end_s) in enumerate(pairwise(starts_s))
              if any(start_s < until_s - 1e-6 and from_s < end_s - 1e-6 for from_s, until_s in ranges)]
    return shots(with_frames(strip, _frames(ctx, footage, wanted)), starts_s[-1])


def _frames(ctx: StepContext, footage: Footage, wanted: Sequence[int]) -> Iterator[tuple[Times, Pictures]]:
    """All frames of these segments, a pair for each run of neighbours."""
    for at in range(0, len(wanted), _AT_ONCE):
        segments = wanted[at:at + _AT_ONCE]
        ctx.check()
        ctx.progress(_SCANNED * at / len(wanted))
        media_s = sum(footage.starts_s[k + 1] - footage.starts_s[k] for k in segments)
        since_s, frames = _pictures(ctx, footage, footage.cells, segments, media_s)
        times_s = since_s + footage.starts_s[segments[0]]
        for _, run in groupby(enumerate(segments), key=lambda pair: pair[1] - pair[0]):
            of_run = [k for _, k in run]
            here = (times_s > footage.starts_s[of_run[0]] - 1e-3) & (times_s < footage.starts_s[of_run[-1] + 1] - 1e-3)
            if here.any():
                yield times_s[here], frames[here]


def _pictures(ctx: StepContext, footage: Footage, rendition: str, cells: Sequence[int], media_s: float
              ) -> tuple[Times, Pictures]:
    """The small pictures of these cells, with times from the first one on."""
    path = ctx.work / "cells.mp4"
    try:
        with path.open("wb") as file:
            file.write(ctx.storage.read(footage.where.init(rendition)))
            for k in cells:
                file.write(ctx.storage.read(footage.where.cell(rendition, k)))
    except NotFound:
        raise StepFailed("not_rendered", "The pictures of the video are not rendered yet.", retryable=True) from None
    ctx.run(pictures_command(ctx.tools, path, ctx.work, media_s, max_pixels=ctx.settings.max_pixels, nice=_BACKGROUND))
    return read(ctx.work)
