"""What `lectern doctor` says of speech recognition, of reading slides, and of search by meaning."""

from __future__ import annotations

from importlib.util import find_spec
from shutil import which

from enrich import embedding_models, speech_models
from infra.core.errors import ConfigError
from infra.core.settings import Settings
from infra.tools import Check

_NO_MODEL = "Delete .venv/.models and start ./lectern again; .venv.log says why it could not be installed."
_NO_READER = ("Install tesseract (Debian, Ubuntu: apt-get install tesseract-ocr; macOS: brew install tesseract). Or delete "
              ".venv/.ocr and start ./lectern again; .venv.log says why RapidOCR could not be installed.")


def enrich_checks(settings: Settings) -> list[Check]:
    """Whether videos get transcripts, slides text, and questions more than words. All else works without, so that none
    of it is a failure.
    """
    return [_speech(settings), _slides(), _search(settings)]


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


def _search(settings: Settings) -> Check:
    try:
        model = embedding_models.find(settings.embedding_model, settings.embedding_languages)
    except ConfigError as error:
        return Check("search", False, "by words alone", error.message)
    if model is None:
        asked_for = settings.embedding_model == embedding_models.NONE
        return Check("search", True, "by words alone" + (", as LECTERN_EMBEDDING_MODEL says" if asked_for else
                     ": no sentence model is installed"), "" if asked_for else _NO_MODEL)
    languages = ", ".join(sorted(model.languages)) or "all languages"
    return Check("search", True, f"by words, and by meaning with {model.id} ({languages})")
