"""Tracks by their languages, and what they are called."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_infos import ENCODER, audio, audio_streams, source, video

from infra.core.languages import bcp47, iso639_2, own_name
from infra.core.media import AacPackets
from transcode.plan import plan
from transcode.sound import MAX_TRACKS, labels


@pytest.mark.parametrize(("code", "tag"), [
    ("eng", "en"), ("fre", "fr"), ("fra", "fr"), ("deu", "de"), ("ger", "de"), ("de", "de"), ("gsw", "gsw"),
    ("EN-us", "en-US"), ("pt_BR", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"),
    ("und", None), ("mul", None), ("zxx", None), ("qaa", None), ("English", None), ("", None), (None, None),
    ('e"', None),
])
def test_a_language_gets_the_shortest_tag(code: str | None, tag: str | None) -> None:
    assert bcp47(code) == tag


@pytest.mark.parametrize(("tag", "name", "three"), [
    ("en", "English", "eng"), ("fr", "Français", "fra"), ("de-AT", "Deutsch (AT)", "deu"), ("gsw", "gsw", "gsw"),
])
def test_a_language_has_a_name_and_three_letters(tag: str, name: str, three: str) -> None:
    assert own_name(tag) == name
    assert iso639_2(tag) == three
    assert iso639_2(None) == "und"


@pytest.mark.parametrize(("streams", "expected"), [
    ([audio()], ["Audio"]),
    ([audio(title="Lecture hall")], ["Lecture hall"]),
    ([audio(language="eng", title="Stereo"), audio(language="fre", title="Stereo")], ["English", "Français"]),
    ([audio(language="eng"), audio(language="eng", title="Commentary")], ["English", "English (Commentary)"]),
    ([audio(language="eng"), audio(language="eng"), audio(language="eng")], ["English", "English 2", "English 3"]),
    ([audio(language="eng"), audio(language="eng", describes_video=True)], ["English", "English (audio description)"]),
    ([audio(title='A "b"\nc')], ["A 'b'c"]),
])
def test_tracks_are_called(streams: list[object], expected: list[str]) -> None:
    assert labels(streams) == expected


@given(st.lists(audio_streams(), max_size=5))
def test_no_two_tracks_are_called_the_same(streams: list[object]) -> None:
    found = labels(streams)
    assert len(set(found)) == len(streams)
    assert all(name and '"' not in name and name.isprintable() for name in found)


def test_the_default_track_is_heard_at_first_and_keeps_the_short_name() -> None:
    made = plan(source("matroska", video(), audio(index=1, language="eng"), audio(index=2, language="fre", default=True)),
                ENCODER)
    assert [(track.name, track.language) for track in made.audio] == [("aac", "fr"), ("aac-2", "en")]


def test_more_tracks_than_anybody_needs_are_left_out_and_said() -> None:
    made = plan(source("matroska", video(), *(audio(index=i) for i in range(MAX_TRACKS + 3))), ENCODER)
    assert len(made.audio) == MAX_TRACKS
    assert made.warnings == ("sound_tracks_left_out",)


@pytest.mark.parametrize(("channels", "names"), [
    (1, ["aac"]), (2, ["aac"]), (4, ["aac"]), (6, ["aac", "aac-51"]), (8, ["aac", "aac-51"]),
])
def test_surround_is_beside_stereo(channels: int, names: list[str]) -> None:
    made = plan(source("mov", video(), audio(channels=channels)), ENCODER)
    assert [track.name for track in made.audio] == names
    assert [track.channels for track in made.audio] == [2, 6][:len(names)]


@pytest.mark.parametrize(("config", "copied"), [("11b0", True), ("1180", False), ("1188", False)])
def test_only_the_usual_six_channels_are_copied(config: str, copied: bool) -> None:
    packets = AacPackets(nth=0, count=4690, first_pts=-1024, config_hex=config)
    made = plan(source("mov", video(), audio(channels=6, packets=packets, bit_rate_bps=384_000)), ENCODER)
    assert [track.copy_nth for track in made.audio] == [None, 0 if copied else None]


def test_sound_alone_is_planned_in_packets() -> None:
    made = plan(source("mp3", None, audio(codec="mp3", sample_rate_hz=44_100, duration_s=Fraction("61.2"))), ENCODER)
    assert made.frame_rate == Fraction(44_100, 1024)
    assert made.boundaries == made.audio[0].boundaries
    assert made.duration_s >= Fraction("61.2")
    assert max(made.segment_durations_s(made.audio[0])) < Fraction("6.5")
