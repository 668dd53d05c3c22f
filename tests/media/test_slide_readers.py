"""The programs that read slides, each where it is installed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from clips import Desk
from slide_clips import HEIGHT, WIDTH, Deck, cv2

from enrich import slide_readers
from enrich.slide_readers import Reader, find_reader
from enrich.slide_text import text_of, title_of
from infra.core.command import Command
from infra.core.errors import StepFailed
from infra.core.steps import Completed

pytestmark = pytest.mark.media
BULLETS = 5


def reader_of(desk: Desk, which: str, monkeypatch: pytest.MonkeyPatch, languages: Sequence[str] = ("en",)) -> Reader:
    """The reader of that name, whatever else is installed."""
    if which == "tesseract" and shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed")
    if which == "rapidocr":
        if find_spec("rapidocr") is None:
            pytest.skip("the package rapidocr is not installed")
        monkeypatch.setattr(slide_readers, "which", lambda name: None)
    found = find_reader(desk.run, desk.tools, languages, max_pixels=desk.settings.max_pixels, nice=0)
    assert found is not None
    assert found.name.startswith(which)
    return found


# RapidOCR leaves out spaces between words; so its letters are counted, not its words.
@pytest.mark.parametrize(("which", "split", "least"), [("tesseract", str.split, 0.97), ("rapidocr", list, 0.9)])
@pytest.mark.parametrize(("dark", "size"), [(False, 30), (True, 30), (False, 20)])
def test_a_slide_is_read(desk: Desk, out: Path, monkeypatch: pytest.MonkeyPatch, which: str, split: type, least: float, *,
                         dark: bool, size: int) -> None:
    reader = reader_of(desk, which, monkeypatch)
    deck = Deck(41, dark=dark, size=size, footer=False)
    image = out / "still.jpg"
    cv2.imwrite(str(image), deck.page(2, BULLETS), [cv2.IMWRITE_JPEG_QUALITY, 85])
    lines = reader(image, out)
    written = split(" ".join([deck.title(2), *(deck.bullet(2, i) for i in range(BULLETS))]))
    read = split(text_of(lines))
    assert sum((Counter(written) & Counter(read)).values()) >= least * len(written), text_of(lines)
    title = title_of(lines)
    assert title is not None
    assert title.replace(" ", "") == deck.title(2).replace(" ", "")
    first = lines[0]
    assert first.left * WIDTH == pytest.approx(50, abs=15)
    assert first.top * HEIGHT == pytest.approx(20, abs=15)


@pytest.mark.parametrize("which", ["tesseract", "rapidocr"])
def test_nothing_is_read_from_an_empty_slide(desk: Desk, out: Path, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    reader = reader_of(desk, which, monkeypatch)
    image = out / "still.jpg"
    cv2.imwrite(str(image), Deck(42, footer=False).page(0, 0)[80:])
    assert reader(image, out) == []


def test_an_unknown_language_is_read_as_one_that_is_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reader_of(desk, "tesseract", monkeypatch, ["tlh", "en"]).name.startswith("tesseract ")


def test_without_a_reader_there_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slide_readers, "which", lambda name: None)
    monkeypatch.setattr(slide_readers, "find_spec", lambda name: None)
    assert find_reader(desk.run, desk.tools, [], max_pixels=1, nice=0) is None


def test_a_tesseract_that_does_not_run_is_passed_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(command: Command, **how: object) -> Completed:
        raise StepFailed("tool_failed", "a library is missing")

    monkeypatch.setattr(slide_readers, "which", lambda name: "/usr/bin/tesseract")
    monkeypatch.setattr(slide_readers, "find_spec", lambda name: None)
    assert find_reader(broken, desk.tools, [], max_pixels=1, nice=0) is None
