"""Lectures that are drawn by script, with the truth about their slides: what changes when, and which of it is a build.

Words, layouts and times come from a seed. A clip is a function of time, so every moment of it can be looked at alone.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from infra.core.steps import Tools

cv2 = pytest.importorskip("cv2", reason="the clips are drawn with OpenCV")
Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT, FPS = 1280, 720, 15
_WORDS = tuple(word for word in """
energy matrix gradient signal entropy vector kernel sample network buffer proof limit integral series theorem function
mapping process channel latency protocol schema market demand supply cell protein enzyme membrane orbit velocity momentum
lattice crystal polymer catalyst glacier sediment basin current voltage
""".replace("\n", " ").split(" ") if word)
_FACE = cv2.FontFace("sans")


@dataclass(frozen=True)
class Change:
    """Another slide, or a `build` of the one before, appears within [start_s, end_s]."""

    start_s: float
    end_s: float
    build: bool = False


@dataclass
class Clip:
    """What is drawn at a time, the slides' changes after the first one, and what is written on each slide, line by line.

    `slides` is false of what has none.
    """

    name: str
    duration_s: float
    draw: Callable[[float], Picture]
    changes: list[Change] = field(default_factory=list)
    slides: bool = True
    texts: list[list[str]] = field(default_factory=list)

    def make(self, tools: Tools, folder: Path) -> Path:
        """The clip as a file in `folder`."""
        path = folder / f"{self.name}.mp4"
        command = [str(tools.ffmpeg), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}",
                   "-r", str(FPS), "-i", "pipe:0", "-vf", "format=yuv420p", "-c:v", "libx264", "-preset", "ultrafast",
                   "-crf", "23", "-g", "120", str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            for n in range(round(self.duration_s * FPS)):
                process.stdin.write(self.draw(n / FPS).tobytes())
            process.stdin.close()
        assert process.returncode == 0
        return path


@dataclass
class Deck:
    """Slides of one template. A page is drawn with its first few bullets."""

    seed: int
    dark: bool = False
    footer: bool = True
    size: int = 30
    gradient: bool = False

    def title(self, number: int) -> str:
        return words(np.random.default_rng([self.seed, number]), 2).title()

    def bullet(self, number: int, i: int) -> str:
        return words(np.random.default_rng([self.seed, number, 1 + i]), 4 + (number + i) % 3)

    def page(self, number: int, bullets: int) -> Picture:
        ground, ink, bar = (28, 225, 60) if self.dark else (247, 40, 200)
        picture = np.full((HEIGHT, WIDTH), ground, np.uint8)
        if self.gradient:
            picture[:] = (np.linspace(250, 190, HEIGHT)[:, None] + np.linspace(0, 5, WIDTH)[None]).clip(0, 255)
        picture[:72] = bar
        write(picture, self.title(number), 50, 54, 40, ink)
        for i in range(bullets):
            write(picture, f"- {self.bullet(number, i)}", 70, 150 + i * round(self.size * 2.2), self.size, ink)
        if self.footer:
            write(picture, f"Course {self.seed}, page {number}", 50, HEIGHT - 24, 18, bar if self.dark else 150)
        return picture


def words(rng: np.random.Generator, count: int) -> str:
    return " ".join(rng.choice(_WORDS, count))


def write(picture: Picture, text: str, x: int, y: int, size: int, ink: int) -> None:
    cv2.putText(picture, text, (x, y), (ink,), _FACE, size)


class Camera:
    """Somebody who talks before a wall of shelves: a filmed look, with the noise of a sensor."""

    def __init__(self, seed: int, width: int, height: int) -> None:
        rng = np.random.default_rng([seed, 99])
        self._seed, self._size = seed, (width, height)
        coarse = cv2.resize(rng.normal(0, 1, (7, 11)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        fine = cv2.resize(rng.normal(0, 1, (height // 6, width // 5)).astype(np.float32), (width, height))
        self._wall = (110 + 35 * coarse + 14 * fine).astype(np.float32)
        self._noise = rng.normal(0, 2.5, (8, height, width)).astype(np.float32)
        self._skin = 165 + 12 * cv2.resize(rng.normal(0, 1, (40, 40)).astype(np.float32), (width, height))

    def at(self, t: float) -> Picture:
        width, height = self._size
        picture = self._wall.copy()
        sway = np.sin(t * 1.1 + self._seed) + 0.6 * np.sin(t * 2.7) + 0.4 * np.sin(t * 0.37)
        x, y = width * (0.5 + 0.05 * sway), height * (0.42 + 0.03 * np.sin(t * 1.9))
        body = np.zeros((height, width), np.uint8)
        cv2.ellipse(body, (int(x), height), (int(width * 0.3), int(height * 0.36)), 0, 0, 360, (1,), -1)
        picture[body > 0] = 60
        head = np.zeros((height, width), np.uint8)
        cv2.ellipse(head, (int(x), int(y)), (int(height * 0.17), int(height * 0.24)), 5 * sway, 0, 360, (1,), -1)
        picture[head > 0] = self._skin[head > 0]
        mouth = max(1, int(height * 0.03 * (1 + np.sin(t * 17))))
        cv2.ellipse(picture, (int(x), int(y + height * 0.1)), (int(height * 0.06), mouth), 0, 0, 360, (50.0,), -1)
        picture += self._noise[int(t * 60) % len(self._noise)]
        return np.asarray(picture.clip(0, 255), dtype=np.uint8)


CORNERS = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}


def inset(picture: Picture, camera: Picture, corner: str) -> None:
    """The camera's picture in a corner of another."""
    height, width = camera.shape
    down, right = CORNERS[corner]
    y, x = 20 + down * (HEIGHT - height - 40), 20 + right * (WIDTH - width - 40)
    picture[y:y + height, x:x + width] = camera


def pointer(picture: Picture, t: float, seed: int) -> None:
    """A mouse pointer that wanders, and rests."""
    t = np.floor(t / 4) * 4 + min(1.0, t % 4)
    x = int(WIDTH * (0.5 + 0.4 * np.sin(t * 0.9 + seed)))
    y = int(HEIGHT * (0.5 + 0.35 * np.sin(t * 0.53 + 2 * seed)))
    outline = np.array([(0, 0), (0, 26), (7, 20), (12, 30), (16, 28), (11, 18), (19, 18)])
    arrow = outline + np.array((x, y))
    cv2.fillPoly(picture, [arrow.astype(np.int32)], (0,))
    cv2.polylines(picture, [arrow.astype(np.int32)], True, (255,), 2)


def _schedule(seed: int, pages: int, bullets: int) -> list[tuple[float, int, int]]:
    """(time, page, bullets shown) of a talk: uneven times, on no grid of whole seconds."""
    rng = np.random.default_rng([seed, 7])
    shown = []
    t = 0.0
    for page in range(pages):
        for count in range(1, 1 + int(rng.integers(1, bullets + 1))):
            shown.append((t, page, count))
            t += float(rng.uniform(2.2, 7.5))
    return [*shown, (t, pages, 0)]


def talk(name: str, seed: int, *, pages: int = 8, bullets: int = 3, deck: Deck | None = None, corner: str = "",
         fade_s: float = 0.0, mouse: bool = False, back: bool = False) -> Clip:
    """Slides of one template with bullets that come one by one. `back`: the second page comes once more at the end."""
    deck = deck or Deck(seed)
    *shown, (end_s, _, _) = _schedule(seed, pages, bullets)
    if back:
        again = next(count for _, page, count in reversed(shown) if page == 1)
        shown.append((end_s, 1, again))
        end_s += 5.0
    drawn = [deck.page(page, count) for _, page, count in shown]
    camera = Camera(seed, 300, 200) if corner else None

    def draw(t: float) -> Picture:
        i = max(n for n, (start_s, _, _) in enumerate(shown) if start_s <= t + 1e-6)
        picture = drawn[i].copy()
        since_s = t - shown[i][0]
        if i and since_s < fade_s:
            picture = cv2.addWeighted(drawn[i], since_s / fade_s, drawn[i - 1], 1 - since_s / fade_s, 0)
        if camera:
            inset(picture, camera.at(t), corner)
        if mouse:
            pointer(picture, t, seed)
        return picture

    changes = [Change(start_s, start_s + fade_s, page == before)
               for (_, before, _), (start_s, page, _) in pairwise(shown)]
    texts = [[deck.title(page), *(deck.bullet(page, i) for i in range(count))] for _, page, count in shown]
    return Clip(name, end_s, draw, changes, texts=texts)


def mixed(name: str, seed: int) -> Clip:
    """Slides, then the camera alone, slides with the camera in another corner, and a film that plays on one of them."""
    deck = Deck(seed, footer=False)
    small, whole, film = Camera(seed, 280, 210), Camera(seed + 1, WIDTH, HEIGHT), Camera(seed + 2, 520, 320)
    begins = [0.0, 6.3, 13.1, 33.2, 41.7, 58.9, 66.4]  # the third is the camera alone, the fifth the page with the film
    drawn = [deck.page(i, 3) for i in range(len(begins))]

    def draw(t: float) -> Picture:
        i = max(n for n, start_s in enumerate(begins) if start_s <= t + 1e-6)
        if i == 2:
            return whole.at(t)
        picture = drawn[i].copy()
        if i == 4:
            picture[360:680, 640:1160] = film.at(t * 2)
        inset(picture, small.at(t), "top right" if t < 30 else "bottom left")
        return picture

    return Clip(name, 74.0, draw, [Change(start_s, start_s) for i, start_s in enumerate(begins) if i not in (0, 2)])


def screencast(name: str, seed: int) -> Clip:
    """A page of code that is scrolled, typed into, and left for another window."""
    rng = np.random.default_rng([seed, 5])
    page = np.full((HEIGHT * 4, WIDTH), 30, np.uint8)
    for line in range(90):
        indent = int(rng.integers(0, 4))
        write(page, f"{line + 1:3}  {'    ' * indent}{words(rng, int(rng.integers(1, 6)))}", 30, 40 + line * 32, 22, 210)
    browser = Deck(seed + 1).page(1, 5)
    typed = words(rng, 9)
    begin = rng.uniform(-1, 1, 6)
    scrolls = [(6 + begin[0], 1.2, 500), (15 + begin[1], 0.8, 420), (47 + begin[2], 1.5, 800)]
    type_s = 24 + begin[3], 5.0
    windows = [(36 + begin[4], True), (42 + begin[5], False)]

    def draw(t: float) -> Picture:
        away = False
        for start_s, other in windows:
            if t >= start_s - 1e-6:
                away = other
        if away:
            picture = browser.copy()
        else:
            offset = sum(int(rows * np.clip((t - start_s) / for_s, 0, 1)) for start_s, for_s, rows in scrolls)
            picture = page[offset:offset + HEIGHT].copy()
            picture[HEIGHT - 120:] = 45
            count = int(len(typed) * np.clip((t - type_s[0]) / type_s[1], 0, 1))
            for row in range(2):
                write(picture, typed[row * 34:count][:34], 60, HEIGHT - 80 + row * 40, 26, 240)
        pointer(picture, t, seed)
        return picture

    changes = [Change(start_s, start_s + for_s) for start_s, for_s, _ in scrolls]
    changes += [Change(type_s[0], sum(type_s), True), *(Change(start_s, start_s) for start_s, _ in windows)]
    return Clip(name, 56.0, draw, sorted(changes, key=lambda change: change.start_s))


def head(name: str, seed: int) -> Clip:
    """Somebody talks, for the whole time."""
    camera = Camera(seed, WIDTH, HEIGHT)
    return Clip(name, 40.0, camera.at, slides=False)


def film(name: str, seed: int) -> Clip:
    """A title for two seconds, then shots of 3 to 5 s, some of which pan."""
    rng = np.random.default_rng([seed, 3])
    cuts = np.cumsum([0, 2.0, *rng.uniform(3, 5, 12)])
    cameras = [Camera(seed + i, WIDTH + 400, HEIGHT) for i in range(4)]
    title = np.full((HEIGHT, WIDTH), 10, np.uint8)
    write(title, words(rng, 2).title(), 300, 380, 80, 240)

    def draw(t: float) -> Picture:
        i = int(np.searchsorted(cuts, t + 1e-6, side="right")) - 1
        if i == 0:
            return title
        x = int(60 * (t - cuts[i])) if i % 2 else 200
        return np.ascontiguousarray(cameras[i % 4].at(t)[:, x:x + WIDTH])

    return Clip(name, float(cuts[-2]), draw, slides=False)


def tuning() -> list[Clip]:
    """The clips that the thresholds were chosen by."""
    return [
        talk("same-template", 11, corner="bottom right", back=True),
        talk("dark-fades", 12, deck=Deck(12, dark=True), corner="top left", fade_s=0.6),
        talk("pointer", 13, deck=Deck(13, footer=False, size=24), mouse=True),
        talk("gradient-ground", 14, deck=Deck(14, gradient=True, size=36), corner="bottom left", fade_s=1.0),
        mixed("mixed", 15),
        screencast("screencast", 16),
        head("head", 17),
        film("film", 18),
    ]


def held_out() -> list[Clip]:
    """The clips that numbers are quoted of: nothing was chosen by them."""
    return [
        talk("h-same-template", 21, corner="bottom left", pages=9),
        talk("h-dark-fades", 22, deck=Deck(22, dark=True, size=26), corner="bottom right", fade_s=0.8, back=True),
        talk("h-pointer-and-inset", 23, deck=Deck(23, size=24), corner="top right", mouse=True),
        talk("h-small-text", 24, deck=Deck(24, footer=False, size=20), pages=10, bullets=4),
        talk("h-gradient-ground", 25, deck=Deck(25, gradient=True, size=34), fade_s=0.4, mouse=True),
        mixed("h-mixed", 26),
        screencast("h-screencast", 27),
        head("h-head", 28),
        film("h-film", 29),
    ]


def digest() -> str:
    """Changes with this file: for clips that are kept between runs."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
