"""What the live tail answers, for the description of the API. docs/metrics.md#live has the formulas."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from player_api.analytics.shapes import Definition, Suppressed


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LiveBin(_Shape):
    """Ten seconds. null: fewer than k viewers were there."""

    at: str = Field(description="Its beginning, RFC 3339.")
    settled: bool = Field(description="false: players may still tell of it.")
    viewers: int | None = Field(description="Who was there at any moment of it.")
    joined: int | None = Field(description="Of them, who began in it.")
    left: int | None = Field(description="Of them, who ended in it. It is known half a minute later.")
    rebuffer_ratio: float | None = Field(description="Of what was told in it; null: nothing was.")


class BehindLine(_Shape):
    """Viewers who are as far behind the newest picture."""

    from_s: int
    to_s: int | None
    viewers: int


class LiveNow(_Shape):
    """Who told something within the last 30 s."""

    viewers: int
    joined: int = Field(description="In the last 5 minutes.")
    left: int = Field(description="In the last 5 minutes.")
    rebuffer_ratio: float | None = Field(description="Of what was told in the last minute.")
    n_behind: int | None = Field(description="Whose player told how far behind the newest picture they are; null below k.")
    behind_p50_s: float | None
    behind_p95_s: float | None
    behind: list[BehindLine] | None
    edge_s: float = Field(description="The newest picture that anybody's player knew of, on the time line.")
    place_s: int = Field(description="Length of a place.")
    places: list[int] = Field(description="Viewers by where they are on the time line, in places of `place_s`.")


class LiveData(_Shape):
    """The last quarter of an hour."""

    bin_s: int
    now: LiveNow | None = Field(description="null: fewer than k viewers are there now.")
    bins: list[LiveBin] = Field(description="The oldest first; the last one has only begun.")


class LiveTail(_Shape):
    """Who watches a video now."""

    video_id: str
    as_of: str | None = Field(description="RFC 3339: everything that players told by then is counted; null: they never did.")
    on_air: bool = Field(description="It is sent live now.")
    n_viewers: int | None = Field(description="Different viewers in the last quarter of an hour; null below k.")
    definition: Definition
    suppressed: Suppressed | None
    data: LiveData | None = Field(description="null where it is suppressed: that is not zero.")
