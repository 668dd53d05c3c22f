"""Words, captions and chapters of a recording, when only a part of it is shown, and when all of it is again. Pure.

    whole --cut--> shown, which people may edit --joined--> whole

`joined` gives back what was cut off, and what was clipped at the cuts, so that joined(cut(whole), whole) is the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from enrich.caption_files import Caption
from enrich.chapters import Chapter
from enrich.transcript import Word

Timed = TypeVar("Timed", Word, Caption)


def cut(whole: Sequence[Timed], start_s: float, end_s: float) -> list[Timed]:
    """What is said in [start_s, end_s), on a time line that begins there: whatever has its middle there."""
    return [_clipped(one, start_s, end_s) for one in whole if _within(one, start_s, end_s)]


def joined(shown: Sequence[Timed], whole: Sequence[Timed], start_s: float, end_s: float) -> list[Timed]:
    """What is said in all of a recording: `shown` is what the part says now, `whole` what all of it said before the cut."""
    before: dict[Timed, list[Timed]] = {}
    for one in whole:
        if _within(one, start_s, end_s):
            before.setdefault(_clipped(one, start_s, end_s), []).append(one)
    back = [before[one].pop(0) if before.get(one) else _moved(one, one.start_s + start_s, one.end_s + start_s)
            for one in shown]
    outside = [one for one in whole if not _within(one, start_s, end_s)]
    return sorted(outside + back, key=lambda one: one.start_s)


def cut_chapters(whole: Sequence[Chapter], start_s: float, end_s: float) -> list[Chapter]:
    """The chapters of [start_s, end_s), on a time line that begins there. The first one may have begun before."""
    return list(_cut_of(whole, start_s, end_s))


def joined_chapters(shown: Sequence[Chapter], whole: Sequence[Chapter], start_s: float, end_s: float) -> list[Chapter]:
    """The chapters of all of a recording; as in `joined`."""
    before = _cut_of(whole, start_s, end_s)
    found = {one.start_s: one for one in whole if not start_s <= one.start_s < end_s}
    for one in shown:
        back = before.get(one) or one.model_copy(update={"start_s": round(one.start_s + start_s, 3)})
        found[back.start_s] = back
    chapters = [found[at_s] for at_s in sorted(found)]
    # Every second belongs to a chapter.
    return [chapters[0].model_copy(update={"start_s": 0.0}), *chapters[1:]] if chapters else []


def _cut_of(whole: Sequence[Chapter], start_s: float, end_s: float) -> dict[Chapter, Chapter]:
    """Each chapter of the part, and which one of the whole it is."""
    first = max((i for i, one in enumerate(whole) if one.start_s <= start_s), default=0)
    return {one.model_copy(update={"start_s": round(max(0.0, one.start_s - start_s), 3)}): one
            for one in whole[first:] if one.start_s < end_s}


def _within(one: Timed, start_s: float, end_s: float) -> bool:
    return start_s <= (one.start_s + one.end_s) / 2 < end_s


def _clipped(one: Timed, start_s: float, end_s: float) -> Timed:
    return _moved(one, max(one.start_s, start_s) - start_s, min(one.end_s, end_s) - start_s)


def _moved(one: Timed, start_s: float, end_s: float) -> Timed:
    return one.model_copy(update={"start_s": round(start_s, 3), "end_s": round(end_s, 3)})
