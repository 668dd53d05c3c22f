"""CMCD version 2 (CTA-5004-B), event mode: what other players report of themselves, as events of ours. Pure.

A report is a dictionary of structured fields (RFC 9651), one a line. It tells states and times, no intervals: stretches
played are pieced together from the playheads of consecutive reports and marked `estimated`. hls.js 1.7, Shaka Player 5.2
and dash.js 5.2 know the key `pt` (playhead) and never set it, and Shaka's compiled build leaves out the state (`sta`), too;
`lectern-pt`, a custom key that a page can add, is taken as well. Without either there are start-up, rebuffering, switches
and errors, and no seconds: a guess from the clock would invent where a learner was after a seek.

Reports come one a request, so what is known of a viewing goes from one call to the next: `Batch.after`, a few numbers.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from player_api.analytics.event_ids import event_id

PLAYHEAD = ("pt", "lectern-pt")
MOST_REPORTS = 500
MOST_LINE = 4096
EVENTS_A_REPORT = 8  # at most; leaves room for them between two sequence numbers
NEAR_MS = 30_000  # behind the newest picture: less is watched live, as in our own player
SLACK_MS = 1000  # clocks and playheads are read one after the other
PLAYING, PAUSED, SEEKING, ENDED = "p", "a", "k", "e"
WAITING = ("r", "w")

Value = bool | int | float | str | tuple["Value", ...]
Event = dict[str, Any]


class Malformed(Exception):
    """A line is no dictionary of structured fields."""


class Identity(NamedTuple):
    """Whose viewing of what."""

    session: str  # a UUID: of the player, or made from its name for the session
    video: str  # `cid`: the playback id
    token: str
    player: str


@dataclass(frozen=True, slots=True)
class Viewing:
    """What is known after a report."""

    state: str = ""
    since_ms: int = 0  # in this state
    at_ms: int | None = None  # the playhead, read at `seen_ms`
    seen_ms: int = 0
    rate: float = 1.0
    hidden: bool = False
    bitrate: int = 0
    asked_ms: int | None = None  # play was asked for
    started: bool = False
    starved_ms: int | None = None
    seek_from_ms: int | None = None
    sn: int = -1


class Reports(NamedTuple):
    """The reports of a request, in their order."""

    identity: Identity
    sid: str
    reports: list[dict[str, Value]]


class Batch(NamedTuple):
    """What reports mean, and what is known of the viewing after them."""

    events: list[Event]
    after: Viewing


def read(body: bytes, content_type: str, query: str) -> Reports:
    """The reports of a request. Raises Malformed, with a sentence that says what was expected.

    `query` is the URL's: `token=`, and `CMCD=` where a report comes without a body.
    """
    asked = parse_qs(query, max_num_fields=20)
    kind = content_type.partition(";")[0].strip().lower()
    if body and kind not in ("application/cmcd", "text/plain", ""):
        raise Malformed(f"Reports come as application/cmcd, one a line, not as {kind}.")
    try:
        text = body.decode() or "\n".join(asked.get("CMCD", ()))
    except UnicodeDecodeError:
        raise Malformed("Reports are UTF-8 text.") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_REPORTS:
        raise Malformed(f"Send between 1 and {MOST_REPORTS} reports.")
    reports = sorted(map(dictionary, lines), key=lambda report: _whole(report.get("sn")) or 0)
    first = reports[0]
    sid, cid = first.get("sid"), first.get("cid")
    if not (isinstance(sid, str) and sid and isinstance(cid, str) and cid):
        raise Malformed("A report names its session (sid) and the playback id of its video (cid).")
    if any((report.get("sid"), report.get("cid")) != (sid, cid) for report in reports):
        raise Malformed("One request carries the reports of one session (sid) and one video (cid).")
    player = {"h": "cmcd hls", "d": "cmcd dash"}.get(str(first.get("sf")), "cmcd")
    return Reports(Identity(_session(sid), cid, asked.get("token", [""])[0], player), sid, reports)


def understood(found: Reports, before: Viewing | None = None) -> Batch:
    """The events that reports mean after what is known. Raises Malformed as `read` does."""
    viewing = before or Viewing()
    events: list[Event] = []
    for report in found.reports:
        viewing, more = _step(viewing, report, found.sid)
        events += more
    return Batch(events, viewing)


# --- what one report adds


def _step(before: Viewing, report: dict[str, Value], sid: str) -> tuple[Viewing, list[Event]]:
    now_ms, sn = _whole(report.get("ts")), _whole(report.get("sn"))
    if now_ms is None or sn is None:
        raise Malformed("A report of events says when (ts) and counts (sn).")
    if sn <= before.sn:
        return before, []  # sent twice; what came late is left out, its numbers are in the next one
    state = str(report.get("sta") or before.state)
    at_ms = next((at for at in (_whole(report.get(key)) for key in PLAYHEAD) if at is not None and at >= 0), None)
    rate = report.get("pr", before.rate)
    rate = float(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0 else before.rate
    hidden = bool(report.get("bg", before.hidden))
    after = replace(before, state=state, sn=sn, rate=rate, hidden=hidden, seen_ms=now_ms, at_ms=at_ms)
    events: list[Event] = []
    if before.sn < 0:
        events.append({"type": "load"})
    if (stretch := _stretch(before, state, at_ms, now_ms)) is not None:
        events.append(stretch | _live(report))
    if state != before.state:
        after = replace(after, since_ms=now_ms)
        after = _changed(before, after, report, events)
    elif not state and not before.started and (startup_ms := _whole(report.get("msd"))) is not None:
        events.append({"type": "play", "startup_ms": max(startup_ms, 0)})
        after = replace(after, started=True)
    if state == PLAYING and rate != before.rate and before.sn >= 0:
        events.append({"type": "rate", "rate": rate})
    bitrate = _bits(report.get("br"))
    if bitrate and bitrate != before.bitrate:
        after = replace(after, bitrate=bitrate)
        events.append({"type": "quality", "bitrate": bitrate} | ({"switches": 1} if before.bitrate else {}))
    if report.get("e") == "e" or state == "f" != before.state:
        codes = report.get("ec")
        code = ",".join(map(str, codes)) if isinstance(codes, tuple) else str(codes or "player_failed")
        events.append({"type": "error", "code": code[:64], "fatal": state == "f"})
    dropped = _whole(report.get("dfa"))
    if dropped and events:
        events[-1]["dropped"] = dropped
    return after, [{"id": event_id(now_ms, "cmcd", sid, sn, index), "seq": sn * EVENTS_A_REPORT + index, "t": now_ms} | event
                   for index, event in enumerate(events[:EVENTS_A_REPORT])]


def _stretch(before: Viewing, state: str, at_ms: int | None, now_ms: int) -> Event | None:
    """What was played since the report before."""
    if before.state not in (PLAYING, "") or before.at_ms is None:
        return None  # without any state, a playhead that moves on with the clock has played
    likely_ms = max(now_ms - before.seen_ms, 0) * before.rate
    if state == SEEKING or at_ms is None:
        to_ms = before.at_ms + round(likely_ms)  # the playhead is the target already
    elif -SLACK_MS < at_ms - before.at_ms <= likely_ms + SLACK_MS * max(before.rate, 1):
        to_ms = at_ms
    else:
        return None  # it went somewhere and did not say so
    if to_ms <= before.at_ms:
        return None
    return {"type": "watch", "from": before.at_ms, "to": to_ms, "rate": before.rate, "estimated": True} | (
        {"hidden": True} if before.hidden else {}) | ({"bitrate": before.bitrate} if before.bitrate else {})


def _live(report: dict[str, Value]) -> Event:
    """How far behind the newest picture (`ltc`) somebody is, of what is live (`st`)."""
    behind_ms = _whole(report.get("ltc"))
    if report.get("st") != "l" or behind_ms is None or not 0 <= behind_ms < 2**31:
        return {}
    return {"behind_ms": behind_ms} | ({"live": True} if behind_ms < NEAR_MS else {})


def _changed(before: Viewing, after: Viewing, report: dict[str, Value], events: list[Event]) -> Viewing:
    """The state is another."""
    now_ms, at = after.seen_ms, {} if after.at_ms is None else {"from": after.at_ms}
    if after.state == "s" and after.asked_ms is None:
        after = replace(after, asked_ms=now_ms)
    if before.starved_ms is not None:
        events.append({"type": "rebuffer", "rebuffers": 1, "rebuffer_ms": max(now_ms - before.starved_ms, 0)} | at)
        after = replace(after, starved_ms=None)
    if after.state == PLAYING:
        if not before.started:
            startup_ms = _whole(report.get("msd"))
            if startup_ms is None or startup_ms < 2:  # some count it from the end of loading
                startup_ms = max(now_ms - (before.asked_ms or now_ms), startup_ms or 0)
            events.append({"type": "play", "startup_ms": startup_ms} | at)
            after = replace(after, started=True)
        elif before.state == PAUSED:
            events.append({"type": "play"} | at)
        if before.seek_from_ms is not None and after.at_ms is not None:
            events.append({"type": "seek", "seek_from": before.seek_from_ms, "seek_to": after.at_ms})
            after = replace(after, seek_from_ms=None)
    elif after.state in WAITING and before.state == PLAYING:  # after a seek it is the seek that waits
        after = replace(after, starved_ms=now_ms)
    elif after.state == SEEKING and before.started and before.at_ms is not None and before.seek_from_ms is None:
        moved_ms = round((now_ms - before.seen_ms) * before.rate) if before.state == PLAYING else 0
        after = replace(after, seek_from_ms=before.at_ms + max(moved_ms, 0))
    elif after.state == PAUSED and before.started:
        events.append({"type": "pause"} | at)
    elif after.state == ENDED:
        events.append({"type": "ended"} | at)
    return after


def _session(sid: str) -> str:
    try:
        return str(uuid.UUID(sid))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:cmcd:{sid}"))


def _whole(value: Value | None) -> int | None:
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return round(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _bits(value: Value | None) -> int:
    """`br` is in kbit/s, of picture and sound where they come apart."""
    rates = value if isinstance(value, tuple) else (value,)
    return sum(rate * 1000 for rate in rates if isinstance(rate, int) and not isinstance(rate, bool) and rate > 0)


# --- structured fields: the part of them that CMCD uses

_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,3})?")
_STRING = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~\w:/]*")
_PARAMETER = re.compile(r";[ ]*[a-z*][a-z0-9_\-.*]*(=(\"(?:[^\"\\]|\\[\"\\])*\"|[^,;() ]+))?")


def dictionary(line: str) -> dict[str, Value]:
    """A line's keys and values; parameters (`;v`) are left out. Raises Malformed."""
    if len(line) > MOST_LINE:
        raise Malformed(f"A report has at most {MOST_LINE} characters.")
    found: dict[str, Value] = {}
    for key, value in _members(line.strip()):
        found[key] = value
    return found


def _members(line: str) -> Iterator[tuple[str, Value]]:
    at = 0
    while True:
        key = _KEY.match(line, at)
        if key is None:
            raise Malformed(f"A report is key=value,key=value; character {at + 1} begins no key.")
        at = key.end()
        value: Value = True
        if line[at:at + 1] == "=":
            value, at = _item(line, at + 1)
        else:
            at = _parameters(line, at)
        yield key.group(), value
        rest = line[at:].lstrip()
        if not rest:
            return
        if rest[0] != ",":
            raise Malformed(f"A report is key=value,key=value; there is something else at character {at + 1}.")
        at = len(line) - len(rest[1:].lstrip())


def _item(line: str, at: int) -> tuple[Value, int]:
    if line[at:at + 1] == "(":
        inner: list[Value] = []
        at += 1
        while True:
            while line[at:at + 1] == " ":
                at += 1
            if line[at:at + 1] == ")":
                return tuple(inner), _parameters(line, at + 1)
            value, at = _item(line, at)
            inner.append(value)
    if (found := _STRING.match(line, at)) is not None:
        return re.sub(r"\\(.)", r"\1", found[1]), _parameters(line, found.end())
    if line[at:at + 2] in ("?0", "?1"):
        return line[at + 1] == "1", _parameters(line, at + 2)
    if (found := _NUMBER.match(line, at)) is not None:
        return float(found[0]) if found[1] else int(found[0]), _parameters(line, found.end())
    if (found := _TOKEN.match(line, at)) is not None:
        return found[0], _parameters(line, found.end())
    raise Malformed(f"There is no value at character {at + 1}.")


def _parameters(line: str, at: int) -> int:
    while (found := _PARAMETER.match(line, at)) is not None:
        at = found.end()
    return at
