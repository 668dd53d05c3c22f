"""Key phrases against the words of titles that people chose: of a lecture, and of its chapters.

    python -m tests.bench.topics FOLDER ...

`tests.bench.labelled_lectures` says what a folder holds. "alone" knows no other video, "among others" the phrases of the
other lectures of the folder, as an organization with these videos would.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from enrich import phrases, topics
from enrich.phrases import Background
from enrich.sentences import sentences
from enrich.stop_words import stop_words
from enrich.terms import terms
from enrich.titles import titles
from tests.bench import labelled_lectures
from tests.bench.labelled_lectures import Lecture

SHOWN = 15  # phrases a lecture, as other methods were measured


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    for folder in parser.parse_args().folders:
        lectures = labelled_lectures.read(folder)
        print(f"{folder}: {len(lectures)} lectures")
        print(f"{'':16} {'title words found':>18} {'phrases with one':>18} {'chapter titles':>16}")
        found = [[one.text for one in topics.find(lecture.words, (), "en")] for lecture in lectures]
        others = [phrases.background(found[:i] + found[i + 1:]) for i in range(len(lectures))]
        _line("alone", lectures, [Background()] * len(lectures))
        _line("among others", lectures, others)


def _line(name: str, lectures: Sequence[Lecture], others: Sequence[Background]) -> None:
    recalls, precisions, hits = [], [], []
    for lecture, background in zip(lectures, others, strict=True):
        wanted = _words(" ".join([*lecture.titles, lecture.name.rpartition("/")[2].replace("-", " ")]))
        shown = [_words(one.text) for one in topics.find(lecture.words, (), "en", background)[:SHOWN]]
        recalls.append(len(wanted & set().union(*shown)) / len(wanted))
        precisions.append(fmean(bool(one & wanted) for one in shown))
        every = phrases.key_phrases(list(sentences(lecture.words)), "en", background, count=None)
        made = titles(every, lecture.starts_s, [None] * len(lecture.starts_s))
        hits += [bool(_words(one) & _words(true)) for one, true in zip(made, lecture.titles, strict=True) if _words(true)]
    print(f"{name:16} {fmean(recalls):18.3f} {fmean(precisions):18.3f} {fmean(hits):16.3f}")


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in terms(text) if word not in stop_words("en") and len(word) > 2}


if __name__ == "__main__":
    main()
