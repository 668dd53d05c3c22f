"""The step that copies a source without an index into a container that has one: the same packets at the same times.

Without an index whoever wants a second of a file reads all that lies before it (FLV, the Matroska of a browser's recorder,
fragments of MP4), or decodes from a good deal earlier on, because nobody knows where its key frame is (transport
streams). The copy is only used where the time of every packet was compared with the source's. Decision 0037.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from infra.core import keys
from infra.core.command import Command, Limits
from infra.core.errors import Rejected, StepFailed
from infra.core.media import MediaInfo
from infra.core.safety import input_args
from infra.core.settings import Settings
from infra.core.steps import Outcome, Runner, StepContext, Tools
from ingest.packets import with_packets
from ingest.probe import probe

log = logging.getLogger(__name__)

# By the source's container. Times of the first three are milliseconds, as Matroska's are; MP4 takes any.
_COPIED_TO = {"flv": "matroska", "asf": "matroska", "matroska": "matroska", "mov": "mp4", "mpegts": "mp4"}
# MP4 counts the time of sound in samples: that of a transport stream would be moved a little, and is found by time as it is.
_WITHOUT_SOUND = {"mpegts"}
# When a track of an MP4 begins is rounded to this, and to a millisecond unless it is said: a multiple of what cameras and
# recorders count in (90 000, 60 000, 48 000, 30 000, 15 360, 12 800).
_TICKS_A_SECOND = 5_760_000
# What a decoder is told of the picture by the container, too.
_LOOKS = ("codec", "width_px", "height_px", "pix_fmt", "rotation_deg", "color_primaries", "color_transfer", "color_space",
          "color_range")
_WALL_S = 3600.0
_NICE = 10


def is_wanted(info: MediaInfo) -> bool:
    """Whether a copy of a source would help, and could be the same."""
    return (not info.seekable and info.indexed is None and info.video is not None and info.container in _COPIED_TO
            and not info.warnings)


def copy_command(tools: Tools, info: MediaInfo, source: Path, copy: Path, settings: Settings) -> Command:
    """Write the packets of the picture, and of the sound unless that stays, to `copy`. Pure."""
    chosen = [word for stream in _copied(info) for word in ("-map", f"0:{stream}")]
    container = _COPIED_TO[info.container]
    return Command((
        str(tools.ffmpeg), "-nostdin", "-v", "error", "-y", "-copyts", *input_args(settings.max_pixels),
        "-i", f"file:{source}", *chosen, "-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1",
        "-avoid_negative_ts", "disabled", "-f", container,
        *(("-movie_timescale", str(_TICKS_A_SECOND)) if container == "mp4" else ()), f"file:{copy}",
    ), reads=(source,), work=copy.parent, nice=_NICE,
        limits=Limits(wall_s=_WALL_S, file_bytes=2 * settings.max_upload_bytes))


def index(ctx: StepContext) -> Outcome:
    """{"indexed": what the probe says of the copy, or None where there is none that is the same}.

    Raises StepFailed: `not_planned` or the runner's codes; OutOfSpace.
    """
    info = ctx.video.media_info
    if info is None:
        raise StepFailed("not_planned", "The video has not been looked at yet.", retryable=True)
    copy = ctx.work / "indexed"
    with ctx.storage.local(keys.source(ctx.video.organization_id, ctx.video.source_folder)) as source:
        found = indexed(info, source, copy, ctx.settings, ctx.tools, ctx.run)
    if found is None:
        return {"indexed": None}
    ctx.check()
    ctx.storage.put(keys.indexed(ctx.video.organization_id, ctx.video.source_folder), copy)
    return {"indexed": found.model_dump(mode="json")}


def indexed(info: MediaInfo, source: Path, copy: Path, settings: Settings, tools: Tools, run: Runner) -> MediaInfo | None:
    """Write the copy; what the probe says of it. None: it would not be the same. Raises as `index` does."""
    if not is_wanted(info):
        return None
    try:
        run(copy_command(tools, info, source, copy, settings))
        found = with_packets(probe(run, tools, settings, copy), copy)
        if found.video is None or not found.seekable or _looks(found) != _looks(info):
            log.info("no index for this source: its copy in %s is another picture", found.container)
            return None
        was = _times(tools, source, _copied(info), settings, run)
        became = _times(tools, copy, [found.video.index, *(stream.index for stream in found.audio)], settings, run)
    except (StepFailed, Rejected) as failure:
        if isinstance(failure, StepFailed) and failure.code != "tool_failed":
            raise
        log.info("no index for this source: %s", failure)
        return None
    if was is None or was != became:
        log.info("no index for this source: its copy in %s is not the same", found.container)
        return None
    return found


def _looks(info: MediaInfo) -> list[object]:
    return [getattr(info.video, name) for name in _LOOKS]


def _copied(info: MediaInfo) -> list[int]:
    """Which streams of a source are in its copy, in their order there: the picture, then the sound."""
    assert info.video is not None
    if info.container in _WITHOUT_SOUND:
        return [info.video.index]
    return [info.video.index, *(stream.index for stream in info.audio)]


def _times(tools: Tools, path: Path, streams: Sequence[int], settings: Settings, run: Runner) -> list[str] | None:
    """A digest of the times and flags of all packets of each of these streams of a file. None: one is set up anew on its way
    (an encoder that began again, in another size), which not every container can say.
    """
    digests = {stream: hashlib.sha256() for stream in streams}
    rest, changed = b"", False

    def take(data: bytes) -> None:
        nonlocal rest, changed
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            stream, *fields = line.split(b"|")
            digest = digests.get(int(stream)) if fields else None
            if digest is not None:
                digest.update(b"|".join(fields[:2]) + b"\n")
                changed = changed or b"New Extradata" in fields

    run(Command((str(tools.ffprobe), "-v", "error", *input_args(settings.max_pixels), "-show_entries",
                 "packet=stream_index,pts_time,flags:packet_side_data=side_data_type", "-of", "compact=nk=1:p=0",
                 "-i", f"file:{path}"), reads=(path,), nice=_NICE, limits=Limits(wall_s=_WALL_S)), on_stdout=take)
    return None if changed else [digest.hexdigest() for digest in digests.values()]
