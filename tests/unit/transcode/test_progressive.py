"""The tables of the file for download say where each sample of each cell lies, and when it is shown."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_infos import ENCODER, SOURCES

from infra.core.boxes import BadBoxes, boxes, fields, need
from infra.core.write_boxes import box, full_box
from transcode import progressive, trickplay
from transcode.audio_fragments import aac_config, audio_init, audio_segment
from transcode.plan import plan

INIT = audio_init(aac_config(48_000, 2), 48_000, 2, "eng")
packets = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=12)


def rows(data: bytes, path: tuple[bytes, ...], layout: str, at: int = 8) -> list[tuple[int, ...]]:
    found = need(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", *path))
    return list(struct.iter_unpack(layout, data[found.start + at:found.end]))


def samples(data: bytes) -> Iterator[bytes]:
    """The samples of the first track, as a player finds them."""
    sizes = [size for (size,) in rows(data, (b"stsz",), ">I", 12)]
    offsets = [offset for (offset,) in rows(data, (b"co64",), ">Q")]
    runs = rows(data, (b"stsc",), ">III")
    at = 0
    for chunk, offset in enumerate(offsets, 1):
        count = next(samples for first, samples, _ in reversed(runs) if first <= chunk)
        for size in sizes[at:at + count]:
            yield data[offset:offset + size]
            offset += size
        at += count
    assert at == len(sizes)


@given(st.lists(packets, min_size=1, max_size=6), st.integers(0, 400), st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_sample_is_found_where_the_tables_say(cells: list[list[bytes]], begin: int, beside: bool) -> None:
    media, at = [], begin
    for k, cell in enumerate(cells):
        media.append(audio_segment(cell, at, k + 1))
        at += len(cell) * 1024
    chunks = [progressive.read_chunk(one) for one in media]
    payloads = [one[chunk.data_at:chunk.data_at + chunk.data_bytes] for one, chunk in zip(media, chunks, strict=True)]
    assert payloads == [b"".join(cell) for cell in cells]
    tracks = [progressive.Track(INIT, chunks)] * (2 if beside else 1)
    data = progressive.header(tracks) + b"".join(payload * len(tracks) for payload in payloads)
    assert [found.kind for found in boxes(data)] == [b"ftyp", b"moov", b"mdat"]
    assert list(samples(data)) == [packet for cell in cells for packet in cell]
    count = sum(map(len, cells))
    assert rows(data, (b"stts",), ">II") == [(count, 1024)]
    edits = need(data, (b"moov", b"trak", b"edts", b"elst"))
    listed = list(struct.iter_unpack(">QqI", data[edits.start + 8:edits.end]))
    assert listed == [*([(begin, -1, 0x10000)] if begin else []), (count * 1024, 0, 0x10000)]


def test_negative_composition_offsets_are_lifted_and_skipped() -> None:
    chunk = progressive.Chunk(0, (5, 6, 7), (400, 400, 400), (0, 400, -400), (True, False, False), 100, 18)
    data = progressive.header([progressive.Track(INIT, [chunk])])
    assert rows(data, (b"ctts",), ">II") == [(1, 400), (1, 800), (1, 0)]
    assert rows(data, (b"stss",), ">I") == [(1,)]
    edits = need(data, (b"moov", b"trak", b"edts", b"elst"))
    assert fields(data, edits, ">QqI", 8) == (1200, 400, 0x10000)


def test_a_picture_is_read_as_it_was_written() -> None:
    made = plan(SOURCES["mp4_1080p25"], ENCODER)
    starts = trickplay.frames(made)
    media = trickplay.fragment(made, 3, starts, b"picture")
    chunk = progressive.read_chunk(media)
    assert (chunk.sizes, chunk.offsets, chunk.syncs) == ((7,), (0,), (True,))
    assert media[chunk.data_at:] == b"picture"


def test_room_is_kept_for_titles_and_chapters() -> None:
    chunk = progressive.read_chunk(audio_segment([b"a"], 0, 1))
    data = progressive.header([progressive.Track(INIT, [chunk])], user_data=box(b"name", b"Lecture"))
    assert need(data, (b"moov", b"udta", b"name"))
    assert list(samples(data + b"a")) == [b"a"]


@given(st.binary(max_size=200) | st.integers(0, 200).map(lambda n: audio_segment([b"ab", b"c"], 7, 1)[:n]))
@settings(max_examples=200, deadline=None)
def test_what_is_no_cell_is_refused(data: bytes) -> None:
    whole = audio_segment([b"ab", b"c"], 7, 1)
    if len(data) >= len(whole) - 3 and whole.startswith(data):
        return
    with pytest.raises(BadBoxes):
        progressive.read_chunk(data)


def test_a_table_that_claims_too_much_is_refused() -> None:
    traf = box(b"traf", full_box(b"tfhd", 0, 0, struct.pack(">I", 1)), full_box(b"tfdt", 0, 0, bytes(4)),
               full_box(b"trun", 0, 0x200, struct.pack(">I", 1 << 31)))
    with pytest.raises(BadBoxes):
        progressive.read_chunk(box(b"moof", traf) + box(b"mdat"))
