"""What the outline of a video looks like as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutlinePart(_Shape):
    """Whether a part is there. `running` and `waiting`: ask again, there will be more."""

    name: Literal["speech", "slides", "chapters"]
    state: Literal["done", "none", "waiting", "running", "failed"]
    message: str | None = Field(description="Why it is not there, or not whole.",
                                examples=["The speech is still being recognized: 40 % of it is here."])


class OutlineSlide(_Shape):
    """A slide with all that was added to it within the chapter."""

    start_s: float
    end_s: float
    title: str | None
    text: str = Field(description="What is written on it, as far as it could be read.")
    image_url: str


class OutlineParagraph(_Shape):
    """What is said, up to a pause, the next slide or the next chapter."""

    start_s: float
    end_s: float
    text: str


class OutlineChapter(_Shape):
    """A chapter, or all of a video that has none."""

    start_s: float = Field(examples=[0.0])
    end_s: float = Field(examples=[185.5])
    title: str | None = Field(description="null: the video has no chapters, and this is all of it.",
                              examples=["What a graph is"])
    watch_url: str = Field(description="The watch page at its beginning. `?t=` takes any other second as well.",
                           examples=["/watch/p_c5d8f2g7h4j9k3mn?t=185"])
    phrases: list[str] = Field(examples=[["shortest path"]])
    slides: list[OutlineSlide] = Field(description="Those that come in it; one that is still shown from the chapter "
                                       "before is there alone.")
    paragraphs: list[OutlineParagraph]


class OutlineShape(_Shape):
    """A video as something to be read."""

    model_config = ConfigDict(extra="forbid", title="Outline")
    title: str
    language: str | None = Field(description="BCP 47.")
    duration_s: float | None
    watch_url: str
    phrases: list[str] = Field(description="What it is about, the best first.")
    parts: list[OutlinePart]
    chapters: list[OutlineChapter]
