"""Results of assessments: kept, looked up, deleted. What they mean is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from infra.db.audience_models import AssessmentResult
from infra.db.models import Organization
from infra.db.session import insert_into

FIRST = 1  # the attempt before which nobody knew the item
_COMPARED = 5  # results of an item, from which on its mean says how hard it is
_FEW = 500  # values in one IN list

Key = tuple[int, str, int]  # learner, item, attempt


class Ability(NamedTuple):
    """How one learner does elsewhere."""

    others: int  # results
    mean: float  # of score minus the item's mean


def hold(session: Session, organization_id: str, *, forgetting: bool) -> None:
    """Until the end of this transaction nobody forgets a learner of this organization while results are added."""
    session.execute(select(Organization.id).where(Organization.id == organization_id)
                    .with_for_update(read=not forgetting, key_share=forgetting))


def known(session: Session, organization_id: str, learners: Sequence[int]) -> dict[Key, AssessmentResult]:
    """What is kept of these learners."""
    found: dict[Key, AssessmentResult] = {}
    for at in range(0, len(learners), _FEW):
        found |= {(one.learner, one.item, one.attempt): one for one in session.scalars(
            select(AssessmentResult).where(AssessmentResult.organization_id == organization_id,
                                           AssessmentResult.learner.in_(learners[at:at + _FEW])))}
    return found


def save(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add these results, or put them in the place of those of the same learner, item and attempt."""
    if rows:
        insert = insert_into(session, AssessmentResult.__table__)
        keys = ("organization_id", "learner", "item", "attempt")
        session.connection().execute(insert.on_conflict_do_update(index_elements=keys, set_={
            name: insert.excluded[name] for name in rows[0] if name not in keys}), rows)


def of_learner(session: Session, organization_id: str, learner: int) -> list[AssessmentResult]:
    """All that is kept of one learner, the oldest first."""
    return list(session.scalars(select(AssessmentResult).where(
        AssessmentResult.organization_id == organization_id, AssessmentResult.learner == learner)
        .order_by(AssessmentResult.at_ms, AssessmentResult.item, AssessmentResult.attempt)))


def delete_learner(session: Session, organization_id: str, learner: int) -> None:
    """Delete all that is kept of one learner."""
    session.execute(delete(AssessmentResult).where(
        AssessmentResult.organization_id == organization_id, AssessmentResult.learner == learner))


def first_attempts(session: Session, organization_id: str, video_id: str) -> Sequence[Any]:
    """(learner, item, score, at_ms, start_s, end_s) of first attempts at items of this video."""
    its = AssessmentResult
    return session.execute(select(its.learner, its.item, its.score, its.at_ms, its.start_s, its.end_s).where(
        its.organization_id == organization_id, its.video_id == video_id, its.attempt == FIRST)
        .order_by(its.item, its.learner)).all()


def abilities(session: Session, organization_id: str, video_id: str) -> dict[int, Ability]:
    """How those who have results of this video did at items of which none is of this video: first attempts."""
    its = AssessmentResult
    here = (its.organization_id == organization_id, its.attempt == FIRST)
    hardness = select(its.item, func.avg(its.score).label("mean")).where(*here).group_by(its.item).having(
        func.count() >= _COMPARED).subquery()
    of_video = (its.organization_id == organization_id, its.video_id == video_id)
    query = select(its.learner, func.count().label("others"), func.avg(its.score - hardness.c.mean).label("mean")).join(
        hardness, hardness.c.item == its.item).where(
        *here, its.item.not_in(select(its.item).where(*of_video)), its.learner.in_(select(its.learner).where(*of_video)))
    return {row.learner: Ability(row.others, row.mean) for row in session.execute(query.group_by(its.learner))}
