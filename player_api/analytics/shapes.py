"""What the operations of analytics take and answer, for the description of the API. docs/metrics.md has the formulas."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from player_api.listing import LONGEST_TAG, MOST_TAGS

T = TypeVar("T")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Definition(_Shape):
    """Which metric this is."""

    name: str = Field(examples=["retention"])
    version: int = Field(description="Rises when the number means something else.")
    url: str = Field(description="Its formula.", examples=["docs/metrics.md#retention"])


class Suppressed(_Shape):
    """Why nothing is shown."""

    code: str = Field(examples=["too_few_learners"])
    reason: str
    k: int = Field(description="From how many learners on something is shown.")


class Metric(_Shape, Generic[T]):
    """A metric of a video."""

    video_id: str
    as_of: str | None = Field(description="RFC 3339: when the newest event that is counted here arrived.")
    n_learners: int | None = Field(description="Who watched a second at least; null below k.")
    definition: Definition
    suppressed: Suppressed | None
    data: T | None = Field(description="null where it is suppressed: that is not zero.")


class WeekLine(_Shape):
    """What one ISO week (UTC) added; null where fewer than k learners were new."""

    week: str = Field(examples=["2026-W07"])
    new_learners: int | None
    views: int | None
    watch_content_s: float | None
    completed: int | None


class SummaryData(_Shape):
    """Sums over all of its life."""

    views: int
    watch_content_s: float = Field(description="Seconds of media that were played, by all.")
    watch_wall_s: float = Field(description="The same by the clock on the wall.")
    hidden_wall_s: float = Field(description="Of it with the page out of sight.")
    live_wall_s: float | None = Field(description="Of it while it was live, near to what was newest; null below k.")
    live_learners: int | None = Field(description="Who watched so; null below k, and once the first events are deleted.")
    later_learners: int | None = Field(description="Who watched some of it otherwise, of them and of others; null likewise, "
                                       "and where nobody watched live.")
    mean_unique_s: float | None
    engagement: float | None = Field(description="mean_unique_s of the video's length.")
    completion_rate: float | None
    reached_end_rate: float | None
    weeks: list[WeekLine]


class RetentionData(_Shape):
    """A number for each second."""

    step_s: int
    retention: list[float] = Field(description="Share of the learners who saw second s; at most 1.")
    absolute: list[float] | None = Field(description="Plays of second s a view; may exceed 1.")


class Peak(_Shape):
    """A moment that is replayed."""

    start_s: float
    end_s: float
    replays: float


class MostReplayed(_Shape):
    """Where replays are most."""

    shown: bool = Field(description="There are learners and replays enough.")
    slice_s: float
    slices: list[float] | None = Field(description="Up to 100 slices of the video, 1 the most replayed.")
    peaks: list[Peak]


class RewatchData(_Shape):
    """Numbers for each second."""

    step_s: int
    replays: list[float] = Field(description="Plays of second s beyond the first, a learner.")
    rewatchers: list[float] = Field(description="Share of the learners who saw second s twice or more.")
    most_replayed: MostReplayed


class MostReplayedCurve(_Shape):
    """For the time bar of a player."""

    heights: list[float] = Field(description="Up to 100 slices of the video, all of the same length; 1 the most replayed.")


class DropLine(_Shape):
    """Five seconds."""

    start_s: int
    end_s: int
    exits: int = Field(description="Learners who came no further.")
    present: int = Field(description="Learners who came here.")
    hazard: float | None
    low: float = Field(description="95 % interval (Wilson).")
    high: float


class TopDrop(DropLine):
    """Five seconds where more left than around them."""

    usual: float = Field(description="Median of the half minute before and after.")


class DropoffData(_Shape):
    """Who came no further."""

    bin_s: int
    bins: list[DropLine]
    top: list[TopDrop]


class TenthLine(_Shape):
    """Learners who saw as much of it, and no tenth more."""

    from_: float = Field(alias="from", description="Share of the video that was seen, at least.")
    learners: int


class CompletionData(_Shape):
    """How much was seen."""

    threshold: float
    completed: int
    completion_rate: float | None
    low: float
    high: float
    reached_end: int
    reached_end_rate: float | None
    reached_end_low: float = Field(description="95 % interval (Wilson) of reached_end_rate.")
    reached_end_high: float
    tenths: list[TenthLine]


class ChapterLine(_Shape):
    """A chapter."""

    start_s: float
    end_s: float
    title: str
    retention: float | None = Field(description="Share of the chapter that a learner saw, on average.")
    replays: float | None
    exits: int
    exit_rate: float | None
    exit_low: float = Field(description="95 % interval (Wilson) of exit_rate.")
    exit_high: float


class ChaptersData(_Shape):
    """Chapters in order."""

    items: list[ChapterLine]


class _Quality(_Shape):
    views: int
    starts: int
    startup_mean_s: float | None
    startup_p50_s: float | None
    startup_p95_s: float | None
    rebuffer_ratio: float | None
    rebuffers_per_hour: float | None
    switches_per_hour: float | None
    bitrate_kbps: float | None
    height_px: float | None
    fatal_error_rate: float | None


class HourLine(_Quality):
    """An hour."""

    hour: str = Field(description="Its beginning, RFC 3339.")


class QoeData(_Quality):
    """All hours together, and one by one."""

    hours: list[HourLine]


class ProgressLine(_Shape):
    """One video."""

    video_id: str
    playback_id: str
    resume_s: float = Field(description="Where to go on; 0 once it is completed.")
    progress: float = Field(ge=0, le=1)
    completed: bool
    unique_s: int
    watch_content_s: float
    watch_wall_s: float
    seen: list[tuple[int, int]] = Field(description="[start, end) in seconds.")
    last_seen_at: str | None


class Progress(_Shape):
    """What a learner has seen, last first."""

    items: list[ProgressLine]


class LearnerData(Progress):
    """Everything that is kept of a learner."""

    events: list[dict[str, Any]]
    results: list[dict[str, Any]] = Field(description="Results of assessments, the oldest first.")
    tags: list[str] = Field(description="The groups that they are in.")


class EventToken(_Shape):
    """What a page sends events with."""

    token: str
    expires_at: str
    url: str = Field(description="Where its events are sent to; relative to the server.", examples=["/api/v1/events"])


class EventTokenWish(_Shape):
    """Whom a token is for."""

    learner: str = Field(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f]+$",
                         description="Your own name of the learner; it is not stored, only a key that is made of it.")
    consent: bool = Field(True, description="false: what happens is counted, and not who it was.")
    tags: list[Annotated[str, StringConstraints(max_length=4 * LONGEST_TAG)]] | None = Field(
        None, max_length=MOST_TAGS, description="The groups that the learner is in from now on, as `PUT /cohorts/learner`"
        " takes them. null: as before. Without consent they are not kept.", examples=[["seminar A", "2026"]])


class RejectedEvent(_Shape):
    """An event that was not taken."""

    id: str | None
    reason: str


class Accepted(_Shape):
    """What became of a batch."""

    accepted: int
    duplicate: int = Field(description="Known already.")
    rejected: list[RejectedEvent]
    server_time: int = Field(description="Unix milliseconds.")
