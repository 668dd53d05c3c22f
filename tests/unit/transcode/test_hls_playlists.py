"""HLS playlists: what a player reads before the first cell exists."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import m3u8
import pytest
from hypothesis import given, settings
from media_infos import ENCODER, SOURCES, copyable, media_infos

from infra.core.media import MediaInfo
from transcode import playlists
from transcode.bandwidth import BitRates
from transcode.plan import plan

HLS = ("h264", "av1")
any_source = media_infos() | copyable()


def extinf(text: str) -> list[Fraction]:
    return [Fraction(line[8:].rstrip(",")) for line in text.splitlines() if line.startswith("#EXTINF:")]


@given(any_source)
@settings(max_examples=100, deadline=None)
def test_segments_add_up_to_the_video(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for rendition in made.renditions:
        listed = extinf(playlists.media(made, rendition))
        exact = sum(made.segment_durations_s(rendition))
        assert len(listed) == made.segments
        assert abs(sum(listed) - exact) <= Fraction(made.segments, 1_000_000)
        assert abs(exact - made.duration_s) <= Fraction(1, 40) or made.segments == 1


@given(any_source)
@settings(max_examples=200, deadline=None)
def test_no_segment_rounds_to_more_than_the_target_duration(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for rendition in made.renditions:
        text = playlists.media(made, rendition)
        target = m3u8.loads(text).target_duration
        assert max(int(duration + Fraction(1, 2)) for duration in extinf(text)) <= target


@given(any_source)
@settings(max_examples=50, deadline=None)
def test_a_media_playlist_is_a_complete_recording(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for rendition in made.renditions:
        text = playlists.media(made, rendition)
        parsed = m3u8.loads(text)
        assert (parsed.playlist_type, parsed.is_endlist, parsed.media_sequence) == ("vod", True, 0)
        assert [segment.uri for segment in parsed.segments] == [f"{k}.m4s" for k in range(made.segments)]
        assert [init.uri for init in parsed.segment_map] == ["init.mp4"]
        assert text.count("#EXT-X-MAP") == 1


@given(any_source)
@settings(max_examples=50, deadline=None)
def test_the_multivariant_playlist_lists_every_rendition_as_the_plan_has_it(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    parsed = m3u8.loads(playlists.multivariant(made, made.codecs, {}))
    assert parsed.is_independent_segments
    listed = {variant.uri: variant for variant in parsed.playlists}
    assert set(listed) == {f"{rendition.name}/index.m3u8" for rendition in made.video}
    for rendition in made.video:
        stream = listed[f"{rendition.name}/index.m3u8"].stream_info
        assert stream.resolution == (rendition.width_px, rendition.height_px)
        assert stream.codecs.split(",")[0] == rendition.codecs
        assert stream.bandwidth >= stream.average_bandwidth >= rendition.max_bps
        assert abs(stream.frame_rate - made.frame_rate) < Fraction(1, 1000)
        assert stream.video_range == "SDR"
        assert (stream.audio == "audio") == (made.audio is not None)
    assert [sound.uri for sound in parsed.media] == (["aac/index.m3u8"] if made.audio else [])


def test_it_lists_the_codecs_that_are_asked_for_and_what_is_measured() -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    measured = {"h264-360p": BitRates(300_000, 90_000), "aac": BitRates(140_000, 128_000)}
    listed = {variant.uri.partition("/")[0]: variant.stream_info
              for variant in m3u8.loads(playlists.multivariant(made, ["h264"], measured)).playlists}
    assert set(listed) == {rendition.name for rendition in made.of_codec("h264")}
    assert (listed["h264-360p"].bandwidth, listed["h264-360p"].average_bandwidth) == (440_000, 218_000)
    assert listed["h264-480p"].average_bandwidth == made.rendition("h264-480p").max_bps + 128_000


def test_a_player_begins_with_the_rung_nearest_to_720p() -> None:
    text = playlists.multivariant(plan(SOURCES["mp4_1080p25"], ENCODER), HLS, {})
    assert m3u8.loads(text).playlists[0].uri == "h264-720p/index.m3u8"


@pytest.mark.parametrize("name", SOURCES)
def test_the_playlists_of_known_sources_are_the_golden_ones(name: str, golden: Callable[[str, str], None]) -> None:
    made = plan(SOURCES[name], ENCODER)
    golden(f"playlists/{name}.master.m3u8", playlists.multivariant(made, HLS, {}))
    golden(f"playlists/{name}.video.m3u8", playlists.media(made, made.video[0]))
    if made.audio:
        golden(f"playlists/{name}.audio.m3u8", playlists.media(made, made.audio))
