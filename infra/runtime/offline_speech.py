"""Captions for `lectern process`: the service's own steps, one after the other, over a folder of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enrich import caption_files
from enrich import steps as enrich
from enrich.caption_files import Caption
from infra.core.keys import SpeechKeys
from infra.core.languages import own_name
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.core.steps import StepContext, Tools, VideoRecord
from infra.process import ProcessRunner
from infra.runtime.itinerary import voice_of
from infra.storage.local import LocalStorage
from transcode import playlists
from transcode.plan import Plan
from transcode.text import TextTrack


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said in a file; without captions, why not."""

    language: str | None
    captions: list[Caption]
    transcript: bytes
    reason: str | None = None


def recognize(file: Path, title: str, info: MediaInfo, plan: Plan, scratch: Path, settings: Settings, tools: Tools,
              runner: ProcessRunner) -> Spoken:
    """The captions of `file`; `scratch` is an empty folder. Raises StepFailed, ConfigError, OutOfSpace."""
    storage = LocalStorage(scratch)
    if not settings.data.is_dir():  # the command works without a data folder, and leaves none behind
        settings = settings.model_copy(update={"data": scratch})
    video = VideoRecord("here", "here", title, None, info, plan.id, plan.model_dump(mode="json"))

    def context(key: str) -> StepContext:
        work = scratch / f"work{key}"
        work.mkdir()
        return StepContext(video, key, work, settings, storage, tools, runner, lambda share: None, lambda: None)

    found = enrich.listen_to(context(""), voice_of(plan, info), file)
    if "reason" in found:
        return Spoken(None, [], b"", found["reason"][1])
    captions: list[Caption] = []
    for k in range(found["spans"]):
        made = enrich.transcribe(context(str(k)))
        captions = [Caption.model_validate(one) for one in made["captions"]]
    enrich.write(context("end"))
    return Spoken(found["language"], captions, storage.read(SpeechKeys.of("here", "here").transcript))


def publish(storage: LocalStorage, plan: Plan, spoken: Spoken) -> TextTrack | None:
    """Write the captions as files for players and people; how playlists name them."""
    if spoken.language is None:
        return None
    folder = f"captions/{spoken.language}"
    whole = caption_files.vtt(spoken.captions).encode()
    for k in range(plan.segments):
        storage.put(f"{folder}/{k}.vtt", caption_files.segment(
            spoken.captions, float(plan.start_s(k)), float(plan.start_s(k + 1))).encode())
    storage.put(f"{folder}/all.vtt", whole)
    storage.put(f"{folder}/index.m3u8", playlists.text(plan).encode())
    storage.put("captions.srt", caption_files.srt(spoken.captions).encode())
    storage.put("transcript.txt", caption_files.txt(spoken.captions).encode())
    storage.put("transcript.json", spoken.transcript)
    return TextTrack(folder=folder, language=spoken.language, label=own_name(spoken.language), captions=True,
                     bit_rate_bps=max(1, round(len(whole) * 8 / max(float(plan.duration_s), 1))))
