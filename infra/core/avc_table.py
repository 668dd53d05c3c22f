"""The packet table of an H.264 track of an MP4 or QuickTime file: where each picture lies and when it is shown. Pure.

With it a segment is cut out of the source and copied without ffmpeg.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from operator import add

from infra.core.boxes import BadBoxes, Box, boxes, fields, find, need
from infra.core.packet_places import Edit, Places, integers, read_places, rows, single_edit, track_scale

MAX_PACKETS = 1 << 21  # nine hours at 60 frames a second
HEAD_BYTES = 4096  # of a key frame: parameter sets, messages and the first slice's header lie there
# Of a file that lies in an object store this many key frames are looked at before it is planned, of any other all.
FAR_HEADS = 16


class Unfit(BadBoxes):
    """The track is sound but its packets can not be copied; `code` says why (see `transcode.source_fit`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class AvcTable(Places):
    """Pictures in decode order. `times` are in ticks of the track and count from the start of its media."""

    config: bytes  # AVCDecoderConfigurationRecord
    width_px: int
    height_px: int
    scale: int
    edit: Edit
    times: Sequence[int]
    offsets: Sequence[int]  # how much later than it is decoded each picture is shown; none: at once
    sync: Sequence[int]  # numbers of the pictures that are marked as key frames, from 0

    def closed_keys(self) -> list[int]:
        """Key frames that no picture is shown across: all before are shown before, all after not before.

        In decode and in presentation order they have the same number.
        """
        before = list(accumulate(self.times, max))
        after = list(accumulate(reversed(self.times), min))
        last = len(self) - 1
        return [key for key in self.sync
                if after[last - key] == self.times[key] and (key == 0 or before[key - 1] < self.times[key])]

    def seek_lead_ticks(self) -> int | None:
        """How much earlier than a key frame's time a seek of libavformat must aim to find none that is shown later.

        It searches the times of decoding, and takes off how long the first picture waits, but only where there is an
        edit list (mov.c, mov_seek_stream; tried out on files of both kinds). None: offsets are negative, and it does
        something else.
        """
        if not self.offsets:
            return 0
        if min(self.offsets) < 0:
            return None
        return max(self.offsets[key] for key in self.sync) - (min(self.times) if self.edit.listed else 0)

    def uneven_ticks(self) -> float:
        """How far the pictures are at most from an even pace between the first and the last shown."""
        shown = sorted(self.times)
        steps, span = max(1, len(shown) - 1), shown[-1] - shown[0]
        return max(abs((time - shown[0]) * steps - i * span) for i, time in enumerate(shown)) / steps

    def bytes_between(self, numbers: Sequence[int]) -> list[int]:
        """Bytes of the packets from each of `numbers` (ascending) up to the next; the last up to the end."""
        sums = list(accumulate(self.sizes, add, initial=0))
        return [sums[b] - sums[a] for a, b in zip(numbers, [*numbers[1:], len(self)], strict=True)]


def read_avc_table(moov: bytes, track: int) -> AvcTable:
    """The table of the track of that number, counted from 0. Raises Unfit; BadBoxes where the tables make no sense."""
    traks = [trak for trak in boxes(moov) if trak.kind == b"trak"]
    if not 0 <= track < len(traks):
        raise BadBoxes("no such track")
    trak = traks[track]
    if fields(moov, need(moov, (b"mdia", b"hdlr"), trak.start, trak.end), "4s", 8)[0] != b"vide":
        raise BadBoxes("the track has no pictures")
    stbl = need(moov, (b"mdia", b"minf", b"stbl"), trak.start, trak.end)
    config, width_px, height_px = _description(moov, stbl)
    runs = rows(moov, need(moov, (b"stts",), stbl.start, stbl.end), ">II")
    count = sum(samples for samples, _ in runs)
    if count > MAX_PACKETS:
        raise Unfit("too_many_packets")
    places = read_places(moov, stbl, count, MAX_PACKETS)
    decoded = accumulate(_expanded(runs), add, initial=0)  # one more than there are: the end of the last
    later = _offsets(moov, stbl, count)
    times = array("q", map(add, decoded, later)) if later else array("q", decoded)[:count]
    try:
        edit = single_edit(moov, trak)
    except BadBoxes as error:
        raise Unfit("edit_list") from error
    return AvcTable(places.sizes, places.chunk_offsets, places.chunk_runs, config, width_px, height_px,
                    track_scale(moov, trak), edit, times, later or (), _sync(moov, stbl, count))


def spread(keys: Sequence[int], most: int = FAR_HEADS) -> list[int]:
    """At most `most` of them, evenly spread, the first and the last among them."""
    if len(keys) <= most:
        return list(keys)
    return [keys[i * (len(keys) - 1) // (most - 1)] for i in range(most)]


def far_heads(moov: bytes) -> Iterator[tuple[int, int]]:
    """Ranges [start, end) of the file with the key frames to look at in each H.264 track."""
    tracks = sum(trak.kind == b"trak" for trak in boxes(moov))
    for track in range(tracks):
        try:
            table = read_avc_table(moov, track)
        except BadBoxes:
            continue
        for key in spread(table.closed_keys()):
            for offset, size in table.locate(key, key + 1):
                yield offset, offset + min(size, HEAD_BYTES)


def _description(moov: bytes, stbl: Box) -> tuple[bytes, int, int]:
    stsd = need(moov, (b"stsd",), stbl.start, stbl.end)
    entries = list(boxes(moov, stsd.start + 8, stsd.end))
    if len(entries) > 1:
        raise Unfit("several_descriptions")
    if not entries or entries[0].kind not in (b"avc1", b"avc3"):
        raise BadBoxes("not plain H.264")
    entry = entries[0]
    if entry.kind == b"avc3":
        raise Unfit("in_band_parameters")
    avcc = need(moov, (b"avcC",), entry.start + 78, entry.end)
    width_px, height_px = fields(moov, entry, ">HH", 24)
    return moov[avcc.start : avcc.end], width_px, height_px


def _expanded(runs: Sequence[tuple[int, ...]]) -> Iterator[int]:
    return chain.from_iterable(repeat(value, samples) for samples, value in runs)


def _offsets(moov: bytes, stbl: Box, count: int) -> array[int] | None:
    """How much later than its decode time each picture is shown (8.6.1.3). Signed in any version, as players read it."""
    ctts = find(moov, (b"ctts",), stbl.start, stbl.end)
    if ctts is None:
        return None
    runs = rows(moov, ctts, ">Ii")
    if sum(samples for samples, _ in runs) != count:
        raise BadBoxes("ctts and stts disagree")
    return array("i", _expanded(runs))


def _sync(moov: bytes, stbl: Box, count: int) -> Sequence[int]:
    stss = find(moov, (b"stss",), stbl.start, stbl.end)
    if stss is None:
        return range(count)
    listed = integers(moov, stss, 8, fields(moov, stss, ">I", 4)[0], "I")
    keys = [number - 1 for number in listed]
    if any(b <= a for a, b in pairwise(keys)) or (keys and not 0 <= keys[0] <= keys[-1] < count):
        raise BadBoxes("stss is out of order")
    return keys


def thinned(keys: Sequence[int], least: int) -> list[int]:
    """Fewer keys: one is left out where its neighbours are at most 2 * `least` pictures apart."""
    kept = list(keys[:1])
    for i in range(1, len(keys) - 1):
        if keys[i + 1] - kept[-1] > 2 * least:
            kept.append(keys[i])
    return kept + list(keys[max(1, len(keys) - 1):])

