"""The captions and chapters that a file for download has inside, and how it is known that they have changed since."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy.orm import Session

from infra.core.errors import NotFound
from infra.core.ports import Storage
from infra.db import steps
from infra.db.models import Video
from player_api import captions, chapters
from player_api.captions import Listed
from transcode.plan import Plan
from transcode.text_samples import Captions, Shown, Texts

_VERSION = 1  # of how they are written: with another one, all files are made again


def stamp(session: Session, video: Video) -> str:
    """Another one whenever a file would have other captions or chapters; empty where it has none."""
    listed = _listed(session, video)
    its_chapters = chapters.current(session, video.id)
    if not listed and not its_chapters.chapters:
        return ""
    spoken = captions.spoken(listed, video.language)
    told = [_VERSION, spoken and spoken.language, [(one.language, one.revision) for one in listed],
            [one.model_dump(mode="json") for one in its_chapters.chapters]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def texts(session: Session, video: Video) -> Texts:
    """What the file is to have now."""
    listed = _listed(session, video)
    spoken = captions.spoken(listed, video.language)
    found = [Captions(language=one.language, default=one is spoken, cues=tuple(
        Shown(start_s=cue.start_s, end_s=cue.end_s, text="\n".join(cue.plain_lines))
        for cue in captions.load(session, video.id, one.language, one.revision)[1])) for one in listed]
    found.sort(key=lambda one: not one.default)
    its_chapters = chapters.current(session, video.id).chapters
    ends_s = chapters.ends_s(its_chapters, float(Plan.model_validate(video.plan).duration_s))
    return Texts(stamp=stamp(session, video), captions=tuple(found), chapters=tuple(
        Shown(start_s=one.start_s, end_s=end_s, text=one.title) for one, end_s in zip(its_chapters, ends_s, strict=True)))


def lay_down(storage: Storage, key: str, wanted: Texts) -> None:
    """Have the step find them that makes the file."""
    try:
        if Texts.model_validate_json(storage.read(key)).stamp == wanted.stamp:
            return
    except NotFound:
        pass
    storage.put(key, wanted.model_dump_json().encode())


def _listed(session: Session, video: Video) -> list[Listed]:
    """Those that are finished: while a model listens, its captions grow every few seconds, and no file could keep up."""
    growing = any(steps.unfinished(session, video.id, step) for step in ("listen", "transcribe"))
    return [one for one in captions.current(session, [video.id])[video.id] if not (growing and one.model is not None)]
