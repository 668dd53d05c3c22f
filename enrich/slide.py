"""A slide as it was seen in the picture of a lecture."""

from __future__ import annotations

from infra.core.media import Frozen


class Slide(Frozen):
    """What is on the screen from `start_s` (seconds of the video) until the next one.

    `title` is its headline, where one was read; `text` is all that was read, the headline too. `new` is false where the
    slide before only got more lines, or came back.
    """

    start_s: float
    title: str | None
    text: str
    new: bool
