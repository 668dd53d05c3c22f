"""What a player sent -> rows of the inbox, and what is wrong with the rest. Pure: no clock, no database.

A body that can not be read is refused as a whole; an event that makes no sense is refused alone, with a reason; a `watch`
that can not have happened is stored with a mark, and not counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from infra.core.errors import Rejected, TooLarge
from player_api.analytics.kinds import (
    ESTIMATED,
    FATAL,
    HIDDEN,
    LIVE,
    NUMBERS,
    OUTSIDE,
    RATE,
    TOO_FAST,
    TOO_MUCH,
    UNCOUNTED,
    WATCH,
    Kind,
    Row,
)

MOST_BYTES = 60 << 10
MOST_EVENTS = 500
SKEW_MS = 2000  # clocks that differ by less are not corrected: the network takes time, too
OLDEST_MS = 7 * 86_400_000  # what a browser kept for longer counts as of then
BEHIND_END_MS = 1000  # the last packets may end a little behind the video
SLOWEST, FASTEST = 250, 4000  # thousandths of normal speed
PACE, PACE_MS = 1.25, 2000  # how much faster than the clock an interval may seem: 1.25 times, and two seconds
CREDIT_MS = 60_000.0  # how far a session may be ahead of the clock: one that was put right, two tabs of one name

_Text = Annotated[str, Meta(min_length=1, max_length=64)]
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Time = Annotated[int, Meta(ge=0, le=2**43)]  # until the year 2248


class Event(msgspec.Struct, rename={"start": "from", "end": "to"}):
    """One event as it is sent: see docs/metrics.md."""

    id: Annotated[str, Meta(min_length=32, max_length=36)]
    seq: _Count
    type: Kind
    t: _Time
    start: _Count | None = None
    end: _Count | None = None
    rate: Annotated[float, Meta(ge=0, le=1000)] | None = None
    startup_ms: _Count | None = None
    rebuffer_ms: _Count | None = None
    rebuffers: _Count | None = None
    switches: _Count | None = None
    bitrate: _Count | None = None
    height: _Count | None = None
    dropped: _Count | None = None
    seek_from: _Count | None = None
    seek_to: _Count | None = None
    code: Annotated[str, Meta(max_length=80)] | None = None
    fatal: bool = False
    hidden: bool = False
    live: bool = False
    behind_ms: _Count | None = None
    estimated: bool = False


class _Head(msgspec.Struct):
    v: Annotated[int, Meta(ge=1, le=1)]
    sent_at: _Time
    token: Annotated[str, Meta(min_length=1, max_length=1000)]
    video: _Text
    session: _Text
    viewer: _Text | None = None


class Batch(_Head):
    """A body whose events are all good."""

    events: list[Event] = []


class _Loose(_Head):
    events: list[msgspec.Raw] = []


class Refused(msgspec.Struct):
    """An event that was not taken."""

    id: str | None
    reason: str


class Previous(NamedTuple):
    """The newest event of a session that is known so far."""

    seq: int
    t_ms: int
    left_ms: float = CREDIT_MS  # how much more may have been played than time has passed


_NOTHING = Previous(-1, 0)  # nothing is known of the session
_BATCH = msgspec.json.Decoder(Batch)
_LOOSE = msgspec.json.Decoder(_Loose)
_EVENT = msgspec.json.Decoder(Event)
_ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def read(body: bytes) -> tuple[Batch, list[Refused]]:
    """The batch with the events that can be read, and the others. Raises Rejected or TooLarge for the whole of it."""
    if len(body) > MOST_BYTES:
        raise TooLarge("body_too_large", f"At most {MOST_BYTES} bytes are taken at once: send fewer events.")
    refused: list[Refused] = []
    try:
        batch = _BATCH.decode(body)
    except msgspec.ValidationError:
        batch, refused = _one_by_one(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("not_json", f"The body can not be read as JSON: {error}.") from None
    if len(batch.events) + len(refused) > MOST_EVENTS:
        raise TooLarge("too_many_events", f"At most {MOST_EVENTS} events are taken at once: send the others by themselves.")
    return batch, refused


def _one_by_one(body: bytes) -> tuple[Batch, list[Refused]]:
    try:
        loose = _LOOSE.decode(body)
    except msgspec.ValidationError as error:
        raise Rejected("bad_batch", f"This is no batch of events: {error}.") from None
    events, refused = [], []
    for raw in loose.events:
        try:
            events.append(_EVENT.decode(raw))
        except msgspec.ValidationError as error:
            found = _ANY.decode(raw)
            name = found.get("id") if isinstance(found, dict) else None
            refused.append(Refused(name[:36] if isinstance(name, str) else None, str(error)))
        except RecursionError:
            refused.append(Refused(None, "It is nested too deeply."))
    head = {name: getattr(loose, name) for name in _Head.__struct_fields__}
    return Batch(**head, events=events), refused


def session_key(name: str) -> int:
    """The 64 bits under which a session is kept."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def rows_of(batch: Batch, video: int, learner: int | None, duration_ms: int, now_ms: int, before: Previous | None,
            mark: int = 0) -> tuple[list[tuple[Any, ...]], list[Refused], Previous | None]:
    """The rows of a batch (`infra.db.inbox.Values`), what was refused, and the newest event of the session.

    `before` is the newest that was known of this session; where none is, what comes first is believed. `mark`: of all rows.
    """
    offset_ms = now_ms - batch.sent_at
    skew_ms = offset_ms if abs(offset_ms) > SKEW_MS else 0
    oldest_ms = now_ms - OLDEST_MS
    session = session_key(batch.session)
    end_ms = duration_ms + BEHIND_END_MS
    rows: list[tuple[Any, ...]] = []
    refused: list[Refused] = []
    known_seq, known_ms, left_ms = before or _NOTHING
    for event in _in_order(batch.events):  # 25,000 a second: nothing is called that a comparison can say
        try:
            number = int(event.id.replace("-", ""), 16)
            if number >> 128:
                raise ValueError
        except ValueError:
            refused.append(Refused(event.id, "id is no UUID."))
            continue
        kind, seq, rate = event.type, event.seq, None if event.rate is None else round(event.rate * 1000)
        marks = mark
        if event.hidden:
            marks |= HIDDEN
        if event.live:
            marks |= LIVE
        if event.fatal:
            marks |= FATAL
        if event.estimated:
            marks |= ESTIMATED
        t_ms = event.t + skew_ms
        t_ms = now_ms if t_ms > now_ms else oldest_ms if t_ms < oldest_ms else t_ms
        passed_ms = 0
        follows = -1 < known_seq < seq
        if follows:
            passed_ms = t_ms - known_ms if t_ms > known_ms else 0
            left_ms += passed_ms * PACE
        if kind == "watch":
            start, end = event.start, event.end
            if start is None or end is None:
                refused.append(Refused(event.id, "A watch needs `from` and `to`."))
                continue
            if rate is None:
                rate = 1000
            if not SLOWEST <= rate <= FASTEST:
                marks |= RATE
            elif not start < end <= end_ms:
                marks |= OUTSIDE
            elif follows:
                took_ms = (end - start) * 1000 / rate
                if took_ms > passed_ms * PACE + PACE_MS:
                    marks |= TOO_FAST
                elif took_ms > left_ms:
                    marks |= TOO_MUCH
                else:
                    left_ms -= took_ms
        elif kind == "seek":
            start, end = event.seek_from, event.seek_to
        else:
            start, end = event.start, event.end
        if seq > known_seq:
            known_seq, known_ms, left_ms = seq, t_ms, left_ms if left_ms < CREDIT_MS else CREDIT_MS
        uid = (number ^ number >> 64) & 0xFFFFFFFFFFFFFFFF
        rows.append((video, session, seq, uid - (1 << 64) if uid >> 63 else uid, learner, NUMBERS[kind], t_ms, skew_ms,
                     start, end, rate, marks, event.startup_ms, event.rebuffer_ms, event.rebuffers, event.switches,
                     event.bitrate, event.height, event.dropped, event.code, event.behind_ms))
    return rows, refused, None if known_seq < 0 else Previous(known_seq, known_ms, left_ms)


_KIND, _FROM, _TO, _RATE, _MARKS = (Row._fields.index(name) - 1 for name in ("kind", "a_ms", "b_ms", "rate", "marks"))


def played_ms(rows: Sequence[tuple[Any, ...]]) -> float:
    """How long the watches that count took, by the wall's clock."""
    return sum(((row[_TO] - row[_FROM]) * 1000 / row[_RATE] for row in rows
                if row[_KIND] == WATCH and not row[_MARKS] & UNCOUNTED), 0.0)


def not_counted(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The same rows, whose watches are more than one person can watch."""
    return [(*row[:_MARKS], row[_MARKS] | TOO_MUCH, *row[_MARKS + 1:]) if row[_KIND] == WATCH else row for row in rows]


def _in_order(events: list[Event]) -> list[Event]:
    """By `seq`, as nearly all are sent."""
    before = -1
    for event in events:
        if event.seq < before:
            return sorted(events, key=_seq)
        before = event.seq
    return events


def _seq(event: Event) -> int:
    return event.seq
