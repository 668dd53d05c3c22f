"""The audio tracks of a plan: which there are, what they are called, and where their packets are cut. Pure.

Every track of the source becomes a stereo rendition; one with six channels or more becomes one in 5.1 beside it. The
names stay short and fixed, for they are folders and parts of URLs: aac, aac-2 ..., and aac-51, aac-2-51 ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from infra.core.aac_table import AAC_FRAME_SAMPLES
from infra.core.languages import bcp47, own_name
from infra.core.media import AudioStream, Frozen, MediaInfo, Rational
from transcode.audio_fragments import aac_config

MAX_TRACKS = 16  # of a source; a disc has 8
_STEREO_BPS = 128_000
_SURROUND_BPS = 384_000
_COPY_MAX_BPS = {1: 320_000, 2: 320_000, 6: 640_000}  # by channels
# Containers with time stamps in milliseconds, and how long the packets of a codec are in samples: knowing both, the
# exact sample a packet begins at can be restored. Without it neighbouring cells could be half a millisecond apart.
_MILLISECOND_CONTAINERS = ("matroska", "flv", "asf")
_PACKET_SAMPLES = {"aac": 1024, "mp3": 1152, "mp2": 1152, "ac3": 1536, "eac3": 1536}


class AudioTrack(Frozen):
    """One audio rendition, in AAC packets of 1024 samples; packet i begins at (offset + 1024 i) / rate seconds."""

    name: str
    label: str  # for people; renditions of the same track have the same, of different tracks different ones
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
    source_channels: int = 0
    source_start_s: Rational = Fraction(0)
    language: str | None = None  # BCP 47
    describes_video: bool = False  # audio description, for those who do not see the picture
    gain_db: float = 0.0  # brings it to the loudness of `transcode.normalization`; 0: as it is

    @property
    def surround(self) -> bool:
        """5.1, beside the stereo of the same track."""
        return self.channels > 2


def chosen(info: MediaInfo) -> tuple[AudioStream, ...]:
    """The source's tracks that are rendered, the one to be heard at first in front."""
    return tuple(sorted(info.audio, key=lambda stream: not stream.default)[:MAX_TRACKS])


def packet_rate(stream: AudioStream) -> Fraction:
    """AAC packets a second of its rendition: the grid of a video that has no picture."""
    return Fraction(_output_rate_hz(stream), AAC_FRAME_SAMPLES)


def tracks(info: MediaInfo, origin_s: Fraction, cuts: Sequence[int], rate: Fraction) -> tuple[AudioTrack, ...]:
    """The renditions of all chosen tracks: stereo first, then 5.1.

    `origin_s` is the source's time stamp of second 0; segments begin at the frames `cuts` of `rate` a second.
    """
    streams = chosen(info)
    stereo, surround = [], []
    for number, (stream, label) in enumerate(zip(streams, labels(streams), strict=True), 1):
        name = "aac" if number == 1 else f"aac-{number}"
        stereo.append(_track(info, stream, name, label, min(stream.channels, 2), origin_s, cuts, rate))
        if stream.channels >= 6:
            surround.append(_track(info, stream, f"{name}-51", label, 6, origin_s, cuts, rate))
    return (*stereo, *surround)


def labels(streams: Sequence[AudioStream]) -> list[str]:
    """What people read in a menu, each one once: the language's own name, else the title, else Audio."""
    names = []
    for stream in streams:
        language = bcp47(stream.language)
        names.append(own_name(language) if language else _plain(stream.title) or "Audio")
    shared = Counter(names)
    for i, stream in enumerate(streams):
        detail = _plain(stream.title) or ("audio description" if stream.describes_video else "")
        if detail and detail != names[i] and (shared[names[i]] > 1 or stream.describes_video):
            names[i] = f"{names[i]} ({detail})"
    used: set[str] = set()
    for i, name in enumerate(names):
        number = 1
        while names[i] in used:
            number += 1
            names[i] = f"{name} {number}"
        used.add(names[i])
    return names


def _plain(title: str | None) -> str:
    """A title from the source as a quoted string of a playlist can hold it (RFC 8216bis, 4.2): one line, no quotes."""
    kept = "".join(sign for sign in title or "" if sign.isprintable())
    return " ".join(kept.replace('"', "'").split())[:80]


def _output_rate_hz(stream: AudioStream) -> int:
    # 44.1 and 48 kHz stay: a resampler that starts anew in every cell would be heard at the joints.
    return stream.sample_rate_hz if stream.sample_rate_hz in (44_100, 48_000) else 48_000


def _track(info: MediaInfo, stream: AudioStream, name: str, label: str, channels: int, origin_s: Fraction,
           cuts: Sequence[int], rate: Fraction) -> AudioTrack:
    copied = _copied(stream, name, label, channels, origin_s, cuts, rate)
    return copied or encoded(info, stream, name, label, channels, cuts, rate)


def encoded(info: MediaInfo, stream: AudioStream, name: str, label: str, channels: int, cuts: Sequence[int],
            rate: Fraction, gain_db: float = 0.0) -> AudioTrack:
    """A rendition of `stream` that is not the source's own packets. The rest as in `tracks`."""
    sample_rate = _output_rate_hz(stream)
    channels = max(channels, 2)  # HLS authoring 2.3: stereo AAC must be there
    return AudioTrack(
        name=name,
        label=label,
        codecs="mp4a.40.2",
        stream_index=stream.index,
        sample_rate_hz=sample_rate,
        channels=channels,
        bit_rate_bps=_SURROUND_BPS if channels > 2 else _STEREO_BPS,
        config_hex=aac_config(sample_rate, channels).hex(),
        offset_samples=0,
        boundaries=_packet_cuts(cuts, rate, sample_rate, 0),
        snap_samples=_PACKET_SAMPLES.get(stream.codec, 0) if info.container in _MILLISECOND_CONTAINERS else 0,
        source_rate_hz=stream.sample_rate_hz,
        source_channels=stream.channels,
        source_start_s=stream.start_s,
        language=bcp47(stream.language),
        describes_video=stream.describes_video,
        gain_db=gain_db,
    )


def _copied(stream: AudioStream, name: str, label: str, channels: int, origin_s: Fraction, cuts: Sequence[int],
            rate: Fraction) -> AudioTrack | None:
    """The source's own packets, where they are fit: AAC-LC of just these channels, on time at both ends."""
    table, sample_rate = stream.packets, stream.sample_rate_hz
    if table is None or stream.profile != "LC" or stream.channels != channels or sample_rate not in (44_100, 48_000):
        return None
    if (stream.bit_rate_bps or 0) > _COPY_MAX_BPS[channels]:
        return None
    if channels > 2 and _channel_configuration(table.config_hex) != channels:
        return None  # some other six channels
    lead = origin_s * sample_rate - table.first_pts  # samples before second 0
    first = max(0, ceil((lead - Fraction(1, 2)) / AAC_FRAME_SAMPLES))
    offset = round(first * AAC_FRAME_SAMPLES - lead)
    boundaries = _packet_cuts(cuts, rate, sample_rate, offset)
    available = table.count - first
    if offset > sample_rate // 100 or available < boundaries[-1]:
        return None  # starts or ends audibly off: encoding pads with silence
    return AudioTrack(
        name=name,
        label=label,
        codecs="mp4a.40.2",
        stream_index=stream.index,
        sample_rate_hz=sample_rate,
        channels=channels,
        bit_rate_bps=stream.bit_rate_bps or (_SURROUND_BPS if channels > 2 else _STEREO_BPS),
        config_hex=table.config_hex,
        offset_samples=offset,
        boundaries=boundaries,
        copy_nth=table.nth,
        copy_first=first,
        language=bcp47(stream.language),
        describes_video=stream.describes_video,
    )


def _channel_configuration(config_hex: str) -> int:
    """Of an AudioSpecificConfig without escapes (14496-3, 1.6.2.1): five bits, four bits, then these four."""
    config = bytes.fromhex(config_hex)
    return config[1] >> 3 & 15 if len(config) > 1 else 0


def _packet_cuts(cuts: Sequence[int], rate: Fraction, sample_rate_hz: int, offset_samples: int) -> tuple[int, ...]:
    """The packet boundary nearest to each video boundary; each segment has at least one packet."""
    packets = [0]
    for cut in cuts[1:]:
        nearest = round((cut / rate * sample_rate_hz - offset_samples) / AAC_FRAME_SAMPLES)
        packets.append(max(nearest, packets[-1] + 1))
    return tuple(packets)
