"""What search by meaning finds that words do not: questions whose passage is known, by words alone and by both.

    python -m tests.bench.search_meaning [FOLDER ...]

Questions written for this (`tests.bench.paraphrases`), which avoid the words of their passage, among all other passages
there and those of the lectures of the corpus beside the checkout. Then, for each FOLDER (`tests.bench.labelled_lectures`),
the titles of chapters, which share words with the speech; a hit is a passage that begins or ends in that chapter.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import fmean

from enrich import caption_files, embedder
from enrich.embedder import Embedder
from enrich.embedding import vectors_of
from enrich.passages import passages_of, words_of
from infra.core.errors import Rejected
from infra.core.search_index import Kind, Passage
from infra.core.settings import Settings
from infra.db import meaning, search
from infra.db.meaning import Vectors
from infra.db.migrate import upgrade
from infra.db.models import Organization, Video
from infra.db.search import Hit
from infra.db.session import Database
from tests.bench import labelled_lectures, paraphrases

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "lectures"
MODEL = "m"
DEEP = 50
IsHit = Callable[[Hit], bool]


class Library:
    """A database with passages and their vectors."""

    def __init__(self, folder: Path, model: Embedder) -> None:
        self.database = Database(f"sqlite:///{folder}/lectern.db")
        upgrade(self.database)
        self._model = model
        self._vectors = Vectors(share=0)
        with self.database.write() as session:
            session.add(Organization(id="o", name="o", created_at=0.0))

    def add(self, video_id: str, passages: Sequence[Passage]) -> None:
        with self.database.write() as session:
            session.add(Video(id=video_id, organization_id="o", playback_id=video_id, title="", created_at=0.0,
                              updated_at=0.0, language="en"))
            session.flush()
            search.replace(session, "o", video_id, Kind.SPEECH, passages)
            blocks = meaning.wanted(session, video_id, MODEL, "en")
            meaning.save(session, "o", MODEL, "en", [vectors_of(self._model, block, "en") for block in blocks])

    def by_words(self, question: str) -> list[Hit]:
        with self.database.read() as session:
            return search.search(session, "o", question, limit=DEEP)

    def by_both(self, question: str) -> list[Hit]:
        with self.database.read() as session:
            near = self._vectors.near(session, "o", MODEL, self._model.question(question),
                                      least=self._model.model.least_cosine)
            return search.search(session, "o", question, near=near, limit=DEEP)


def main() -> int:
    """Measure and print; the exit code is 1 where meaning finds less than words alone."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="lectures with chapters")
    arguments = parser.parse_args()
    model = embedder.of_settings(Settings())
    if model is None:
        print("no sentence model is installed here")
        return 1
    better = True
    with tempfile.TemporaryDirectory(prefix="lectern-meaning-") as folder:
        better &= _paraphrases(Library(Path(folder), model))
    for lectures in arguments.folders:
        with tempfile.TemporaryDirectory(prefix="lectern-meaning-") as folder:
            better &= _chapters(Library(Path(folder), model), lectures)
    return 0 if better else 1


def _paraphrases(library: Library) -> bool:
    asked: list[tuple[str, IsHit]] = []
    for number, (text, questions) in enumerate(paraphrases.PASSAGES):
        library.add(f"v{number}", [Passage(0.0, 30.0, text)])
        asked += [(question, lambda hit, video=f"v{number}": hit.video_id == video) for question in questions]  # type: ignore[misc]
    others = 0
    for path in sorted(CORPUS.glob("*.en.vtt")):
        with suppress(Rejected):  # one has a time that WebVTT does not know
            passages = passages_of(words_of(caption_files.read(path.read_bytes(), float("inf"))))
            library.add(path.stem[:30], passages)
            others += len(passages)
    print(f"{len(asked)} questions, {len(paraphrases.PASSAGES)} passages of theirs among {others} others")
    return _compared(library, asked)


def _chapters(library: Library, folder: Path) -> bool:
    lectures = labelled_lectures.read(folder)
    asked: list[tuple[str, IsHit]] = []
    passages = 0
    began_s = time.process_time()
    for number, lecture in enumerate(lectures):
        said = passages_of(lecture.words)
        library.add(f"v{number}", said)
        passages += len(said)
        ends_s = [*lecture.starts_s[1:], lecture.duration_s]
        for start_s, end_s, title in zip(lecture.starts_s, ends_s, lecture.titles, strict=True):
            asked.append((f"{title} ", lambda hit, v=f"v{number}", b=start_s, e=end_s:  # type: ignore[misc]
                          hit.video_id == v and hit.start_s < e and hit.end_s > b))
    hours = sum(one.duration_s for one in lectures) / 3600
    print(f"{folder}: titles of {len(asked)} chapters, {passages} passages of {len(lectures)} lectures, {hours:.1f} h; "
          f"indexed and embedded in {(time.process_time() - began_s) / max(hours, 0.01):.1f} CPU s an hour")
    return _compared(library, asked)


def _compared(library: Library, asked: Sequence[tuple[str, IsHit]]) -> bool:
    scores = {}
    print(f"  {'':16} {'MRR':>6} {'R@1':>6} {'R@5':>6} {'R@10':>6} {'none':>6}")
    for name, ask in (("words alone", library.by_words), ("words, meaning", library.by_both)):
        ranks = []
        for question, is_hit in asked:
            ranks.append(next((rank for rank, hit in enumerate(ask(question), 1) if is_hit(hit)), 0))
        first, five, ten = (fmean(0 < rank <= most for rank in ranks) for most in (1, 5, 10))
        scores[name] = five
        print(f"  {name:16} {fmean(1 / rank if rank else 0 for rank in ranks):6.3f} {first:6.2f} {five:6.2f} {ten:6.2f} "
              f"{fmean(rank == 0 for rank in ranks):6.2f}")
    return scores["words, meaning"] >= scores["words alone"]


if __name__ == "__main__":
    sys.exit(main())
