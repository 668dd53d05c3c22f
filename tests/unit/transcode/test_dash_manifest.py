"""The DASH manifest says the same of the same cells as the HLS playlists do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from xml.etree import ElementTree as ET

import m3u8
import pytest
from hypothesis import given, settings
from media_infos import ENCODER, SOURCES, copyable, media_infos

from infra.core.media import MediaInfo
from transcode import dash, playlists
from transcode.plan import plan
from transcode.text import TextTrack

NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}
any_source = media_infos() | copyable()


def sets(text: str) -> list[ET.Element]:
    """All but the storyboard's."""
    found = ET.fromstring(text).findall("d:Period/d:AdaptationSet", NS)
    return [adaptation for adaptation in found if adaptation.get("contentType") != "image"]


def times(adaptation: ET.Element) -> Iterator[tuple[Fraction, Fraction]]:
    """(start, duration) of every segment, as a player computes them (23009-1, 5.3.9.6)."""
    template = adaptation.find("d:SegmentTemplate", NS)
    scale, at = int(template.get("timescale")), 0
    for entry in template.findall("d:SegmentTimeline/d:S", NS):
        at = int(entry.get("t", at))
        for _ in range(int(entry.get("r", 0)) + 1):
            yield Fraction(at, scale), Fraction(int(entry.get("d")), scale)
            at += int(entry.get("d"))


@given(any_source)
@settings(max_examples=80, deadline=None)
def test_every_segment_is_where_its_cell_is(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    for adaptation in sets(dash.mpd(made, {})):
        listed = list(times(adaptation))
        for representation in adaptation.findall("d:Representation", NS):
            rendition = made.rendition(representation.get("id"))
            assert [duration for _, duration in listed] == made.segment_durations_s(rendition)
        if adaptation.get("contentType") == "video":
            assert [start for start, _ in listed] == [made.start_s(k) for k in range(made.segments)]
        else:
            (representation,) = adaptation.findall("d:Representation", NS)
            track = made.rendition(representation.get("id"))
            assert [start for start, _ in listed] == [
                Fraction(track.offset_samples + packet * 1024, track.sample_rate_hz) for packet in track.boundaries[:-1]]
            assert adaptation.find("d:Label", NS).text == track.label
            assert adaptation.get("lang") == (track.language or "und")
            configuration = representation.find("d:AudioChannelConfiguration", NS)
            assert configuration.get("value") == str(track.channels)


@given(any_source)
@settings(max_examples=40, deadline=None)
def test_it_offers_what_the_multivariant_playlist_offers(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    master = m3u8.loads(playlists.multivariant(made, made.codecs, {}))
    text = dash.mpd(made, {})
    representations = [r for adaptation in sets(text) for r in adaptation.findall("d:Representation", NS)]
    by_id = {r.get("id"): r for r in representations}
    assert len(by_id) == len(representations) == len(made.renditions)
    for variant in master.playlists:
        found = by_id[variant.uri.partition("/")[0]]
        if made.video:
            assert f"{found.get('width')}x{found.get('height')}" == "{}x{}".format(*variant.stream_info.resolution)
        assert found.get("codecs") in variant.stream_info.codecs.split(",")
        assert int(found.get("bandwidth")) <= variant.stream_info.bandwidth


@given(any_source)
@settings(max_examples=40, deadline=None)
def test_it_ends_a_millisecond_behind_its_longest_time_line(info: MediaInfo) -> None:
    """What can be played up to the end of the manifest makes dash.js stop without "ended"."""
    made = plan(info, ENCODER)
    said = Fraction(ET.fromstring(dash.mpd(made, {})).get("mediaPresentationDuration")[2:-1])
    longest = max(sum(made.segment_durations_s(each)) for each in made.renditions)
    assert longest + Fraction(1, 1000) <= said < longest + Fraction(2, 1000)


@pytest.mark.parametrize("name", ["mp4_1080p25", "webm_variable_rate", "surround", "podcast"])
def test_the_manifest_is_the_golden_one(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"playlists/{name}.mpd", dash.mpd(plan(SOURCES[name], ENCODER), {}))


def test_text_is_one_file() -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    text = TextTrack("captions/en/3", "en", "English", captions=True, bit_rate_bps=200)
    root = ET.fromstring(dash.mpd(made, {}, [text]))
    (adaptation,) = root.findall(".//{*}AdaptationSet[@contentType='text']")
    assert (adaptation.get("mimeType"), adaptation.get("lang")) == ("text/vtt", "en")
    assert adaptation.find("{*}Role").get("value") == "caption"  # type: ignore[union-attr]
    assert adaptation.findtext("{*}Representation/{*}BaseURL") == "captions/en/3/all.vtt"
    assert len({one.get("id") for one in root.findall(".//{*}AdaptationSet")}) == len(root.findall(".//{*}AdaptationSet"))
