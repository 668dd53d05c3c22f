"""The groups that learners are in, by their tags. What is made of them is not known here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from infra.db.audience_models import LearnerProgress, LearnerTag
from infra.db.session import insert_into

_FEW = 5_000  # rows of one statement


def of_learner(session: Session, organization_id: str, learner: int) -> list[str]:
    """The tags of one learner."""
    return sorted(session.scalars(select(LearnerTag.tag).where(
        LearnerTag.organization_id == organization_id, LearnerTag.learner == learner)))


def tag(session: Session, organization_id: str, learner: int, tags: Collection[str]) -> None:
    """The learner has these tags from now on, and no others."""
    session.execute(delete(LearnerTag).where(LearnerTag.organization_id == organization_id, LearnerTag.learner == learner,
                                             LearnerTag.tag.not_in(tags)))
    _add(session, [{"organization_id": organization_id, "tag": one, "learner": learner} for one in tags])


def gather(session: Session, organization_id: str, one: str, learners: Iterable[int]) -> None:
    """These learners have the tag from now on, and nobody else."""
    session.execute(delete(LearnerTag).where(LearnerTag.organization_id == organization_id, LearnerTag.tag == one))
    _add(session, [{"organization_id": organization_id, "tag": one, "learner": each} for each in {*learners}])


def delete_learner(session: Session, organization_id: str, learner: int) -> None:
    """Forget which groups a learner is in."""
    tag(session, organization_id, learner, ())


def sizes(session: Session, organization_id: str) -> dict[str, int]:
    """How many learners have each tag."""
    found = session.execute(select(LearnerTag.tag, func.count()).where(LearnerTag.organization_id == organization_id)
                            .group_by(LearnerTag.tag))
    return {row[0]: row[1] for row in found}


def watchers(session: Session, organization_id: str, video: int) -> Sequence[tuple[str, int]]:
    """(tag, learner) of those who saw a second of a video at least."""
    found = session.execute(select(LearnerTag.tag, LearnerTag.learner).join(
        LearnerProgress, (LearnerProgress.learner == LearnerTag.learner) & (LearnerProgress.video == video)).where(
        LearnerTag.organization_id == organization_id, LearnerProgress.unique_s > 0))
    return [(row[0], row[1]) for row in found]


def seen(session: Session, organization_id: str, video: int, one: str) -> Sequence[Any]:
    """(seen, again, unique_s, content_ms, wall_ms) of those with a tag who saw a second of a video at least."""
    row = LearnerProgress
    return session.execute(select(row.seen, row.again, row.unique_s, row.content_ms, row.wall_ms).join(
        LearnerTag, LearnerTag.learner == row.learner).where(
        LearnerTag.organization_id == organization_id, LearnerTag.tag == one, row.video == video, row.unique_s > 0)).all()


def _add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    insert = insert_into(session, LearnerTag.__table__).on_conflict_do_nothing()
    for at in range(0, len(rows), _FEW):
        session.connection().execute(insert, rows[at:at + _FEW])
