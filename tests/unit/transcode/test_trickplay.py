"""The trick-play playlist: every picture of it where the video is, before one is rendered."""

from __future__ import annotations

import re
from fractions import Fraction

import m3u8
import pytest
from hypothesis import assume, given, settings
from media_infos import ENCODER, SOURCES, copyable, media_infos

from infra.core.boxes import BadBoxes, read_fragment
from infra.core.media import MediaInfo
from transcode import playlists, trickplay
from transcode.plan import plan, time_scale

any_source = media_infos() | copyable()


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_the_pictures_cover_the_video_about_every_two_seconds(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assume(made.video)
    starts = trickplay.frames(made)
    assert set(made.boundaries[:-1]) <= set(starts)
    assert starts == sorted(set(starts))
    lasting = trickplay.durations_s(made)
    assert sum(lasting) == made.duration_s
    assert max(lasting) <= 3 + 1 / made.frame_rate
    text = trickplay.playlist(made)
    assert "#EXT-X-I-FRAMES-ONLY\n" in text
    listed = m3u8.loads(text)
    assert listed.is_i_frames_only and listed.is_endlist
    assert [segment.uri for segment in listed.segments] == [f"{n}.m4s" for n in range(len(starts))]
    assert abs(sum(Fraction(str(segment.duration)) for segment in listed.segments) - made.duration_s) < Fraction(1, 100)
    assert max(int(duration + Fraction(1, 2)) for duration in lasting) <= listed.target_duration


@given(any_source)
@settings(max_examples=20, deadline=None)
def test_every_picture_belongs_to_one_segment(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assume(made.video)
    for k in {*range(min(8, made.segments)), made.segments - 1}:
        n = trickplay.first_picture(made, k)
        assert trickplay.frames(made)[n] == made.boundaries[k]
        for i in range(len(trickplay.frames_of(made, k))):
            assert trickplay.segment_of(made, n + i) == k
    assert trickplay.segment_of(made, len(trickplay.frames(made))) is None
    spans = [tuple(map(int, key.split("-"))) for key in trickplay.step_keys(made)]
    assert [k for span in spans for k in range(*span)] == list(range(made.segments))


@given(any_source)
@settings(max_examples=40, deadline=None)
def test_the_multivariant_playlist_lists_it_as_it_is(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assume(made.video)
    (listed,) = m3u8.loads(playlists.multivariant(made, made.codecs, {})).iframe_playlists
    rung = trickplay.base(made)
    assert listed.uri == "iframes/index.m3u8"
    assert listed.iframe_stream_info.codecs == rung.codecs
    assert listed.iframe_stream_info.resolution == (rung.width_px, rung.height_px)
    assert listed.iframe_stream_info.bandwidth >= listed.iframe_stream_info.average_bandwidth


def test_a_fragment_is_one_picture_at_its_time() -> None:
    made = plan(SOURCES["mov_2997_audio_late"], ENCODER)
    starts = trickplay.frames(made)
    tick = time_scale(made.frame_rate) / made.frame_rate
    for n in range(len(starts)):
        media = trickplay.fragment(made, n, starts, b"picture")
        trickplay.check(made, n, starts, media)
        found = read_fragment(media)
        assert found.decode_time == starts[n] * tick
        assert found.first_is_sync and len(found.durations) == 1
        assert int.from_bytes(re.search(b"mfhd....(....)", media, re.DOTALL)[1], "big") == n + 1
        if n:
            with pytest.raises(BadBoxes):
                trickplay.check(made, n - 1, starts, media)


@pytest.mark.parametrize(("segments", "runs"), [([], []), ([3], [(3, 4)]), ([0, 1, 2, 5, 7, 8], [(0, 3), (5, 6), (7, 9)])])
def test_runs(segments: list[int], runs: list[tuple[int, int]]) -> None:
    assert trickplay.runs(segments) == runs
