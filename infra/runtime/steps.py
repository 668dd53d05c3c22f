"""The form of the itinerary: what runs for a video, where, and what follows. The table is in itinerary.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from infra.core.steps import Outcome, StepContext, StepFunction
from infra.db.models import Video

# Runs in the transaction that marks the step done; inserts what follows through `infra.db.steps`.
# The video's row is locked, so of several pieces that end together, one after the other sees the others' ends.
Then = Callable[[Session, Video, str, Outcome], None]

# Renders segment k of a rendition (k = -1: its init section) and stores it. Returns when it is stored.
RenderDemand = Callable[[StepContext, str, int], None]


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step: which queue's workers run it, what it does, and what its end means; `failed`: that it failed for good."""

    name: str
    queue: str
    run: StepFunction
    then: Then | None = None
    failed: Callable[[Session, Video], None] | None = None


@dataclass(frozen=True, slots=True)
class Itinerary:
    """All steps by name, and the function that renders what a viewer waits for."""

    steps: Mapping[str, StepSpec]
    render_demand: RenderDemand
