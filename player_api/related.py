"""GET /api/v1/videos/{id}/related: other videos of the organization, and chapters of them, that are about the same.

By the phrases that this video is about (its topics), which the index of search finds in all others; nothing is kept for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only

from enrich import phrases, relatedness
from enrich.chapters import Chapter
from enrich.phrases import Phrase
from enrich.relatedness import Place, Related
from infra.core import search_index
from infra.core.search_ranking import bits
from infra.core.search_terms import has_phrase, stems
from infra.db import models, search
from infra.db.models import PassageBlock, Video
from player_api import catalogue, chapters, shapes
from player_api.keys import Principal
from player_api.search_shapes import RelatedList
from player_api.services import Services

MOST_VIDEOS, MOST_CHAPTERS = 10, 5  # that are shown, of a chapter
_LOOKED_AT = 30  # videos: some of the nearest may not be ready yet
_MOST_PLACES = 300  # of a phrase: what is said more often is too common to tell much


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The route; `creator` is the dependency that names who asks."""
    routes = APIRouter(tags=["chapters"])
    who_asks = Depends(creator)

    @routes.get("/videos/{video_id}/related", summary="Other videos about the same", response_model=RelatedList,
                responses=shapes.problems(404))
    def get(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """The organization's ready videos that speak of the same things, and for each chapter of this one theirs."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            return related_to(session, video)

    return routes


def related_to(session: Session, video: Video) -> dict[str, Any]:
    """The answer about a video."""
    about = [Phrase.model_validate(one) for one in (video.topics or ())[:relatedness.MOST_PHRASES]]
    own_chapters = chapters.current(session, video.id).chapters
    places = _places(session, video, about)
    worth = relatedness.rarity(places, _count(session, video.organization_id))
    by_video = _grouped(places, lambda one: one.video_id)
    weights = [phrase.score for phrase in about]
    nearest = _best({other: relatedness.related(weights, its, worth) for other, its in by_video.items()}, _LOOKED_AT)
    videos = _ready(session, video.organization_id, [other for other, _ in nearest])
    theirs = chapters.shown(session, list(videos))
    shown = {other: theirs.get(other) or [Chapter(start_s=0.0, title=one.title)] for other, one in videos.items()}
    parts = {(other, n): its for other in videos for n, its in _grouped(
        by_video[other], lambda one, other=other: _chapter_at(shown[other], one)).items()}  # type: ignore[misc]
    its_own = phrases.of_chapters(about, [one.start_s for one in own_chapters])
    number = {phrase.text: n for n, phrase in enumerate(about)}
    answers = []
    for chapter, its in zip(own_chapters, its_own, strict=True):
        weights = [0.0] * len(about)
        for phrase in its:
            weights[number[phrase.text]] = phrase.score
        found = _best({part: relatedness.related(weights, there, worth) for part, there in parts.items()}, MOST_CHAPTERS)
        answers.append({"start_s": chapter.start_s, "title": chapter.title, "items": [
            _line(videos[other], one, about) | {
                "start_s": shown[other][n].start_s, "title": shown[other][n].title,
                "watch_url": f"/watch/{videos[other].playback_id}?t={int(shown[other][n].start_s)}"}
            for (other, n), one in found]})
    return {"items": [_line(videos[other], one, about) for other, one in nearest if other in videos][:MOST_VIDEOS],
            "chapters": answers}


def _places(session: Session, video: Video, about: Sequence[Phrase]) -> list[Place]:
    """Where other videos of the organization say these phrases."""
    wording = [tuple(stems(phrase.text)) or ("",) for phrase in about]
    standing = search.standing(session, video.organization_id, wording)
    said: list[tuple[int, int]] = []
    for number, masks in enumerate(standing):
        here = [(number, block + i) for block in sorted(masks) for i in bits(masks[block])]
        said += here if len(here) <= _MOST_PLACES else []
    ids = {passage_id for _, passage_id in said}
    blocks = {search_index.block_of(passage_id)[0] for passage_id in ids}
    rows = session.execute(select(PassageBlock.id, PassageBlock.video_id).where(
        PassageBlock.id.in_(blocks), PassageBlock.organization_id == video.organization_id,
        PassageBlock.video_id != video.id))
    owners = {row.id: row.video_id for row in rows}
    wanted = [passage_id for passage_id in ids if search_index.block_of(passage_id)[0] in owners]
    there = {row.id: row for row in session.execute(
        select(models.Passage.id, models.Passage.start_s, models.Passage.end_s, models.Passage.text)
        .where(models.Passage.id.in_(wanted)))}
    return [Place(number, owners[search_index.block_of(passage_id)[0]], row.start_s, row.end_s)
            for number, passage_id in said if (row := there.get(passage_id)) is not None
            and (len(wording[number]) == 1 or has_phrase(row.text, wording[number]))]


def _count(session: Session, organization_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Video).where(
        Video.organization_id == organization_id, Video.deleted_at.is_(None))) or 0


def _ready(session: Session, organization_id: str, ids: Sequence[str]) -> dict[str, Video]:
    found = session.scalars(
        select(Video).where(Video.id.in_(ids), Video.organization_id == organization_id, Video.deleted_at.is_(None),
                            Video.plan_id.is_not(None))
        .options(load_only(Video.title, Video.playback_id, Video.plan_id, Video.media_id, Video.poster_time_s,
                           Video.found_poster_s))).all()
    steps = catalogue.steps_of(session, [one.id for one in found])
    return {one.id: one for one in found if catalogue.is_ready(steps[one.id])}


def _chapter_at(shown: Sequence[Chapter], place: Place) -> int:
    middle_s = (place.start_s + place.end_s) / 2
    return max((n for n, chapter in enumerate(shown) if chapter.start_s <= middle_s), default=0)


def _grouped(places: Iterable[Place], by: Callable[[Place], Any]) -> dict[Any, list[Place]]:
    groups: dict[Any, list[Place]] = defaultdict(list)
    for one in places:
        groups[by(one)].append(one)
    return groups


def _best(found: dict[Any, Related], most: int) -> list[tuple[Any, Related]]:
    return sorted(((key, one) for key, one in found.items() if one.score > 0),
                  key=lambda pair: (-pair[1].score, pair[0]))[:most]


def _line(video: Video, one: Related, about: Sequence[Phrase]) -> dict[str, Any]:
    return {"video": {"id": video.id, "title": video.title, "playback_id": video.playback_id,
                      "poster_url": catalogue.poster_url(video)},
            "score": round(one.score, 4), "phrases": [about[n].text for n in one.phrases]}
