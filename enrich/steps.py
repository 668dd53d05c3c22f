"""The steps of the enrich stage, as the engine calls them: listen, transcribe span by span, write the transcript."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enrich import caption_files, recognizer, speech_models, speech_spans
from enrich.cues import cues
from enrich.plausible import plausible
from enrich.slide import Slides
from enrich.speech_sound import SAMPLE_BYTES, Voice, speech_command
from enrich.speech_spans import RATE_HZ, Stretch
from enrich.transcript import Transcript, Word
from infra.core import keys
from infra.core.errors import NotFound, StepFailed
from infra.core.keys import SpeechKeys
from infra.core.languages import bcp47
from infra.core.media import Frozen
from infra.core.ports import Storage
from infra.core.steps import StepContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AFTER_SPEECH_S = 0.3  # a word ends at the latest so long after the voice: its end is drawn out over a pause else
_AROUND_S = 0.2  # sound before and after a span that its first and last word may reach into
_LISTENED = 0.6  # of the progress of the step `listen` when the sound is there
# Where Whisper's own codes are not those of ISO 639.
_CODES = {"jw": "jv"}

NO_MODEL = ("no_speech_model", "No speech model is installed here, so nothing was transcribed. Install the packages of "
            "infra/locks/speech.txt, or set LECTERN_SPEECH_MODEL.")
NO_SPEECH = ("no_speech", "Nobody speaks in this video.")


class Heard(Frozen):
    """What listening found: the spans of speech that are recognized one by one."""

    model: str
    language: str  # BCP 47
    code: str  # the same as the model says it
    mixed: bool  # not everywhere the same language
    spans: tuple[tuple[Stretch, ...], ...]


def listen(ctx: StepContext, voice: Voice) -> dict[str, Any]:
    """Make the sound for speech recognition, find who speaks when, and which language it is.

    The answer: {"model", "language", "probability", "mixed", "spans": how many} or {"reason": [code, sentence]}. A
    video without speech, or an installation without a model, is no failure. Raises StepFailed, ConfigError, OutOfSpace.
    """
    with ctx.storage.local(keys.source(ctx.video.organization_id, ctx.video.id)) as source:
        return listen_to(ctx, voice, source)


def listen_to(ctx: StepContext, voice: Voice, source: Path) -> dict[str, Any]:
    """Like `listen`, to a source that is a file here."""
    model = speech_models.find(ctx.settings.speech_model, ctx.settings.data / "models")
    if model is None:
        return {"reason": NO_MODEL}
    where = _keys(ctx)
    made = ctx.work / "sound.s16"
    ctx.run(speech_command(ctx.tools, voice, source, made, max_pixels=ctx.settings.max_pixels))
    ctx.progress(_LISTENED)
    sound = _samples(made)
    spoken: list[Stretch] = []
    for looked_s, found in recognizer.stretches(sound):
        ctx.check()
        spoken += found
        ctx.progress(_LISTENED + (1 - _LISTENED) * looked_s * RATE_HZ / len(sound))
    if not spoken:
        return {"model": model.name, "reason": NO_SPEECH}
    ears = recognizer.load(model)
    wished = bcp47(ctx.video.language)  # what the creator says is right
    found_language = ears.language([recognizer.as_floats(_cut(sound, place)) for place in recognizer.places(spoken)])
    code = wished.partition("-")[0] if wished else found_language.code
    if not ears.knows(code):
        return {"model": model.name, "reason": ("unknown_to_model", f"The speech model {model.name} does not know this "
                                                f"language ({code}).")}
    language = wished or bcp47(_CODES.get(code, code)) or code
    heard = Heard(model=model.name, language=language, code=code, mixed=found_language.mixed and not wished,
                  spans=tuple(map(tuple, speech_spans.spans(spoken))))
    ctx.storage.delete(where.transcript)  # of an earlier time
    ctx.storage.put(where.sound, made)
    ctx.storage.put(where.heard, heard.model_dump_json().encode())
    return {"model": model.name, "language": language, "mixed": heard.mixed, "spans": len(heard.spans),
            "probability": 1.0 if wished else round(found_language.probability, 3)}


def transcribe(ctx: StepContext) -> dict[str, Any]:
    """Recognize span `ctx.key`, and make captions of all words that are there by now.

    The answer: {"language", "captions", "spans": how many of them are in it}. Raises StepFailed, ConfigError.
    """
    where, heard = _keys(ctx), _heard(ctx)
    if not ctx.key.isdecimal() or int(ctx.key) >= len(heard.spans):
        raise StepFailed("bad_step", f"There is no span {ctx.key!r} of speech.")
    model = speech_models.find(ctx.settings.speech_model, ctx.settings.data / "models")
    if model is None:
        raise StepFailed(*NO_MODEL, retryable=True)
    span = heard.spans[int(ctx.key)]
    begin_s, end_s = max(0.0, span[0].start_s - _AROUND_S), span[-1].end_s + _AROUND_S
    first = int(begin_s * RATE_HZ)
    data = ctx.storage.read(where.sound, first * SAMPLE_BYTES, (int(end_s * RATE_HZ) - first) * SAMPLE_BYTES)
    segments = []
    # The title's words are likely to be said: "Lectern" is heard as "electron" without it.
    ears, title = recognizer.load(model), ctx.video.title
    for segment in ears.segments(_as_floats(data), heard.code, mixed=heard.mixed, names=title):
        ctx.check()
        segments.append(segment)
        if segment.words:
            ctx.progress(min(1.0, segment.words[-1].end_s / (end_s - begin_s)))
    words = [placed(word, begin_s, span) for segment in plausible(segments) for word in segment.words]
    _save(ctx, where.words(int(ctx.key)), heard, words)
    done, all_words = words_so_far(ctx.storage, where, len(heard.spans))
    return {"language": heard.language, "spans": done, "captions": captions(all_words)}


def write(ctx: StepContext) -> None:
    """All spans are there: one transcript of them. The sound and the pieces are not wanted any more."""
    where, heard = _keys(ctx), _heard(ctx)
    if ctx.storage.stat(where.transcript) is None:  # else some of the pieces may be gone
        _save(ctx, where.transcript, heard, words_so_far(ctx.storage, where, len(heard.spans))[1])
    ctx.storage.delete(where.sound)
    for k in range(len(heard.spans)):
        ctx.storage.delete(where.words(k))


def outline(ctx: StepContext) -> dict[str, Any]:
    """What chapters and topics are found in, as far as it is there: {"words", "slides"}."""
    found: dict[str, Any] = {"words": (), "slides": ()}
    with contextlib.suppress(NotFound):
        found["words"] = Transcript.model_validate_json(ctx.storage.read(_keys(ctx).transcript)).words
    with contextlib.suppress(NotFound):
        key = keys.slides(ctx.video.organization_id, ctx.video.id)
        found["slides"] = Slides.model_validate_json(ctx.storage.read(key)).slides
    return found


def captions(words: Sequence[Word]) -> list[dict[str, Any]]:
    """The words as captions, in the form of their rows."""
    return [one.model_dump(mode="json") for one in caption_files.from_cues(cues(words))]


def placed(word: Word, begin_s: float, span: Sequence[Stretch]) -> Word:
    """A word of a sound that begins at `begin_s`, with its times in the video, ending soon after the voice does."""
    start_s, end_s = begin_s + word.start_s, begin_s + word.end_s
    voice = next((one for one in reversed(span) if one.start_s <= start_s + _AROUND_S), span[0])
    end_s = max(start_s, min(end_s, max(voice.end_s + _AFTER_SPEECH_S, start_s)))
    return word.model_copy(update={"start_s": round(start_s, 3), "end_s": round(end_s, 3)})


def words_so_far(storage: Storage, where: SpeechKeys, spans: int) -> tuple[int, list[Word]]:
    """How many spans are recognized, and their words in the order of the video."""
    there = {item.key for item in storage.list(where.all_words)}
    found = []
    for key in map(where.words, range(spans)):
        with contextlib.suppress(NotFound):  # all was said a moment ago, and the pieces go
            if key in there:
                found.append(Transcript.model_validate_json(storage.read(key)))
    return len(found), [word for one in found for word in one.words]


def _save(ctx: StepContext, key: str, heard: Heard, words: Sequence[Word]) -> None:
    ctx.storage.put(key, Transcript(language=heard.language, words=tuple(words)).model_dump_json().encode())


def _heard(ctx: StepContext) -> Heard:
    try:
        return Heard.model_validate(json.loads(ctx.storage.read(_keys(ctx).heard)))
    except NotFound:
        raise StepFailed("not_listened", "Nobody has listened to this video yet.", retryable=True) from None


def _keys(ctx: StepContext) -> SpeechKeys:
    return SpeechKeys.of(ctx.video.organization_id, ctx.video.id)


def _samples(file: Path) -> NDArray[np.int16]:
    """The samples of a file, which stay on the disk until they are looked at."""
    import numpy as np

    return np.memmap(file, np.int16, "r") if file.stat().st_size else np.zeros(0, np.int16)


def _as_floats(data: bytes) -> NDArray[np.float32]:
    import numpy as np

    return recognizer.as_floats(np.frombuffer(data, np.int16))


def _cut(sound: NDArray[np.int16], place: Stretch) -> NDArray[np.int16]:
    return sound[int(place.start_s * RATE_HZ) : int(place.end_s * RATE_HZ)]
