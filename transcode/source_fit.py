"""Whether the source already is a rendition, and if not, why. Pure.

A fit source's own packets become the top rung: no encoding, no loss. All other renditions follow its key frames.
What is judged here is what `transcode.copied_cells` relies on, and what makes a good rung: a size of the ladder, a
bit rate within the rung's cap, a level that every player decodes, groups of pictures that are closed and short.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pydantic import Field

from infra.core.avc import AvcConfig, read_avcc
from infra.core.boxes import BadBoxes
from infra.core.media import AvcPackets, Frozen, VideoStream
from transcode.grid import is_constant
from transcode.key_grid import LONGEST_S, key_boundaries, widest_s

_PROFILES = (66, 77, 100)  # Baseline, Main, High
_MAX_LEVEL = 42  # 4.2: 1080p with 60 frames a second, what phones and browsers decode in hardware
_HDR = ("smpte2084", "arib-std-b67")

_SENTENCES = {
    "fit": "The source is a good H.264 rendition: its own packets are the top rung.",
    "codec": "The picture is {codec}: only H.264 is copied.",
    "no_packet_index": "The container has no packet index that can be cut by: save it as a plain MP4 to have it copied.",
    "truncated": "The file is cut short.",
    "too_many_packets": "The video is too long for its packet index to be cut by.",
    "several_descriptions": "The file has pictures of several kinds.",
    "in_band_parameters": "The encoder's settings change within the file.",
    "edit_list": "An edit list cuts the picture: export the trimmed video anew to have it copied.",
    "other_size": "The container and the picture differ about the size.",
    "open_groups": "Groups of pictures are open: encode it with closed ones to have it copied.",
    "rotated": "The picture has to be turned.",
    "pixel_shape": "The pixels are not square.",
    "size": "The picture of {width_px} x {height_px} has to be scaled: the top rung is {top_width_px} x {top_height_px}.",
    "interlaced": "The picture is interlaced.",
    "pixel_format": "The pixel format {pix_fmt} is not 8-bit 4:2:0.",
    "colour": "The colours ({colour}) are not those of standard video.",
    "profile": "H.264 profile {profile} is not one that every player decodes.",
    "level": "H.264 level {level} is higher than 4.2, the highest that every player decodes.",
    "variable_rate": "The pictures do not come at an even pace.",
    "other_rate": "The frame rate is not one that is kept.",
    "starts_late": "The sound begins before the picture.",
    "ends_early": "The sound goes on for {seconds:.1f} s after the picture.",
    "trimmed": "The trim cuts between key frames: with {instead} the source's own packets would be the top rung.",
    "key_frames": "Key frames are up to {seconds:.1f} s apart: at most 8 s to have it copied.",
    "over_cap": "The bit rate reaches {kbps} kbit/s: the cap of its rung is {cap_kbps} kbit/s.",
}


class SourceFit(Frozen):
    """The judgement, and the figures that its sentence names."""

    code: str
    figures: dict[str, str | int | float] = Field(default_factory=dict)

    @property
    def fit(self) -> bool:
        return self.code == "fit"

    @property
    def sentence(self) -> str:
        """For the person who looks at the plan."""
        return _SENTENCES[self.code].format_map(self.figures)


class CopiedPackets(Frozen):
    """The source's own packets as a rendition: picture `first` + n of the track is frame n of the grid."""

    track: int  # its number in the file, from 0
    count: int  # pictures of the track; the last one stays where the grid goes on
    config_hex: str  # AVCDecoderConfigurationRecord
    first: int = 0  # where a trimmed recording begins


@dataclass(frozen=True, slots=True)
class Top:
    """The rung that a copy would be."""

    width_px: int
    height_px: int
    max_bps: int
    buffer_bits: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement; of a fit source also the grid and what is copied."""

    fit: SourceFit | None = None  # None: there was nothing to judge
    boundaries: tuple[int, ...] = ()
    copied: CopiedPackets | None = None
    codecs: str = ""
    level: str = ""


def judge(video: VideoStream, top: Top, rate: Fraction, origin_s: Fraction, frames: int,
          part: tuple[int, int] | None = None) -> Judged:
    """Compare the source with the `top` rung on a grid of `frames` at `rate` from `origin_s` on.

    `part`: only frames [first, last) of that grid are shown, and its boundaries are counted from `first`.
    """
    refused = _by_the_probe(video, top)
    if refused is not None:
        return Judged(refused)
    packets = video.packets
    if packets is None:
        return Judged(SourceFit(code=video.no_packets or "no_packet_index"))
    try:
        config = read_avcc(bytes.fromhex(packets.config_hex))
    except (BadBoxes, ValueError):
        return Judged(SourceFit(code="no_packet_index"))
    refused = _by_the_stream(config, video) or _by_the_clock(video, packets, rate, origin_s)
    if refused is not None:
        return Judged(refused)
    first, last = part or (0, max(frames, packets.count))
    refused = _by_the_cut(video, packets, rate, first, last) if part else None
    if refused is not None:
        return Judged(refused)
    keys = [key - first for key in packets.keys if first <= key < last]
    boundaries = key_boundaries(keys, last - first, rate)
    if boundaries is None:
        return Judged(_too_far(packets, keys, min(last, packets.count) - first, last - first, rate))
    refused = _by_the_bits(packets, [first + cut for cut in boundaries], rate, top)
    if refused is not None:
        return Judged(refused)
    copied = CopiedPackets(track=packets.track, count=packets.count, config_hex=packets.config_hex, first=first)
    return Judged(SourceFit(code="fit"), boundaries, copied, config.codecs, _level(config))


def _by_the_probe(video: VideoStream, top: Top) -> SourceFit | None:
    if video.codec != "h264":
        return SourceFit(code="codec", figures={"codec": video.codec})
    if video.rotation_deg:
        return SourceFit(code="rotated")
    if video.sar not in (0, 1):
        return SourceFit(code="pixel_shape")
    if (video.width_px, video.height_px) != (top.width_px, top.height_px):
        return SourceFit(code="size", figures={"width_px": video.width_px, "height_px": video.height_px,
                                               "top_width_px": top.width_px, "top_height_px": top.height_px})
    if not is_constant(video):
        return SourceFit(code="variable_rate")
    if video.interlaced:
        return SourceFit(code="interlaced")
    if video.pix_fmt not in ("yuv420p", "yuvj420p"):
        return SourceFit(code="pixel_format", figures={"pix_fmt": video.pix_fmt})
    if video.pix_fmt == "yuvj420p" or video.color_range == "pc":
        return SourceFit(code="colour", figures={"colour": "full range"})
    if video.color_transfer in _HDR:
        return SourceFit(code="colour", figures={"colour": str(video.color_transfer)})
    return None


def _by_the_stream(config: AvcConfig, video: VideoStream) -> SourceFit | None:
    if config.sets != 1:
        return SourceFit(code="several_descriptions")
    if config.profile not in _PROFILES or (config.profile == 66 and not config.constraints & 0x40):
        # Of Baseline only the constrained form is decoded everywhere: without flexible order of macroblocks (A.2.1.1).
        return SourceFit(code="profile", figures={"profile": video.profile or str(config.profile)})
    if config.chroma != 1 or config.depth != 8:
        return SourceFit(code="pixel_format", figures={"pix_fmt": video.pix_fmt})
    if not config.progressive:
        return SourceFit(code="interlaced")
    if config.level > _MAX_LEVEL:
        return SourceFit(code="level", figures={"level": _level(config)})
    return None


def _by_the_clock(video: VideoStream, packets: AvcPackets, rate: Fraction, origin_s: Fraction) -> SourceFit | None:
    """Picture n must be the one that all other rungs show in frame n: less than a quarter frame off its time."""
    slack_s = Fraction(1, 4) / rate
    span_s = Fraction(packets.last_ticks - packets.first_ticks, packets.scale)
    drift_s = abs(span_s - (packets.count - 1) / rate)
    uneven_s = Fraction(packets.uneven_ticks) / packets.scale
    if uneven_s >= slack_s:
        return SourceFit(code="variable_rate")
    if drift_s + uneven_s >= slack_s:
        return SourceFit(code="other_rate")
    first_s = Fraction(packets.first_ticks, packets.scale)
    if abs(first_s - video.start_s) >= slack_s - drift_s - uneven_s:
        return SourceFit(code="edit_list")  # ffprobe, by which all else goes, understands it otherwise
    if video.start_s != origin_s:
        return SourceFit(code="starts_late")
    return None


def _by_the_cut(video: VideoStream, packets: AvcPackets, rate: Fraction, first: int, last: int) -> SourceFit | None:
    """A trimmed one begins with a key frame, and ends before one, unless no picture is decoded before an earlier one."""
    cuts = {"start": first}
    if last < packets.count and video.reorder_frames:
        cuts["end"] = last
    near = [f"the {what} at {float(min(packets.keys, key=lambda key: abs(key - cut)) / rate):.3f} s"
            for what, cut in cuts.items() if cut not in packets.keys]
    return SourceFit(code="trimmed", figures={"instead": " and ".join(near)}) if near else None


def _too_far(packets: AvcPackets, keys: Sequence[int], pictures: int, frames: int, rate: Fraction) -> SourceFit:
    widest = widest_s(keys, pictures, rate)
    if widest <= LONGEST_S:
        return SourceFit(code="ends_early", figures={"seconds": round(float((frames - pictures) / rate), 3)})
    if packets.unfit_keys:
        return SourceFit(code="open_groups")
    return SourceFit(code="key_frames", figures={"seconds": round(float(widest), 3)})


def _by_the_bits(packets: AvcPackets, boundaries: Sequence[int], rate: Fraction, top: Top) -> SourceFit | None:
    """Every segment within the cap and one decoder buffer, as if it had been encoded here."""
    sums = [*_running(packets.key_bytes), sum(packets.key_bytes)]
    worst: SourceFit | None = None
    worst_bps = 0
    for a, b in pairwise(boundaries):
        # Between two key frames only the end may lie: there up to the next one is counted.
        size_bytes = sums[bisect_left(packets.keys, b)] - sums[bisect_left(packets.keys, a)]
        bits, duration_s = 8 * size_bytes, (b - a) / rate
        bps = round(bits / duration_s)
        if bits > top.max_bps * duration_s + top.buffer_bits and bps > worst_bps:
            worst_bps = bps
            worst = SourceFit(code="over_cap", figures={"kbps": round(bps / 1000), "cap_kbps": top.max_bps // 1000})
    return worst


def _running(counts: Sequence[int]) -> list[int]:
    sums = [0]
    for count in counts[:-1]:
        sums.append(sums[-1] + count)
    return sums


def _level(config: AvcConfig) -> str:
    return f"{config.level // 10}.{config.level % 10}" if config.level % 10 else str(config.level // 10)
