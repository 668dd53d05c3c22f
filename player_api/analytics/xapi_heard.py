"""Statements of the xAPI Video Profile as events, in whatever portions they arrive. Pure.

A `played` may come in one request and its `paused` in the next, so what is understood follows from the events of the session
that are there already: whether it plays, from where and how fast. A statement that was understood is known by its id.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from player_api.analytics.event_ids import event_id, uid_of
from player_api.analytics.kinds import NAMES as KINDS
from player_api.analytics.kinds import Row
from player_api.analytics.xapi import EXTENSIONS, NAMES, Event, Statement

# verb: the kinds of events that it can become. By them a statement that comes again is known.
_BECOMES = {"initialized": ("load",), "played": ("play", "watch"), "paused": ("pause", "watch"), "seeked": ("seek", "watch"),
            "interacted": ("rate", "watch"), "completed": ("watch",), "terminated": ("pause", "watch")}
_MUST = {"played": ("time",), "paused": ("time",), "seeked": ("time-from", "time-to"), "completed": ("time",),
         "terminated": ("time",)}
MOST_SEGMENTS = 1000


class Malformed(Exception):
    """A statement is not one of the profile, and says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """A statement, read. Positions are milliseconds of the media."""

    id: str
    verb: str
    session: str
    learner: str  # as the actor is identified: `account.name` where there is one
    object_id: str
    t_ms: int
    at_ms: int | None  # time, or time-from of a `seeked`
    to_ms: int | None
    rate: float | None
    segments: Sequence[tuple[int, int]]


class Open(NamedTuple):
    """It plays, from there on, as of then."""

    from_ms: int
    t_ms: int


class Before(NamedTuple):
    """What follows from the events of a session that are known."""

    open: Open | None = None
    rate: float = 1.0
    watched: bool = False  # a stretch is known
    first_ms: int | None = None  # when it began
    uids: frozenset[int] = frozenset()


def before(rows: Iterable[Row]) -> Before:
    """What is known by the rows of a session, in the order of their numbers."""
    found = Before()
    uids = set[int]()
    for row in rows:
        uids.add(row.uid)
        kind, open_ = KINDS[row.kind], found.open
        if kind == "play" and row.a_ms is not None:
            open_ = Open(row.a_ms, row.t_ms)
        elif kind == "watch" and row.b_ms is not None:
            open_ = Open(row.b_ms, row.t_ms)
        elif kind == "rate" and open_ is not None and row.a_ms is not None:
            open_ = Open(row.a_ms, row.t_ms)
        elif kind in ("pause", "seek", "ended"):
            open_ = None
        found = found._replace(
            open=open_, rate=row.rate / 1000 if row.rate else found.rate, watched=found.watched or kind == "watch",
            first_ms=row.t_ms if found.first_ms is None else min(row.t_ms, found.first_ms))
    return found._replace(uids=frozenset(uids))


def heard(told: Sequence[Told], known: Before) -> list[Event]:
    """The events that statements of one session add to what is known, in their order, without numbers."""
    made: list[Event] = []
    now = known
    for one in sorted(told, key=lambda one: one.t_ms):  # stable: those of one moment stay in order
        if any(uid_of(_name(one, kind)) in known.uids for kind in _BECOMES[one.verb]):
            continue
        added, now = _understood(one, now)
        made += added
    return made


def _name(one: Told, kind: str, number: int = 0) -> str:
    return event_id(one.t_ms, "xapi", one.session, one.id, kind, *([number] if number else []))


def _understood(one: Told, now: Before) -> tuple[list[Event], Before]:
    made: list[Event] = []

    def add(kind: str, **more: Any) -> None:
        made.append({"id": _name(one, kind), "type": kind, "t": one.t_ms} | {
            key: value for key, value in more.items() if value is not None})

    at_ms, verb, open_ = one.at_ms, one.verb, now.open
    was_open = open_ is not None and at_ms is not None and one.t_ms >= open_.t_ms
    if open_ is not None and at_ms is not None and was_open and at_ms > open_.from_ms:
        add("watch", **{"from": open_.from_ms, "to": at_ms, "rate": now.rate, "estimated": True})
    rate = one.rate or now.rate
    if verb == "initialized":
        add("load")
    elif verb == "played":
        add("play", **{"from": at_ms, "rate": rate})
    elif verb == "interacted" and at_ms is not None:
        add("rate", **{"from": at_ms, "rate": rate})
    elif verb == "seeked":
        add("seek", seek_from=at_ms, seek_to=one.to_ms)
    elif verb == "paused" or (verb == "terminated" and was_open):
        add("pause", **{"from": at_ms})
    watched = now.watched or any(event["type"] == "watch" for event in made)
    if verb == "terminated" and not watched:  # a player that tells only what it had at the end
        made += _at_the_end(one, now.first_ms)
        watched = bool(one.segments)
    goes_on = verb == "played" or (was_open and verb in ("interacted", "completed"))
    if at_ms is not None and verb != "initialized" and (goes_on or was_open):
        open_ = Open(at_ms, one.t_ms) if goes_on else None
    return made, now._replace(open=open_, rate=rate, watched=watched,
                              first_ms=one.t_ms if now.first_ms is None else now.first_ms)


def _at_the_end(one: Told, first_ms: int | None) -> Iterator[Event]:
    """Its segments as if one had followed the other: when each of them was played is not told."""
    left_ms = sum(end - start for start, end in one.segments)
    for number, (start, end) in enumerate(one.segments):
        left_ms -= end - start
        if end > start:
            t_ms = max(one.t_ms - left_ms, 0 if first_ms is None else first_ms)
            yield {"id": _name(one, "watch", number), "type": "watch", "t": t_ms, "from": start, "to": end, "rate": 1.0,
                   "estimated": True}


# --- reading a statement


def read(statement: Any, now_ms: int) -> Told:
    """A statement, checked. Raises Malformed."""
    if not isinstance(statement, dict):
        raise Malformed("A statement is an object.")
    verb = verb_of(statement)
    if verb is None:
        raise Malformed("Its verb is none of the xAPI Video Profile.")
    session = extension(statement, "context", "session-id")
    if session is None and verb == "initialized":
        session = statement.get("id")
    if not isinstance(session, str) or not 0 < len(session) <= 200:
        raise Malformed(f"A {verb!r} statement lacks the context extension session-id.")
    thing = statement.get("object")
    object_id = thing.get("id") if isinstance(thing, dict) else None
    if not isinstance(object_id, str) or not object_id:
        raise Malformed("Its object has an id, which names the video.")
    times = {name: time_ms(statement, name) for name in ("time", "time-from", "time-to")}
    if missing := next((name for name in _MUST.get(verb, ()) if times[name] is None), None):
        raise Malformed(f"A {verb!r} statement lacks the result extension {missing}.")
    played = segments(extension(statement, "result", "played-segments"))
    if len(played) > MOST_SEGMENTS:
        raise Malformed(f"At most {MOST_SEGMENTS} played-segments are taken.")
    t_ms = stamp_ms(statement) if "timestamp" in statement else now_ms
    return Told(_id(statement), verb, session, _learner(statement.get("actor")), object_id, t_ms,
                times["time-from" if verb == "seeked" else "time"], times["time-to"], _speed(statement), played)


def _id(statement: Statement) -> str:
    try:
        return str(uuid.UUID(str(statement["id"])))
    except (KeyError, ValueError):
        raise Malformed("The id of a statement is a UUID.") from None


def _learner(actor: Any) -> str:
    if isinstance(actor, dict) and actor.get("objectType", "Agent") == "Agent":
        account = actor.get("account")
        name = account.get("name") if isinstance(account, dict) else None
        for found in (name, *(actor.get(way) for way in ("mbox", "mbox_sha1sum", "openid"))):
            if isinstance(found, str) and 0 < len(found) <= 300:
                return found.removeprefix("mailto:")
    raise Malformed("Its actor is one agent, with an account, mbox, mbox_sha1sum or openid.")


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
            pair = _ms(float(start)), _ms(float(end if mark else start))
            if not 0 <= pair[0] < 1e10 or not 0 <= pair[1] < 1e10:
                raise ValueError
        except (ValueError, OverflowError):
            raise Malformed(f"played-segments has no two numbers in {part[:40]!r}.") from None
        found.append(pair)
    return found


def verb_of(statement: Statement) -> str | None:
    """The verb of the profile, or None."""
    verb = statement.get("verb")
    return NAMES.get(str(verb.get("id"))) if isinstance(verb, dict) else None


def extension(statement: Statement, where: str, name: str) -> Any:
    """An extension of the profile in `context` or `result`, or None."""
    holder = statement.get(where)
    extensions = holder.get("extensions") if isinstance(holder, dict) else None
    return extensions.get(f"{EXTENSIONS}{name}") if isinstance(extensions, dict) else None


def time_ms(statement: Statement, name: str) -> int | None:
    """A result extension that is a position; None: it is not there. Raises Malformed."""
    value = extension(statement, "result", name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise Malformed(f"The result extension {name} is seconds, a number from 0 on, not {str(value)[:40]!r}.")
    return _ms(value)


def stamp_ms(statement: Statement) -> int:
    """Unix milliseconds of the timestamp. Raises Malformed."""
    try:
        when = datetime.fromisoformat(str(statement["timestamp"]))
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (KeyError, ValueError, OverflowError):
        raise Malformed("A timestamp looks like 2026-11-20T10:00:00.000Z.") from None


def _speed(statement: Statement) -> float | None:
    try:
        speed = float(str(extension(statement, "context", "speed")).removesuffix("x"))
    except ValueError:
        return None
    return speed if 0 < speed <= 16 else None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
