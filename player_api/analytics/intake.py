"""What a player sent -> rows of the inbox, and what is wrong with the rest. Pure: no clock, no database.

A body that can not be read is refused as a whole; an event that makes no sense is refused alone, with a reason; a `watch`
that can not have happened is stored with a mark, and not counted.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from infra.core.errors import Rejected, TooLarge
from player_api.analytics.kinds import ESTIMATED, FATAL, HIDDEN, NUMBERS, OUTSIDE, RATE, TOO_FAST, Kind

MOST_BYTES = 60 << 10
MOST_EVENTS = 500
SKEW_MS = 2000  # clocks that differ by less are not corrected: the network takes time, too
OLDEST_MS = 7 * 86_400_000  # what a browser kept for longer counts as of then
BEHIND_END_MS = 1000  # the last packets may end a little behind the video
SLOWEST, FASTEST = 250, 4000  # thousandths of normal speed
PACE, PACE_MS = 1.25, 2000  # how much faster than the clock an interval may seem: 1.25 times, and two seconds

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


def rows_of(batch: Batch, video: int, learner: int | None, duration_ms: int, now_ms: int, before: Previous | None
            ) -> tuple[list[tuple[Any, ...]], list[Refused], Previous | None]:
    """The rows of a batch (`infra.db.inbox.Values`), what was refused, and the newest event of the session.

    `before` is the newest that was known of this session; where none is, what comes first is believed.
    """
    offset_ms = now_ms - batch.sent_at
    skew_ms = offset_ms if abs(offset_ms) > SKEW_MS else 0
    oldest_ms = now_ms - OLDEST_MS
    session = int.from_bytes(hashlib.blake2b(batch.session.encode(), digest_size=8).digest(), "big", signed=True)
    end_ms = duration_ms + BEHIND_END_MS
    rows: list[tuple[Any, ...]] = []
    refused: list[Refused] = []
    for event in batch.events if len(batch.events) < 2 else sorted(batch.events, key=_seq):
        try:
            number = int(event.id.replace("-", ""), 16)
            if number >> 128:
                raise ValueError
        except ValueError:
            refused.append(Refused(event.id, "id is no UUID."))
            continue
        kind = event.type
        rate = None
        marks = (HIDDEN if event.hidden else 0) | (FATAL if event.fatal else 0) | (ESTIMATED if event.estimated else 0)
        t_ms = min(now_ms, max(oldest_ms, event.t + skew_ms))
        if kind == "watch":
            start, end = event.start, event.end
            if start is None or end is None:
                refused.append(Refused(event.id, "A watch needs `from` and `to`."))
                continue
            rate = 1000 if event.rate is None else round(event.rate * 1000)
            if not SLOWEST <= rate <= FASTEST:
                marks |= RATE
            elif not start < end <= end_ms:
                marks |= OUTSIDE
            elif before is not None and before.seq < event.seq and \
                    (end - start) * 1000 / rate > (t_ms - before.t_ms) * PACE + PACE_MS:
                marks |= TOO_FAST
        else:
            start, end = (event.seek_from, event.seek_to) if kind == "seek" else (event.start, event.end)
            rate = None if event.rate is None else round(event.rate * 1000)
        if before is None or event.seq > before.seq:
            before = Previous(event.seq, t_ms)
        uid = (number ^ number >> 64) & 0xFFFFFFFFFFFFFFFF
        rows.append((video, session, event.seq, uid - (1 << 64) if uid >> 63 else uid, learner, NUMBERS[kind], t_ms, skew_ms,
                     start, end, rate, marks, event.startup_ms, event.rebuffer_ms, event.rebuffers, event.switches,
                     event.bitrate, event.height, event.dropped, event.code))
    return rows, refused, before


def _seq(event: Event) -> int:
    return event.seq
