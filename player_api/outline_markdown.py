"""An outline as Markdown (CommonMark, and what GitHub adds). Pure.

Titles, speech and what was read from slides are data: every sign that Markdown knows is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from enrich.outline import Outline, Shown, in_order
from player_api.outline_places import Places, clock, lines_of, plain

_SIGNS = re.compile(r"([\\`*_\[\]<>&#|~$!^=@{}])")
_BEGINS = re.compile(r"^([-+]|\d{1,9}(?=[.)]))")  # a list, were it the first sign of a line
_ADDRESS = re.compile(r"(?<=\w)(:)(?=//)|(?<=www)(\.)", re.IGNORECASE)  # GitHub makes links of these by itself


def markdown(outline: Outline, places: Places) -> str:
    """The whole outline as a text."""
    return "\n\n".join(_blocks(outline, places)) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, meaning nothing but itself."""
    text = _SIGNS.sub(r"\\\1", plain(text))
    text = _ADDRESS.sub(lambda found: f"\\{found[0]}", text)
    return _BEGINS.sub(lambda found: f"\\{found[0]}" if not found[0].isdigit() else f"{found[0]}\\", text)


def _blocks(outline: Outline, places: Places) -> Iterator[str]:
    yield f"# {escaped(outline.title)}"
    yield f"[Watch]({_target(places.watch)}) · {clock(outline.duration_s)}"
    if outline.phrases:
        yield f"*{' · '.join(map(escaped, outline.phrases))}*"
    if outline.notes:
        yield "\n".join(f"> {escaped(note)}  " for note in outline.notes)
    for number, section in enumerate(outline.sections, 1):
        if section.title is not None:
            yield f"## {number}\\. {escaped(section.title)} ({_time(section.start_s, places)})"
        if section.phrases:
            yield f"*{' · '.join(map(escaped, section.phrases))}*"
        for one in in_order(section):
            yield _slide(one, places) if isinstance(one, Shown) else f"{_time(one.start_s, places)} {escaped(one.text)}"


def _slide(one: Shown, places: Places) -> str:
    title = escaped(one.title or "") or "Slide"
    text = "".join(f"\n> {escaped(line)}  " for line in lines_of(one.text))
    return f"![{title}]({_target(places.picture(one))})\n\n> {_time(one.start_s, places)}  {text}"


def _time(second: float, places: Places) -> str:
    return f"[{clock(second)}]({_target(places.at(second))})"


def _target(address: str) -> str:
    return f"<{address.replace('<', '%3C').replace('>', '%3E').replace(' ', '%20')}>"
