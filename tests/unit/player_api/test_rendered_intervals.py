"""The browser's interval cutting against a media element that knows what it played: any order of play, pause, seek, speed,
stall and hidden, with looks as coarse as a browser's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LENGTH_S = 600.0
LOOK_EVERY_MS = 250.0  # what browsers give with timeupdate

Cut = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def cut() -> Iterator[Cut]:
    node = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "node"))
    if node is None:
        pytest.fail("no Node: ./lectern test brings one")
    with subprocess.Popen([node, str(HERE / "rendered_lines.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdin is not None and process.stdout is not None

        def ask(looks: list[dict[str, Any]]) -> list[dict[str, Any]]:
            print(json.dumps(looks), file=process.stdin, flush=True)
            events: list[dict[str, Any]] = json.loads(process.stdout.readline())
            return events

        yield ask
        process.stdin.close()


@dataclass
class Element:
    """A media element on a clock of its own, that writes down every look and every stretch it really played."""

    now_ms: float = 1000.0
    at_s: float = 0.0
    rate: float = 1.0
    paused: bool = True
    ready: int = 4
    hidden: bool = False
    ended: bool = False
    looks: list[dict[str, Any]] = field(default_factory=list)
    played: list[tuple[float, float, float, bool]] = field(default_factory=list)

    def look(self, what: str, *, seeking: bool = False, made_ms: float | None = None) -> None:
        self.looks.append({
            "what": what, "now_ms": self.now_ms, "made_ms": made_ms or self.now_ms, "t": 1e12 + self.now_ms,
            "at_s": self.at_s, "rate": self.rate, "paused": self.paused, "seeking": seeking, "ended": self.ended,
            "ready": 1 if seeking else self.ready, "hidden": self.hidden})

    @property
    def playing(self) -> bool:
        return not self.paused and self.ready >= 3 and not self.ended

    def wait(self, ms: float) -> None:
        """Let time pass; while it plays there is a look each quarter of a second."""
        until_ms = self.now_ms + ms
        since_look_ms = 0.0
        while self.now_ms < until_ms - 1e-6 and not self.ended:
            one_ms = min(LOOK_EVERY_MS - since_look_ms, until_ms - self.now_ms)
            if self.playing:
                one_ms = min(one_ms, (LENGTH_S - self.at_s) / self.rate * 1000)
                to_s = self.at_s + one_ms / 1000 * self.rate
                self.played.append((self.at_s, to_s, self.rate, self.hidden))
                self.at_s = to_s
            self.now_ms += one_ms
            since_look_ms = (since_look_ms + one_ms) % LOOK_EVERY_MS
            if self.playing and self.at_s >= LENGTH_S - 1e-9:
                self.ended = self.paused = True
                for what in ("timeupdate", "pause", "ended"):
                    self.look(what)
            elif self.playing and not since_look_ms:
                self.look("timeupdate")
        self.now_ms = max(self.now_ms, until_ms)

    def play(self) -> None:
        if not self.paused:
            return
        if self.ended:
            self.ended, self.at_s = False, 0.0
            self.look("seeking", seeking=True)
            self.look("seeked")
        self.paused = False
        self.look("play")
        if self.ready >= 3:
            self.look("playing")

    def pause(self) -> None:
        if not self.paused:
            self.paused = True
            self.look("timeupdate")
            self.look("pause")

    def seek(self, to_s: float, late_ms: float, takes_ms: float) -> None:
        """The event is handled some time after the seek; until it is over nothing plays."""
        made_ms, playing = self.now_ms, self.playing
        self.at_s, self.ended, self.ready = to_s, False, 4
        self.now_ms += late_ms
        self.look("seeking", seeking=True, made_ms=made_ms)
        self.now_ms += takes_ms
        self.look("seeked")
        if playing or not self.paused:
            self.look("playing")

    def speed(self, rate: float, late_ms: float) -> None:
        """The event is handled late, when it plays at the new speed already."""
        made_ms, self.rate = self.now_ms, rate
        if self.playing and self.at_s + late_ms / 1000 * rate < LENGTH_S:
            to_s = self.at_s + late_ms / 1000 * rate
            self.played.append((self.at_s, to_s, rate, self.hidden))
            self.at_s = to_s
            self.now_ms += late_ms
        self.look("ratechange", made_ms=made_ms)

    def stall(self, ms: float) -> None:
        if self.playing:
            self.ready = 2
            self.look("waiting")
            self.wait(ms)
            self.ready = 4
            self.look("playing")

    def hide(self, hidden: bool) -> None:
        if hidden != self.hidden:
            self.hidden = hidden
            self.look("visibilitychange")


def by_ms(intervals: list[tuple[float, float]]) -> dict[int, int]:
    """How often each tenth of a second was played, in ms."""
    counts: dict[int, int] = {}
    for start_ms, end_ms in intervals:
        tenth = int(start_ms // 100)
        while tenth * 100 < end_ms:
            part = min(end_ms, tenth * 100 + 100) - max(start_ms, tenth * 100)
            counts[tenth] = counts.get(tenth, 0) + round(part)
            tenth += 1
    return counts


def assert_same(events: list[dict[str, Any]], element: Element, off_ms: int) -> None:
    watched = [event for event in events if event["type"] == "watch"]
    assert all(isinstance(event[name], int) for event in watched for name in ("from", "to"))
    assert all(0 <= event["from"] < event["to"] <= LENGTH_S * 1000 + 1 for event in watched)
    # A `wait` that follows another begins anew to count to its next look: up to twice as long passes between two.
    assert all((event["to"] - event["from"]) / event["rate"] <= 10_000 + 2 * LOOK_EVERY_MS + 1 for event in watched)
    for rate, hidden in {(rate, hidden) for *_, rate, hidden in element.played}:
        said = by_ms([(event["from"], event["to"]) for event in watched
                      if event["rate"] == rate and event.get("hidden", False) == hidden])
        true = by_ms([(a * 1000, b * 1000) for a, b, *how in element.played if how == [rate, hidden]])
        wrong = {tenth: (said.get(tenth, 0), true.get(tenth, 0)) for tenth in said.keys() | true.keys()
                 if abs(said.get(tenth, 0) - true.get(tenth, 0)) > off_ms}
        assert not wrong, (rate, hidden, wrong, watched)
    assert {(event["rate"], event.get("hidden", False)) for event in watched} <= {one[2:] for one in element.played}


ACTIONS = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 20_000)),
    st.tuples(st.just("play")),
    st.tuples(st.just("pause")),
    st.tuples(st.just("seek"), st.integers(0, 599).map(float), st.integers(0, 120), st.integers(0, 3000)),
    st.tuples(st.just("speed"), st.sampled_from([0.5, 1.0, 1.5, 2.0, 4.0]), st.integers(0, 250)),
    st.tuples(st.just("stall"), st.integers(1, 5000)),
    st.tuples(st.just("hide"), st.booleans()),
)


def acted(actions: list[tuple[Any, ...]]) -> Element:
    element = Element()
    for name, *arguments in actions:
        if name == "seek":
            element.wait(LOOK_EVERY_MS * 1.4)  # one look since it began to move, and some time since that: see rendered.js
        getattr(element, name)(*arguments)
    element.look("pagehide")
    return element


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTIONS, max_size=40))
def test_what_is_sent_is_what_was_played(cut: Cut, actions: list[tuple[Any, ...]]) -> None:
    element = acted([("play",), *actions])
    # Each interval is rounded to whole milliseconds at both ends; a tenth of a second holds few of them.
    assert_same(cut(element.looks), element, off_ms=4)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 599).map(float), st.integers(0, 120)), max_size=30))
def test_never_more_than_was_played_however_fast_somebody_seeks(cut: Cut, hops: list[tuple[int, float, int]]) -> None:
    element = Element()
    element.play()
    for wait_ms, to_s, late_ms in hops:
        element.wait(wait_ms)
        element.seek(to_s, late_ms, 10)
    element.look("pagehide")
    watched = [event for event in cut(element.looks) if event["type"] == "watch"]
    said_ms = sum(event["to"] - event["from"] for event in watched)
    true_ms = sum(b - a for a, b, *_ in element.played) * 1000
    assert said_ms <= true_ms + 2 * len(hops) + 2
    assert said_ms >= true_ms - (LOOK_EVERY_MS + 2) * (len(hops) + 1)  # what a hop of less than one look showed is lost


def test_waiting_is_told_apart(cut: Cut) -> None:
    element = Element(ready=0)
    element.play()
    element.now_ms += 800
    element.ready = 4
    element.look("playing")
    element.wait(5000)
    element.stall(1500)
    element.wait(2000)
    element.seek(100, 5, 900)  # waiting after a seek is the seek
    element.wait(1000)
    element.pause()
    watched = [event for event in cut(element.looks) if event["type"] == "watch"]
    assert [event.get("startup_ms") for event in watched] == [800, None, None]
    assert [event.get("rebuffer_ms") for event in watched] == [None, 1500, None]
    assert [event.get("rebuffers") for event in watched] == [None, 1, None]
    assert [(event["from"], event["to"]) for event in watched] == [(0, 5000), (5000, 7000), (100_000, 101_000)]


def test_who_gives_up_waiting_is_not_lost(cut: Cut) -> None:
    element = Element()
    element.play()
    element.wait(3000)
    element.ready = 2
    element.look("waiting")
    element.now_ms += 4000
    element.look("pagehide")
    events = cut(element.looks)
    assert [(event["type"], event.get("rebuffer_ms")) for event in events] == [
        ("play", None), ("watch", None), ("rebuffer", None), ("rebuffer", 4000)]


def test_the_source_taken_away_is_no_seek(cut: Cut) -> None:
    """hls.js repairs a decoder by a new source: the position is 0 until it has gone back."""
    element = Element()
    element.play()
    element.wait(2000)
    element.at_s, element.ready = 0.0, 0
    element.look("emptied")
    element.at_s, element.ready = 2.0, 4
    element.look("seeking", seeking=True)
    element.look("seeked")
    element.look("playing")
    element.wait(1000)
    element.pause()
    events = cut(element.looks)
    assert [(event["from"], event["to"]) for event in events if event["type"] == "watch"] == [(0, 2000), (2000, 3000)]


def test_dragging_is_one_seek_and_a_start_in_the_middle_is_none(cut: Cut) -> None:
    element = Element(at_s=40)
    element.look("seeking", seeking=True)
    element.look("seeked")
    element.play()
    element.wait(1000)
    for to_s in (60, 70, 80):
        element.at_s = to_s
        element.look("seeking", seeking=True)
        element.now_ms += 30
    element.look("seeked")
    events = cut(element.looks)
    assert [(event["seek_from"], event["seek_to"]) for event in events if event["type"] == "seek"] == [(41_000, 80_000)]


def test_how_far_behind_is_told_of_where_it_was_played_to(cut: Cut) -> None:
    element = Element(at_s=280.0)
    element.play()
    element.wait(14_000)
    element.seek(50, 30, 500)  # the look that ends the watch is at the target of the seek
    element.wait(2000)
    element.pause()
    edge_s = [300 + look["now_ms"] / 1000 for look in element.looks]  # the newest picture: it goes on
    looks = [look | {"live": look["at_s"] > 200, "behind_s": edge - look["at_s"]}
             for look, edge in zip(element.looks, edge_s, strict=True)]
    watched = [event for event in cut(looks) if event["type"] == "watch"]
    assert [event.get("live", False) for event in watched] == [True, True, False]
    for event in watched:
        assert event["to"] + event["behind_ms"] == pytest.approx(300_000 + event["t"] - 1e12, abs=2)
    assert all("behind_ms" not in event for event in cut(element.looks))
