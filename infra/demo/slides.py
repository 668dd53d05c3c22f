"""The look of the sample lecture: every slide as a function of time, drawn with Pillow.

A scene reads its words from the slide and its steps from the slide's beats. Everything is drawn afresh for
each frame, so any moment of the lecture can be looked at on its own with picture().
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]

WIDTH, HEIGHT, FPS = 1920, 1080, 25
MARGIN = 140
FADE = 0.6  # seconds from one slide to the next

PAPER, WHITE, INK = (246, 247, 250), (255, 255, 255), (22, 26, 36)
MUTED, LINE = (100, 108, 124), (221, 225, 233)
ACCENT, TINT = (47, 91, 234), (184, 200, 250)
NIGHT, NIGHT_CELL, NIGHT_TEXT = (19, 24, 38), (33, 41, 62), (168, 177, 198)


@dataclass
class Slide:
    scene: str
    title: str
    narration: list[str]
    kicker: str = ""
    items: list[list[str]] = field(default_factory=list)
    panel: list[str] = field(default_factory=list)
    start: float = 0.0
    duration: float = 0.0
    beats: list[float] = field(default_factory=list)  # when the "|" marks fall, from the slide's start


@lru_cache
def font(size: int, weight: int, mono: bool) -> ImageFont.FreeTypeFont:
    if mono:
        return ImageFont.truetype(str(files("fontpkg_ibm_plex_mono") / "files/IBMPlexMono-Regular.ttf"), size)
    sans = ImageFont.truetype(str(files("fontpkg_ibm_plex_sans") / "files/IBMPlexSans[wdth,wght].ttf"), size)
    sans.set_variation_by_axes([weight, 100])  # the weight comes before the width
    return sans


@lru_cache(maxsize=2048)
def rounded_mask(width: int, height: int, radius: int) -> Image.Image:
    """Pillow draws shapes without anti-aliasing: draw four times as large and scale down."""
    mask = Image.new("L", (width * 4, height * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), radius * 4, fill=255)
    return mask.resize((width, height), Image.Resampling.BOX)


def mix(low: Color, high: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return red, green, blue


def ease(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


class Frame:
    """One picture of a slide, `t` seconds after the slide's start."""

    def __init__(self, slide: Slide, t: float, ground: Color) -> None:
        self.slide, self.t, self.ground = slide, t, ground
        self.image = Image.new("RGB", (WIDTH, HEIGHT), ground)
        self.pen = ImageDraw.Draw(self.image)

    def since(self, beat: int) -> float:
        """Seconds since a step of the scene; negative before it."""
        return self.t - self.slide.beats[beat]

    def step(self, beat: int, seconds: float = 0.5) -> float:
        """0 before a step of the scene, 1 well after it, smooth in between."""
        return ease(self.since(beat) / seconds)

    def text(self, x: float, y: float, text: str, size: int, color: Color = INK, *, weight: int = 400,
             mono: bool = False, show: float = 1.0, ground: Color | None = None, anchor: str = "ls",
             leading: float = 1.3) -> None:  # fmt: skip
        """Text on a flat ground, `y` being the first baseline; `show` fades it in while it rises a little."""
        if show <= 0:
            return
        shade = mix(ground or self.ground, color, show)
        for number, line in enumerate(text.split("\n")):
            baseline = y + number * round(size * leading) + (1 - show) * 14
            self.pen.text((x, baseline), line, shade, font(size, weight, mono), anchor=anchor)

    def box(self, x: float, y: float, width: float, height: float, color: Color, *, radius: int = 0,
            border: Color | None = None, thickness: int = 3) -> None:  # fmt: skip
        if round(width) < 1 or round(height) < 1:
            return
        if border:
            self.box(x, y, width, height, border, radius=radius)
            inner = 2 * thickness
            x, y, width, height = x + thickness, y + thickness, width - inner, height - inner
            radius = max(radius - thickness, 0)
        self.image.paste(color, (round(x), round(y)), rounded_mask(round(width), round(height), radius))

    def dot(self, x: float, y: float, radius: int, color: Color) -> None:
        self.box(x - radius, y - radius, 2 * radius, 2 * radius, color, radius=radius)


def night_cells(frame: Frame, lit: float) -> None:
    """The grid of cells as an ornament, at the right edge; `lit` is the share of it that is made."""
    for column in range(8):
        for row in range(9):
            x, y = 1208 + column * 96, 76 + row * 104
            order = ((column * 37 + row * 61 + column * row * 17) % 72) / 72
            glow = ease((lit - order) * 8)
            shimmer = 0.5 + 0.5 * math.sin(frame.t * 1.3 + column * 1.7 + row * 2.9)
            distance = (column + 1) / 9  # fades out towards the text
            made = mix(NIGHT_CELL, ACCENT, 0.35 + 0.65 * shimmer)
            frame.box(x, y, 80, 88, mix(NIGHT, mix(NIGHT_CELL, made, glow), distance), radius=10)


def draw_title(frame: Frame) -> None:
    slide = frame.slide
    night_cells(frame, 0.12 + 0.3 * ease(frame.t / slide.duration))
    frame.box(MARGIN, 300, 96, 10, ACCENT, radius=5)
    frame.text(MARGIN, 450, slide.title, 128, WHITE, weight=600, show=ease(frame.t / 0.8), leading=1.12)
    heading, note = slide.items[0]
    frame.text(MARGIN, 730, heading, 52, WHITE, show=ease(frame.t - 0.9))
    frame.text(MARGIN, 802, note, 40, NIGHT_TEXT, show=frame.step(0))


def draw_closing(frame: Frame) -> None:
    slide = frame.slide
    night_cells(frame, 0.4 + 0.7 * ease(frame.t / (slide.duration - 1)))
    frame.box(MARGIN, 270, 96, 10, ACCENT, radius=5)
    frame.text(MARGIN, 410, slide.title, 112, WHITE, weight=600, show=ease(frame.t / 0.8), leading=1.12)
    heading, note = slide.items[0]
    frame.text(MARGIN, 660, heading, 52, WHITE, show=frame.step(0))
    if frame.step(0) > 0:
        panel = mix(NIGHT, NIGHT_CELL, frame.step(0))
        frame.box(MARGIN, 722, 560, 96, panel, radius=14)
        typed = f"$ {slide.panel[0]}"[: max(int(frame.since(0) * 11), 0)]
        frame.text(MARGIN + 36, 784, typed, 40, WHITE, mono=True)
    frame.text(MARGIN, 900, note, 40, NIGHT_TEXT, show=frame.step(1))


def draw_pipeline(frame: Frame) -> None:
    width, gap, top, height = 368, 56, 400, 320
    beats = range(len(frame.slide.items))
    travelled = sum(frame.step(beat, 0.8) for beat in beats)  # 1 is the first card's centre
    for number, (heading, note) in enumerate(frame.slide.items):
        x, show = MARGIN + number * (width + gap), frame.step(number)
        active = show * (1 - (frame.step(number + 1) if number + 1 in beats else 0))
        frame.box(x, top, width, height, mix(PAPER, WHITE, show), radius=20,
                  border=mix(mix(PAPER, LINE, 0.4 + 0.6 * show), ACCENT, active), thickness=4)  # fmt: skip
        frame.text(x + 40, top + 84, str(number + 1), 40, ACCENT, weight=600, show=show, ground=WHITE)
        frame.text(x + 40, top + 172, heading, 60, weight=600, show=show, ground=WHITE)
        frame.text(x + 40, top + 234, note, 32, MUTED, show=show, ground=WHITE, leading=1.32)
    rail, first = top + height + 110, MARGIN + width / 2
    here = first + max(travelled - 1, 0) * (width + gap)
    frame.box(first, rail - 3, 3 * (width + gap), 6, LINE, radius=3)
    frame.box(first, rail - 3, here - first, 6, ACCENT, radius=3)
    for number in beats:
        frame.dot(first + number * (width + gap), rail, 13, ACCENT if travelled >= number + 0.99 else LINE)
    pulse = 0.5 + 0.5 * math.sin(frame.t * 4)
    if travelled > 0:
        frame.dot(here, rail, round(26 + 6 * pulse), TINT)
        frame.dot(here, rail, 16, ACCENT)


def draw_grid(frame: Frame) -> None:
    renditions, columns, left, top, pitch_x, pitch_y = ("1080", "720", "480", "360"), 16, 292, 400, 93, 104
    asked = [2, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]  # the row that the player wants, by column
    playing = max(frame.since(2) - 0.3, 0) / 0.62  # columns
    filling = max(frame.since(3), 0) * 10  # cells
    for row, name in enumerate(renditions):
        label = ease((frame.since(0) - row * 0.16) / 0.4)
        frame.text(left - 44, top + row * pitch_y + 58, name, 40, show=label, anchor="rs", weight=500)
    for column in range(columns):
        show = ease((frame.since(1) - column * 0.07) / 0.4)
        seconds = f"{column * 6 // 60}:{column * 6 % 60:02}"
        if column % 2 == 0:
            frame.text(left + column * pitch_x, top - 26, seconds, 26, MUTED, mono=True, show=show)
        for row in range(len(renditions)):
            # Background fill goes in order of time, and leaves alone what a player has asked for already.
            order = column * 4 + (row * 3 + column) % 4
            color = mix(PAPER, LINE, max(show, 0.35 * ease((frame.since(0) - row * 0.16) / 0.4)))
            color = mix(color, TINT, ease((filling - order) / 3))
            if row == asked[column]:
                color = mix(color, ACCENT, ease((playing - column) * 3))
            frame.box(left + column * pitch_x, top + row * pitch_y, 80, 88, color, radius=10)
    if playing > 0:
        x = left + min(playing * 0.8, columns) * pitch_x
        frame.box(x, top - 14, 5, 4 * pitch_y + 12, INK, radius=2)
    for number, color in enumerate((LINE, ACCENT, TINT)):
        x, show = left + (0, 262, 640)[number], frame.step(number + 1)
        frame.box(x, 866, 34, 34, mix(PAPER, color, show), radius=6)
        frame.text(x + 52, 895, frame.slide.items[number][0], 36, MUTED, show=show)
    show = frame.step(4)
    frame.text(left, 968, frame.slide.items[3][0], 44, ACCENT, weight=600, show=show)


def draw_adaptive(frame: Frame) -> None:
    blocks, lane_top, pitch, left, width = [0, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0], 420, 124, 300, 560
    for row, (name, _) in enumerate(frame.slide.items):
        show, y = frame.step(row), lane_top + row * pitch
        frame.text(left - 44, y + 42, name, 46, show=show, anchor="rs", weight=500)
        frame.box(left, y + 24, width * show, 4, LINE, radius=2)
    progress = max(frame.since(4), 0) * 1.5
    each = width / len(blocks)
    for column, row in enumerate(blocks):
        grown = ease(progress - column)
        frame.box(left + column * each, lane_top + row * pitch, (each - 7) * grown, 52, ACCENT, radius=8)
    x, y, w, h = 930, 368, WIDTH - MARGIN - 930, 570
    frame.box(x, y, w, h, NIGHT, radius=20)
    frame.text(x + 44, y + 62, "master.m3u8", 26, NIGHT_TEXT, mono=True)
    frame.box(x, y + 88, w, 2, NIGHT_CELL)
    for number, line in enumerate(frame.slide.panel):
        current = blocks[min(int(progress), len(blocks) - 1)] if progress > 0 else -1
        lit = number in (3 + 2 * current, 4 + 2 * current) if current >= 0 else False
        frame.text(x + 44, y + 146 + number * 39, line, 22, WHITE if lit else NIGHT_TEXT, mono=True)


def draw_search(frame: Frame) -> None:
    query, hit = "signal to noise", 3
    frame.box(MARGIN, 360, 640, 96, WHITE, radius=48, border=mix(LINE, ACCENT, frame.step(0)), thickness=4)
    typed = query[: max(int(frame.since(0) * 14), 0)]
    frame.text(MARGIN + 48, 422, typed, 42, ground=WHITE)
    if frame.t % 1 < 0.55:
        caret = MARGIN + 52 + font(42, 400, False).getlength(typed)
        frame.box(caret, 384, 4, 48, ACCENT)
    for number, (heading, start) in enumerate(frame.slide.items):
        y, show = 566 + number * 96, ease((frame.since(2) - number * 0.18) / 0.5)
        color = ACCENT if number == 2 else INK
        frame.text(MARGIN + 110, y, start, 36, MUTED, show=show, anchor="rs")
        frame.text(MARGIN + 150, y, heading, 42, color, weight=600 if number == 2 else 400, show=show)
        frame.box(MARGIN, y + 32, 640 * show, 2, LINE)
    x, y, w, h = 880, 360, WIDTH - MARGIN - 880, 578
    frame.box(x, y, w, h, WHITE, radius=20, border=LINE)
    found = frame.step(1)
    for number, line in enumerate(frame.slide.panel):
        baseline, (start, words) = y + 76 + number * 66, line.split("  ", 1)
        row = WHITE
        if number == hit and found > 0:
            row = mix(WHITE, TINT, found * 0.6)
            frame.box(x + 20, baseline - 43, w - 40, 62, row, radius=10)
        frame.text(x + 48, baseline, start, 26, MUTED, mono=True, ground=row)
        frame.text(x + 156, baseline, words, 29, ground=row, weight=500 if row != WHITE else 400)


def draw_rewatch(frame: Frame) -> None:
    bars, floor, left, pitch = 82, 860, MARGIN, 20
    for bar in range(bars):
        once = 330 - 1.1 * bar + 12 * math.sin(bar * 0.9) + 7 * math.sin(bar * 2.3)
        hills = ((14, 3, 60), (37, 3, 190), (60, 5, 80))
        again = sum(tall * math.exp(-(((bar - at) / wide) ** 2)) for at, wide, tall in hills)
        grown = ease((frame.t - 0.3 - bar * 0.012) / 0.7)
        regrown = ease((frame.since(0) - bar * 0.012) / 0.7)
        x = left + bar * pitch
        frame.box(x, floor - once * grown, 14, once * grown, TINT, radius=3)
        if again > 6:
            frame.box(x, floor - once - again * regrown, 14, again * regrown, ACCENT, radius=3)
    frame.box(left, floor + 8, bars * pitch - 6, 3, LINE)
    for minute in range(0, 40, 10):
        frame.text(left + minute * 40, floor + 52, f"{minute}:00", 28, MUTED, mono=True)
    once_name, again_name, (chapter, span), source = (
        frame.slide.items[0][0], frame.slide.items[1][0], frame.slide.items[2], frame.slide.items[3][0],
    )  # fmt: skip
    frame.box(left, 944, 30, 30, TINT, radius=6)
    frame.text(left + 46, 971, once_name, 34, MUTED)
    frame.box(left + 320, 944, 30, 30, mix(PAPER, ACCENT, frame.step(0)), radius=6)
    frame.text(left + 366, 971, again_name, 34, MUTED, show=frame.step(0))
    frame.text(WIDTH - MARGIN, 971, source, 28, MUTED, anchor="rs")
    x, show = left + 37 * pitch + 110, frame.step(1)
    frame.text(x, 384, chapter, 48, weight=600, show=show)
    frame.text(x, 436, span, 36, MUTED, show=show)


def draw_scale(frame: Frame) -> None:
    cells, columns, machines, rate = 70, 10, 6, 2.4  # cells a second
    heading, machine = (item[0] for item in frame.slide.items)
    alone, together = max(frame.since(0) - 0.4, 0), max(frame.since(1) - 0.4, 0)
    made = rate * (alone + together * (machines - 1))
    frame.text(MARGIN, 400, heading, 40, MUTED)
    for cell in range(cells):
        x, y = MARGIN + cell % columns * 62, 436 + cell // columns * 66
        frame.box(x, y, 52, 56, mix(LINE, ACCENT, ease(made - cell)), radius=8)
    for number in range(machines):
        show = frame.step(0) if number == 0 else ease((frame.since(1) - 0.12 * number) / 0.5)
        x, y, w, h = 960 + number % 2 * 425, 370 + number // 2 * 188, 395, 158
        if show <= 0:
            continue
        frame.box(x, y + (1 - show) * 20, w, h, mix(PAPER, WHITE, show), radius=18,
                  border=mix(PAPER, LINE, show))  # fmt: skip
        frame.text(x + 36, y + 68, f"{machine} {number + 1}", 40, weight=500, show=show, ground=WHITE)
        frame.box(x + 36, y + 104, w - 72, 14, mix(WHITE, LINE, show), radius=7)
        work = (frame.t + number * 0.37) % 1
        frame.box(x + 36, y + 104, max((w - 72) * work, 14), 14, mix(WHITE, ACCENT, show), radius=7)


SCENES: dict[str, Callable[[Frame], None]] = {
    "title": draw_title, "pipeline": draw_pipeline, "grid": draw_grid, "adaptive": draw_adaptive,
    "search": draw_search, "rewatch": draw_rewatch, "scale": draw_scale, "closing": draw_closing,
}  # fmt: skip


def picture(slides: list[Slide], number: int, time: float) -> Image.Image:
    """A slide at a time of the lecture, with what all slides have in common."""
    slide = slides[number]
    dark = not slide.kicker
    frame = Frame(slide, time - slide.start, NIGHT if dark else PAPER)
    if not dark:
        frame.text(MARGIN, 150, slide.kicker, 36, ACCENT, weight=600)
        frame.text(MARGIN, 246, slide.title, 80, weight=600)
    SCENES[slide.scene](frame)
    if not dark:
        frame.text(WIDTH - MARGIN, 150, f"{number + 1} / {len(slides)}", 30, MUTED, anchor="rs")
    total = slides[-1].start + slides[-1].duration
    frame.box(0, HEIGHT - 10, WIDTH, 10, NIGHT_CELL if dark else LINE)
    frame.box(0, HEIGHT - 10, WIDTH * time / total, 10, ACCENT)
    return frame.image


def pictures(slides: list[Slide]) -> Iterator[Image.Image]:
    total = slides[-1].start + slides[-1].duration
    for index in range(math.ceil(total * FPS)):
        time = index / FPS
        number = max(n for n, slide in enumerate(slides) if slide.start <= time)
        image = picture(slides, number, time)
        share = ease((time - slides[number].start) / FADE)
        if number and share < 1:
            image = Image.blend(picture(slides, number - 1, time), image, share)
        yield image
