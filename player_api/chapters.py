"""Chapters and topics: their rows, and what players get of them.

As with captions a revision is never changed. Those that somebody sent count until they are given up, whatever is found
meanwhile; those that were found are kept beside them.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrich import caption_files, phrases
from enrich.caption_files import Caption
from enrich.chapters import Chapter
from enrich.phrases import Background, Phrase
from enrich.retiming import cut_chapters, joined_chapters
from enrich.topics import OF_A_CHAPTER, OF_A_VIDEO
from infra.core.errors import Conflict
from infra.core.search_index import Kind, Passage
from infra.db import search, steps
from infra.db.models import ChapterRevision, Video
from infra.db.session import now
from player_api import catalogue
from player_api.if_match import names_revision
from player_api.trimmed import Trimmed, seconds
from transcode.plan import Plan
from transcode.trim import Trim

MOST = 200  # chapters
_FOUND, _SET = "found", "set"  # kinds of chapters
_OTHER_VIDEOS = 200  # as many tell what an organization's videos have in common


@dataclass(frozen=True, slots=True)
class Current:
    """The chapters that count now. Revision 0: there never were any."""

    revision: int
    edited: bool  # somebody set them
    chapters: Sequence[Chapter]
    created_at: float | None


def current(session: Session, video_id: str) -> Current:
    """The newest chapters; after somebody gave up theirs, those that were found last."""
    last = _newest(session, video_id)
    shown = _newest(session, video_id, found=True) if last is not None and last.chapters is None else last
    return Current(
        revision=last.revision if last else 0, edited=shown is not None and shown.key_id is not None,
        chapters=[Chapter.model_validate(one) for one in (shown.chapters if shown else None) or ()],
        created_at=last.created_at if last else None)


def shown(session: Session, video_ids: Sequence[str]) -> dict[str, Sequence[Chapter]]:
    """The chapters that count now of several videos; of those without any nothing."""
    newest = (select(ChapterRevision.video_id, func.max(ChapterRevision.revision).label("revision"))
              .where(ChapterRevision.video_id.in_(video_ids)).group_by(ChapterRevision.video_id).subquery())
    rows = session.execute(select(ChapterRevision.video_id, ChapterRevision.chapters).join(
        newest, (ChapterRevision.video_id == newest.c.video_id) & (ChapterRevision.revision == newest.c.revision)))
    found = {video_id: current(session, video_id).chapters if chapters is None
             else [Chapter.model_validate(one) for one in chapters] for video_id, chapters in rows.all()}
    return {video_id: its for video_id, its in found.items() if its}


def save_machine(session: Session, video: Video, found: Sequence[Chapter]) -> bool:
    """Save the chapters that were found, unless somebody's count or they are known. Whether they were saved."""
    _lock(session, video)
    last = _newest(session, video.id)
    if last is not None and last.key_id is not None and last.chapters is not None:
        return False
    known = _newest(session, video.id, found=True)
    if [one.model_dump(mode="json") for one in found] == ((known.chapters if known else None) or []):
        return False
    add(session, video, last.revision + 1 if last else 1, None, found)
    return True


def save_marked(session: Session, video: Video, marked: Sequence[Chapter], key_id: str) -> bool:
    """Save the chapters that somebody marked while it was live, unless some are set already. Whether they were saved."""
    _lock(session, video)
    last = _newest(session, video.id)
    if last is not None and last.key_id is not None:
        return False
    add(session, video, last.revision + 1 if last else 1, key_id, marked)
    return True


def set_aside(session: Session, video: Video, key_id: str) -> bool:
    """Have chapters that somebody set count no more, since they are of another recording. Whether there were any."""
    if not current(session, video.id).edited:
        return False
    add(session, video, next_revision(session, video, None), key_id, None)
    return True


def retime(session: Session, video: Video, was: Trimmed | None, to: Trim | None, key_id: str) -> dict[str, int]:
    """Have the chapters that were found, and those that somebody set, fit another part of the recording; None: all of it.

    The answer: of both kinds the revision that says what there is of all of it.
    """
    _lock(session, video)
    rows = {_FOUND: _newest(session, video.id, found=True)}
    if current(session, video.id).edited:
        rows[_SET] = _newest(session, video.id)
    whole_revisions = {}
    for kind, row in rows.items():
        if row is None:
            continue
        shown, key = _chapters_of(row), key_id if kind == _SET else None
        whole, revision = shown, row.revision
        if was is not None:
            before = was.chapters.get(kind) or was.chapters.get(_FOUND, 0)
            known = _chapters_of(session.get(ChapterRevision, (video.id, before)))
            whole = joined_chapters(shown, known, *was.seconds)
            if whole == known:
                revision = before
            elif to is not None:
                revision = next_revision(session, video, None)
                add(session, video, revision, key, whole)
        add(session, video, next_revision(session, video, None), key, cut_chapters(whole, *seconds(to)) if to else whole)
        whole_revisions[kind] = revision
    return whole_revisions


def copy(session: Session, video: Video, to: Video) -> None:
    """Give another video, which has none, the chapters that count of this one."""
    its = current(session, video.id)
    if its.chapters:
        row = _newest(session, video.id) if its.edited else _newest(session, video.id, found=True)
        assert row is not None
        add(session, to, 1, row.key_id, its.chapters)


def save_topics(session: Session, video: Video, found: Sequence[Phrase]) -> None:
    """What `enrich.topics.find` found takes the place of what it found before."""
    video.topics = [one.model_dump(mode="json") for one in found]


def background(session: Session, video: Video) -> Background:
    """What the organization's newest videos in the language of this one are about."""
    query = (select(Video.topics).where(Video.organization_id == video.organization_id, Video.id != video.id,
                                        Video.language == video.language, Video.deleted_at.is_(None),
                                        Video.topics.is_not(None))
             .order_by(Video.created_at.desc(), Video.id.desc()).limit(_OTHER_VIDEOS))
    return phrases.background([one["text"] for one in topics or ()] for topics in session.scalars(query))


def topics_of(session: Session, video: Video) -> dict[str, Any]:
    """What a video and each of its chapters is about, as the API shows it."""
    found = [Phrase.model_validate(one) for one in video.topics or ()]
    chapters = current(session, video.id).chapters
    its_own = phrases.of_chapters(found, [one.start_s for one in chapters])
    return {"items": [_topic(one) for one in found[:OF_A_VIDEO]], "chapters": [
        {"start_s": chapter.start_s, "title": chapter.title, "items": [_topic(one) for one in its[:OF_A_CHAPTER]]}
        for chapter, its in zip(chapters, its_own, strict=True)]}


def ends_s(chapters: Sequence[Chapter], duration_s: float) -> list[float]:
    """Where each chapter ends: where the next one begins."""
    return [end_s for _, end_s in pairwise([*(one.start_s for one in chapters), duration_s])]


def vtt(chapters: Sequence[Chapter], duration_s: float) -> str:
    """The chapters as WebVTT, for `<track kind="chapters">`; no cues where there are none."""
    return caption_files.vtt([
        Caption(start_s=one.start_s, end_s=end_s, lines=(html.escape(one.title, quote=False),))
        for one, end_s in zip(chapters, ends_s(chapters, duration_s), strict=True)])


def _chapters_of(row: ChapterRevision | None) -> list[Chapter]:
    return [Chapter.model_validate(one) for one in (row.chapters if row else None) or ()]


def _newest(session: Session, video_id: str, *, found: bool = False) -> ChapterRevision | None:
    """The newest revision; with `found` of those that nobody sent."""
    query = select(ChapterRevision).where(ChapterRevision.video_id == video_id)
    query = query.where(ChapterRevision.key_id.is_(None)) if found else query
    return session.scalar(query.order_by(ChapterRevision.revision.desc()).limit(1))


def _lock(session: Session, video: Video) -> None:
    """Two who save at the same moment do so one after the other. (SQLite has one writer anyway.)"""
    session.execute(select(Video.id).where(Video.id == video.id).with_for_update())


def next_revision(session: Session, video: Video, if_match: str | None) -> int:
    """The number of the revision to be. Raises Conflict when another one was edited."""
    _lock(session, video)
    last = session.scalar(select(func.max(ChapterRevision.revision)).where(ChapterRevision.video_id == video.id)) or 0
    if not names_revision(if_match, last):
        raise Conflict("chapters_changed", f"The chapters have changed since: they are at revision {last}. Fetch them, and "
                       "make your changes there.")
    return last + 1


def add(session: Session, video: Video, revision: int, key_id: str | None, chapters: Sequence[Chapter] | None) -> None:
    """Save a revision; of None those that were found count again."""
    session.add(ChapterRevision(
        video_id=video.id, organization_id=video.organization_id, revision=revision, key_id=key_id,
        chapters=None if chapters is None else [one.model_dump(mode="json") for one in chapters],
        created_at=session.scalar(select(now())) or 0.0))
    session.flush()
    shown = current(session, video.id).chapters
    duration_s = float(Plan.model_validate(video.plan).duration_s) if video.plan else (shown[-1].start_s if shown else 0.0)
    search.replace(session, video.organization_id, video.id, Kind.CHAPTER, [
        Passage(one.start_s, end_s, one.title) for one, end_s in zip(shown, ends_s(shown, duration_s), strict=True)])
    steps.again(session, video, [steps.NewStep(catalogue.PARTS, "light")])  # they follow the chapters


def _topic(one: Phrase) -> dict[str, Any]:
    return {"phrase": one.text, "times_s": one.times_s}
