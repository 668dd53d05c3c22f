"""The sentence model at work: a text becomes a vector, and texts that mean the same have vectors that are near.

It runs in this process, on one core, because what waits for it is short: a question takes 3 ms, a passage of a lecture
12 ms. Several threads of one process may use it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from enrich import embedding_models, tongue
from enrich.embedding_models import EmbeddingModel
from infra.core.errors import ConfigError
from infra.core.search_meaning import sentence_ends
from infra.core.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_TOKENS = 256  # of a text; a longer one is known by its beginning
_AT_ONCE = 8  # texts: more at once are not faster, and take memory
_QUESTIONS = 256  # answers to the last ones are kept: whoever turns the page asks again


class Embedded(NamedTuple):
    """A text: its vector, and the directions of its sentences, from `search_meaning.sentence_ends`, a bit a dimension."""

    vector: NDArray[np.int8]
    sentences: NDArray[np.uint8]


class Embedder:
    """A loaded model."""

    def __init__(self, model: EmbeddingModel) -> None:
        """Raises ConfigError(embedding_model) when the model can not be loaded."""
        import onnxruntime
        from tokenizers import Tokenizer

        self.model = model
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # two are slower for one question, as they wait for each other
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(model.weights), options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(model.tokenizer))
            self._tokenizer.enable_truncation(_MOST_TOKENS)
            self._tokenizer.no_padding()
        except Exception as error:  # each library says it its own way
            raise ConfigError("embedding_model", f"The sentence model {model.id} can not be loaded ({error}). Set "
                              "LECTERN_EMBEDDING_MODEL to a folder with model.onnx and tokenizer.json, or to "
                              "none.") from error
        self._wants = {one.name for one in self._session.get_inputs()}
        self.question = lru_cache(maxsize=_QUESTIONS)(self._question)

    def knows(self, text: str, language: str | None) -> bool:
        """Whether it understands this text; `language` is what the text is said to be in."""
        return tongue.is_known(text, language, self.model.languages)

    def may_answer(self, question: str) -> bool:
        """Whether the question is not plainly in a language that it does not know."""
        return tongue.may_be_asked_in(question, self.model.languages)

    def passages(self, texts: Sequence[str]) -> Iterator[Embedded]:
        """The texts, in their order, each when it is done."""
        import numpy as np

        for i in range(0, len(texts), _AT_ONCE):
            some = texts[i : i + _AT_ONCE]
            for text, (tokens, spans) in zip(some, self._tokens([self.model.for_passage + text for text in some]),
                                             strict=True):
                yield Embedded(as_bytes(self._pooled(tokens)), np.packbits(
                    np.stack(self._sentences(text, tokens, spans)) > 0, axis=1))

    def _question(self, text: str) -> NDArray[np.float32]:
        """Of length one."""
        tokens, _ = next(self._tokens([self.model.for_query + text]))
        return self._pooled(tokens)

    def _pooled(self, tokens: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        whole = tokens if tokens.ndim == 1 else tokens[0] if self.model.by_first else tokens.mean(axis=0)
        return np.asarray(whole / max(float(np.linalg.norm(whole)), 1e-9), dtype=np.float32)

    def _sentences(self, text: str, tokens: NDArray[np.float32], spans: Sequence[tuple[int, int]]
                   ) -> list[NDArray[np.float32]]:
        """A vector for each sentence: the mean of its tokens, which have been read among all the others already."""
        whole, begin, found = self._pooled(tokens), 0, []
        shift = len(self.model.for_passage)
        for end in sentence_ends(text):
            its = [i for i, (start, stop) in enumerate(spans) if stop > start and begin <= start - shift < end]
            found.append(tokens[its].mean(axis=0) if its and tokens.ndim == 2 else whole)
            begin = end
        return found

    def _tokens(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.float32], list[tuple[int, int]]]]:
        """What the model makes of each text: a vector for each token (some models: one for all), and where it stands."""
        import numpy as np

        read = self._tokenizer.encode_batch(list(texts))
        longest = max(len(one.ids) for one in read)
        ids, mask = np.zeros((2, len(read), longest), np.int64)
        for i, one in enumerate(read):
            ids[i, : len(one.ids)], mask[i, : len(one.ids)] = one.ids, 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        made: Any = self._session.run(None, {name: inputs[name] for name in inputs if name in self._wants})[0]
        for one, vectors in zip(read, made, strict=True):
            yield (vectors[: len(one.ids)] if vectors.ndim == 2 else vectors), list(one.offsets)


def as_bytes(vector: NDArray[np.float32]) -> NDArray[np.int8]:
    """The direction of a vector in a byte a dimension: a quarter of the room, and next to no difference."""
    import numpy as np

    return np.round(vector * (127 / max(float(np.abs(vector).max()), 1e-9))).astype(np.int8)


@lru_cache(maxsize=1)
def load(model: EmbeddingModel) -> Embedder:
    """The model, loaded by the first who asks. Raises ConfigError."""
    return Embedder(model)


def of_settings(settings: Settings) -> Embedder | None:
    """The model that the settings name, or None where there is none. Raises ConfigError."""
    model = embedding_models.find(settings.embedding_model, settings.embedding_languages)
    return load(model) if model is not None else None
