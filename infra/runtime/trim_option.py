"""`--trim START-END` on the command line: which part of a recording."""

from __future__ import annotations

import re
from dataclasses import dataclass

import typer

from infra.core.errors import Rejected

# 90, 90.5, 1:30, 75:00, 1:15:00
_STAMP = re.compile(r"(?:(?:(?P<hours>\d+):(?=[0-5]?\d:))?(?P<minutes>\d+):(?=[0-5]?\d(?!\d)))?(?P<seconds>\d+(?:\.\d+)?)")
_HOW = ("Write where it starts and where it ends, in seconds or as hours, minutes and seconds: 300-3300.5, 5:00-55:00.5, "
        "or 5:00- for all that follows.")


@dataclass(frozen=True, slots=True)
class Part:
    """Seconds of the recording; without `end_s` up to its end."""

    start_s: float
    end_s: float | None


def part(text: str) -> Part:
    """Of "300-3300.5", "5:00-55:00.5", "5:00-" or "-55:00". Raises typer.BadParameter."""
    start, dash, end = (one.strip() for one in text.partition("-"))
    stamps = [_STAMP.fullmatch(one) if one else None for one in (start, end)]
    if not dash or not (start or end) or [bool(one) for one in (start, end)] != [bool(one) for one in stamps]:
        raise typer.BadParameter(f"{text!r} is no part of a recording. {_HOW}")
    start_s, end_s = (_seconds(one) if one else None for one in stamps)
    return Part(start_s or 0.0, end_s)


def refused(error: Rejected) -> Exception:
    """What to raise for `error`: a part that the recording does not have is a wrong argument, not a wrong file."""
    return typer.BadParameter(error.message, param_hint="'--trim'") if error.code.startswith("trim_") else error


def _seconds(stamp: re.Match[str]) -> float:
    return int(stamp["hours"] or 0) * 3600 + int(stamp["minutes"] or 0) * 60 + float(stamp["seconds"])
