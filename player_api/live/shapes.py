"""What the API answers of live streams, and takes for them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from infra.core.live import LiveProfile

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Language = Annotated[str, StringConstraints(strip_whitespace=True, max_length=35, pattern=r"^[^\x00]*$")]
MarkerTitle = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200,
                                               pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_PROFILE = "default: about 2 s to the learner. low: about 1 s, with more requests. Holds from the next session on."
_KEY = "Shown once, and stored as a hash; null: it is known to whoever was given it. `rotate-key` makes another."


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewLiveStream(_Shape):
    """A place to publish to."""

    name: Name = Field(description="The title of its videos.", examples=["Physics 101, live"])
    language: Language | None = Field(None, description="BCP 47, of its videos.", examples=["en"])
    profile: LiveProfile = Field(LiveProfile.DEFAULT, description=_PROFILE)


class LiveStreamChanges(_Shape):
    """What can be changed of it."""

    name: Name | None = None
    language: Language | None = None
    profile: LiveProfile | None = Field(None, description=_PROFILE)


class LiveServer(_Shape):
    """Where an encoder sends to."""

    protocol: Literal["rtmp", "srt"]
    url: str = Field(description="In OBS: Server. Of SRT the key is a part of it, STREAM_KEY where it is not shown.",
                     examples=["rtmp://lectern.example:1935/live", "srt://lectern.example:8890?streamid=publish:live/STREAM_KEY"])
    stream_key: str | None = Field(description="In OBS: Stream Key. " + _KEY)


class LiveAdvice(_Shape):
    """Something that is amiss."""

    code: str = Field(examples=["key_frames_rare"])
    message: str = Field(description="What it is, and what to do.", examples=[
        "A key frame comes every 8 s only, and after an interruption the picture waits for one. Set the keyframe interval "
        "of your encoder to 2 s."])


class LiveHealth(_Shape):
    """The incoming stream, over the last 10 s, and the encoder that works on it."""

    bitrate_bps: int = Field(description="What arrives, bits a second.", examples=[2_600_000])
    frame_rate: float | None = Field(description="Pictures a second, by their time stamps.", examples=[30.0])
    key_frame_interval_s: float | None = Field(description="The longest between the last few key frames.", examples=[2.0])
    missing_frames: int = Field(description="Pictures that should be there by the time stamps of the others.")
    width_px: int
    height_px: int
    video_codec: str = Field(examples=["h264"])
    audio_codec: str | None = Field(description="null: no sound arrives.", examples=["aac"])
    encoder_speed: float | None = Field(description="Media encoded by the time that passed; 1 keeps pace.", examples=[1.0])
    encoder_lag_s: float = Field(description="Media that has arrived and is not encoded yet.", examples=[0.6])
    restarts: int = Field(description="How often the picture began anew: the publisher was away, or the encoder failed.")
    advice: list[LiveAdvice] = Field(description="Empty: all is well.")


class NewLiveMarker(_Shape):
    """A moment to be marked."""

    title: MarkerTitle = Field("", description="Of the chapter that begins there; empty: its time.", examples=["Questions"])
    at: AwareDatetime | None = Field(None, description="RFC 3339; now, if it is left out.")


class LiveMarkerChanges(_Shape):
    """What can be changed of it."""

    title: MarkerTitle


class LiveMarkerShape(_Shape):
    """A marked moment."""

    model_config = ConfigDict(extra="forbid", title="LiveMarker")
    id: str = Field(examples=["lm_k7m2x9qwz4r8t6bn"])
    session_id: str
    title: str
    at: str
    at_s: float = Field(description="The same, on the time line of the session and its recording.")


class LiveMarkerList(_Shape):
    """In the order of time."""

    items: list[LiveMarkerShape]


class LiveCaptionsShape(_Shape):
    """Captions that are made while it is live."""

    model_config = ConfigDict(extra="forbid", title="LiveCaptions")
    language: str | None = Field(description="Of what is recognized, as Whisper calls it; null: not certain yet.",
                                 examples=["en"])
    delay_s: float | None = Field(description="From the moment that something is said to the moment in the video that it "
                                  "can be read at; the mean of the last ten captions. Null: none yet.", examples=[5.2])
    skipped_s: float = Field(description="Seconds of speech that were left out, because the machine was behind.")
    problem: str | None = Field(description="Why nothing is recognized just now; null: all is well.")


class LiveSessionShape(_Shape):
    """One publishing, with pauses of up to 30 s, and the video that it is."""

    model_config = ConfigDict(extra="forbid", title="LiveSession")
    id: str = Field(examples=["lv_k7m2x9qwz4r8t6bn"])
    state: Literal["waiting", "live", "interrupted", "ended", "failed"] = Field(
        description="waiting: let in, no picture yet. interrupted: the publisher is gone, and may come back.")
    protocol: Literal["rtmp", "srt"]
    video_id: str
    playback_id: str
    watch_url: str
    playlist_url: str
    viewers: int | None = Field(description="Who told within the last 30 s that they play. null: it is over, or "
                                            "the answer is about a change.")
    health: LiveHealth | None = Field(description="How the incoming stream does. null: nothing arrives just now, or this is "
                                                  "a list.")
    captions: LiveCaptionsShape | None = Field(description="Of the current session, in answers about one stream; null: it "
                                               "has none.")
    error: dict[str, str | None] | None = Field(description="Of one that failed: code and message.")
    started_at: str
    interrupted_at: str | None
    ended_at: str | None


class LiveRefusal(_Shape):
    """A publisher with the right key was not let in."""

    code: str = Field(description="machine_full: it can not encode another stream in real time. no_room: the limit of the "
                      "settings is reached.", examples=["machine_full"])
    message: str = Field(description="Why, and what to do. The encoder itself is told nothing but no.")
    at: str


class LiveStreamShape(_Shape):
    """A place to publish to. Every session of it is a video of its own."""

    model_config = ConfigDict(extra="forbid", title="LiveStream")
    id: str = Field(examples=["ls_k7m2x9qwz4r8t6bn"])
    name: str
    language: str | None
    profile: LiveProfile
    state: Literal["idle", "waiting", "live", "interrupted"]
    stream_key: str | None = Field(description=_KEY, examples=["live_4uPq..."])
    key_made_at: str
    servers: list[LiveServer] = Field(description="Empty while no live process runs.")
    refused: LiveRefusal | None = Field(description="The last time that a publisher was not let in since the last session "
                                        "began; null: it was not.")
    current: LiveSessionShape | None = Field(description="The session that is not over.")
    sessions: list[LiveSessionShape] = Field(description="The last 20, newest first. Only in answers about one stream.")
    created_at: str
    updated_at: str


class LiveStreamPage(_Shape):
    """Streams, newest first."""

    items: list[LiveStreamShape]
    open: bool = Field(description="Publishers can come in, and streams can be made.")
    problems: list[str] = Field(description="Why nobody can come in, or not by every protocol, and the way out.")
    next_cursor: str | None = Field(description="Send it as `cursor` for what follows; null at the end.")
