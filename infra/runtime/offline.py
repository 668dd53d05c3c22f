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

from infra.core.errors import Conflict, NotFound, OutOfSpace, StepFailed
from infra.core.keys import PlanKeys
from infra.core.media import Loudness
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.process import ProcessRunner
from infra.storage.local import LocalStorage
from ingest import packets
from ingest.probe import probe
from player_api.pages import static_watch_page
from transcode import dash, playlists, render
from transcode.bandwidth import bit_rates
from transcode.loudness import measure
from transcode.plan import Plan
from transcode.plan import plan as make_plan
from transcode.steps import poster_thumbnail


@dataclass(frozen=True, slots=True)
class Processed:
    """What `process` made."""

    plan: Plan
    folder: Path
    wall_s: float
    size_bytes: int
    loudness: dict[str, Loudness]  # by stereo rendition


def examine(file: Path, settings: Settings, tools: Tools, runner: ProcessRunner) -> Plan:
    """The plan of a file. Raises NotFound, Rejected."""
    if not file.is_file():
        raise NotFound("no_such_file", f"There is no file {file}.")
    if not os.access(file, os.R_OK):
        raise NotFound("not_readable", f"The file {file} may not be read by this user.")
    file = file.absolute()
    return make_plan(packets.with_packets(probe(runner, tools, settings, file), file), tools.encoder, tools.codecs)


def process(file: Path, out: Path, title: str, settings: Settings, tools: Tools, runner: ProcessRunner,
            progress: Callable[[float], None]) -> Processed:
    """Render all of `file` into `out`. Raises Conflict when `out` holds something else."""
    begun = time.monotonic()
    wanted = settings.fill_codecs.split(",")
    codecs = tuple(codec for codec in tools.codecs if codec in wanted)
    plan = examine(file, settings, replace(tools, codecs=codecs or tools.codecs[:1]), runner)
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
                plan, PlanKeys(""), file.absolute(), work, storage, tools,
                lambda command, **how: runner(command, cancelled=stop.is_set, **how), settings.max_pixels)

        def segment(k: int) -> None:
            nonlocal done
            if stop.is_set():
                raise StepFailed("cancelled", "Stopped.")
            render.render(context(k), k, names)
            with counting:
                done += 1
                progress(done / plan.segments)

        render.render_thumbnail(context(-1), poster_thumbnail(plan))
        # Four encoders and a decoder run in each: two at once are enough for four cores.
        pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2))
        try:
            futures = [pool.submit(segment, k) for k in range(plan.segments)]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)

    loudness = {track.name: measure(tools, runner, track.stream_index, file.absolute(), plan.duration_s,
                                    max_pixels=settings.max_pixels) for track in plan.audio if not track.surround}

    # The playlists come last: while they are absent, nobody takes the folder for finished.
    for rendition in plan.renditions:
        storage.put(f"{rendition.name}/index.m3u8", playlists.media(plan, rendition).encode())
    storage.put("poster.jpg", storage.read(PlanKeys("").thumbnail(poster_thumbnail(plan))))
    for name, data in static_watch_page(title, (rendition.name for rendition in plan.renditions)).items():
        storage.put(name, data)
    measured = {rendition.name: bit_rates([(out / rendition.name / f"{k}.m4s").stat().st_size
                                           for k in range(plan.segments)], plan.segment_durations_s(rendition))
                for rendition in plan.renditions}
    storage.put("manifest.mpd", dash.mpd(plan, measured).encode())
    storage.put("master.m3u8", playlists.multivariant(plan, settings.hls_codecs.split(","), measured).encode())
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Processed(plan, out, time.monotonic() - begun, size, loudness)


def _claim(out: Path, plan: Plan) -> None:
    """Make `out` the folder of this plan. Raises Conflict when it holds anything else."""
    out.mkdir(parents=True, exist_ok=True)
    mark = out / "plan.json"
    if mark.is_file():
        if Plan.model_validate(json.loads(mark.read_text())).id != plan.id:
            raise Conflict("other_plan", f"{out} holds another video. Choose another folder with --out.")
    elif any(out.iterdir()):
        raise Conflict("folder_not_empty", f"{out} is not empty. Choose another folder with --out.")
    if shutil.disk_usage(out).free < 64 << 20:
        raise OutOfSpace("disk_full", f"The disk of {out} is full.")
    mark.write_text(plan.model_dump_json(indent=1))
