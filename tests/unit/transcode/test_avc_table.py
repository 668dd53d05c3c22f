"""The packet table of an H.264 track: which key frames are closed, when pictures are shown, and no trust in any number."""

from __future__ import annotations

import contextlib
import struct
from itertools import pairwise
from typing import Any

import pytest
from fit_sources import AVCC
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.avc import nal_units, read_avcc, without_parameters
from infra.core.avc_table import Unfit, read_avc_table, spread, thinned
from infra.core.boxes import BadBoxes, boxes, read_fragment
from transcode.box_writing import box, full_box
from transcode.video_fragments import video_init, video_segment


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def moov(kind: bytes = b"avc1", entries: int = 1, stts: tuple[int, ...] = (1, 10, 512), elst: tuple[int, ...] = (),
         ctts: tuple[int, ...] = (4, 1, 1024, 1, 2048, 1, 512, 7, 1024), stss: tuple[int, ...] = (3, 1, 4, 9),
         stsz: tuple[int, ...] = (7, 10), more: bytes = b"") -> bytes:
    """The payload of a moov: ten pictures of 7 bytes in two chunks, shown 0 2 1 3 4 5 6 7 8 9."""
    entry = box(kind, bytes(24), struct.pack(">HH", 640, 360), bytes(50), box(b"avcC", bytes.fromhex(AVCC["high"])))
    stbl = box(b"stbl", full_box(b"stsd", 0, 0, numbers(entries), entry * entries), *(
        full_box(name, 0, 0, numbers(*values)) for name, values in (
            (b"stts", stts), (b"ctts", ctts), (b"stss", stss), (b"stsz", stsz), (b"stsc", (1, 1, 5, 1)),
            (b"stco", (2, 100, 300))) if values))
    mdia = box(b"mdia", full_box(b"mdhd", 0, 0, numbers(0, 0, 12_800, 5120, 0)),
               full_box(b"hdlr", 0, 0, numbers(0), b"vide", bytes(12)), box(b"minf", stbl))
    edts = box(b"edts", full_box(b"elst", 0, 0, numbers(*elst))) if elst else b""
    return full_box(b"mvhd", 0, 0, numbers(0, 0, 1000, 5)) + box(b"trak", edts, mdia) + more


MOOV = moov()


def test_it_says_where_each_picture_lies_and_when_it_is_shown() -> None:
    table = read_avc_table(MOOV, 0)
    assert list(table.times) == [512 * n for n in (2, 5, 3, 5, 6, 7, 8, 9, 10, 11)]
    assert list(table.locate(4, 6)) == [(128, 7), (300, 7)]
    assert (table.width_px, table.height_px, table.scale, len(table)) == (640, 360, 12_800, 10)
    assert list(table.sync) == [0, 3, 8]
    assert table.bytes_between([0, 3, 8]) == [21, 35, 14]


def test_a_key_frame_that_a_picture_is_shown_across_is_not_closed() -> None:
    # Pictures in the order of decoding, by when they are shown; keys are 0 and 3.
    for shown, closed in (((0, 2, 1, 3, 5, 4), [0, 3]), ((0, 2, 1, 4, 3, 5), [0]), ((0, 3, 1, 2, 5, 4), [0]),
                          ((1, 0, 2, 3, 5, 4), [3]), ((0, 1, 3, 3, 4, 5), [0])):
        ctts = [6] + [word for i, at in enumerate(shown) for word in (1, 512 * (at - i))]
        table = read_avc_table(moov(stts=(1, 6, 512), ctts=tuple(ctts), stss=(2, 1, 4), stsz=(7, 6)), 0)
        assert table.closed_keys() == closed, shown


def test_pictures_off_their_pace_are_measured() -> None:
    assert read_avc_table(moov(ctts=()), 0).uneven_ticks() == 0
    table = read_avc_table(moov(stts=(3, 4, 512, 1, 612, 5, 492), ctts=()), 0)
    assert 60 < table.uneven_ticks() < 120


@pytest.mark.parametrize(("code", "changes"), [
    ("several_descriptions", {"entries": 2}), ("in_band_parameters", {"kind": b"avc3"}),
    ("edit_list", {"elst": (2, 100, 0, 0x10000, 100, 2048, 0x10000)}),
    ("too_many_packets", {"stts": (1, 1 << 22, 512)}),
])
def test_what_can_not_be_copied_has_a_code(code: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Unfit) as unfit:
        read_avc_table(moov(**changes), 0)
    assert unfit.value.code == code


@pytest.mark.parametrize("changes", [
    {"kind": b"hvc1"}, {"stts": (1, 0, 512)}, {"stts": (1, 9, 512)}, {"ctts": (1, 9, 0)}, {"ctts": (1, 0xFFFFFFFF, 0)},
    {"stss": (2, 4, 1)}, {"stss": (1, 0)}, {"stss": (1, 11)}, {"stss": (9, 1)}, {"stsz": (7, 11)}, {"entries": 0},
])
def test_a_damaged_table_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadBoxes):
        read_avc_table(moov(**changes), 0)


@given(st.integers(0, len(MOOV) - 5), st.binary(min_size=1, max_size=4))
@settings(deadline=None)
def test_changed_bytes_give_an_answer_or_bad_boxes(at: int, noise: bytes) -> None:
    data = MOOV[:at] + noise + MOOV[at + len(noise):]
    with contextlib.suppress(BadBoxes):
        table = read_avc_table(data, 0)
        list(table.locate(0, len(table)))
        assert set(table.closed_keys()) <= set(range(len(table)))
        read_avcc(table.config)


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_any_bytes_are_a_configuration_or_bad_boxes(data: bytes) -> None:
    for one in (data, bytes.fromhex(AVCC["high"])[:20] + data):
        with contextlib.suppress(BadBoxes):
            read_avcc(one)
        with contextlib.suppress(BadBoxes):
            assert all(0 <= kind < 32 and start < end for kind, start, end in nal_units(one, 4))


@given(st.sets(st.integers(1, 5000)), st.integers(1, 60))
@settings(deadline=None)
def test_crowded_key_frames_are_thinned_without_new_gaps(keys: set[int], least: int) -> None:
    listed = [0, *sorted(keys)]
    kept = thinned(listed, least)
    assert set(kept) <= set(listed)
    assert (kept[0], kept[-1]) == (0, listed[-1])
    widest = max([b - a for a, b in pairwise(listed)], default=0)
    assert all(b - a <= max(widest, 2 * least) for a, b in pairwise(kept))
    assert len(kept) <= 2 + listed[-1] / least


@given(st.lists(st.integers(), min_size=1, max_size=200, unique=True), st.integers(2, 20))
@settings(deadline=None)
def test_looking_at_some_key_frames_looks_at_both_ends(keys: list[int], most: int) -> None:
    chosen = spread(keys, most)
    assert len(chosen) == len(set(chosen)) == min(len(keys), most)
    assert (chosen[0], chosen[-1]) == (keys[0], keys[-1])


def test_a_segment_says_what_it_was_made_of() -> None:
    pictures = [b"\0\0\0\1e", b"\0\0\0\2Ab", b"\0\0\0\1A"]
    media = video_segment(pictures, [0, 2, 1], decode_time=9000, tick=100, frames=5, number=7)
    fragment = read_fragment(media)
    assert (fragment.decode_time, fragment.durations, fragment.first_is_sync, fragment.others_sync) == (
        9000, (100, 100, 300), True, 0)
    assert media.endswith(b"".join(pictures))
    offsets = [struct.unpack(">i", media[media.index(b"trun") + 16 + 16 * i + 12:][:4])[0] for i in range(3)]
    assert offsets == [0, 100, -100]
    init = video_init(bytes.fromhex(AVCC["high"]), 640, 360, 12_800, 512)
    assert [one.kind for one in boxes(init)] == [b"ftyp", b"moov"]
    assert read_avc_table(moov(), 0).config in init


def test_repeated_parameter_sets_are_left_out_and_others_are_refused() -> None:
    config = read_avcc(bytes.fromhex(AVCC["high"]))

    def unit(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    delimiter, picture = unit(b"\x09\xf0"), unit(b"\x65" + bytes(9))
    repeated = b"".join(unit(one) for one in sorted(config.parameters))
    assert len(config.parameters) == 2
    assert without_parameters(delimiter + repeated + picture, config) == delimiter + picture
    assert without_parameters(delimiter + picture, config) == delimiter + picture
    assert without_parameters(picture + repeated, config) == picture
    with pytest.raises(BadBoxes, match="other parameter sets"):
        without_parameters(unit(min(config.parameters) + b"x") + picture, config)
