"""An outline as one HTML file that needs nothing else: pictures and style are inside, there is no script, and nothing is
fetched, which the page's own policy makes sure of."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from enrich.outline import Outline, Shown, in_order
from player_api.outline_places import Places, clock, lines_of, plain

_TEMPLATES = Path(__file__).parent / "templates"


def html(outline: Outline, places: Places, pictures: Mapping[int, bytes]) -> str:
    """The whole outline as a page. `pictures` are JPEGs by the number of the still; without its picture a slide has its
    text alone."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"clock": clock, "lines": lines_of, "plain": plain, "data": _data}
    return environment.get_template("outline.html").render(
        outline=outline, places=places, pictures=pictures, in_order=in_order, style=_style(), policy=policy(),
        is_slide=lambda one: isinstance(one, Shown))


@cache
def policy() -> str:
    """The Content-Security-Policy of the page: its own style, its own pictures, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return (_TEMPLATES / "outline.css").read_text()


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
