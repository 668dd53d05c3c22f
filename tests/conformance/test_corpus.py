"""Every file of the corpus ends as docs/corpus.md says: rendered, or refused with a true sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.tools import find_tools

from .corpus import CORPUS, examined, files

TABLE = Path(__file__).parents[2] / "docs" / "corpus.md"
pytestmark = [pytest.mark.corpus,
              pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")]
# What can not become a video, and the words that say why.
REFUSED = {
    "broken/zero_length.mp4": ("empty_file", "0 bytes"),
    "broken/text_renamed.mp4": ("unsupported_container", "a text file"),
    "broken/truncated_no_moov.mp4": ("damaged", "ends before its index"),
    "broken/sample_malformed_free_box.mp4": ("damaged", "can not be read"),
    "tech/hdr10-av1.mp4": ("codec_not_allowed", "AV1"),  # where ffmpeg has no decoder of AV1
}


def rows() -> dict[str, str]:
    """file -> outcome, as the page has it."""
    cells = [line.split("|") for line in TABLE.read_text().splitlines() if line.count("|") >= 5]
    return {cell[1].strip(): cell[2].strip() for cell in cells if "/" in cell[1]}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
def test_the_table_has_every_file_and_no_wrong_row() -> None:
    found = rows()
    assert set(found) == {str(path.relative_to(CORPUS)) for path in files(CORPUS)}
    assert {name: outcome for name, outcome in found.items() if outcome != "ready"} == {
        name: code for name, (code, _) in REFUSED.items()}


@pytest.mark.slow
@pytest.mark.parametrize("file", list(files(CORPUS)) if CORPUS.is_dir() else [], ids=lambda path: path.name)
def test_a_file_ends_as_the_table_says(file: Path) -> None:
    settings = Settings()
    run = ProcessRunner(settings)
    tools = find_tools(settings, run)
    name = str(file.relative_to(CORPUS))
    row = examined(file, name, settings, tools, run)
    if name in REFUSED and (name != "tech/hdr10-av1.mp4" or row.outcome != "ready"):
        code, words = REFUSED[name]
        assert row.outcome == code
        assert words in row.sentence
    else:
        assert (row.outcome, row.sentence) == ("ready", "")
