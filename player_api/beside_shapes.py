"""What the texts beside a player look like as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from player_api.search_shapes import SearchPlace
from player_api.shapes import SlideLine

State = Literal["done", "none", "waiting", "running", "failed"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Spoken(_Shape):
    """A language that there are captions in."""

    language: str = Field(description="BCP 47.", examples=["en"])
    label: str = Field(description="How menus name it.", examples=["English"])
    vtt_url: str = Field(description="All of it as WebVTT; it is never changed.")


class Sentence(_Shape):
    """What is said up to a full stop, or a long pause."""

    start_s: float
    end_s: float
    words: list[tuple[float, str]] = Field(description="When each begins, in seconds, and how it is written: with a space "
                                           "before it where the language puts one, so that together they are the text.",
                                           examples=[[[12.4, "A"], [12.6, " graph"]]])


class PublicTranscript(_Shape):
    """The captions of one language, as text to be read along."""

    state: State = Field(description="running and waiting: ask again, there will be more.")
    message: str | None = Field(description="Why it is not there, or not whole.")
    language: str | None = Field(description="Of the sentences; null where there are none.")
    languages: list[Spoken]
    sentences: list[Sentence]


class PublicSlides(_Shape):
    """The slides of a video, in order."""

    state: State = Field(description="running and waiting: ask again, there may be more, or better ones. While the video "
                         "is live it is running.")
    message: str | None = Field(description="Why there are none.")
    items: list[SlideLine]


class InsideHits(_Shape):
    """Where in a video something is said, shown, or called so; the best first."""

    items: list[SearchPlace]
    words: list[str] = Field(description="The words that were found, in small letters, as their texts write them: what to "
                             "mark.", examples=[["graph", "graphs"]])
