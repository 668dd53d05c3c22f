"""When the speech of a video is recognized, and when once more. What it becomes: captions.py and transcript.py."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrich.steps import ENGLISH
from infra.core.errors import Conflict
from infra.core.settings import Settings
from infra.db import steps
from infra.db.models import Step, Video
from infra.db.steps import NewStep
from player_api import captions, catalogue
from transcode.plan import Plan

STEPS = ("listen", "transcribe", "translate", "transcript")


def again(session: Session, video: Video, *, transcribe: bool) -> None:
    """Recognize the speech of a video once more, from its source on. What people wrote stays. Raises Conflict.

    `transcribe`: whether the server recognizes speech at all.
    """
    plan = Plan.model_validate(video.plan) if video.plan else None
    if plan is None:
        raise Conflict("not_received", "This video has not been received completely yet; then it is transcribed.")
    if not plan.audio:
        raise Conflict("no_sound", "This video has no sound, so there is nothing to transcribe.")
    if not transcribe:
        raise Conflict("not_transcribed", "This server recognizes no speech: LECTERN_TRANSCRIBE is false.")
    steps.drop(session, video.id, STEPS)
    detected = (video.speech or {}).get("detected")
    video.speech = {"detected": detected} if detected else None  # or it would be taken for the creator's word
    steps.again(session, video, catalogue.listening(plan))


def changed(session: Session, video: Video, fields: Collection[str], settings: Settings) -> bool:
    """Do what the new values of these fields of a video mean for its speech. Whether it is recognized again.

    Captions that a model made in what is not the language go at once; the history keeps them.
    """
    begun = session.scalar(select(Step.id).where(Step.video_id == video.id, Step.step == "listen").limit(1))
    if begun is None or not settings.transcribe:
        return False
    known = video.speech or {}
    if "language" in fields and _other_language(video, known):
        video.speech = None  # what was found out is not asked any more
        if video.language is not None:
            captions.retire_machine(session, video, video.language, to_english=False)
    elif "translate_to_english" in fields and not wants_english(video, settings):
        captions.retire_machine(session, video, known.get("language"), to_english=False)
        if steps.drop(session, video.id, ["translate"]):  # and the sound goes, which it was done from
            steps.again(session, video, [NewStep("transcript", "light", ENGLISH)])
        return False
    elif "translate_to_english" not in fields or known.get("to_english") or "reason" in known or (
            captions.base(known.get("language")) == "en"):
        return False
    again(session, video, transcribe=True)
    return True


def wants_english(video: Video, settings: Settings) -> bool:
    """Whether what is said is translated, where it is not English."""
    return settings.translate_to_english if video.translate_to_english is None else video.translate_to_english


def _other_language(video: Video, known: dict[str, Any]) -> bool:
    """Whether the speech was, or is being, recognized as another language than the creator now says."""
    if video.language is None:  # it is to be found out, unless it was
        return not known.get("detected")
    return captions.base(known.get("language")) != captions.base(video.language)
