"""The speech model at work: where somebody speaks, in which language, and which words. It runs in this process.

The model is loaded once and kept, which takes half a second and about half a gigabyte; only the speech worker comes here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from enrich.plausible import Segment
from enrich.speech_models import SpeechModel
from enrich.speech_spans import RATE_HZ, TOGETHER, WINDOW_S, Stretch, windows
from enrich.transcript import Word
from infra.core.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_THREADS = 8  # of one model; more make it slower
_BLOCK_S = 600.0  # of the sound that is looked through at once: voice activity detection wants ten times its memory
_JOIN_S = 0.5  # speech on both sides of a block's end is one stretch
_OFTEN_S = 240.0  # a place for the language in every four minutes
_MOST_EXPECTED = 223  # tokens of words to expect: half of what Whisper has room for, the other half is for what it says
_NO_DOUBT = 0.9  # the odds of a language
_BRIEF_FRAMES = 1000  # of a hundredth of a second: a span of live speech, and something behind it
_BRIEF_TOKENS = 120
_LITTLE = 1.0  # words a second of speech: who speaks slowly says twice as many
_RARE = 2  # a word that the model spells in so many pieces is one that it has not heard often


class Language(NamedTuple):
    """What is spoken: Whisper's code, how sure that is (0..1), and whether other places sound like another language."""

    code: str
    probability: float
    mixed: bool


class Recognizer:
    """A loaded model."""

    def __init__(self, model: SpeechModel, threads: int = _MOST_THREADS) -> None:
        """Raises ConfigError(speech_model) when the model can not be loaded."""
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        on_gpu = ctranslate2.get_cuda_device_count() > 0
        self.model = model
        self._batch = 16 if on_gpu else TOGETHER
        try:
            self._whisper = WhisperModel(
                model.where, device="cuda" if on_gpu else "cpu", compute_type="float16" if on_gpu else "int8",
                cpu_threads=min(threads, os.cpu_count() or 1))
        except Exception as error:  # files that lack, are damaged or can't be downloaded: each library says it its own way
            raise ConfigError("speech_model", f"The speech model {model.name} can not be loaded ({error}). Set "
                              "LECTERN_SPEECH_MODEL to a folder, or to a name that faster-whisper knows.") from error
        self._pipeline = BatchedInferencePipeline(self._whisper)

    def knows(self, code: str) -> bool:
        """Whether it understands this language (a two-letter code)."""
        return code == "en" if self.model.english_only else code in self._whisper.supported_languages

    def language(self, places: Sequence[NDArray[np.float32]]) -> Language:
        """The language of most of these places, each of up to 30 s in which somebody speaks.

        Ten seconds of a place are enough where they leave no doubt: a third of the time.
        """
        if self.model.english_only:
            return Language("en", 1.0, False)
        votes: Counter[str] = Counter()
        first = []
        for samples in places:
            odds = self.sounds_like(self.seen(samples))
            if max(odds.values()) < _NO_DOUBT:
                odds = dict(self._whisper.detect_language(samples)[2])
            first.append(max(odds, key=odds.__getitem__))
            votes.update(odds)
        code, weight = votes.most_common(1)[0]
        return Language(code, weight / len(places), len(set(first)) > 1)

    def expecting(self, terms: Sequence[str], of_slides: Sequence[str] = ()) -> str:
        """Words to expect as `segments` takes them: as many whole terms as the model has room for, from the first one on,
        and of the words of slides those that it does not know well.
        """
        said = ""
        for term in (*terms, *(word for word in of_slides if self._tokens(word) >= _RARE)):
            longer = f"{said}, {term}" if said else term
            if self._tokens(longer) > _MOST_EXPECTED:
                break
            said = longer
        return said

    def _tokens(self, text: str) -> int:
        return len(self._whisper.hf_tokenizer.encode(f" {text}", add_special_tokens=False).ids)

    def segments(self, samples: NDArray[np.float32], spoken: Sequence[Stretch], code: str, *, mixed: bool, names: str = "",
                 to_english: bool = False) -> Iterator[Segment]:
        """What is said in the stretches `spoken`, seconds of `samples`, with times from the first sample.

        Most settings are the library's; no window knows what was said before it, so that an error does not go on. `names`:
        words that may be said, to be spelled so. `to_english`: translated; the times of its words are then only about right.
        """
        import numpy as np
        from faster_whisper.transcribe import restore_speech_timestamps

        # The library would look for speech again. Its windows are one piece each: here of the speech without its pauses.
        chunks, clips, end = [], [], 0
        for group in windows(spoken):
            begin = end
            for one in group:
                chunks.append({"start": round(one.start_s * RATE_HZ), "end": min(round(one.end_s * RATE_HZ), len(samples))})
                end += chunks[-1]["end"] - chunks[-1]["start"]
            clips.append({"start": (begin + 0.5) / RATE_HZ, "end": (end + 0.5) / RATE_HZ})  # it rounds down to a sample
        speech = np.concatenate([samples[chunk["start"] : chunk["end"]] for chunk in chunks])

        def hear(some: Sequence[dict[str, float]], expected: str) -> Any:
            found, _ = self._pipeline.transcribe(
                speech, clip_timestamps=list(some), language=code, multilingual=mixed, word_timestamps=True, beam_size=5,
                batch_size=_evenly(len(some), self._batch), hotwords=expected or None,
                task="translate" if to_english else "transcribe")
            return found

        for found in restore_speech_timestamps(expecting_or_not(hear, clips, names), chunks, RATE_HZ):
            words = tuple(Word(text=word.word, start_s=word.start, end_s=max(word.start, word.end),
                               probability=round(word.probability, 3)) for word in found.words or ())
            yield Segment(words=words, average_logprob=found.avg_logprob, no_speech=found.no_speech_prob)


    # -- spans of a few seconds, while they are live

    def seen(self, samples: NDArray[np.float32]) -> Any:
        """What the model sees in up to ten seconds of sound; what is longer is cut off."""
        import ctranslate2
        import numpy as np

        features = self._whisper.feature_extractor(samples)[:, :_BRIEF_FRAMES]
        padded = np.pad(features, ((0, 0), (0, _BRIEF_FRAMES - features.shape[1])))
        return self._whisper.model.encode(ctranslate2.StorageView.from_array(padded[None].astype(np.float32)))

    def sounds_like(self, seen: Any) -> dict[str, float]:
        """The odds of each language."""
        if self.model.english_only:
            return {"en": 1.0}
        return {token[2:-2]: odds for token, odds in self._whisper.model.detect_language(seen)[0]}

    def brief(self, seen: Any, code: str) -> tuple[str, float, float]:
        """What is said, the average log probability of its tokens, and the odds that nobody speaks."""
        from faster_whisper.tokenizer import Tokenizer

        tokens = Tokenizer(self._whisper.hf_tokenizer, self._whisper.model.is_multilingual, task="transcribe", language=code)
        (found,) = self._whisper.model.generate(
            seen, [[*tokens.sot_sequence, tokens.no_timestamps]], beam_size=1, max_length=_BRIEF_TOKENS,
            return_scores=True, return_no_speech_prob=True)
        return tokens.decode(found.sequences_ids[0]).strip(), found.scores[0], found.no_speech_prob


def expecting_or_not(hear: Callable[[Sequence[dict[str, float]], str], Iterable[Any]], clips: Sequence[dict[str, float]],
                     names: str) -> Iterator[Any]:
    """What is heard in windows {"start", "end"} (seconds) with words to expect; without them where that is next to nothing.

    Words to expect can have the model pass over most of a window: of 25 s of a lecture that is called "Mine" it heard the
    last 14 of 64 words.
    """
    if not names:
        yield from hear(clips, "")
        return
    groups = groupby(hear(clips, names), key=lambda one: one.seek)
    waiting = next(groups, None)
    for clip in clips:
        its: list[Any] = []
        if waiting is not None and waiting[0] == int(int(clip["start"] * RATE_HZ) / RATE_HZ * 100):  # so it counts them
            its = list(waiting[1])
            waiting = next(groups, None)
        if _count(its) < _LITTLE * (clip["end"] - clip["start"]):
            its = max(its, list(hear([clip], "")), key=_count)
        yield from its


def _count(segments: Sequence[Any]) -> int:
    return sum(len(one.words or ()) for one in segments)


def _evenly(count: int, wanted: int) -> int:
    """The size of batches that are not below `wanted`, if there are so many windows: a few more cost nothing, one left over
    takes as long as two.
    """
    return ceil(count / max(1, count // wanted))


@lru_cache(maxsize=1)
def load(model: SpeechModel) -> Recognizer:
    """The model, loaded by the first who asks. Raises ConfigError."""
    return Recognizer(model)


def stretches(sound: NDArray[np.int16]) -> Iterator[tuple[float, list[Stretch]]]:
    """Where somebody speaks: (seconds looked through, stretches that ended), block after block. No stretch is longer than
    a window.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    # As the library looks for what it puts into windows.
    options = VadOptions(max_speech_duration_s=WINDOW_S, min_silence_duration_ms=160)
    block = int(_BLOCK_S * RATE_HZ)
    open_end: Stretch | None = None
    for at in range(0, len(sound), block):
        piece = sound[at : at + block]
        found = [Stretch((at + one["start"]) / RATE_HZ, (at + one["end"]) / RATE_HZ)
                 for one in get_speech_timestamps(as_floats(piece), options)]
        if open_end is not None:
            if (found and found[0].start_s - open_end.end_s < _JOIN_S
                    and found[0].end_s - open_end.start_s <= WINDOW_S):
                found[0] = Stretch(open_end.start_s, found[0].end_s)
            else:
                found.insert(0, open_end)
        end_s = (at + len(piece)) / RATE_HZ
        last = at + block >= len(sound)
        open_end = found.pop() if found and not last and end_s - found[-1].end_s < _JOIN_S else None
        yield end_s, found


def voice(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The odds that somebody speaks, for every 32 ms."""
    from faster_whisper.vad import get_vad_model

    found: NDArray[np.float32] = get_vad_model()(samples).reshape(-1)
    return found


def as_floats(samples: NDArray[np.int16]) -> NDArray[Any]:
    """16 bits as what models take: -1 to 1."""
    import numpy as np

    return samples.astype(np.float32) / 32768.0


def places(spoken: Sequence[Stretch], count: int | None = None) -> list[Stretch]:
    """Up to `count` windows of 30 s for the language to be heard from, even over all that is said: two to four, as much
    as there is. Pure.
    """
    if count is None:
        count = min(4, 2 + int((spoken[-1].end_s - spoken[0].start_s) / _OFTEN_S))
    starts = [spoken[round(i * (len(spoken) - 1) / max(1, count - 1))].start_s for i in range(count)]
    chosen: list[Stretch] = []
    for start_s in starts:
        if not chosen or start_s >= chosen[-1].end_s:
            chosen.append(Stretch(start_s, start_s + WINDOW_S))
    return chosen
