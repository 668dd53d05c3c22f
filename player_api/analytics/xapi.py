"""Viewings as statements of the xAPI Video Profile 1.0 (https://w3id.org/xapi/video), and statements as events. Pure.

A stretch played is a `played` and the `paused` or `seeked` that ends it; the speed, which the profile only knows as a
setting of the player, is in `played` and in an `interacted` where it changes in the middle. What is told only by us
(start-up, rebuffering, hidden, dropped frames) does not survive the way there and back; what was watched, at which speed
and in which order, does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
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
MOST_STATEMENTS = 5000  # of one session
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Statement = dict[str, Any]
Event = dict[str, Any]


class Malformed(Exception):
    """A statement is not one of the profile, and says why."""


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


# --- to statements


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


# --- from statements


def events(told: Sequence[Statement]) -> dict[str, list[Event]]:
    """The events of each session in the statements, by session. Raises Malformed.

    Players that send only what they had at the end are taken by `played-segments`.
    """
    sessions: dict[str, list[Statement]] = {}
    for statement in told:
        if (name := _verb(statement)) is not None:
            session = _extension(statement, "context", "session-id")
            if session is None and name == "initialized":
                session = statement.get("id")
            if not isinstance(session, str) or not session:
                raise Malformed(f"A {name!r} statement lacks the context extension session-id.")
            sessions.setdefault(session, []).append(statement)
    return {session: list(_heard(session, own)) for session, own in sessions.items()}


def _heard(session: str, told: list[Statement]) -> Iterator[Event]:
    if len(told) > MOST_STATEMENTS:
        raise Malformed(f"A session has at most {MOST_STATEMENTS} statements.")
    made: list[Event] = []
    open_: tuple[int, float] | None = None  # where it plays from, and how fast
    rate = 1.0
    for statement in sorted(told, key=_t_ms):  # stable: those of one moment stay in order
        name, t_ms = _verb(statement), _t_ms(statement)
        at_ms = _time_ms(statement, "time-from" if name == "seeked" else "time")
        speed = _speed(statement)
        if open_ is not None and at_ms is not None and name != "initialized":
            if at_ms > open_[0]:
                made.append({"type": "watch", "t": t_ms, "from": open_[0], "to": at_ms, "rate": open_[1]})
            rate = speed or rate
            open_ = (at_ms, rate) if name in ("interacted", "played", "completed") else None
        elif name == "played" and at_ms is not None:
            rate = speed or rate
            open_ = (at_ms, rate)
        to_ms = _time_ms(statement, "time-to")
        if name == "seeked" and at_ms is not None and to_ms is not None:
            made.append({"type": "seek", "t": t_ms, "seek_from": at_ms, "seek_to": to_ms})
        elif name == "paused":
            made.append({"type": "pause", "t": t_ms, "from": at_ms})
        elif name == "initialized":
            made.append({"type": "load", "t": t_ms})
    if not any(event["type"] == "watch" for event in made):
        longest = max((segments(_extension(one, "result", "played-segments")) for one in told), key=len, default=[])
        t_ms = max(map(_t_ms, told))
        made += [{"type": "watch", "t": t_ms, "from": start, "to": end, "rate": 1.0}
                 for start, end in longest if end > start]
    for seq, event in enumerate(made):
        yield {"id": event_id(event["t"], "xapi", session, seq), "seq": seq} | {
            key: value for key, value in event.items() if value is not None}


def segments(text: Any) -> list[tuple[int, int]]:
    """`0[.]12.3[,]30[.]45` in milliseconds. Raises Malformed."""
    if text in (None, ""):
        return []
    if not isinstance(text, str):
        raise Malformed("played-segments is a text such as 0[.]12.3[,]30[.]45.")
    found = []
    for part in text.split("[,]"):
        start, mark, end = part.partition("[.]")
        try:
            found.append((_ms(float(start)), _ms(float(end if mark else start))))
        except (ValueError, OverflowError):
            raise Malformed(f"played-segments has no two numbers in {part[:40]!r}.") from None
    return found


def _verb(statement: Statement) -> str | None:
    verb = statement.get("verb")
    return NAMES.get(str(verb.get("id"))) if isinstance(verb, dict) else None


def _extension(statement: Statement, where: str, name: str) -> Any:
    holder = statement.get(where)
    extensions = holder.get("extensions") if isinstance(holder, dict) else None
    return extensions.get(f"{EXTENSIONS}{name}") if isinstance(extensions, dict) else None


def _time_ms(statement: Statement, name: str) -> int | None:
    value = _extension(statement, "result", name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e7:
        raise Malformed(f"The result extension {name} is seconds, a number from 0 on, not {str(value)[:40]!r}.")
    return _ms(value)


def _speed(statement: Statement) -> float | None:
    try:
        speed = float(str(_extension(statement, "context", "speed")).removesuffix("x"))
    except ValueError:
        return None
    return speed if 0 < speed <= 16 else None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _t_ms(statement: Statement) -> int:
    try:
        when = datetime.fromisoformat(str(statement["timestamp"]))
    except (KeyError, ValueError):
        raise Malformed("A statement has a timestamp, such as 2026-11-20T10:00:00.000Z.") from None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


# --- the profile's rules

_MUST = {  # verb: result extensions it must have
    "initialized": (), "played": ("time",), "paused": ("time", "progress", "played-segments"),
    "seeked": ("time-from", "time-to"), "interacted": ("time",), "completed": ("time", "progress", "played-segments"),
    "terminated": ("time", "progress", "played-segments"),
}


def faults(told: Sequence[Statement]) -> list[str]:
    """What the profile forbids in the statements of one session, in sentences."""
    names = [_verb(statement) for statement in told]
    found = []
    if names[:1] != ["initialized"] or names.count("initialized") != 1:
        found.append("A session begins with its one `initialized`.")
    if "terminated" in names[:-1]:
        found.append("Nothing follows `terminated`.")
    if names.count("completed") > 1:
        found.append("`completed` is said once.")
    marks: set[int] = set()  # every time that a statement told
    for name, statement in zip(names, told, strict=True):
        if name is None:
            found.append("A verb is not of the profile.")
            continue
        if statement["object"]["definition"].get("type") != f"{PROFILE}/activity-type/video":
            found.append(f"{name}: the object is no video.")
        if _extension(statement, "context", "session-id") != told[0]["id"]:
            found.append(f"{name}: session-id is the id of `initialized`.")
        found += [f"{name}: lacks {one}." for one in _MUST[name] if _extension(statement, "result", one) is None]
        result = statement.get("result", {})
        if (result.get("completion") is True) != (name == "completed") or ("duration" in result) != (name == "completed"):
            found.append(f"{name}: completion and duration are for `completed`, and must be there.")
        progress = _extension(statement, "result", "progress")
        if progress is not None and not (0 <= progress <= 1 and round(progress, 3) == progress):
            found.append(f"{name}: progress is between 0 and 1, of three decimals.")
        marks |= {ms for one in ("time", "time-from", "time-to") if (ms := _time_ms(statement, one)) is not None}
        played = segments(_extension(statement, "result", "played-segments"))
        if not {edge for one in played for edge in one} <= marks:
            found.append(f"{name}: played-segments has times that no statement told.")
    for (name, one), (_, other) in pairwise(zip(names, told, strict=True)):
        if _t_ms(one) > _t_ms(other):
            found.append(f"{name}: later than what follows it.")
    return found
