"""From recognized words to lines and a title; pictures and lists that programs exchange."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.slide import Line
from enrich.slide_readers import from_pgm, is_dark, to_pgm
from enrich.slide_text import Word, lines_of, text_of, title_of, words_of_tsv
from enrich.small_pictures import pictures_command, times
from infra.core.errors import StepFailed
from infra.core.steps import Tools

TSV = """level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t1000\t500\t-1\t
5\t1\t1\t1\t1\t1\t100\t50\t200\t40\t96.5\tCell
5\t1\t1\t1\t1\t2\t310\t50\t150\t40\t91\tdivision
5\t1\t1\t1\t1\t3\t480\t50\t10\t40\t88\t|
5\t1\t2\t1\t1\t1\t100\t200\t90\t20\t43\tblurred
5\t1\t2\t1\t2\t1\t100\t240\t90\t20\t80\tmitosis
"""


def line(text: str, top: float, height: float, confidence: float = 90) -> Line:
    return Line(text=text, left=0.1, top=top, width=0.5, height=height, confidence=confidence)


def test_words_become_lines_without_what_is_doubtful_and_what_is_no_word() -> None:
    first, second = lines_of(words_of_tsv(TSV, 1000, 500))
    assert first == Line(text="Cell division", left=0.1, top=0.1, width=0.36, height=0.08, confidence=92.8)
    assert second.text == "mitosis"
    assert text_of([first, second]) == "Cell division\nmitosis"


def test_lines_are_read_from_top_to_bottom() -> None:
    words = [Word(text, 90, (n,), left, top, 0.1, 0.05) for n, (text, left, top) in enumerate(
        [("c", 0.1, 0.6), ("b", 0.5, 0.101), ("a", 0.1, 0.1)])]
    assert [one.text for one in lines_of(words)] == ["a", "b", "c"]


def test_the_title_is_the_largest_line_near_the_top() -> None:
    body = [line("first point", 0.3, 0.04), line("second point", 0.5, 0.04)]
    assert title_of([line("course 12", 0.02, 0.03), line("Photosynthesis", 0.08, 0.08), *body]) == "Photosynthesis"
    assert title_of([line("The light", 0.05, 0.08), line("reactions", 0.15, 0.07), *body]) == "The light reactions"
    assert title_of([line("Open source,", 0.3, 0.09), line("for all", 0.42, 0.08)]) == "Open source, for all"
    assert title_of([line("same size", 0.2, 0.04), *body]) == "same size"
    assert title_of([line("alone", 0.1, 0.1)]) == "alone"
    assert title_of([line("at the bottom", 0.8, 0.1)]) is None
    assert title_of([line("Growth", 0.1, 0.06), line("allll", 0.3, 0.2, confidence=60), *body]) == "Growth"
    assert title_of([]) is None


@given(st.lists(st.builds(Word, st.text(max_size=8), st.floats(0, 100), st.tuples(st.integers(0, 3)), st.floats(0, 1),
                          st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))))
def test_any_words_make_lines(words: list[Word]) -> None:
    lines = lines_of(words)
    assert len(lines) <= len(words)
    assert all(one.width >= 0 and one.height >= 0 for one in lines)
    title = title_of(lines)
    assert title is None or title in " ".join(text_of(lines).split("\n")) or " " in title


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_grey_picture_survives(width: int, height: int, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    assert (from_pgm(to_pgm(grey)) == grey).all()


@pytest.mark.parametrize("data", [b"", b"P6\n2 2\n255\n" + bytes(12), b"P5\n2 2\n255\n\0", b"P5\n2 x\n255\n" + bytes(4)])
def test_what_is_no_grey_picture_is_a_failure(data: bytes) -> None:
    with pytest.raises(StepFailed):
        from_pgm(data)


def test_dark_is_what_is_mostly_dark() -> None:
    grey = np.full((10, 10), 240, np.uint8)
    grey[:4] = 0
    assert not is_dark(grey)
    assert is_dark((255 - grey).astype(np.uint8))


def test_times_count_from_the_first_picture() -> None:
    listed = "#software: Lavf\n#tb 0: 1/90000\n#media_type 0: video\n0, 7200, 7200, 3600, 14400, 0xab\n" \
             "0, 187200, 187200, 3600, 14400, 0xcd\n"
    assert times(listed).tolist() == [0.0, 2.0]
    assert times("").size == 0


def test_the_command_reads_and_writes_only_its_folder_under_the_rules_for_what_came_from_outside() -> None:
    work = Path("/work/of/its/own")
    tools = Tools(Path("/usr/bin/ffmpeg"), Path("/usr/bin/ffprobe"), "x")
    command = pictures_command(tools, work / "cells.mp4", work, 60, max_pixels=1000)
    assert command.reads == ()
    assert command.work == work
    at = command.argv.index("-i")
    assert command.argv[at + 1] == f"file:{work}/cells.mp4"
    assert "-format_whitelist" in command.argv[:at]
    assert command.argv.count("-i") == 1
