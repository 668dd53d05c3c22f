"""Boxes and packet tables out of uploads: whatever the bytes, the answer is a result or BadBoxes."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core import boxes
from infra.core.aac_table import read_aac_table, read_moov
from infra.core.boxes import BadBoxes
from transcode import audio_fragments


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, *numbers: int, after: bytes = b"") -> bytes:
    return box(kind, struct.pack(f">{len(numbers) + 1}I", 0, *numbers), after)


INIT = audio_fragments.audio_init(bytes.fromhex("1190"), 48_000, 2)
SEGMENT = audio_fragments.audio_segment([b"abc", b"defgh"], 96_000, 3)
STSD = INIT[INIT.index(b"stsd") - 4 :]
STSD = STSD[: struct.unpack(">I", STSD[:4])[0]]


def moov(stts: tuple[int, ...] = (1, 5, 1024), stsz: tuple[int, ...] = (0, 5, 10, 11, 12, 13, 14),
         stsc: tuple[int, ...] = (2, 1, 2, 1, 3, 1, 1), stco: tuple[int, ...] = (3, 100, 200, 300),
         elst: tuple[int, ...] = (1, 5000, 1024, 0x10000)) -> bytes:
    """The payload of a moov with one AAC track of five packets in chunks of 2, 2 and 1."""
    stbl = box(b"stbl", STSD, full(b"stts", *stts), full(b"stsz", *stsz), full(b"stsc", *stsc), full(b"stco", *stco))
    mdia = box(b"mdia", full(b"mdhd", 0, 0, 48_000, 5120, 0), full(b"hdlr", 0, after=b"soun" + bytes(12)),
               box(b"minf", stbl))
    return full(b"mvhd", 0, 0, 1000, 5) + box(b"trak", box(b"edts", full(b"elst", *elst)), mdia)


MOOV = moov()


def test_a_packet_table_says_where_each_packet_lies(tmp_path: Path) -> None:
    table = read_aac_table(MOOV, 0)
    assert (len(table), table.sample_rate_hz, table.first_pts) == (5, 48_000, -1024)
    assert table.config.hex() == "1190"
    data = bytearray(400)
    wanted = [b"a" * 10, b"b" * 11, b"c" * 12, b"d" * 13, b"e" * 14]
    for at, packet in zip((100, 110, 200, 212, 300), wanted, strict=True):
        data[at : at + len(packet)] = packet
    (tmp_path / "source").write_bytes(data)
    with (tmp_path / "source").open("rb") as file:
        for first in range(6):
            for last in range(first, 6):
                assert table.read(file, first, last) == wanted[first:last]
        with pytest.raises(BadBoxes):
            read_aac_table(moov(stco=(3, 100, 200, 390)), 0).read(file, 0, 5)


@pytest.mark.parametrize("damage", [
    {"stts": (1, 5, 2048)}, {"stts": (0,)}, {"stts": (1, 0, 1024), "stsz": (0, 0), "stco": (0,)},
    {"stts": (2, 4, 1024)}, {"stsz": (0, 4, 10, 11, 12, 13)}, {"stsz": (0, 5, 10, 11)}, {"stsz": (0, 5, 9999, 1, 1, 1, 1)},
    {"stts": (1, 0xFFFFFFFF, 1024), "stsz": (7, 0xFFFFFFFF)},
    {"stsc": (0,)}, {"stsc": (1, 2, 2, 1)}, {"stsc": (1, 1, 0, 1)}, {"stsc": (1, 1, 2)}, {"stsc": (2, 1, 2, 1, 1, 1, 1)},
    {"stco": (9, 100, 200, 300)}, {"stco": (3, 100)}, {"stco": (1, 100)}, {"stsc": (1, 1, 1, 1)},
    {"elst": (0,)}, {"elst": (1, 5000)}, {"elst": (2, 10, 0, 0, 10, 0, 0)},
])
def test_a_damaged_packet_table_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(BadBoxes):
        read_aac_table(moov(**damage), 0)


def test_an_absent_track_is_refused() -> None:
    with pytest.raises(BadBoxes, match="no such audio track"):
        read_aac_table(MOOV, 1)


def test_a_fragment_says_what_is_in_it() -> None:
    fragment = boxes.read_fragment(SEGMENT)
    assert fragment == boxes.Fragment(96_000, (1024, 1024), True, 1)
    assert boxes.with_sequence_number(SEGMENT, 3) == SEGMENT
    assert boxes.with_sequence_number(SEGMENT, 4) == audio_fragments.audio_segment([b"abc", b"defgh"], 96_000, 4)
    assert boxes.split_init(INIT + SEGMENT) == (INIT, SEGMENT)
    assert boxes.time_scale(INIT) == 48_000


READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "fragment": (boxes.read_fragment, SEGMENT),
    "sequence number": (lambda data: boxes.with_sequence_number(data, 1), SEGMENT),
    "split": (boxes.split_init, INIT + SEGMENT),
    "time scale": (boxes.time_scale, INIT),
    "codecs": (boxes.video_codecs, INIT),
    "packet table": (lambda data: read_aac_table(data, 0), MOOV),
    "adts": (audio_fragments.adts_packets, bytes.fromhex("fff14c8001ffffc0ab") * 2),
}
readers = pytest.mark.parametrize("name", READERS)


def only_bad_boxes(read: Callable[[bytes], Any], data: bytes) -> None:
    with contextlib.suppress(BadBoxes):
        read(data)


@readers
def test_a_file_cut_anywhere_gives_an_answer_or_bad_boxes(name: str) -> None:
    read, whole = READERS[name]
    for length in range(len(whole)):
        only_bad_boxes(read, whole[:length])


@readers
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_changed_bytes_give_an_answer_or_bad_boxes(name: str, data: st.DataObject) -> None:
    read, whole = READERS[name]
    changed = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        changed[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    only_bad_boxes(read, bytes(changed))


@readers
@given(st.binary(max_size=200))
@settings(deadline=None)
def test_noise_gives_an_answer_or_bad_boxes(name: str, noise: bytes) -> None:
    only_bad_boxes(READERS[name][0], noise)


@readers
def test_a_box_too_short_for_its_fields_gives_an_answer_or_bad_boxes(name: str) -> None:
    read, whole = READERS[name]
    for path in leaves(whole):
        for keep in range(24):
            only_bad_boxes(read, shortened(whole, path, keep))


CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf"}


def leaves(data: bytes) -> list[tuple[bytes, ...]]:
    """Paths of the boxes that hold no boxes."""
    try:
        found = list(boxes.boxes(data))
    except BadBoxes:
        return []
    return [path for b in found for path in (
        [(b.kind, *rest) for rest in leaves(data[b.start : b.end])] if b.kind in CONTAINERS else [(b.kind,)])]


def shortened(data: bytes, path: tuple[bytes, ...], keep: int) -> bytes:
    """The same tree of boxes, all sizes right, with only `keep` bytes in the leaf at `path`."""
    parts = []
    for b in boxes.boxes(data):
        body = data[b.start : b.end]
        if b.kind == path[0]:
            body = shortened(body, path[1:], keep) if len(path) > 1 else body[:keep]
        parts.append(box(b.kind, body))
    return b"".join(parts)


@given(st.binary(max_size=60) | st.builds(lambda noise: box(b"free") + noise, st.binary(max_size=60)))
@settings(deadline=None)
def test_finding_the_index_of_noise_gives_bad_boxes(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("noise") / "file"
    path.write_bytes(noise)
    with pytest.raises(BadBoxes):
        read_moov(path)


@pytest.mark.parametrize("before", [b"", box(b"free", bytes(50)), struct.pack(">I4sQ", 1, b"mdat", 40) + bytes(24)])
def test_the_index_is_found_wherever_it_stands(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(before + box(b"moov", MOOV) + box(b"mdat", bytes(9)))
    assert read_moov(path) == MOOV
    path.write_bytes(before + struct.pack(">I4s", 0, b"moov") + MOOV)  # size 0: to the end
    assert read_moov(path) == MOOV


def test_adts_packets_come_back_without_their_headers() -> None:
    assert audio_fragments.adts_packets(bytes.fromhex("fff14c80013ffcabcd" "fff14c80011ffcef")) == [b"\xab\xcd", b"\xef"]
    for damaged in ("ff", "00f14c80013ffcabcd", "fff14c80013ffcab", "fff14c80001ffcab"):
        with pytest.raises(BadBoxes):
            audio_fragments.adts_packets(bytes.fromhex(damaged))
