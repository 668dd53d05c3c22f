"""Our viewings as xAPI statements and back: the profile's rules hold, and no watched second is lost on the way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xapi_rules import faults

from player_api.analytics import xapi, xapi_heard
from player_api.analytics.event_ids import uid_of
from player_api.analytics.intake import Batch, Event, rows_of
from player_api.analytics.kinds import WATCH, Row
from player_api.analytics.xapi import EXTENSIONS, Viewing, statements
from player_api.analytics.xapi_heard import Before, Malformed, segments

SESSION = "018f2d3c-7a11-7c05-9a70-4f6d5b0c2e11"
START_MS = 1_795_000_000_000
LENGTH_MS = 120_000


def viewing(own: list[dict[str, Any]], **how: Any) -> Viewing:
    actor = {"account": {"homePage": "https://lms.example", "name": "learner-7"}}
    return Viewing(SESSION, actor, "https://lectern.example/watch/p_1", "Graphs", LENGTH_MS, own, **how)


@st.composite
def viewings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events as the watch page sends them: cut every ten seconds, at seeks, pauses and changes of speed."""
    t_ms, at_ms, rate = START_MS, 0, 1.0
    own: list[dict[str, Any]] = [{"type": "load", "t": t_ms}]
    for what in draw(st.lists(st.sampled_from(["watch", "watch", "watch", "seek", "pause", "rate"]), max_size=30)):
        t_ms += draw(st.integers(1, 5000))
        if what == "watch" and at_ms < LENGTH_MS:
            to_ms = min(at_ms + draw(st.integers(1, 10_000)), LENGTH_MS)
            t_ms += round((to_ms - at_ms) / rate)
            own.append({"type": "watch", "t": t_ms, "from": at_ms, "to": to_ms, "rate": rate})
            at_ms = to_ms
        elif what == "seek":
            to_ms = draw(st.integers(0, LENGTH_MS - 1))
            own.append({"type": "seek", "t": t_ms, "seek_from": at_ms, "seek_to": to_ms})
            at_ms = to_ms
        elif what == "pause":
            own.append({"type": "pause", "t": t_ms, "from": at_ms})
        else:
            rate = draw(st.sampled_from([0.5, 1.0, 1.25, 2.0]))
    return own


def events(told: list[Any]) -> dict[str, list[dict[str, Any]]]:
    """The events of the sessions in these statements."""
    sessions: dict[str, list[xapi_heard.Told]] = {}
    for one in told:
        read = xapi_heard.read(one, START_MS)
        sessions.setdefault(read.session, []).append(read)
    return {session: xapi_heard.heard(its, Before()) for session, its in sessions.items()}


def played(own: list[dict[str, Any]]) -> list[tuple[int, int, float]]:
    """The stretches in order; pieces that touch are one."""
    found: list[tuple[int, int, float]] = []
    for event in own:
        if event["type"] != "watch":
            continue
        if found and found[-1][1:] == (event["from"], event["rate"]):
            found[-1] = (found[-1][0], event["to"], event["rate"])
        else:
            found.append((event["from"], event["to"], event["rate"]))
    return found


@settings(max_examples=300, deadline=None)
@given(viewings())
def test_what_was_watched_survives_the_way_there_and_back(own: list[dict[str, Any]]) -> None:
    told = statements(viewing(own))
    assert faults(told) == []
    [(session, heard)] = events(told).items()
    assert session == SESSION
    assert played(heard) == played(own)
    seeks = [(event["seek_from"], event["seek_to"]) for event in heard if event["type"] == "seek"]
    assert seeks == [(event["seek_from"], event["seek_to"]) for event in own
                     if event["type"] == "seek" and event["seek_from"] != event["seek_to"]]
    ids = [event["id"] for event in heard]
    assert len(set(ids)) == len(ids)
    assert events(told) == {session: heard}  # the same names when it is read again


@settings(max_examples=200, deadline=None)
@given(viewings(), st.data())
def test_in_whatever_portions_it_arrives_and_again_it_is_the_same(own: list[dict[str, Any]], data: st.DataObject) -> None:
    told = statements(viewing(own))
    whole = events(told).get(SESSION, [])
    kept: list[Row] = []
    at = 0
    while at < len(told):
        to = at + data.draw(st.integers(1, 4))
        again = told[data.draw(st.integers(0, at)):at]  # a request that was sent before, and not answered
        made = xapi_heard.heard([xapi_heard.read(one, START_MS) for one in [*again, *told[at:to]]], xapi_heard.before(kept))
        batch = Batch(v=1, sent_at=0, token="t", video="v", session="s", events=msgspec.convert(
            [event | {"seq": len(kept) + place} for place, event in enumerate(made)], list[Event]))
        rows, refused, _ = rows_of(batch, 1, 1, LENGTH_MS, 2**42, None)
        assert not refused
        # What the inbox keeps, at the times that were told.
        kept += [Row._make((0, *row))._replace(t_ms=event["t"]) for row, event in zip(rows, made, strict=True)]
        at = to
    assert [row.uid for row in kept] == [uid_of(event["id"]) for event in whole]
    assert [(row.a_ms, row.b_ms, row.rate) for row in kept if row.kind == WATCH] == [
        (event["from"], event["to"], round(event["rate"] * 1000)) for event in whole if event["type"] == "watch"]


@settings(max_examples=100, deadline=None)
@given(viewings())
def test_statements_of_what_was_heard_are_the_same_statements(own: list[dict[str, Any]]) -> None:
    told = statements(viewing(own))
    again = statements(viewing(events(told)[SESSION]))
    essential = [(one["verb"]["id"], one.get("result", {}).get("extensions")) for one in told]
    assert [(one["verb"]["id"], one.get("result", {}).get("extensions")) for one in again] == essential


def test_a_viewing_as_the_profile_tells_it() -> None:
    told = statements(viewing([
        {"type": "load", "t": START_MS},
        {"type": "watch", "t": START_MS + 10_000, "from": 0, "to": 10_000, "rate": 1.0},
        {"type": "watch", "t": START_MS + 12_000, "from": 10_000, "to": 12_000, "rate": 1.0},
        {"type": "seek", "t": START_MS + 13_000, "seek_from": 12_000, "seek_to": 60_000},
        {"type": "watch", "t": START_MS + 23_000, "from": 60_000, "to": 80_000, "rate": 2.0},
        {"type": "pause", "t": START_MS + 23_000, "from": 80_000},
    ], completion_threshold=0.2))
    assert [one["verb"]["display"]["en-US"] for one in told] == [
        "initialized", "played", "seeked", "played", "paused", "completed", "terminated"]
    assert told[0]["id"] == SESSION
    paused, completed = told[4]["result"], told[5]["result"]
    assert paused["extensions"] == {
        f"{EXTENSIONS}time": 80.0, f"{EXTENSIONS}progress": 0.266,
        f"{EXTENSIONS}played-segments": "0.0[.]12.0[,]60.0[.]80.0"}
    assert completed["completion"] is True
    assert completed["duration"] == "PT22S"
    assert told[1]["timestamp"] == "2026-11-18T11:06:40.000Z"
    assert told[3]["context"]["extensions"][f"{EXTENSIONS}speed"] == "2x"


def test_who_is_not_yet_gone_is_not_terminated() -> None:
    told = statements(viewing([{"type": "watch", "t": START_MS, "from": 0, "to": 1000, "rate": 1.0}]), over=False)
    assert [one["verb"]["display"]["en-US"] for one in told] == ["initialized", "played"]


def test_a_player_that_tells_only_segments_is_understood() -> None:
    told = statements(viewing([{"type": "watch", "t": START_MS, "from": 0, "to": 9000, "rate": 1.0}]))
    [heard] = events([told[0], told[-1]]).values()
    assert played(heard) == [(0, 9000, 1.0)]


@pytest.mark.parametrize(("break_", "said"), [
    (lambda told: told.pop(0), "begins with its one"),
    (lambda told: told.append(told[1]), "Nothing follows"),
    (lambda told: told[2]["result"]["extensions"].pop(f"{EXTENSIONS}progress"), "lacks progress"),
    (lambda told: told[2]["result"].update(completion=True), "completion and duration"),
    (lambda told: told[2]["result"]["extensions"].update({f"{EXTENSIONS}played-segments": "0[.]3.3"}), "no statement told"),
    (lambda told: told[1]["context"]["extensions"].update({f"{EXTENSIONS}session-id": "other"}), "session-id"),
    (lambda told: told[1]["object"]["definition"].update(type="x"), "no video"),
    (lambda told: told[1].update(timestamp="2030-01-01T00:00:00Z"), "later than"),
])
def test_the_rules_find_what_breaks_them(break_: Any, said: str) -> None:
    told = statements(viewing([{"type": "watch", "t": START_MS + 9000, "from": 0, "to": 9000, "rate": 1.0}]))
    assert faults(told) == []
    break_(told)
    assert any(said in fault for fault in faults(told)), faults(told)


@pytest.mark.parametrize("text", ["1", "a[.]b", "1[.]", "[,]", "nan[.]1", "1[.]inf", 7, ["0[.]1"]])
def test_segments_that_are_none_are_refused(text: Any) -> None:
    if text == "1":
        assert segments(text) == [(1000, 1000)]
        return
    with pytest.raises(Malformed):
        segments(text)


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["verb", "id", "result", "context", "extensions", "timestamp",
                                                       f"{EXTENSIONS}time", f"{EXTENSIONS}session-id"]), inner, max_size=4)))
def test_nothing_sent_breaks_it(rubbish: Any) -> None:
    for verb in xapi.VERBS.values():
        statement = {"id": SESSION, "timestamp": "2026-11-20T10:00:00Z"} | (rubbish if isinstance(rubbish, dict) else {}) | {
            "verb": {"id": verb}}
        try:
            events([statement])
        except Malformed as refusal:
            assert str(refusal).endswith(".")
