"""Lists of videos: what is filtered in SQL is what the API says of a video, and pages follow in every order."""

from __future__ import annotations

import base64
import itertools

import pytest

from infra.core.errors import Rejected
from infra.core.live import LiveProfile, LiveState
from infra.db import live, steps
from infra.db.live_models import LiveSessionRow
from infra.db.models import Step, StepState, Video
from infra.db.session import Database
from infra.db.steps import NewStep
from player_api import catalogue, listing
from player_api.listing import Sort, Status, Wanted


def add(database: Database, title: str, at_s: float, *, tags: list[str] | None = None, organization: str = "b",
        updated_s: float | None = None) -> str:
    video_id = f"v_{title}"[:40]
    with database.write() as session:
        session.add(Video(id=video_id, organization_id=organization, playback_id=f"p_{title}"[:40], title=title, tags=tags,
                          created_at=at_s, updated_at=at_s if updated_s is None else updated_s))
    return video_id


def titles(database: Database, wanted: Wanted, limit: int = 50, organization: str = "b") -> list[str]:
    """Of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        with database.read() as session:
            videos, cursor = listing.page(session, organization, wanted, limit, cursor)
        assert len(videos) <= limit
        found += [video.title for video in videos]
        if cursor is None:
            return found


@pytest.mark.parametrize(("sort", "expected"), [
    ("newest", ["zeta", "Beta", "Ähre", "alpha"]), ("oldest", ["alpha", "Ähre", "Beta", "zeta"]),
    ("changed", ["alpha", "zeta", "Beta", "Ähre"]), ("title", ["Ähre", "alpha", "Beta", "zeta"])])
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_follow_in_every_order(database: Database, sort: Sort, expected: list[str], limit: int) -> None:
    for at_s, title in enumerate(["alpha", "Ähre", "Beta", "zeta"], 1):
        add(database, title, float(at_s), updated_s=9.0 if title == "alpha" else None)
    shown = [title for title in titles(database, Wanted(sort=sort), limit) if title != "v_b"]
    assert shown == expected


def test_videos_of_the_same_second_are_all_shown_once(database: Database) -> None:
    same = sorted(add(database, f"Lecture {n}", 5.0) for n in range(7))
    assert len(titles(database, Wanted(), 2)) == len(same) + 1  # and v_b
    assert titles(database, Wanted(q="lecture"), 2) == [f"Lecture {n}" for n in range(6, -1, -1)]


def test_a_title_is_found_by_parts_of_its_words_without_case_or_accents(database: Database) -> None:
    for n, title in enumerate(["Zellen & Käfige", "Die Zelle", "100 % sure_thing", "Straße"]):
        add(database, title, float(n + 1))
    assert titles(database, Wanted(q="ZELLE")) == ["Die Zelle", "Zellen & Käfige"]
    assert titles(database, Wanted(q="kafig  zell")) == ["Zellen & Käfige"]
    assert titles(database, Wanted(q="STRASSE")) == ["Straße"]
    assert titles(database, Wanted(q="%")) == ["100 % sure_thing"]
    assert titles(database, Wanted(q="e_t")) == ["100 % sure_thing"]
    assert titles(database, Wanted(q="“”")) == []
    assert titles(database, Wanted(q="zelle"), organization="a") == []


def test_a_tag_is_found_whole_without_case(database: Database) -> None:
    add(database, "one", 1.0, tags=["Physics", "first year"])
    add(database, "two", 2.0, tags=["Physics 2"])
    assert titles(database, Wanted(tag="physics")) == ["one"]
    assert titles(database, Wanted(tag="FIRST  YEAR")) == ["one"]
    assert titles(database, Wanted(tag="first")) == []
    assert titles(database, Wanted(tag="")) == []


def test_each_status_lists_the_videos_that_say_so(database: Database) -> None:
    states: list[StepState | None] = [None, *StepState]
    lived: list[LiveState | None] = [None, *LiveState]
    cases = [*itertools.product(states, (0, 1), (False, True), ("fetch", *catalogue.NOT_WAITED_FOR), [None]),
             *itertools.product(states, (0, 1), (False, True), ("fetch",), lived)]
    with database.write() as session:
        stream, _ = live.add_stream(session, "b", "Stream", None, LiveProfile.DEFAULT)
    for n, (state, attempt, planned, step, its_live) in enumerate(cases):
        video_id = add(database, f"case {n}", float(n))
        with database.write() as session:
            if its_live is not None:
                session.add(LiveSessionRow(
                    id=f"s_{n}", organization_id="b", stream_id=stream.id, video_id=video_id, process_id="p",
                    protocol="rtmp", profile="default", state=its_live, publications=1, started_at=1.0))
            video = session.get_one(Video, video_id)
            video.plan_id = "plan" if planned else None
            if state is not None:
                steps.insert(session, video, [NewStep(step, "light", state=state)])
                session.flush()
                session.query(Step).where(Step.video_id == video_id).update({"attempt": attempt})
    statuses: tuple[Status, ...] = ("waiting", "live", "processing", "ready", "failed")
    with database.read() as session:
        videos, _ = listing.page(session, "b", Wanted(), 300, None)
        its_steps = catalogue.steps_of(session, [video.id for video in videos])
        lives = live.states_of(session, [video.id for video in videos])
        said: dict[str, list[str]] = {status: [] for status in statuses}
        for video in videos:
            own = catalogue.own_steps(its_steps[video.id])
            said[catalogue.status_of(video.plan_id is not None, own, lives.get(video.id))].append(video.title)
    assert all(said.values())
    for status in statuses:
        assert titles(database, Wanted(status=status)) == said[status]


_HUGE = base64.b64encode(b'["newest", 1' + b"0" * 400 + b', "v"]').decode()
_DEEP = base64.b64encode(b"[" * 60_000).decode()


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24=", "WyJuZXdlc3QiLCAiYSIsIDFd", "WyJvbGRlc3QiLCAxLCAieCJd", "ä",
                                    _HUGE, _DEEP])
def test_a_cursor_of_another_list_is_refused(database: Database, cursor: str) -> None:
    with database.read() as session, pytest.raises(Rejected) as refused:
        listing.page(session, "b", Wanted(), 2, cursor)
    assert refused.value.code == "bad_cursor"


@pytest.mark.parametrize("tag", ["", "  ", "x" * 61, "a\nb\u0007", "!?"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(Rejected) as refused:
        listing.checked_tags([tag])
    assert refused.value.code == "bad_tag"


def test_each_tag_counts_once_and_there_are_not_too_many() -> None:
    assert listing.checked_tags([" Physics ", "physics", "first  year"]) == ["Physics", "first year"]
    with pytest.raises(Rejected) as refused:
        listing.checked_tags([f"tag {n}" for n in range(31)])
    assert refused.value.code == "too_many_tags"
