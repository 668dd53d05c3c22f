"""What was marked while it was live becomes the recording's chapters."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from enrich.chapters import Chapter
from infra.db import live_markers
from infra.db.models import Video
from player_api import chapters
from player_api.outline_places import clock

_FIRST_S = 1.0  # what is marked earlier is the beginning


def save_chapters(session: Session, video: Video, duration_s: float) -> None:
    """The markers of what `video` was live become its chapters, unless somebody has set some meanwhile."""
    marked = live_markers.of_video(session, video.id)
    found = marked_chapters([(one.at_s, one.title) for one in marked], video.title, duration_s)
    if found:
        chapters.save_marked(session, video, found, marked[-1].key_id)


def marked_chapters(marked: Sequence[tuple[float, str]], title: str, duration_s: float) -> list[Chapter]:
    """The chapters that begin at these (seconds, titles), in their order; before the first one that is called `title`.

    Without a title a chapter is called by its time. Of those at the same moment the last one counts.
    """
    found: dict[float, str] = {}
    for at_s, name in marked:
        if at_s < duration_s:
            found[0.0 if at_s < _FIRST_S else round(at_s, 3)] = name or clock(at_s)
    if not found:
        return []
    return [Chapter(start_s=at_s, title=name[:200]) for at_s, name in sorted(({0.0: title} | found).items())]
