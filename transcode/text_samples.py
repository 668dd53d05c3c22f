"""Captions and chapters as tracks of the file for download. Pure.

Captions are timed text of 3GPP (TS 26.245, `tx3g`), a track a language, which players offer in a menu. Chapters are written
twice, because players know either one: as a text track that the picture refers to (QuickTime File Format, "Chapter Lists"),
and as the list that Nero began (`chpl` in `udta`). A player that knows neither finds samples that it does not ask for.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from infra.core.languages import iso639_2
from infra.core.media import Frozen
from infra.core.write_boxes import box, full_box
from transcode.box_writing import cmaf_header
from transcode.progressive import Chunk, Track

_TICKS = 1000  # a second
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_MOST_BYTES = 0xFFFF  # of a sample's text
_CHPL_MOST, _CHPL_BYTES, _CHPL_TICKS = 255, 255, 10_000_000
_FONT_SIZE = 16
_ALTERNATES = 2  # the group of tracks of which one is shown; sound has 1


class Shown(Frozen):
    """`text` is shown in seconds [start_s, end_s) of the video. Plain text; lines end with a line feed."""

    start_s: float
    end_s: float
    text: str


class Captions(Frozen):
    """Captions in one language (BCP 47). `default`: those in the language that is spoken."""

    language: str
    default: bool
    cues: tuple[Shown, ...]


class Texts(Frozen):
    """What is written into a file for download besides picture and sound. `stamp` tells it from what was there before."""

    stamp: str
    captions: tuple[Captions, ...] = ()
    chapters: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text track: its tables, and for each segment of the video the bytes of its samples."""

    track: Track
    payloads: tuple[bytes, ...]


def caption_track(one: Captions, starts_s: Sequence[float], width_px: int, height_px: int) -> TextPart:
    """Captions for a picture of that size, whose segments begin at `starts_s`; the last of these is its end."""
    # White on nothing, centred at the bottom of a box that is the picture, never forced on anybody; of the size that ffmpeg
    # writes whatever the picture is, so that players know what to make of it.
    style = struct.pack(">IbbIhhhhHHHBBI", 0, 1, -1, 0, 0, 0, height_px, width_px, 0, 0, 1, 0, _FONT_SIZE, 0xFFFFFFFF)
    fonts = box(b"ftab", struct.pack(">HHB", 1, 1, 5), b"Arial")
    entry = box(b"tx3g", bytes(6), struct.pack(">H", 1), style, fonts)
    init = cmaf_header(entry, _TICKS, handler=b"sbtl", name=b"Captions", media_header=full_box(b"nmhd", 0, 0),
                       language=iso639_2(one.language), tag=one.language, width_px=width_px, height_px=height_px,
                       default_ticks=0)
    return _part(init, spans(one.cues, starts_s[-1]), starts_s, ending=b"", enabled=one.default, group=_ALTERNATES)


def chapter_track(chapters: Sequence[Shown], starts_s: Sequence[float]) -> TextPart:
    """The chapters as the text track that the picture refers to. Never enabled: it is no text to be shown."""
    style = struct.pack(">Ii3H4hQHHBH3HB", 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    gmin = full_box(b"gmin", 0, 0, struct.pack(">HHHHHH", 0x40, 0x8000, 0x8000, 0x8000, 0, 0))
    init = cmaf_header(box(b"text", bytes(6), struct.pack(">H", 1), style), _TICKS, handler=b"text", name=b"Chapters",
                       media_header=box(b"gmhd", gmin, box(b"text", _MATRIX)), default_ticks=0)
    utf8 = struct.pack(">I4sI", 12, b"encd", 0x100)
    return _part(init, spans(chapters, starts_s[-1]), starts_s, ending=utf8, enabled=False, group=0)


def chapter_list(chapters: Sequence[Shown]) -> bytes:
    """The chapters as Nero's list, a box for `udta`; nothing for none."""
    rows = []
    for one in chapters[:_CHPL_MOST]:
        title = _cut(one.text, _CHPL_BYTES)
        rows.append(struct.pack(">QB", round(one.start_s * _CHPL_TICKS), len(title)) + title)
    return full_box(b"chpl", 1, 0, struct.pack(">IB", 0, len(rows)), *rows) if rows else b""


def spans(cues: Sequence[Shown], duration_s: float) -> list[tuple[int, str]]:
    """(how many ticks, which text) from 0 to the end without a gap: a track shows one sample at any time. What is shown at
    the same time is one text, and where nothing is, the text is empty."""
    end = max(1, round(duration_s * _TICKS))
    timed = [(max(0, round(cue.start_s * _TICKS)), min(end, round(cue.end_s * _TICKS)), cue.text) for cue in cues]
    timed = sorted((one for one in timed if one[0] < one[1]), key=lambda one: one[0])
    found: list[tuple[int, str]] = []
    here: list[tuple[int, int, str]] = []
    following = 0
    for begin, until in pairwise(sorted({0, end, *(at for one in timed for at in one[:2])})):
        here = [one for one in here if one[1] > begin]
        while following < len(timed) and timed[following][0] <= begin:
            here.append(timed[following])
            following += 1
        text = "\n".join(one[2] for one in here)
        if found and found[-1][1] == text and not text:
            found[-1] = (found[-1][0] + until - begin, text)
        else:
            found.append((until - begin, text))
    return found


def _part(init: bytes, shown: Sequence[tuple[int, str]], starts_s: Sequence[float], *, ending: bytes, enabled: bool,
          group: int) -> TextPart:
    chunks, payloads = [], []
    at, following = 0, 0
    for until_s in starts_s[1:]:
        begin, data, sizes, durations = at, b"", [], []
        last = until_s == starts_s[-1]
        while following < len(shown) and (last or at < round(until_s * _TICKS)):
            ticks, text = shown[following]
            written = _cut(text, _MOST_BYTES)
            sample = struct.pack(">H", len(written)) + written + ending
            data += sample
            sizes.append(len(sample))
            durations.append(ticks)
            at += ticks
            following += 1
        count = len(sizes)
        chunks.append(Chunk(begin, tuple(sizes), tuple(durations), (0,) * count, (True,) * count, 0, len(data)))
        payloads.append(data)
    return TextPart(track=Track(init, chunks, enabled=enabled, group=group), payloads=tuple(payloads))


def _cut(text: str, most_bytes: int) -> bytes:
    """As UTF-8, cut between two signs."""
    return text.encode(errors="replace")[:most_bytes].decode(errors="ignore").encode()
