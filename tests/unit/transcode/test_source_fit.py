"""Whether a source is copied, and the sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import m3u8
import pytest
from fit_sources import AVCC, fit_video, packets
from hypothesis import given, settings
from hypothesis import strategies as st
from media_infos import ENCODER, audio, source

from infra.core.avc import read_avcc
from transcode import dash, playlists
from transcode.plan import Plan, plan

SPOILT: dict[str, tuple[str, dict[str, Any]]] = {
    "hevc": ("codec", {"codec": "hevc", "packets": None}),
    "matroska": ("no_packet_index", {"packets": None, "no_packets": "no_packet_index"}),
    "cut off": ("truncated", {"packets": None, "no_packets": "truncated"}),
    "trimmed by a phone": ("edit_list", {"packets": None, "no_packets": "edit_list"}),
    "avc3": ("in_band_parameters", {"packets": None, "no_packets": "in_band_parameters"}),
    "two descriptions": ("several_descriptions", {"packets": None, "no_packets": "several_descriptions"}),
    "sizes differ": ("other_size", {"packets": None, "no_packets": "other_size"}),
    "days": ("too_many_packets", {"packets": None, "no_packets": "too_many_packets"}),
    "open at once": ("open_groups", {"packets": None, "no_packets": "open_groups"}),
    "stored before there was a reason": ("no_packet_index", {"packets": None}),
    "damaged configuration": ("no_packet_index", {"packets": packets(config_hex="01640028")}),
    "upright": ("rotated", {"rotation_deg": 90}),
    "anamorphic": ("pixel_shape", {"sar": Fraction(4, 3)}),
    "4K": ("size", {"width_px": 3840, "height_px": 2160}),
    "odd": ("size", {"width_px": 641, "height_px": 361}),
    "interlaced by the probe": ("interlaced", {"interlaced": True}),
    "interlaced by the stream": ("interlaced", {"packets": packets(config_hex=AVCC["interlaced"])}),
    "10 bit": ("pixel_format", {"pix_fmt": "yuv420p10le"}),
    "full range": ("colour", {"pix_fmt": "yuvj420p"}),
    "HLG": ("colour", {"color_transfer": "arib-std-b67"}),
    "High 10": ("profile", {"profile": "High 10", "packets": packets(config_hex=AVCC["high10"])}),
    "plain Baseline": ("profile", {"profile": "Baseline", "packets": packets(config_hex="014200" + AVCC["baseline"][6:])}),
    "level 5.1": ("level", {"packets": packets(config_hex=AVCC["matrices"])}),
    "a screen recorder": ("variable_rate", {"average_frame_rate": Fraction(7)}),
    "jitter": ("variable_rate", {"packets": packets(uneven_ticks=128.0)}),
    "one late": ("other_rate", {"packets": packets(last_ticks=2500 * 512)}),
    "an edit that ffprobe does not follow": ("edit_list", {"packets": packets(first_ticks=512, last_ticks=2500 * 512)}),
    "a group of 10 s": ("key_frames", {"packets": packets(keys=tuple(range(0, 2500, 250)), key_bytes=(10,) * 10)}),
    "open groups": ("open_groups", {"packets": packets(keys=(0, 100, 2400), key_bytes=(1, 1, 1), unfit_keys=22)}),
    "20 Mbit/s from a phone": ("over_cap", {"packets": packets(key_bytes=(10_000_000,) * 25)}),
}


def made(sound: Any = None, **changes: Any) -> Plan:
    return plan(source("mov", fit_video(**changes), *([sound] if sound else [])), ENCODER)


def test_a_good_rendition_is_copied_and_its_key_frames_are_the_grid() -> None:
    found = made()
    top = found.video[0]
    assert found.source_fit.fit
    assert top.copied.count == 2500
    assert (top.codecs, top.level, top.capped) == ("avc1.640028", "4", False)
    assert found.boundaries == tuple(range(0, 2501, 100))
    assert all(rendition.copied is None for rendition in found.video[1:])
    assert Plan.model_validate_json(found.model_dump_json()).id == found.id


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_not_is_encoded_on_the_usual_grid(what: str) -> None:
    code, changes = SPOILT[what]
    found = made(**changes)
    assert found.source_fit.code == code
    assert all(rendition.copied is None for rendition in found.video)
    assert found.boundaries[:5] == (0, 50, 100, 150, 300) or found.frame_rate != 25


def test_the_sentences_are_the_golden_ones(golden: Callable[[str, str], None]) -> None:
    cases = {"fit": made(), "late picture": made(audio(start_s=Fraction(0)), start_s=Fraction(1), packets=packets(
        first_ticks=12_800, last_ticks=2499 * 512 + 12_800)), "long sound": made(audio(duration_s=Fraction(110)))}
    cases |= {what: made(**changes) for what, (_, changes) in SPOILT.items()}
    golden("source_fit.txt", "".join(
        f"{what}: {found.source_fit.code}: {found.source_fit.sentence}\n" for what, found in cases.items()))


@pytest.mark.parametrize("profile", ["high", "main", "baseline"])
def test_every_common_profile_is_copied(profile: str) -> None:
    found = made(packets=packets(config_hex=AVCC[profile]))
    assert found.source_fit.fit
    assert found.video[0].codecs == f"avc1.{AVCC[profile][2:8]}"


def test_time_stamps_rounded_to_a_millisecond_are_even_enough() -> None:
    assert made(packets=packets(scale=1000, last_ticks=99_960, uneven_ticks=0.5)).source_fit.fit


def test_the_last_picture_stays_for_the_sound_up_to_a_whole_segment() -> None:
    found = made(audio(duration_s=Fraction(104)))
    assert found.source_fit.fit
    assert (found.boundaries[-2], found.boundaries[-1], found.video[0].copied.count) == (2400, 2600, 2500)
    assert made(audio(duration_s=Fraction(105))).source_fit.code == "ends_early"


def test_one_dense_segment_is_enough_not_to_be_copied() -> None:
    # The cap of 6 Mbit/s for 4 s, and one decoder buffer of 6 Mbit on top.
    allowed = (4 * 6_000_000 + 6_000_000) // 8
    for last, fit in ((allowed, True), (allowed + 1, False)):
        assert made(packets=packets(key_bytes=(1000,) * 24 + (last,))).source_fit.fit is fit


@given(st.integers(1, 250), st.integers(1, 2500))
@settings(deadline=None)
def test_a_copied_video_lists_every_segment_within_its_target(every: int, count: int) -> None:
    keys = tuple(range(0, count, every))
    found = made(duration_s=Fraction(count, 25), packets=packets(
        count=count, last_ticks=(count - 1) * 512, keys=keys, key_bytes=(1,) * len(keys)))
    if not found.source_fit.fit:
        assert min(every, count) > 8 * 25
        return
    text = playlists.media(found, found.video[0])
    target = int(text.partition("#EXT-X-TARGETDURATION:")[2].partition("\n")[0])
    longest = max(found.segment_durations_s(found.video[0]))
    assert target == max(6, int(longest + Fraction(1, 2))) <= 8
    assert playlists.media(found, found.video[-1]).count(f"TARGETDURATION:{target}\n") == 1
    assert 'codecs="avc1.640028"' in dash.mpd(found, {})


@pytest.mark.parametrize(("every", "first"), [(50, "h264-720p"), (150, "h264-1080p")])
def test_players_begin_with_the_copy_where_the_first_segment_is_long(every: int, first: str) -> None:
    keys = tuple(range(0, 2500, every))
    found = made(duration_s=Fraction(100), packets=packets(keys=keys, key_bytes=(1,) * len(keys)))
    assert found.source_fit.fit
    listed = m3u8.loads(playlists.multivariant(found, ["h264", "av1"], {})).playlists
    assert listed[0].uri == f"{first}/index.m3u8"


def test_parameter_sets_say_what_they_are() -> None:
    facts = {name: read_avcc(bytes.fromhex(config)) for name, config in AVCC.items()}
    assert {name: (one.chroma, one.depth, one.progressive) for name, one in facts.items()} == {
        "high": (1, 8, True), "main": (1, 8, True), "baseline": (1, 8, True), "interlaced": (1, 8, False),
        "high10": (1, 10, True), "high422": (2, 8, True), "high444": (3, 8, True), "matrices": (1, 8, True)}
    assert {one.length_bytes for one in facts.values()} == {4}
