"""Something that is said, and a model that hears it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from enrich import speech_models

# What is said there, from its README: any word of more than four letters. A synthetic voice is not heard well.
WORDS = {"Willkommen", "dieser", "kurzen", "Vorlesung", "Heute", "betrachten", "adaptives", "Streaming", "warum", "langsame",
         "Verbindungen", "wichtig", "Jedes", "Segment", "beginnt", "einem", "Schlüsselbild"}
SPOKEN = Path(__file__).parent.parent / "fixtures" / "speech" / "german.m4a"


def need_speech_model() -> None:
    """Skips where none is installed."""
    if speech_models.available("") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no speech model is installed")
