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
from transcode.plan import Plan, VideoRendition, plan
from transcode.sound import AudioTrack
from transcode.text import TextTrack

HLS = ("h264", "av1")
any_source = media_infos() | copyable()


def extinf(text: str) -> list[Fraction]:
    return [Fraction(line[8:].rstrip(",")) for line in text.splitlines() if line.startswith("#EXTINF:")]


def timed(made: Plan) -> list[VideoRendition | AudioTrack]:
    """One rendition for each list of durations: those of the picture have the plan's, thousands in a long video."""
    return [*made.video[:1], *made.audio]


@given(any_source)
@settings(max_examples=100, deadline=None)
def test_segments_add_up_to_the_video(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for rendition in timed(made):
        listed = extinf(playlists.media(made, rendition))
        exact = sum(made.segment_durations_s(rendition))
        assert len(listed) == made.segments
        assert abs(sum(listed) - exact) <= Fraction(made.segments, 1_000_000)
        assert abs(exact - made.duration_s) <= Fraction(1, 40) or made.segments == 1


@given(any_source)
@settings(max_examples=100, deadline=None)
def test_no_segment_rounds_to_more_than_the_target_duration(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for rendition in timed(made):
        text = playlists.media(made, rendition)
        target = int(text.partition("#EXT-X-TARGETDURATION:")[2].partition("\n")[0])
        assert max(int(duration + Fraction(1, 2)) for duration in extinf(text)) <= target


@given(any_source)
@settings(max_examples=50, deadline=None)
def test_a_media_playlist_is_a_complete_recording(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for rendition in timed(made):
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
    groups = {sound.group_id for sound in parsed.media}
    assert groups == ({"audio"} if made.audio else set()) | ({"audio-51"} if any(t.surround for t in made.audio) else set())
    listed = {(variant.uri, variant.stream_info.audio): variant for variant in parsed.playlists}
    shown = made.video or made.audio[:1]
    if made.video:
        assert set(listed) == {(f"{rendition.name}/index.m3u8", group) for rendition in shown for group in groups or {None}}
    assert len(parsed.playlists) == len(shown) * max(1, len(groups))
    for (uri, group), variant in listed.items():
        rendition, stream = made.rendition(uri.partition("/")[0]), variant.stream_info
        members = {sound.uri.partition("/")[0] for sound in parsed.media if sound.group_id == group}
        loudest = max((track.bit_rate_bps for track in made.audio if track.name in members), default=0)
        assert stream.codecs.split(",")[0] == rendition.codecs
        if made.video:
            assert stream.resolution == (rendition.width_px, rendition.height_px)
            assert stream.bandwidth > stream.average_bandwidth >= rendition.max_bps
            assert stream.video_range == "SDR"
            assert abs(stream.frame_rate - made.frame_rate) < Fraction(1, 1000)
            assert stream.bandwidth >= playlists.bit_rates_of(rendition, {}).peak_bps + loudest
        else:
            assert stream.bandwidth >= stream.average_bandwidth >= loudest > 0


@given(any_source)
@settings(max_examples=50, deadline=None)
def test_every_audio_group_has_the_same_members(info: MediaInfo) -> None:
    """RFC 8216bis, 4.4.6.1.1: alike in all but their address and their channels; one of each is the default."""
    made = plan(info, ENCODER)
    parsed = m3u8.loads(playlists.multivariant(made, HLS, {}))
    stereo = [sound for sound in parsed.media if sound.group_id == "audio"]
    surround = [sound for sound in parsed.media if sound.group_id == "audio-51"]
    assert [sound.uri for sound in stereo] == [f"{t.name}/index.m3u8" for t in made.audio if not t.surround]
    for group in filter(None, (stereo, surround)):
        assert [sound.default for sound in group] == ["YES"] + ["NO"] * (len(group) - 1)
        assert len({sound.name for sound in group}) == len(group)
        assert all(sound.language and sound.autoselect == "YES" for sound in group)
        assert [(s.name, s.language, s.default) for s in group] == [(s.name, s.language, s.default) for s in stereo]
    assert {sound.uri for sound in parsed.media} == {f"{track.name}/index.m3u8" for track in made.audio}
    for sound in parsed.media:
        assert sound.channels == str(made.rendition(sound.uri.partition("/")[0]).channels)


def test_stereo_is_listed_before_surround() -> None:
    parsed = m3u8.loads(playlists.multivariant(plan(SOURCES["surround"], ENCODER), HLS, {}))
    groups = [variant.stream_info.audio for variant in parsed.playlists]
    assert groups == sorted(groups)
    assert set(groups) == {"audio", "audio-51"}


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
    for what, renditions in (("video", made.video), ("audio", made.audio)):
        for rendition in renditions[:1]:
            golden(f"playlists/{name}.{what}.m3u8", playlists.media(made, rendition))


@pytest.mark.parametrize("name", ["mp4_1080p25", "surround", "podcast", "silent_small_odd"])
def test_text_is_in_every_variant(name: str) -> None:
    made = plan(SOURCES[name], ENCODER)
    texts = [TextTrack("captions/en/3", "en", "English", captions=True, bit_rate_bps=200),
             TextTrack("captions/de/1", "de", "Deutsch", captions=False, bit_rate_bps=300)]
    found = m3u8.loads(playlists.multivariant(made, HLS, {}, texts))
    assert {one.stream_info.subtitles for one in found.playlists} == {"text"}
    listed = [one for one in found.media if one.type == "SUBTITLES"]
    assert [(one.uri, one.language, one.name, one.default) for one in listed] == [
        ("captions/en/3/index.m3u8", "en", "English", "NO"), ("captions/de/1/index.m3u8", "de", "Deutsch", "NO")]
    assert [bool(one.characteristics) for one in listed] == [True, False]
    assert "SUBTITLES" not in playlists.multivariant(made, HLS, {})
    text = playlists.text(made)
    assert abs(sum(extinf(text)) - made.duration_s) <= Fraction(made.segments, 1_000_000)
    assert m3u8.loads(text).target_duration == playlists.target_duration_s(made)
    assert [one.uri for one in m3u8.loads(text).segments] == [f"{k}.vtt" for k in range(made.segments)]
