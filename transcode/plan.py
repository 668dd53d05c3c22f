"""The plan: everything about the renditions of a video, computed from the probe alone. Pure.

    MediaInfo --plan()--> Plan: renditions x segments = cells

Two calls with the same MediaInfo, encoder and trim give the same plan, and the plan's id is the hash of it. Playlists,
commands and checks are functions of it; nothing else knows how a cell should look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from infra.core.errors import Rejected
from infra.core.media import CODECS, AudioStream, Frozen, MediaInfo, Rational, VideoStream
from transcode import colour, grid, ladder, levels, sound, title
from transcode.sound import AudioTrack
from transcode.source_fit import CopiedPackets, Judged, SourceFit, Top, judge
from transcode.trim import Trim

PLAN_VERSION = 5  # part of the id: raise it when the same fields come to mean other bytes
_DENSE = 2  # a source this many times its rung's cap: cameras write 2 to 4 times of what x264 makes of it
# Where a container has no index, a seek lands somewhere near: begin this much earlier to be sure of a key frame.
_UNINDEXED_LEAD_S = Fraction(12)


class _Encoding(NamedTuple):
    """How a codec is used: quality and speed for what moves and for screens, and its rate cap as a share of the ladder's,
    which is H.264's."""

    film: tuple[int, str]
    screen: tuple[int, str]
    cap: Fraction


# What does not move costs an encoder little time, so that on screens a slower preset of SVT-AV1 is within the budget; both
# codecs come to about the same quality (docs/decisions/0012).
_ENCODINGS = {
    "h264": _Encoding((23, "veryfast"), (24, "veryfast"), Fraction(1)),
    "av1": _Encoding((35, "10"), (47, "8"), Fraction(3, 5)),
    "vp9": _Encoding((34, "5"), (34, "5"), Fraction(7, 10)),
}


class VideoRendition(Frozen):
    """One size of one codec. `name` is its folder and its place in a URL."""

    name: str
    codec: str
    codecs: str  # RFC 6381
    width_px: int
    height_px: int
    crf: int
    preset: str
    level: str
    max_bps: int
    buffer_bits: int
    capped: bool = False  # so dense a source that most cells would exceed the cap: it is set from the start
    copied: CopiedPackets | None = None  # None: it is encoded

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width_px, self.height_px

    def max_bits(self, duration_s: Fraction) -> Fraction:
        """The most a segment may have: the cap, and one full decoder buffer on top."""
        return self.max_bps * duration_s + self.buffer_bits


class Plan(Frozen):
    """See the module's docstring. Times in seconds, from the first frame of the output."""

    version: int
    encoder: str  # whose bytes these cells are; a worker with another one must not render them
    video_index: int | None  # None: there is sound only, and a frame is an AAC packet of the first track
    origin_s: Rational  # the source's time stamp that is second 0 of the output
    container_start_s: Rational  # the source's time stamp that ffmpeg's -ss counts from
    seek_lead_s: Rational  # how much earlier than a frame its decoding must begin
    deinterlace: bool
    screen: bool = False  # slides, a screen, a board: sharp, and hardly ever moving
    matrix: str | None = None  # of the source's colours, as ffmpeg's scaler names it; None: they are not converted
    tone: str | None = None  # pq or hlg: high dynamic range, which is brought to SDR
    frame_rate: Rational
    boundaries: tuple[int, ...]  # frame numbers
    video: tuple[VideoRendition, ...]  # codec by codec, each largest first; a size is scaled from the one before it
    audio: tuple[AudioTrack, ...]  # the one to be heard at first in front; stereo before 5.1
    replaced: tuple[AudioTrack, ...] = ()  # no longer listed, but players that began with them still get them
    cover_index: int | None = None  # a picture that the source carries along, where it has no other
    warnings: tuple[str, ...] = ()
    source_fit: SourceFit | None = None  # whether the source is a rendition as it is, and why not

    @property
    def id(self) -> str:
        """16 hexadecimal digits of the plan's own hash."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def codecs(self) -> tuple[str, ...]:
        """The codecs of the picture, the one that every player knows first."""
        return tuple(dict.fromkeys(video.codec for video in self.video))

    def of_codec(self, codec: str) -> tuple[VideoRendition, ...]:
        """Its renditions, largest first."""
        return tuple(video for video in self.video if video.codec == codec)

    @property
    def renditions(self) -> tuple[VideoRendition | AudioTrack, ...]:
        """What is listed: video as in `video`, then audio."""
        return (*self.video, *self.audio)

    @property
    def segments(self) -> int:
        return len(self.boundaries) - 1

    @property
    def duration_s(self) -> Fraction:
        return self.boundaries[-1] / self.frame_rate

    def frames(self, k: int) -> int:
        """How many frames segment k has."""
        return self.boundaries[k + 1] - self.boundaries[k]

    def start_s(self, k: int) -> Fraction:
        """When segment k begins."""
        return self.boundaries[k] / self.frame_rate

    def rendition(self, name: str) -> VideoRendition | AudioTrack | None:
        """The rendition of that name, listed or replaced, or None."""
        return next((found for found in (*self.renditions, *self.replaced) if found.name == name), None)

    def segment_durations_s(self, rendition: VideoRendition | AudioTrack) -> list[Fraction]:
        """Exact duration of each segment of a rendition (EXTINF)."""
        if isinstance(rendition, AudioTrack):
            cuts = rendition.boundaries
            return [Fraction((b - a) * 1024, rendition.sample_rate_hz) for a, b in pairwise(cuts)]
        return [self.frames(k) / self.frame_rate for k in range(self.segments)]


def time_scale(rate: Fraction) -> int:
    """Ticks a second of the video tracks: a frame is a whole number of ticks, at least 10 000 a second."""
    return rate.numerator * ceil(10_000 / rate.numerator)


def plan(info: MediaInfo, encoder: str, codecs: tuple[str, ...] = CODECS, trim: Trim | None = None) -> Plan:
    """The plan of a source in these codecs, which `encoder` has, or of a part of it. Raises Rejected(no_streams) when there
    is neither picture nor sound in it.
    """
    video, heard = info.video, sound.chosen(info)
    if video is None and not heard:
        raise Rejected("no_streams", "There is neither picture nor sound in this file.")
    rate = grid.output_rate(video) if video else sound.packet_rate(heard[0])
    origin_s = _origin(video, heard, rate)
    length = (_end_s(info, video, heard) - origin_s) * rate
    frames = max(1, round(length) if video else ceil(length))
    renditions = [made for codec in codecs for made in _video_renditions(info, video, rate, codec)] if video else []
    part = trim.frames(rate) if trim else None
    judged = _judged(video, renditions, rate, origin_s, frames, part) if video else Judged()
    if part is not None:
        frames, origin_s = part[1] - part[0], origin_s + part[0] / rate
    boundaries = judged.boundaries or grid.boundaries(frames, rate)
    left_out = ("sound_tracks_left_out",) if len(info.audio) > len(heard) else ()
    return Plan(
        version=PLAN_VERSION,
        encoder=encoder,
        video_index=video.index if video else None,
        origin_s=origin_s,
        container_start_s=info.start_s,
        seek_lead_s=seek_lead_s(info, video, rate) if video else Fraction(0),
        deinterlace=video.interlaced if video else False,
        screen=title.is_screen(video.samples) if video else False,
        matrix=colour.matrix(video) if video else None,
        tone=colour.tone(video) if video else None,
        frame_rate=rate,
        boundaries=boundaries,
        video=_with_copy(renditions, judged),
        audio=sound.tracks(info, origin_s, boundaries, rate),
        cover_index=None if video else info.cover_index,
        warnings=(*info.warnings, *left_out),
        source_fit=judged.fit,
    )


def _origin(video: VideoStream | None, heard: Sequence[AudioStream], rate: Fraction) -> Fraction:
    """The earliest of all starts, moved by less than half a frame so that the video's frames sit on the grid.

    Frames between two grid points would be rounded this way and that; the sound moves along, so it stays in step.
    """
    first_s = min((stream.start_s for stream in heard), default=video.start_s if video else Fraction(0))
    if video is None or first_s >= video.start_s:
        return video.start_s if video else first_s
    return video.start_s - round((video.start_s - first_s) * rate) / rate


def _end_s(info: MediaInfo, video: VideoStream | None, heard: Sequence[AudioStream]) -> Fraction:
    streams = [stream for stream in (video, *heard) if stream]
    ends = [stream.start_s + stream.duration_s for stream in streams if stream.duration_s]
    if len(ends) < len(streams):  # one that does not tell its own end may be the last to end
        # Matroska's duration counts from 0, wherever the first frame is.
        ends.append(info.duration_s if info.container == "matroska" else info.start_s + info.duration_s)
    return max(ends)


def seek_lead_s(info: MediaInfo, video: VideoStream, rate: Fraction) -> Fraction:
    """How much earlier than a frame is shown to seek in a file, so that decoding begins with a key frame not after it."""
    if not info.seekable:
        return _UNINDEXED_LEAD_S
    if info.container != "mov":
        return Fraction(video.reorder_frames + 1) / rate
    packets = video.packets
    if packets is not None and packets.seek_lead_ticks is not None and grid.is_constant(video):
        # A quarter of a frame later than that: a key frame exactly on the boundary is found also where its time was
        # rounded, and one that is a little late is the picture of the first frame all the same.
        return Fraction(packets.seek_lead_ticks, packets.scale) - Fraction(1, 4) / rate
    if video.reorder_frames and not grid.is_constant(video):
        # A key frame is decoded a few frames before it is shown, and here a frame can last for seconds.
        average = max(video.average_frame_rate or rate, Fraction(1, 10))
        return max(_UNINDEXED_LEAD_S, 4 * (video.reorder_frames + 1) / average)
    # An MP4 index is in decode time, which runs ahead of presentation by the reorder depth. A quarter of a frame of
    # slack absorbs rounding without falling back to an earlier key frame when one lies exactly on the boundary.
    return (video.reorder_frames - Fraction(1, 4)) / rate if video.reorder_frames else Fraction(0)


def _video_renditions(info: MediaInfo, video: VideoStream, rate: Fraction, codec: str) -> list[VideoRendition]:
    encoding = _ENCODINGS[codec]
    crf, preset = encoding.screen if title.is_screen(video.samples) else encoding.film
    renditions = []
    for size in _sizes(video, rate):
        level = levels.level(codec, size.width_px, size.height_px, rate)
        cap = int(ladder.max_bps(size.rung, rate) * encoding.cap)
        renditions.append(VideoRendition(
            name=f"{codec}-{size.rung.name}",
            codec=codec,
            codecs=levels.codecs(codec, level),
            width_px=size.width_px,
            height_px=size.height_px,
            crf=crf,
            preset=preset,
            level=level,
            max_bps=cap,
            buffer_bits=cap,  # one second: a 6 s segment exceeds the cap by at most a sixth
            capped=codec == "h264" and _exceeds(info, video, size, rate, cap),
        ))
    return renditions


def _sizes(video: VideoStream, rate: Fraction) -> list[ladder.Size]:
    """The rungs of a picture: all of the ladder, but those between the second and the lowest that add nothing."""
    found = ladder.sizes(*ladder.display_size(video.width_px, video.height_px, video.sar, video.rotation_deg))
    kept = list(found[:2])
    for size, above in zip(found[2:], found[1:], strict=False):
        foretold = title.foretold_bps(video.samples, above.width_px, above.height_px, rate, grid.SEGMENT_S)
        if size == found[-1] or foretold is None or not title.adds_nothing(foretold, ladder.max_bps(size.rung, rate)):
            kept.append(size)
    return kept


def _exceeds(info: MediaInfo, video: VideoStream, size: ladder.Size, rate: Fraction, cap: int) -> bool:
    """Whether most segments in this size would exceed the cap: so the samples say, or else the source's own rate."""
    foretold = title.foretold_bps(video.samples, size.width_px, size.height_px, rate, grid.SEGMENT_S)
    if foretold is not None:
        return title.exceeds(foretold, cap)
    source_bps = video.bit_rate_bps or int(info.size_bytes * 8 / max(info.duration_s, Fraction(1)))
    grown = title.growth(video.width_px * video.height_px, size.width_px * size.height_px)
    return source_bps * grown > _DENSE * cap


def _judged(video: VideoStream, renditions: list[VideoRendition], rate: Fraction, origin_s: Fraction, frames: int,
            part: tuple[int, int] | None) -> Judged:
    """Whether the source, or frames [first, last) of it, may be the first rendition itself."""
    top = renditions[0]
    if top.codec != "h264":
        return Judged()
    return judge(video, Top(top.width_px, top.height_px, top.max_bps, top.buffer_bits), rate, origin_s, frames, part)


def _with_copy(renditions: list[VideoRendition], judged: Judged) -> tuple[VideoRendition, ...]:
    """The renditions; where the source is fit its own packets are the first one."""
    if judged.copied is None:
        return tuple(renditions)
    copy = {"codecs": judged.codecs, "level": judged.level, "capped": False, "copied": judged.copied}
    return (renditions[0].model_copy(update=copy), *renditions[1:])
