"""Counters -> the numbers that are shown. Pure. docs/metrics.md has each by its formula; the golden sessions prove them.

A change of what a number means is a new VERSION, and is told there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from player_api.analytics import merge, quality
from player_api.analytics.merge import EXITS, PLAYS, REWATCH, UNIQUE, UNNAMED, Curve

VERSION = 1
SLICES = 100
SHOWN_FROM, SHOWN_RATE = 30, 0.02  # learners, and replays a learner: below them "most replayed" is noise
OPENING = 0.03  # of the video: many begin again
PEAKS = 5
BIN_S = 5
NEIGHBOURS = 6  # bins on each side that a drop is compared with
RESUME_S = 3.0
_Z = 1.959964  # 95 %

Floats = NDArray[np.float64]


def lines(curve: Curve, length_s: int) -> NDArray[np.int32]:
    """The counts of all seconds of the video."""
    counts = curve.counts[:, :length_s]
    return np.pad(counts, ((0, 0), (0, length_s - counts.shape[1])))


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson)."""
    if not total:
        return 0.0, 1.0
    share, z2 = count / total, _Z * _Z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def summary(curve: Curve, length_s: int, weeks: Mapping[int, Curve], k: int, when: tuple[int | None, int | None]
            ) -> dict[str, Any]:
    """Views, learners, watch time, engagement and completion; and what each week added.

    `when`: how many learners watched some of it live, and how many of those and others some of it not; None: that is not
    known. Of fewer than k of either nothing is said.
    """
    sums, learners = curve.sums, curve.sums[merge.LEARNERS]
    live_learners, later_learners = when
    few_live = live_learners is not None and 0 < live_learners < k
    few_later = later_learners is not None and 0 < later_learners < k
    unique_s = int(curve.counts[UNIQUE].sum())
    return {
        "views": sums[merge.VIEWS],
        "watch_content_s": sums[merge.CONTENT_MS] / 1000,
        "watch_wall_s": sums[merge.WALL_MS] / 1000,
        "hidden_wall_s": sums[merge.HIDDEN_MS] / 1000,
        "live_wall_s": None if few_live else sums[merge.LIVE_MS] / 1000,
        "live_learners": None if few_live else live_learners,
        "later_learners": None if few_later else later_learners,
        "mean_unique_s": _ratio(unique_s, learners),
        "engagement": _ratio(unique_s, learners * length_s),
        "completion_rate": _ratio(sums[merge.COMPLETED], learners),
        "reached_end_rate": _ratio(sums[merge.REACHED_END], learners),
        "weeks": [{"week": f"{week // 100}-W{week % 100:02d}",
                   **({"new_learners": its.sums[merge.LEARNERS], "views": its.sums[merge.VIEWS],
                       "watch_content_s": its.sums[merge.CONTENT_MS] / 1000, "completed": its.sums[merge.COMPLETED]}
                      if its.sums[merge.LEARNERS] >= k else
                      {"new_learners": None, "views": None, "watch_content_s": None, "completed": None})}
                  for week, its in sorted(weeks.items()) if week != merge.ALL],
    }


def retention(curve: Curve, length_s: int) -> dict[str, Any]:
    """For each second which share of the learners saw it; and plays a view, which may exceed 1."""
    counts, learners, views = lines(curve, length_s), curve.sums[merge.LEARNERS], curve.sums[merge.VIEWS]
    return {"step_s": 1, "retention": _list(counts[UNIQUE] / learners),
            "absolute": _list((counts[PLAYS] + counts[UNNAMED]) / views) if views else None}


def rewatch(curve: Curve, length_s: int) -> dict[str, Any]:
    """For each second replays a learner, and which share saw it again; and what is most replayed."""
    counts, learners = lines(curve, length_s), curve.sums[merge.LEARNERS]
    rate: Floats = (counts[PLAYS] - counts[UNIQUE]) / learners
    slices, edges = _slices(rate, length_s)
    most = float(slices.max())
    shown = learners >= SHOWN_FROM and most >= SHOWN_RATE
    return {
        "step_s": 1, "replays": _list(rate), "rewatchers": _list(counts[REWATCH] / learners),
        "most_replayed": {
            "shown": bool(shown),
            "slice_s": round(length_s / len(slices), 3),
            "slices": _list(slices / most) if shown else None,
            "peaks": _peaks(slices, edges) if shown else [],
        }}


def most_replayed(curve: Curve, length_s: int, k: int) -> list[float] | None:
    """Up to 100 slices of the video, 1 the most replayed, for everybody to see: each second counts the learners who saw it
    again, where they are k or more. None where they are too few, as `rewatch` has it.
    """
    learners = curve.sums[merge.LEARNERS]
    if learners < max(k, SHOWN_FROM):
        return None
    again = lines(curve, length_s)[REWATCH]
    slices, _ = _slices(np.where(again >= k, again, 0) / learners, length_s)
    most = float(slices.max())
    return _list(slices / most) if most >= SHOWN_RATE else None


def _slices(rate: Floats, length_s: int) -> tuple[Floats, Floats]:
    """Means over up to 100 slices of the video, smoothed; and where they begin and end."""
    smooth = smoothed(rate, max(2.0, length_s / 100))
    edges = np.linspace(0, length_s, min(SLICES, length_s) + 1)
    return np.array([smooth[int(a):max(int(a) + 1, int(b))].mean() for a, b in pairwise(edges)]), edges


def smoothed(values: Floats, sigma_s: float) -> Floats:
    """A Gaussian over seconds; at the ends over what there is."""
    reach = min(len(values) - 1, math.ceil(3 * sigma_s))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_s) ** 2)
    weights = np.convolve(np.ones(len(values)), kernel, "full")[reach:reach + len(values)]
    found: Floats = np.convolve(values, kernel, "full")[reach:reach + len(values)] / weights
    return found


def _peaks(slices: Floats, edges: Floats) -> list[dict[str, Any]]:
    first = math.ceil(OPENING * len(slices))
    high = [n for n in range(first, len(slices))
            if slices[n] >= max(SHOWN_RATE, slices[n - 1]) and (n + 1 == len(slices) or slices[n] > slices[n + 1])]
    high = sorted(high, key=lambda n: (-slices[n], n))[:PEAKS]
    return [{"start_s": round(float(edges[n]), 3), "end_s": round(float(edges[n + 1]), 3), "replays": _rounded(slices[n])}
            for n in high]


def dropoff(curve: Curve, length_s: int) -> dict[str, Any]:
    """For each 5 s how many learners came no further, of those who had come there; and where that is unusual."""
    exits, learners = lines(curve, length_s)[EXITS], curve.sums[merge.LEARNERS]
    bins = [int(exits[at:at + BIN_S].sum()) for at in range(0, length_s, BIN_S)]
    found: list[dict[str, Any]] = []
    present = learners
    for number, left in enumerate(bins):
        low, high = wilson(left, present)
        found.append({"start_s": number * BIN_S, "end_s": min(length_s, (number + 1) * BIN_S), "exits": left,
                      "present": present, "hazard": _ratio(left, present), "low": low, "high": high})
        present -= left
    hazards = [one["hazard"] or 0.0 for one in found]
    excess: list[dict[str, Any]] = []
    for number, one in enumerate(found):
        around = hazards[max(0, number - NEIGHBOURS):number] + hazards[number + 1:number + 1 + NEIGHBOURS]
        usual = float(np.median(around)) if around else 0.0
        if one["exits"] >= 2 and one["low"] > usual and not merge.reaches_end(one["end_s"], length_s):
            excess.append({**one, "usual": _rounded(usual)})
    excess.sort(key=lambda one: (one["usual"] - one["hazard"], one["start_s"]))
    return {"bin_s": BIN_S, "bins": found, "top": excess[:10]}


def completion(curve: Curve, length_s: int) -> dict[str, Any]:
    """How many learners saw nine tenths, how many reached the end, and how much of it all of them saw."""
    sums, learners = curve.sums, curve.sums[merge.LEARNERS]
    low, high = wilson(sums[merge.COMPLETED], learners)
    end_low, end_high = wilson(sums[merge.REACHED_END], learners)
    return {"threshold": merge.COMPLETE_PERCENT / 100, "completed": sums[merge.COMPLETED],
            "completion_rate": _ratio(sums[merge.COMPLETED], learners), "low": low, "high": high,
            "reached_end": sums[merge.REACHED_END], "reached_end_rate": _ratio(sums[merge.REACHED_END], learners),
            "reached_end_low": end_low, "reached_end_high": end_high,
            "tenths": [{"from": tenth / 10, "learners": sums[merge.DECILES + tenth]} for tenth in range(11)]}


def chapters(curve: Curve, length_s: int, bounds: Sequence[tuple[float, float, str]]) -> dict[str, Any]:
    """For each chapter (start, end, title): how much of it a learner saw and saw again, and how many came no further."""
    counts, learners = lines(curve, length_s), curve.sums[merge.LEARNERS]
    items = []
    for start_s, end_s, title in bounds:
        first, end = math.ceil(start_s - 0.5), min(length_s, math.ceil(end_s - 0.5))
        part = counts[:, first:end]
        seconds = max(0, end - first)
        exits = int(part[EXITS].sum())
        low, high = wilson(exits, learners)
        items.append({
            "start_s": start_s, "end_s": round(end_s, 3), "title": title,
            "retention": _ratio(int(part[UNIQUE].sum()), learners * seconds),
            "replays": _ratio(int(part[PLAYS].sum() - part[UNIQUE].sum()), learners * seconds),
            "exits": exits, "exit_rate": _ratio(exits, learners), "exit_low": low, "exit_high": high})
    return {"items": items}


def qoe(hours: Mapping[int, Sequence[int]], k: int) -> dict[str, Any]:
    """Startup, rebuffering, bit rate and errors of all these hours together, and of each that has `k` views."""
    total = [sum(column) for column in zip(*hours.values(), strict=True)] or quality.empty()
    return {**_quality(total), "hours": [{"hour": hour, **_quality(sums)} for hour, sums in sorted(hours.items())
                                         if sums[quality.VIEWS] >= k]}


def _quality(sums: Sequence[int]) -> dict[str, Any]:
    histogram, played_ms = sums[quality.SUMS:], sums[quality.PLAYED_MS]
    p50, p95 = (quality.quantile_ms(histogram, share) for share in (0.5, 0.95))
    hours = played_ms / quality.HOUR_MS
    return {
        "views": sums[quality.VIEWS], "starts": sums[quality.STARTS],
        "startup_mean_s": _ratio(sums[quality.STARTUP_MS] / 1000, sums[quality.STARTS]),
        "startup_p50_s": p50 and round(p50 / 1000, 3), "startup_p95_s": p95 and round(p95 / 1000, 3),
        "rebuffer_ratio": _ratio(sums[quality.REBUFFER_MS], sums[quality.REBUFFER_MS] + played_ms),
        "rebuffers_per_hour": _ratio(sums[quality.REBUFFERS], hours),
        "switches_per_hour": _ratio(sums[quality.SWITCHES], hours),
        "bitrate_kbps": _ratio(sums[quality.BITRATE_KBIT] * 1000, sums[quality.BITRATE_MS]),
        "height_px": _ratio(sums[quality.HEIGHT_PX_MS], sums[quality.HEIGHT_MS]),
        "fatal_error_rate": _ratio(sums[quality.FATALS], sums[quality.VIEWS]),
    }


def resume_s(last_ms: int, completed: bool) -> float:
    """Where somebody goes on: a little before they stopped; at the beginning once they have seen it."""
    return 0.0 if completed else max(0.0, last_ms / 1000 - RESUME_S)


def _ratio(part: float, whole: float) -> float | None:
    return _rounded(part / whole) if whole else None


def _rounded(value: Any) -> float:
    return round(float(value), 6)


def _list(values: NDArray[Any]) -> list[float]:
    found: list[float] = np.round(values, 6).tolist()
    return found
