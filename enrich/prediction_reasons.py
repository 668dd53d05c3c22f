"""Why a part of a video is expected to lose many learners, or few, in plain words. Pure.

Only what the law that is served looks at is a reason. Factors say by how much the hazard is multiplied; they come from what
went together in other videos, so a reason is not a cause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from enrich.prediction import BUILT_IN, BY_RATIO, FACTORS, OPENING, Floats, Law, effects, hazards, opening_share, scales
from enrich.prediction_features import NOTHING, Features
from enrich.prediction_parts import Part

LEAST = math.log(1.05)  # what changes less is no reason
MOST = 4
# What it is called when there is more, and when there is less of it than usual; what a value means, and how it is written.
_SAID = {
    "speech_rate": ("Fast speech", "Slow speech", "{} words a minute", ".0f"),
    "silence": ("Much silence", "Little silence", "nobody speaks in {} of the time", ".0%"),
    "new_words": ("Many new words", "Few new words", "{} a minute that were not said before", ".0f"),
    "new_topic": ("A new topic", "The same topic goes on", "the words differ by {} from the minute before", ".2f"),
    "word_length": ("Long words", "Short words", "{} letters on average", ".1f"),
    "slide_age_s": ("The picture stands still", "A new picture", "for {} s", ".0f"),
    "slide_changes": ("Many new slides", "Few new slides", "{} a minute", ".1f"),
    "slide_words": ("Much text on the slide", "Little text on the slide", "{} words", ".0f"),
    "slides_shown": ("Slides are shown", "Few slides are shown", "in {} of the time", ".0%"),
}


class Reason(NamedTuple):
    """`factor` multiplies the hazard; `value` is that of the part, `usual` that of other videos."""

    name: str
    factor: float
    value: float | None
    usual: float | None
    text: str


def reasons(law: Law, parts: Sequence[Part], length_s: int, known: Sequence[Features]) -> list[list[Reason]]:
    """Of each part those that change its hazard by 5 % at least, the strongest first."""
    place = hazards(law.model_copy(update={"of_features": ()}), parts, length_s, known)
    middle = float(np.median(place)) if len(parts) else 1.0
    of_length = _by_length(law, parts, length_s)
    opening = opening_share(parts, length_s)
    by_feature, table = effects(law, known), scales(known)
    usual = [_value(name, mean) for name, mean in zip(FACTORS, law.means, strict=False)]
    found = []
    for n, ((start, _), its) in enumerate(zip(parts, known, strict=True)):
        lines = [_placed(start, length_s, math.log(float(place[n]) / middle), in_opening=bool(opening[n] > 0)),
                 _long(law, length_s, float(of_length[n]))]
        for column, name in enumerate(FACTORS):
            if law.of_features and not np.isnan(table[n, column]):
                value, effect = its[column], float(by_feature[n, column])
                assert value is not None
                lines.append(Reason(name, math.exp(effect), value, usual[column], _sentence(name, value, usual[column])))
        strong = [line for line in lines if abs(math.log(line.factor)) >= LEAST]
        found.append(sorted(strong, key=lambda line: -abs(math.log(line.factor)))[:MOST])
    return found


def _sentence(name: str, value: float, usual: float) -> str:
    more, less, what, how = _SAID[name]
    return f"{more if value >= usual else less}: {what.format(format(value, how))}; usual: {format(usual, how)}."


def _placed(start: int, length_s: int, effect: float, *, in_opening: bool) -> Reason:
    where = (f"The first {OPENING:.0%} of the video: many only look in" if in_opening
             else f"{start / length_s:.0%} into the video")
    text = f"{where}; by its place alone it loses {'more' if effect >= 0 else 'fewer'} learners than most of this video."
    return Reason("position", math.exp(effect), start / length_s, None, text)


def _long(law: Law, length_s: int, effect: float) -> Reason:
    more = "more" if effect >= 0 else "fewer"
    return Reason("length", math.exp(effect), float(length_s), round(law.typical_s), (
        f"{'A long' if length_s > law.typical_s else 'A short'} video: {length_s / 60:.0f} min; usual: "
        f"{law.typical_s / 60:.0f} min. By its length alone it loses {more} learners here."))


def _by_length(law: Law, parts: Sequence[Part], length_s: int) -> Floats:
    """The logarithm of how many times as many leave here as in the same hundredths of a video of usual length."""
    bare, by = law.model_copy(update={"of_features": ()}), law.typical_s / length_s
    if not parts or law.of_places == BUILT_IN.of_places:
        return np.zeros(len(parts))
    nothing = [NOTHING] * len(parts)
    here = hazards(bare, parts, length_s, nothing)
    scaled = np.array(parts, np.float64) * by
    there = hazards(bare, [(start, end) for start, end in scaled.tolist()], law.typical_s, nothing) * by
    found: Floats = np.log(here / there)
    return found


def _value(name: str, mean: float) -> float:
    """A mean as `scales` has it, as people say it."""
    return math.expm1(mean) if name in BY_RATIO else mean
