"""Where learners will probably leave a video, before the first of them comes, and what becomes of that as they do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from enrich import prediction_reasons
from enrich.prediction import FACTORS, hazards
from enrich.prediction_features import NOTHING, features
from enrich.prediction_fit import LEAST_LIFT, LEAST_VIDEOS, Fitted, Trial
from enrich.prediction_parts import cut
from enrich.prediction_shrinkage import beliefs, level, present
from enrich.slide import Slide
from enrich.transcript import Word
from infra.db import predictions
from infra.db.models import Video
from player_api import chapters
from player_api.analytics import coverage, laws, metrics
from player_api.analytics.merge import EXITS, LEARNERS, Curve
from transcode.plan import Plan

BASELINE, WITH_FEATURES = "baseline", "words_and_slides"


def save_parts(session: Session, video: Video, words: Sequence[Word], slides: Sequence[Slide]) -> None:
    """Keep what is said and shown in each part of a video, along its chapters as they are now."""
    length_s = planned_length_s(video)
    if length_s is None:
        return
    parts = cut(laws.until(length_s), [one.start_s for one in chapters.current(session, video.id).chapters],
                [one.start_s for one in slides])
    predictions.save_parts(session, video, length_s, laws.packed(parts, features(parts, words, slides)))


def planned_length_s(video: Video) -> int | None:
    """How many seconds a video has that nobody has watched; None: that is not known yet."""
    return coverage.length_s(round(Plan.model_validate(video.plan).duration_s * 1000)) if video.plan else None


def prediction(session: Session, video: Video, curve: Curve | None, length_s: int) -> dict[str, Any]:
    """What is shown; `curve`: what was seen so far, None where too few learners have come for that to be shown."""
    parts, known = laws.unpacked(predictions.parts(session, [video.id]).get(video.id), length_s)
    fitted = laws.read(predictions.law(session, video.organization_id))
    knows = any(one != NOTHING for one in known)
    law = fitted.served if knows else fitted.baseline
    learners = curve.sums[LEARNERS] if curve else 0
    exits, exposure_s = laws.counted(metrics.lines(curve, length_s)[EXITS] if curve else np.zeros(0), learners, parts)
    foretold = hazards(law, parts, length_s, known)
    spreads = law.spread_part, law.spread_video
    believed = beliefs(foretold, exits, exposure_s, *spreads)
    lengths_s = [end - start for start, end in parts]
    there = present([one.hazard for one in believed], lengths_s)
    came = learners - np.concatenate([[0.0], np.cumsum(exits)[:-1]]) if parts else np.zeros(0)
    why = prediction_reasons.reasons(law, parts, length_s, known)
    return {
        "model": WITH_FEATURES if law.of_features else BASELINE,
        "note": _note(fitted, knows=knows, used=bool(law.of_features), learners=learners),
        "lift": _lift(fitted.trial), "fitted_videos": fitted.videos, "fitted_learners": fitted.learners,
        "level": round(level(foretold, exits, exposure_s, *spreads), 4) if learners else None,
        "until_s": parts[-1][1] if parts else 0,
        "parts": [{
            "start_s": start, "end_s": end, "present": _rounded(there[n]), "hazard": _rounded(one.hazard, 9),
            "lost": _lost(one.hazard, end - start), "low": _lost(one.low, end - start), "high": _lost(one.high, end - start),
            "foretold": _lost(float(foretold[n]), end - start),
            "seen": _rounded(exits[n] / came[n]) if learners and came[n] else None, "weight": _rounded(one.weight),
            "features": dict(zip(FACTORS, known[n], strict=True)),
            "reasons": [{"name": each.name, "factor": _rounded(each.factor), "value": _known(each.value),
                         "usual": _known(each.usual), "text": each.text} for each in why[n]]}
            for n, ((start, end), one) in enumerate(zip(parts, believed, strict=True))]}


def _note(fitted: Fitted, *, knows: bool, used: bool, learners: int) -> str:
    """What the numbers rest on, in a sentence or two."""
    trial = fitted.trial
    if not fitted.videos:
        said = ("By place and length alone, from published figures of other lectures: none of your videos has been watched "
                "by enough learners yet.")
    elif used:
        assert trial is not None
        said = (f"By words, slides, place and length. Over {trial.videos} videos that it had not seen this foretold exits "
                f"{trial.lift:.1%} better than place and length alone.")
    else:
        said = f"By place and length alone, learned from {fitted.videos} videos. " + _why_not(fitted, knows=knows)
    return said + (" What was seen counts by `weight`." if learners else "")


def _why_not(fitted: Fitted, *, knows: bool) -> str:
    trial = fitted.trial
    if trial is None:
        return (f"Words and slides are tried once {LEAST_VIDEOS} videos with some of them have been watched; "
                f"there are {fitted.told}.")
    if trial.passed and not knows:
        return "Nothing is known of what is said or shown in this video; of others that helps."
    return (f"Words and slides were tried, and are not used: over {trial.videos} videos that they had not seen they "
            f"foretold exits {trial.lift:+.1%} better (95 %: {trial.low:+.1%} to {trial.high:+.1%}); {LEAST_LIFT:.0%}, "
            "clear of 0, is asked for.")


def _lift(trial: Trial | None) -> dict[str, Any] | None:
    return None if trial is None else {
        "lift": _rounded(trial.lift), "low": _rounded(trial.low), "high": _rounded(trial.high), "needed": LEAST_LIFT,
        "passed": trial.passed, "videos": trial.videos, "learners": trial.learners, "exits": trial.exits}


def _lost(hazard: float, seconds: float) -> float:
    """The share of those who are there that leaves within so many seconds."""
    return _rounded(-math.expm1(-hazard * seconds))


def _known(value: float | None) -> float | None:
    return None if value is None else _rounded(value, 4)


def _rounded(value: float, digits: int = 6) -> float:
    return round(float(value), digits)


