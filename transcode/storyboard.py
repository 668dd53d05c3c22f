"""The storyboard: a small picture every 10 s, several to a sheet, for the time bar of a player. Pure.

Its list is WebVTT with spatial fragments (storyboard.vtt), an image playlist of HLS (the community specification "Image
Media Playlist" 0.4) and thumbnail tiles of DASH (DASH-IF IOP part 9, 6.2.6), all complete before a sheet is rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from xml.etree import ElementTree as ET

from infra.core.command import Command
from infra.core.steps import Tools
from transcode import jpeg
from transcode.cells import in_sdr, key_frames_from, limited, pictures_from
from transcode.plan import Plan
from transcode.webvtt_time import webvtt_time

NAME = "storyboard"  # its folder, and its place in a URL
TILE_S = 10
_COLUMNS, _ROWS = 5, 5
_LONG_PX, _SHORT_PX = 320, 240  # width of a tile, lying or standing: the text of a slide can still be read
_TILE_BYTES = 24_000  # what a dense picture of that size takes as JPEG at this quality, for the declared bandwidth
_QUALITY = 4
# Which moment of its ten seconds a tile shows. Of key frames it is the last one before three quarters: with one every
# 10 s, wherever they lie, the tile is from its own ten seconds or at most 2.5 s older.
_POINT_S, _KEY_POINT_S = Fraction(5), Fraction(15, 2)


@dataclass(frozen=True, slots=True)
class Board:
    """The shape of a video's storyboard. Sheet j holds the tiles from j x `per_sheet` on, row by row."""

    tiles: int
    columns: int
    rows: int
    width_px: int  # of a tile
    height_px: int

    @property
    def per_sheet(self) -> int:
        return self.columns * self.rows

    @property
    def sheets(self) -> int:
        return ceil(self.tiles / self.per_sheet)

    @property
    def sheet_s(self) -> int:
        """Seconds that a full sheet stands for."""
        return self.per_sheet * TILE_S

    def tiles_of(self, j: int) -> int:
        """How many tiles of sheet j show something; the rest of the last one is black."""
        return min(self.per_sheet, self.tiles - j * self.per_sheet)

    @property
    def bandwidth_bps(self) -> int:
        return self.per_sheet * _TILE_BYTES * 8 // self.sheet_s


def board(plan: Plan) -> Board:
    """The storyboard of a video. A short one has a sheet of just its tiles."""
    tiles = max(1, ceil(plan.duration_s / TILE_S))
    shape = plan.video[-1]
    width = _LONG_PX if shape.width_px >= shape.height_px else _SHORT_PX
    height = max(2, 2 * round(Fraction(width * shape.height_px, shape.width_px) / 2))
    columns = min(_COLUMNS, tiles)
    return Board(tiles, columns, min(_ROWS, ceil(tiles / columns)), width, height)


def sheet_span(plan: Plan, j: int) -> tuple[Fraction, Fraction]:
    """Output seconds [start, end) whose pictures are on sheet j."""
    shape = board(plan)
    return Fraction(j * shape.sheet_s), min(plan.duration_s, Fraction((j + 1) * shape.sheet_s))


def sheet_command(tools: Tools, plan: Plan, source: Path, j: int, work: Path, *, key_frames: bool, max_pixels: int,
                  nice: int = 0) -> Command:
    """Sheet j to work/sheet.jpg. With `key_frames` only those are read and decoded, a fiftieth of the work."""
    shape = board(plan)
    start_s, end_s = sheet_span(plan, j)
    point_s = _KEY_POINT_S if key_frames else _POINT_S
    picture = key_frames_from(plan, source, start_s) if key_frames else pictures_from(plan, source, start_s)
    shift = start_s + point_s
    picture = (
        # On the grid of tiles: number n is the last picture up to its moment.
        picture.filter("setpts", f"PTS-({shift.numerator}/{shift.denominator})/TB")
        .filter("fps", fps=f"1/{TILE_S}", round="up").filter("trim", start_pts=0, end_pts=shape.tiles_of(j))
    )
    picture = in_sdr(plan, picture, shape.width_px, shape.height_px, work, flags="area", **jpeg.COLOURS)
    picture = picture.filter("setsar", 1).filter("format", "yuvj420p").filter(
        "tile", f"{shape.columns}x{shape.rows}", nb_frames=shape.tiles_of(j))
    output = jpeg.one_picture(picture, work / "sheet.jpg", quality=_QUALITY, fflags="+bitexact",
                              **{"flags:v": "+bitexact", "threads:v": 1})
    return limited(tools, output, source, work, end_s - start_s + plan.seek_lead_s, max_pixels=max_pixels, nice=nice)


def vtt(plan: Plan, base: str = "") -> str:
    """The list of tiles as WebVTT, empty where there is no picture. `base` leads from it to the sheets' folder.

    Each cue names a sheet and a rectangle on it (Media Fragments URI 1.0, 4.2.2).
    """
    lines = ["WEBVTT", ""]
    if not plan.video:
        return "\n".join(lines)
    shape = board(plan)
    for tile in range(shape.tiles):
        j, place = divmod(tile, shape.per_sheet)
        row, column = divmod(place, shape.columns)
        end_s = min(plan.duration_s, Fraction((tile + 1) * TILE_S))
        box = f"{column * shape.width_px},{row * shape.height_px},{shape.width_px},{shape.height_px}"
        lines += [f"{webvtt_time(tile * TILE_S)} --> {webvtt_time(end_s)}", f"{base}{NAME}/{j}.jpg#xywh={box}", ""]
    return "\n".join(lines)


def stream_inf(plan: Plan, base: str = "") -> str:
    """The line of the multivariant playlist that names the image playlist; empty where there is no picture."""
    if not plan.video:
        return ""
    shape = board(plan)
    return (f'#EXT-X-IMAGE-STREAM-INF:BANDWIDTH={shape.bandwidth_bps},RESOLUTION={shape.width_px}x{shape.height_px},'
            f'CODECS="jpeg",URI="{base}{NAME}/index.m3u8"\n')


def image_playlist(plan: Plan) -> str:
    """The image playlist of HLS: a segment a sheet."""
    return "\n".join(["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{board(plan).sheet_s}",
                      "#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-IMAGES-ONLY",
                      *_image_segments(plan), "#EXT-X-ENDLIST", ""])


def _image_segments(plan: Plan) -> Iterator[str]:
    shape = board(plan)
    for j in range(shape.sheets):
        start_s, end_s = sheet_span(plan, j)
        yield f"#EXTINF:{float(round(end_s - start_s, 6))},"
        yield (f"#EXT-X-TILES:RESOLUTION={shape.width_px}x{shape.height_px},LAYOUT={shape.columns}x{shape.rows},"
               f"DURATION={TILE_S}")
        yield f"{j}.jpg"


def add_adaptation(period: ET.Element, plan: Plan) -> None:
    """The adaptation set of thumbnail tiles; a segment is a sheet, its representation's size the whole sheet's."""
    if not plan.video:
        return
    shape = board(plan)
    adaptation = ET.SubElement(period, "AdaptationSet", {"contentType": "image", "mimeType": "image/jpeg"})
    ET.SubElement(adaptation, "SegmentTemplate", {
        "timescale": "1", "duration": str(shape.sheet_s), "startNumber": "0", "media": "$RepresentationID$/$Number$.jpg"})
    representation = ET.SubElement(adaptation, "Representation", {
        "id": NAME, "bandwidth": str(shape.bandwidth_bps), "width": str(shape.columns * shape.width_px),
        "height": str(shape.rows * shape.height_px)})
    ET.SubElement(representation, "EssentialProperty", {
        "schemeIdUri": "http://dashif.org/guidelines/thumbnail_tile", "value": f"{shape.columns}x{shape.rows}"})
