"""`lectern sql`: a question in ClickHouse's SQL to the files of events, answered by the engine in this process.

The files are one table, `events`, made before the engine is switched to read only: from then on it opens no other file
and no address, and changes nothing. See decision 0024.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any, NamedTuple

from infra.core.errors import ConfigError, NotFound, Rejected, Unavailable
from infra.core.keys import event_file
from infra.core.settings import Settings
from infra.runtime.storages import folder_of

FORMATS = {"table": "PrettyCompactMonoBlock", "csv": "CSVWithNames", "json": "JSONEachRow"}
MEMORY_BYTES = 2 << 30
_COLUMNS = """organization LowCardinality(String), video LowCardinality(String), session String, seq UInt32,
    learner Nullable(String), kind LowCardinality(String), time DateTime64(3, 'UTC'), from_ms Nullable(UInt32),
    to_ms Nullable(UInt32), rate Nullable(Float32), counted Bool, hidden Bool, fatal Bool, estimated Bool,
    startup_ms Nullable(UInt32), rebuffer_ms Nullable(UInt32), rebuffers Nullable(UInt32), switches Nullable(UInt32),
    bitrate_bps Nullable(UInt32), height_px Nullable(UInt32), dropped_frames Nullable(UInt32), error_code Nullable(String),
    clock_correction_ms Int64, why_uncounted Nullable(String), live Nullable(Bool), behind_ms Nullable(UInt32), day Date"""
_BEGINS = re.compile(r"\s*\(*\s*(select|with|describe|desc|show|explain)\b", re.IGNORECASE)
# What read only still allows: the function that reads a file, under whatever quotes, and writing the answer into one.
_REFUSED = re.compile(r"\b(file|outfile)\b", re.IGNORECASE)
_SPELLED = re.compile(r"[`\"].*\\|\\.*[`\"]", re.DOTALL)


class Answer(NamedTuple):
    """What the engine said; `rows` as many as were asked for at most."""

    text: str
    rows: int


def ask(settings: Settings, query: str, how: str = "table", organization: str = "*", most_rows: int = 10_000,
        most_s: float = 60.0) -> Answer:
    """Answer a query over the files of one organization or of all.

    Raises ConfigError without the engine, Rejected, NotFound, Unavailable (it took too long).
    """
    _check(query)
    if organization != "*" and not re.fullmatch(r"[A-Za-z0-9_-]+", organization):
        raise NotFound("organization_not_found", f"There is no organization {organization!r}.")
    if find_spec("chdb") is None:
        raise ConfigError("no_engine", "The engine that answers SQL is not installed. ./lectern sql does it by itself; "
                          "elsewhere: pip install --require-hashes --no-deps -r infra/locks/sql.txt.")
    from chdb.session import Session

    engine = Session()  # in a temporary folder of its own
    try:
        engine.query("CREATE DATABASE lectern")
        engine.query(f"CREATE TABLE lectern.events ({_COLUMNS}) ENGINE = {_source(settings, organization)}")
        engine.query("USE lectern")
        # `limit` cuts the answer, where max_result_rows would refuse it; the server's own words for the rest.
        engine.query(f"SET limit = {most_rows:d}, max_execution_time = {most_s}, max_memory_usage = {MEMORY_BYTES}, "
                     "output_format_json_array_of_rows = 1, output_format_json_quote_64bit_integers = 0, "
                     "output_format_pretty_color = 0, output_format_pretty_row_numbers = 0, readonly = 1")
        return _ask(engine, query, how, most_s)
    finally:
        engine.close()


def _check(query: str) -> None:
    if not _BEGINS.match(query):
        raise Rejected("not_a_question", "Only SELECT, WITH, DESCRIBE, SHOW and EXPLAIN can be asked: nothing is "
                       "changed here.")
    if _REFUSED.search(query) or _SPELLED.search(query):
        raise Rejected("not_these_files", "`file` and `outfile` can not be used here: a query reads the table `events`, and "
                       "its answer is printed.")


def _ask(engine: Any, query: str, how: str, most_s: float) -> Answer:
    try:
        found = engine.query(query.rstrip().rstrip(";"), FORMATS[how])
        return Answer(str(found), int(found.rows_read()))
    except RuntimeError as error:
        said = str(error)
        code = re.search(r"Code: (\d+)", said)
        sentence = re.sub(r"^(Code: \d+\. )?(DB::Exception: )+", "", said.strip().splitlines()[0])
        if code and code[1] in ("159", "160"):
            raise Unavailable("too_slow", f"The query took more than {most_s:g} s and was ended: ask for fewer days (WHERE "
                              "day >= ...), or allow more (--seconds).", retryable=False) from None
        if code and code[1] == "241":
            raise Unavailable("too_large", "The query needed more than 2 GB of memory and was ended: ask for fewer days or "
                              "groups.", retryable=False) from None
        raise Rejected("bad_sql", sentence[:600]) from None


def _source(settings: Settings, organization: str) -> str:
    """The engine of the table: the files' places, in a folder or in a bucket."""
    pattern = event_file(organization, "*", 0).replace("part-00000", "part-*")
    folder = folder_of(settings)
    if folder is not None:
        return f"File(Parquet, {_quoted(f'{folder}/{pattern}')})"
    from infra.storage.s3_bucket import S3Address

    address = S3Address.parse(settings.storage_url)
    endpoint = address.endpoint or f"https://s3.{address.region}.amazonaws.com"
    url = f"{endpoint}/{address.bucket}/{address.prefix}{pattern}"
    return f"S3({', '.join(map(_quoted, (url, *_keys(settings))))}, 'Parquet')"


def _keys(settings: Settings) -> tuple[str, ...]:
    if settings.s3_access_key.get_secret_value():
        return settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value()
    import boto3

    found = boto3.Session().get_credentials()
    if found is None:
        raise ConfigError("no_s3_keys", "There are no keys for the object store: set LECTERN_S3_ACCESS_KEY and "
                          "LECTERN_S3_SECRET_KEY.")
    frozen = found.get_frozen_credentials()
    return tuple(each for each in (frozen.access_key, frozen.secret_key, frozen.token) if each)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
