"""The step that makes vectors of what search has of a video."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enrich import embedder
from enrich.embedder import Embedder
from infra.core.errors import StepFailed
from infra.core.search_meaning import BlockTexts, BlockVectors, pack_sentences
from infra.core.steps import StepContext


def embed(ctx: StepContext) -> dict[str, Any]:
    """Vectors of all passages of the video that have none of the model `ctx.key`: {"language": the video's when it began,
    "blocks"}. Raises StepFailed, ConfigError.
    """
    model = embedder.of_settings(ctx.settings)
    if model is None or model.model.id != ctx.key:
        raise StepFailed("other_embedding_model", f"This machine has not the sentence model {ctx.key}, which others here "
                         "make the vectors of search with: set LECTERN_EMBEDDING_MODEL to the same everywhere.",
                         retryable=True)
    blocks = ctx.unembedded(ctx.key)
    total, done = sum(len(block.texts) for block in blocks), 0

    def another() -> None:
        nonlocal done
        ctx.check()
        ctx.progress((done := done + 1) / total)

    return {"language": ctx.video.language or "",
            "blocks": [vectors_of(model, block, ctx.video.language, another) for block in blocks]}


def vectors_of(model: Embedder, block: BlockTexts, language: str | None, another: Callable[[], None] = lambda: None
               ) -> BlockVectors:
    """The vectors of a block of passages, none where the model does not know their language; `language` is what they are
    said to be in. `another` is called after each.
    """
    vectors: list[bytes] = []
    sentences = []
    if model.knows("\n".join(block.texts), language):
        for one in model.passages(block.texts):
            vectors.append(one.vector.tobytes())
            sentences.append([bits.tobytes() for bits in one.sentences])
            another()
    return BlockVectors(block.id, block.stamp, len(vectors[0]) if vectors else 0, b"".join(vectors),
                        pack_sentences(sentences) if vectors else b"")
