"""Captions: their rows, and what players get of them.

A revision is never changed: what somebody sends is a new one, and deleting is one without text. So an edit has its
history, and what players fetch, with the revision in its address, can be cached for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, undefer

from enrich import caption_files
from enrich.caption_files import Caption
from enrich.passages import passages_of, words_of
from enrich.retiming import cut, joined
from infra.core.errors import NotFound
from infra.core.languages import own_name
from infra.core.search_index import Kind
from infra.db import search
from infra.db.models import CaptionRevision, Video
from infra.db.session import now
from player_api.trimmed import Trimmed, seconds
from transcode.text import TextTrack
from transcode.trim import Trim

_REPLACED = "source replaced"  # in the place of a model's name: who removed captions that people had made
VTT_TYPE, SRT_TYPE, TXT_TYPE = "text/vtt; charset=utf-8", "application/x-subrip; charset=utf-8", "text/plain; charset=utf-8"
FORMATS: dict[str, tuple[Callable[[Sequence[Caption]], str], str]] = {
    "vtt": (caption_files.vtt, VTT_TYPE), "srt": (caption_files.srt, SRT_TYPE), "txt": (caption_files.txt, TXT_TYPE)}


@dataclass(frozen=True, slots=True)
class Listed:
    """The newest revision of a language."""

    language: str
    revision: int
    size_bytes: int
    model: str | None  # the speech model that made it
    created_at: float
    translated_from: str | None = None  # the machine that made it translated, from this language

    @property
    def label(self) -> str:
        """How menus name it: nobody takes a machine's translation for a person's."""
        return own_name(self.language) + (" (machine translation)" if self.translated_from else "")


def current(session: Session, video_ids: Sequence[str]) -> dict[str, list[Listed]]:
    """The captions that each video has now, by language."""
    row = CaptionRevision
    newest = (select(row.video_id, row.language, func.max(row.revision).label("revision"))
              .where(row.video_id.in_(video_ids)).group_by(row.video_id, row.language).subquery())
    query = select(row.video_id, row.language, row.revision, row.size_bytes, row.model,
                   row.created_at, row.translated_from).join(
        newest, (row.video_id == newest.c.video_id) & (row.language == newest.c.language)
        & (row.revision == newest.c.revision)).where(row.size_bytes > 0).order_by(row.language)
    found: dict[str, list[Listed]] = {video_id: [] for video_id in video_ids}
    for video_id, language, revision, size_bytes, model, created_at, translated_from in session.execute(query):
        found[video_id].append(Listed(language, revision, size_bytes, model, created_at, translated_from))
    return found


def save_machine(session: Session, video: Video, language: str, captions: list[dict[str, Any]], model: str, *,
                 partial: bool = False, translated_from: str | None = None) -> bool:
    """Captions that a speech model made, unless the newest ones (or that there are none) are a person's word.

    `partial`: words are still missing. The next revision takes the place of such a one, and it takes the place of none
    that is whole.
    """
    newest = _newest(session, video.id, language)
    if newest is not None and (newest.model is None or (partial and newest.size_bytes and not newest.partial)):
        return False
    add(session, video, language, newest.revision + 1 if newest else 1, None,
         [Caption.model_validate(one) for one in captions], model, partial=partial, translated_from=translated_from)
    drop_partial(session, video, language)
    return True


def drop_partial(session: Session, video: Video, language: str) -> None:
    """Forget revisions that were made while words were still missing, and that another one followed."""
    row = CaptionRevision
    session.execute(delete(row).where(row.video_id == video.id, row.language == language, row.partial,
                                      row.revision < last(session, video.id, language)))


def retire_machine(session: Session, video: Video, spoken: str | None, *, to_english: bool) -> None:
    """Have players be offered no captions that a model made in another language than the one that is `spoken`, nor
    translations of another one, or any where they are not wanted.

    The history keeps what they said, and what a person wrote stays as it is.
    """
    for one in current(session, [video.id])[video.id]:
        fits = to_english and one.translated_from == spoken if one.translated_from else one.language == spoken
        if one.model is not None and not fits:
            add(session, video, one.language, one.revision + 1, None, None, one.model,
                 translated_from=one.translated_from)
            drop_partial(session, video, one.language)


def set_aside(session: Session, video: Video) -> list[str]:
    """Have players be offered no captions that people made, since they are of another recording; their languages.

    They stay in the history, and captions that a model makes may take their place.
    """
    found = [one for one in current(session, [video.id])[video.id] if one.model is None]
    for one in found:
        add(session, video, one.language, one.revision + 1, None, None, _REPLACED)
    return [one.language for one in found]


def retime(session: Session, video: Video, was: Trimmed | None, to: Trim | None, key_id: str) -> dict[str, int]:
    """Have all captions fit another part of the recording than before, or all of it (None).

    The answer: the revision of each language that says what there is of all of it.
    """
    whole_revisions = {}
    for one in current(session, [video.id])[video.id]:
        who = None if one.model else key_id
        said, number = _said(session, video.id, one.language, one.revision), one.revision
        whole, revision = said, number
        if was is not None:
            before = was.captions.get(one.language, 0)
            known = _said(session, video.id, one.language, before)
            whole = joined(said, known, *was.seconds)
            if whole == known:
                revision = before
            elif to is not None:
                revision = number = add(session, video, one.language, number + 1, who, whole, one.model,
                                        translated_from=one.translated_from).revision
        add(session, video, one.language, number + 1, who, cut(whole, *seconds(to)) if to else whole, one.model,
             translated_from=one.translated_from)
        whole_revisions[one.language] = revision
    return whole_revisions


def copy(session: Session, video: Video, to: Video) -> None:
    """Give another video, which has none, the captions that this one has now."""
    for one in current(session, [video.id])[video.id]:
        row = session.get_one(CaptionRevision, (video.id, one.language, one.revision))
        session.add(CaptionRevision(
            video_id=to.id, organization_id=to.organization_id, language=row.language, revision=1, key_id=row.key_id,
            model=row.model, translated_from=row.translated_from, captions=row.captions, size_bytes=row.size_bytes,
            created_at=row.created_at))
    session.flush()
    index_speech(session, to)


def tracks(listed: Sequence[Listed], spoken: str | None, duration_s: float) -> list[TextTrack]:
    """The text tracks of playlists; `spoken` is the language of the video, where it is known."""
    return [TextTrack(folder=f"captions/{one.language}/{one.revision}", language=one.language, label=one.label,
                      captions=base(one.language) == base(spoken) and not one.translated_from,
                      bit_rate_bps=max(1, round(one.size_bytes * 8 / max(duration_s, 1)))) for one in listed]


def address_stamp(texts: Sequence[TextTrack], version: str | None) -> str:
    """Another address of the playlist after each edit of the captions, and for each version of the source: browsers keep one
    for a minute, and whoever has just saved would look at what was there before. Empty where there was nothing before."""
    revisions = [text.folder.rpartition("/")[2] for text in texts]
    edited = f"texts={'-'.join(revisions)}" if any(revision != "1" for revision in revisions) else ""
    stamp = "&".join(filter(None, (f"source={version}" if version else "", edited)))
    return f"?{stamp}" if stamp else ""


def load(session: Session, video_id: str, language: str, revision: int | None = None, *, or_later: bool = False
         ) -> tuple[int, list[Caption]]:
    """A revision, or the newest, and what it says. Raises NotFound.

    `or_later`: in the place of a partial one that is gone, the one that followed. Who plays the video knows its address.
    """
    query = (select(CaptionRevision).options(undefer(CaptionRevision.captions))
             .where(CaptionRevision.video_id == video_id, CaptionRevision.language == language))
    if revision is None:
        query = query.order_by(CaptionRevision.revision.desc())
    elif or_later:
        query = query.where(CaptionRevision.revision >= revision).order_by(CaptionRevision.revision)
    else:
        query = query.where(CaptionRevision.revision == revision)
    row = session.scalar(query.limit(1))
    if row is None or row.captions is None:
        raise NotFound("captions_not_found", "There are no such captions.")
    return row.revision, [Caption.model_validate(one) for one in row.captions]


def spoken(listed: Sequence[Listed], language: str | None) -> Listed | None:
    """Those in the language that is spoken, of whichever region."""
    return next((one for one in listed if base(one.language) == base(language) and not one.translated_from), None)


def index_speech(session: Session, video: Video) -> None:
    """Have search find what is said in the video: its captions in the spoken language, or else those that there are."""
    listed = current(session, [video.id])[video.id]
    said = spoken(listed, video.language) or next(iter(listed), None)
    found = load(session, video.id, said.language, said.revision)[1] if said else []
    search.replace(session, video.organization_id, video.id, Kind.SPEECH, passages_of(words_of(found)))


def add(session: Session, video: Video, language: str, revision: int, key_id: str | None,
        found: Sequence[Caption] | None, model: str | None = None, *, partial: bool = False,
        translated_from: str | None = None) -> CaptionRevision:
    """Save a revision, the one after `last`; of None there are none from now on. Raises IntegrityError where somebody was
    first."""
    row = CaptionRevision(
        video_id=video.id, organization_id=video.organization_id, language=language, revision=revision, key_id=key_id,
        model=model, partial=partial, translated_from=translated_from,
        captions=None if found is None else [one.model_dump(mode="json") for one in found],
        size_bytes=0 if found is None else len(caption_files.vtt(found).encode()),
        created_at=session.scalar(select(now())) or 0.0)
    session.add(row)
    session.flush()
    if model is None:  # those of a model grow span by span; they are indexed once, when all is said
        index_speech(session, video)
    return row


def _said(session: Session, video_id: str, language: str, revision: int) -> list[Caption]:
    """What a revision says; nothing where there is no such one."""
    row = session.get(CaptionRevision, (video_id, language, revision))
    return [Caption.model_validate(one) for one in (row.captions if row else None) or ()]


def _newest(session: Session, video_id: str, language: str) -> CaptionRevision | None:
    return session.scalar(select(CaptionRevision).where(
        CaptionRevision.video_id == video_id, CaptionRevision.language == language)
        .order_by(CaptionRevision.revision.desc()).limit(1))


def last(session: Session, video_id: str, language: str) -> int:
    """The number of the newest revision; 0 when there is none."""
    return session.scalar(select(func.max(CaptionRevision.revision)).where(
        CaptionRevision.video_id == video_id, CaptionRevision.language == language)) or 0


def base(tag: str | None) -> str | None:
    """The language of a tag, without script and region."""
    return tag.partition("-")[0].lower() if tag else None
