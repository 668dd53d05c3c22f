"""Groups of learners by their tags: what each saw of a video, and how they differ. Pure.

A cohort is counted like a video's whole audience, of what is known of each of its learners: its curve is a `Curve`, of which
the metrics are made by the same functions. Only plays and views are not in it, which are not known by learner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from player_api.analytics import comparison, merge, metrics
from player_api.analytics.merge import EXITS, REWATCH, UNIQUE, Curve

MOST = 6  # cohorts of one question
_STEPS = 2000  # of a search; a course of thirty seminars takes 31
_Sorts: TypeAlias = frozenset[frozenset[str]]  # learners, each sort by its tags
_SHARES = ("engagement", "completion_rate", "reached_end_rate")


def curve(learners: Sequence[Any], length_s: int) -> Curve:
    """The counters of these learners: (seen, again, unique_s, content_ms, wall_ms) of each, as `stored` keeps them."""
    found = Curve(np.zeros((merge.LINES, length_s), np.int32))
    found.counts[UNIQUE] = _counted([row.seen for row in learners], length_s)
    found.counts[REWATCH] = _counted([row.again for row in learners], length_s)
    furthest = np.frombuffer(b"".join(row.seen[-4:] for row in learners), "<u4")  # where the last piece ends
    found.counts[EXITS] = np.bincount(furthest - 1, minlength=length_s)
    sums = found.sums
    sums[merge.LEARNERS] = len(learners)
    sums[merge.CONTENT_MS] = sum(row.content_ms for row in learners)
    sums[merge.WALL_MS] = sum(row.wall_ms for row in learners)
    sums[merge.REACHED_END] = sum(merge.reaches_end(int(end), length_s) for end in furthest)
    for row in learners:
        sums[merge.COMPLETED] += merge.completes(row.unique_s, length_s)
        sums[merge.DECILES + merge.tenth(row.unique_s, length_s)] += 1
    return found


def _counted(pieces: Sequence[bytes], length_s: int) -> NDArray[np.int64]:
    """How many of these sets of seconds hold each second."""
    bounds = np.frombuffer(b"".join(pieces), "<u4").reshape(-1, 2)
    steps = np.bincount(bounds[:, 0], minlength=length_s + 1) - np.bincount(bounds[:, 1], minlength=length_s + 1)
    found: NDArray[np.int64] = np.cumsum(steps[:length_s])
    return found


def held_back(groups: Mapping[str, Collection[int]], everybody: int, k: int) -> dict[str, str]:
    """Which of these groups of a video's learners are not shown, and why: those of fewer than k; and those that leave fewer
    than k of everybody, or of a larger group that holds them, alone or with others that are shown, of which no two share a
    learner: who subtracts them would have the curve of those few. The smaller of them gives way.
    """
    its_tags: dict[int, set[str]] = {}
    for tag, its in groups.items():
        for learner in its:
            its_tags.setdefault(learner, set()).add(tag)
    # Learners of the same tags are one: a group is then a set of a few sorts of learners.
    sizes = Counter(frozenset(tags) for tags in its_tags.values())
    sizes[frozenset()] += everybody - len(its_tags)
    found = {tag: "too_few_learners" for tag, its in groups.items() if len(its) < k}
    shown = [frozenset(sort for sort, size in sizes.items() if size)]
    for tag in sorted(groups.keys() - found, key=lambda one: (-len(groups[one]), one)):
        sorts = frozenset(sort for sort in sizes if tag in sort)
        if any(sorts < whole and _may_be_few(whole - sorts, shown[1:], sizes, k) for whole in shown):
            found[tag] = "rest_too_few"
        else:
            shown.append(sorts)
    return found


def _may_be_few(rest: _Sorts, groups: Sequence[_Sorts], sizes: Mapping[frozenset[str], int], k: int) -> bool:
    """Whether 1 to k - 1 learners can be left of these by taking groups away that share none. Yes, too, if that can not be
    told after _STEPS: near covers are hard to find in general, but a school's groups are not made to hide one."""
    steps = 0

    def search(rest: _Sorts, left: int) -> bool:
        nonlocal steps
        steps += 1
        whole = left + sum(sizes[sort] for sort in rest)
        if whole < k or steps > _STEPS:
            return whole > 0
        usable = [group for group in groups if group <= rest]
        coverable = frozenset[frozenset[str]]().union(*usable)
        left += sum(sizes[sort] for sort in rest - coverable)
        if left >= k or not coverable:
            return False
        pivot = max(coverable, key=sizes.__getitem__)
        return any(search(coverable - group, left) for group in usable if pivot in group) or (
            left + sizes[pivot] < k and search(coverable - {pivot}, left + sizes[pivot]))

    return search(rest, 0)


def shown(one: Curve, length_s: int) -> dict[str, Any]:
    """What a cohort that has learners enough saw."""
    learners = one.sums[merge.LEARNERS]
    whole = metrics.summary(one, length_s, {}, 1, (None, None))
    done = metrics.completion(one, length_s)
    return {
        **{name: whole[name] for name in ("watch_content_s", "watch_wall_s", "mean_unique_s", "engagement")},
        **{name: done[name] for name in ("completed", "completion_rate", "low", "high", "reached_end", "reached_end_rate",
                                         "reached_end_low", "reached_end_high", "tenths")},
        "step_s": 1, "retention": metrics.retention(one, length_s)["retention"],
        "rewatchers": np.round(one.counts[REWATCH] / learners, 6).tolist()}


def differences(one: Mapping[str, Any], of_one: int, first: Mapping[str, Any], of_first: int) -> list[dict[str, Any]]:
    """One cohort minus the first one, who share no learner."""
    lines = []
    for name in _SHARES:
        low, high = comparison.newcombe(one[name], of_one, first[name], of_first)
        lines.append({"name": name, "this": one[name], "other": first[name],
                      "difference": round(one[name] - first[name], 6), "low": low, "high": high})
    return lines
