"""What a prediction answers, for the description of the API. docs/metrics.md#prediction has the formulas."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Lift(_Shape):
    """How much words and slides helped, for videos that were left out when it was learned."""

    lift: float = Field(description="1 - deviance with them / deviance by place and length alone.")
    low: float = Field(description="95 % interval, videos drawn again.")
    high: float
    needed: float = Field(description="They are used if `lift` is as large and `low` is above 0.")
    passed: bool
    videos: int
    learners: int = Field(description="Learners of each of these videos, added up.")
    exits: int


class PartFeatures(_Shape):
    """What is said and shown there; null: not known, or nothing is."""

    speech_rate: float | None = Field(description="Words a minute of speech.")
    silence: float | None = Field(description="Share of the part.")
    new_words: float | None = Field(description="A minute; not said before in this video.")
    new_topic: float | None = Field(description="0 to 1: how much the words of the next minute differ from the last one's.")
    word_length: float | None = Field(description="Letters.")
    slide_age_s: float | None = Field(description="How long the slide has been standing in the middle of the part.")
    slide_changes: float | None = Field(description="A minute.")
    slide_words: float | None
    slides_shown: float | None = Field(description="Share of the part.")


class PartReason(_Shape):
    """Something that the model looks at. It went with leaving in other videos: that is no cause."""

    name: str = Field(examples=["silence"])
    factor: float = Field(description="It multiplies the hazard.")
    value: float | None
    usual: float | None
    text: str


class PredictedPart(_Shape):
    """15 to 30 s of the video. Shares are of the learners who come to its beginning."""

    start_s: int
    end_s: int
    present: float = Field(description="Share of all learners who come to its beginning.")
    hazard: float = Field(description="Rate of leaving a second, of those who are there.")
    lost: float = Field(description="Share that leaves in it.")
    low: float = Field(description="95 % band of `lost`, for many learners.")
    high: float
    foretold: float = Field(description="`lost` before anybody came.")
    seen: float | None = Field(description="Share that left in it so far; null: nothing was seen, or fewer than k came.")
    weight: float = Field(description="How much of `hazard` is what was seen: 0 before anybody came, towards 1 with many.")
    features: PartFeatures
    reasons: list[PartReason] = Field(description="The strongest first, at most four.")


class PredictionData(_Shape):
    """Where learners will probably leave."""

    model: str = Field(examples=["baseline"], description="baseline: place and length; words_and_slides: these, too.")
    note: str = Field(description="What the numbers rest on.")
    lift: Lift | None = Field(description="null: there are too few videos to tell.")
    fitted_videos: int = Field(description="Videos it was learned from; 0: published figures.")
    fitted_learners: int
    level: float | None = Field(description="How many times as many leave this video as was foretold; null: not seen yet.")
    until_s: int = Field(description="Who comes so far has reached the end.")
    parts: list[PredictedPart]
