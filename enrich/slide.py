"""The slides of a lecture: what `slides.json` holds."""

from __future__ import annotations

from pydantic import Field

from infra.core import keys
from infra.core.errors import NotFound
from infra.core.media import Frozen
from infra.core.ports import Storage


class Line(Frozen):
    """A line of text on a slide. The box is in parts of the picture, 0 to 1 from its upper left corner.

    `confidence`: of whoever read it, 0 to 100, on average over its letters.
    """

    text: str
    left: float
    top: float
    width: float
    height: float
    confidence: float


class Slide(Frozen):
    """What is shown in seconds [start_s, end_s). `image` is the number of the still that shows it best, its tenth of a
    second; a slide that comes back has the image of its first time.

    `new`: it follows another slide; false for a build, which adds to the one before.
    """

    start_s: float
    end_s: float
    new: bool
    title: str | None = None
    text: str = ""
    image: int
    lines: tuple[Line, ...] = ()


class Slides(Frozen):
    """All slides of a video, in order; ranges do not overlap. `why_none`, `why_no_text`: sentences for people."""

    slides: tuple[Slide, ...] = Field(default=())
    read_by: str | None = None  # what read the text
    why_none: str | None = None
    why_no_text: str | None = None


def load(storage: Storage, organization_id: str, video_id: str) -> Slides | None:
    """What was found of a video; None: nobody has looked yet."""
    return _read(storage, keys.slides(organization_id, video_id))


def load_live(storage: Storage, organization_id: str, video_id: str) -> Slides | None:
    """What was found of it while it is, or was, live; None: nothing, or it never was."""
    return _read(storage, keys.live_slides(organization_id, video_id))


def _read(storage: Storage, key: str) -> Slides | None:
    try:
        return Slides.model_validate_json(storage.read(key))
    except NotFound:
        return None
