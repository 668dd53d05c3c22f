"""Captions as samples without gaps: at every moment the text of all cues that are shown then."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.text_samples import Captions, Shown, caption_track, chapter_list, chapter_track, spans

times_ms = st.integers(0, 20_000)
cues = st.lists(st.tuples(times_ms, st.integers(0, 5000), st.sampled_from(["a", "b\nc", "漢"])), max_size=12)


def shown(timed: list[tuple[int, int, str]]) -> list[Shown]:
    return [Shown(start_s=begin / 1000, end_s=(begin + long) / 1000, text=text) for begin, long, text in timed]


@settings(max_examples=80, deadline=None)
@given(cues, st.integers(1, 25_000))
def test_at_every_moment_what_is_shown_then(timed: list[tuple[int, int, str]], end_ms: int) -> None:
    found = spans(shown(timed), end_ms / 1000)
    assert sum(ticks for ticks, _ in found) == end_ms
    assert all(ticks > 0 for ticks, _ in found)
    assert not any(before == after == "" for (_, before), (_, after) in pairwise(found))
    at = 0
    for ticks, text in found:
        for moment in (at, at + ticks - 1):
            there = [one for one in sorted(timed, key=lambda one: one[0]) if one[0] <= moment < one[0] + one[1]]
            assert text == "\n".join(one[2] for one in there)
        at += ticks


@settings(max_examples=40, deadline=None)
@given(cues, st.lists(st.integers(1, 24_999), max_size=5, unique=True))
def test_each_sample_lies_in_the_segment_that_it_begins_in(timed: list[tuple[int, int, str]], cuts_ms: list[int]) -> None:
    starts_s = [0.0, *(cut / 1000 for cut in sorted(cuts_ms)), 25.0]
    part = caption_track(Captions(language="en", default=True, cues=tuple(shown(timed))), starts_s, 1280, 720)
    assert len(part.track.chunks) == len(part.payloads) == len(starts_s) - 1
    assert b"".join(part.payloads) == b"".join(
        struct.pack(">H", len(text.encode())) + text.encode() for _, text in spans(shown(timed), 25.0))
    for chunk, payload, start_s in zip(part.track.chunks, part.payloads, starts_s, strict=False):
        assert sum(chunk.sizes) == chunk.data_bytes == len(payload)
        assert not chunk.sizes or chunk.decode_time >= round(start_s * 1000)


def test_a_text_that_is_too_long_is_cut_between_signs() -> None:
    long = [Shown(start_s=0, end_s=1, text="é漢" * 20_000), Shown(start_s=1, end_s=2, text="漢" * 200)]
    sample = caption_track(Captions(language="und", default=False, cues=tuple(long)), [0.0, 2.0], 640, 360).payloads[0]
    (size,) = struct.unpack_from(">H", sample)
    assert 0xFFFF - 3 <= size <= 0xFFFF
    assert sample[2:2 + size].decode() == ("é漢" * 20_000)[:len(sample[2:2 + size].decode())]
    listed = chapter_list(long)
    assert listed[4:8] == b"chpl" and len(listed) < 600
    assert chapter_list([]) == b""
    assert chapter_list([Shown(start_s=i, end_s=i + 1, text="x") for i in range(300)])[16] == 255
    assert chapter_track(long, [0.0, 2.0]).payloads[0].endswith(b"encd\0\0\1\0")
