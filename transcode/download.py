"""The download of a rendition: all its cells, the sound, captions and chapters as one MP4 file that plays while it loads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from infra.core.boxes import BadBoxes
from infra.core.errors import NotFound, StepFailed
from infra.core.ports import Storage
from infra.core.steps import Outcome, StepContext
from transcode import progressive, steps
from transcode.plan import Plan, VideoRendition
from transcode.sound import AudioTrack
from transcode.text_samples import Texts, caption_track, chapter_list, chapter_track

_HEAD_BYTES = 32 << 10  # the tables of 6 s of 60 fps take 6 kB
_CELLS_PART = 0.8  # of the progress, where cells have to be rendered first


def default_rendition(plan: Plan, complete: bool) -> VideoRendition:
    """What is downloaded when nobody says what: the largest of H.264, which every player knows, once all of its cells
    are there; before that the one nearest to 720p, which is there sooner."""
    known = [video for video in plan.video if video.codec == "h264"] or list(plan.video)
    if complete:
        return max(known, key=lambda video: video.width_px * video.height_px)
    return min(known, key=lambda video: abs(min(video.width_px, video.height_px) - 720))


def make(ctx: StepContext) -> Outcome:
    """The step `download`; its key is the rendition. {"size_bytes": ..., "sha256": hexadecimal}."""
    plan = steps.plan_of(ctx)
    rendition = plan.rendition(ctx.key)
    if not isinstance(rendition, VideoRendition):
        raise StepFailed("bad_step", f"There is no rendition called {ctx.key!r}.")
    tracks: list[VideoRendition | AudioTrack] = [rendition, *plan.audio[:1]]
    names = [track.name for track in tracks]
    texts = _texts(ctx, plan)
    for k in range(plan.segments):
        ctx.check()
        steps.render_missing(ctx, plan, k, names)
        ctx.progress(_CELLS_PART * (k + 1) / plan.segments)
    where = steps.keys_of(ctx, plan)
    path = ctx.work / "download.mp4"
    digest = _write(ctx, plan, rendition, names, texts, path)
    size_bytes = path.stat().st_size
    ctx.storage.put(where.download(rendition.name), path)
    return {"size_bytes": size_bytes, "sha256": digest} | ({"text": texts.stamp} if texts.stamp else {})


def _texts(ctx: StepContext, plan: Plan) -> Texts:
    """The captions and chapters that the file is to have: whoever asked for it laid them there."""
    try:
        return Texts.model_validate_json(ctx.storage.read(steps.keys_of(ctx, plan).download_texts))
    except NotFound:
        return Texts(stamp="")


def _write(ctx: StepContext, plan: Plan, rendition: VideoRendition, names: Sequence[str], texts: Texts, path: Path) -> str:
    """Write the file; its SHA-256."""
    where, segments = steps.keys_of(ctx, plan), plan.segments
    tracks = [progressive.Track(ctx.storage.read(where.init(name)),
                                [_chunk(ctx.storage, where.cell(name, k)) for k in range(segments)]) for name in names]
    starts_s = [float(plan.start_s(k)) for k in range(segments + 1)]
    written = [caption_track(one, starts_s, rendition.width_px, rendition.height_px) for one in texts.captions]
    chapters = len(tracks) + len(written) if texts.chapters else None
    if texts.chapters:
        written.append(chapter_track(texts.chapters, starts_s))
    digest = hashlib.sha256()
    with path.open("wb") as file:
        def write(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        write(progressive.header([*tracks, *(one.track for one in written)], chapter_list(texts.chapters), chapters))
        for k in range(segments):
            ctx.check()
            for name, track in zip(names, tracks, strict=True):
                chunk = track.chunks[k]
                data = ctx.storage.read(where.cell(name, k), chunk.data_at, chunk.data_bytes)
                if len(data) != chunk.data_bytes:
                    raise StepFailed("bad_cell", f"Segment {k} of {name} is not whole.", retryable=True)
                write(data)
            for one in written:
                write(one.payloads[k])
            ctx.progress(_CELLS_PART + (1 - _CELLS_PART) * (k + 1) / segments)
    return digest.hexdigest()


def _chunk(storage: Storage, key: str) -> progressive.Chunk:
    head = storage.read(key, 0, _HEAD_BYTES)
    try:
        return progressive.read_chunk(head)
    except BadBoxes:
        try:
            return progressive.read_chunk(storage.read(key))
        except BadBoxes as error:
            raise StepFailed("bad_cell", f"A part of the video is damaged ({error}).", retryable=True) from error
