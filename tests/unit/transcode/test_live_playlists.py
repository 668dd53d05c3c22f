"""Low-latency playlists: what draft-pantos-hls-rfc8216bis asks for, of every session there could be."""

from __future__ import annotations

import re

import m3u8
from hypothesis import given
from hypothesis import strategies as st
from live_states import DATE_S, Told, plan
from test_live_channel import HAPPENS, told

from infra.core.live import LiveProfile
from transcode.live import reload
from transcode.live.messages import End
from transcode.live.playlists import MediaPlaylists, multivariant
from transcode.live.reload import Verdict, Wanted


def text(of: Told, *, skip: bool = False) -> str:
    return MediaPlaylists(of.channel).text(0, skip=skip)


def uris(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


@given(HAPPENS, st.sampled_from(LiveProfile))
def test_rules_of_the_draft(happens: list[int | str], profile: LiveProfile) -> None:
    of = Told(plan(profile))
    of.run()
    for one in happens:
        if isinstance(one, int):
            of.parts(one)
        else:
            of.cut()
            of.run()
    said = text(of)
    read = m3u8.loads(said)
    assert read.target_duration == 2 and read.media_sequence == 0 and not read.is_endlist
    target = read.part_inf.part_target
    control = read.server_control
    assert control.can_block_reload == "YES"
    assert control.part_hold_back >= 2 * target - 1e-6  # 4.4.3.8: at least twice, better three times
    assert control.can_skip_until >= 6 * 2
    assert float(re.search(r"HOLD-BACK=(\d+)", said.replace("PART-HOLD-BACK", ""))[1]) >= 3 * 2  # type: ignore[index]
    assert uris(said) == [f"{k}.m4s" for k in range(of.channel.open)]
    every = [part for segment in read.segments for part in segment.parts]
    assert all(part.duration <= target + 1e-6 for part in every)
    for segment in read.segments:
        assert round(segment.duration or 0) <= 2 if segment.uri else True
        if segment.uri and segment.parts:
            assert abs(sum(part.duration for part in segment.parts) - segment.duration) < 1e-4
        if segment.parts:
            assert segment.parts[0].independent == "YES"
        # 4.4.4.9: at least 85 % of the target, but the last of a segment
        assert all(part.duration >= 0.85 * target for part in segment.parts[:-1])
    # Parts only of the last three target durations.
    listed_s = sum(part.duration for part in every)
    assert listed_s <= 3 * 2 + 2
    assert said.count("#EXT-X-PRELOAD-HINT:TYPE=PART") == 1
    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"', said)
    assert hint and (int(hint[1]), int(hint[2])) == (of.channel.open, len(of.channel.open_parts))
    assert int(hint[2]) < of.channel.plan.most_parts
    assert said.count("#EXT-X-DISCONTINUITY\n") == sum(
        0 < run.first_segment < of.channel.open + bool(of.channel.open_parts) for run in of.channel.runs)


@given(HAPPENS)
def test_a_delta_update_is_the_rest(happens: list[int | str]) -> None:
    of = told([*happens, 30])
    whole, delta = text(of), text(of, skip=True)
    found = re.search(r"#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)", delta)
    if found is None:
        assert delta == whole
        return
    skipped = int(found[1])
    assert "#EXT-X-VERSION:9" in delta
    assert uris(delta) == uris(whole)[skipped:]
    body = delta[delta.index("\n", delta.index("#EXT-X-SKIP")) + 1:]
    lines = [line for line in body.splitlines() if not line.startswith("#EXT-X-MAP")]
    assert [line for line in whole.splitlines() if not line.startswith("#EXT-X-MAP")][-len(lines):] == lines
    # Nothing is skipped that is nearer to the end than CAN-SKIP-UNTIL.
    end = of.channel.start_s(of.channel.open) + sum(p.frames for p in of.channel.open_parts) / of.channel.plan.frame_rate
    assert end - of.channel.start_s(skipped) >= 12


def test_a_long_session_is_short_to_ask_for() -> None:
    of = told([6 * 1000])
    assert len(text(of, skip=True)) < 2500 < len(text(of)) / 5


def test_kept_lines_are_the_same_as_fresh_ones() -> None:
    of = told([3])
    kept = MediaPlaylists(of.channel)
    for step in (3, 7, 1, 20):
        of.parts(step)
        assert kept.text(1) == MediaPlaylists(of.channel).text(1)
        assert kept.text(1, skip=True) == MediaPlaylists(of.channel).text(1, skip=True)


def test_dates_follow_the_clock_and_jump_where_the_publisher_was_away() -> None:
    of = told([12, "cut", 12])
    dated = [segment.program_date_time.timestamp() for segment in m3u8.loads(text(of)).segments if segment.program_date_time]
    assert abs(dated[0] - DATE_S) < 0.001
    read = m3u8.loads(text(of))
    assert [segment.discontinuity for segment in read.segments if segment.uri] == [False, False, True, False]
    assert abs(dated[-1] - (DATE_S + 4 + 10)) < 0.001 or abs(dated[-1] - (DATE_S + 6 + 10)) < 0.001
    assert [segment.init_section.uri for segment in read.segments if segment.uri] == [
        "init.mp4", "init.mp4", "init-1.mp4", "init-1.mp4"]


def test_reports_of_the_other_renditions() -> None:
    of = told([8])
    assert re.findall(r"#EXT-X-RENDITION-REPORT:(.*)", text(of)) == [
        'URI="../live-480p/index.m3u8",LAST-MSN=1,LAST-PART=1', 'URI="../live-360p/index.m3u8",LAST-MSN=1,LAST-PART=1']


def test_the_end_makes_it_a_recording() -> None:
    of = told([8, "cut"])
    of.say(End())
    said = text(of)
    assert m3u8.loads(said).is_endlist and uris(said) == ["0.m4s", "1.m4s"]
    assert not re.search("PART|PRELOAD|SERVER-CONTROL|RENDITION-REPORT", said)


def test_variants() -> None:
    read = m3u8.loads(multivariant(plan()))
    assert [(one.uri, one.stream_info.resolution) for one in read.playlists] == [
        ("live-720p/index.m3u8", (1280, 720)), ("live-480p/index.m3u8", (854, 480)), ("live-360p/index.m3u8", (640, 360))]
    assert all(one.stream_info.codecs.endswith(",mp4a.40.2") for one in read.playlists)


# -- blocking reloads


def test_what_is_there_is_answered_and_what_comes_is_waited_for() -> None:
    channel = told([6 * 3 + 2]).channel  # segments 0, 1, 2, and 3.0, 3.1
    now = [Wanted(0), Wanted(2), Wanted(2, 5), Wanted(3, 0), Wanted(3, 1), Wanted(0, 99), Wanted(2, 6)]
    wait = [Wanted(3), Wanted(3, 2), Wanted(3, 6), Wanted(4), Wanted(4, 0), Wanted(5)]
    far = [Wanted(6), Wanted(6, 0), Wanted(99), Wanted(3, 99)]
    assert [reload.judge(channel, one) for one in now] == [Verdict.NOW] * len(now)
    assert [reload.judge(channel, one) for one in wait] == [Verdict.WAIT] * len(wait)
    assert [reload.judge(channel, one) for one in far] == [Verdict.TOO_FAR] * len(far)
    assert reload.timeout_s(channel) == 6


def test_a_part_behind_the_last_means_the_first_of_the_next() -> None:
    channel = told([6]).channel
    assert reload.judge(channel, Wanted(0, 5)) is Verdict.NOW
    assert reload.judge(channel, Wanted(0, 6)) is Verdict.WAIT
    assert reload.judge(told([7]).channel, Wanted(0, 6)) is Verdict.NOW


def test_after_the_end_nobody_waits() -> None:
    of = told([6])
    of.say(End())
    assert reload.judge(of.channel, Wanted(77, 3)) is Verdict.NOW


@given(HAPPENS, st.integers(0, 30), st.none() | st.integers(0, 20))
def test_who_is_answered_once_is_answered_for_ever(happens: list[int | str], msn: int, part: int | None) -> None:
    of = told(happens)
    before = reload.judge(of.channel, Wanted(msn, part))
    of.parts(1)
    after = reload.judge(of.channel, Wanted(msn, part))
    order = [Verdict.TOO_FAR, Verdict.WAIT, Verdict.NOW]
    assert order.index(after) >= order.index(before)
