"""Speech is recognized span by span, in any order; what is no speech has no words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jiwer
import pytest
from clips import Desk

from enrich import caption_files, heard, recognizer, speech_models, speech_spans, steps
from enrich.speech_sound import Voice
from enrich.transcript import Transcript
from infra.core import keys
from infra.core.keys import SpeechKeys
from infra.core.settings import Settings
from infra.core.steps import StepContext, VideoRecord
from infra.process import ProcessRunner
from infra.storage.local import LocalStorage

pytestmark = pytest.mark.media
DEMO = Path(__file__).parents[2] / "infra/demo"
GERMAN = Path(__file__).parents[1] / "fixtures/speech/german.m4a"
WHERE = SpeechKeys.of("o_1", "v_1")
# What is not speech, by ffmpeg's own sources.
NOT_SPEECH = {
    "silence": "anullsrc=r=48000:cl=mono",
    "noise": "anoisesrc=color=pink:r=48000:a=0.3:seed=1",
    "music": "aevalsrc='0.2*sin(2*PI*t*(220+110*floor(mod(t,4))))+0.1*sin(2*PI*t*330*(1+0.5*floor(mod(t*2,3))))':s=48000",
}
# Words of other lectures, and misread ones.
WRONG = ("mitochondria", "Kubernetes", "Habsburg", "eigenvalue", "Nietzsche", "chromatography", "Mesopotamia", "Lagrange",
         "Wittgenstein", "thermocline", "usufruct", "stoichiometry", "Versailles", "Byzantium", "rncordlng", "segrnent",
         "bandwldth", "playllst", "encodlng", "fnames")
_NORMAL = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.Strip(), jiwer.RemoveMultipleSpaces(),
                         jiwer.ReduceToListOfListOfWords()])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the packaged model is put together: once."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def context(desk: Desk, tmp_path: Path, models: Path) -> Callable[..., StepContext]:
    """context(source, key=...) is what a step of a video with this source is given."""
    storage = LocalStorage(tmp_path / "storage")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/models").symlink_to(models)
    settings = Settings(data=tmp_path / "data")

    def build(source: Path | None = None, key: str = "", **video: Any) -> StepContext:
        if source is not None:
            storage.put(keys.source("o_1", "v_1"), source.read_bytes())
        work = tmp_path / f"work-{key}"
        work.mkdir(exist_ok=True)
        record = replace(VideoRecord("v_1", "o_1", "What Lectern is", None, None, None, None), **video)
        return StepContext(record, key, work, settings, storage, desk.tools, ProcessRunner(settings), lambda share: None,
                           lambda: None)

    return build


@pytest.fixture(scope="module")
def long_talk(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> Path:
    """The sample's sound four times, with silence before it."""
    made = tmp_path_factory.mktemp("talk") / "talk.mp4"
    subprocess.run([desk.tools.ffmpeg, "-v", "error", "-stream_loop", "3", "-i", DEMO / "sample-lecture.mp4", "-c", "copy",
                    "-t", "370", made], check=True)
    return made


def voice(duration_s: float, stream_index: int = 1, rate_hz: int = 44_100) -> Voice:
    return Voice(stream_index=stream_index, source_rate_hz=rate_hz, origin_s=Fraction(0), duration_s=Fraction(duration_s))


def transcript(context: Callable[..., StepContext]) -> Transcript:
    return Transcript.model_validate_json(context().storage.read(WHERE.transcript))


@pytest.fixture
def short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the sample, as of a lecture that is longer."""
    monkeypatch.setattr(speech_spans, "_MOST_AS_ONE", 1)


@pytest.mark.usefixtures("short_spans")
def test_a_lecture_in_spans_that_end_in_any_order(context: Callable[..., StepContext]) -> None:
    truth = caption_files.read((DEMO / "sample-lecture.en.vtt").read_bytes(), 1000)
    found = steps.listen(context(DEMO / "sample-lecture.mp4"), voice(truth[-1].end_s + 2))
    assert (found["language"], found["model"], found["mixed"]) == ("en", "base", False)
    assert found["probability"] > 0.8
    assert found["spans"] >= 2  # the first one is short, for the first captions to be there soon
    last = steps.transcribe(context(key=str(found["spans"] - 1)))
    assert last["spans"] == 1
    for k in reversed(range(found["spans"] - 1)):
        last = steps.transcribe(context(key=str(k)))
    assert last["spans"] == found["spans"]

    steps.write(context())
    words = transcript(context).words
    assert {item.key for item in context().storage.list(keys.video_prefix("o_1", "v_1"))} == {
        keys.source("o_1", "v_1"), WHERE.heard, WHERE.transcript}  # what is not wanted any more is gone
    steps.write(context())  # again, after a crash
    assert transcript(context).words == words

    said = " ".join(one.text for one in truth)
    assert jiwer.wer(said, transcript(context).text, reference_transform=_NORMAL, hypothesis_transform=_NORMAL) < 0.12
    assert "Lectern" in transcript(context).text  # as the title spells it
    assert all(word.start_s <= word.end_s for word in words)
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    # Each caption of the truth begins with a word that was heard then.
    late_s = [min(abs(word.start_s - one.start_s) for word in words) for one in truth]
    assert sum(seconds < 0.5 for seconds in late_s) / len(late_s) > 0.9
    shown = [caption_files.Caption.model_validate(one) for one in last["captions"]]
    assert caption_files.read(caption_files.vtt(shown).encode(), 1000) == shown  # what we make, we accept
    assert all(len(line) <= 42 for one in shown for line in one.lines)


def test_a_title_takes_no_words_away(tmp_path: Path, desk: Desk, context: Callable[..., StepContext]) -> None:
    made = tmp_path / "opening.m4a"
    subprocess.run([desk.tools.ffmpeg, "-v", "error", "-t", "25", "-i", DEMO / "sample-lecture.mp4", "-vn", "-c:a", "copy",
                    made], check=True)
    steps.listen(context(made, title="Mine"), voice(25, 0))
    steps.transcribe(context(key="0", title="Mine"))
    steps.write(context())
    assert len(transcript(context).words) > 50  # 14 where the model expects this title


@pytest.mark.parametrize("what", NOT_SPEECH)
def test_nobody_speaks_and_nothing_is_written(what: str, tmp_path: Path, desk: Desk, context: Callable[..., StepContext]
                                              ) -> None:
    made = tmp_path / "sound.m4a"
    subprocess.run([desk.tools.ffmpeg, "-v", "error", "-f", "lavfi", "-i", NOT_SPEECH[what], "-t", "60",
                    "-c:a", "aac", made], check=True)
    found = steps.listen(context(made), voice(60, 0, 48_000))
    assert found["reason"][0] == "no_speech", found
    assert not list(context().storage.list(WHERE.folder))


def test_speech_around_music_is_heard_and_the_music_is_not(tmp_path: Path, desk: Desk, context: Callable[..., StepContext]
                                                           ) -> None:
    made = tmp_path / "sound.m4a"
    subprocess.run([desk.tools.ffmpeg, "-v", "error", "-i", DEMO / "sample-lecture.mp4", "-f", "lavfi", "-t",
                    "40", "-i", NOT_SPEECH["music"], "-filter_complex", "[0:a]atrim=0:8,aresample=48000[a];"
                    "[0:a]atrim=10:18,asetpts=PTS-STARTPTS,aresample=48000[b];[a][1:a][b]concat=n=3:v=0:a=1", "-vn",
                    "-c:a", "aac", made], check=True)
    found = steps.listen(context(made), voice(56, 0, 48_000))
    for k in range(found["spans"]):
        steps.transcribe(context(key=str(k)))
    steps.write(context())
    words = transcript(context).words
    assert len(words) > 20
    assert not [word for word in words if 9 < word.start_s < 47]
    assert all(word.end_s < 9 for word in words if word.start_s < 9)


def test_the_creator_knows_the_language(context: Callable[..., StepContext]) -> None:
    found = steps.listen(context(DEMO / "sample-lecture.mp4", language="en-GB"), voice(30))
    assert (found["language"], found["probability"]) == ("en-GB", 1.0)


def test_a_language_that_the_model_does_not_know(context: Callable[..., StepContext]) -> None:
    found = steps.listen(context(DEMO / "sample-lecture.mp4", language="tlh"), voice(30))
    assert found["reason"][0] == "unknown_to_model"
    assert "tlh" in found["reason"][1]


def test_words_to_expect_fit_into_the_model(context: Callable[..., StepContext], models: Path) -> None:
    model = speech_models.find("", models)
    assert model is not None
    ears = recognizer.load(model)
    terms = [f"Schrödinger{n}" for n in range(200)]
    said = ears.expecting(["What Lectern is", *terms], ["with", "xylographers"])
    assert said.startswith("What Lectern is, Schrödinger0, ") and ears._tokens(said) <= 223
    assert terms[: said.count(",")] == said.split(", ")[1:]  # whole terms, from the first one on
    assert ears.expecting(["Lectern"], ["with", "xylographers"]) == "Lectern, xylographers"  # the model knows "with"


@pytest.mark.slow
def test_a_glossary_spells_a_name_and_wrong_words_do_not_harm(context: Callable[..., StepContext]) -> None:
    truth = caption_files.read((DEMO / "sample-lecture.en.vtt").read_bytes(), 1000)
    said = " ".join(one.text for one in truth)

    def heard(title: str, *glossary: str, of_s: float = 20) -> str:
        asked = {"title": title, "glossary": glossary}
        found = steps.listen(context(DEMO / "sample-lecture.mp4", **asked), voice(of_s))
        for k in range(found["spans"]):
            steps.transcribe(context(key=str(k), **asked))
        steps.write(context())
        return transcript(context).text

    assert "Lectern" not in heard("lecture 7")
    assert "Lectern" in heard("lecture 7", "Lectern")
    wrong = heard("What Lectern is", *WRONG, of_s=truth[-1].end_s + 2)
    assert jiwer.wer(said, wrong, reference_transform=_NORMAL, hypothesis_transform=_NORMAL) < 0.04  # 2.4 % without
    assert not [word for word in WRONG if word in wrong]


@pytest.mark.slow
def test_the_first_span_before_all_is_listened_to(context: Callable[..., StepContext], long_talk: Path) -> None:
    whole = voice(370)
    first = steps.listen(context(long_talk, key=steps.OPENING), whole)
    assert (first["language"], first["detected"], first["spans"]) == ("en", "en", 1)
    found = steps.listen(context(), whole)
    assert found["opening"] == first["opening"]  # it was the span that it is when all is known
    early = heard.words_so_far(context().storage, [WHERE.words(found["run"], 0)])
    steps.transcribe(context(key="0"))
    assert heard.words_so_far(context().storage, [WHERE.words(found["run"], 0)]) == early  # and so are its words

    assert "opening" not in steps.listen(context(glossary=("Dijkstra",)), whole)  # those words would be others


def test_silence_at_the_beginning_is_no_opening(tmp_path: Path, desk: Desk, long_talk: Path,
                                                context: Callable[..., StepContext]) -> None:
    made = tmp_path / "late.m4a"
    subprocess.run([desk.tools.ffmpeg, "-v", "error", "-i", long_talk, "-af", "adelay=170000:all=1", "-vn",
                    "-t", "230", "-c:a", "aac", made],
                   check=True)
    assert steps.listen(context(made, key=steps.OPENING), voice(230, 0)) == {}
    assert steps.listen(context(), voice(230, 0))["language"] == "en"


@pytest.mark.usefixtures("short_spans")
def test_a_span_that_failed_is_added_to_the_transcript_later(context: Callable[..., StepContext]) -> None:
    found = steps.listen(context(DEMO / "sample-lecture.mp4"), voice(90))
    assert found["spans"] >= 2
    steps.transcribe(context(key="1"))
    steps.write(context())  # of what there is
    without = transcript(context)
    assert without.spans == 1
    assert context().storage.stat(WHERE.sound(found["run"])) is not None
    steps.transcribe(context(key="0"))
    for k in range(2, found["spans"]):
        steps.transcribe(context(key=str(k)))
    steps.write(context())
    assert transcript(context).spans == found["spans"]
    assert len(transcript(context).words) > len(without.words)
    assert context().storage.stat(WHERE.sound(found["run"])) is None


def test_german_is_translated_into_english(context: Callable[..., StepContext]) -> None:
    found = steps.listen(context(GERMAN, translate_to_english=True), voice(12, 0, 22_050))
    assert (found["language"], found["to_english"], found["spans"]) == ("de", True, 1)
    steps.transcribe(context(key="0"))
    steps.write(context())
    assert context().storage.stat(WHERE.sound(found["run"])) is not None  # the translation is made from it
    made = steps.translate(context(key="0"))
    assert made["language"] == "en"
    said = set(" ".join(line for one in made["captions"] for line in one["lines"]).lower().replace(",", " ").split())
    assert {"the", "we", "begins", "with", "for"} & said and not {"wir", "und", "mit", "jedes"} & said, said
    steps.write(context(key=steps.ENGLISH))
    assert context().storage.stat(WHERE.sound(found["run"])) is None
    assert "Willkommen zu dieser" in transcript(context).text
    assert not steps.listen(context(DEMO / "sample-lecture.mp4", translate_to_english=True), voice(30))["to_english"]
