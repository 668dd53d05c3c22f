"""What every plan promises, whatever the source."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_infos import ENCODER, SOURCES, audio, copyable, media_infos, source, video

from infra.core.errors import Rejected
from infra.core.media import AacPackets, MediaInfo
from transcode import levels
from transcode.plan import Plan, plan, time_scale
from transcode.steps import fill_keys

any_source = media_infos() | copyable()


@given(any_source)
@settings(max_examples=150, deadline=None)
def test_every_source_has_a_plan_and_always_the_same(info: MediaInfo) -> None:
    assert plan(info, ENCODER) == plan(info, ENCODER)
    assert plan(info, ENCODER).id == plan(info, ENCODER).id


@given(any_source)
@settings(max_examples=50, deadline=None)
def test_a_plan_survives_json_with_its_id(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    again = Plan.model_validate_json(made.model_dump_json())
    assert again == made
    assert again.id == made.id
    assert Plan.model_validate(made.model_dump(mode="json")).id == made.id


def test_another_encoder_is_another_plan() -> None:
    info = SOURCES["mp4_1080p25"]
    assert plan(info, "a").id != plan(info, "b").id


def test_a_file_with_neither_picture_nor_sound_is_refused_with_a_reason() -> None:
    with pytest.raises(Rejected, match="neither picture nor sound") as refused:
        plan(source("mov", None), ENCODER)
    assert refused.value.code == "no_streams"


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_the_video_lasts_as_long_as_the_source_to_the_frame(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    tracks = [track for track in (info.video, *info.audio) if track]
    if all(track.duration_s for track in tracks):
        begin = min(track.start_s for track in tracks)
        end = max(track.start_s + track.duration_s for track in tracks)
        assert abs(made.duration_s - max(1 / made.frame_rate, end - begin)) <= 1 / made.frame_rate
    assert made.duration_s >= 1 / made.frame_rate


def test_a_track_of_unknown_length_may_be_the_longer_one() -> None:
    info = source("mov", video(duration_s=None), audio(duration_s=Fraction(3)), duration_s=Fraction(100))
    assert plan(info, ENCODER).duration_s == 100


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_the_first_second_is_the_earlier_of_picture_and_sound(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    first = min(track.start_s for track in (info.video, *info.audio) if track)
    assert abs(made.origin_s - first) <= 1 / made.frame_rate / 2


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_frames_of_the_video_sit_on_the_grid(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    if info.video:
        assert ((info.video.start_s - made.origin_s) * made.frame_rate).denominator == 1


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_sound_is_cut_within_half_a_packet_of_the_picture(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for track in made.audio:
        half = Fraction(512, track.sample_rate_hz)
        for frame, packet in zip(made.boundaries[1:], track.boundaries[1:], strict=True):
            cut_s = Fraction(track.offset_samples + packet * 1024, track.sample_rate_hz)
            # Where a segment is shorter than a packet it still has one.
            assert abs(cut_s - frame / made.frame_rate) <= half or packet == 1
        assert all(a < b for a, b in pairwise(track.boundaries))
        assert 0 <= track.offset_samples <= track.sample_rate_hz // 100


@given(copyable())
@settings(max_examples=60, deadline=None)
def test_copied_packets_are_all_in_the_source(info: MediaInfo) -> None:
    (made,) = plan(info, ENCODER).audio
    if made.copy_nth is not None:
        packets = info.audio[0].packets
        assert made.copy_first >= 0
        assert made.copy_first + made.boundaries[-1] <= packets.count
        # Packet `copy_first` sounds where the plan says, to the sample.
        origin = plan(info, ENCODER).origin_s * made.sample_rate_hz
        assert abs(packets.first_pts + made.copy_first * 1024 - origin - made.offset_samples) <= 1


@pytest.mark.parametrize("change", [
    {"profile": "HE-AAC"}, {"channels": 6}, {"sample_rate_hz": 32_000}, {"bit_rate_bps": 400_000},
    {"packets": AacPackets(nth=0, count=4680, first_pts=-1024, config_hex="1190")},  # ends too early
    {"packets": AacPackets(nth=0, count=4690, first_pts=600, config_hex="1190")},  # begins too late
])
def test_sound_that_does_not_fit_is_encoded(change: dict[str, object]) -> None:
    fit = audio(packets=AacPackets(nth=0, count=4690, first_pts=-1024, config_hex="1190"))
    assert plan(source("mov", video(), fit), ENCODER).audio[0].copy_nth == 0
    assert plan(source("mov", video(), fit.model_copy(update=change)), ENCODER).audio[0].copy_nth is None


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_every_rendition_is_named_once_and_has_its_level_in_its_codec(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    names = [rendition.name for rendition in made.renditions]
    assert len(names) == len(set(names))
    for rendition in made.video:
        assert rendition.codecs == levels.codecs(rendition.codec, rendition.level)
        assert made.rendition(rendition.name) == rendition
    assert made.rendition("nonsense") is None


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_all_renditions_share_their_boundaries(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assert len({tuple(made.segment_durations_s(rendition)) for rendition in made.video}) <= 1
    assert all(len(made.segment_durations_s(rendition)) == made.segments for rendition in made.renditions)


def test_a_dense_source_is_capped_from_the_start() -> None:
    for mbps, capped in ((5, []), (14, ["h264-1080p", "h264-720p", "h264-480p", "h264-360p"])):
        made = plan(source("mov", video(bit_rate_bps=mbps * 1_000_000)), ENCODER)
        assert [rendition.name for rendition in made.video if rendition.capped] == capped


@given(st.fractions(1, 60, max_denominator=1001))
def test_a_frame_is_a_whole_number_of_ticks(rate: Fraction) -> None:
    assert (time_scale(rate) / rate).denominator == 1
    assert time_scale(rate) >= 10_000


@given(any_source)
@settings(max_examples=50, deadline=None)
def test_the_background_fill_names_every_cell_once(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    cells = [(group, k) for group, span in (key.split(":") for key in fill_keys(made, made.codecs))
             for k in range(*map(int, span.split("-")))]
    groups = {rendition.codec for rendition in made.video} | {track.name for track in made.audio}
    assert len(cells) == len(set(cells))
    assert set(cells) == {(group, k) for group in groups for k in range(made.segments)}


def test_a_fill_makes_what_is_wanted_the_codec_that_everybody_plays_first() -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    groups = [key.partition(":")[0] for key in fill_keys(made, ["av1", "h264"])]
    assert set(groups) == {"aac", "h264", "av1"}
    assert groups.index("av1") > max(i for i, group in enumerate(groups) if group == "h264")
    assert not any(key.startswith("h264") for key in fill_keys(made, ["vp9"]))
    assert fill_keys(made, []) == []


@given(any_source)
@settings(max_examples=40, deadline=None)
def test_every_codec_has_the_same_rungs(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    if not made.video:
        return
    assert made.codecs == ("h264", "av1", "vp9")
    assert len({tuple(rendition.size for rendition in made.of_codec(codec)) for codec in made.codecs}) == 1
    assert plan(info, ENCODER, ("h264",)).codecs == ("h264",)
