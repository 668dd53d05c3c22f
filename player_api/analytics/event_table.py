"""Events as a Parquet file: its columns, named for who has never seen Lectern. Pure: rows -> bytes, bytes -> bytes.

pyarrow, which is large, is loaded where it is used first; a machine without it keeps no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from player_api.analytics.kinds import ESTIMATED, FATAL, HIDDEN, LIVE, NAMES, UNCOUNTED, Row, reason

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 100_000  # rows: an engine skips those that can not hold the video it looks for
TIME_STEP_MS = 16  # clocks are put right to two seconds: half a byte of each event would tell nothing
_LEVEL = 14  # an eighth smaller than 9, for 2 us of processor an event; what lies above is dearer and hardly smaller
_LAST_ID = b"lectern.last_id"
# name, type, what of an event. `docs/metrics.md` tells what each means.
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("organization", "text"), ("video", "text"), ("session", "text"), ("seq", "int32"), ("learner", "text"),
    ("kind", "text"), ("time", "time"), ("from_ms", "int32"), ("to_ms", "int32"), ("rate", "float32"),
    ("counted", "bool"), ("hidden", "bool"),
    ("fatal", "bool"), ("estimated", "bool"), ("startup_ms", "int32"), ("rebuffer_ms", "int32"), ("rebuffers", "int32"),
    ("switches", "int32"), ("bitrate_bps", "int32"), ("height_px", "int32"), ("dropped_frames", "int32"),
    ("error_code", "text"), ("clock_correction_ms", "int64"), ("why_uncounted", "text"),
    # In the order in which they came: older files lack the last ones.
    ("live", "bool"), ("behind_ms", "int32"))
# No value comes twice, so that a dictionary is no use; their first bytes hardly change, so each byte goes with its like. A
# quarter less for the whole file than as differences.
_RISING = ("seq", "time", "from_ms", "to_ms")


class Summary(NamedTuple):
    """What a file says of itself, in its last bytes."""

    rows: int
    last_id: int  # of the newest event that it holds, or held before it was erased


def available() -> bool:
    """Whether files can be written and read here."""
    return find_spec("pyarrow") is not None


def hex_of(number: int) -> str:
    """A session's or a learner's key, as files show it."""
    return f"{number & 0xFFFFFFFFFFFFFFFF:016x}"


def table_of(rows: Sequence[Row], organization_id: str, videos: Mapping[int, str]) -> pa.Table:
    """These events of one organization, in no order; `videos`: ids by their numbers."""
    import pyarrow as pa

    return pa.table([pa.array(values, kind) for values, kind in zip(
        _values(rows, organization_id, videos), _schema().types, strict=True)], schema=_schema())


def _values(rows: Sequence[Row], organization_id: str, videos: Mapping[int, str]) -> list[list[Any]]:
    return [
        [organization_id] * len(rows), [videos[row.video] for row in rows], [hex_of(row.session) for row in rows],
        [row.seq for row in rows], [None if row.learner is None else hex_of(row.learner) for row in rows],
        [NAMES[row.kind] for row in rows], [row.t_ms & -TIME_STEP_MS for row in rows], [row.a_ms for row in rows],
        [row.b_ms for row in rows],
        [None if row.rate is None else row.rate / 1000 for row in rows], [not row.marks & UNCOUNTED for row in rows],
        *([bool(row.marks & mark) for row in rows] for mark in (HIDDEN, FATAL, ESTIMATED)),
        [row.startup_ms for row in rows], [row.rebuffer_ms for row in rows], [row.rebuffers for row in rows],
        [row.switches for row in rows], [row.bitrate_bps for row in rows], [row.height_px for row in rows],
        [row.dropped for row in rows], [row.code for row in rows], [row.skew_ms for row in rows],
        [reason(row.marks) for row in rows], [bool(row.marks & LIVE) for row in rows], [row.behind_ms for row in rows]]


def summary(data: bytes) -> Summary:
    """What a file says of itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = pq.read_metadata(pa.BufferReader(data))
    return Summary(found.num_rows, int(found.metadata[_LAST_ID]))


def file_of(tables: Sequence[pa.Table], last_id: int) -> bytes:
    """All of these rows as one file, by video, session and number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.concat_tables(tables).sort_by([(name, "ascending") for name in ("video", "session", "seq")])
    out = pa.BufferOutputStream()
    # Not the schema of Arrow beside that of Parquet: it says nothing more, and is longer than a small file's data.
    with pq.ParquetWriter(
            out, table.schema, compression="zstd", compression_level=_LEVEL, store_schema=False, version="2.6",
            use_dictionary=[name for name in table.column_names if name not in _RISING],
            column_encoding=dict.fromkeys(_RISING, "BYTE_STREAM_SPLIT"),
            write_statistics=["organization", "video", "learner", "time", "kind"],
            sorting_columns=pq.SortingColumn.from_ordering(table.schema, [
                (name, "ascending") for name in ("video", "session", "seq")])) as writer:
        writer.add_key_value_metadata({_LAST_ID.decode(): str(last_id)})
        writer.write_table(table, row_group_size=ROW_GROUP)
    return bytes(out.getvalue())


def read(data: bytes) -> pa.Table:
    """The rows of a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found, schema = pq.read_table(pa.BufferReader(data)), _schema()
    for name in schema.names[found.num_columns:]:  # columns that are younger than the file
        found = found.append_column(name, pa.nulls(found.num_rows, schema.field(name).type))
    return found.cast(schema)


def without(data: bytes, gone: Mapping[int, int]) -> bytes | None:
    """The file without what these learners did until then (Unix milliseconds); None: it holds nothing of them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    keys = {hex_of(learner): until_ms for learner, until_ms in gone.items()}
    known = pq.read_table(pa.BufferReader(data), columns=["learner", "time"])
    theirs = np.flatnonzero(pc.is_in(known.column("learner"), pa.array(list(keys), pa.string())).to_numpy())
    some = known.take(pa.array(theirs))
    unwanted = [at for at, learner, time in zip(theirs, some.column("learner").to_pylist(), some.column("time").cast(
        pa.int64()).to_pylist(), strict=True) if time <= keys[learner]]
    if not unwanted:
        return None
    wanted = np.ones(known.num_rows, bool)
    wanted[unwanted] = False
    return file_of([read(data).filter(pa.array(wanted))], summary(data).last_id)


def _schema() -> pa.Schema:
    import pyarrow as pa

    types = {"text": pa.string(), "int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32(), "bool": pa.bool_(),
             "time": pa.timestamp("ms", tz="UTC")}
    return pa.schema([(name, types[kind]) for name, kind in _COLUMNS])
