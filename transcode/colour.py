"""Colour: every rendition is BT.709 SDR, whatever the source is. Pure.

A picture in high dynamic range is brought to SDR by a three-dimensional look-up table over its coded R'G'B' values,
which ffmpeg's lut3d interpolates. The table holds the whole way: coded values to light, a tone curve, BT.2020 to BT.709,
light to coded values.

    python -m transcode.colour pq > tone.cube          for who runs the commands of `lectern plan` by hand
"""

from __future__ import annotations

import sys
from functools import cache

from infra.core.media import VideoStream

# Of a scale filter, and of the setparams filter behind it: every rendition is so, and says so.
TO_BT709 = {"out_color_matrix": "bt709", "out_range": "tv"}
SAYS_BT709 = {"range": "tv", "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}

_SIDE = 33  # of the table; tetrahedral interpolation between so many points errs by less than an 8-bit step
_PEAK = 1000.0  # cd/m2 that sources are taken to be mastered for: what nearly all HDR10 is, and HLG's nominal peak
_WHITE = 203.0  # cd/m2 of HDR reference white (ITU-R BT.2408), which becomes the brightest that SDR has
_HLG_GAMMA = 1.2  # of the system at 1000 cd/m2 (ITU-R BT.2100, table 5)
# Luminance in BT.2020, and linear BT.2020 to linear BT.709 (ITU-R BT.2087).
_LUMINANCE = (0.2627, 0.6780, 0.0593)
_TO_709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))
_LUMINANCE_709 = (0.2126, 0.7152, 0.0722)

_TRANSFERS = {"smpte2084": "pq", "arib-std-b67": "hlg"}
_MATRICES = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601", "fcc": "fcc", "smpte240m": "smpte240m",
             "bt2020nc": "bt2020", "bt2020c": "bt2020"}


def matrix(video: VideoStream) -> str:
    """The matrix of the source's YCbCr, by the name that ffmpeg's scaler has for it.

    Where the source does not say: of high definition BT.709, of less BT.601, as players guess, too.
    """
    return matrix_named(video.color_space, video.width_px, video.height_px)


def matrix_named(color_space: str | None, width_px: int, height_px: int) -> str:
    """The same of a picture of this size, by what ffprobe calls its `color_space`."""
    return _MATRICES.get(color_space or "") or ("bt709" if min(width_px, height_px) >= 720 else "bt601")


def tone(video: VideoStream) -> str | None:
    """How the source codes high dynamic range: pq or hlg (ITU-R BT.2100); None where it has none."""
    return _TRANSFERS.get(video.color_transfer or "")


@cache
def cube(tone: str) -> str:
    """The table from `tone` (pq or hlg) to BT.709 SDR, as a .cube file: red changes fastest."""
    axis = [i / (_SIDE - 1) for i in range(_SIDE)]
    lines = [f"LUT_3D_SIZE {_SIDE}"]
    light = {value: (_pq_light(value) if tone == "pq" else _hlg_scene(value)) for value in axis}
    for blue in axis:
        for green in axis:
            for red in axis:
                r, g, b = light[red], light[green], light[blue]
                if tone == "hlg":  # the OOTF of BT.2100: from the light of the scene to that of the display
                    y = _dot(_LUMINANCE, (r, g, b))
                    r, g, b = (_PEAK * y ** (_HLG_GAMMA - 1) * each if y else 0.0 for each in (r, g, b))
                lines.append("{:.5f} {:.5f} {:.5f}".format(*_sdr((r, g, b))))
    return "\n".join(lines) + "\n"


def _sdr(light: tuple[float, float, float]) -> tuple[float, ...]:
    """BT.709 coded values of a BT.2020 colour in cd/m2."""
    brightest = max(light)
    if brightest <= 0:
        return 0.0, 0.0, 0.0
    scale = _tone_mapped(brightest) / brightest / _WHITE  # one factor for all three: the hue stays
    colour = tuple(_dot(row, light) * scale for row in _TO_709)
    # What BT.709 can not show is drawn towards gray of the same luminance until it can.
    gray = min(max(_dot(_LUMINANCE_709, colour), 0.0), 1.0)
    keep = 1.0
    for each in colour:
        if each < 0:
            keep = min(keep, gray / (gray - each))
        elif each > 1:
            keep = min(keep, (1 - gray) / (each - gray))
    # BT.1886: what a display makes of the coded value.
    return tuple(min(max(gray + (each - gray) * keep, 0.0), 1.0) ** (1 / 2.4) for each in colour)


def _tone_mapped(light: float) -> float:
    """The EETF of ITU-R BT.2390 (5.4.1) from _PEAK down to _WHITE, in cd/m2, with black at 0."""
    peak = _pq(_PEAK)
    value, most = min(_pq(light) / peak, 1.0), _pq(_WHITE) / peak
    knee = 1.5 * most - 0.5
    if value > knee:
        t = (value - knee) / (1 - knee)
        value = ((2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most)
    return _pq_light(value * peak)


# SMPTE ST 2084, also ITU-R BT.2100 table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(value: float) -> float:
    """cd/m2 of a PQ value of 0 to 1."""
    root: float = value ** (1 / _M2)
    return float(10_000 * (max(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1))


def _pq(light: float) -> float:
    """The PQ value of so many cd/m2."""
    power = (light / 10_000) ** _M1
    return float(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _hlg_scene(value: float) -> float:
    """Light of the scene, 0 to 1, of an HLG value (the inverse OETF of BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return value * value / 3 if value <= 0.5 else (2.718281828459045 ** ((value - c) / a) + b) / 12


def _dot(weights: tuple[float, ...], values: tuple[float, ...]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


if __name__ == "__main__":
    print(cube(sys.argv[1]), end="")
