"""Live captions on the time line: readable when they come, in order, never changed, and late by what is told."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import m3u8
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from live_states import LOOK, Told

from infra.core.live import LiveProfile, Said
from transcode.live import reload
from transcode.live.captions import CaptionTimes, Cue, vtt
from transcode.live.messages import Captions, End
from transcode.live.plan import LivePlan, SourceLook, live_plan
from transcode.live.playlists import MediaPlaylists, multivariant
from transcode.live.reload import Verdict, Wanted


def captioned(language: str | None = "de-CH", look: SourceLook = LOOK) -> LivePlan:
    return live_plan(LiveProfile.DEFAULT, look, captions=True, language=language)


def said(start_s: float, end_s: float, text: str = "So it is.") -> Said:
    return Said(start_s, end_s, (text,))


def test_what_was_said_is_shown_from_the_segment_on_that_is_being_closed() -> None:
    times = CaptionTimes()
    assert times.segment(0, 2, []) == () and times.delay_s is None
    first = times.segment(8, 10, [said(3, 7)])
    assert first == ((8, 12, ("So it is.",)),)
    assert times.delay_s == 5.0
    # It is in the next segment as well, as it was; what follows comes behind it.
    second = times.segment(10, 12, [said(7.5, 9.5, "And so is this.")])
    assert second == first
    assert times.segment(12, 14, []) == ((12, 13.5, ("And so is this.",)),)
    assert times.delay_s == round((5 + 4.5) / 2, 1)
    assert times.segment(14, 16, []) == ()


def test_captions_that_came_much_too_late_are_left_out() -> None:
    times = CaptionTimes()
    assert times.segment(60, 62, [said(20, 24), said(55, 58)]) == ((60, 63, ("So it is.",)),)


@given(st.lists(st.tuples(st.floats(0.2, 8), st.floats(0, 3), st.floats(0.5, 12)), min_size=1, max_size=40))
def test_cues_do_not_overlap_and_are_published_in_time(talk: list[tuple[float, float, float]]) -> None:
    """`talk`: how long something takes to say, the pause after it, and how long its recognition takes."""
    at_s, known_s, waiting = 0.0, 0.0, []
    for takes_s, pause_s, later_s in talk:
        known_s = max(known_s, at_s + takes_s + later_s)  # one after the other, as the recognizer works
        waiting.append((known_s, said(at_s, at_s + takes_s)))
        at_s += takes_s + pause_s
    times, shown, before = CaptionTimes(), list[Cue](), set[Cue]()
    for k in range(int(known_s / 2) + 20):
        start_s, end_s = 2.0 * k, 2.0 * k + 2
        due = [one for known, one in waiting if known <= end_s]
        waiting = [(known, one) for known, one in waiting if known > end_s]
        cues = times.segment(start_s, end_s, due)
        assert all(cue[0] < end_s and cue[1] > start_s for cue in cues)  # those that meet the segment
        assert all(cue in cues for cue in before if cue[1] > start_s)  # RFC 8216bis, 3.1.4, and nothing changes
        assert all(cue[0] >= start_s for cue in cues if cue not in before)  # nothing in what players have played
        shown += [cue for cue in cues if cue not in before]
        before |= set(cues)
    assert all(a[1] <= b[0] + 0.002 for a, b in pairwise(shown))
    assert all(cue[1] - cue[0] >= 0.999 for cue in shown)


def test_a_segment_is_webvtt() -> None:
    text = vtt([(3599.5, 3602.0, ("R < 5 & so --> on", "two"))])
    assert text.splitlines()[:2] == ["WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"]
    (cue,) = webvtt.from_buffer(io.StringIO(text.replace("X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n", "")))
    assert (cue.start, cue.end) == ("00:59:59.500", "01:00:02.000")
    assert cue.raw_text == "R &lt; 5 &amp; so --&gt; on\ntwo"


def test_captions_are_a_rendition_of_the_live_playlist() -> None:
    master = m3u8.loads(multivariant(captioned()))
    (listed,) = master.media
    assert (listed.type, listed.uri, listed.language, listed.name) == ("SUBTITLES", "live-captions/index.m3u8", "de-CH",
                                                                       "Deutsch (CH), live")
    assert all(one.stream_info.subtitles == listed.group_id for one in master.playlists)
    (unknown,) = m3u8.loads(multivariant(captioned(None))).media
    assert unknown.language is None and unknown.name == "Live"
    # Where nothing can be heard, or nobody listens, all is as it was.
    silent = captioned(look=replace(LOOK, sound=False))
    assert "SUBTITLES" not in multivariant(silent)
    assert multivariant(silent) == multivariant(live_plan(LiveProfile.DEFAULT, replace(LOOK, sound=False)))


def test_its_playlist_has_the_segments_of_the_others_and_no_parts() -> None:
    of = Told(captioned())
    of.run()
    of.parts(3 * of.channel.plan.most_parts + 2)
    of.cut()
    of.run()
    of.parts(20 * of.channel.plan.most_parts + 4)
    playlists = MediaPlaylists(of.channel)
    sizes, texts = m3u8.loads(playlists.text(0)), m3u8.loads(playlists.captions())
    closed = [one for one in sizes.segments if one.uri]
    assert [one.uri for one in texts.segments] == [f"{k}.vtt" for k in range(of.channel.open)]
    assert [(a.duration, a.discontinuity) for a in texts.segments] == [(b.duration, b.discontinuity) for b in closed]
    assert texts.target_duration == sizes.target_duration and texts.server_control.can_block_reload == "YES"
    said_of_it = playlists.captions()
    assert "EXT-X-PART" not in said_of_it and "EXT-X-MAP" not in said_of_it and "PRELOAD-HINT" not in said_of_it
    skipping = playlists.captions(skip=True)
    skipped = int(skipping.partition("SKIPPED-SEGMENTS=")[2].partition("\n")[0])
    assert skipping.count("#EXTINF") + skipped == of.channel.open
    of.say(End())
    assert playlists.captions().endswith("#EXT-X-ENDLIST\n")


def test_reloads_wait_for_the_segment() -> None:
    of = Told(captioned())
    of.run()
    of.parts(of.channel.plan.most_parts + 2)  # segment 1 has two parts
    assert reload.judge_captions(of.channel, Wanted(0)) is Verdict.NOW
    assert reload.judge_captions(of.channel, Wanted(1)) is Verdict.WAIT
    assert reload.judge_captions(of.channel, Wanted(1, 0)) is Verdict.WAIT
    assert reload.judge_captions(of.channel, Wanted(9)) is Verdict.TOO_FAR
    of.say(End())
    assert reload.judge_captions(of.channel, Wanted(9)) is Verdict.NOW


def test_captions_come_with_the_newest_segments() -> None:
    """Who follows later gets them, and what is old is no longer kept."""
    of = Told(captioned())
    of.run()
    for k in range(10):
        of.parts(of.channel.plan.most_parts - 1)
        of.say(Captions(k, ((2.0 * k, 2.0 * k + 2, ("Now.",)),)))
        of.parts(1)
    assert sorted(of.channel.captions) == sorted(k for k in of.channel.parts if of.channel.parts[k])
    assert [one.segment for one, _ in of.channel.snapshot() if isinstance(one, Captions)] == sorted(of.channel.captions)
