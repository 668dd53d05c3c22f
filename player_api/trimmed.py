"""What the row of a trimmed video knows of it: the part that is shown, and what it takes to show all of it again."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from infra.core.media import Frozen, Rational
from infra.db.models import Video
from transcode.trim import Trim


class Trimmed(Frozen):
    """See the module. Seconds are those of the whole recording."""

    trim: Trim
    whole_s: Rational
    captions: dict[str, int] = Field(default_factory=dict)  # by language: the revision that was made for all of it
    chapters: dict[str, int] = Field(default_factory=dict)  # the same of chapters, by their kind
    poster_time_s: float | None = None
    speech: dict[str, Any] | None = None  # as `Video.speech`, where all words of the whole are known
    replaced_at: float | None = None  # these two as they were
    earlier_video_id: str | None = None
    counted_with: str | None = None  # the private video that keeps what was counted of the whole

    @property
    def seconds(self) -> tuple[float, float]:
        """[start, end) of what is shown."""
        return seconds(self.trim)


def of(video: Video) -> Trimmed | None:
    """None: all of it is shown."""
    return Trimmed.model_validate(video.trim) if video.trim is not None else None


def seconds(trim: Trim) -> tuple[float, float]:
    """[start, end) in seconds of the whole recording, as captions and chapters are written."""
    return float(trim.start_s), float(trim.end_s)
