"""What `lectern doctor` says of speech recognition."""

from __future__ import annotations

from enrich import speech_models
from infra.core.settings import Settings
from infra.tools import Check

_FIX = "Delete .venv/.speech and start ./lectern again; .venv.log says why it could not be installed."


def speech_check(settings: Settings) -> Check:
    """Whether videos get transcripts. Without a model all else works, so that is no failure."""
    if not settings.transcribe:
        return Check("speech", True, "not recognized, as LECTERN_TRANSCRIBE says")
    name = speech_models.available(settings.speech_model)
    if name is None:
        return Check("speech", True, "no speech model is installed: videos get no transcripts", _FIX)
    return Check("speech", True, f"the model {name}" + ("" if settings.speech_model else ", which came by package"))
