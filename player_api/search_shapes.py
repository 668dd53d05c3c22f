"""What searches and comparisons of videos answer, as OpenAPI shows it. Times are seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from player_api.shapes import ChapterEntry


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchVideo(_Shape):
    """The video that a hit is in."""

    id: str
    title: str
    playback_id: str
    poster_url: str | None


class SearchPlace(_Shape):
    """A passage that was found, and where."""

    matched: Literal["words", "meaning"] = Field(description="meaning: a sentence model found it, words of the query need "
                                                 "not be in it; `snippet` is its sentence that is nearest.")
    kind: Literal["title", "chapter", "slide", "speech", "comment"]
    start_s: float = Field(description="Of the passage; 0 of a title.", examples=[754.2])
    end_s: float
    at_s: float = Field(description="Just before the words are said, to within a second or three.", examples=[761.0])
    score: float = Field(description="Compares hits of one answer; those that have all words, or where there are hits by "
                         "meaning those that say the query word for word, stand first whatever it is.")
    snippet: str = Field(description="Plain text.", examples=["… down the gradient of the loss …"])
    marks: list[tuple[int, int]] = Field(description="What to mark in `snippet`: [start, end) in UTF-16 code units, as "
                                         "JavaScript counts.", examples=[[[11, 19]]])
    snippet_html: str = Field(description="The same as HTML, escaped, with <mark>.")


class SearchHit(SearchPlace):
    """A passage that was found, and in which video."""

    video: SearchVideo
    watch_url: str = Field(description="The watch page at that second; relative to the server.",
                           examples=["/watch/p_c5d8f2g7h4j9k3mn?t=754"])


class SearchPage(_Shape):
    """Hits, the best first."""

    items: list[SearchHit]
    next_cursor: str | None = Field(description="Send it as `cursor` for what follows; null at the end.")


class RelatedVideo(_Shape):
    """Another video that is about the same."""

    video: SearchVideo
    score: float = Field(ge=0, le=1, description="Compares the items of one answer.")
    phrases: list[str] = Field(description="What both speak of, the most telling first.", examples=[["chain rule"]])


class RelatedChapter(RelatedVideo):
    """A chapter of another video that is about the same; a video without chapters is one."""

    start_s: float
    title: str
    watch_url: str


class ChapterRelations(ChapterEntry):
    """A chapter of this video, and those of others."""

    items: list[RelatedChapter]


class RelatedList(_Shape):
    """What of the other videos is about the same, the nearest first; empty until it is known what this one is about."""

    items: list[RelatedVideo]
    chapters: list[ChapterRelations]
