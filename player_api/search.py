"""GET /api/v1/search: where in the videos of an organization something is said, shown, or called so."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, load_only

from infra.core.search_index import Kind
from infra.core.search_snippets import sentence_snippet, snippet
from infra.core.search_terms import stem, words
from infra.db import search
from infra.db.models import PUBLIC, Video
from infra.db.search import Hit
from player_api import catalogue, cursors, shapes
from player_api.keys import Principal, Scope
from player_api.meaning import Meaning
from player_api.search_shapes import SearchPage
from player_api.services import Services

_BEFORE_S = 1.0
MOST_HITS = 1000  # nobody reads further, and each page costs as much as all before it


def router(services: Services, searcher: Callable[..., Any], meaning: Meaning) -> APIRouter:
    """The route; `searcher` is the dependency that names who asks."""
    routes = APIRouter(tags=["search"])
    who_asks = Depends(searcher)

    @routes.get("/search", summary="Search in all videos, or in one", response_model=SearchPage,
                responses=shapes.problems(404))
    def find(q: Annotated[str, Query(max_length=1000, examples=['gradient "loss function"'], description=(
                 "Words, \"phrases in quotes\", beginnings (`grad*`). The last word counts as a beginning unless a space "
                 "follows it. Passages that have all words come first, then those with most. A word of four letters or "
                 "more that nobody says is taken for those that are one typing error away. Where a sentence model is "
                 "installed, what means the same as two words or more stands among them."))],
             who: Principal = who_asks,
             video_id: Annotated[str | None, Query(pattern=r"^[!-~]{1,40}$", description="Only in this video.")] = None,
             kind: Annotated[list[Kind] | None, Query(description="Only these; may be said more than once.")] = None,
             limit: Annotated[int, Query(ge=1, le=100)] = 20,
             cursor: Annotated[str | None, Query(max_length=40)] = None) -> dict[str, Any]:
        """The best hits first. A query without any word finds nothing."""
        offset = _offset(cursor)
        limit = min(limit, MOST_HITS - offset)
        with services.database.read() as session:
            if video_id is not None:
                catalogue.get(session, who.organization_id, video_id)
            near = meaning.near(session, who.organization_id, q, video_id=video_id, kinds=kind or ())
            hits = search.search(session, who.organization_id, q, video_id=video_id, kinds=kind or (), near=near,
                                 limit=limit + 1, offset=offset)
            shown = hits[:limit]
            sentences = meaning.sentences(session, who.organization_id, q, shown)
            videos = {video.id: video for video in session.scalars(
                select(Video).where(Video.id.in_({hit.video_id for hit in shown}), Video.deleted_at.is_(None),
                                    Video.organization_id == who.organization_id, *_shown_to(who))
                .options(load_only(Video.title, Video.playback_id, Video.plan_id, Video.media_id, Video.poster_time_s,
                                   Video.found_poster_s)))}  # not the plans: they are large
            items = [_line(hit, videos[hit.video_id], sentences.get(hit.passage_id))
                     for hit in shown if hit.video_id in videos]
        more = len(hits) > limit and offset + limit < MOST_HITS
        return {"items": items, "next_cursor": cursors.pack("from", offset + limit) if more else None}

    return routes


def _shown_to(who: Principal) -> list[ColumnElement[bool]]:
    """A key of a player finds what viewers can watch; those who make videos find theirs."""
    return [] if who.scopes & {Scope.CREATOR, Scope.ADMIN} else [Video.visibility == PUBLIC]


def inside(session: Session, meaning: Meaning, video: Video, q: str, kinds: Collection[Kind], limit: int
           ) -> tuple[list[dict[str, Any]], list[str]]:
    """The best hits within a video, each as `SearchPlace` says, and the words that were found, as their texts write them."""
    near = meaning.near(session, video.organization_id, q, video_id=video.id, kinds=kinds)
    hits = search.search(session, video.organization_id, q, video_id=video.id, kinds=kinds, near=near, limit=limit)
    sentences = meaning.sentences(session, video.organization_id, q, hits)
    forms = {hit.text[word.start:word.end].lower() for hit in hits for word in words(hit.text)
             if stem(word.folded) in hit.stems}
    return [_place(hit, sentences.get(hit.passage_id)) for hit in hits], sorted(forms)


def _line(hit: Hit, video: Video, sentence: tuple[int, int] | None) -> dict[str, Any]:
    place = _place(hit, sentence)
    page = f"/watch/{video.playback_id}"
    return {
        "video": {"id": video.id, "title": video.title, "playback_id": video.playback_id,
                  "poster_url": catalogue.poster_url(video) if video.plan_id else None},
        **place,
        # The page reads whole seconds; to begin a little early does not hurt.
        "watch_url": f"{page}?t={int(place['at_s'])}" if hit.kind != Kind.TITLE else page,
    }


def _place(hit: Hit, sentence: tuple[int, int] | None) -> dict[str, Any]:
    found = snippet(hit.text, hit.stems) if sentence is None else sentence_snippet(hit.text, *sentence)
    # Words are said at an even pace, nearly; somebody who goes there wants to hear the first of them.
    spoken_s = found.share * (hit.end_s - hit.start_s) - _BEFORE_S if hit.kind == Kind.SPEECH else 0.0
    return {"matched": hit.matched, "kind": hit.kind, "start_s": hit.start_s, "end_s": hit.end_s,
            "at_s": round(hit.start_s + max(0.0, spoken_s), 1), "score": hit.score, "snippet": found.text,
            "marks": found.marks, "snippet_html": found.html}


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0

    def read(word: Any, offset: Any) -> int:
        if word != "from" or type(offset) is not int or not 0 < offset < MOST_HITS:
            raise ValueError("not ours")
        return offset

    return cursors.unpack(cursor, read, cursors.NOT_OURS)
