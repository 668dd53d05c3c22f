"""`lectern process`: the whole pipeline in one process, no server, into a folder for any static web server.

Same plan, same cells, same checks as the service. A folder that was begun can be finished by the same command: cells
that are there already are kept.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from infra.core.errors import ConfigError, Conflict, NotFound, OutOfSpace, StepFailed
from infra.core.keys import PlanKeys
from infra.core.media import Loudness, MediaInfo
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ProcessRunner
from infra.runtime.offline_outline import look_for_slides, publish_outline
from infra.runtime.offline_speech import Spoken, publish, recognize
from infra.runtime.trim_option import Part
from infra.storage.local import LocalStorage
from ingest import packets
from ingest.probe import probe
from player_api.pages import static_watch_page
from transcode import dash, playlists, render, render_pictures, render_trickplay, sound, storyboard, trickplay
from transcode.bandwidth import bit_rates
from transcode.key_frames import near_enough
from transcode.loudness import measure, normalized, with_loudness
from transcode.plan import Plan
from transcode.plan import plan as plan_of
from transcode.sampling import planned
from transcode.trim import wanted

_SPEECH_SHARE = 0.1  # of the progress
_PICTURES_AT_ONCE = 10  # segments whose trick-play pictures one decoder makes


@dataclass(frozen=True, slots=True)
class Processed:
    """What `process` made."""

    plan: Plan
    folder: Path
    wall_s: float
    size_bytes: int
    loudness: dict[str, Loudness]  # of the source's tracks, by stereo rendition
    spoken: Spoken | None  # None: there is no sound, or it is not to be recognized


def examine(file: Path, settings: Settings, tools: Tools, runner: ProcessRunner, part: Part | None = None
            ) -> tuple[MediaInfo, Plan]:
    """What a file is, and the plan of it or of a part of it. Raises NotFound, Rejected."""
    if not file.is_file():
        raise NotFound("no_such_file", f"There is no file {file}.")
    if not os.access(file, os.R_OK):
        raise NotFound("not_readable", f"The file {file} may not be read by this user.")
    file = file.absolute()
    info = packets.with_packets(probe(runner, tools, settings, file), file)
    info, plan = planned(info, file, settings, tools, runner)
    trim = wanted(part.start_s, part.end_s, plan.duration_s, plan.frame_rate) if part else None
    return info, plan_of(info, tools.encoder, tools.codecs, trim) if trim else plan


def process(file: Path, out: Path, title: str, settings: Settings, tools: Tools, runner: ProcessRunner,
            progress: Callable[[float], None], part: Part | None = None) -> Processed:
    """Render all of `file`, or `part` of it, into `out`. Raises Conflict when `out` holds something else."""
    begun = time.monotonic()
    usual = settings.fill_codecs.split(",")
    codecs = tuple(codec for codec in tools.codecs if codec in usual)
    file = file.absolute()
    info, plan = examine(file, settings, replace(tools, codecs=codecs or tools.codecs[:1]), runner, part)
    if settings.normalize_loudness:
        info = _heard(info, file, settings, tools, runner)
        plan = normalized(plan, info, file, tools, runner, max_pixels=settings.max_pixels)
    _claim(out, plan)
    storage = LocalStorage(out)
    names = [rendition.name for rendition in plan.renditions]
    stop = threading.Event()
    done = 0
    counting = threading.Lock()

    with tempfile.TemporaryDirectory(prefix="lectern-") as scratch:
        def context(number: int) -> render.RenderContext:
            work = Path(scratch) / str(number)
            work.mkdir()
            return render.RenderContext(
                plan, PlanKeys(""), file, work, storage, tools,
                lambda command, **how: runner(command, cancelled=stop.is_set, **how), settings.max_pixels)

        def segment(k: int) -> None:
            nonlocal done
            if stop.is_set():
                raise StepFailed("cancelled", "Stopped.")
            render.render(context(k), k, names)
            with counting:
                done += 1
                progress(done / plan.segments * (1 - _SPEECH_SHARE))

        poster = _pictures(plan, context(-1), file)
        # Four encoders and a decoder run in each: two at once are enough for four cores.
        pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2))
        try:
            futures = [pool.submit(segment, k) for k in range(plan.segments)]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
            if plan.video:
                _trick_play(plan, context(-2))
            spoken = _recognized(file, title, info, plan, Path(scratch) / "speech", settings, tools, runner)
            stills = context(-3)
            (Path(scratch) / "slides").mkdir()
            shown = look_for_slides(storage, plan, spoken.language if spoken else None, Path(scratch) / "slides", settings,
                                    tools, runner, lambda n: render_pictures.render_still(stills, n))
            progress(1.0)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)

    # The playlists come last: while they are absent, nobody takes the folder for finished.
    for rendition in plan.renditions:
        storage.put(f"{rendition.name}/index.m3u8", playlists.media(plan, rendition).encode())
    storage.put("poster.jpg", storage.read(PlanKeys("").still(poster)))
    if trickplay.is_offered(plan):
        storage.put(f"{trickplay.NAME}/index.m3u8", trickplay.playlist(plan).encode())
    if plan.video:
        storage.put(f"{storyboard.NAME}/index.m3u8", storyboard.image_playlist(plan).encode())
    storage.put("storyboard.vtt", storyboard.vtt(plan).encode())
    text = publish(storage, plan, spoken) if spoken else None
    outlined = publish_outline(storage, title, plan, spoken, shown)
    for name, data in static_watch_page(title, (rendition.name for rendition in plan.renditions),
                                        chapters=outlined, texts=[text] if text else []).items():
        storage.put(name, data)
    texts = [text] if text else []
    measured = {rendition.name: bit_rates([(out / rendition.name / f"{k}.m4s").stat().st_size
                                           for k in range(plan.segments)], plan.segment_durations_s(rendition))
                for rendition in plan.renditions}
    storage.put("manifest.mpd", dash.mpd(plan, measured, texts).encode())
    storage.put("master.m3u8", playlists.multivariant(plan, settings.hls_codecs.split(","), measured, texts).encode())
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if not settings.normalize_loudness:
        info = _heard(info, file, settings, tools, runner)
    loudness = {stream.index: stream.loudness for stream in info.audio if stream.loudness is not None}
    return Processed(plan, out, time.monotonic() - begun, size,
                     {track.name: loudness[track.stream_index] for track in plan.audio if not track.surround}, spoken)


def _recognized(file: Path, title: str, info: MediaInfo, plan: Plan, scratch: Path, settings: Settings, tools: Tools,
                runner: ProcessRunner) -> Spoken | None:
    """What is said. Without it the video is as good to watch, so a failure only says why."""
    if not plan.audio or not settings.transcribe:
        return None
    scratch.mkdir()
    try:
        return recognize(file, title, info, plan, scratch, settings, tools, runner)
    except (StepFailed, ConfigError) as failure:
        return Spoken(None, [], b"", failure.message)


def _heard(info: MediaInfo, file: Path, settings: Settings, tools: Tools, runner: ProcessRunner) -> MediaInfo:
    """`info` with how loud each track is that is rendered."""
    return with_loudness(info, {str(stream.index): measure(tools, runner, stream.index, file,
                                                           stream.duration_s or info.duration_s,
                                                           max_pixels=settings.max_pixels).model_dump()
                                for stream in sound.chosen(info)})


def _pictures(plan: Plan, ctx: render.RenderContext, source: Path) -> int:
    """Render the poster and the storyboard; the number of the still that is the poster."""
    if not plan.video:
        render_pictures.render_still(ctx, 0)  # drawn of the sound
        return 0
    at_s = render_pictures.choose_poster(plan, lambda at_s: render_pictures.detail_at(ctx, at_s))
    poster = render_pictures.still(plan, at_s)
    render_pictures.render_still(ctx, poster)
    for j in range(storyboard.board(plan).sheets):
        with source.open("rb") as file:
            def read(at: int, length: int, file: BinaryIO = file) -> bytes:
                file.seek(at)
                return file.read(length)

            dense = near_enough(read, source.stat().st_size, plan, *storyboard.sheet_span(plan, j))
        try:
            render_pictures.render_sheet(ctx, j, key_frames=dense)
        except StepFailed as failure:
            if not dense or failure.code not in ("not_rendered", "bad_cell"):
                raise
            render_pictures.render_sheet(ctx, j, key_frames=False)
    return poster


def _trick_play(plan: Plan, ctx: render.RenderContext) -> None:
    for first in range(0, plan.segments, _PICTURES_AT_ONCE):
        last = min(first + _PICTURES_AT_ONCE, plan.segments)
        for run in trickplay.runs(render_trickplay.missing(ctx, first, last)):
            render_trickplay.render_pictures(ctx, *run)


def _claim(out: Path, plan: Plan) -> None:
    """Make `out` the folder of this plan. Raises Conflict when it holds anything else."""
    out.mkdir(parents=True, exist_ok=True)
    mark = out / "plan.json"
    if mark.is_file():
        if Plan.model_validate(json.loads(mark.read_text())).id != plan.id:
            raise Conflict("other_plan", f"{out} holds another video, or another part of this one. Choose another folder "
                           "with --out.")
    elif any(out.iterdir()):
        raise Conflict("folder_not_empty", f"{out} is not empty. Choose another folder with --out.")
    if shutil.disk_usage(out).free < 64 << 20:
        raise OutOfSpace("disk_full", f"The disk of {out} is full.")
    mark.write_text(plan.model_dump_json(indent=1))
