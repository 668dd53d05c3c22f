"""High dynamic range becomes SDR by a table: its laws, and a few values that were worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_infos import video

from transcode import colour

light = st.floats(0.01, 1000)


def table(tone: str) -> list[tuple[float, ...]]:
    lines = colour.cube(tone).splitlines()
    assert lines[0] == "LUT_3D_SIZE 33"
    return [tuple(map(float, line.split())) for line in lines[1:]]


@pytest.mark.parametrize("tone", ["pq", "hlg"])
def test_gray_stays_gray_and_gets_brighter_with_the_source(tone: str) -> None:
    values = table(tone)
    assert len(values) == 33**3
    grays = [values[i * (1 + 33 + 33 * 33)] for i in range(33)]
    assert all(max(gray) - min(gray) < 0.001 for gray in grays)
    assert [gray[1] for gray in grays] == sorted(gray[1] for gray in grays)
    assert (grays[0][1], grays[-1][1]) == (0.0, 1.0)
    assert all(0 <= each <= 1 for value in values for each in value)


def test_red_changes_fastest() -> None:
    assert table("hlg")[20][0] > table("hlg")[20][2]


def test_reference_white_is_bright_and_leaves_room_for_what_is_brighter() -> None:
    white, _, _ = colour._sdr((203.0, 203.0, 203.0))
    assert 0.85 < white < 0.95
    assert colour._sdr((1000.0, 1000.0, 1000.0))[0] == pytest.approx(1.0, abs=0.002)


def test_what_is_dark_is_as_bright_as_it_was() -> None:
    """Below the knee nothing is compressed: 10 cd/m2 of a display whose white is 203."""
    assert colour._sdr((10.0, 10.0, 10.0))[0] ** 2.4 * 203 == pytest.approx(10.0, rel=0.001)


@given(light, light, light)
def test_a_colour_of_bt709_keeps_its_hue(r: float, g: float, b: float) -> None:
    to_2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))  # BT.2087
    wide = tuple(sum(a * x for a, x in zip(row, (r, g, b), strict=True)) for row in to_2020)
    shown = [each ** 2.4 for each in colour._sdr(wide)]
    if max(shown) < 0.99:  # brighter than that it may be drawn towards white
        assert [each / max(shown) for each in shown] == pytest.approx([each / max(r, g, b) for each in (r, g, b)], abs=0.01)


def test_pq_of_known_lights() -> None:
    """SMPTE ST 2084: 100 cd/m2 is 0.5081, 1000 is 0.7518, 10 000 is 1."""
    assert [colour._pq(x) for x in (0, 100, 1000, 10_000)] == pytest.approx([0, 0.5081, 0.7518, 1], abs=1e-4)
    assert colour._pq_light(colour._pq(203.0)) == pytest.approx(203.0)


@pytest.mark.parametrize(("said", "height", "matrix"), [
    ("bt709", 480, "bt709"), ("smpte170m", 1080, "bt601"), ("bt470bg", 576, "bt601"), ("bt2020nc", 2160, "bt2020"),
    (None, 1080, "bt709"), (None, 480, "bt601"),
])
def test_a_source_that_does_not_say_its_matrix_is_taken_for_the_usual_one(said: str | None, height: int,
                                                                          matrix: str) -> None:
    assert colour.matrix(video(color_space=said, width_px=height * 4 // 3, height_px=height)) == matrix


def test_only_pq_and_hlg_are_high_dynamic_range() -> None:
    assert [colour.tone(video(color_transfer=t)) for t in ("smpte2084", "arib-std-b67", "bt709", "bt2020-10", None)] == [
        "pq", "hlg", None, None, None]
