"""/api/v1: which groups learners are in, and what each group saw of a video."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from infra.core.errors import Rejected
from infra.db import cohorts as rows
from infra.db import results
from infra.db.audience_models import Audience
from infra.db.models import Video
from infra.db.session import Database
from player_api import listing
from player_api import shapes as api_shapes
from player_api.analytics import answering, cohort_shapes, cohorts, merge, page_tokens, shapes, tokens
from player_api.analytics.merge import Curve
from player_api.keys import Principal
from player_api.services import Services


def router(services: Services, analyst: Callable[..., Any], player: Callable[..., Any]) -> APIRouter:
    """Cohorts: `player`, who names learners, says who is in which; `analyst` asks what they saw."""
    routes = APIRouter(tags=["analytics"])
    who_asks, who_tells = Depends(analyst), Depends(player)
    k = services.settings.analytics_k

    @routes.put("/cohorts/learner", summary="Say which groups a learner is in", response_model=cohort_shapes.Tags)
    def tag(wanted: cohort_shapes.LearnerTags, who: Principal = who_tells) -> dict[str, Any]:
        """All of them: others that the learner was in are left. It holds for all that they watch, and have watched."""
        return {"tags": tag_learner(services.database, who.organization_id, wanted.learner, wanted.tags)}

    @routes.put("/cohorts", summary="Say who is in a group", response_model=cohort_shapes.CohortSize)
    def gather(wanted: cohort_shapes.CohortMembers, who: Principal = who_tells) -> dict[str, Any]:
        """All of them: who was in it and is not named is in it no more."""
        [name] = _checked([wanted.tag])
        secret = page_tokens.secret_of(services.database, who.organization_id)
        learners = {tokens.external_key(secret, one) for one in wanted.learners}
        with services.database.write() as session:
            results.hold(session, who.organization_id, forgetting=False)
            rows.gather(session, who.organization_id, name, learners)
        return {"tag": name, "n_learners": len(learners)}

    @routes.get("/analytics/cohorts", summary="All groups of learners", response_model=cohort_shapes.CohortSizes)
    def sizes(who: Principal = who_asks) -> dict[str, Any]:
        """By name, with how many learners are in each, whether they watched anything or not."""
        with services.database.read() as session:
            found = rows.sizes(session, who.organization_id)
        return {"k": k, "items": _sizes(found, k)}

    @routes.get("/videos/{video_id}/analytics/cohorts", summary="What groups of learners saw of it",
                response_model=shapes.Metric[cohort_shapes.CohortsData], responses=api_shapes.problems(404))
    def of_video(video_id: str, tag: Annotated[list[str] | None, Query(
                     max_length=cohorts.MOST, description="A group; several: each is compared with the first.")] = None,
                 how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                 who: Principal = who_asks) -> Response:
        """Retention, rewatching, completion and engagement of each group, by the formulas of all learners. Of groups of
        fewer than k nothing is told. Without `tag` the groups that there are."""
        wanted = list(dict.fromkeys(tag or ()))

        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            groups: dict[str, set[int]] = {one: set() for one in (*rows.sizes(session, who.organization_id), *wanted)}
            for name, learner in rows.watchers(session, who.organization_id, known.number):
                groups[name].add(learner)
            hidden = cohorts.held_back(groups, total.sums[merge.LEARNERS], k)
            shown = {name: cohorts.shown(cohorts.curve(rows.seen(
                session, who.organization_id, known.number, name), length_s), length_s)
                for name in wanted if name not in hidden}
            counts = {name: len(its) for name, its in groups.items() if name not in hidden}
            return {"tags": [{"tag": name, "n_learners": counts.get(name)} for name in sorted(groups)],
                    "cohorts": [_cohort(name, wanted[0], groups, hidden, shown) for name in wanted]}

        return answering.answer(services, who, video_id, "cohorts", how, if_none_match, build)

    return routes


def _cohort(name: str, first: str, groups: dict[str, set[int]], hidden: dict[str, str], shown: dict[str, dict[str, Any]]
            ) -> dict[str, Any]:
    compared = name != first and name in shown and first in shown
    overlaps = not groups[name].isdisjoint(groups[first]) if compared else None
    return {"tag": name, "n_learners": len(groups[name]) if name in shown else None, "suppressed": hidden.get(name),
            "data": shown.get(name), "overlaps": overlaps,
            "differences": cohorts.differences(shown[name], len(groups[name]), shown[first], len(groups[first]))
            if overlaps is False else None}


def tag_learner(database: Database, organization_id: str, learner: str, tags: Iterable[str]) -> list[str]:
    """The learner, as a school names them, is in these groups alone; as they are kept. Raises Rejected."""
    wanted = _checked(tags)
    key = tokens.external_key(page_tokens.secret_of(database, organization_id), learner)
    with database.read() as session:
        if rows.of_learner(session, organization_id, key) == wanted:
            return wanted
    with database.write() as session:
        results.hold(session, organization_id, forgetting=False)
        rows.tag(session, organization_id, key, wanted)
    return wanted


def _checked(tags: Iterable[str]) -> list[str]:
    found = {name for one in tags for name in listing.checked_tags([one])}
    if any(len(name.encode("utf-16-le")) > 2 * listing.LONGEST_TAG for name in found):
        raise Rejected("bad_tag", f"A tag has at most {listing.LONGEST_TAG} characters.")
    return sorted(found)


def _sizes(found: dict[str, int], k: int) -> list[dict[str, Any]]:
    return [{"tag": name, "n_learners": size if size >= k else None} for name, size in sorted(found.items())]
