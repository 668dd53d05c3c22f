"""Lectures whose chapters are known, for `tests.bench.chapters`: read from a folder in one of two forms.

- NAME.truth.json ({"duration": s, "chapters": [{"start": s, "title"}], "slide_changes": [{"t", "kind", "text"}]}, the last
  one optional) beside NAME.words.json ([[text, start, end], ...]) or NAME.vtt, NAME.srt, NAME.en.vtt;
- a copy of the public repository 3b1b/captions: YEAR/NAME/english/word_timings.json, with the chapters in the text below the
  video, of which only the translations (YEAR/NAME/*/description.json) keep the English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from enrich import caption_files
from enrich.slide import Slide
from enrich.transcript import Word

_STAMP = re.compile(r"\s*((?:\d+:)?\d{1,2}:\d{2})\s*[-–—:.|]*\s*(\S.*)")


@dataclass(frozen=True)
class Lecture:
    """A lecture with the chapters that somebody set."""

    name: str
    words: Sequence[Word]
    slides: Sequence[Slide]
    duration_s: float
    starts_s: Sequence[float]
    titles: Sequence[str]


def read(folder: Path) -> list[Lecture]:
    """All lectures of a folder that have words and at least three chapters."""
    found = [*_with_truth(folder), *_of_3b1b(folder)]
    return [one for one in found if len(one.starts_s) >= 3 and len(one.words) > 300
            and one.starts_s[-1] < one.words[-1].end_s]


def _with_truth(folder: Path) -> Iterator[Lecture]:
    for path in sorted(folder.glob("**/*.truth.json")):
        truth = json.loads(path.read_text())
        base = path.name.removesuffix(".truth.json")
        beside = [path.with_name(base + ending) for ending in (".words.json", ".vtt", ".srt", ".en.vtt", ".en.srt")]
        words = next((_words(one, truth["duration"]) for one in beside if one.exists()), [])
        yield Lecture(base, words, _slides(truth.get("slide_changes", ())), truth["duration"],
                      [one["start"] for one in truth["chapters"]], [one["title"] for one in truth["chapters"]])


def _words(path: Path, duration_s: float) -> list[Word]:
    if path.suffix == ".json":
        return [_word(*entry) for entry in json.loads(path.read_text())]
    words = []
    for caption in caption_files.read(path.read_bytes(), duration_s):
        texts = caption.text.split()
        each_s = (caption.end_s - caption.start_s) / max(1, len(texts))
        words += [_word(f" {text}", caption.start_s + i * each_s, caption.start_s + (i + 1) * each_s)
                  for i, text in enumerate(texts)]
    return words


def _word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text=text, start_s=start_s, end_s=end_s, probability=1.0)


def _slides(changes: Sequence[dict[str, Any]]) -> list[Slide]:
    """A change is a new slide, or another line on it; of a slide's text the truth has the headline alone."""
    slides: list[Slide] = []
    for change in changes:
        kind, headline = change["kind"], change["text"]
        new = kind == "title" or not slides or slides[-1].title != headline
        text = headline if kind == "title" else f"{headline}\n" + "lines of this slide " * 3
        slides.append(Slide(start_s=change["t"], end_s=change["t"] + 1, image=0, title=headline, text=text, new=new))
    return slides


def _of_3b1b(folder: Path) -> Iterator[Lecture]:
    for path in sorted(folder.glob("*/*/english/word_timings.json")):
        lecture = path.parents[1]
        chapters = max((_stamps(one) for one in sorted(lecture.glob("*/description.json"))), key=len, default=[])
        words = [_word(*entry) for entry in json.loads(path.read_text())]
        if chapters and chapters[0][0] == 0 and words:
            yield Lecture(f"{lecture.parent.name}/{lecture.name}", words, (), words[-1].end_s,
                          [at_s for at_s, _ in chapters], [title for _, title in chapters])


def _stamps(path: Path) -> list[tuple[float, str]]:
    """Lines such as "2:05 - Title" of a text below a video."""
    found = []
    for entry in json.loads(path.read_text()):
        for line in entry["input"].splitlines():
            if match := _STAMP.match(line):
                at_s = 0
                for part in match[1].split(":"):
                    at_s = at_s * 60 + int(part)
                found.append((float(at_s), match[2].strip()))
    return found if all(one[0] < other[0] for one, other in pairwise(found)) else []
