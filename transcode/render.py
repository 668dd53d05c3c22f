"""Renders cells: runs the commands of `transcode.cells`, checks what came out, publishes it.

A cell is published only when it is exactly what the plan says: one fragment with the planned number of frames, the
first one a key frame, decode time on the grid, and the init section that all cells of the rendition share. An exit
code proves nothing: ffmpeg ends with 0 on a full disk.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.core import boxes, cmaf
from infra.core.aac_table import AacTable, read_aac_table, read_moov
from infra.core.command import Command
from infra.core.errors import StepFailed
from infra.core.keys import PlanKeys
from infra.core.languages import iso639_2
from infra.core.ports import Storage
from infra.core.steps import Runner, Tools
from transcode import audio_fragments, cells, colour, still
from transcode.copied_cells import copied_cell, copied_init
from transcode.plan import Plan, VideoRendition, time_scale
from transcode.sound import AudioTrack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What rendering needs besides the plan. `source` is a local file; `work` an empty folder to write to."""

    plan: Plan
    keys: PlanKeys
    source: Path
    work: Path
    storage: Storage
    tools: Tools
    run: Runner
    max_pixels: int
    nice: int = 0


def render(ctx: RenderContext, k: int, names: Sequence[str]) -> None:
    """Render segment k of the renditions `names` from one decode, and publish what is missing.

    Raises StepFailed: `other_encoder`, `bad_cell` or the runner's codes; OutOfSpace. Nothing of the picture is
    published then.
    """
    _render(ctx, range(k, k + 1), names, few_threads=False)


def _render(ctx: RenderContext, segments: range, names: Sequence[str], *, few_threads: bool) -> None:
    """The same for all of `segments`, from one decode for all of them."""
    renditions = [rendition for name in names if (rendition := ctx.plan.rendition(name)) is not None]
    encoded: list[cells.Cell] = []
    for k in segments:
        for rendition in renditions:
            if ctx.storage.stat(ctx.keys.cell(rendition.name, k)) is not None:
                continue
            if isinstance(rendition, AudioTrack):
                _render_audio(ctx, k, rendition)
            elif rendition.copied is not None:
                _copy_video(ctx, k, rendition)
            else:
                encoded.append(cells.Cell(rendition, k, rendition.capped))
    if encoded:
        _render_video(ctx, encoded, few_threads=few_threads)


def render_inits(ctx: RenderContext, names: Sequence[str]) -> None:
    """Publish the init sections of the renditions `names`, unless they are there."""
    missing = [name for name in names if ctx.storage.stat(ctx.keys.init(name)) is None]
    if not missing:
        return
    _require_encoder(ctx)
    inits = make_inits(ctx.plan, missing, ctx.source, ctx.work, ctx.tools, ctx.run, max_pixels=ctx.max_pixels,
                       nice=ctx.nice)
    for name, init in inits.items():
        ctx.storage.put_new(ctx.keys.init(name), init)


def make_inits(plan: Plan, names: Sequence[str], source: Path, work: Path, tools: Tools, run: Runner, *,
               max_pixels: int, nice: int = 0) -> dict[str, bytes]:
    """The init sections of the renditions `names`, from the first frame of the video.

    Of a picture that takes decoding and encoding one frame (where there is none, the first cell of the sound), so it is
    also the proof that the source can be rendered. Raises StepFailed: `bad_cell` or the runner's codes; OutOfSpace.
    """
    renditions = [rendition for name in names if (rendition := plan.rendition(name)) is not None]
    inits = {track.name: audio_init(track) for track in renditions if isinstance(track, AudioTrack)}
    video = [rendition for rendition in renditions if isinstance(rendition, VideoRendition)]
    inits |= {copied.name: copied_init(plan, copied) for copied in video if copied.copied is not None}
    # Where nothing is encoded the first frame still is: a source that can not be decoded is refused.
    encoded = [rendition for rendition in video if rendition.copied is None] or video
    if encoded:
        first_cells = [cells.Cell(rendition, 0, rendition.capped) for rendition in encoded]
        _lay_out(plan, work)
        run(cells.video_command(tools, plan, source, first_cells, work, max_pixels=max_pixels, nice=nice, frames=1))
        for cell in first_cells:
            init, _ = _split(work / cell.file_name)
            if cell.rendition.copied is None:
                _check_init(plan, cell.rendition, init)
                inits[cell.rendition.name] = init
    elif not plan.video and plan.audio[0].copy_nth is None:
        run(cells.audio_command(tools, plan, plan.audio[0], source, 0, work, max_pixels=max_pixels, nice=nice))
    _empty(work)
    return inits


def made(ctx: RenderContext, command: Command, name: str) -> bytes:
    """What `command` wrote to the file `name` of the work folder, which is left empty. Raises as `render` does."""
    _lay_out(ctx.plan, ctx.work)
    _run(ctx, command)
    data = _output(ctx.work / name).read_bytes()
    _empty(ctx.work)
    return data


def draw(ctx: RenderContext) -> bytes:
    """The picture of sound alone: its cover, or its waveform. Raises as `render` does."""
    how = ctx.tools, ctx.plan, ctx.source, ctx.work
    if ctx.plan.cover_index is not None:
        try:
            ctx.run(still.cover_command(*how, max_pixels=ctx.max_pixels, nice=ctx.nice))
            data = _output(ctx.work / "thumbnail.jpg").read_bytes()
            _empty(ctx.work)
            return data
        except StepFailed as failure:
            if failure.code != "tool_failed":
                raise
            log.info("the cover can not be shown: %s", failure)
    return made(ctx, still.waveform_command(*how, max_pixels=ctx.max_pixels, nice=ctx.nice), "thumbnail.jpg")


def audio_init(track: AudioTrack) -> bytes:
    """The init section of the audio rendition: a pure function of the plan."""
    config = bytes.fromhex(track.config_hex)
    return audio_fragments.audio_init(config, track.sample_rate_hz, track.channels, iso639_2(track.language))


def fill(ctx: RenderContext, first: int, last: int, names: Sequence[str], progress: Callable[[float], None],
         check: Callable[[], None]) -> None:
    """Render segments [first, last) of `names`, a few at a time, each few published as soon as they are finished."""
    encoded = [rendition for name in names if isinstance(rendition := ctx.plan.rendition(name), VideoRendition)
               and rendition.copied is None]
    for segments in cells.together(ctx.plan, encoded, first, last):
        check()
        try:
            _render(ctx, segments, names, few_threads=True)
        except StepFailed as failure:
            if len(segments) == 1 or failure.code not in ("not_rendered", "bad_cell"):
                raise
            for k in segments:  # what is sound of them is published
                render(ctx, k, names)
        progress((segments.stop - first) / (last - first))


def _render_video(ctx: RenderContext, wanted: Sequence[cells.Cell], *, few_threads: bool) -> None:
    storage, keys = ctx.storage, ctx.keys
    _require_encoder(ctx)
    encoded = _encode(ctx, wanted, few_threads=few_threads)
    too_large = [cell for cell, (_, media) in encoded.items() if not cell.capped
                 and len(media) * 8 > cell.rendition.max_bits(ctx.plan.frames(cell.k) / ctx.plan.frame_rate)]
    if too_large:
        for cell in too_large:
            del encoded[cell]
        encoded |= _encode(ctx, [replace(cell, capped=True) for cell in too_large], few_threads=few_threads)
    for cell, (init, media) in encoded.items():
        name = cell.rendition.name
        storage.put_new(keys.init(name), init)
        if not cmaf.same_track(storage.read(keys.init(name)), init):
            raise StepFailed("other_encoder", f"{name} was begun by another build of the encoder. "
                             "Use the same ffmpeg on all workers.", retryable=True)
        storage.put(keys.cell(name, cell.k), media)


def _copy_video(ctx: RenderContext, k: int, rendition: VideoRendition) -> None:
    media = copied_cell(ctx.plan, rendition, k, ctx.source)
    _check_copy(ctx.plan, rendition, k, media)
    ctx.storage.put_new(ctx.keys.init(rendition.name), copied_init(ctx.plan, rendition))
    ctx.storage.put(ctx.keys.cell(rendition.name, k), media)


def _encode(ctx: RenderContext, wanted: Sequence[cells.Cell], *, few_threads: bool
            ) -> dict[cells.Cell, tuple[bytes, bytes]]:
    """Each cell's init section and media, checked. The work folder is left empty."""
    plan = ctx.plan
    _lay_out(plan, ctx.work)
    _run(ctx, cells.video_command(ctx.tools, plan, ctx.source, wanted, ctx.work, max_pixels=ctx.max_pixels,
                                  nice=ctx.nice, few_threads=few_threads))
    encoded = {}
    for cell in wanted:
        init, media = _split(ctx.work / cell.file_name)
        _check_init(plan, cell.rendition, init)
        _check_cell(plan, cell.rendition, cell.k, media)
        encoded[cell] = init, boxes.with_sequence_number(media, cell.k + 1)
    _empty(ctx.work)
    return encoded


def _render_audio(ctx: RenderContext, k: int, track: AudioTrack) -> None:
    plan = ctx.plan
    first, last = track.boundaries[k], track.boundaries[k + 1]
    if track.copy_nth is not None:
        table = _aac_table(ctx.source, track.copy_nth)
        with ctx.source.open("rb") as file:
            packets = table.read(file, track.copy_first + first, track.copy_first + last)
    else:
        _require_encoder(ctx)
        _run(ctx, cells.audio_command(ctx.tools, plan, track, ctx.source, k, ctx.work,
                                        max_pixels=ctx.max_pixels, nice=ctx.nice))
        encoded = audio_fragments.adts_packets(_output(ctx.work / "audio.aac").read_bytes())
        skip = cells.audio_skip(track, k)
        packets = encoded[skip : skip + last - first]
        _empty(ctx.work)
    if len(packets) != last - first:
        raise _bad_cell(track.name, k, f"{len(packets)} audio packets instead of {last - first}")
    ctx.storage.put_new(ctx.keys.init(track.name), audio_init(track))
    decode_time = track.offset_samples + first * 1024
    ctx.storage.put(ctx.keys.cell(track.name, k), audio_fragments.audio_segment(packets, decode_time, k + 1))


_tables: dict[tuple[str, int, int, int], AacTable] = {}


def _aac_table(source: Path, nth: int) -> AacTable:
    """The source's packet table; the last few are remembered, as a span asks for the same one again and again."""
    stat = source.stat()
    key = (str(source), stat.st_ino, stat.st_size, nth)
    if key not in _tables:
        while len(_tables) >= 4:
            _tables.pop(next(iter(_tables)), None)
        _tables[key] = read_aac_table(read_moov(source), nth)
    return _tables[key]


def _require_encoder(ctx: RenderContext) -> None:
    if ctx.tools.encoder != ctx.plan.encoder:
        raise StepFailed(
            "other_encoder",
            f"This video was planned for {ctx.plan.encoder}, but this machine has {ctx.tools.encoder}. "
            "Install the former again, or upload the video anew.",
        )


def _run(ctx: RenderContext, command: Command) -> None:
    """Run an ffmpeg; what went wrong with the source is said in words that its owner understands."""
    try:
        ctx.run(command)
    except StepFailed as failure:
        if failure.code != "tool_failed":
            raise
        log.warning("%s\n%s", failure, command.shell())
        raise StepFailed("not_rendered", "A part of the video could not be rendered; the source may be damaged there.",
                         retryable=True) from failure


def _lay_out(plan: Plan, work: Path) -> None:
    """Put what a command reads besides the source into its work folder."""
    if plan.tone is not None:
        (work / cells.TONE_FILE).write_text(colour.cube(plan.tone))


def _output(path: Path) -> Path:
    if not path.is_file() or path.stat().st_size == 0:
        raise StepFailed("bad_cell", "The encoder ended without writing anything.", retryable=True)
    return path


def _split(path: Path) -> tuple[bytes, bytes]:
    try:
        init, media = boxes.split_init(_output(path).read_bytes())
        return cmaf.with_brand(boxes.without_bit_rate(init)), media
    except boxes.BadBoxes as error:
        raise StepFailed("bad_cell", f"The encoder wrote a damaged file ({error}).", retryable=True) from error


def _check_init(plan: Plan, rendition: VideoRendition, init: bytes) -> None:
    try:
        codecs, scale = boxes.video_codecs(init), boxes.time_scale(init)
    except boxes.BadBoxes as error:
        raise StepFailed("bad_cell", f"{rendition.name}: damaged init section ({error}).", retryable=True) from error
    if codecs != rendition.codecs or scale != time_scale(plan.frame_rate):
        raise StepFailed("bad_cell", f"{rendition.name}: the encoder made {codecs} at {scale} ticks a second "
                         f"instead of {rendition.codecs} at {time_scale(plan.frame_rate)}.")


def _check_cell(plan: Plan, rendition: VideoRendition, k: int, media: bytes) -> None:
    """Compare a cell with the plan. Raises StepFailed(bad_cell) naming the first difference."""
    try:
        fragment = boxes.read_fragment(media)
    except boxes.BadBoxes as error:
        raise _bad_cell(rendition.name, k, str(error)) from error
    tick = time_scale(plan.frame_rate) / plan.frame_rate
    if len(fragment.durations) != plan.frames(k):
        raise _bad_cell(rendition.name, k, f"{len(fragment.durations)} frames instead of {plan.frames(k)}")
    if fragment.decode_time != plan.boundaries[k] * tick:
        raise _bad_cell(rendition.name, k, f"decode time {fragment.decode_time} is off the grid")
    if not fragment.first_is_sync:
        raise _bad_cell(rendition.name, k, "it does not begin with a key frame")
    if set(fragment.durations) != {tick}:
        raise _bad_cell(rendition.name, k, "its frames are not evenly spaced")


def _check_copy(plan: Plan, rendition: VideoRendition, k: int, media: bytes) -> None:
    """The same for a cell of the source's own pictures, the last of which may stay."""
    try:
        fragment = boxes.read_fragment(media)
    except boxes.BadBoxes as error:
        raise _bad_cell(rendition.name, k, str(error)) from error
    tick = time_scale(plan.frame_rate) / plan.frame_rate
    if fragment.decode_time != plan.boundaries[k] * tick or sum(fragment.durations) != plan.frames(k) * tick:
        raise _bad_cell(rendition.name, k, "it is off the grid")
    if not fragment.first_is_sync:
        raise _bad_cell(rendition.name, k, "it does not begin with a key frame")
    if len(media) * 8 > rendition.max_bits(plan.frames(k) / plan.frame_rate) + len(fragment.durations) * 200 + 2000:
        raise _bad_cell(rendition.name, k, "it has more bits than the plan found")


def _bad_cell(name: str, k: int, why: str) -> StepFailed:
    return StepFailed("bad_cell", f"Segment {k} of {name} did not come out as planned: {why}.", retryable=True)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
