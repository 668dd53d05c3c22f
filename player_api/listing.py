"""Which videos a list shows, in which order, and where its next page begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from infra.core.errors import Rejected
from infra.core.live import LiveState
from infra.core.search_terms import folded
from infra.db.live import OPEN
from infra.db.live_models import LiveSessionRow
from infra.db.models import UNFINISHED, Step, Video
from player_api import catalogue, cursors

Status = Literal["waiting", "live", "processing", "ready", "failed"]
Sort = Literal["newest", "oldest", "changed", "title"]
MOST_TAGS, LONGEST_TAG = 30, 60  # tags of a video; characters of one

_BY = {"newest": Video.created_at, "oldest": Video.created_at, "changed": Video.updated_at, "title": Video.title_folded}
_DESCENDING = ("newest", "changed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for. `q`: words of the title, each whole or a part of one."""

    q: str = ""
    status: Status | None = None
    tag: str | None = None
    sort: Sort = "newest"


def page(session: Session, organization_id: str, wanted: Wanted, limit: int, cursor: str | None
         ) -> tuple[list[Video], str | None]:
    """Up to `limit` videos behind `cursor`, and the cursor of what follows. Raises Rejected for one that is not ours."""
    by = _BY[wanted.sort]
    query = select(Video).where(Video.organization_id == organization_id, Video.deleted_at.is_(None), *_filters(wanted))
    if cursor:
        place, begin = tuple_(by, Video.id), tuple_(*_decode(cursor, wanted.sort))
        query = query.where(place < begin if wanted.sort in _DESCENDING else place > begin)
    order = [by.desc(), Video.id.desc()] if wanted.sort in _DESCENDING else [by, Video.id]
    found = list(session.scalars(query.order_by(*order).limit(limit + 1)))
    shown = found[:limit]
    return shown, cursors.pack(wanted.sort, getattr(shown[-1], by.key), shown[-1].id) if len(found) > limit else None


def checked_tags(sent: Sequence[str]) -> list[str]:
    """The tags of a video, each once. Raises Rejected with a sentence that names the one that is wrong."""
    tags: dict[str, str] = {}
    for raw in sent:
        tag = " ".join(raw.split())
        if len(tag) > LONGEST_TAG or not tag.isprintable() or not any(map(str.isalnum, folded(tag))):
            raise Rejected("bad_tag", f"{tag[:LONGEST_TAG]!r} is no tag: it has 1 to {LONGEST_TAG} characters, with a "
                           "letter or a digit among them.")
        tags.setdefault(folded(tag), tag)
    if len(tags) > MOST_TAGS:
        raise Rejected("too_many_tags", f"These are {len(tags)} tags, and a video may have {MOST_TAGS}.")
    return list(tags.values())


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    words = folded(wanted.q).split()
    filters += [Video.title_folded.contains(word, autoescape=True) for word in words]
    if wanted.q.strip() and not words:
        filters.append(false())
    if wanted.tag is not None:
        filters.append(Video.tagged(folded(wanted.tag)))
    if wanted.status is not None:
        filters.append(_has(wanted.status))
    return filters


def _has(status: Status) -> ColumnElement[bool]:
    """What `catalogue.describe` makes of the steps, in SQL."""
    own = and_(Step.video_id == Video.id, Step.step.not_in(catalogue.NOT_WAITED_FOR))
    active = exists().where(own, Step.state.in_(UNFINISHED))
    planned = Video.plan_id.is_not(None)
    begun = or_(planned, exists().where(own, Step.attempt > 0))
    of_video = LiveSessionRow.video_id == Video.id
    session_alone = and_(not_(planned), exists().where(of_video))
    waiting = exists().where(of_video, LiveSessionRow.state == LiveState.WAITING)
    is_open = exists().where(of_video, LiveSessionRow.state.in_(OPEN))
    return {
        "waiting": or_(and_(session_alone, waiting), and_(not_(session_alone), active, not_(begun))),
        "live": and_(session_alone, is_open, not_(waiting)),
        "processing": or_(and_(session_alone, not_(is_open), active), and_(not_(session_alone), active, begun)),
        "ready": or_(and_(session_alone, not_(is_open), not_(active)), and_(not_(active), planned)),
        "failed": and_(not_(session_alone), not_(active), not_(planned)),
    }[status]


def _decode(cursor: str, sort: Sort) -> tuple[float | str, str]:
    def read(of: Any, value: Any, video_id: Any) -> tuple[float | str, str]:
        if of != sort or "\0" in f"{value}{video_id}":
            raise ValueError
        return str(value) if sort == "title" else float(value), str(video_id)

    return cursors.unpack(cursor, read, "This cursor is not one of ours, or of a list in another order: begin without it.")
