"""The trick-play rendition: pictures for fast forward and rewind, each a fragment of its own. Pure.

One picture about every 2 s, cut out of the cells of the smallest H.264 rung (docs/decisions/0011). Picture n is the file
{n}.m4s, so the playlist is exact before anything is encoded, without byte ranges. HLS lists it as an I-frame playlist
(RFC 8216bis, 4.4.3.6; Apple HLS authoring 6.1 to 6.16).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path

import ffmpeg

from infra.core.boxes import BadBoxes, boxes, read_fragment
from infra.core.command import Command
from infra.core.steps import Tools
from infra.core.write_boxes import box, full_box
from transcode import levels
from transcode.box_writing import fragment as written_fragment
from transcode.cells import limited
from transcode.plan import Plan, VideoRendition, time_scale

NAME = "iframes"  # its folder, and its place in a URL
EVERY_S = 2
_LEAST_S = 1  # a shorter rest of a segment belongs to the picture before
_SPAN_SEGMENTS = 40  # of a background step
# A constant quantiser: a picture's bytes follow from its pixels alone, however many are made in one run. A picture that
# is larger than MAX_BYTES takes the next one.
QUANTISERS = (28, 34, 40, 46, 51)
MAX_BYTES = 40_000


def base(plan: Plan) -> VideoRendition:
    """The rendition whose cells the pictures are taken from: the smallest of H.264, which every player decodes."""
    return min(plan.of_codec("h264"), key=lambda video: video.width_px * video.height_px)


def is_offered(plan: Plan) -> bool:
    """Sound alone has none, nor what is not rendered in H.264."""
    return "h264" in plan.codecs


def codecs(plan: Plan) -> str:
    """RFC 6381. Not the base rung's own, which may be a copy of the source's."""
    return levels.codecs("h264", _level(plan))


def _level(plan: Plan) -> str:
    return levels.level("h264", *base(plan).size, plan.frame_rate)


def frames_of(plan: Plan, k: int) -> list[int]:
    """Frame numbers of the pictures of segment k; the first is the segment's own first."""
    start, end = plan.boundaries[k], plan.boundaries[k + 1]
    frames = [start]
    while end - (following := start + round(len(frames) * EVERY_S * plan.frame_rate)) >= _LEAST_S * plan.frame_rate:
        frames.append(following)
    return frames


def frames(plan: Plan) -> list[int]:
    """Frame numbers of all pictures."""
    return [frame for k in range(plan.segments) for frame in frames_of(plan, k)]


def first_picture(plan: Plan, k: int) -> int:
    """Number of the first picture of segment k."""
    return sum(len(frames_of(plan, earlier)) for earlier in range(k))


def segment_of(plan: Plan, n: int) -> int | None:
    """The segment that picture n belongs to; None when there is no such picture."""
    for k in range(plan.segments):
        count = len(frames_of(plan, k))
        if n < count:
            return k
        n -= count
    return None


def runs(segments: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending segment numbers as half-open ranges."""
    found: list[tuple[int, int]] = []
    for k in segments:
        if found and found[-1][1] == k:
            found[-1] = (found[-1][0], k + 1)
        else:
            found.append((k, k + 1))
    return found


def step_keys(plan: Plan) -> list[str]:
    """Keys of the background step: spans of segments."""
    if not is_offered(plan):
        return []
    return [f"{first}-{min(first + _SPAN_SEGMENTS, plan.segments)}" for first in range(0, plan.segments, _SPAN_SEGMENTS)]


def durations_s(plan: Plan) -> list[Fraction]:
    """How long each picture stands."""
    starts = frames(plan)
    return [(end - start) / plan.frame_rate for start, end in zip(starts, [*starts[1:], plan.boundaries[-1]], strict=True)]


def stream_inf(plan: Plan, base_uri: str = "") -> str:
    """The line of the multivariant playlist; empty where there is no trick play."""
    if not is_offered(plan):
        return ""
    rung = base(plan)
    peak = int(MAX_BYTES * 8 * 11 / 10 / max(Fraction(_LEAST_S), min(durations_s(plan))))
    return (f"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={MAX_BYTES * 8 // 2 // EVERY_S},"
            f'RESOLUTION={rung.width_px}x{rung.height_px},CODECS="{codecs(plan)}",URI="{base_uri}{NAME}/index.m3u8"\n')


def playlist(plan: Plan) -> str:
    """The I-frame playlist: a segment a picture."""
    lasting = durations_s(plan)
    target = max(1, *(int(duration + Fraction(1, 2)) for duration in lasting))
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{target}", "#EXT-X-MEDIA-SEQUENCE:0",
             "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-I-FRAMES-ONLY", '#EXT-X-MAP:URI="init.mp4"']
    for n, duration_s in enumerate(lasting):
        lines += [f"#EXTINF:{float(round(duration_s, 6))},", f"{n}.m4s"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def pictures_command(tools: Tools, plan: Plan, cells: Path, first: int, last: int, quantiser: int, work: Path, *,
                     max_pixels: int, nice: int = 0) -> Command:
    """The pictures of segments [first, last) to work/pictures.mp4, a fragment each, out of the file `cells`: the base
    rung's init section and these segments' cells."""
    start = plan.boundaries[first]
    wanted = [frame - start for k in range(first, last) for frame in frames_of(plan, k)]
    every = "+".join(f"eq(n,{frame})" for frame in wanted)
    rate = f"{plan.frame_rate.denominator}:{plan.frame_rate.numerator}"
    picture = ffmpeg.input(f"file:{cells}", copyts=None)["v:0"].filter("select", every)
    if surplus(plan, first):
        picture = picture.filter("loop", loop=1, size=1, start=0)
    picture = picture.filter("setpts", f"N*{plan.frame_rate.denominator}/{plan.frame_rate.numerator}/TB")
    output = ffmpeg.output(picture, f"file:{work / 'pictures.mp4'}", **{
        "c:v": "libx264", "preset": "veryfast", "qp": quantiser, "profile:v": "high", "level": _level(plan), "threads": 1,
        # Every picture an IDR; with a group of 1 it would be another, intra-only profile.
        # Not CABAC: x264 fills its last byte with a bit that follows from how many pictures it has made before.
        "coder": "vlc", "g": 2, "bf": 0, "force_key_frames": "expr:1", "forced-idr": 1, "flags": "+cgop+bitexact",
        # Else the header has the quantiser, and there is one header for pictures of several.
        "x264-params": "stitchable=1",
        "fps_mode": "passthrough", "enc_time_base": rate, "video_track_timescale": time_scale(plan.frame_rate),
        "map_metadata": -1, "fflags": "+bitexact", "f": "mp4", "use_editlist": 0, "avoid_negative_ts": "disabled",
        "movflags": "+frag_every_frame+delay_moov+default_base_moof+frag_discont+skip_trailer"})
    media_s = plan.start_s(last) - plan.start_s(first)
    return limited(tools, output, cells, work, Fraction(ceil(media_s)), max_pixels=max_pixels, nice=nice)


def surplus(plan: Plan, first: int) -> int:
    """How many pictures come first that are to be dropped: 0 or 1.

    Two IDR pictures in a row must differ in idr_pic_id (H.264, 7.4.3), which x264 counts modulo 2 in every run. So that a
    picture's number alone decides, runs that begin with an odd one begin with one too many.
    """
    return first_picture(plan, first) % 2


def samples(media: bytes) -> Iterator[bytes]:
    """The coded pictures of what `pictures_command` wrote, behind its init section. Raises BadBoxes."""
    moof = None
    for found in boxes(media):
        if found.kind == b"moof":
            moof = found
        elif found.kind == b"mdat" and moof is not None:
            fragment = read_fragment(media[moof.at:found.end])
            if len(fragment.durations) != 1 or not fragment.first_is_sync:
                raise BadBoxes("a picture is no IDR of its own")
            yield b"".join(_units(media[found.start:found.end]))
            moof = None


def _units(sample: bytes) -> Iterator[bytes]:
    """The NAL units with their lengths before them, but no SEI: x264 signs the first picture of a run with one."""
    at = 0
    while at < len(sample):
        end = at + 4 + int.from_bytes(sample[at:at + 4], "big")
        if at + 5 > len(sample) or end > len(sample):
            raise BadBoxes("a picture is cut off")
        if sample[at + 4] & 0x1F != 6:
            yield sample[at:end]
        at = end


def fragment(plan: Plan, n: int, starts: Sequence[int], sample: bytes) -> bytes:
    """Picture n as a media segment: it is shown from frame starts[n] until the next one. `starts`: see `frames`."""
    tick = time_scale(plan.frame_rate) / plan.frame_rate
    end = starts[n + 1] if n + 1 < len(starts) else plan.boundaries[-1]
    tfhd = full_box(b"tfhd", 0, 0x020000 | 0x20, struct.pack(">II", 1, 0x02000000))  # depends on no other picture
    row = struct.pack(">II", int((end - starts[n]) * tick), len(sample))
    return written_fragment(n + 1, tfhd, int(starts[n] * tick), 0x300, 1, row) + box(b"mdat", sample)


def check(plan: Plan, n: int, starts: Sequence[int], media: bytes) -> None:
    """Raises BadBoxes when `media` is not picture n as the playlist lists it."""
    found = read_fragment(media)
    tick = time_scale(plan.frame_rate) / plan.frame_rate
    end = starts[n + 1] if n + 1 < len(starts) else plan.boundaries[-1]
    wanted = int(starts[n] * tick), (int((end - starts[n]) * tick),)
    if (found.decode_time, found.durations) != wanted or not found.first_is_sync:
        raise BadBoxes("it is not where the playlist says")
