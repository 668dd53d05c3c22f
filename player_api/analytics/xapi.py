"""Viewings as statements of the xAPI Video Profile 1.0 (https://w3id.org/xapi/video). Pure.

A stretch played is a `played` and the `paused` or `seeked` that ends it; the speed, which the profile only knows as a
setting of the player, is in `played` and in an `interacted` where it changes in the middle. What is told only by us
(start-up, rebuffering, hidden, dropped frames) is not in them; `xapi_heard` reads what was watched, at which speed and in
which order, the same out of them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from player_api.analytics.event_ids import event_id

ADL = "http://adlnet.gov/expapi/verbs/"
PROFILE = "https://w3id.org/xapi/video"
EXTENSIONS = f"{PROFILE}/extensions/"
VERBS = {
    "initialized": f"{ADL}initialized", "played": f"{PROFILE}/verbs/played", "paused": f"{PROFILE}/verbs/paused",
    "seeked": f"{PROFILE}/verbs/seeked", "interacted": f"{ADL}interacted", "completed": f"{ADL}completed",
    "terminated": f"{ADL}terminated",
}
NAMES = {iri: name for name, iri in VERBS.items()}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Statement = dict[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Viewing:
    """One session of one learner with one video."""

    session: str  # a UUID
    actor: dict[str, Any]
    object_id: str  # an IRI of the video
    title: str
    length_ms: int
    events: Sequence[Event]  # in the order of `seq`
    completion_threshold: float = 1.0


def statements(viewing: Viewing, *, over: bool = True) -> list[Statement]:
    """What the profile says of a viewing, in order. `over`: it has ended, so that it is paused and terminated."""
    return list(_Telling(viewing).all(over)) if viewing.events else []


class _Telling:
    def __init__(self, viewing: Viewing) -> None:
        self.viewing = viewing
        self.count = 0
        self.segments: list[list[int]] = []
        self.wall_ms = 0.0
        self.playing = False
        self.rate = 1.0
        self.completed = False

    def all(self, over: bool) -> Iterator[Statement]:
        events = self.viewing.events
        first = min(map(_starts_ms, events))
        yield self._statement("initialized", first, id_=self.viewing.session, context={
            "length": _s(self.viewing.length_ms), "completion-threshold": self.viewing.completion_threshold})
        last_ms = first
        for event in events:
            last_ms = max(last_ms, int(event["t"]))
            if event["type"] == "watch":
                yield from self._watched(event)
            elif event["type"] == "seek":
                yield from self._seeked(event)
            elif event["type"] in ("pause", "ended"):
                yield from self._paused(int(event["t"]))
        if over:
            yield from self._paused(last_ms)
            yield self._statement("terminated", last_ms, result=self._so_far(self._at_ms))

    def _watched(self, event: Event) -> Iterator[Statement]:
        start_ms, end_ms, rate = int(event["from"]), int(event["to"]), float(event["rate"])
        if self.playing and start_ms != self.segments[-1][1]:  # a jump that nobody announced
            yield from self._seeked({"t": _starts_ms(event), "seek_from": self.segments[-1][1], "seek_to": start_ms})
        if not self.playing:
            yield self._statement("played", _starts_ms(event), {"time": _s(start_ms)}, {"speed": f"{rate:g}x"})
            self.segments.append([start_ms, start_ms])
        elif rate != self.rate:
            yield self._statement("interacted", _starts_ms(event), {"time": _s(start_ms)}, {"speed": f"{rate:g}x"})
        self.playing, self.rate = True, rate
        self.segments[-1][1] = end_ms
        self.wall_ms += (end_ms - start_ms) / rate

    def _seeked(self, event: Event) -> Iterator[Statement]:
        from_ms = self.segments[-1][1] if self.playing else int(event["seek_from"])
        if from_ms != event["seek_to"]:
            to_ms = int(event["seek_to"])
            yield self._statement("seeked", int(event["t"]), {"time-from": _s(from_ms), "time-to": _s(to_ms)})
            self.playing = False

    def _paused(self, t_ms: int) -> Iterator[Statement]:
        if self.playing:
            self.playing = False
            yield self._statement("paused", t_ms, self._so_far(self._at_ms))
        progress = self._progress()
        if self.segments and not self.completed and progress >= self.viewing.completion_threshold:
            self.completed = True
            yield self._statement("completed", t_ms, self._so_far(self._at_ms), result_more={
                "completion": True, "duration": f"PT{round(self.wall_ms / 1000, 2):g}S"})

    @property
    def _at_ms(self) -> int:
        return self.segments[-1][1] if self.segments else 0

    def _progress(self) -> float:
        covered = covered_ms(self.segments)
        return min(int(covered / self.viewing.length_ms * 1000) / 1000, 1.0) if self.viewing.length_ms else 0.0

    def _so_far(self, at_ms: int) -> dict[str, Any]:
        played = "[,]".join(f"{_s(start)}[.]{_s(end)}" for start, end in self.segments)
        return {"time": _s(at_ms), "progress": self._progress(), "played-segments": played}

    def _statement(self, verb: str, t_ms: int, result: dict[str, Any] | None = None,
                   context: dict[str, Any] | None = None, *, id_: str | None = None,
                   result_more: dict[str, Any] | None = None) -> Statement:
        viewing = self.viewing
        self.count += 1
        made: Statement = {
            "id": id_ or event_id(t_ms, "xapi", viewing.session, self.count),
            "actor": viewing.actor,
            "verb": {"id": VERBS[verb], "display": {"en-US": verb}},
            "object": {"objectType": "Activity", "id": viewing.object_id, "definition": {
                "type": f"{PROFILE}/activity-type/video", "name": {"en-US": viewing.title}}},
            "timestamp": (_EPOCH + timedelta(milliseconds=t_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "context": {
                "contextActivities": {"category": [{"id": PROFILE}]},
                "extensions": _named({"session-id": viewing.session} | (context or {})),
            },
        }
        if result is not None:
            made["result"] = {"extensions": _named(result)} | (result_more or {})
        return made


def covered_ms(intervals: Iterable[Sequence[int]]) -> int:
    """How much of the media the half-open intervals cover, each moment once."""
    covered, until = 0, 0
    for start, end in sorted(map(tuple, intervals)):
        covered += max(end - max(start, until), 0)
        until = max(until, end)
    return covered


def _starts_ms(event: Event) -> int:
    t_ms = int(event["t"])
    return t_ms - round((event["to"] - event["from"]) / event["rate"]) if event["type"] == "watch" else t_ms


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {f"{EXTENSIONS}{name}": value for name, value in values.items()}


def _s(ms: int) -> float:
    return ms / 1000
