"""The step that makes a file of what publishers sent: as it came, nothing is encoded. It becomes the video's source."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from infra.core import keys
from infra.core.command import Command, Limits
from infra.core.steps import Outcome, StepContext
from ingest import packets, sniff
from ingest.probe import probe

_READ_BYTES = 1 << 20
# The first picture and the first sound: SRT may bring more.
_COPIED = ("-map", "0:v:0", "-map", "0:a:0?", "-c", "copy")
_WALL_S = 3600.0  # a stream copy of a day takes three minutes


def assemble(ctx: StepContext) -> Outcome:
    """Join the pieces under `keys.live_pieces`, one for each connection of the publisher, into the video's source.

    Returns media_info (JSON form), sha256 and size_bytes. Raises Rejected when there is no picture that can be played.
    """
    organization_id, video_id = ctx.video.organization_id, ctx.video.id
    source_key = keys.source(organization_id, video_id)
    stored = sorted((info.key for info in ctx.storage.list(keys.live_pieces(organization_id, video_id))), key=_number)
    if not stored:  # an earlier attempt came as far as storing the source
        with ctx.storage.local(source_key) as path:
            return _looked_at(ctx, path)
    whole = ctx.work / "whole.mp4"
    with ExitStack() as held:
        pieces = [held.enter_context(ctx.storage.local(key)) for key in stored]
        if len(pieces) > 1:
            pieces = [_true(ctx, number, piece) for number, piece in enumerate(pieces)]
        ctx.run(joined(ctx.tools.ffmpeg, pieces, ctx.work, whole, ctx.settings.max_upload_bytes))
    ctx.progress(0.5)
    outcome = _looked_at(ctx, whole)
    ctx.check()
    ctx.storage.put(source_key, whole)
    return outcome


def joined(ffmpeg: Path, pieces: Sequence[Path], work: Path, whole: Path, most_bytes: int) -> Command:
    """Copy the packets of `pieces`, one behind the other, into `whole`. Writes the list of them into `work`."""
    names = work / "pieces"
    names.write_text("".join("file '" + str(piece.absolute()).replace("'", "'\\''") + "'\n" for piece in pieces))
    return Command((
        str(ffmpeg), "-nostdin", "-v", "error",
        "-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i", str(names),
        *_COPIED, str(whole),
    ), reads=tuple(pieces), work=work, limits=Limits(wall_s=_WALL_S, file_bytes=most_bytes), nice=10)


def _true(ctx: StepContext, number: int, piece: Path) -> Path:
    """The piece in a form that tells how long it is: an encoder announces what it means to send, and then is cut off.

    MPEG-TS, because each part of it says anew how it is to be decoded: settings may change from one connection to the next.
    """
    path = ctx.work / f"{number}.ts"
    ctx.run(Command((str(ctx.tools.ffmpeg), "-nostdin", "-v", "error", "-i", f"file:{piece}", *_COPIED, str(path)),
                    reads=(piece,), work=ctx.work, nice=10,
                    limits=Limits(wall_s=_WALL_S, file_bytes=ctx.settings.max_upload_bytes)))
    return path


def _looked_at(ctx: StepContext, path: Path) -> dict[str, object]:
    sniff.check(path)
    info = packets.with_packets(probe(ctx.run, ctx.tools, ctx.settings, path), path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
            ctx.check()
    return {"media_info": info.model_dump(mode="json"), "sha256": digest.hexdigest(), "size_bytes": path.stat().st_size}


def _number(key: str) -> int:
    return int(key.rpartition("/")[2].partition(".")[0])
