"""The plan of a trimmed recording is the plan of a part: the same frames, by the same laws."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from fit_sources import fit_video, packets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from media_infos import ENCODER, SOURCES, audio, copyable, media_infos, source

from infra.core.errors import Rejected
from infra.core.media import MediaInfo
from transcode.key_grid import LONGEST_S
from transcode.plan import Plan, plan
from transcode.trim import LEAST_S, Trim, wanted

any_source = media_infos() | copyable() | st.sampled_from(list(SOURCES.values()))
share = st.fractions(min_value=0, max_value=1, max_denominator=1000)


def part_of(whole: Plan, begin: Fraction, end: Fraction) -> Trim:
    """The part between two shares of it, where that can be trimmed."""
    first, last = sorted((begin * whole.duration_s, end * whole.duration_s))
    assume(last - first > LEAST_S + 1)
    made = wanted(float(first), float(last), whole.duration_s, whole.frame_rate)
    assume(made is not None)
    assert made is not None
    return made


@given(any_source, share, share)
@settings(max_examples=80, deadline=None)
def test_a_part_is_exactly_its_frames_of_the_whole_on_a_grid_of_its_own(info: MediaInfo, begin: Fraction, end: Fraction
                                                                        ) -> None:
    whole = plan(info, ENCODER)
    trim = part_of(whole, begin, end)
    made = plan(info, ENCODER, trim=trim)
    first, last = trim.frames(whole.frame_rate)
    assert made.frame_rate == whole.frame_rate
    assert made.origin_s - whole.origin_s == first / whole.frame_rate == trim.start_s  # so frame n is frame first + n
    assert (made.boundaries[0], made.boundaries[-1]) == (0, last - first)
    assert all(a < b for a, b in pairwise(made.boundaries))
    assert max(b - a for a, b in pairwise(made.boundaries)) / made.frame_rate <= max(LONGEST_S, 2 / made.frame_rate)
    assert made == plan(info, ENCODER, trim=trim)
    assert made.id != whole.id
    assert [rendition.name for rendition in made.renditions] == [rendition.name for rendition in whole.renditions]
    assert [rendition.size for rendition in made.video] == [rendition.size for rendition in whole.video]
    for track in made.audio:  # its packets are cut next to the pictures
        packet_s = Fraction(1024, track.sample_rate_hz)
        for packet, frame in zip(track.boundaries, made.boundaries, strict=True):
            assert abs(track.offset_samples * packet_s / 1024 + packet * packet_s - frame / made.frame_rate) <= 2 * packet_s
        assert 0 <= track.offset_samples <= track.sample_rate_hz / 100


def part(first_s: float, last_s: float | None, **changes: object) -> Plan:
    info = source("mov", fit_video(**changes), audio())
    whole = plan(info, ENCODER)
    return plan(info, ENCODER, trim=wanted(first_s, last_s, whole.duration_s, whole.frame_rate))


def test_a_part_between_key_frames_is_copied() -> None:
    made = part(8, 60)
    assert made.source_fit is not None
    assert made.source_fit.fit
    copied = made.video[0].copied
    assert copied is not None
    assert (copied.first, copied.count, made.boundaries[-1]) == (200, 2500, 1300)
    assert all((copied.first + cut) % 100 == 0 for cut in made.boundaries)


@pytest.mark.parametrize(("start_s", "end_s", "hint"), [
    (7, 60, "the start at 8.000 s"), (8, 61.52, "the end at 60.000 s"),
    (9.6, 62.4, "the start at 8.000 s and the end at 64.000 s")])
def test_a_cut_between_key_frames_is_exact_and_so_it_is_encoded(start_s: float, end_s: float, hint: str) -> None:
    made = part(start_s, end_s)
    assert made.source_fit is not None
    assert made.source_fit.code == "trimmed"
    assert hint in made.source_fit.sentence
    assert all(rendition.copied is None for rendition in made.video)
    assert float(made.duration_s) == pytest.approx(end_s - start_s, abs=1e-9)
    assert made.boundaries[:4] == (0, 50, 100, 150)


def test_where_no_picture_waits_for_a_later_one_the_end_may_be_anywhere() -> None:
    made = part(8, 61.48, reorder_frames=0)
    assert made.source_fit is not None
    assert made.source_fit.fit
    assert made.boundaries[-1] == 1337


def test_bits_are_looked_at_of_the_part_alone() -> None:
    dense = packets(key_bytes=(10_000_000, *(500_000,) * 24))
    assert plan(source("mov", fit_video(packets=dense)), ENCODER).source_fit.code == "over_cap"  # type: ignore[union-attr]
    assert part(4, None, packets=dense).source_fit.fit  # type: ignore[union-attr]


@pytest.mark.parametrize(("start_s", "end_s", "code"), [
    (5.0, 5.0, "trim_backwards"), (6.0, 5.0, "trim_backwards"), (5.0, 6.5, "trim_too_short"), (98.5, None, "trim_too_short"),
    (0.0, 100.1, "trim_outside"), (100.0, None, "trim_outside"), (1e300, None, "trim_outside")])
def test_what_makes_no_sense_is_refused_in_a_sentence(start_s: float, end_s: float | None, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        wanted(start_s, end_s, Fraction(100), Fraction(25))
    assert refused.value.code == code


def test_all_of_it_is_no_trim() -> None:
    whole_s = Fraction(100_100, 1001)
    for end_s in (None, float(whole_s), round(float(whole_s), 3)):
        assert wanted(0.0, end_s, whole_s, Fraction(30_000, 1001)) is None
    assert wanted(0.01, None, whole_s, Fraction(30_000, 1001)) is None  # less than half a frame
