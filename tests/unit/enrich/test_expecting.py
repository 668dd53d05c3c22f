"""Words to expect help, or are left out where they take away what is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from enrich.recognizer import expecting_or_not

CLIPS = [{"start": start_s, "end": start_s + 20.0} for start_s in (0.0, 20.0, 40.0)]


def hearing(counts: dict[str, list[int]], asked: list[tuple[int, str]]) -> Any:
    """A model that hears so many words in each of CLIPS, with words to expect or without ("")."""
    def hear(clips: Sequence[dict[str, float]], names: str) -> Iterator[Any]:
        asked.append((len(clips), names))
        for clip in clips:
            number = CLIPS.index(dict(clip))
            if counts[names][number]:
                yield SimpleNamespace(seek=int(clip["start"] * 100), words=[f"{names}{number}"] * counts[names][number])

    return hear


def words(counts: dict[str, list[int]], names: str) -> tuple[list[str], list[tuple[int, str]]]:
    asked: list[tuple[int, str]] = []
    found = expecting_or_not(hearing(counts, asked), CLIPS, names)
    return [one.words[0] for one in found], asked


def test_all_is_well() -> None:
    assert words({"Kruskal": [50, 20, 60]}, "Kruskal") == (["Kruskal0", "Kruskal1", "Kruskal2"], [(3, "Kruskal")])


def test_nothing_is_expected() -> None:
    assert words({"": [50, 2, 0]}, "") == (["0", "1"], [(3, "")])


def test_where_next_to_nothing_is_heard_it_is_heard_again() -> None:
    counts = {"Mine": [14, 50, 0], "": [64, 50, 40]}
    assert words(counts, "Mine") == (["0", "Mine1", "2"], [(3, "Mine"), (1, ""), (1, "")])


def test_who_says_little_says_little() -> None:
    assert words({"Mine": [14, 50, 50], "": [9, 50, 50]}, "Mine")[0] == ["Mine0", "Mine1", "Mine2"]
    assert words({"Mine": [0, 50, 50], "": [0, 50, 50]}, "Mine")[0] == ["Mine1", "Mine2"]
