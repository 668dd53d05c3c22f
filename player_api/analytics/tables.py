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
    if name == "cohorts":
        return text(header, [line for one in data["cohorts"] if one["data"] for line in _cohort(one)])
    if name in ("retention", "rewatch"):
        columns = [data[column] for column in header[1:]]
        return text(header, ([second, *(column and column[second] for column in columns)]
                             for second in range(len(columns[0]))))
    if name == "prediction":
        return text(header, [[*(part[column] for column in header[:-1]), " ".join(one["text"] for one in part["reasons"])]
                             for part in data["parts"]])
    lines = data[_LISTS[name]] if name in _LISTS else [data]
    return text(header, ([line[column] for column in header] for line in lines))


def _cohort(one: Mapping[str, Any]) -> Iterable[list[Any]]:
    """A line a figure, with its interval where it has one, and a line a second of each curve."""
    data = one["data"]
    between = {"completion_rate": ("low", "high"), "reached_end_rate": ("reached_end_low", "reached_end_high")}
    yield [one["tag"], "n_learners", None, one["n_learners"], None, None]
    for name in ("watch_content_s", "watch_wall_s", "mean_unique_s", "engagement", "completed", "completion_rate",
                 "reached_end", "reached_end_rate"):
        low, high = (data[bound] for bound in between[name]) if name in between else (None, None)
        yield [one["tag"], name, None, data[name], low, high]
    for name in ("retention", "rewatchers"):
        yield from ([one["tag"], name, second, value, None, None] for second, value in enumerate(data[name]))


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
          "correlation": "factors", "overview": "items", "learners": "items", "live": "bins"}
_HEADERS: dict[str, Sequence[str]] = {
    "summary": ("views", "watch_content_s", "watch_wall_s", "hidden_wall_s", "live_wall_s", "live_learners",
                "later_learners", "mean_unique_s", "engagement", "completion_rate", "reached_end_rate"),
    "retention": ("second", "retention", "absolute"),
    "rewatch": ("second", "replays", "rewatchers"),
    "dropoff": ("start_s", "end_s", "exits", "present", "hazard", "low", "high"),
    "completion": ("from", "learners"),
    "chapters": ("start_s", "end_s", "title", "retention", "replays", "exits", "exit_rate", "exit_low",
                 "exit_high"),
    "qoe": ("hour", "views", "starts", "startup_mean_s", "startup_p50_s", "startup_p95_s", "rebuffer_ratio",
            "rebuffers_per_hour", "switches_per_hour", "bitrate_kbps", "height_px", "fatal_error_rate"),
    "overview": ("video_id", "title", "created_at", "duration_s", "n_learners", "views", "watch_content_s", "watch_wall_s",
                 "completion_rate", "engagement"),
    "compare": ("name", "this", "other", "difference", "low", "high"),
    "prediction": ("start_s", "end_s", "lost", "low", "high", "hazard", "present", "foretold", "seen", "weight", "reasons"),
    "learners": ("learner", "progress", "completed", "unique_s", "watch_content_s", "replayed_s", "resume_s", "last_seen_at",
                 "results", "score"),
    "cohorts": ("cohort", "name", "second", "value", "low", "high"),
    "live": ("at", "settled", "viewers", "joined", "left", "rebuffer_ratio"),
    "correlation": ("name", "rho", "low", "high", "drawn_low", "drawn_high", "clear", "rank"),
}
