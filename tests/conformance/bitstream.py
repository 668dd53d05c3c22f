"""What the coded bytes say of themselves: CODECS strings (RFC 6381), H.264 parameters, and whether a picture is intra.

H.264: ITU-T H.264 and ISO/IEC 14496-15; AV1: the AV1 bitstream specification, 5.3 and 5.9, and its ISOBMFF binding;
VP9: the VP9 bitstream specification, 6.2, and the VP codec ISO media file format binding; AAC: ISO/IEC 14496-1, 14496-3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from .isobmff import Damaged, Track


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise Damaged("the bitstream ends early")
        self._left -= count
        return self._bits >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """Exp-Golomb (H.264, 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        value = self.ue()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def codecs(track: Track) -> str:
    """The RFC 6381 string, rebuilt from the decoder configuration. Raises Damaged."""
    kind = track.entry.kind
    if kind in ("avc1", "avc3"):
        return f"{kind}.{_config(track, 'avcC')[1:4].hex()}"
    if kind == "av01":
        config = _config(track, "av1C")
        level, tier = config[1] & 31, "H" if config[2] & 0x80 else "M"
        depth = (12 if config[2] & 0x20 else 10) if config[2] & 0x40 else 8
        return f"av01.{config[1] >> 5}.{level:02d}{tier}.{depth:02d}"
    if kind in ("vp09", "vp08"):
        config = _config(track, "vpcC")[4:]
        return f"{kind}.{config[0]:02d}.{config[1]:02d}.{config[2] >> 4:02d}"
    if kind == "mp4a":
        object_type, audio_type, _, _ = audio_config(track)
        return f"mp4a.{object_type:x}.{audio_type}"
    if kind in ("ac-3", "ec-3", "Opus", "fLaC", "wvtt", "stpp"):
        return kind
    raise Damaged(f"sample entry {kind!r} is not known")


def same_codecs(declared: str, real: str) -> bool:
    """Whether a declared string names `real`; of AV1 and VP9 it may go on with colours, which may be left out."""
    return declared == real or (real[:5] in ("av01.", "vp09.") and declared.startswith(real + "."))


def _config(track: Track, kind: str) -> bytes:
    box = track.config(kind)
    if box is None:
        raise Damaged(f"{track.entry.kind} without {kind}")
    return box.body


def audio_config(track: Track) -> tuple[int, int, int, int]:
    """(object type indication, audio object type, sample rate in Hz, channels) out of esds. Raises Damaged."""
    data = _config(track, "esds")[4:]
    tags: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        tag, size, at = data[at], 0, at + 1
        while True:
            byte, at = data[at], at + 1
            size = size << 7 | byte & 127
            if not byte & 128:
                break
        tags.setdefault(tag, data[at:at + size])
        at += {3: 3, 4: 13}.get(tag, size)  # ES and decoder descriptors hold further ones
    if 4 not in tags or 5 not in tags:
        raise Damaged("esds without a decoder configuration")
    bits = _Bits(tags[5])
    audio_type = bits.take(5)
    index = bits.take(4)
    rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
    rate = bits.take(24) if index == 15 else rates[index]
    return tags[4][0], audio_type, rate, bits.take(4)


@dataclass(frozen=True)
class Sps:
    """A sequence parameter set of H.264 (7.3.2.1.1)."""

    profile: int
    level: int
    progressive: bool
    width_px: int
    height_px: int


@cache
def _sps(data: bytes) -> Sps:
    clean = data.replace(b"\0\0\3", b"\0\0")
    bits = _Bits(clean[1:])
    profile, _, level = bits.take(8), bits.take(8), bits.take(8)
    bits.ue()
    chroma = 1
    if profile in (100, 110, 122, 244, 44):
        chroma = bits.ue()
        bits.take(1 if chroma == 3 else 0)
        bits.ue(), bits.ue(), bits.take(1)
        if bits.take(1):
            raise Damaged("scaling matrices are not read here")
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.take(1), bits.se(), bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue(), bits.take(1)
    width, height, frames_only = bits.ue() + 1, bits.ue() + 1, bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    crop = [bits.ue() for _ in range(4)] if bits.take(1) else [0] * 4
    across, down = (2, 2) if chroma == 1 else (1, 1)
    tall = height * 16 * (2 - frames_only) - (crop[2] + crop[3]) * down * (2 - frames_only)
    return Sps(profile, level, bool(frames_only), width * 16 - (crop[0] + crop[1]) * across, tall)


def sps(track: Track) -> Sps:
    """The parameter set in avcC. Raises Damaged."""
    config = _config(track, "avcC")
    if not config[5] & 31:
        raise Damaged("avcC has no parameter set")
    size = int.from_bytes(config[6:8], "big")
    return _sps(config[8:8 + size])


def nal_types(track: Track, sample: bytes) -> list[int]:
    """The types of the NAL units of an H.264 sample. Raises Damaged."""
    width, at, types = (_config(track, "avcC")[4] & 3) + 1, 0, []
    while at < len(sample):
        size = int.from_bytes(sample[at:at + width], "big")
        if not size or at + width + size > len(sample):
            raise Damaged("a NAL unit does not fit its sample")
        types.append(sample[at + width] & 31)
        at += width + size
    return types


def is_random_access(track: Track, sample: bytes) -> bool:
    """Whether decoding can begin with this sample: an IDR picture or its like. Raises Damaged."""
    kind = track.entry.kind
    if kind in ("avc1", "avc3"):
        return 5 in nal_types(track, sample)
    if kind == "av01":
        return _av1_key(sample)
    if kind == "vp09":
        bits = _Bits(sample[:2])
        bits.take(2)
        if bits.take(1) + 2 * bits.take(1) == 3:
            bits.take(1)
        return bits.take(1) == 0 and bits.take(1) == 0
    return True  # every AAC packet


def _av1_key(sample: bytes) -> bool:
    at, header_seen = 0, False
    while at < len(sample):
        kind, extended, sized = sample[at] >> 3 & 15, sample[at] >> 2 & 1, sample[at] >> 1 & 1
        at += 1 + extended
        size, shift = 0, 0
        while sized:
            size |= (sample[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if not sample[at - 1] & 128:
                break
        size = size if sized else len(sample) - at
        header_seen |= kind == 1
        if kind in (3, 6):  # a frame header: show_existing_frame, frame_type, show_frame
            bits = _Bits(sample[at:at + 1])
            return bits.take(1) == 0 and bits.take(2) == 0 and bits.take(1) == 1 and header_seen
        at += size
    return False
