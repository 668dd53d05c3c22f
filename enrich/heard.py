"""What listening and recognizing leave in storage: which spans there are, and the words of those that are done."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from pydantic import ValidationError

from enrich.speech_spans import Stretch
from enrich.transcript import Transcript, Word
from infra.core.errors import NotFound, StepFailed
from infra.core.keys import SpeechKeys
from infra.core.media import Frozen
from infra.core.ports import Storage


class Heard(Frozen):
    """What listening found: the spans of speech that are recognized one by one."""

    run: str  # who listens again names another one
    model: str
    language: str  # BCP 47
    code: str  # the same as the model says it
    mixed: bool  # not everywhere the same language
    to_english: bool  # it is translated, too
    spans: tuple[tuple[Stretch, ...], ...]


class Opening(Frozen):
    """The first span, recognized before all is listened to, and all that its words depend on."""

    run: str
    model: str
    code: str
    names: str  # words that were expected
    span: tuple[Stretch, ...]


def load(storage: Storage, where: SpeechKeys) -> Heard:
    """Raises StepFailed when nobody has listened yet."""
    try:
        return Heard.model_validate_json(storage.read(where.heard))
    except NotFound:
        raise StepFailed("not_listened", "Nobody has listened to this video yet.", retryable=True) from None
    except ValidationError:
        raise StepFailed("not_listened", "An earlier version of Lectern has listened to this video. Have it transcribed "
                         "again: POST .../transcript.") from None


def fitting_opening(storage: Storage, where: SpeechKeys, heard: Heard, names: str) -> Opening | None:
    """The opening, if recognizing the first span of `heard` would give the same words."""
    try:
        opening = Opening.model_validate_json(storage.read(where.opening))
    except NotFound:
        return None
    same = (opening.model, opening.code, opening.names, opening.span) == (heard.model, heard.code, names, heard.spans[0])
    return opening if same and not heard.mixed and storage.stat(where.words(opening.run, 0)) is not None else None


def save(storage: Storage, key: str, language: str, words: Sequence[Word], spans: int = 1) -> None:
    """Write the words of a span, or of all spans that are done."""
    storage.put(key, Transcript(language=language, words=tuple(words), spans=spans).model_dump_json().encode())


def words_so_far(storage: Storage, spans: Sequence[str]) -> tuple[int, list[Word]]:
    """How many of the spans with these keys are done, and their words in the order of the video."""
    found = []
    for key in spans:
        with contextlib.suppress(NotFound):
            found.append(Transcript.model_validate_json(storage.read(key)))
    return len(found), [word for one in found for word in one.words]
