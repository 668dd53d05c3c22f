"""What a probe says about a source. All times in seconds as exact fractions, sizes in pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

# Codecs of the picture that Lectern makes. Every player knows the first.
CODECS = ("h264", "av1", "vp9")


def _fraction(value: Any) -> Any:
    return Fraction(value) if isinstance(value, (str, int, float)) else value


Rational = Annotated[
    Fraction,
    BeforeValidator(_fraction),
    # "30000/1001": JSON has no fractions, and a float would lose the grid.
    PlainSerializer(str, return_type=str),
]


class Frozen(BaseModel):
    """Immutable value that knows its JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class AvcPackets(Frozen):
    """An H.264 track of an MP4 whose packets can be cut at key frames and copied: see `infra.core.avc_table`.

    Its key frames are IDR pictures that no other picture is shown across; of crowded ones, some.
    """

    track: int  # its number in the file, from 0
    count: int  # pictures
    scale: int  # ticks a second
    first_ticks: int  # when the first picture is shown, on the source's time line
    last_ticks: int
    uneven_ticks: float  # how far the pictures are at most from an even pace between these two
    config_hex: str  # AVCDecoderConfigurationRecord
    keys: tuple[int, ...]  # numbers of the key frames, in the order they are shown in
    key_bytes: tuple[int, ...]  # of the packets from each key frame up to the next
    seek_lead_ticks: int | None = None  # see `AvcTable.seek_lead_ticks`
    unfit_keys: int = 0  # key frames that are none of the kind, because groups of pictures are open


class Sample(Frozen):
    """Half a second of the picture, encoded small at constant quality by `transcode.sampling`: how hard it is."""

    width_px: int
    height_px: int
    frames: int
    first_bits: int  # of the first picture, a key frame
    later_bits: int  # of all others together


class VideoStream(Frozen):
    """One video stream, as stored (before rotation)."""

    index: int
    codec: str
    profile: str | None = None
    width_px: int
    height_px: int
    sar: Rational = Fraction(1)  # sample aspect ratio
    rotation_deg: int = 0  # clockwise turn a player applies: 0, 90, 180 or 270
    pix_fmt: str = "yuv420p"
    frame_rate: Rational  # nominal (r_frame_rate of ffprobe)
    average_frame_rate: Rational | None = None
    start_s: Rational = Fraction(0)
    duration_s: Rational | None = None
    reorder_frames: int = 0  # how far decode order runs ahead of presentation order
    interlaced: bool = False
    color_primaries: str | None = None
    color_transfer: str | None = None
    color_space: str | None = None
    color_range: str | None = None
    bit_rate_bps: int | None = None
    packets: AvcPackets | None = None
    no_packets: str | None = None  # code: why an H.264 picture has none (see `transcode.source_fit`)
    samples: tuple[Sample, ...] = ()  # of a few places; none where they could not be taken


class AacPackets(Frozen):
    """An AAC track of an MP4 whose packets can be cut and copied: see `infra.core.aac_table`."""

    nth: int  # audio track number in the file, from 0
    count: int  # packets of 1024 samples
    first_pts: int  # samples on the source's time line; negative when an edit list skips the priming
    config_hex: str  # AudioSpecificConfig


class Loudness(Frozen):
    """How loud a track is as a whole (EBU R 128, ITU-R BS.1770)."""

    integrated_lufs: float | None  # None: silence
    range_lu: float  # EBU Tech 3342
    true_peak_dbtp: float | None  # None: silence


class AudioStream(Frozen):
    """One audio stream."""

    index: int
    nth: int = 0  # among the file's audio tracks
    codec: str
    profile: str | None = None
    channels: int
    sample_rate_hz: int
    start_s: Rational = Fraction(0)
    duration_s: Rational | None = None
    language: str | None = None
    title: str | None = None
    bit_rate_bps: int | None = None
    default: bool = False  # to be heard unless somebody chooses another
    describes_video: bool = False  # audio description
    packets: AacPackets | None = None
    loudness: Loudness | None = None  # measured by a step, after the probe


class MediaInfo(Frozen):
    """The probe's answer: everything the plan is computed from, and nothing else."""

    container: str  # ffmpeg's demuxer name, first of its aliases: mov, matroska, mpegts, ...
    size_bytes: int
    duration_s: Rational
    start_s: Rational = Fraction(0)
    seekable: bool = True  # the container carries an index of key frames
    video: VideoStream | None = None
    audio: tuple[AudioStream, ...] = ()
    cover_index: int | None = None  # a still picture beside the sound: the cover of a record or podcast
    warnings: tuple[str, ...] = ()  # codes such as "truncated"; shown to the creator
    indexed: MediaInfo | None = None  # of a copy that has an index, made by a step
