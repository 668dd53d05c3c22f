"""What the headers say beside ffprobe: index, completeness, and ends that nobody wrote down."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import pytest
from granted import granted_s
from hypothesis import given
from hypothesis import strategies as st

from ingest.layout import Layout, avi_layout, mp4_layout
from ingest.matroska import last_ends, matroska_layout


def box(kind: bytes, content: bytes = b"", promised: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(content) if promised is None else promised, kind) + content


def layout_of(data: bytes) -> Layout:
    return mp4_layout(io.BytesIO(data), len(data))


FTYP, MOOV, FRAGMENTED = box(b"ftyp", b"isom"), box(b"moov", box(b"mvhd")), box(b"moov", box(b"mvhd") + box(b"mvex"))


@pytest.mark.parametrize(("data", "expected"), [
    (FTYP + MOOV + box(b"mdat", b"x" * 50), Layout(indexed=True)),
    (FTYP + box(b"mdat", b"x" * 50) + MOOV, Layout(indexed=True)),
    (FTYP + MOOV + box(b"mdat", b"x" * 50, promised=0), Layout(indexed=True)),  # 0: to the end
    (FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 66) + b"x" * 50, Layout(indexed=True)),
    (FTYP + MOOV + box(b"mdat", b"x" * 50, promised=999), Layout(indexed=True, overrun=True)),
    (FTYP + box(b"mdat", b"x" * 50, promised=999), Layout(overrun=True, headless=True)),
    (FTYP + box(b"free", b"x" * 50, promised=999) + MOOV, Layout(headless=True)),
    (FTYP + FRAGMENTED + box(b"moof") + box(b"mdat", b"x", promised=999), Layout()),
    (FTYP + box(b"free") * 1000 + MOOV, Layout(headless=True)),  # too many to look at
])
def test_mp4(data: bytes, expected: Layout) -> None:
    assert layout_of(data) == expected


@given(st.binary(max_size=400), st.sampled_from([b"", FTYP, FTYP + MOOV]))
def test_mp4_survives_anything(rest: bytes, start: bytes) -> None:
    layout_of(start + rest)


def test_avi() -> None:
    def avi(promised: int, flags: int) -> Layout:
        data = (b"RIFF" + struct.pack("<I", promised) + b"AVI LIST" + bytes(4) + b"hdrlavih" + struct.pack("<I", 56)
                + bytes(12) + struct.pack("<I", flags) + bytes(200))
        return avi_layout(io.BytesIO(data), len(data))

    assert avi(200, 0x10) == Layout(indexed=True)
    assert avi(200, 0) == Layout()
    assert avi(20_000, 0x10) == Layout(overrun=True)


# Matroska, built from the outside in.

def element(kind: int, content: bytes, *, unknown: bool = False) -> bytes:
    number = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return number + (b"\x01" + b"\xff" * 7 if unknown else (len(content) | 1 << 56).to_bytes(8, "big")) + content


def block(track: int, ticks: int) -> bytes:
    return element(0xA3, bytes([0x80 | track]) + struct.pack(">h", ticks) + b"\0frame")


def cluster(ticks: int, *blocks: bytes, unknown: bool = False) -> bytes:
    return element(0x1F43B675, element(0xE7, ticks.to_bytes(4, "big")) + b"".join(blocks), unknown=unknown)


def track(number: int, kind: int, frame_ns: int = 0) -> bytes:
    return element(0xAE, element(0xD7, bytes([number])) + element(0x83, bytes([kind]))
                   + (element(0x23E383, frame_ns.to_bytes(4, "big")) if frame_ns else b""))


def matroska(clusters: bytes, *, duration: float | None = None, live: bool = True, cues_at: int | None = None) -> bytes:
    info = element(0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(3, "big"))
                   + (element(0x4489, struct.pack(">d", duration)) if duration else b""))
    tracks = element(0x1654AE6B, track(1, 1, 40_000_000) + track(2, 2))
    seek = element(0x114D9B74, element(0x4DBB, element(0x53AB, bytes.fromhex("1c53bb6b"))
                   + element(0x53AC, cues_at.to_bytes(4, "big")))) if cues_at is not None else b""
    return element(0x1A45DFA3, b"\x42\x86\x81\1") + element(0x18538067, seek + info + tracks + clusters, unknown=live)


def read(data: bytes) -> Layout:
    return matroska_layout(io.BytesIO(data), len(data))


def test_a_recording_without_a_duration_ends_with_its_last_blocks() -> None:
    clusters = cluster(0, block(1, 0), block(2, 0)) + cluster(8000, block(1, 0), block(2, 10), block(1, 960), unknown=True)
    assert read(matroska(clusters)) == Layout(
        end_s=Fraction(9), video_end_s=Fraction(9), audio_end_s=Fraction(801, 100))


def test_a_duration_is_believed_when_the_file_is_whole_and_measured_when_it_is_cut() -> None:
    whole = matroska(cluster(0, block(1, 0)) + cluster(5000, block(1, 0), block(2, 0)) + cluster(9000, block(1, 0)),
                     duration=9040.0, live=False)
    assert read(whole) == Layout()
    cut = read(whole[:-40])
    assert cut.overrun
    assert cut.end_s == Fraction(504, 100)


def test_an_index_counts_only_where_it_is() -> None:
    assert read(matroska(cluster(0, block(1, 0)), duration=40.0, cues_at=60)).indexed
    assert not read(matroska(cluster(0, block(1, 0)), duration=40.0, cues_at=60_000)).indexed


def test_the_end_is_found_behind_megabytes_of_one_cluster() -> None:
    filler = element(0xA3, b"\x81\0\0\0" + b"\x1f\x43\xb6\x75" * 700_000)  # 2.8 MB that look like clusters
    layout = read(matroska(cluster(1000, block(1, 0), block(2, 0), filler, filler, filler)))
    assert layout.video_end_s == Fraction(104, 100)


def test_a_tail_of_traps_is_read_in_bounded_time() -> None:
    false_start = b"\x1f\x43\xb6\x75\xff\xec\x80"
    traps = [b"\x1f\x43\xb6\x75" * 2_000_000, cluster(0) * 300_000, false_start * 600_000,
             element(0xEC, false_start) * 300_000, cluster(0, block(1, 1) * 600_000), cluster(0, unknown=True) * 300_000,
             element(0xA0, element(0xEC, b"") * 600_000) + cluster(0, element(0xA0, element(0xEC, b"") * 600_000))]
    started = granted_s()
    for tail in traps:
        last_ends(tail, 1_000_000, {})
    assert granted_s() - started < 30


@given(st.binary(max_size=400), st.booleans())
def test_matroska_survives_anything(rest: bytes, headed: bool) -> None:
    read(matroska(rest) if headed else b"\x1a\x45\xdf\xa3" + rest)
    last_ends(cluster(5, rest) + rest, 1_000_000, {})
