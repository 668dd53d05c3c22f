"""The step that finds the slides of a video and reads them.

It looks at what is rendered anyway: the trick-play pictures say where something changed, the cells of the smallest
rendition say when.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from enrich.footage import BACKGROUND, Footage, frames, pictures
from enrich.slide import Line, Slide, Slides
from enrich.slide_readers import NONE, Reader, find_reader
from enrich.slide_scan import Shot, same_pictures, shots, unsettled
from enrich.slide_strip import strip_of, with_frames
from enrich.slide_text import text_of, title_of
from infra.core import keys
from infra.core.errors import StepFailed
from infra.core.steps import Outcome, StepContext

_FILM = "This video shows no slides: nothing that is drawn stands still for long enough."
_NO_PICTURES = "Slides are looked for in H.264 pictures, and this video has none."
_SCANNED = 0.3  # of the step's progress


def slides(ctx: StepContext, footage: Footage) -> Outcome:
    """Find the slides, read them and publish `slides.json`: {"slides": their number, "film": pictures, and no slides}.

    Without slides, or without a program that reads, it says so there, which is no failure. Raises StepFailed:
    `not_rendered` while cells are missing, `bad_cell`, the runner's codes.
    """
    found = _found(ctx, footage)
    ctx.storage.put(keys.slides(ctx.video.organization_id, ctx.video.folder), found.model_dump_json().encode())
    return {"slides": len(found.slides), "film": bool(footage.pictures_s) and not found.slides}


def _found(ctx: StepContext, footage: Footage) -> Slides:
    if not footage.pictures_s:
        return Slides(why_none=_NO_PICTURES)
    shown = scan(ctx, footage)
    ctx.progress(_SCANNED)
    if not shown:
        return Slides(why_none=_FILM)
    reader = find_reader(ctx.run, ctx.tools, footage.languages, max_pixels=ctx.settings.max_pixels, nice=BACKGROUND)
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
    _, shown = pictures(ctx, footage, footage.pictures, range(len(footage.pictures_s)), starts_s[-1])
    if len(shown) != len(footage.pictures_s):
        raise StepFailed("bad_cell", "The trick-play pictures are not those of the plan.", retryable=True)
    strip = strip_of(np.array(footage.pictures_s, dtype=np.float64), shown)
    ranges = unsettled(strip)
    wanted = [k for k, (start_s, end_s) in enumerate(pairwise(starts_s))
              if any(start_s < until_s - 1e-6 and from_s < end_s - 1e-6 for from_s, until_s in ranges)]
    return shots(with_frames(strip, frames(ctx, footage, wanted, share=_SCANNED)), starts_s[-1])
