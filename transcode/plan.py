"""The plan: everything about the renditions of a video, computed from the probe alone. Pure.

    MediaInfo --plan()--> Plan: renditions x segments = cells

Two calls with the same MediaInfo and encoder give the same plan, and the plan's id is the hash of it. Playlists,
commands and checks are functions of it; nothing else knows how a cell should look.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from itertools import pairwise
from math import ceil

from infra.core.errors import Rejected
from infra.core.media import AudioStream, Frozen, MediaInfo, Rational, VideoStream
from transcode import grid, ladder
from transcode.audio_fragments import aac_config
from transcode.source_fit import CopiedPackets, Judged, SourceFit, Top, judge

PLAN_VERSION = 2  # part of the id: raise it when the same fields come to mean other bytes
_CRF = 23
_DENSE = 2  # a source this many times its rung's cap: cameras write 2 to 4 times of what x264 makes of it
_AUDIO_BPS = 128_000
_COPY_MAX_BPS = 320_000
# Where a container has no index, a seek lands somewhere near: begin this much earlier to be sure of a key frame.
_UNINDEXED_LEAD_S = Fraction(12)
# Containers with time stamps in milliseconds, and how long the packets of a codec are in samples: knowing both, the
# exact sample a packet begins at can be restored. Without it neighbouring cells could be half a millisecond apart.
_MILLISECOND_CONTAINERS = ("matroska", "flv", "asf")
_PACKET_SAMPLES = {"aac": 1024, "mp3": 1152, "mp2": 1152, "ac3": 1536, "eac3": 1536}


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

    def max_bits(self, duration_s: Fraction) -> Fraction:
        """The most a segment may have: the cap, and one full decoder buffer on top."""
        return self.max_bps * duration_s + self.buffer_bits


class AudioTrack(Frozen):
    """The audio rendition, in AAC packets of 1024 samples; packet i begins at (offset + 1024 i) / rate seconds."""

    name: str
    codecs: str
    stream_index: int
    sample_rate_hz: int
    channels: int
    bit_rate_bps: int
    config_hex: str  # AudioSpecificConfig
    offset_samples: int
    boundaries: tuple[int, ...]  # in packets, one per segment boundary
    copy_nth: int | None = None  # copy the packets of this audio track of the source; None: encode
    copy_first: int = 0  # the source's packet that becomes packet 0
    snap_samples: int = 0  # the source's time stamps are rounded to a millisecond; packets are this long
    source_rate_hz: int = 0
    source_start_s: Rational = Fraction(0)
    language: str | None = None


class Plan(Frozen):
    """See the module's docstring. Times in seconds, from the first frame of the output."""

    version: int
    encoder: str  # whose bytes these cells are; a worker with another one must not render them
    video_index: int
    origin_s: Rational  # the source's time stamp that is second 0 of the output
    container_start_s: Rational  # the source's time stamp that ffmpeg's -ss counts from
    seek_lead_s: Rational  # how much earlier than a frame its decoding must begin
    deinterlace: bool
    frame_rate: Rational
    boundaries: tuple[int, ...]  # frame numbers
    video: tuple[VideoRendition, ...]  # largest first; each is scaled from the one before it
    audio: AudioTrack | None
    warnings: tuple[str, ...] = ()
    source_fit: SourceFit | None = None  # whether the source is a rendition as it is, and why not

    @property
    def id(self) -> str:
        """16 hexadecimal digits of the plan's own hash."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def renditions(self) -> tuple[VideoRendition | AudioTrack, ...]:
        """Video, largest first, then audio."""
        return (*self.video, self.audio) if self.audio else self.video

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
        """The rendition of that name, or None."""
        return next((rendition for rendition in self.renditions if rendition.name == name), None)

    def segment_durations_s(self, rendition: VideoRendition | AudioTrack) -> list[Fraction]:
        """Exact duration of each segment of a rendition (EXTINF)."""
        if isinstance(rendition, AudioTrack):
            cuts = rendition.boundaries
            return [Fraction((b - a) * 1024, rendition.sample_rate_hz) for a, b in pairwise(cuts)]
        return [self.frames(k) / self.frame_rate for k in range(self.segments)]


def time_scale(rate: Fraction) -> int:
    """Ticks a second of the video tracks: a frame is a whole number of ticks, at least 10 000 a second."""
    return rate.numerator * ceil(10_000 / rate.numerator)


def plan(info: MediaInfo, encoder: str) -> Plan:
    """The plan of a source. Raises Rejected(no_video) when it holds no picture that moves."""
    video = info.video
    if video is None:
        raise Rejected("no_video", "This file has sound but no picture. Lectern needs a video file.")
    rate = grid.output_rate(video)
    audio = info.audio[0] if info.audio else None
    origin_s = _origin(video, audio, rate)
    frames = max(1, round((_end_s(info, video, audio) - origin_s) * rate))
    renditions = _video_renditions(info, video, rate)
    top = renditions[0]
    judged = judge(video, Top(top.width_px, top.height_px, top.max_bps, top.buffer_bits), rate, origin_s, frames)
    boundaries = judged.boundaries or grid.boundaries(frames, rate)
    return Plan(
        version=PLAN_VERSION,
        encoder=encoder,
        video_index=video.index,
        origin_s=origin_s,
        container_start_s=info.start_s,
        seek_lead_s=_seek_lead(info, video, rate),
        deinterlace=video.interlaced,
        frame_rate=rate,
        boundaries=boundaries,
        video=_with_copy(renditions, judged),
        audio=_audio_track(info, audio, origin_s, boundaries, rate) if audio else None,
        warnings=info.warnings,
        source_fit=judged.fit,
    )


def _origin(video: VideoStream, audio: AudioStream | None, rate: Fraction) -> Fraction:
    """The earlier of both starts, moved by less than half a frame so that the video's frames sit on the grid.

    Frames between two grid points would be rounded this way and that; the sound moves along, so it stays in step.
    """
    if audio is None or audio.start_s >= video.start_s:
        return video.start_s
    lead_frames = round((video.start_s - audio.start_s) * rate)
    return video.start_s - lead_frames / rate


def _end_s(info: MediaInfo, video: VideoStream, audio: AudioStream | None) -> Fraction:
    streams = [stream for stream in (video, audio) if stream]
    ends = [stream.start_s + stream.duration_s for stream in streams if stream.duration_s]
    if len(ends) < len(streams):  # one that does not tell its own end may be the last to end
        # Matroska's duration counts from 0, wherever the first frame is.
        ends.append(info.duration_s if info.container == "matroska" else info.start_s + info.duration_s)
    return max(ends)


def _seek_lead(info: MediaInfo, video: VideoStream, rate: Fraction) -> Fraction:
    if not info.seekable:
        return _UNINDEXED_LEAD_S
    if info.container != "mov":
        return Fraction(video.reorder_frames + 1) / rate
    if video.reorder_frames and not grid.is_constant(video):
        # A key frame is decoded a few frames before it is shown, and here a frame can last for seconds.
        average = max(video.average_frame_rate or rate, Fraction(1, 10))
        return max(_UNINDEXED_LEAD_S, 4 * (video.reorder_frames + 1) / average)
    # An MP4 index is in decode time, which runs ahead of presentation by the reorder depth. A quarter of a frame of
    # slack absorbs rounding without falling back to an earlier key frame when one lies exactly on the boundary.
    return (video.reorder_frames - Fraction(1, 4)) / rate if video.reorder_frames else Fraction(0)


def _video_renditions(info: MediaInfo, video: VideoStream, rate: Fraction) -> tuple[VideoRendition, ...]:
    source_bps = video.bit_rate_bps or int(info.size_bytes * 8 / max(info.duration_s, Fraction(1)))
    shape = ladder.display_size(video.width_px, video.height_px, video.sar, video.rotation_deg)
    renditions = []
    for size in ladder.sizes(*shape):
        level = ladder.h264_level(size.width_px, size.height_px, rate)
        cap = ladder.max_bps(size.rung, rate)
        renditions.append(VideoRendition(
            name=f"h264-{size.rung.name}",
            codec="h264",
            codecs=f"avc1.6400{round(float(level) * 10):02x}",  # High profile, no constraint flags
            width_px=size.width_px,
            height_px=size.height_px,
            crf=_CRF,
            preset="veryfast",
            level=level,
            max_bps=cap,
            buffer_bits=cap,  # one second: a 6 s segment exceeds the cap by at most a sixth
            capped=_scaled_bps(source_bps, video, size) > _DENSE * cap,
        ))
    return tuple(renditions)


def _with_copy(renditions: tuple[VideoRendition, ...], judged: Judged) -> tuple[VideoRendition, ...]:
    """The renditions; where the source is fit its own packets are the first one."""
    if judged.copied is None:
        return renditions
    copy = {"codecs": judged.codecs, "level": judged.level, "capped": False, "copied": judged.copied}
    return (renditions[0].model_copy(update=copy), *renditions[1:])


def _scaled_bps(source_bps: int, video: VideoStream, size: ladder.Size) -> float:
    """What the source's bit rate comes to at another size: it grows with the 0.75th power of the pixels."""
    return float(source_bps * (size.width_px * size.height_px / (video.width_px * video.height_px)) ** 0.75)


def _audio_track(
    info: MediaInfo, audio: AudioStream, origin_s: Fraction, cuts: tuple[int, ...], rate: Fraction
) -> AudioTrack:
    copied = _copied(audio, origin_s, cuts, rate)
    if copied is not None:
        return copied
    # 44.1 and 48 kHz stay: a resampler that starts anew in every cell would be heard at the joints.
    sample_rate = audio.sample_rate_hz if audio.sample_rate_hz in (44_100, 48_000) else 48_000
    return AudioTrack(
        name="aac",
        codecs="mp4a.40.2",
        stream_index=audio.index,
        sample_rate_hz=sample_rate,
        channels=2,  # HLS authoring 2.3: stereo AAC must be there
        bit_rate_bps=_AUDIO_BPS,
        config_hex=aac_config(sample_rate, 2).hex(),
        offset_samples=0,
        boundaries=_packet_cuts(cuts, rate, sample_rate, 0),
        snap_samples=_PACKET_SAMPLES.get(audio.codec, 0) if info.container in _MILLISECOND_CONTAINERS else 0,
        source_rate_hz=audio.sample_rate_hz,
        source_start_s=audio.start_s,
        language=audio.language,
    )


def _copied(audio: AudioStream, origin_s: Fraction, cuts: tuple[int, ...], rate: Fraction) -> AudioTrack | None:
    """The source's own packets, where they are fit: AAC-LC, at most stereo, on time at both ends."""
    table, sample_rate = audio.packets, audio.sample_rate_hz
    if table is None or audio.profile != "LC" or audio.channels > 2 or sample_rate not in (44_100, 48_000):
        return None
    if (audio.bit_rate_bps or 0) > _COPY_MAX_BPS:
        return None
    lead = origin_s * sample_rate - table.first_pts  # samples before second 0
    first = max(0, ceil((lead - Fraction(1, 2)) / 1024))
    offset = round(first * 1024 - lead)
    boundaries = _packet_cuts(cuts, rate, sample_rate, offset)
    available = table.count - first
    if offset > sample_rate // 100 or available < boundaries[-1]:
        return None  # starts or ends audibly off: encoding pads with silence
    return AudioTrack(
        name="aac",
        codecs="mp4a.40.2",
        stream_index=audio.index,
        sample_rate_hz=sample_rate,
        channels=audio.channels,
        bit_rate_bps=audio.bit_rate_bps or _AUDIO_BPS,
        config_hex=table.config_hex,
        offset_samples=offset,
        boundaries=boundaries,
        copy_nth=table.nth,
        copy_first=first,
        language=audio.language,
    )


def _packet_cuts(cuts: tuple[int, ...], rate: Fraction, sample_rate_hz: int, offset_samples: int) -> tuple[int, ...]:
    """The packet boundary nearest to each video boundary; each segment has at least one packet."""
    packets = [0]
    for cut in cuts[1:]:
        nearest = round((cut / rate * sample_rate_hz - offset_samples) / 1024)
        packets.append(max(nearest, packets[-1] + 1))
    return tuple(packets)
