"""Search by meaning for whoever asks over HTTP: the question's vector, what is near it, and which sentence of a hit."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from enrich import embedder
from enrich.embedder import Embedder
from infra.core.errors import ConfigError
from infra.core.search_index import Kind
from infra.core.search_meaning import DEPTH, Matched, Near
from infra.core.search_query import parse
from infra.core.settings import Settings
from infra.db import meaning
from infra.db.meaning import Vectors
from infra.db.search import Hit

log = logging.getLogger(__name__)

LEAST_WORDS = 2  # whole ones: of a single word, or one that is still being typed, its letters say more


class Meaning:
    """The sentence model and the vectors, as this process has them; without a model nothing is near anything."""

    def __init__(self, settings: Settings, vectors: Vectors | None = None) -> None:
        self._settings = settings
        self._vectors = vectors or Vectors()
        self._broken = False

    def near(self, session: Session, organization_id: str, text: str, *, video_id: str | None = None,
             kinds: Collection[Kind] = ()) -> list[Near]:
        """The passages that mean what the query does, the nearest first."""
        model = self._model() if _is_a_question(text) else None
        if model is None or not model.may_answer(text):
            return []
        return self._vectors.near(session, organization_id, model.model.id, model.question(text.strip()), video_id=video_id,
                                  kinds=kinds, least=model.model.least_cosine, limit=DEPTH)

    def sentences(self, session: Session, organization_id: str, text: str, hits: Sequence[Hit]
                  ) -> dict[int, tuple[int, int]]:
        """For the hits that were found by their meaning: the sentence, [begin, end) of their text."""
        found = {hit.passage_id: hit.text for hit in hits if hit.matched is Matched.MEANING}
        model = self._model() if found else None
        if model is None:
            return {}
        return meaning.sentences(session, organization_id, model.question(text.strip()), found)

    def _model(self) -> Embedder | None:
        """Loaded by the first who asks a question: half a second, once in the life of a process."""
        if self._broken:
            return None
        try:
            return embedder.of_settings(self._settings)
        except ConfigError as error:  # what has the words is found all the same
            log.error("Search goes by words alone: %s", error)
            self._broken = True
            return None


def _is_a_question(text: str) -> bool:
    query = parse(text)
    return not query.phrases and sum(not one.prefix for one in query.words) >= LEAST_WORDS
