"""What `lectern doctor` says of speech recognition, and of reading slides."""

from __future__ import annotations

from importlib.util import find_spec
from shutil import which

from enrich import speech_models
from infra.core.settings import Settings
from infra.tools import Check

_NO_MODEL = "Delete .venv/.speech and start ./lectern again; .venv.log says why it could not be installed."
_NO_READER = ("Install tesseract (Debian, Ubuntu: apt-get install tesseract-ocr; macOS: brew install tesseract). Or delete "
              ".venv/.ocr and start ./lectern again; .venv.log says why RapidOCR could not be installed.")


def enrich_checks(settings: Settings) -> list[Check]:
    """Whether videos get transcripts, and slides text. All else works without, so that neither is a failure."""
    return [_speech(settings), _slides()]


def _speech(settings: Settings) -> Check:
    if not settings.transcribe:
        return Check("speech", True, "not recognized, as LECTERN_TRANSCRIBE says")
    name = speech_models.available(settings.speech_model)
    if name is None:
        return Check("speech", True, "no speech model is installed: videos get no transcripts", _NO_MODEL)
    return Check("speech", True, f"the model {name}" + ("" if settings.speech_model else ", which came by package"))


def _slides() -> Check:
    if which("tesseract"):
        return Check("slides", True, "read by tesseract")
    if find_spec("rapidocr"):
        return Check("slides", True, "read by RapidOCR, with 0.7 GB of memory; tesseract, if installed, takes a tenth")
    return Check("slides", True, "found, but nothing here reads what is written on them", _NO_READER)
