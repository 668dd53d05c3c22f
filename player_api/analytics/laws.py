"""What the watched videos of an organization say about where learners leave: fitted now and then, kept, read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from enrich.prediction import FACTORS, Floats
from enrich.prediction_features import NOTHING, Features
from enrich.prediction_fit import VERSION, Fitted, Watched, fit
from enrich.prediction_parts import Part, cut
from infra.db import audience, predictions
from infra.db.audience_models import VideoParts
from infra.db.session import Database
from player_api.analytics import coverage, merge, stored

MOST_VIDEOS = 2000  # those with the most learners are learned from

logger = logging.getLogger(__name__)


def fit_due(database: Database, k: int, every_s: float, cancelled: Callable[[], bool] = lambda: False) -> int:
    """Fit the laws of those organizations whose videos were watched since, at most once in `every_s`; of how many."""
    with database.read() as session:
        due = predictions.due(session, every_s)
    done = 0
    for organization_id in due:
        if cancelled():
            break
        with database.write() as session:
            claimed = predictions.claim(session, organization_id, every_s)
        if claimed:
            begun_s = time.monotonic()
            with database.read() as session:
                rows = audience.library(session, organization_id, merge.LINES, merge.EXITS)
                kept = _most_watched(rows, k)
                parts = predictions.parts(session, [row.id for row in kept])
            found = fit([_watched(row, parts) for row in kept])
            with database.write() as session:
                predictions.save_law(session, organization_id, max((row.counted_id or 0 for row in rows), default=0),
                                     found.model_dump(mode="json"))
            logger.info("Learned from %d videos of %s where learners leave, in %.1f s", len(kept), organization_id,
                        time.monotonic() - begun_s)
            done += 1
    return done


def read(stored_law: Mapping[str, Any] | None) -> Fitted:
    """What was fitted; what is built in, where that is nothing, or was fitted by another version."""
    return Fitted.model_validate(stored_law) if stored_law and stored_law["version"] == VERSION else Fitted()


def until(length_s: int) -> int:
    """The first second whose end counts as the end of the video (`merge.reaches_end`): nobody who leaves there is lost."""
    return next(second for second in range(length_s) if merge.reaches_end(second + 1, length_s))


def packed(parts: list[Part], known: list[Features]) -> dict[str, Any]:
    """Parts and what is known of them, as they are stored."""
    return {"bounds": [*map(list, parts)], **{name: [value if value is None else round(value, 4) for value in column]
                                            for name, column in zip(FACTORS, zip(*known, strict=True), strict=False)}}


def unpacked(row: VideoParts | None, length_s: int) -> tuple[list[Part], list[Features]]:
    """What `packed` made. Plain parts of which nothing is known, where there is none, or it is of another length."""
    if row is None or row.length_s != length_s:
        parts = cut(until(length_s))
        return parts, [NOTHING] * len(parts)
    parts = [(start, end) for start, end in row.parts["bounds"]]
    columns = [row.parts.get(name) or [None] * len(parts) for name in FACTORS]
    return parts, [Features(*values) for values in zip(*columns, strict=True)]


def counted(exits: np.ndarray[Any, Any], learners: int, parts: list[Part]) -> tuple[Floats, Floats]:
    """How many left in each part, and for how many learner-seconds they could have; `exits` by second, may end early.

    Who leaves within a second counts for half of it.
    """
    reach = parts[-1][1] if parts else 0
    gone = np.zeros(reach)
    gone[:min(reach, len(exits))] = exits[:reach]
    there = learners - np.concatenate([[0.0], np.cumsum(gone)[:-1]]) - gone / 2 if reach else gone
    bounds = [start for start, _ in parts]
    return (np.add.reduceat(gone, bounds), np.add.reduceat(there, bounds)) if parts else (np.zeros(0), np.zeros(0))


def _most_watched(rows: Any, k: int) -> list[Any]:
    """Those with k learners at least, in the order of their ids, which folds are made by."""
    learners = {row.id: stored.sums_of(row.sums)[merge.LEARNERS] for row in rows if row.sums is not None}
    enough = [row for row in rows if learners.get(row.id, 0) >= max(k, 1)]
    return sorted(sorted(enough, key=lambda row: -learners[row.id])[:MOST_VIDEOS], key=lambda row: str(row.id))


def _watched(row: Any, known: Mapping[str, VideoParts]) -> Watched:
    length_s = coverage.length_s(row.duration_ms)
    parts, features = unpacked(known.get(row.id), length_s)
    learners = stored.sums_of(row.sums)[merge.LEARNERS]
    exits, exposure_s = counted(np.frombuffer(row.counts, f"<i{row.size[0]}"), learners, parts)
    return Watched(length_s, learners, parts, features, exits, exposure_s)
