"""Word error rate and processor time of Lectern's transcripts against faster-whisper called directly, and how soon the
first captions of an hour are there.

    python -m tests.bench.speech [--only sample] [--repeat 3] [--expect WORDS] [--first-captions]

direct    BatchedInferencePipeline(model).transcribe(FILE), with words: what one would write by hand
lectern   the steps listen, transcribe and write, as the service runs them

Both with the packaged model, in turns in every round; ratios are medians over the rounds, each within one round. Words are
compared in lower case and without punctuation. The captions of the corpus are edited, so their rates are high for both.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer

from enrich import recognizer, speech_models
from enrich import steps as enrich
from enrich.transcript import Transcript
from infra.core import keys
from infra.core.keys import SpeechKeys
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.core.steps import StepContext, Tools, VideoRecord
from infra.process import ProcessRunner
from infra.runtime.itinerary import voice_of
from infra.runtime.offline import examine
from infra.storage.local import LocalStorage
from tests.bench import clips
from tests.bench.service import load_average, service
from transcode.plan import Plan

_RATE_TARGET, _FIRST_TARGET_S = 1.1, 30.0
_NORMAL = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.Strip(), jiwer.RemoveMultipleSpaces(),
                         jiwer.ReduceToListOfListOfWords()])
_NOT_SAID = re.compile(r"\[.*?\]|\(.*?\)|https?://\S+")


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="lectures whose name holds this word")
    parser.add_argument("--repeat", type=int, default=3, help="rounds (3)")
    parser.add_argument("--expect", default="", help="a glossary for Lectern: words with commas between, right or wrong")
    parser.add_argument("--first-captions", action="store_true",
                        help="only how soon the first captions of an hour are there")
    parser.add_argument("--work", type=Path, help="folder for clips and the service; it is kept")
    arguments = parser.parse_args()
    tools, folder = clips.tools(), clips.work_folder(arguments.work)
    if arguments.first_captions:
        first_captions(tools, folder)
        return
    print(f"{'lecture':38} {'words':>6} {'WER direct':>11} {'lectern':>8} {'s direct':>9} {'lectern':>8} {'ratio':>6} "
          f"{'cpu ratio':>9}  x real time")
    for file, captions in lectures():
        if arguments.only in file.name:
            compare(file, said_in(captions), arguments.repeat, tools, folder,
                    tuple(filter(None, arguments.expect.split(","))))
    print(load_average())


def lectures() -> list[tuple[Path, Path]]:
    """The lectures with captions: the sample, and what the corpus has."""
    found = [clips.SAMPLE, *sorted(clips.CORPUS.glob("*.mp4"))] if clips.CORPUS.is_dir() else [clips.SAMPLE]
    return [(file, file.with_suffix(".en.vtt")) for file in found if file.with_suffix(".en.vtt").is_file()]


def said_in(captions: Path) -> str:
    """The words of a caption file; read by hand, because some of the corpus are not quite WebVTT."""
    text = "\n".join(block.partition("-->")[2].partition("\n")[2] for block in captions.read_text().split("\n\n"))
    return " ".join(_NOT_SAID.sub(" ", text).split())


def compare(file: Path, said: str, repeat: int, tools: Tools, folder: Path, glossary: tuple[str, ...]) -> None:
    """One line of the table."""
    settings = Settings(data=folder)
    runner = ProcessRunner(settings)
    info, plan = examine(file, settings, tools, runner)
    model = speech_models.find("", folder / "models")
    assert model is not None, "no speech model is installed: ./lectern test installs it"
    ears = recognizer.load(model)

    def direct() -> str:
        found, _ = ears._pipeline.transcribe(str(file), batch_size=ears._batch, beam_size=5, word_timestamps=True)
        return " ".join(segment.text for segment in found)

    rounds = []
    for _ in range(repeat):
        theirs = timed(direct)
        ours = timed(lambda: lectern(file, info, plan, settings, tools, runner, folder / "speech", glossary))
        rounds.append((theirs, ours))
    (_, _, direct_text), (_, _, our_text) = rounds[-1]
    wall_s = [statistics.median(one[side][0] for one in rounds) for side in (0, 1)]
    ratio, cpu_ratio = (statistics.median(ours[what] / theirs[what] for theirs, ours in rounds) for what in (0, 1))
    rates = [word_error_rate(said, text) for text in (direct_text, our_text)]
    print(f"{file.stem[:38]:38} {len(said.split()):6} {rates[0]:10.2%} {rates[1]:8.2%} {wall_s[0]:9.1f} {wall_s[1]:8.1f} "
          f"{ratio:6.2f} {cpu_ratio:9.2f} {float(plan.duration_s) / wall_s[1]:6.1f}"
          f"  {'PASS' if ratio <= _RATE_TARGET and rates[1] <= rates[0] + 0.005 else 'FAIL'}")


def lectern(file: Path, info: MediaInfo, plan: Plan, settings: Settings, tools: Tools, runner: ProcessRunner,
            folder: Path, glossary: tuple[str, ...]) -> str:
    """The transcript, by the steps of the service."""
    shutil.rmtree(folder, ignore_errors=True)
    storage = LocalStorage(folder)
    video = VideoRecord("v", "o", file.stem.replace("_", " "), None, info, plan.id, plan.model_dump(mode="json"),
                        glossary=glossary)
    where = keys.source("o", "v")
    (folder / where).parent.mkdir(parents=True, exist_ok=True)

    def context(key: str) -> StepContext:
        work = folder / f"work-{key}"
        work.mkdir()
        return StepContext(video, key, work, settings, storage, tools, runner, lambda share: None, lambda: None)

    found: dict[str, Any] = enrich.listen_to(context(""), voice_of(plan, info), file)
    for k in range(found["spans"]):
        enrich.transcribe(context(str(k)))
    enrich.write(context("end"))
    return Transcript.model_validate_json(storage.read(SpeechKeys.of("o", "v").transcript)).text


def timed(work: Callable[[], str]) -> tuple[float, float, str]:
    """Seconds of the clock, of processors (children too), and what came out."""
    def cpu_s() -> float:
        return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (
            resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))

    begun_s, begun_cpu_s = time.monotonic(), cpu_s()
    text = work()
    return time.monotonic() - begun_s, cpu_s() - begun_cpu_s, text


def word_error_rate(said: str, heard: str) -> float:
    """Share of words that are wrong, missing or too many."""
    return float(jiwer.wer(said, heard, reference_transform=_NORMAL, hypothesis_transform=_NORMAL))


def first_captions(tools: Tools, folder: Path) -> None:
    """Upload an hour of speech to a fresh service that renders, too, and wait for its captions."""
    source = max(lectures(), key=lambda one: one[0].stat().st_size)[0]
    hour = folder / f"speech-hour-{source.stem}.mp4"
    if not hour.is_file():
        clips.run_ffmpeg(tools, "-stream_loop", "60", "-i", source, "-map", "0:v", "-map", "0:a", "-c", "copy", "-t", "3600",
                         "-movflags", "+faststart", hour)
    with service(folder / "service", LECTERN_TRANSCRIBE="true", LECTERN_FILL_CODECS="h264") as running:
        uploaded = running.upload(hour)
        took_s = 0.0
        while not took_s:
            time.sleep(0.1)
            if json.loads(running.get(f"/api/v1/videos/{uploaded.video_id}/captions").body)["items"]:
                took_s = time.monotonic() - uploaded.acknowledged_s
        print(f"first captions of {source.stem}, 60 min: {took_s:.1f} s after the upload, while the fill runs "
              f"({'PASS' if took_s <= _FIRST_TARGET_S else 'FAIL'}, {load_average()})", flush=True)
        while True:
            time.sleep(1)
            found = json.loads(running.get(f"/api/v1/videos/{uploaded.video_id}/transcript").body)
            if found["state"] == "done":
                break
        print(f"all of it, {len(found['words'])} words: {time.monotonic() - uploaded.acknowledged_s:.0f} s")


if __name__ == "__main__":
    main()
