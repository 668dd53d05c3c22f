"""The inbox of analytics: events as they arrived, in the order of their ids, in which they were also committed.

An id is the microsecond of arrival, moved on where it is taken: rising whoever inserts, and never given twice, even
after old events were deleted. A reader may so remember how far it got by one number.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from infra.db.session import Database

Values = tuple[Any, ...]  # of COLUMNS without the id

COLUMNS = ("id", "video", "session", "seq", "uid", "learner", "kind", "t_ms", "skew_ms", "a_ms", "b_ms", "rate", "marks",
           "startup_ms", "rebuffer_ms", "rebuffers", "switches", "bitrate_bps", "height_px", "dropped", "code",
           "behind_ms")
UID = COLUMNS.index("uid") - 1  # its place in Values
SHARDS = 16
_WORDS = ", ".join(COLUMNS)
_TYPES = ("bigint", "int", "bigint", "int", "bigint", "bigint", "smallint", "bigint", "bigint", "int", "int", "int",
          "smallint", "int", "int", "int", "int", "int", "int", "int", "text", "int")
_CHUNKS = (256, 16, 1)  # rows of one statement: a few sizes, whose statements the driver keeps prepared
_POSTGRESQL = (f"INSERT INTO events ({_WORDS}) SELECT * FROM unnest("
               + ", ".join(f"%s::{kind}[]" for kind in _TYPES) + ") ON CONFLICT DO NOTHING")
_LOCK = 0x6C656376  # who inserts holds it until the commit: ids are then committed in their order


def open_inbox(database: Database) -> Database:
    """Where events arrive: beside SQLite a file of its own, else the database itself. See decision 0021."""
    file = database.sqlite_file
    return database if file is None else Database(f"sqlite:///{file.with_name(file.stem + '-events.db')}")


def insert(connection: Connection, rows: Sequence[Values]) -> set[int] | None:
    """Add events, of which those that are there already (by session and number, or by UUID) are left out.

    None: all of them are new; else the UUIDs (64 bits of them) of those that are. In a durable write transaction.
    """
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    last = newest(connection)
    first = max(last + 1, time.time_ns() // 1000)
    if sqlite:
        cursor = connection.connection.cursor()
        # Most events have nothing in most columns, and each value costs about as much as a comparison in an index.
        filled = [(name, column) for name, column in zip(COLUMNS[1:], zip(*rows, strict=True), strict=True)
                  if column.count(None) < len(rows)]
        names = ("id", *(name for name, _ in filled))
        values = [*chain.from_iterable(zip(range(first, first + len(rows)), *(column for _, column in filled), strict=True))]
        added, at = 0, 0
        for size in _CHUNKS:
            # One statement for many rows: the interpreter's lock is let go of once, not once a row.
            while len(rows) - at >= size:
                cursor.execute(_sqlite(names, size), values[at * len(names):(at + size) * len(names)])
                added += cursor.rowcount
                at += size
        cursor.close()
    else:
        columns = [list(range(first, first + len(rows))), *map(list, zip(*rows, strict=True))]
        added = connection.exec_driver_sql(_POSTGRESQL, tuple(columns)).rowcount
    if added == len(rows):
        return None
    found = connection.exec_driver_sql(f"SELECT uid FROM events WHERE id >= {first}")
    return {uid for (uid,) in found}


@lru_cache(maxsize=256)
def _sqlite(names: tuple[str, ...], size: int) -> str:
    one = f"({', '.join('?' * len(names))})"
    return f"INSERT OR IGNORE INTO events ({', '.join(names)}) VALUES {', '.join([one] * size)}"


def newest(connection: Connection) -> int:
    """The id of the event that was committed last; 0: there is none."""
    return int(connection.exec_driver_sql("SELECT max(id) FROM events").scalar() or 0)


def after(connection: Connection, counted_id: int, newest_id: int, limit: int) -> Sequence[Any]:
    """Events behind `counted_id` up to `newest_id`, in the order of ids."""
    return connection.exec_driver_sql(
        f"SELECT {_WORDS} FROM events WHERE id > {counted_id:d} AND id <= {newest_id:d} ORDER BY id LIMIT {limit:d}").all()


def of_video(connection: Connection, video: int, after_id: int, newest_id: int, learner: int | None = None) -> Sequence[Any]:
    """All events of a video with after_id < id <= newest_id in the order of ids, or one learner's of them."""
    whose = "" if learner is None else f" AND learner = {learner:d}"
    return connection.exec_driver_sql(
        f"SELECT {_WORDS} FROM events WHERE video = {video:d} AND id > {after_id:d} AND id <= {newest_id:d}{whose} "
        "ORDER BY id").all()


def of_session(connection: Connection, video: int, session: int) -> Sequence[Any]:
    """All events of one session, in the order of their numbers."""
    return connection.exec_driver_sql(
        f"SELECT {_WORDS} FROM events WHERE video = {video:d} AND session = {session:d} ORDER BY seq").all()


_WATCHED = "session, learner, kind, t_ms, a_ms, b_ms, rate, marks"


def watched(connection: Connection, video: int, newest_id: int, learners: Collection[int], kinds: Sequence[int]
            ) -> Sequence[Any]:
    """(session, learner, kind, t_ms, a_ms, b_ms, rate, marks) of what these learners did with a video, of these kinds, with
    id <= newest_id: session by session, in the order of their numbers."""
    sqlite = connection.dialect.name == "sqlite"
    whose, wanted = ("IN (SELECT value FROM json_each(?))", json.dumps([*learners])) if sqlite else \
        ("= ANY(%s::bigint[])", [*learners])
    return connection.exec_driver_sql(
        f"SELECT {_WATCHED} FROM events WHERE video = {video:d} AND id <= {newest_id:d} "
        f"AND kind IN ({', '.join(str(int(kind)) for kind in kinds)}) AND learner {whose} ORDER BY session, seq",
        (wanted,)).all()


def viewers(connection: Connection, video: int, since_ms: int, kinds: Sequence[int], without_marks: int) -> int:
    """How many different viewers did something of these kinds with a video since then, without those marks. Who did not
    want to be known is somebody else in each session."""
    # `+video`: by id, of which there are few, and not by video, which may have had viewers for hours.
    return int(connection.exec_driver_sql(
        f"SELECT count(DISTINCT coalesce(learner, session)) FROM events WHERE id >= {since_ms * 1000:d} AND "
        f"+video = {video:d} AND t_ms > {since_ms:d} AND kind IN ({', '.join(str(int(kind)) for kind in kinds)}) "
        f"AND marks & {without_marks:d} = 0").scalar() or 0)


def tail(connection: Connection, video: int, after_id: int, newest_id: int, kinds: Sequence[int]) -> Sequence[Any]:
    """(session, learner, kind, t_ms, a_ms, b_ms, rate, marks, rebuffer_ms, behind_ms) of a video's events of these kinds
    with after_id < id <= newest_id: the newest of all that arrived."""
    return connection.exec_driver_sql(
        "SELECT session, learner, kind, t_ms, a_ms, b_ms, rate, marks, rebuffer_ms, behind_ms FROM events WHERE "
        f"id > {after_id:d} AND id <= {newest_id:d} AND +video = {video:d} AND kind IN "
        f"({', '.join(str(int(kind)) for kind in kinds)})").all()


def learners(connection: Connection, video: int, newest_id: int, kind: int, mark: int, without_marks: int
             ) -> tuple[int, int]:
    """How many learners sent an event of this kind about a video with one mark, and how many without it; none of the events
    has any of the others, id <= newest_id."""
    with_it = f"learner END), count(DISTINCT CASE WHEN marks & {mark:d} = 0 THEN learner END)"
    found = connection.exec_driver_sql(
        f"SELECT count(DISTINCT CASE WHEN marks & {mark:d} <> 0 THEN {with_it} FROM events WHERE video = {video:d} AND "
        f"id <= {newest_id:d} AND kind = {kind:d} AND marks & {without_marks:d} = 0").one()
    return int(found[0]), int(found[1])


def delete_learner(connection: Connection, video: int, learner: int, until_ms: int) -> None:
    """Remove what this learner did with a video until that moment."""
    connection.exec_driver_sql(
        f"DELETE FROM events WHERE video = {video:d} AND learner = {learner:d} AND t_ms <= {until_ms:d}")


def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Remove these events."""
    for event_id in ids:
        connection.exec_driver_sql(f"DELETE FROM events WHERE id = {event_id:d}")


def delete_video(connection: Connection, video: int) -> None:
    """Remove all events of a video."""
    connection.exec_driver_sql(f"DELETE FROM events WHERE video = {video:d}")


def oldest(connection: Connection, before_id: int, limit: int) -> list[tuple[int, int]]:
    """(id, video) of the oldest events that came before `before_id`."""
    found = connection.exec_driver_sql(
        f"SELECT id, video FROM events WHERE id < {before_id:d} ORDER BY id LIMIT {limit:d}")
    return [(row[0], row[1]) for row in found]


def delete_until(connection: Connection, last_id: int) -> None:
    """Remove the events up to and with this id."""
    connection.exec_driver_sql(f"DELETE FROM events WHERE id <= {last_id:d}")
