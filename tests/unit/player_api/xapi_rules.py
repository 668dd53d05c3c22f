"""What the xAPI Video Profile forbids: the judge of the statements that Lectern makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from player_api.analytics.xapi import PROFILE, Statement
from player_api.analytics.xapi_heard import extension, segments, stamp_ms, time_ms, verb_of

_MUST = {  # verb: result extensions it must have
    "initialized": (), "played": ("time",), "paused": ("time", "progress", "played-segments"),
    "seeked": ("time-from", "time-to"), "interacted": ("time",), "completed": ("time", "progress", "played-segments"),
    "terminated": ("time", "progress", "played-segments"),
}


def faults(told: Sequence[Statement]) -> list[str]:
    """What the profile forbids in the statements of one session, in sentences."""
    names = [verb_of(statement) for statement in told]
    found = []
    if names[:1] != ["initialized"] or names.count("initialized") != 1:
        found.append("A session begins with its one `initialized`.")
    if "terminated" in names[:-1]:
        found.append("Nothing follows `terminated`.")
    if names.count("completed") > 1:
        found.append("`completed` is said once.")
    marks: set[int] = set()  # every time that a statement told
    for name, statement in zip(names, told, strict=True):
        if name is None:
            found.append("A verb is not of the profile.")
            continue
        if statement["object"]["definition"].get("type") != f"{PROFILE}/activity-type/video":
            found.append(f"{name}: the object is no video.")
        if extension(statement, "context", "session-id") != told[0]["id"]:
            found.append(f"{name}: session-id is the id of `initialized`.")
        found += [f"{name}: lacks {one}." for one in _MUST[name] if extension(statement, "result", one) is None]
        result = statement.get("result", {})
        if (result.get("completion") is True) != (name == "completed") or ("duration" in result) != (name == "completed"):
            found.append(f"{name}: completion and duration are for `completed`, and must be there.")
        progress = extension(statement, "result", "progress")
        if progress is not None and not (0 <= progress <= 1 and round(progress, 3) == progress):
            found.append(f"{name}: progress is between 0 and 1, of three decimals.")
        marks |= {ms for one in ("time", "time-from", "time-to") if (ms := time_ms(statement, one)) is not None}
        played = segments(extension(statement, "result", "played-segments"))
        if not {edge for one in played for edge in one} <= marks:
            found.append(f"{name}: played-segments has times that no statement told.")
    for (name, one), (_, other) in pairwise(zip(names, told, strict=True)):
        if stamp_ms(one) > stamp_ms(other):
            found.append(f"{name}: later than what follows it.")
    return found
