"""What the operations of learning take and answer, for the description of the API."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RejectedResult(_Shape):
    """A result that was not taken."""

    index: int = Field(description="Its place in the list, from 0.")
    reason: str


class TakenResults(_Shape):
    """What became of results."""

    accepted: int = Field(description="New.")
    updated: int = Field(description="They took the place of others of the same learner, item and attempt.")
    duplicate: int = Field(description="Known already.")
    rejected: list[RejectedResult]


class LeftOut(_Shape):
    """First attempts of which not enough is known."""

    no_ability: int = Field(description="Their learner has fewer than 4 results that are not of this video.")
    events_deleted: int = Field(description="Some of what their learner watched is older than events are kept.")
    not_watched: int = Field(description="Nothing of that part was watched before, or nobody knows who it was.")
    item_says_nothing: int = Field(description="All who are left at their item did equally well, or they are fewer than 5.")


class Factor(_Shape):
    """How far something of the watching goes with the score."""

    name: str = Field(examples=["rewatched"], description="covered, rewatched, pauses or speed: docs/metrics.md.")
    rho: float | None = Field(description="Partial rank correlation, -1 to 1.")
    low: float | None = Field(description="95 % interval (Fisher).")
    high: float | None
    drawn_low: float | None = Field(description="95 % interval by drawing learners again (bootstrap).")
    drawn_high: float | None
    clear: bool = Field(description="Neither interval holds 0.")
    rank: int | None = Field(description="1 the strongest; null below 100 learners.")


class ItemFactor(_Shape):
    """The same of one item, drawn to what all items have in common (empirical Bayes)."""

    item: str
    factor: str
    n_learners: int
    rho: float
    low: float
    high: float
    clear: bool = Field(description="It is found at a false discovery rate of 5 % (Benjamini and Hochberg).")


class CorrelationData(_Shape):
    """Associations, not causes."""

    note: str
    n_learners: int | None = Field(description="Whose first attempts are in it; null below k.")
    n_results: int | None
    n_items: int | None
    other_results: float | None = Field(description="Median number of results that a learner's ability is made of. The "
                                        "fewer, the more of what ability does is left in the coefficients.")
    left_out: LeftOut | None
    enough: bool = Field(description="There are 30 learners at least: below that no coefficient is shown.")
    factors: list[Factor]
    items: list[ItemFactor] = Field(description="Of items with 300 learners, where there are two such items.")
