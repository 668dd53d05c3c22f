"""The plan of a live session, and the command that follows from it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_states import LOOK, plan

from infra.core.keys import PlanKeys
from infra.core.live import LiveProfile
from infra.core.steps import Tools
from transcode.live.ladder import glance, glance_step, ladder_command
from transcode.live.look import look_command, read_look
from transcode.live.plan import SourceLook, live_plan, output_rate
from transcode.live.stills import Place, place_of
from transcode.live.timeline import Timeline, TimelineRun

TOOLS = Tools(Path("/ff/ffmpeg"), Path("/ff/ffprobe"), "x")
FLV = ("-f", "flv", "-i", "pipe:0")


@pytest.mark.parametrize(("rate", "profile", "part", "segment"), [
    ("30", "default", 10, 60), ("25", "default", 8, 48), ("60", "default", 10, 60), ("30000/1001", "default", 10, 60),
    ("24", "default", 8, 48), ("30", "low", 6, 60), ("25", "low", 5, 50), ("15", "default", 5, 30),
])
def test_parts_and_segments_are_whole_frames(rate: str, profile: str, part: int, segment: int) -> None:
    made = live_plan(LiveProfile(profile), SourceLook(1280, 720, Fraction(1), Fraction(rate), True))
    assert (made.part_frames, made.segment_frames) == (part, segment)


@given(rate=st.fractions(min_value=1, max_value=240), width=st.integers(2, 4000), height=st.integers(2, 4000),
       profile=st.sampled_from(LiveProfile), sound=st.booleans())
def test_every_source_has_a_plan_that_players_can_follow(rate: Fraction, width: int, height: int, profile: LiveProfile,
                                                         sound: bool) -> None:
    made = live_plan(profile, SourceLook(width, height, Fraction(1), rate, sound))
    assert made.frame_rate <= 30
    assert made.segment_frames % made.part_frames == 0
    assert made.part_s <= Fraction(1, 2)
    assert round(made.segment_frames / made.frame_rate) <= made.target_duration_s <= 3
    assert made.hold_back_parts >= 2  # RFC 8216bis, 4.4.3.8
    assert 1 <= len(made.renditions) <= 3
    sizes = [one.width_px * one.height_px for one in made.renditions]
    assert sizes == sorted(sizes, reverse=True)
    assert all(one.width_px % 2 == one.height_px % 2 == 0 for one in made.renditions)
    assert live_plan(profile, SourceLook(width, height, Fraction(1), rate, sound)) == made
    assert type(made).model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(("said", "kept"), [
    ("29.9", "30000/1001"), ("30.1", "30"), ("59.9", "30000/1001"), ("50", "25"), ("0", "30"), ("7", "10"),
    ("22", "24000/1001"),
])
def test_rates_become_standard_ones(said: str, kept: str) -> None:
    assert output_rate(Fraction(said)) == Fraction(kept)


def test_all_sizes_come_out_of_one_decode() -> None:
    argv = ladder_command(TOOLS, plan(), FLV, [5, 7, 9], Fraction(12), sound=True, max_pixels=10**7).argv
    assert argv.count("-i") == 1
    assert [word for word in argv if word.startswith("pipe:")] == ["pipe:0", "pipe:5", "pipe:7", "pipe:9"]
    assert argv[argv.index("-protocol_whitelist") + 1] == "pipe"
    assert argv.index("-codec_whitelist") < argv.index("-i")
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "-frag_duration"] == ["333333"] * 3
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "-output_ts_offset"] == ["12.000000"] * 3
    assert "-c:a" in argv and "[0:a:0]" in " ".join(argv)


def test_small_pictures_are_one_more_output_and_their_frames_are_known() -> None:
    argv = ladder_command(TOOLS, plan(), FLV, [5, 7, 9, 11], Fraction(0), sound=True, max_pixels=10**7, glances=True).argv
    assert argv[-1] == "pipe:11" and argv[argv.index("-f", len(argv) - 16) + 1] == "rawvideo"
    graph = argv[argv.index("-filter_complex") + 1]
    assert graph.count("scale=") == 4 and "scale=160:90" in graph.replace("flags=area:", "")


@given(profile=st.sampled_from(list(LiveProfile)), rate=st.sampled_from(["10", "15", "24000/1001", "25", "30"]))
def test_small_pictures_lie_evenly_in_each_segment(profile: LiveProfile, rate: str) -> None:
    one = plan(profile, SourceLook(640, 360, Fraction(1), Fraction(rate), False))
    # What the filter lets through: not(mod(mod(n, segment), step)).
    passed = [n for n in range(5 * one.segment_frames) if not n % one.segment_frames % glance_step(one)]
    assert [glance(one, n) for n in range(len(passed))] == [(n, n % one.segment_frames == 0) for n in passed]
    assert all(b - a <= 0.6 * one.frame_rate for a, b in pairwise(passed))


def test_a_picture_of_a_slide_is_cut_out_of_a_stored_segment() -> None:
    runs = (TimelineRun(number=0, first_segment=0, date_s=0.0), TimelineRun(number=2, first_segment=2, date_s=9.0))
    its = plan(look=SourceLook(1920, 1080, Fraction(1), Fraction(30), False))
    known = Timeline(plan=its, runs=runs, frames=((1, 60), (1, 20), (2, 60)))
    keys = PlanKeys("x/")
    assert place_of(known, keys, 0.0) == Place("x/live-720p/init.mp4", "x/live-720p/0.m4s", 0)
    assert place_of(known, keys, 2.5) == Place("x/live-720p/init.mp4", "x/live-720p/1.m4s", 15)
    assert place_of(known, keys, 80 / 30) == Place("x/live-720p/init-2.mp4", "x/live-720p/2.m4s", 0)
    assert place_of(known, keys, 99.0) == Place("x/live-720p/init-2.mp4", "x/live-720p/3.m4s", 59)  # the last there is
    assert place_of(Timeline(plan=its, runs=(), frames=()), keys, 0.0) is None


def test_without_sound_none_is_asked_for() -> None:
    one = plan(look=SourceLook(320, 180, Fraction(1), Fraction(25), False))
    argv = ladder_command(TOOLS, one, FLV, [4], Fraction(0), sound=True, max_pixels=10**7).argv
    assert "0:a" not in " ".join(argv)
    assert one.renditions[0].codecs == "avc1.64000d"


def test_the_first_bytes_are_asked_for_under_the_rules_of_uploads() -> None:
    argv = look_command(TOOLS, FLV, Path("/w/head"), 10**7).argv
    assert argv[-1] == "file:/w/head" and argv[argv.index("-protocol_whitelist") + 1] == "file"
    assert argv[argv.index("-f") + 1] == "flv"


@pytest.mark.parametrize(("answer", "look"), [
    (b"", None), (b'{"streams": []}', None),
    (b'{"streams": [{"codec_type": "audio", "sample_rate": "48000"}]}', None),
    (b'{"streams": [{"codec_type": "video", "width": 0, "height": 0}]}', None),
    (b'{"streams": [{"codec_type": "video", "width": 1280, "height": 720, "avg_frame_rate": "30/1", "r_frame_rate": "30/1"},'
     b'{"codec_type": "audio", "sample_rate": "48000"}]}', LOOK),
    (b'{"streams": [{"codec_type": "video", "width": 1280, "height": 720, "sample_aspect_ratio": "0:1", '
     b'"avg_frame_rate": "0/0", "r_frame_rate": "1000/1"}, {"codec_type": "audio", "sample_rate": "0"}]}',
     SourceLook(1280, 720, Fraction(1), Fraction(0), False)),
])
def test_what_the_first_bytes_say(answer: bytes, look: SourceLook | None) -> None:
    assert read_look(answer) == look
