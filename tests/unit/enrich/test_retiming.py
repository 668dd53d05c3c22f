"""What is said and written of a part, and of the whole again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enrich.caption_files import Caption
from enrich.chapters import Chapter
from enrich.retiming import cut, cut_chapters, joined, joined_chapters

LENGTH_MS = 60_000
moment = st.integers(0, LENGTH_MS)
parts = st.tuples(moment, moment).filter(lambda part: abs(part[0] - part[1]) >= 2000).map(
    lambda part: (min(part) / 1000, max(part) / 1000))


def said(start_s: float, end_s: float, text: str = "so") -> Caption:
    return Caption(start_s=start_s, end_s=end_s, lines=(text,))


@st.composite
def captions(draw: st.DrawFn) -> list[Caption]:
    times = draw(st.lists(st.tuples(moment, st.integers(1, 6000)), max_size=12))
    return [said(start / 1000, (start + length) / 1000, draw(st.sampled_from("ab"))) for start, length in sorted(times)]


@st.composite
def chapters(draw: st.DrawFn) -> list[Chapter]:
    starts = draw(st.sets(moment, max_size=8))
    return [Chapter(start_s=at / 1000, title=str(i)) for i, at in enumerate(sorted(starts | {0}))] if starts else []


def ordered(found: list[Caption]) -> list[tuple[object, ...]]:
    return sorted((one.start_s, one.end_s, one.lines) for one in found)


@given(captions(), parts)
def test_what_was_cut_off_comes_back_to_the_millisecond(whole: list[Caption], part: tuple[float, float]) -> None:
    shown = cut(whole, *part)
    assert all(0 <= one.start_s <= one.end_s <= round(part[1] - part[0], 3) for one in shown)
    assert ordered(joined(shown, whole, *part)) == ordered(whole)


@given(chapters(), parts)
def test_chapters_come_back_and_every_second_of_a_part_has_one(whole: list[Chapter], part: tuple[float, float]) -> None:
    shown = cut_chapters(whole, *part)
    assert bool(shown) == bool(whole)
    assert not shown or shown[0].start_s == 0
    assert all(one.start_s < part[1] - part[0] for one in shown)
    assert joined_chapters(shown, whole, *part) == whole


def test_what_people_wrote_meanwhile_stays() -> None:
    whole = [said(1, 3, "waiting"), said(9, 12, "clipped"), said(15, 18, "heard"), said(25, 28, "leaving")]
    shown = cut(whole, 10, 20)
    assert [(one.start_s, one.end_s, one.text) for one in shown] == [(0, 2, "clipped"), (5, 8, "heard")]
    shown[1] = said(5, 8, "mended")
    back = joined([*shown, said(8, 9, "new")], whole, 10, 20)
    assert [(one.start_s, one.text) for one in back] == [
        (1, "waiting"), (9, "clipped"), (15, "mended"), (18, "new"), (25, "leaving")]
    titles = [Chapter(start_s=at_s, title=title) for at_s, title in ((0, "Waiting"), (10, "Lecture"), (30, "Questions"))]
    shown_titles = cut_chapters(titles, 12, 40)
    assert shown_titles == [Chapter(start_s=0, title="Lecture"), Chapter(start_s=18, title="Questions")]
    shown_titles[1] = Chapter(start_s=17, title="Your questions")
    assert joined_chapters(shown_titles, titles, 12, 40) == [*titles[:2], Chapter(start_s=29, title="Your questions")]
    first = [Chapter(start_s=0, title="Begins here")]
    assert joined_chapters(first, [], 12, 40) == first
