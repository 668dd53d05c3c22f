"""CMCD reports become events. The samples are what the pinned players sent in `tests/e2e/test_cmcd_players.py`."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_api.analytics.cmcd import Malformed, Viewing, dictionary, read, understood

SAMPLES = Path(__file__).parent / "cmcd_samples"
SID = "018f2d3c-7a11-7c05-9a70-4f6d5b0c2e11"
T0_MS = 1_795_300_000_000


def told(*reports: str) -> list[dict[str, Any]]:
    """The events of reports that come one by one; `ts` in them is from T0_MS on."""
    viewing, found = Viewing(), []
    for sn, report in enumerate(reports):
        line = f'{report},sid="{SID}",cid="p_1",sn={sn},v=2'
        batch = understood(read(line.encode(), "application/cmcd", "token=t"), viewing)
        viewing = batch.after
        found += batch.events
    return [{key: value for key, value in event.items() if key not in ("id", "seq", "t", "estimated")} for event in found]


def report(ts_ms: int, state: str, more: str = "") -> str:
    return f"e=ps,ts={T0_MS + ts_ms},sta={state}{more}"


def sample(player: str) -> list[dict[str, Any]]:
    viewing, found = None, []
    for kind, query, body in json.loads((SAMPLES / f"{player}.json").read_text()):
        reports = read(body.encode(), kind, query)
        batch = understood(reports, viewing)
        viewing = batch.after
        assert reports.identity[0] == SID and reports.identity[1].startswith("p_") and reports.identity[2] == "t"
        found += batch.events
    return found


@pytest.mark.parametrize("player", ["hlsjs", "dashjs"])
def test_what_the_players_sent(player: str) -> None:
    """They played from 0 to 4 s, went to 20 s, played to 23 s and paused."""
    found = sample(player)
    watched = [(event["from"], event["to"]) for event in found if event["type"] == "watch"]
    assert watched[0][0] < 300 and watched[-1][1] == pytest.approx(23_000, abs=300)
    [before] = [end for (_, end), (start, _) in pairwise(watched) if start > end + 1000]
    assert before == pytest.approx(4000, abs=400)
    assert sum(end - start for start, end in watched) == pytest.approx(7000, abs=600)
    assert [event["type"] for event in found if event["type"] in ("load", "play", "seek", "pause")] == [
        "load", "play", "seek", "pause"]
    assert all(event["estimated"] for event in found if event["type"] == "watch")
    assert len({event["id"] for event in found}) == len({event["seq"] for event in found}) == len(found)
    assert next(event for event in found if event["type"] == "quality")["bitrate"] > 100_000


def test_shaka_player_names_no_states() -> None:
    """Its build of 5.2.12 sends neither `ps` nor `sta`. A playhead that moves on with the clock has played; every two
    seconds, so the seconds around the start, the seek and the pause are not known.
    """
    found = sample("shaka")
    assert {event["type"] for event in found} == {"load", "quality", "play", "watch"}
    watched = [(event["from"], event["to"]) for event in found if event["type"] == "watch"]
    assert 4000 <= sum(end - start for start, end in watched) <= 7600, watched
    assert not any(start < 19_000 and end > 5000 for start, end in watched), watched
    assert sum("startup_ms" in event for event in found) == 1


def test_start_up_and_rebuffering() -> None:
    assert told(report(0, "d"), report(1000, "s"), report(1800, "p", ",pt=0"), report(9800, "r", ",pt=8000"),
                report(11_300, "p", ",pt=8000"), report(14_300, "a", ",pt=11000")) == [
        {"type": "load"},
        {"type": "play", "startup_ms": 800, "from": 0},
        {"type": "watch", "from": 0, "to": 8000, "rate": 1.0},
        {"type": "rebuffer", "rebuffers": 1, "rebuffer_ms": 1500, "from": 8000},
        {"type": "watch", "from": 8000, "to": 11_000, "rate": 1.0},
        {"type": "pause", "from": 11_000}]


def test_waiting_after_a_seek_is_no_rebuffering() -> None:
    found = told(report(0, "p", ",pt=0"), report(5000, "k", ",pt=60000"), report(5010, "r", ",pt=60000"),
                 report(7000, "p", ",pt=60000"))
    assert [event["type"] for event in found] == ["load", "play", "watch", "seek"]
    assert found[2] == {"type": "watch", "from": 0, "to": 5000, "rate": 1.0}
    assert found[3] == {"type": "seek", "seek_from": 5000, "seek_to": 60_000}


def test_speed_switches_and_errors() -> None:
    found = told(report(0, "p", ",pt=0,br=(1200;v 96;a)"), report(4000, "p", ",pt=4000,pr=2"),
                 report(8000, "p", ",pt=12000,br=(3000;v 96;a)"), report(9000, "f", ',pt=14000,ec=("E1" "E2")'))
    assert [event for event in found if event["type"] not in ("load", "play")] == [
        {"type": "quality", "bitrate": 1_296_000},
        {"type": "watch", "from": 0, "to": 4000, "rate": 1.0, "bitrate": 1_296_000},
        {"type": "rate", "rate": 2.0},
        {"type": "watch", "from": 4000, "to": 12_000, "rate": 2.0, "bitrate": 1_296_000},
        {"type": "quality", "bitrate": 3_096_000, "switches": 1},
        {"type": "watch", "from": 12_000, "to": 14_000, "rate": 2.0, "bitrate": 3_096_000},
        {"type": "error", "code": "E1,E2", "fatal": True}]


def test_of_what_is_live_it_is_told_how_far_behind_it_is() -> None:
    found = told(report(0, "p", ",pt=1000,st=l"), report(9000, "p", ",pt=10000,st=l,ltc=2100"),
                 report(19_000, "p", ",pt=20000,st=l,ltc=64000"), report(29_000, "p", ",pt=30000,st=v,ltc=2100"),
                 report(39_000, "p", ",pt=40000,st=l,ltc=-1"))
    watched = [event for event in found if event["type"] == "watch"]
    assert [(event["to"], event.get("behind_ms"), event.get("live")) for event in watched] == [
        (10_000, 2100, True), (20_000, 64_000, None), (30_000, None, None), (40_000, None, None)]


def test_without_a_playhead_no_second_is_made_up() -> None:
    found = told(report(0, "s"), report(500, "p"), report(60_500, "a"))
    assert [event["type"] for event in found] == ["load", "play", "pause"]


def test_a_report_that_comes_again_adds_nothing() -> None:
    line = f'e=ps,sta=p,pt=0,ts={T0_MS},sid="{SID}",cid="p_1",sn=0,v=2'.encode()
    first = understood(read(line, "application/cmcd", ""))
    assert understood(read(line, "application/cmcd", ""), first.after).events == []
    assert understood(read(line, "application/cmcd", "")) == first  # and the same names


def test_a_batch_is_what_its_reports_are_one_by_one() -> None:
    lines = [f'{one},sid="{SID}",cid="p_1",sn={sn},v=2' for sn, one in enumerate(
        [report(0, "p", ",pt=0"), report(4000, "p", ",pt=4000"), report(6000, "a", ",pt=6000")])]
    whole = understood(read("\n".join(reversed(lines)).encode(), "application/cmcd", ""))
    viewing, events = Viewing(), []
    for line in lines:
        batch = understood(read(line.encode(), "application/cmcd", ""), viewing)
        viewing = batch.after
        events += batch.events
    assert (whole.events, whole.after) == (events, viewing)


def test_structured_fields() -> None:
    assert dictionary('a=1, b=-2.5,c, d=?0;x=1,e="say \\"so\\"",f=tok/en,g=(1;v "x" tok);q,com.ex-k=(  )') == {
        "a": 1, "b": -2.5, "c": True, "d": False, "e": 'say "so"', "f": "tok/en", "g": (1, "x", "tok"), "com.ex-k": ()}


@pytest.mark.parametrize("line", ["", "=1", "A=1", "a=", "a=(1", "a=1 b=2", 'a="open', "a=1,,b=2", "a=1,", "x" * 5000])
def test_what_is_no_dictionary_is_refused(line: str) -> None:
    with pytest.raises(Malformed):
        dictionary(line)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(
    ["e=ps", "sta=p", "ts=1", "sn=1", 'sid="x"', 'cid="p"', "pt=5", "pr=0", "br=(1)", "(", '"', ";v", "=", "ts=-5", "sn=1.5",
     f"ts={10 ** 15 - 1}"]), max_size=12).map(",".join))
def test_nothing_sent_breaks_it(line: str) -> None:
    try:
        batch = understood(read(line.encode("utf-8", "replace"), "application/cmcd", ""), Viewing(state="p", at_ms=0))
    except Malformed as refusal:
        assert str(refusal).endswith(".")
    else:
        assert all(event["to"] > event["from"] >= 0 for event in batch.events if event["type"] == "watch")
