"""What the samples of a title change in its plan."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from media_infos import ENCODER, SLIDES, source, video

from infra.core import samples
from infra.core.media import Sample
from transcode import title
from transcode.plan import Plan, plan

TALK = Sample(width_px=640, height_px=360, frames=12, first_bits=200_000, later_bits=200_000)
NOISE = Sample(width_px=640, height_px=360, frames=12, first_bits=900_000, later_bits=10_000_000)

any_sample = st.builds(Sample, width_px=st.integers(2, 640), height_px=st.integers(2, 640), frames=st.integers(2, 60),
                       first_bits=st.integers(8, 10**7), later_bits=st.integers(8, 10**8))


def planned(*taken: Sample) -> Plan:
    return plan(source("mov", video(samples=taken)), ENCODER)


def rungs(made: Plan) -> list[str]:
    return [rendition.name for rendition in made.of_codec("h264")]


def test_a_title_without_samples_gets_the_whole_ladder() -> None:
    assert rungs(planned()) == ["h264-1080p", "h264-720p", "h264-480p", "h264-360p"]
    assert not title.is_screen(())


def test_slides_are_encoded_as_what_they_are() -> None:
    slides, talk = planned(SLIDES, SLIDES), planned(TALK, TALK)
    assert (slides.screen, talk.screen) == (True, False)
    for codec in ("h264", "av1"):
        assert slides.of_codec(codec)[0].crf > talk.of_codec(codec)[0].crf
    assert int(slides.of_codec("av1")[0].preset) < int(talk.of_codec("av1")[0].preset)
    assert not any(rendition.capped for rendition in (*slides.video, *talk.video))


def test_one_lively_place_is_enough_to_be_no_screen() -> None:
    assert title.is_screen([SLIDES, SLIDES])
    assert not title.is_screen([SLIDES, TALK, SLIDES])


def test_a_rung_that_saves_nobody_anything_is_left_out() -> None:
    assert rungs(planned(SLIDES)) == ["h264-1080p", "h264-720p", "h264-360p"]
    assert rungs(planned(SLIDES, TALK)) == ["h264-1080p", "h264-720p", "h264-480p", "h264-360p"]


def test_a_title_above_its_caps_is_capped_from_the_start() -> None:
    assert all(rendition.capped for rendition in planned(NOISE).of_codec("h264"))


@given(st.lists(any_sample, max_size=4))
def test_the_largest_the_second_and_the_smallest_rung_are_always_there(taken: list[Sample]) -> None:
    kept, whole = planned(*taken), planned()
    assert rungs(kept)[:2] == rungs(whole)[:2]
    assert rungs(kept)[-1] == rungs(whole)[-1]
    assert set(rungs(kept)) <= set(rungs(whole))


@given(st.lists(any_sample, min_size=1, max_size=4), any_sample)
def test_another_sample_never_makes_a_title_easier(taken: list[Sample], other: Sample) -> None:
    size = 1280, 720, Fraction(25), 6.0
    assert title.foretold_bps([*taken, other], *size) >= title.foretold_bps(taken, *size)
    assert title.is_screen(taken) or not title.is_screen([*taken, other])


@given(st.fractions(Fraction(1, 60), 10**5))
def test_samples_lie_inside_the_title(duration_s: Fraction) -> None:
    assert all(0 < time_s < duration_s for time_s in samples.times(duration_s))
