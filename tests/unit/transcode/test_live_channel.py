"""The state of a session: the same wherever its messages are applied, whole or by a snapshot, however they were cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_states import DATE_S, Told, plan

from transcode.live.channel import KEPT_SEGMENTS, Channel, snapshot_bytes
from transcode.live.messages import BadFeed, Closed, End, Framed, Hello, Message, Part, Reader, Run, encode
from transcode.live.playlists import MediaPlaylists
from transcode.live.timeline import Timeline

HAPPENS = st.lists(st.one_of(st.integers(1, 15), st.just("cut")), min_size=1, max_size=8)


def told(happens: list[int | str]) -> Told:
    """A session in which so many parts come, and encoders end, in this order."""
    of = Told()
    of.run()
    for one in happens:
        if isinstance(one, int):
            of.parts(one)
        else:
            of.cut()
            of.run()
    return of


def of_snapshot(data: bytes) -> Channel:
    first, *rest = Reader().feed(data)
    assert isinstance(first.message, Hello)
    channel = Channel.of(Timeline.model_validate_json(first.message.timeline))
    for one in rest:
        channel.apply(one)
    return channel


@given(HAPPENS)
@settings(deadline=None)
def test_who_comes_late_sees_the_same(happens: list[int | str]) -> None:
    here = told(happens).channel
    late = of_snapshot(snapshot_bytes(here))
    for rendition in range(3):
        assert MediaPlaylists(late).text(rendition) == MediaPlaylists(here).text(rendition)
        for segment in range(here.open + 1):
            assert late.segment(rendition, segment) == here.segment(rendition, segment)
            assert late.part(rendition, segment, 0) == here.part(rendition, segment, 0)
    assert late.timeline(late.open) == here.timeline(here.open)


@given(HAPPENS, st.integers(1, 50))
def test_the_feed_survives_any_cut(happens: list[int | str], size: int) -> None:
    messages = told(happens).messages
    data = b"".join(encode(one.message, one.blobs) for one in messages)
    reader = Reader()
    assert [one for at in range(0, len(data), size) for one in reader.feed(data[at:at + size])] == messages


@given(HAPPENS)
def test_only_the_newest_bytes_are_kept(happens: list[int | str]) -> None:
    channel = told(happens).channel
    assert all(segment >= channel.open - KEPT_SEGMENTS for segment in channel.parts)
    assert sum(channel.segments) == channel.start_s(channel.open) * channel.plan.frame_rate


@given(HAPPENS)
def test_the_time_line_lists_what_is_stored(happens: list[int | str]) -> None:
    channel = told(happens).channel
    for stored in range(channel.open + 1):
        known = channel.timeline(stored)
        assert len(known.segments) == stored
        assert all(run.first_segment < stored for run in known.runs)
        assert Timeline.model_validate_json(known.model_dump_json()) == known


def test_a_segment_is_its_parts() -> None:
    of = told([6])
    assert of.channel.segment(1, 0) == b"<0.0 1><0.1 1><0.2 1><0.3 1><0.4 1><0.5 1>"
    assert of.channel.segment(1, 1) is None
    assert of.channel.init(2, 0) == b"init 0 2"


def test_an_encoder_that_made_nothing_leaves_no_trace() -> None:
    of = told([6, "cut"])
    of.run()
    assert [run.first_segment for run in of.channel.runs] == [0, 1]
    assert of.channel.runs[-1].number == 2


@pytest.mark.parametrize("wrong", [
    Part(0, 1, 10, False, sizes=(1, 1, 1)), Part(1, 0, 10, True, sizes=(1, 1, 1)), Part(0, 0, 10, False, sizes=(1, 1, 1)),
    Closed(0), Closed(3), Run(1, 4, 0.0, (1, 1, 1)), Hello("{}"),
])
def test_what_does_not_follow_is_refused(wrong: Message) -> None:
    channel = Channel(plan())
    channel.apply(Framed(Run(0, 0, 0.0, (1, 1, 1)), (b"a", b"b", b"c")))
    with pytest.raises(BadFeed):
        channel.apply(Framed(wrong, (b"a", b"b", b"c") if getattr(wrong, "sizes", ()) else ()))


def test_a_feed_of_something_else_is_refused() -> None:
    for data in (b"GET / HTTP/1.1\n", b'{"kind":"nothing"}\n', b'{"kind":"part","segment":1,"part":0,"frames":1,'
                 b'"independent":true,"sizes":[-1]}\n', b'{"kind":"part"}\n'):
        with pytest.raises(BadFeed):
            list(Reader().feed(data))
    with pytest.raises(ValueError, match="sizes"):
        encode(Part(0, 0, 1, True, sizes=(2,)), [b"a"])


def test_the_end_is_the_end() -> None:
    of = told([7, "cut"])
    of.say(End())
    assert of.channel.ended
    assert of_snapshot(snapshot_bytes(of.channel)).ended


def test_a_moment_is_found_on_the_time_line() -> None:
    told = Told()  # the encoder was away for 10 s, after 6 s
    told.run()
    told.parts(18)
    told.run()
    told.parts(3)
    channel = told.channel
    assert channel.known_s == 7.0
    assert [round(channel.at_s(DATE_S + after_s), 6) for after_s in (-5, 0, 2.5, 6, 11, 16, 16.75, 20)] == [
        0, 0, 2.5, 6, 6, 6, 6.75, 10]
