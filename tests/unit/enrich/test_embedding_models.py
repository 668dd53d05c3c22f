"""Where the sentence model comes from, and what it makes of texts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from enrich import embedder, embedding_models
from infra.core.errors import ConfigError
from infra.core.search_meaning import sentence_ends
from infra.core.settings import Settings


def test_none_is_none() -> None:
    assert embedding_models.find("none") is None
    assert embedder.of_settings(Settings(embedding_model="none")) is None


def test_a_folder_that_is_no_model_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tokenizer\.json"):
        embedding_models.find(str(tmp_path))
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigError, match="can not be loaded"):
        embedder.of_settings(Settings(embedding_model=str(tmp_path)))


def test_a_folder_is_a_model_of_its_own(tmp_path: Path) -> None:
    packaged = embedding_models.find("")
    assert packaged is not None
    folder = tmp_path / "multilingual-e5-small"
    (folder / "onnx").mkdir(parents=True)
    shutil.copy(packaged.weights, folder / "onnx" / "model.onnx")
    shutil.copy(packaged.tokenizer, folder / "tokenizer.json")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    found = embedding_models.find(str(folder), "en,de")
    assert found is not None and found.id.startswith("multilingual-e5-small-")
    assert (found.by_first, found.for_query, found.for_passage) == (True, "query: ", "passage: ")
    assert found.languages == {"en", "de"}
    (one,) = embedder.Embedder(found).passages(["First. Second."])
    assert len(one.sentences) == 2


def test_what_means_the_same_is_near_and_sentences_are_told_apart() -> None:
    model = embedder.of_settings(Settings())
    assert model is not None
    text = "The bus is late again today. A leaf makes sugar out of sunlight."
    leaf, bus = (one.vector.astype(float) for one in model.passages([text[29:], text[:28]]))
    question = model.question("how do plants get their energy")
    assert leaf @ question / (leaf @ leaf) ** 0.5 > 0.3 > bus @ question / (bus @ bus) ** 0.5
    (both,) = model.passages([text])
    assert both.sentences.shape == (len(sentence_ends(text)), 48)
