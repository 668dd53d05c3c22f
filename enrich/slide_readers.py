"""What reads the text of a picture: tesseract where the system has it, else RapidOCR where its package is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Protocol

import ffmpeg
import numpy as np

from enrich.slide import Line
from enrich.slide_look import Pictures
from enrich.slide_text import Word, lines_of, words_of_tsv
from infra.core.command import GIB, Command, Limits
from infra.core.errors import StepFailed
from infra.core.languages import iso639_2
from infra.core.steps import Runner, Tools

NONE = "There is nothing here that reads pictures. Install the program tesseract, or the Python package rapidocr."
_LIMITS = Limits(wall_s=120, cpu_s=120, memory_bytes=4 * GIB, file_bytes=1 * GIB)
_ENLARGED = 2  # tesseract finds all of 14 px text at twice the size (measured: .98 -> .99, of a 360p picture .94 -> 1.0)
_PAGE = "page.pgm"
# A threshold by the surroundings: one for the whole page loses titles on a bar of their own (of 15, 4 lost a word; so none).
_SAUVOLA = ("-c", "thresholding_method=2")
# One thread, a line at a time, no turned pages: half the processor time, and a tenth less memory (measured: 1.1 s a slide
# instead of 2.3, 710 MB instead of 780).
_RAPID = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1,
          "EngineConfig.onnxruntime.enable_cpu_mem_arena": False, "Rec.rec_batch_num": 1, "Global.use_cls": False,
          "Global.log_level": "warning"}


class Reader(Protocol):
    """Reads pictures. `name` says who, with a version."""

    name: str

    def __call__(self, image: Path, work: Path) -> list[Line]:
        """The lines on a JPEG that lies in the folder `work`. Raises StepFailed."""


def find_reader(run: Runner, tools: Tools, languages: Sequence[str], *, max_pixels: int, nice: int, light: bool = False
                ) -> Reader | None:
    """The best reader that this machine has, for text in these languages (BCP 47); None: there is none. `light`: none that
    takes hundreds of megabytes.
    """
    page = _Page(run, tools, max_pixels, nice)
    if which("tesseract"):
        try:
            return Tesseract(page, languages)
        except StepFailed as failure:
            if failure.code != "tool_failed":
                raise
    return Rapid(page) if find_spec("rapidocr") and not light else None


@dataclass(frozen=True, slots=True)
class _Page:
    """Makes what can be read of a JPEG: grey, dark on light."""

    run: Runner
    tools: Tools
    max_pixels: int
    nice: int

    def __call__(self, image: Path, work: Path, times: int) -> Pictures:
        # Nothing but JPEG: the still was made by us, but from an upload.
        page = ffmpeg.input(f"file:{image}", f="mjpeg", protocol_whitelist="file", codec_whitelist="mjpeg",
                            max_pixels=self.max_pixels)
        page = page.filter("scale", f"iw*{times}", f"ih*{times}", flags="bicubic").filter("format", "gray")
        output = ffmpeg.output(page, f"file:{work / _PAGE}", f="image2", update=1, **{"c:v": "pgm", "frames:v": 1})
        argv = (str(self.tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-y",
                *ffmpeg.get_args(output))
        self.run(Command(argv, work=work, limits=_LIMITS, nice=self.nice))
        grey = from_pgm((work / _PAGE).read_bytes())
        return 255 - grey if is_dark(grey) else grey


class Tesseract:
    """The program of that name."""

    def __init__(self, page: _Page, languages: Sequence[str]) -> None:
        """Raises StepFailed when it does not run, or knows no language."""
        self._page = page
        listed = self._run(("--list-langs",)).decode(errors="replace").splitlines()
        known = {line.strip() for line in listed[1:]} - {"osd"}
        wanted = [code for code in dict.fromkeys(iso639_2(tag) for tag in languages) if code in known]
        self._languages = "+".join(wanted or [*({"eng"} & known), *sorted(known)][:1])
        if not self._languages:
            raise StepFailed("tool_failed", "tesseract is installed without any language.")
        self.name = " ".join(self._run(("--version",)).decode(errors="replace").split()[:2])

    def __call__(self, image: Path, work: Path) -> list[Line]:
        grey = self._page(image, work, _ENLARGED)
        (work / _PAGE).write_bytes(to_pgm(grey))
        # Text wherever it stands (11): slides have no columns that a page's layout could be guessed from.
        table = self._run((str(work / _PAGE), "stdout", "--psm", "11", *_SAUVOLA, "-l", self._languages, "tsv"), work)
        height, width = grey.shape
        return lines_of(words_of_tsv(table.decode(errors="replace"), width, height))

    def _run(self, args: tuple[str, ...], work: Path | None = None) -> bytes:
        # With more than one thread it takes as long, and the other processor as well (measured).
        argv = ("env", "OMP_THREAD_LIMIT=1", "tesseract", *args)
        return self._page.run(Command(argv, work=work, limits=_LIMITS, nice=self._page.nice)).stdout


class Rapid:
    """The package rapidocr, whose models are in it. It runs in this process, and is loaded for the first picture."""

    def __init__(self, page: _Page) -> None:
        self._page = page
        self._engine: Any = None
        self.name = f"rapidocr {version('rapidocr')}"

    def __call__(self, image: Path, work: Path) -> list[Line]:
        if self._engine is None:
            self._engine = import_module("rapidocr").RapidOCR(params=_RAPID)  # seconds
        grey = self._page(image, work, 1)
        height, width = grey.shape
        found = self._engine(np.repeat(grey[:, :, None], 3, axis=2))
        words = []
        for n, (corners, text, score) in enumerate(zip(found.boxes if found.boxes is not None else (),
                                                       found.txts or (), found.scores or (), strict=True)):
            (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
            words.append(Word(text, 100 * float(score), (n,), float(left) / width, float(top) / height,
                              float(right - left) / width, float(bottom - top) / height))
        return lines_of(words)


def is_dark(grey: Pictures) -> bool:
    """Whether most of a picture is dark: its text is light then."""
    return bool(np.median(grey) < 128)


def from_pgm(data: bytes) -> Pictures:
    """The pixels of a grey picture, (rows, columns), as ffmpeg writes it (P5, 8 bits). Raises StepFailed."""
    try:
        width, height = (int(word) for word in data[:40].split(maxsplit=4)[1:3])
        if data[:-width * height].split() != [b"P5", b"%d" % width, b"%d" % height, b"255"]:
            raise ValueError
        return np.frombuffer(data, np.uint8, offset=len(data) - width * height).reshape(height, width)
    except ValueError:
        raise StepFailed("bad_picture", "The picture of a slide could not be read.", retryable=True) from None


def to_pgm(grey: Pictures) -> bytes:
    """The opposite of `from_pgm`."""
    return b"P5\n%d %d\n255\n" % grey.shape[::-1] + grey.tobytes()
