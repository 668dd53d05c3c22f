"""The storyboard as a player reads it, before a sheet exists, and the choice of a poster."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree as ET

import m3u8
import pytest
from hypothesis import assume, given, settings
from media_infos import ENCODER, SOURCES, copyable, media_infos, source, video

from infra.core.media import MediaInfo
from transcode import dash, playlists, storyboard
from transcode.plan import plan
from transcode.render_pictures import TENTH_S, choose_poster, poster_candidates, still

any_source = media_infos() | copyable()
CUE = re.compile(r"(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})\n"
                 r"storyboard/(\d+)\.jpg#xywh=(\d+),(\d+),(\d+),(\d+)\n")


def cues(text: str) -> list[tuple[Fraction, Fraction, int, int, int, int, int]]:
    return [(Fraction(int(h) * 3600 + int(m) * 60) + Fraction(s), Fraction(int(h2) * 3600 + int(m2) * 60) + Fraction(s2),
             *map(int, rest)) for h, m, s, h2, m2, s2, *rest in CUE.findall(text)]


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_every_second_has_a_rectangle_of_its_own_on_a_sheet_that_exists(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assume(made.video)
    shape = storyboard.board(made)
    text = storyboard.vtt(made)
    listed = cues(text)
    assert text.startswith("WEBVTT\n\n")
    assert text.count("-->") == len(listed) == shape.tiles
    assert listed[0][0] == 0
    assert abs(listed[-1][1] - made.duration_s) <= Fraction(1, 1000)
    assert all(a[1] == b[0] for a, b in pairwise(listed))
    assert len({cue[2:5] for cue in listed}) == len(listed)
    for _, _, j, x, y, width, height in listed:
        assert 0 <= j < shape.sheets
        assert width >= 240 and width % 2 == height % 2 == 0
        assert x + width <= shape.columns * shape.width_px and y + height <= shape.rows * shape.height_px


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_hls_and_dash_say_the_same_of_the_sheets(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assume(made.video)
    shape = storyboard.board(made)
    lines = playlists.multivariant(made, made.codecs, {}).splitlines()
    line = next(line for line in lines if line.startswith("#EXT-X-IMAGE-STREAM-INF"))
    assert f"RESOLUTION={shape.width_px}x{shape.height_px}," in line
    text = storyboard.image_playlist(made)
    assert "#EXT-X-IMAGES-ONLY" in text
    listed = m3u8.loads(text)
    assert listed.is_endlist
    assert [segment.uri for segment in listed.segments] == [f"{j}.jpg" for j in range(shape.sheets)]
    assert abs(sum(segment.duration for segment in listed.segments) - made.duration_s) < 1e-3
    assert text.count(f"LAYOUT={shape.columns}x{shape.rows},DURATION=10") == shape.sheets
    ns = {"d": "urn:mpeg:dash:schema:mpd:2011"}
    (adaptation,) = ET.fromstring(dash.mpd(made, {})).findall("d:Period/d:AdaptationSet[@contentType='image']", ns)
    template = adaptation.find("d:SegmentTemplate", ns)
    representation = adaptation.find("d:Representation", ns)
    assert int(template.get("duration")) == shape.columns * shape.rows * 10
    assert int(representation.get("width")) == shape.columns * shape.width_px
    assert int(representation.get("height")) == shape.rows * shape.height_px
    assert representation.find("d:EssentialProperty", ns).get("value") == f"{shape.columns}x{shape.rows}"


def test_the_storyboard_of_an_hour_is_a_few_sheets() -> None:
    shape = storyboard.board(plan(source("mov", video(duration_s=Fraction(3600))), ENCODER))
    assert (shape.tiles, shape.sheets, shape.sheet_s) == (360, 15, 250)
    assert (shape.width_px, shape.height_px) == (320, 180)


def test_a_standing_video_has_standing_tiles() -> None:
    shape = storyboard.board(plan(SOURCES["phone_portrait_vfr"], ENCODER))
    assert (shape.width_px, shape.height_px) == (240, 426)


@pytest.mark.parametrize(("detail", "chosen"), [
    ([40, 40, 40, 40, 40], 0),  # the preferred one will do
    ([1, 30, 90, 90, 90], 1),  # it is black: the next
    ([1, 2, 3, 2, 1], 2),  # all are blank: the least so
    ([1, 1, 1, 1, 1], 0),
])
def test_a_blank_poster_is_avoided_and_no_more_is_looked_at_than_needed(detail: list[float], chosen: int) -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    asked = []

    def look(at_s: Fraction) -> float:
        asked.append(at_s)
        return detail[len(asked) - 1]

    found = choose_poster(made, look)
    assert found == asked[chosen]
    assert len(asked) == (chosen + 1 if detail[chosen] > 12 else 5)
    assert all(abs(a - b) < TENTH_S for a, b in zip(asked, poster_candidates(made), strict=False))


@given(any_source)
@settings(max_examples=60, deadline=None)
def test_a_still_lies_inside_of_the_video(info: MediaInfo) -> None:
    made = plan(info, ENCODER)
    assume(made.video)
    for at_s in (0, 0.05, 41.96, 1e300, *poster_candidates(made)):
        shown_s = still(made, at_s) * TENTH_S
        assert 0 <= shown_s <= (made.boundaries[-1] - 1) / made.frame_rate
    assert still(plan(SOURCES["mp4_1080p25"], ENCODER), 41.96) == 419
    assert still(plan(SOURCES["mp4_1080p25"], ENCODER), 42.3) == 423
