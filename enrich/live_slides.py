"""The slides of what is live as they are listed: which picture each has, and what is written on it. Pure.

A slide gets its picture when it is first seen, and another one when it looks different in the end. One that returns has
that of its first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enrich.live_scan import SAME_S, Glance
from enrich.slide import Line, Slide, Slides
from enrich.slide_look import GRID, Blocks, Pictures, differs
from enrich.slide_scan import Shot
from enrich.slide_text import text_of, title_of


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A picture that was made: its number, a tenth of a second (`Slide.image`), and how it looked when it was small."""

    tenth: int
    picture: Pictures
    busy: Blocks

    def shows(self, shot: Shot) -> bool:
        """Whether it is a picture of this slide, as that is in the end."""
        return not differs(self.picture, shot.picture, self.busy | shot.busy)


class Album:
    """The pictures of one session's slides."""

    def __init__(self) -> None:
        self._images: list[Image] = []
        self._of: dict[int, Image] = {}  # by the tenth of a second in which a slide begins

    def image(self, shot: Shot, *, over: bool) -> Image | None:
        """The picture of this slide; None: one has to be made. `over`: it is shown no longer, and stays as it is."""
        begins = tenth(shot.start_s)
        found = self._of.get(begins)
        if found is None or (over and not found.shows(shot)):
            found = next((one for one in self._images if one.shows(shot)), None)
            if found is not None:
                self._of[begins] = found
        return found

    def add(self, shot: Shot) -> Image:
        """A picture of it was made, of the second in which it settled."""
        image = Image(tenth(shot.settled_s), shot.picture, shot.busy)
        self._images.append(image)
        self._of[tenth(shot.start_s)] = image
        return image

    def again(self, stored: Iterable[Slide], seen: Iterable[Glance]) -> None:
        """The pictures of slides that were listed by a process that is no more, as far as they are among what is seen."""
        begins = {one.image: tenth(one.start_s) for one in reversed(list(stored))}
        for glance in seen:
            number = tenth(glance.at_s)
            if number in begins:
                image = Image(number, glance.picture, np.zeros(GRID, dtype=bool))
                self._images.append(image)
                self._of[begins.pop(number)] = image


def listed(before: Sequence[Slide], shots: Sequence[tuple[Shot, Image]], lines: Mapping[int, Sequence[Line]],
           read_by: str | None) -> Slides:
    """What is shown to people. `lines`: what is written on pictures, by their number, as far as it was read; `before`: what
    was listed of a time of which nothing else is known.
    """
    first_s = shots[0][0].start_s if shots else float("inf")
    found = [one for one in before if one.start_s < first_s - SAME_S]
    for shot, image in shots:
        written = tuple(lines.get(image.tenth, ()))
        found.append(Slide(start_s=round(shot.start_s, 3), end_s=round(shot.end_s, 3), new=not shot.build,
                           title=title_of(written), text=text_of(written), image=image.tenth, lines=written))
    return Slides(slides=tuple(found), read_by=read_by)


def tenth(at_s: float) -> int:
    """The number of the still of that second."""
    return int(at_s * 10 + 1e-6)
