"""A box reader of the tests' own (ISO/IEC 14496-12): shares no line with the product, so that no fault is in both."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "mvex", "moof", "traf", "edts", "dinf", "udta", "sinf", "schi"}
# Bytes of a sample entry before its boxes (12.1.3, 12.2.3).
_ENTRY_HEAD = {"vide": 78, "soun": 28}


class Damaged(ValueError):
    """The bytes are no boxes."""


@dataclass
class Node:
    """A box: `data[start:end]` is its payload; its header begins at `at`."""

    kind: str
    at: int
    start: int
    end: int
    data: bytes = field(repr=False)
    children: list[Node] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return self.data[self.start:self.end]

    @property
    def version(self) -> int:
        return self.data[self.start]

    @property
    def flags(self) -> int:
        return int.from_bytes(self.data[self.start + 1:self.start + 4], "big")

    def all(self, *path: str) -> list[Node]:
        """The boxes along a path of kinds."""
        found = [child for child in self.children if child.kind == path[0]]
        return found if len(path) == 1 else [deep for one in found for deep in one.all(*path[1:])]

    def one(self, *path: str) -> Node:
        """The first of them. Raises Damaged without."""
        found = self.all(*path)
        if not found:
            raise Damaged(f"no {'/'.join(path)} in {self.kind}")
        return found[0]

    def unpack(self, layout: str, at: int = 0) -> tuple[int, ...]:
        """Numbers `at` bytes into the payload. Raises Damaged where the box is too short."""
        if self.start + at + struct.calcsize(layout) > self.end:
            raise Damaged(f"{self.kind} is too short")
        return struct.unpack_from(layout, self.data, self.start + at)


def parse(data: bytes) -> Node:
    """The whole file as a node with the top-level boxes as children. Raises Damaged."""
    root = Node("file", 0, 0, len(data), data)
    root.children = list(_walk(data, 0, len(data)))
    return root


def _walk(data: bytes, at: int, end: int) -> Iterator[Node]:
    while at < end:
        if end - at < 8:
            raise Damaged(f"{end - at} stray bytes at {at}")
        size, start = int.from_bytes(data[at:at + 4], "big"), at + 8
        kind = data[at + 4:at + 8].decode("latin-1")
        if size == 1:
            size, start = int.from_bytes(data[at + 8:at + 16], "big"), at + 16
        if size < start - at or at + size > end:
            raise Damaged(f"box {kind!r} at {at} says it has {size} bytes, of {end - at}")
        node = Node(kind, at, start, at + size, data)
        if kind in _CONTAINERS:
            node.children = list(_walk(data, start, at + size))
        yield node
        at += size


@dataclass
class Track:
    """What an init section says of its one track."""

    handler: str
    id: int
    timescale: int
    language: str
    width_px: float
    height_px: float
    entry: Node  # sample entry, its boxes as children
    channels: int
    sample_rate_hz: int
    default_duration: int
    default_size: int
    default_flags: int
    edits: bool
    stored_samples: int
    loudness: bool

    def config(self, kind: str) -> Node | None:
        return next(iter(self.entry.all(kind)), None)


@dataclass
class Init:
    """A CMAF header."""

    brands: list[str]
    kinds: list[str]
    tracks: list[Track]
    fragmented: bool


def read_init(data: bytes) -> Init:
    """Raises Damaged."""
    root = parse(data)
    moov = root.one("moov")
    trex = {one.unpack(">I", 4)[0]: one.unpack(">III", 12) for one in moov.all("mvex", "trex")}
    return Init(_brands(root, "ftyp"), [box.kind for box in root.children],
                [_track(trak, trex) for trak in moov.all("trak")], bool(moov.all("mvex")))


def _brands(root: Node, kind: str) -> list[str]:
    for box in root.all(kind):
        body = box.body
        return [body[i:i + 4].decode("latin-1") for i in (0, *range(8, len(body) - 3, 4))]
    return []


def _track(trak: Node, trex: dict[int, tuple[int, ...]]) -> Track:
    tkhd, mdhd, stbl = trak.one("tkhd"), trak.one("mdia", "mdhd"), trak.one("mdia", "minf", "stbl")
    handler = trak.one("mdia", "hdlr").body[8:12].decode("latin-1")
    number = tkhd.unpack(">I", 20 if tkhd.version else 12)[0]
    shown = tkhd.unpack(">II", len(tkhd.body) - 8)
    at = 20 if mdhd.version else 12
    packed = mdhd.unpack(">H", at + (12 if mdhd.version else 8))[0]
    stsd = stbl.one("stsd")
    entries = list(_walk(stsd.data, stsd.start + 8, stsd.end))
    if len(entries) != 1:
        raise Damaged(f"{len(entries)} sample entries")
    entry = entries[0]
    if handler in _ENTRY_HEAD:
        entry.children = list(_walk(entry.data, entry.start + _ENTRY_HEAD[handler], entry.end))
    channels, rate = (entry.unpack(">H", 16)[0], entry.unpack(">I", 24)[0] >> 16) if handler == "soun" else (0, 0)
    duration, size, flags = trex.get(number, (0, 0, 0))
    counts = [box.unpack(">I", 8 if kind == "stsz" else 4)[0] for kind in ("stsz", "stts") for box in stbl.all(kind)]
    return Track(handler, number, mdhd.unpack(">I", at)[0], "".join(chr((packed >> i & 31) + 0x60) for i in (10, 5, 0)),
                 shown[0] / 65536, shown[1] / 65536, entry, channels, rate, duration, size, flags,
                 bool(trak.all("edts")), sum(counts), bool(trak.all("udta", "ludt")))


@dataclass
class Sample:
    """Times in ticks; `at` is where its bytes begin in the segment."""

    duration: int
    size: int
    flags: int
    cts: int
    at: int

    @property
    def is_sync(self) -> bool:
        return not self.flags & 0x10000


@dataclass
class Fragment:
    """One moof with one traf."""

    track_id: int
    sequence: int
    decode_time: int
    base_is_moof: bool
    samples: list[Sample]
    trafs: int
    mdat: tuple[int, int]

    @property
    def duration(self) -> int:
        return sum(sample.duration for sample in self.samples)


@dataclass
class Segment:
    """A media segment."""

    data: bytes = field(repr=False)
    kinds: list[str]
    fragments: list[Fragment]

    @property
    def start(self) -> int:
        return self.fragments[0].decode_time

    @property
    def duration(self) -> int:
        return sum(fragment.duration for fragment in self.fragments)

    @property
    def samples(self) -> list[Sample]:
        return [sample for fragment in self.fragments for sample in fragment.samples]

    def bytes_of(self, sample: Sample) -> bytes:
        return self.data[sample.at:sample.at + sample.size]


def read_segment(data: bytes, track: Track) -> Segment:
    """Raises Damaged."""
    root = parse(data)
    fragments = []
    for i, box in enumerate(root.children):
        if box.kind == "moof":
            mdat = next((after for after in root.children[i:] if after.kind == "mdat"), None)
            if mdat is None:
                raise Damaged("a moof without mdat")
            fragments.append(_fragment(box, mdat, track))
    if not fragments:
        raise Damaged("no moof")
    return Segment(data, [box.kind for box in root.children], fragments)


def _fragment(moof: Node, mdat: Node, track: Track) -> Fragment:
    trafs = moof.all("traf")
    traf = moof.one("traf")
    tfhd, tfdt = traf.one("tfhd"), traf.one("tfdt")
    flags, at = tfhd.flags, 8
    base = moof.at
    duration, size, sample_flags = track.default_duration, track.default_size, track.default_flags
    if flags & 0x1:
        base, at = tfhd.unpack(">Q", at)[0], at + 8
    at += 4 if flags & 0x2 else 0
    if flags & 0x8:
        duration, at = tfhd.unpack(">I", at)[0], at + 4
    if flags & 0x10:
        size, at = tfhd.unpack(">I", at)[0], at + 4
    if flags & 0x20:
        sample_flags = tfhd.unpack(">I", at)[0]
    samples: list[Sample] = []
    cursor = mdat.start
    for trun in traf.all("trun"):
        cursor = _run(trun, base, cursor, (duration, size, sample_flags), samples)
    if not samples:
        raise Damaged("no samples")
    if samples[-1].at + samples[-1].size > mdat.end or samples[0].at < mdat.start:
        raise Damaged("samples lie outside of mdat")
    return Fragment(tfhd.unpack(">I", 4)[0], moof.one("mfhd").unpack(">I", 4)[0],
                    tfdt.unpack(">Q" if tfdt.version else ">I", 4)[0],
                    bool(flags & 0x20000) and not flags & 0x1, samples, len(trafs), (mdat.start, mdat.end))


def _run(trun: Node, base: int, cursor: int, defaults: tuple[int, int, int], samples: list[Sample]) -> int:
    flags, count, at, first = trun.flags, trun.unpack(">I", 4)[0], 8, None
    if flags & 0x1:
        cursor, at = base + trun.unpack(">i", at)[0], at + 4
    if flags & 0x4:
        first, at = trun.unpack(">I", at)[0], at + 4
    if count > len(trun.data):
        raise Damaged("trun lists more samples than there are bytes")
    for i in range(count):
        duration, size, sample_flags = defaults
        cts = 0
        if flags & 0x100:
            duration, at = trun.unpack(">I", at)[0], at + 4
        if flags & 0x200:
            size, at = trun.unpack(">I", at)[0], at + 4
        if flags & 0x400:
            sample_flags, at = trun.unpack(">I", at)[0], at + 4
        elif i == 0 and first is not None:
            sample_flags = first
        if flags & 0x800:
            cts, at = trun.unpack(">i" if trun.version else ">I", at)[0], at + 4
        samples.append(Sample(duration, size, sample_flags, cts, cursor))
        cursor += size
    return cursor
