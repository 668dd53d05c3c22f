"""Slides of whole videos: drawn clips with known changes, and recordings."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from clips import CORPUS, Desk
from slide_clips import Change, Deck, film, held_out, mixed, talk
from slide_truth import NOTHING, footage, found_slides, rendered, score, starts_of, step_context

from enrich.slides import scan, slides
from infra.core.errors import StepFailed

pytestmark = pytest.mark.media


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_changes_of_clips_that_nothing_was_chosen_by(desk: Desk, out: Path) -> None:
    total = NOTHING
    for clip in held_out():
        ctx = rendered(desk, clip.make(desk.tools, out), out / clip.name)
        shown = scan(step_context(desk, ctx), footage(ctx))
        total += score(clip.changes, starts_of(shown))
        assert bool(shown) == clip.slides, clip.name
        assert all(a.end_s <= b.start_s for a, b in pairwise(shown)), clip.name
    print(f"\n{total}: recall {total.recall:.3f}, precision {total.precision:.3f}")
    assert total.recall >= 0.95
    assert total.precision >= 0.95
    assert total.kinds >= 0.95 * total.found


@pytest.mark.parametrize("dark", [False, True])
def test_a_talk_is_found_read_and_stored(desk: Desk, out: Path, *, dark: bool) -> None:
    clip = talk("read", 31, pages=3, bullets=2, corner="bottom right", back=True, deck=Deck(31, dark=dark))
    ctx = rendered(desk, clip.make(desk.tools, out), out)
    found = found_slides(desk, ctx)
    assert score(clip.changes, [(slide.start_s, not slide.new) for slide in found.slides]).found == len(clip.changes)
    assert found.slides[0].start_s == 0
    assert found.slides[-1].end_s == pytest.approx(clip.duration_s, abs=0.1)
    assert found.why_none is None
    for slide in found.slides:
        assert ctx.storage.read(ctx.keys.still(slide.image))[:2] == b"\xff\xd8"
    # The second page comes back: its image is the one of its first time.
    assert found.slides[-1].image in [slide.image for slide in found.slides[:-1]]
    if found.read_by is None:
        assert found.why_no_text is not None
        pytest.skip("nothing here reads pictures")
    assert [slide.title for slide in found.slides] == [text[0] for text in clip.texts]
    written = [word for text in clip.texts for line in text for word in line.split()]
    read = [word for slide in found.slides for word in slide.text.split()]
    assert sum((Counter(written) & Counter(read)).values()) >= 0.95 * len(written)
    line = found.slides[0].lines[0]
    assert 0.02 < line.left < 0.06
    assert 0.03 < line.top < 0.1


def test_a_camera_between_slides_belongs_to_none(desk: Desk, out: Path) -> None:
    clip = mixed("hole", 32)
    ctx = rendered(desk, clip.make(desk.tools, out), out)
    shown = scan(step_context(desk, ctx), footage(ctx))
    assert not any(shot.start_s < 23 < shot.end_s for shot in shown)


def test_a_film_says_why_it_has_no_slides(desk: Desk, out: Path) -> None:
    found = found_slides(desk, rendered(desk, film("film", 33).make(desk.tools, out), out))
    assert found.slides == ()
    assert found.why_none is not None


def test_missing_cells_are_asked_for_again(desk: Desk, out: Path) -> None:
    clip = talk("missing", 34, pages=2, bullets=1)
    ctx = desk.context(clip.make(desk.tools, out), out)
    with pytest.raises(StepFailed) as failure:
        slides(step_context(desk, ctx), footage(ctx))
    assert failure.value.code == "not_rendered"
    assert failure.value.retryable


@pytest.mark.release
def test_the_sample_lecture_has_its_slides(desk: Desk, out: Path) -> None:
    demo = Path(__file__).parents[2] / "infra" / "demo"
    expected = [slide["title"].split() for slide in tomllib.loads((demo / "lecture.toml").read_text())["slide"]]
    found = found_slides(desk, rendered(desk, demo / "sample-lecture.mp4", out))
    begins = [slide for slide in found.slides if slide.new]
    assert [round(slide.start_s) for slide in begins] == [0, 9, 24, 42, 58, 70, 80, 89]
    if found.read_by is not None:
        # A title that fades in is whole in the last picture of its slide. Of one in two lines the first is enough.
        last = [[one for one in found.slides if one.start_s < end_s][-1] for end_s in
                [*(slide.start_s for slide in begins[1:]), 1e9]]
        titles = [(slide.title or "").split() for slide in last]
        assert all(titles)
        assert titles == [title[:len(read)] for title, read in zip(expected, titles, strict=True)]


def _recording(name: str) -> Path:
    path = CORPUS / "lectures" / name
    if not path.is_file():
        pytest.skip("the shared corpus is not here")
    return path


@pytest.mark.corpus
@pytest.mark.release
@pytest.mark.timeout(1200)
def test_a_lecture_of_twelve_minutes(desk: Desk, out: Path) -> None:
    path = _recording("synthetic_lecture_12min_1080p.mp4")
    truth = json.loads(path.with_suffix(".truth.json").read_text())["slide_changes"]
    changes = [Change(change["t"], change["t"]) for change in truth if change["t"] > 0]
    ctx = rendered(desk, path, out)
    shown = starts_of(scan(step_context(desk, ctx), footage(ctx)))
    assert score(changes, shown).recall >= 0.95
    # The list knows no builds: what is found besides must be one.
    assert score(changes, [start for start in shown if not start[1]]).precision >= 0.95


@pytest.mark.corpus
def test_four_slides_of_a_variable_frame_rate(desk: Desk, out: Path) -> None:
    ctx = rendered(desk, _recording("slidechanges_vfr.mov"), out)
    shown = scan(step_context(desk, ctx), footage(ctx))
    assert [(round(shot.start_s), shot.build) for shot in shown] == [(0, False), (7, False), (14, False), (21, False)]


@pytest.mark.corpus
@pytest.mark.slow
def test_talking_heads_are_no_slides(desk: Desk, out: Path) -> None:
    ctx = rendered(desk, _recording("talking_heads_vp9_noaudio.webm"), out)
    assert scan(step_context(desk, ctx), footage(ctx)) == []
