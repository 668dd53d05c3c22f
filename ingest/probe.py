"""From a file to MediaInfo: one ffprobe under the input rules, and a few header bytes read beside it.

Nothing here grows with the length of the file: packets are not walked, only the index that every player reads.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from infra.core.command import GIB, Command, Limits
from infra.core.errors import Rejected, StepFailed
from infra.core.media import AudioStream, MediaInfo, VideoStream
from infra.core.safety import MAX_STREAMS, input_args
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from infra.process import ToolFailed
from ingest.frames import adts_layout, mp3_layout
from ingest.layout import Layout, avi_layout, mp4_layout
from ingest.matroska import matroska_layout
from ingest.sniff import HEAD_BYTES, sniff
from ingest.truncation import measured_ends

LIMITS = Limits(wall_s=15, cpu_s=15, memory_bytes=2 * GIB, file_bytes=1 << 20)
_LAYOUTS = {"mp4": mp4_layout, "matroska": matroska_layout, "avi": avi_layout, "aac": adts_layout, "mp3": mp3_layout}
_FIELDS = ("format=format_name,start_time,duration:"
           "stream=index,codec_type,codec_name,profile,width,height,sample_aspect_ratio,pix_fmt,field_order,"
           "has_b_frames,r_frame_rate,avg_frame_rate,start_time,duration,nb_frames,bit_rate,color_range,color_space,"
           "color_transfer,color_primaries,sample_rate,channels:"
           "stream_disposition=default,attached_pic,still_image,visual_impaired,descriptions:stream_tags=language,title,DURATION,rotate:"
           "stream_side_data=rotation")
_CUT_SHORT = ("The file ends before its index: the recording or the copy was cut short. "
              "Upload it again, or save it again on the device that made it.")
_NO_INDEX = ("The file's index can not be read: it is damaged. "
             "Upload it again, or save it again on the device that made it.")


def probe_command(tools: Tools, path: Path, settings: Settings) -> Command:
    """The ffprobe run that answers with the JSON `parse_probe` reads. Pure."""
    return Command((str(tools.ffprobe), "-v", "error", *input_args(settings.max_pixels), "-show_entries", _FIELDS,
                    "-of", "json=compact=1", "-i", f"file:{path}"), reads=(path,), limits=LIMITS)


def probe(run: Runner, tools: Tools, settings: Settings, path: Path) -> MediaInfo:
    """What is in the file. `path` is a local file; its name means nothing.

    Raises Rejected with a sentence for the one who uploaded it; StepFailed and OutOfSpace of `run` when the
    probe itself could not be done, which a retry may mend.
    """
    size = path.stat().st_size
    layout = Layout()
    with path.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES), size)
        if kind in _LAYOUTS:
            layout = _LAYOUTS[kind](file, size)
    try:
        answer = run(probe_command(tools, path, settings)).stdout
    except StepFailed as failure:
        refused = refusal(failure, layout)
        if refused is None:
            raise
        raise refused from failure
    info = parse_probe(answer, size, layout)
    if layout.overrun and layout.end_s is None:
        # Of an AVI, ffprobe has counted what is there; of an MP4 it has believed the index.
        info = _warned(info) if kind == "avi" else _as_measured(info, measured_ends(run, tools, settings, path, info))
    check_limits(info, settings)
    if info.video is not None and info.video.codec == "av1":
        _check_decodes(run, tools, settings, path, info.video)
    return info


def parse_probe(answer: bytes, size_bytes: int, layout: Layout | None = None) -> MediaInfo:
    """Understand ffprobe's JSON. Pure. Raises Rejected: `no_streams`, `damaged`."""
    layout = layout or Layout()
    document = json.loads(answer)
    container = str(document.get("format", {}).get("format_name", "")).split(",")[0]
    start_s = _seconds(document.get("format", {}).get("start_time")) or Fraction(0)
    streams = [stream for stream in document.get("streams", []) if isinstance(stream, dict)]
    pictures = [stream for stream in streams if stream.get("codec_type") == "video" and _moves(stream)]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and _number(stream, "channels")
              and _number(stream, "sample_rate")]
    if not pictures and not sounds:
        if any(stream.get("codec_type") in ("video", "audio") for stream in streams):
            raise Rejected("damaged", "The file names its picture and sound, but nothing of them can be decoded. "
                                      "Upload it again, or save it again on the device that made it.")
        raise Rejected("no_streams", "There is neither picture nor sound in this file.")
    default = [stream for stream in pictures if stream.get("disposition", {}).get("default")]
    largest = max(default or pictures, key=lambda stream: stream["width"] * stream["height"], default=None)
    video = _video(largest, layout) if largest else None
    heard = [stream for stream in streams if stream.get("codec_type") == "audio"]
    audio = tuple(_audio(stream, heard.index(stream), layout) for stream in sounds)
    covers = [stream["index"] for stream in streams if stream.get("codec_type") == "video"
              and stream.get("disposition", {}).get("attached_pic") and _number(stream, "width") > 0]
    duration = _seconds(document.get("format", {}).get("duration"))
    if layout.end_s is not None:
        duration = layout.end_s - max(start_s, Fraction(0))
    if not duration or duration <= 0:
        raise Rejected("damaged", "Nothing in the file tells how long it is, or its end is missing. "
                                  "Upload it again, or convert it to MP4.")
    return MediaInfo(container=container, size_bytes=size_bytes, duration_s=duration, start_s=start_s,
                     seekable=layout.indexed, video=video, audio=audio, cover_index=covers[0] if covers else None,
                     warnings=("truncated",) if layout.overrun and layout.end_s is not None else ())


def check_limits(info: MediaInfo, settings: Settings) -> None:
    """Raises Rejected: `too_many_pixels`, `too_long`."""
    if info.video and info.video.width_px * info.video.height_px > settings.max_pixels:
        raise _too_many_pixels(f"{info.video.width_px} x {info.video.height_px} pixels")
    if info.duration_s > settings.max_duration_s:
        raise Rejected("too_long", f"The file says that it is {_hours(info.duration_s)} long; at most "
                                   f"{_hours(Fraction(settings.max_duration_s))} are accepted. Cut it into parts.")


def refusal(failure: StepFailed, layout: Layout) -> Rejected | None:
    """What ffprobe's failure means for the one who uploaded the file; None when the file is not to blame."""
    stderr = failure.stderr if isinstance(failure, ToolFailed) else failure.message
    if "exceeds max_streams" in stderr:  # which ffprobe goes on to call "Out of memory"
        return Rejected("too_many_streams", f"The file has more than {MAX_STREAMS} tracks. "
                                            "Save it with the picture and the sound only.")
    if failure.code == "tool_out_of_memory":
        return Rejected("damaged", "Reading this file's headers takes more memory than any sound file needs: "
                                   "it is damaged. Save it again on the device that made it.")
    if failure.code != "tool_failed":
        return None
    codec = re.search(r"Codec \(([\w.-]+)\) not on whitelist", stderr)
    if codec:
        return Rejected("codec_not_allowed", f"The file holds a stream in {codec[1]}, which is not accepted. "
                                             "Convert it to MP4 with H.264 and AAC, and upload that.")
    pixels = re.search(r"Picture size (\d+)x(\d+) exceeds", stderr)
    if pixels:
        return _too_many_pixels(f"{pixels[1]} x {pixels[2]} pixels")
    if "not on whitelist" in stderr:  # of formats: the first bytes promised something else
        return Rejected("unsupported_container", "The file begins like a video but is none.")
    if layout.headless or "moov atom not found" in stderr:
        return Rejected("damaged", _CUT_SHORT if layout.overrun else _NO_INDEX)
    return Rejected("damaged", "The file can not be read: it is damaged or incomplete. Upload it again, "
                               "or save it again on the device that made it.")


def _warned(info: MediaInfo) -> MediaInfo:
    return info.model_copy(update={"warnings": (*info.warnings, "truncated")})


def _as_measured(info: MediaInfo, ends: dict[int, Fraction] | None) -> MediaInfo:
    """The same with what is really there. None: everything was there, whatever the headers said."""
    if ends is None:
        return info
    if not ends:
        raise Rejected("damaged", "Of this file only the beginning arrived: its index is there, its content is not. "
                                  "Upload it again.")

    def cut(stream: VideoStream | AudioStream) -> dict[str, Fraction]:
        return {"duration_s": max(ends.get(stream.index, stream.start_s) - stream.start_s, Fraction(0))}

    duration = min(info.duration_s, max(ends.values()) - info.start_s)
    return _warned(info).model_copy(update={
        "duration_s": duration,
        "video": info.video.model_copy(update=cut(info.video)) if info.video else None,
        "audio": tuple(stream.model_copy(update=cut(stream)) for stream in info.audio)})


def _check_decodes(run: Runner, tools: Tools, settings: Settings, path: Path, video: VideoStream) -> None:
    """AV1 is known to every ffmpeg, but some builds can only decode it with hardware that is not there."""
    try:
        run(Command((str(tools.ffmpeg), "-nostdin", "-v", "error", *input_args(settings.max_pixels),
                     "-i", f"file:{path}", "-map", f"0:{video.index}", "-frames:v", "1", "-f", "null", "-"),
                    reads=(path,), limits=LIMITS))
    except StepFailed as failure:
        if failure.code != "tool_failed":
            raise
        raise Rejected("codec_not_allowed", "The picture is AV1, which the ffmpeg of this installation can not "
                                            "decode. Upload it as H.264, or ask the operator for an ffmpeg with "
                                            "libdav1d.") from failure


def _moves(stream: dict[str, Any]) -> bool:
    """A picture with frames: no cover art, no empty track, none whose headers make no sense."""
    disposition = stream.get("disposition", {})
    return not (disposition.get("attached_pic") or disposition.get("still_image")) \
        and _number(stream, "width") > 0 and _number(stream, "height") > 0 \
        and stream.get("pix_fmt", "unknown") != "unknown" and stream.get("nb_frames") != "0"


def _video(stream: dict[str, Any], layout: Layout) -> VideoStream:
    start_s, duration_s = _times(stream, layout.video_end_s)
    average = _rate(stream.get("avg_frame_rate"))
    # Without any rate (some ASF, AVI): the commonest of lectures.
    nominal = _rate(stream.get("r_frame_rate")) or average or Fraction(25)
    if average and nominal == 2 * average:
        nominal = average  # of MPEG-1 and MPEG-2, ffprobe gives the rate of the fields
    return VideoStream(
        index=stream["index"], codec=stream.get("codec_name", "unknown"), profile=_known(stream.get("profile")),
        width_px=stream["width"], height_px=stream["height"], sar=_sar(stream.get("sample_aspect_ratio")),
        rotation_deg=_rotation(stream), pix_fmt=stream["pix_fmt"],
        frame_rate=nominal, average_frame_rate=average,
        start_s=start_s, duration_s=duration_s, reorder_frames=_number(stream, "has_b_frames"),
        interlaced=stream.get("field_order") in ("tt", "bb", "tb", "bt"),
        color_primaries=_known(stream.get("color_primaries")), color_transfer=_known(stream.get("color_transfer")),
        color_space=_known(stream.get("color_space")), color_range=_known(stream.get("color_range")),
        bit_rate_bps=_number(stream, "bit_rate") or None)


def _audio(stream: dict[str, Any], nth: int, layout: Layout) -> AudioStream:
    start_s, duration_s = _times(stream, layout.audio_end_s)
    tags = stream.get("tags", {})
    language = _known(tags.get("language"))
    disposition = stream.get("disposition", {})
    return AudioStream(
        index=stream["index"], nth=nth, codec=stream.get("codec_name", "unknown"), profile=_known(stream.get("profile")),
        channels=_number(stream, "channels"), sample_rate_hz=_number(stream, "sample_rate"),
        start_s=start_s, duration_s=duration_s, language=None if language == "und" else language,
        title=str(tags["title"])[:200] if tags.get("title") else None,
        default=bool(disposition.get("default")),
        describes_video=bool(disposition.get("visual_impaired") or disposition.get("descriptions")),
        bit_rate_bps=_number(stream, "bit_rate") or None)


def _times(stream: dict[str, Any], end_s: Fraction | None) -> tuple[Fraction, Fraction | None]:
    """(start, duration) of a stream; Matroska tells a stream's end only, in a tag."""
    start_s = _seconds(stream.get("start_time")) or Fraction(0)
    if end_s is None:
        duration = _seconds(stream.get("duration"))
        if duration is not None and duration > 0:
            return start_s, duration
        tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", str(stream.get("tags", {}).get("DURATION", "")))
        if tag is None:
            return start_s, None
        end_s = int(tag[1]) * 3600 + int(tag[2]) * 60 + Fraction(tag[3])
    return start_s, max(end_s - max(start_s, Fraction(0)), Fraction(0)) or None


def _rotation(stream: dict[str, Any]) -> int:
    """Clockwise quarter turns, in degrees. ffprobe's display matrix counts the other way round, the tag does not."""
    for data in stream.get("side_data_list", []):
        if isinstance(data.get("rotation"), (int, float)):
            turns: int = round(-data["rotation"] / 90)
            return turns * 90 % 360
    tag = str(stream.get("tags", {}).get("rotate", ""))
    return round(int(tag) / 90) * 90 % 360 if re.fullmatch(r"-?\d{1,4}", tag) else 0


def _sar(text: Any) -> Fraction:
    """Sample aspect ratio; 1 where it is unknown or absurd."""
    ratio = _rate(str(text or "").replace(":", "/"))
    return ratio if ratio and Fraction(1, 8) <= ratio <= 8 else Fraction(1)


def _rate(text: Any) -> Fraction | None:
    try:
        rate = Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return None
    return rate if rate > 0 else None


def _seconds(text: Any) -> Fraction | None:
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return None


def _number(stream: dict[str, Any], name: str) -> int:
    value = str(stream.get(name, ""))
    return int(value) if re.fullmatch(r"\d{1,18}", value) else 0


def _known(text: Any) -> str | None:
    return str(text) if text and text not in ("unknown", "reserved", "unspecified") else None


def _too_many_pixels(what: str) -> Rejected:
    return Rejected("too_many_pixels", f"The picture has {what}, more than is accepted here. "
                                       "Save it in a smaller size: 3840 x 2160 is plenty for a lecture.")


def _hours(seconds: Fraction) -> str:
    return f"{float(seconds) / 3600:.1f} hours" if seconds >= 3600 else f"{float(seconds) / 60:.0f} minutes"
