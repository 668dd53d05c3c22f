"""The kinds of events, as they are stored, and the marks that an event can carry. Numbers never change their meaning."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["load", "watch", "play", "pause", "seek", "rate", "quality", "rebuffer", "error", "ended", "quiz"]
NUMBERS: dict[str, int] = {"watch": 1, "load": 2, "play": 3, "pause": 4, "seek": 5, "rate": 6, "quality": 7,
                           "rebuffer": 8, "error": 9, "ended": 10, "quiz": 11}
NAMES = {number: name for name, number in NUMBERS.items()}
WATCH, LOAD, ERROR = NUMBERS["watch"], NUMBERS["load"], NUMBERS["error"]

# Marks. The first three, and TOO_MUCH, say why a `watch` is stored and not counted; ROBOT why nothing of an event is.
OUTSIDE = 1  # it ends before it begins, or behind the end of the video
RATE = 2  # nobody plays at that speed
TOO_FAST = 4  # more was played than time has passed since the event before
HIDDEN = 8  # the page was not in sight
FATAL = 16  # an error that ended playback
ESTIMATED = 32  # pieced together from playheads, not told by who played it
ROBOT = 64  # a program that says so fetched the page
TOO_MUCH = 128  # more was played in all than the time since its session began, or than anybody can watch
LIVE = 256  # it was watched as it was sent: while it was live, and near to what was newest
UNCOUNTED = OUTSIDE | RATE | TOO_FAST | ROBOT | TOO_MUCH
REASONS = {ROBOT: "robot", OUTSIDE: "outside", RATE: "rate", TOO_FAST: "too_fast", TOO_MUCH: "too_much"}


def reason(marks: int) -> str | None:
    """Why an event is not counted; None: it is."""
    return next((name for mark, name in REASONS.items() if marks & mark), None) if marks & UNCOUNTED else None


class Row(NamedTuple):
    """An event as the inbox keeps it. Times of day are Unix milliseconds, positions milliseconds of the media timeline."""

    id: int  # microseconds of arrival, made unique and rising: the order in which events count
    video: int  # infra.db.models.Audience.number
    session: int  # 64 bits of the session's name
    seq: int
    uid: int  # 64 bits of the event's UUID
    learner: int | None  # None: who it is may not be kept
    kind: int
    t_ms: int  # by our clock
    skew_ms: int  # what was added to the player's clock
    a_ms: int | None  # from, seek_from
    b_ms: int | None  # to, seek_to
    rate: int | None  # thousandths of normal speed
    marks: int
    startup_ms: int | None
    rebuffer_ms: int | None
    rebuffers: int | None
    switches: int | None
    bitrate_bps: int | None
    height_px: int | None
    dropped: int | None
    code: str | None
    behind_ms: int | None = None  # the newest picture that the player knew of, while it was live
