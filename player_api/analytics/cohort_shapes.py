"""What the operations of cohorts take and answer, for the description of the API: docs/metrics.md#cohorts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from player_api.analytics.library_shapes import Figure
from player_api.analytics.shapes import TenthLine
from player_api.listing import LONGEST_TAG, MOST_TAGS

LearnerName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f]+$")]
Tag = Annotated[str, StringConstraints(max_length=4 * LONGEST_TAG)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Tags(_Shape):
    """The groups that a learner is in."""

    tags: list[Tag] = Field(max_length=MOST_TAGS, description="Your own names of groups. Case counts.",
                            examples=[["seminar A", "2026"]])


class LearnerTags(Tags):
    """Which groups a learner is in."""

    learner: LearnerName = Field(description="Your own name of the learner, as in event tokens; it is not stored.")


class CohortMembers(_Shape):
    """Who is in a group."""

    tag: Tag = Field(examples=["seminar A"])
    learners: list[LearnerName] = Field(max_length=10_000, description="Your own names of learners, as in event tokens; "
                                        "they are not stored, only keys made of them. Empty: the group is gone.")


class CohortSize(_Shape):
    """A group."""

    tag: str
    n_learners: int | None = Field(description="null: fewer than k.")


class CohortSizes(_Shape):
    """All groups of an organization, by name."""

    k: int
    items: list[CohortSize]


class CohortData(_Shape):
    """What a cohort saw, as the metrics of these names have it of everybody."""

    watch_content_s: float
    watch_wall_s: float
    mean_unique_s: float
    engagement: float
    completed: int
    completion_rate: float
    low: float = Field(description="95 % interval (Wilson) of completion_rate.")
    high: float
    reached_end: int
    reached_end_rate: float
    reached_end_low: float
    reached_end_high: float
    tenths: list[TenthLine]
    step_s: int
    retention: list[float] = Field(description="Share of the cohort who saw second s.")
    rewatchers: list[float] = Field(description="Share of the cohort who saw second s twice or more.")


class Cohort(_Shape):
    """One group of the learners of this video."""

    tag: str
    n_learners: int | None
    suppressed: Literal["too_few_learners", "rest_too_few"] | None = Field(
        description="too_few_learners: fewer than k of it watched. rest_too_few: without it, or without it and others that "
        "are shown and share nobody, fewer than k would be left of all learners, or of a larger cohort that holds it.")
    data: CohortData | None
    overlaps: bool | None = Field(description="It shares learners with the first one, so the two are not compared. null: it "
                                  "is the first one, or one of both is held back.")
    differences: list[Figure] | None = Field(description="This one (`this`) minus the first one (`other`).")


class CohortsData(_Shape):
    """The cohorts that were asked for, in that order."""

    tags: list[CohortSize] = Field(description="All groups of the organization, and how many of each watched this video.")
    cohorts: list[Cohort]
