"""H.264 as MP4 stores it: the decoder configuration (ISO/IEC 14496-15, 5.3.3) and the NAL units of a sample. Pure.

Of a sequence parameter set only what decides whether a stream can be offered as it is (ITU-T H.264, 7.3.2.1.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.core.boxes import BadBoxes

SLICE, SLICE_OF_IDR, SPS, PPS = 1, 5, 7, 8  # nal_unit_type (ITU-T H.264, table 7-1)
_WITH_CHROMA = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)  # profiles that code chroma_format_idc


@dataclass(frozen=True, slots=True)
class AvcConfig:
    """What an avcC says, and its sequence parameter set."""

    profile: int  # profile_idc: 66 Baseline, 77 Main, 100 High
    constraints: int
    level: int  # ten times the level
    length_bytes: int  # of the number before each NAL unit
    sets: int  # sequence parameter sets
    chroma: int  # 1: 4:2:0
    depth: int  # bits of the deeper of luma and chroma
    progressive: bool  # frame_mbs_only_flag
    parameters: frozenset[bytes]  # all sequence and picture parameter sets

    @property
    def codecs(self) -> str:
        """The RFC 6381 name: `avc1.64001f`."""
        return f"avc1.{self.profile:02x}{self.constraints:02x}{self.level:02x}"


def read_avcc(avcc: bytes) -> AvcConfig:
    """The payload of an avcC box. Raises BadBoxes where it is no such thing or has no parameter sets."""
    try:
        if avcc[0] != 1:
            raise BadBoxes("an unknown version of avcC")
        sequence, at = _sets(avcc, 6, avcc[5] & 31)
        picture, _ = _sets(avcc, at + 1, avcc[at])
    except IndexError as error:
        raise BadBoxes("avcC is cut off") from error
    if not sequence or not picture:
        raise BadBoxes("avcC has no parameter sets")
    chroma, depth, progressive = _read_sps(sequence[0])
    return AvcConfig(avcc[1], avcc[2], avcc[3], (avcc[4] & 3) + 1, len(sequence), chroma, depth, progressive,
                     frozenset(sequence + picture))


def nal_units(sample: bytes, length_bytes: int) -> Iterator[tuple[int, int, int]]:
    """(type, start, end) of each NAL unit of a sample, or of the part of it that is there; `end` may lie behind it.

    Raises BadBoxes for an empty unit.
    """
    at = 0
    while at + length_bytes < len(sample):
        size = int.from_bytes(sample[at : at + length_bytes], "big")
        if size == 0:
            raise BadBoxes("a NAL unit is empty")
        at += length_bytes
        yield sample[at] & 31, at, at + size
        at += size


def without_parameters(sample: bytes, config: AvcConfig) -> bytes:
    """A sample without the parameter sets that its decoder configuration has too: in `avc1` they stand only there.

    Raises BadBoxes where another one stands among its pictures.
    """
    kept, at = [], 0
    for kind, start, end in nal_units(sample, config.length_bytes):
        if kind in (SPS, PPS):
            if sample[start:end] not in config.parameters:
                raise BadBoxes("other parameter sets stand among its pictures")
            kept.append(sample[at : start - config.length_bytes])
            at = end
    return b"".join([*kept, sample[at:]]) if kept else sample


def _sets(avcc: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    found = []
    for _ in range(count):
        size = avcc[at] << 8 | avcc[at + 1]
        if at + 2 + size > len(avcc):
            raise IndexError
        found.append(avcc[at + 2 : at + 2 + size])
        at += 2 + size
    return found, at


def _read_sps(sps: bytes) -> tuple[int, int, bool]:
    """(chroma_format_idc, bits, frame_mbs_only_flag)."""
    bits = _Bits(sps[4:].replace(b"\0\0\3", b"\0\0"))
    bits.number()  # seq_parameter_set_id
    chroma, depth = 1, 8
    if sps[:1] and len(sps) > 4 and sps[1] in _WITH_CHROMA:
        chroma = bits.number()
        if chroma == 3:
            bits.take(1)
        depth = 8 + max(bits.number(), bits.number())
        bits.take(1)
        if bits.take(1):
            for i in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    _skip_scaling_list(bits, 16 if i < 6 else 64)
    bits.number()  # log2_max_frame_num_minus4
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.take(1)
        bits.number()
        bits.number()
        for _ in range(min(bits.number(), 256)):
            bits.number()
    bits.number()  # max_num_ref_frames
    bits.take(1)
    bits.number()  # width
    bits.number()  # height
    return chroma, depth, bool(bits.take(1))


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    """7.3.2.1.1.1: the list ends where the next scale becomes 0."""
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.number()
            following = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
        last = following or last


class _Bits:
    """Reads a bit string from its front."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise BadBoxes("a parameter set is cut off")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def number(self) -> int:
        """ue(v) (9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise BadBoxes("a parameter set makes no sense")
        return (1 << zeros) - 1 + self.take(zeros)
