"""Which slides a chapter may open on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from enrich.slide import Slide
from enrich.terms import folded, terms, words
from infra.core.media import Frozen

NEAR_S = 8.0  # a lecturer begins to speak of a slide this much before or after it is shown
# How much a slide says for a chapter, in standard deviations of how new the words are.
_CHANGED, _RETITLED, _SECTION = 0.5, 1.5, 3.0
_FEW = 3  # terms beside the headline of a section's slide: a number, a name


class Opening(Frozen):
    """A slide that a chapter may open on: when, its headline, and how much that says for a chapter there."""

    start_s: float
    title: str | None
    weight: float

    @property
    def retitled(self) -> bool:
        """Its headline is not that of the slide before."""
        return self.weight >= _RETITLED

    @property
    def section(self) -> bool:
        """It shows a headline and nothing else."""
        return self.weight >= _SECTION


def openings(slides: Sequence[Slide]) -> list[Opening]:
    """The slides that are new, in the order of time; of those that follow at once, the one that says most."""
    found: list[Opening] = []
    heading = None
    for slide in sorted(slides, key=lambda slide: slide.start_s):
        retitled = slide.title is not None and _same(slide.title) != heading
        heading = _same(slide.title) if slide.title is not None else heading
        if not slide.new:
            continue
        weight = _CHANGED
        if retitled:
            beside = len(list(terms(slide.text))) - len(list(terms(slide.title or "")))
            weight = _SECTION if beside <= _FEW else _RETITLED
        opening = Opening(start_s=slide.start_s, title=slide.title, weight=weight)
        if found and opening.start_s - found[-1].start_s < NEAR_S:
            if weight > found[-1].weight:
                found[-1] = opening
            continue
        found.append(opening)
    return found


def _same(title: str) -> tuple[str, ...]:
    """What is alike in a headline that was read twice: its words, not its spaces and signs."""
    return tuple(folded(word) for word, _, _ in words(title))
