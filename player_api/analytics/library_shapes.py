"""What the overview and comparisons answer, for the description of the API."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from player_api.analytics.shapes import Definition


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OverviewLine(_Shape):
    """A video. What fewer than k learners did is null."""

    video_id: str
    title: str
    tags: list[str]
    created_at: str
    duration_s: float | None = Field(description="null: nobody has watched it.")
    suppressed: bool
    n_learners: int | None
    views: int | None
    watch_content_s: float | None
    watch_wall_s: float | None
    completion_rate: float | None
    engagement: float | None


class OverviewTotals(_Shape):
    """Of all videos, on whichever page: sums of those that are shown."""

    videos: int
    videos_shown: int
    views: int
    watch_content_s: float
    watch_wall_s: float


class Overview(_Shape):
    """A page of the videos of an organization."""

    as_of: str | None = Field(description="RFC 3339: when the newest event that is counted here arrived.")
    k: int = Field(description="From how many learners on a video's numbers are shown.")
    definition: Definition
    totals: OverviewTotals
    items: list[OverviewLine]
    next_cursor: str | None = Field(description="Send it as `cursor` for what follows; null at the end.")


class Difference(_Shape):
    """Of this video and the other one."""

    this: float
    other: float
    difference: float = Field(description="this - other")
    low: float | None = Field(description="95 % interval of the difference (Newcombe); null: a count, which is known.")
    high: float | None


class Figure(Difference):
    """A figure of both videos."""

    name: str = Field(examples=["completion_rate"])


class Slice(Difference):
    """Retention in a hundredth of both videos."""

    from_: float = Field(alias="from", description="Where it begins, 0 to 0.99 of the length.")


class ComparedVideos(_Shape):
    """Two videos."""

    length_s: int
    other_length_s: int
    figures: list[Figure]
    slices: list[Slice]


class TwoVideos(_Shape):
    """This video and another one."""

    other_video_id: str
    n_other_learners: int | None
    compared: ComparedVideos | None = Field(description="null: fewer than k learners have watched the other one.")


class PeriodFigure(_Shape):
    """What both periods added."""

    name: str = Field(examples=["views"])
    this: float | None = Field(description="null: fewer than k learners were new.")
    other: float | None
    difference: float | None


class TwoPeriods(_Shape):
    """Some weeks, and as many before them."""

    weeks: list[str]
    before: list[str]
    weeks_left_out: list[str] = Field(description="Fewer than k learners were new in them: they are in no number here.")
    step_s: int
    plays: list[int] | None = Field(description="Plays of each second.")
    plays_before: list[int] | None
    figures: list[PeriodFigure]


class CompareData(_Shape):
    """One of both."""

    kind: str = Field(examples=["videos"], description="videos or periods")
    videos: TwoVideos | None
    periods: TwoPeriods | None
