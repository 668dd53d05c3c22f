"""Answers as CSV (RFC 4180) that no spreadsheet takes for formulas. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """A cell as it may be opened: a text that a spreadsheet would run gets an apostrophe before it."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The file. Nothing is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([["" if value is None else cell(value) for value in row] for row in rows])
    return out.getvalue()


def of_metric(name: str, data: Mapping[str, Any] | None) -> str:
    """A metric as a table: a row a second, a bin, a chapter, an hour or a week; only its header where it is held back."""
    header = _HEADERS[name]
    if name == "compare":
        return text(header, _compared(data) if data else [])
    if data is None:
        return text(header, [])
    if name in ("retention", "rewatch"):
        columns = [data[column] for column in header[1:]]
        return text(header, ([second, *(column and column[second] for column in columns)]
                             for second in range(len(columns[0]))))
    lines = data[_LISTS[name]] if name in _LISTS else [data]
    return text(header, ([line[column] for column in header] for line in lines))


def _compared(data: Mapping[str, Any]) -> list[list[Any]]:
    """Figures, and under the names of their seconds or hundredths what was played there."""
    both, periods = data["videos"] and data["videos"]["compared"], data["periods"]
    if both:
        return [[line.get("name", f"retention at {line.get('from')}"), *(line[column] for column in (
            "this", "other", "difference", "low", "high"))] for line in (*both["figures"], *both["slices"])]
    if periods:
        plays = zip(periods["plays"] or [], periods["plays_before"] or [], strict=False)
        return [*([*(line[column] for column in ("name", "this", "other", "difference")), None, None]
                  for line in periods["figures"]),
                *([f"plays of second {second}", this, that, this - that, None, None]
                  for second, (this, that) in enumerate(plays))]
    return []


_LISTS = {"dropoff": "bins", "completion": "tenths", "chapters": "items", "qoe": "hours",
          "correlation": "factors", "overview": "items"}
_HEADERS: dict[str, Sequence[str]] = {
    "summary": ("views", "watch_content_s", "watch_wall_s", "hidden_wall_s", "mean_unique_s", "engagement",
                "completion_rate", "reached_end_rate"),
    "retention": ("second", "retention", "absolute"),
    "rewatch": ("second", "replays", "rewatchers"),
    "dropoff": ("start_s", "end_s", "exits", "present", "hazard", "low", "high"),
    "completion": ("from", "learners"),
    "chapters": ("start_s", "end_s", "title", "retention", "replays", "exits", "exit_rate"),
    "qoe": ("hour", "views", "starts", "startup_mean_s", "startup_p50_s", "startup_p95_s", "rebuffer_ratio",
            "rebuffers_per_hour", "switches_per_hour", "bitrate_kbps", "height_px", "fatal_error_rate"),
    "overview": ("video_id", "title", "created_at", "duration_s", "n_learners", "views", "watch_content_s", "watch_wall_s",
                 "completion_rate", "engagement"),
    "compare": ("name", "this", "other", "difference", "low", "high"),
    "correlation": ("name", "rho", "low", "high", "drawn_low", "drawn_high", "clear", "rank"),
}
