"""The sizes a picture is offered in."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode import ladder, levels

pixels = st.integers(2, 8192)
sars = st.sampled_from([Fraction(1), Fraction(0), Fraction(64, 45), Fraction(3, 4), Fraction(16, 15)])
turns = st.sampled_from([0, 90, 180, 270])
shapes = st.builds(ladder.display_size, pixels, pixels, sars, turns)


@given(shapes)
def test_no_rendition_is_larger_than_the_source(shape: tuple[Fraction, Fraction]) -> None:
    for size in ladder.sizes(*shape):
        assert size.width_px < shape[0] + 1  # even numbers: less than a pixel of rounding
        assert size.height_px < shape[1] + 1


@given(shapes)
def test_all_sides_are_even(shape: tuple[Fraction, Fraction]) -> None:
    assert all(s.width_px % 2 == 0 == s.height_px % 2 and s.width_px and s.height_px for s in ladder.sizes(*shape))


@given(shapes)
def test_the_picture_keeps_its_shape(shape: tuple[Fraction, Fraction]) -> None:
    width, height = shape
    for size in ladder.sizes(width, height):
        long_px, short_px = (size.rung.long_px, size.rung.short_px)
        box = (long_px, short_px) if width >= height else (short_px, long_px)
        scale = min(1, box[0] / width, box[1] / height)
        # To an even number: by one pixel, for the native size down by less than two.
        slack = 1 if scale < 1 else Fraction(199, 100)
        assert abs(size.width_px - max(2, width * scale)) <= slack
        assert abs(size.height_px - max(2, height * scale)) <= slack


@given(shapes)
def test_each_rung_is_smaller_than_the_one_above_and_has_its_own_name(shape: tuple[Fraction, Fraction]) -> None:
    sizes = ladder.sizes(*shape)
    areas = [size.width_px * size.height_px for size in sizes]
    assert areas == sorted(set(areas), reverse=True)
    assert len({size.rung.name for size in sizes}) == len(sizes) in (1, 2, 3, 4)


@given(pixels, pixels, sars)
def test_a_turned_picture_gets_the_same_rungs_turned(width: int, height: int, sar: Fraction) -> None:
    upright = ladder.sizes(*ladder.display_size(width, height, sar, 0))
    turned = ladder.sizes(*ladder.display_size(width, height, sar, 90))
    if ladder.display_size(width, height, sar, 0)[0] != ladder.display_size(width, height, sar, 0)[1]:
        assert [(s.height_px, s.width_px) for s in turned] == [(s.width_px, s.height_px) for s in upright]


@pytest.mark.parametrize(("width", "height", "sar", "turn", "expected"), [
    (1920, 1080, "1", 0, ["1920x1080", "1280x720", "854x480", "640x360"]),
    (3840, 2160, "1", 0, ["1920x1080", "1280x720", "854x480", "640x360"]),
    (1920, 1080, "1", 90, ["1080x1920", "720x1280", "480x854", "360x640"]),
    (1440, 1080, "4/3", 0, ["1920x1080", "1280x720", "854x480", "640x360"]),
    (720, 576, "64/45", 0, ["1024x576", "854x480", "640x360"]),
    (1024, 768, "1", 0, ["1024x768", "640x480", "480x360"]),
    (321, 241, "1", 0, ["320x240"]),
    (1276, 718, "1", 0, ["1276x718", "854x480", "640x360"]),
    (2560, 1080, "1", 0, ["1920x810", "1280x540", "854x360", "640x270"]),
])
def test_the_rungs_of_sources_one_meets(width: int, height: int, sar: str, turn: int, expected: list[str]) -> None:
    sizes = ladder.sizes(*ladder.display_size(width, height, Fraction(sar), turn))
    assert [f"{size.width_px}x{size.height_px}" for size in sizes] == expected


@pytest.mark.parametrize(("width", "height", "rate", "level"), [
    (1920, 1080, 25, "4"), (1920, 1080, 60, "4.2"), (1280, 720, 30, "3.1"), (1280, 720, 60, "3.2"),
    (854, 480, 30, "3.1"), (640, 360, 30, "3"), (320, 240, 15, "1.3"),
])
def test_the_level_declares_what_the_size_needs(width: int, height: int, rate: int, level: str) -> None:
    assert levels.level("h264", width, height, Fraction(rate)) == level


@pytest.mark.parametrize(("width", "height", "rate", "av1", "vp9"), [
    (1920, 1080, 30, "av01.0.08M.08", "vp09.00.40.08"), (1920, 1080, 60, "av01.0.09M.08", "vp09.00.41.08"),
    (1280, 720, 25, "av01.0.05M.08", "vp09.00.31.08"), (854, 480, 30, "av01.0.04M.08", "vp09.00.30.08"),
    (640, 360, 30, "av01.0.01M.08", "vp09.00.21.08"), (320, 240, 15, "av01.0.00M.08", "vp09.00.20.08"),
    (1080, 1920, 30, "av01.0.08M.08", "vp09.00.40.08"),
])
def test_av1_and_vp9_declare_the_levels_of_their_own_tables(width: int, height: int, rate: int, av1: str, vp9: str
                                                            ) -> None:
    for codec, name in (("av1", av1), ("vp9", vp9)):
        assert levels.codecs(codec, levels.level(codec, width, height, Fraction(rate))) == name
