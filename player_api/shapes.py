"""What the API answers, as OpenAPI shows it. Times are seconds (float) or RFC 3339, sizes pixels, bits/s or bytes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Codec = Literal["h264", "av1", "vp9"]
State = Literal["waiting", "ready", "running", "done", "failed"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")  # an answer that says more than this page is a fault of this page


class Problem(BaseModel):
    """Every error (RFC 9457)."""

    type: str = Field(examples=["urn:lectern:problem:video_not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(description="Never changes its meaning.", examples=["video_not_found"])
    detail: str = Field(description="For the person who reads it.", examples=["There is no such video."])
    errors: list[dict[str, str]] | None = Field(None, description="The fields at fault, with invalid_request.")


class StepError(_Shape):
    """Why a step failed."""

    code: str | None
    message: str | None
    retryable: bool | None = Field(description="Whether POST .../retry can help.")


class VideoError(StepError):
    """Why something of a video failed."""

    step: str


class StepLine(_Shape):
    """One kind of work of a video."""

    name: str = Field(examples=["fill:h264"])
    state: State
    progress: float = Field(ge=0, le=1)
    error: StepError | None


class RenditionLine(_Shape):
    """One size of one codec."""

    name: str = Field(examples=["h264-720p"])
    codec: str = Field(examples=["h264"])
    codecs: str = Field(description="RFC 6381.", examples=["avc1.64001f"])
    width_px: int
    height_px: int
    max_bps: int = Field(description="Its cap, in bits a second.")
    copied: bool = Field(description="The source's own packets, not encoded again.")
    peak_bps: int | None = Field(description="Measured once it is complete: the largest rate over about 6 s.")
    average_bps: int | None = Field(description="Measured once it is complete.")


class LoudnessLine(_Shape):
    """How loud a track of the source is, over the whole of it (EBU R 128, ITU-R BS.1770)."""

    integrated_lufs: float | None = Field(description="null: nothing is above -70 LUFS.", examples=[-16.2])
    range_lu: float = Field(description="Loudness range (EBU Tech 3342).", examples=[5.1])
    true_peak_dbtp: float | None = Field(description="null: nothing is above -70 LUFS.", examples=[-1.5])


class TrackLine(_Shape):
    """Sound. A track of the source is one in stereo, and one more in 5.1 where it has that."""

    kind: Literal["audio"]
    name: str = Field(examples=["aac", "aac-2", "aac-51"])
    label: str = Field(description="For a menu: the language's own name, or the title.", examples=["Français"])
    codecs: str
    channels: int = Field(examples=[2, 6])
    language: str | None = Field(description="BCP 47; null: the file does not say.", examples=["fr"])
    copied: bool = Field(description="The source's own packets, not encoded again.")
    loudness: LoudnessLine | None = Field(description="Of the source's track; null until it is measured.")
    gain_db: float = Field(description="What brings it to -16 LUFS, where the operator wants that; 0: it is as it was.",
                           examples=[4.2])


class CaptionsLine(_Shape):
    """Captions (in the language of the video) or subtitles (in another one)."""

    language: str = Field(description="BCP 47.", examples=["en"])
    label: str = Field(description="What its speakers call it.", examples=["English", "English (machine translation)"])
    revision: int = Field(ge=1)
    model: str | None = Field(description="The speech model that made them; null: a person did.", examples=["base"])
    translated_from: str | None = Field(description="The model translated them from this language (BCP 47), and their label "
                                        "says so; null: they are no machine's translation.")
    url: str = Field(description="All of them as WebVTT, for players.")
    created_at: str = Field(description="RFC 3339.", examples=["2026-03-01T09:30:00.000Z"])


class CaptionsPage(_Shape):
    """The captions of a video, by language."""

    items: list[CaptionsLine]


class CaptionsRevision(_Shape):
    """One time that captions were saved, or removed."""

    revision: int = Field(ge=1)
    deleted: bool
    key_id: str | None = Field(description="Of the API key that did it.")
    model: str | None = Field(description="The speech model that made them; null: a person did.")
    translated_from: str | None = Field(description="The model translated them from this language.")
    created_at: str


class CaptionsRevisions(_Shape):
    """The history of captions in one language, newest first."""

    items: list[CaptionsRevision]


class Reason(_Shape):
    """Why there is no transcript."""

    code: str = Field(examples=["no_speech"])
    message: str = Field(examples=["Nobody speaks in this video."])


class WordLine(_Shape):
    """A word that was heard."""

    text: str
    start_s: float
    end_s: float
    confidence: float = Field(ge=0, le=1, description="How sure the speech model is.")
    unsure: bool = Field(description="It gives the word less than even odds: somebody should listen to it.")


class Passage(_Shape):
    """Where the speech model was not sure: listen to it when you correct the captions."""

    start_s: float
    end_s: float
    text: str


class TranscriptShape(_Shape):
    """What is said, as the speech model heard it. What people correct are captions."""

    model_config = ConfigDict(extra="forbid", title="Transcript")
    state: Literal["none", "waiting", "running", "done", "failed"] = Field(
        description="none: nothing was to be recognized; while it runs, there are the words so far.")
    reason: Reason | None
    language: str | None = Field(description="BCP 47.", examples=["en"])
    language_probability: float | None = Field(description="0..1; 1 where the creator said it.")
    model: str | None = Field(examples=["base"])
    progress: float = Field(ge=0, le=1)
    text: str
    words: list[WordLine]
    to_review: list[Passage]


class GlossaryShape(_Shape):
    """Words that are likely to be said, as they are spelled."""

    model_config = ConfigDict(extra="forbid", title="Glossary")
    items: list[str] = Field(max_length=1000, description="Names and technical terms, the most important first.",
                             examples=[["Dijkstra", "eigenvalue", "PostgreSQL"]])


class ChapterEntry(_Shape):
    """A chapter goes on until the next one begins."""

    start_s: float = Field(ge=0, allow_inf_nan=False, examples=[0.0, 185.5])
    title: str = Field(description="1 to 200 characters.", examples=["What a graph is"])


class ChapterLine(ChapterEntry):
    """A chapter with its end."""

    end_s: float | None = Field(description="null: the length of the video is not known yet.", examples=[185.5])


class ChapterList(_Shape):
    """The chapters that count now."""

    revision: int = Field(ge=0, description="0: there never were any.")
    edited: bool = Field(description="Somebody set them; else they were found in what is said and shown.")
    url: str = Field(description="The same as WebVTT, for players.")
    created_at: str | None
    items: list[ChapterLine]


class ChapterRevision(_Shape):
    """One time that chapters were found, set, or given up."""

    revision: int = Field(ge=1)
    key_id: str | None = Field(description="Of the API key that did it; null: they were found.")
    created_at: str
    items: list[ChapterEntry] | None = Field(description="null: they were given up for those that were found.")


class ChapterRevisions(_Shape):
    """The history of the chapters, newest first."""

    items: list[ChapterRevision]


class Topic(_Shape):
    """What is spoken of."""

    phrase: str = Field(examples=["shortest path"])
    times_s: list[float] = Field(description="Where the sentences begin that it is said in.", examples=[[12.4, 80.0]])


class ChapterTopics(ChapterEntry):
    """What a chapter is about."""

    items: list[Topic]


class Topics(_Shape):
    """What a video is about; empty until that is known."""

    items: list[Topic]
    chapters: list[ChapterTopics]


class SlideLine(_Shape):
    """A slide, from when it is shown until it changes."""

    start_s: float
    end_s: float
    build: bool = Field(description="It only adds to the slide before.")
    title: str | None
    text: str = Field(description="What is written on it, as far as it could be read.")
    image_url: str


class SlideList(_Shape):
    """The slides of a video, in order."""

    looked: bool = Field(description="Whether they have been looked for in all of it; that is done when the video is "
                         "rendered. Until then what is or was live has those that were found meanwhile.")
    why_none: str | None = Field(description="Why there are none.")
    why_no_text: str | None = Field(description="Why nothing was read.")
    items: list[SlideLine]


class SceneLine(_Shape):
    """What one camera shows until there is a cut."""

    start_s: float
    end_s: float
    image_url: str


class SceneList(_Shape):
    """The scenes of a film, in order, without gaps."""

    state: Literal["done", "none", "waiting"]
    message: str | None = Field(description="Why there are none.")
    items: list[SceneLine]


class SourceFitLine(_Shape):
    """Whether the source is a rendition as it is."""

    fit: bool = Field(description="Its own packets are the largest H.264 rendition.")
    code: str = Field(examples=["over_cap"])
    message: str = Field(description="Why, or why not.",
                         examples=["The bit rate reaches 21300 kbit/s: the cap of its rung is 6000 kbit/s."])


class DownloadLine(_Shape):
    """A rendition as one MP4 file."""

    rendition: str = Field(examples=["h264-720p"])
    state: State
    progress: float = Field(ge=0, le=1)
    url: str = Field(description="202 with Retry-After until it is made.")
    size_bytes: int | None
    sha256: str | None = Field(description="Of the file; hexadecimal.")
    error: StepError | None


class DownloadProgress(_Shape):
    """A download that is being made."""

    rendition: str = Field(examples=["h264-720p"])
    state: str
    progress: float = Field(ge=0, le=1)


class SourceLine(_Shape):
    """What it was made of."""

    sha256: str | None
    size_bytes: int | None
    url: str | None = Field(description="Where it was fetched from.")
    fit: SourceFitLine | None = Field(description="Null before there is a plan.")
    replaced_at: str | None = Field(description="RFC 3339: since when it is this one; null: it has always been.")
    earlier_video_id: str | None = Field(description="The video that keeps the one before, where that had another length.")


class TrimLine(_Shape):
    """Which part of the recording is shown, in seconds of all of it."""

    start_s: float = Field(examples=[300.0])
    end_s: float = Field(examples=[3300.0])
    whole_s: float = Field(description="How long all of it is.", examples=[3420.0])


class VideoShape(_Shape):
    """A video as its organization sees it."""

    model_config = ConfigDict(extra="forbid", title="Video")
    id: str = Field(examples=["v_k7m2x9qwz4r8t6bn"])
    title: str
    description: str = Field(description="Plain text.")
    tags: list[str] = Field(examples=[["physics", "first year"]])
    visibility: Literal["public", "private"] = Field(description="private: nobody can watch it; what plays it answers 404.")
    language: str | None = Field(description="BCP 47.")
    file_name: str | None
    status: Literal["waiting", "live", "processing", "ready", "failed"]
    playable: bool = Field(description="It can be watched, if not all of it is rendered yet.")
    progress: float = Field(ge=0, le=1)
    error: VideoError | None
    playback_id: str = Field(examples=["p_c5d8f2g7h4j9k3mn"])
    watch_url: str = Field(description="Relative to the server.", examples=["/watch/p_c5d8f2g7h4j9k3mn"])
    playlist_url: str | None
    poster_url: str | None
    poster_time_s: float | None = Field(description="The creator's choice; null: found automatically.", examples=[42.0])
    storyboard_url: str | None = Field(description="WebVTT: a picture every 10 s, as rectangles of a few JPEGs.")
    duration_s: float | None
    fill_codecs: list[Codec] | None = Field(description="Codecs rendered in the background; null: as the organization "
                                            "says.")
    glossary: list[str] = Field(description="Words that are said in it, as they are spelled.", examples=[["Dijkstra"]])
    translate_to_english: bool | None = Field(description="Subtitles that a machine translates; null: as the server's "
                                              "settings say.")
    source: SourceLine
    trim: TrimLine | None = Field(description="Null: all of the recording is shown.")
    warnings: list[str] = Field(description="What is odd about the source.", examples=[["truncated"]])
    renditions: list[RenditionLine]
    tracks: list[TrackLine]
    downloads: list[DownloadLine] = Field(description="Files that were made or begun; POST .../downloads begins one.")
    steps: list[StepLine]
    created_at: str = Field(description="RFC 3339.", examples=["2026-03-01T09:30:00.000Z"])
    updated_at: str


class VideoPage(_Shape):
    """Videos, in the order that was asked for."""

    items: list[VideoShape]
    next_cursor: str | None = Field(description="Send it as `cursor` for what follows; null at the end.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the errors that a route may answer with."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"model": Problem, "content": content} for status in statuses}
