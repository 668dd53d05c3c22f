"""What is in a file: one ffprobe in a limited child process, and a look at the container's own headers.

    probe_command (pure) -> run -> parse_probe (pure) -> MediaInfo, or Rejected with a true sentence

Nothing here reads packets from the beginning to the end: it takes as long for ten hours as for ten seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from infra.core.command import GIB, Command, Limits
from infra.core.errors import Rejected, StepFailed
from infra.core.media import AudioStream, MediaInfo, VideoStream
from infra.core.safety import AUDIO_DECODERS, VIDEO_DECODERS, input_args
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from ingest.layout import Layout, avi_layout, mp4_layout
from ingest.matroska import matroska_layout
from ingest.sniff import check

LIMITS = Limits(wall_s=15.0, cpu_s=15, memory_bytes=2 * GIB, file_bytes=1 << 20)
# ffprobe's codec names whose decoders are called otherwise.
_CODECS = frozenset(VIDEO_DECODERS + AUDIO_DECODERS) | {"amr_nb", "amr_wb", "dts", "flv1"}
_NO_INDEX = ("The file ends before its index, so it can not be played. The recording or the upload broke off: "
             "record or upload it again.")
_DAMAGED = "The file is damaged: its beginning is that of a video, but it can not be read. Upload it again."


def probe(run: Runner, tools: Tools, settings: Settings, path: Path) -> MediaInfo:
    """What `path` holds. Raises Rejected; StepFailed when ffprobe itself could not be run."""
    kind = check(path)
    size_bytes = path.stat().st_size
    layout = _layout(path, kind, size_bytes)
    if layout.headless and kind == "mp4":
        raise Rejected("damaged", _NO_INDEX)
    if layout.overrun:
        raise Rejected("truncated", "The file is cut off: its headers promise more than the "
                       f"{size_bytes / 1e6:.1f} MB that are there. The recording or a copy of it broke off; send the "
                       "whole file.")
    try:
        done = run(probe_command(tools, path, settings))
    except StepFailed as failure:
        raise refusal(failure) from failure
    return parse_probe(done.stdout, size_bytes, settings, layout)


def probe_command(tools: Tools, path: Path, settings: Settings) -> Command:
    """ffprobe on the container's headers and the first seconds, with allow-lists and limits."""
    return Command(
        (str(tools.ffprobe), "-hide_banner", "-loglevel", "error", *input_args(settings.max_pixels),
         "-show_format", "-show_streams", "-of", "json", f"file:{path}"),
        reads=(path,), limits=LIMITS,
    )


def refusal(failure: StepFailed) -> Rejected:
    """What ffprobe's failure says about the file."""
    text = str(getattr(failure, "stderr", "")) + failure.message
    if failure.code in ("tool_timeout", "tool_out_of_memory", "tool_output_too_large"):
        return Rejected("too_complex", "The file could not be looked at within the limits: it is damaged, or made to "
                        "cause trouble. Export it again as MP4.")
    if "not in codec_whitelist" in text or "Codec (" in text:
        return Rejected("codec_not_allowed", "The file uses a codec that is not accepted here. Export it as MP4 with "
                        "H.264 and AAC.")
    if "not on whitelist" in text or "not whitelisted" in text:
        return Rejected("unsupported_container", "This kind of file is not accepted. Export it as MP4.")
    if "max_pixels" in text or "pixels" in text.lower() or "Picture size" in text:
        return Rejected("too_many_pixels", "The picture is larger than what is accepted here.")
    if "moov atom not found" in text:
        return Rejected("damaged", _NO_INDEX)
    return Rejected("damaged", _DAMAGED)


def parse_probe(data: bytes, size_bytes: int, settings: Settings, layout: Layout | None = None) -> MediaInfo:
    """ffprobe's JSON as MediaInfo. Raises Rejected."""
    layout = layout or Layout(indexed=True)
    try:
        found = json.loads(data)
        streams, container = found["streams"], found["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise Rejected("damaged", _DAMAGED) from error
    name = str(container.get("format_name", "")).split(",")[0]
    video = next((stream for stream in streams if _is_video(stream)), None)
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and stream.get("sample_rate")
              and int(stream.get("channels", 0)) > 0 and int(stream["sample_rate"]) > 0]
    for stream in [video, *sounds] if video else sounds:
        if stream.get("codec_name", "unknown") not in _CODECS:
            raise Rejected("codec_not_allowed", f"The codec {stream.get('codec_name', 'of this file')} is not accepted "
                           "here. Export the video as MP4 with H.264 and AAC.")
    if video is None and not sounds:
        raise Rejected("no_streams", "There is neither picture nor sound in this file.")
    if video and int(video["width"]) * int(video["height"]) > settings.max_pixels:
        raise Rejected("too_many_pixels", f"The picture has {video['width']}x{video['height']} pixels; accepted are at "
                       f"most {settings.max_pixels} in all.")
    duration_s = layout.end_s or _number(container.get("duration")) or Fraction(0)
    info = MediaInfo(
        container=name,
        size_bytes=size_bytes,
        duration_s=duration_s,
        start_s=_number(container.get("start_time")) or Fraction(0),
        seekable=layout.indexed,
        video=_video(video, layout) if video else None,
        audio=tuple(_audio(stream, layout) for stream in sounds),
    )
    longest = max([duration_s, *(s.duration_s for s in (info.video, *info.audio) if s and s.duration_s)])
    if longest > settings.max_duration_s:
        raise Rejected("too_long", f"The file says that it lasts {float(longest) / 3600:.0f} hours; accepted are at "
                       f"most {settings.max_duration_s / 3600:.0f}.")
    if longest <= 0:
        raise Rejected("damaged", "The file does not say how long it lasts, and nothing in it can be played. "
                       "Export it again as MP4.")
    return info


def _layout(path: Path, kind: str, size_bytes: int) -> Layout:
    readers = {"mp4": mp4_layout, "matroska": matroska_layout, "avi": avi_layout}
    reader = readers.get(kind)
    if reader is None:
        return Layout()
    with path.open("rb") as file:
        return reader(file, size_bytes)


def _is_video(stream: Mapping[str, Any]) -> bool:
    # A cover picture is a video stream of one frame; an empty track has no size.
    cover = stream.get("disposition", {}).get("attached_pic") or stream.get("disposition", {}).get("timed_thumbnails")
    return (stream.get("codec_type") == "video" and not cover and int(stream.get("width", 0)) > 0
            and int(stream.get("height", 0)) > 0)


def _video(stream: Mapping[str, Any], layout: Layout) -> VideoStream:
    average = _ratio(stream.get("avg_frame_rate"))
    nominal = _ratio(stream.get("r_frame_rate")) or average or Fraction(25)
    start_s = _number(stream.get("start_time")) or Fraction(0)
    duration_s = _number(stream.get("duration"))
    if layout.video_end_s is not None:
        duration_s = layout.video_end_s - start_s
    elif not layout.indexed and layout.end_s is not None:
        duration_s = layout.end_s - start_s
    sar = _ratio(stream.get("sample_aspect_ratio"), ":") or Fraction(1)
    return VideoStream(
        index=int(stream["index"]),
        codec=str(stream["codec_name"]),
        profile=stream.get("profile"),
        width_px=int(stream["width"]),
        height_px=int(stream["height"]),
        sar=sar if Fraction(1, 10) <= sar <= 10 else Fraction(1),
        rotation_deg=_rotation(stream),
        pix_fmt=str(stream.get("pix_fmt", "yuv420p")),
        frame_rate=nominal,
        average_frame_rate=average,
        start_s=start_s,
        duration_s=duration_s if duration_s and duration_s > 0 else None,
        reorder_frames=int(stream.get("has_b_frames", 0)),
        interlaced=stream.get("field_order", "progressive") in ("tt", "bb", "tb", "bt"),
        color_primaries=stream.get("color_primaries"),
        color_transfer=stream.get("color_transfer"),
        color_space=stream.get("color_space"),
        color_range=stream.get("color_range"),
        bit_rate_bps=int(stream["bit_rate"]) if str(stream.get("bit_rate", "")).isdigit() else None,
    )


def _audio(stream: Mapping[str, Any], layout: Layout) -> AudioStream:
    tags = stream.get("tags", {})
    language = str(tags.get("language", "und"))
    start_s = _number(stream.get("start_time")) or Fraction(0)
    duration_s = _number(stream.get("duration"))
    if layout.audio_end_s is not None:
        duration_s = layout.audio_end_s - start_s
    elif not layout.indexed and layout.end_s is not None:
        duration_s = layout.end_s - start_s
    return AudioStream(
        index=int(stream["index"]),
        codec=str(stream["codec_name"]),
        profile=stream.get("profile"),
        channels=int(stream["channels"]),
        sample_rate_hz=int(stream["sample_rate"]),
        start_s=start_s,
        duration_s=duration_s if duration_s and duration_s > 0 else None,
        language=language if language not in ("und", "") else None,
        title=tags.get("title"),
        bit_rate_bps=int(stream["bit_rate"]) if str(stream.get("bit_rate", "")).isdigit() else None,
    )


def _rotation(stream: Mapping[str, Any]) -> int:
    """Clockwise turn in degrees. ffprobe gives the matrix's counter-clockwise angle."""
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            return round(-float(side["rotation"]) / 90) * 90 % 360
    return 0


def _number(text: object) -> Fraction | None:
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return None


def _ratio(text: object, sign: str = "/") -> Fraction | None:
    top, _, bottom = str(text).partition(sign)
    if not (top.isdigit() and bottom.isdigit()) or int(bottom) == 0 or int(top) == 0:
        return None
    return Fraction(int(top), int(bottom))
