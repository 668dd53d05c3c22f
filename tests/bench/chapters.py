"""Chapters against those that people set: how near, beside cuts at equal distances and at the longest pauses.

    python -m tests.bench.chapters [FOLDER ...] [--each] [--cross-validate]

Without FOLDER the lectures of the corpus beside the checkout. `tests.bench.labelled_lectures` says what a folder holds.
`--cross-validate` tries other settings than ours, chosen each time on other lectures than those they are judged by.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean

from enrich import chapters, novelty
from enrich.sentences import sentences
from tests.bench import labelled_lectures
from tests.bench.chapter_scores import boundary_f1, pk, segment_f1
from tests.bench.labelled_lectures import Lecture

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "lectures"
GRID = {"WINDOW_S": (45.0, 60.0, 90.0), "EVERY_S": (180.0, 200.0, 220.0), "APART_S": (30.0, 40.0),
        "_PAUSE": (0.25, 0.5, 1.0), "_CUE": (0.25, 0.5, 1.0)}
Starts = Callable[[Lecture], list[float]]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=[CORPUS])
    parser.add_argument("--each", action="store_true", help="a line for each lecture")
    parser.add_argument("--cross-validate", action="store_true", help="settings chosen on other lectures (minutes)")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        lectures = labelled_lectures.read(folder)
        if not lectures:
            print(f"{folder}: no lecture with words and chapters")
            continue
        hours = sum(one.duration_s for one in lectures) / 3600
        print(f"{folder}: {len(lectures)} lectures, {hours:.1f} h, {sum(len(one.starts_s) for one in lectures)} chapters")
        _table(lectures, each=arguments.each)
        if arguments.cross_validate:
            _cross_validate(lectures)


def _table(lectures: Sequence[Lecture], *, each: bool) -> None:
    ways: dict[str, Starts] = {"equal distances": uniform, "longest pauses": longest_pauses, "words alone": _words_alone,
                               "Lectern": ours}
    if not any(one.slides for one in lectures):
        del ways["words alone"]
    print(f"{'':24} {'F1@tIoU':>8} {'F1 5 s':>8} {'Pk':>8} {'CPU s/h':>8}")
    for name, way in ways.items():
        begun = time.process_time()
        found = [way(one) for one in lectures]
        cpu = (time.process_time() - begun) / sum(one.duration_s for one in lectures) * 3600
        scores = [score(starts_s, one) for starts_s, one in zip(found, lectures, strict=True)]
        _line(name, *(fmean(column) for column in zip(*scores, strict=True)), cpu)
        if each and way is ours:
            for one, its in zip(lectures, scores, strict=True):
                _line(f"  {one.name}"[:24], *its)


def _line(name: str, f1: float, at_5_s: float, wrong: float, cpu: float | None = None) -> None:
    print(f"{name:24} {f1 * 100:8.1f} {at_5_s * 100:8.1f} {wrong:8.3f}" + (f" {cpu:8.2f}" if cpu is not None else ""))


def score(starts_s: Sequence[float], lecture: Lecture) -> tuple[float, float, float]:
    """F1@tIoU, F1 of boundaries within 5 s, Pk."""
    return (segment_f1(starts_s, lecture.starts_s, lecture.duration_s), boundary_f1(starts_s, lecture.starts_s),
            pk(starts_s, lecture.starts_s, lecture.duration_s))


def ours(lecture: Lecture) -> list[float]:
    """What a creator gets."""
    found = chapters.find(lecture.words, lecture.slides, lecture.duration_s, "en")
    return [one.start_s for one in found] or [0.0]


def _words_alone(lecture: Lecture) -> list[float]:
    return [one.start_s for one in chapters.find(lecture.words, (), lecture.duration_s, "en")] or [0.0]


def uniform(lecture: Lecture) -> list[float]:
    """As many chapters as we look for, all of one length."""
    count = max(3, round(lecture.duration_s / 200))
    return [i * lecture.duration_s / count for i in range(count)]


def longest_pauses(lecture: Lecture) -> list[float]:
    """As many, where the longest pauses end, 40 s apart."""
    chosen = [0.0]
    for one in sorted(sentences(lecture.words), key=lambda one: -one.pause_s):
        if len(chosen) < max(3, round(lecture.duration_s / 200)) and all(
                abs(one.start_s - at_s) >= 40 for at_s in (*chosen, lecture.duration_s)):
            chosen.append(one.start_s)
    return sorted(chosen)


def _cross_validate(lectures: Sequence[Lecture], rounds: int = 30, folds: int = 6) -> None:
    """The mean over `rounds` random divisions into `folds`; each part is judged by what was best on the others."""
    settings = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    results = []
    for setting in settings:
        with _with(setting):
            results.append([score(ours(one), one) for one in lectures])
    means = [fmean(its[0] for its in result) for result in results]
    order = random.Random(1)
    judged: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        numbers = list(range(len(lectures)))
        order.shuffle(numbers)
        for fold in (numbers[i::folds] for i in range(folds)):
            others = [i for i in numbers if i not in fold]
            best = max(range(len(settings)), key=lambda s: fmean(results[s][i][0] for i in others))
            judged += [results[best][i] for i in fold]
    _line("chosen on others", *(fmean(column) for column in zip(*judged, strict=True)))
    print(f"{len(settings)} settings: F1@tIoU from {min(means) * 100:.1f} to {max(means) * 100:.1f}, "
          f"mean {fmean(means) * 100:.1f}; best {settings[means.index(max(means))]}")


@contextmanager
def _with(setting: dict[str, float]) -> Iterator[None]:
    """Other settings than ours."""
    at = {name: novelty if hasattr(novelty, name) else chapters for name in setting}
    before = {name: getattr(module, name) for name, module in at.items()}
    try:
        for name, value in setting.items():
            setattr(at[name], name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(at[name], name, value)


if __name__ == "__main__":
    main()
