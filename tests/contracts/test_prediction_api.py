"""Predictions through the real application: before anybody came, learned from a library, and drawn to what is seen."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from alembic import command
from analytics_app import NOW_MS, VIDEO, Site, both
from audiences import add_video, event, watch
from leaving import Lecture, library
from sqlalchemy import text, update

from infra.core.settings import Settings
from infra.db import audience, migrate, predictions, steps
from infra.db.audience_models import LeavingLaw
from infra.db.models import Video
from infra.db.session import Database
from infra.runtime import rollup
from infra.runtime.itinerary import ITINERARY
from player_api import chapters
from player_api.analytics import laws, merge, stored
from player_api.analytics.merge import ALL, Curve
from player_api.catalogue import PARTS
from player_api.keys import Scope

PATH = "/api/v1/videos/{}/analytics/prediction"


def ask(site: Site, video_id: str = VIDEO) -> dict[str, Any]:
    answer = site.analyst.get(PATH.format(video_id))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(site: Site, video_id: str, lecture: Lecture) -> None:
    """The video, and what is said in it, as the step finds it out."""
    with site.app.database.write() as session:
        video = add_video(session, "ours", video_id, lecture.length_s)
        then = ITINERARY.steps[PARTS].then
        assert then is not None
        then(session, video, "", {"words": tuple(lecture.words), "slides": ()})


def came(site: Site, video_id: str, lecture: Lecture, event_id: int = 1) -> None:
    """Its learners, as they are counted."""
    counts = np.zeros((merge.LINES, lecture.length_s), np.int32)
    counts[merge.EXITS] = lecture.exits
    curve = Curve(counts)
    curve.sums[merge.LEARNERS] = lecture.learners
    with site.app.database.write() as session:
        number = audience.find_or_add(session, session.get_one(Video, video_id), lecture.length_s * 1000).number
        saving = audience.Saving()
        saving.add(number, event_id, {ALL: stored.of_curve(curve)}, {}, {})
        saving.write(session)


def learned(site: Site, lectures: Sequence[Lecture]) -> None:
    for n, lecture in enumerate(lectures):
        told(site, f"v_{n:016d}", lecture)
        came(site, f"v_{n:016d}", lecture)
    assert laws.fit_due(site.app.database, 2, 3600) == 1


def test_before_anything_was_watched_it_is_what_is_published_and_says_so(site: Site) -> None:
    with site.app.database.write() as session:
        add_video(session, "ours", "v_long", 1000)
        session.add(Video(id="v_waiting", organization_id="ours", playback_id="p_waiting", title="", created_at=1.0,
                          updated_at=1.0))
    shown = ask(site, "v_long")
    assert shown["suppressed"] is shown["n_learners"] is shown["as_of"] is None
    assert shown["definition"] == {"name": "prediction", "version": 1, "url": "docs/metrics.md#prediction"}
    data = shown["data"]
    assert (data["model"], data["lift"], data["fitted_videos"], data["level"]) == ("baseline", None, 0, None)
    assert "published figures" in data["note"]
    parts = data["parts"]
    assert parts[0]["start_s"] == 0 and parts[-1]["end_s"] == data["until_s"] == 949
    assert [one["end_s"] for one in parts[:-1]] == [one["start_s"] for one in parts[1:]]
    assert all(15 <= one["end_s"] - one["start_s"] <= 30 for one in parts)
    assert all(one["weight"] == 0 and one["seen"] is None and one["lost"] == one["foretold"] for one in parts)
    assert all(one["low"] < one["lost"] < one["high"] for one in parts)
    assert parts[0]["lost"] > 10 * parts[-1]["lost"] and parts[0]["present"] == 1
    assert parts[-1]["present"] == pytest.approx(1 - 0.552, abs=0.02)
    assert parts[0]["reasons"][0]["name"] == "position" and "only look in" in parts[0]["reasons"][0]["text"]
    answer = site.analyst.get(PATH.format("v_long"), params={"format": "csv"})
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(table) == len(parts) and float(table[3]["lost"]) == parts[3]["lost"] and table[3]["seen"] == ""
    tag = site.analyst.get(PATH.format("v_long")).headers["ETag"]
    assert site.analyst.get(PATH.format("v_long"), headers={"If-None-Match": tag}).status_code == 304
    answer = site.analyst.get(PATH.format("v_waiting"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_playable")
    assert site.analyst.get(PATH.format("v_nobody")).status_code == 404
    assert site.client("theirs", Scope.ANALYST).get(PATH.format("v_long")).status_code == 404
    assert site.player.get(PATH.format("v_long")).status_code == 403


@both
def test_what_drives_learners_away_is_learned_from_the_library_and_served(site: Site) -> None:
    *lectures, new, mute = library(1, 42, by_silence=3.0)
    learned(site, lectures)
    told(site, "v_new", new)
    data = ask(site, "v_new")["data"]
    assert data["model"] == "words_and_slides", data["note"]
    lift = data["lift"]
    assert lift["passed"] and lift["lift"] >= lift["needed"] and 0 < lift["low"] < lift["lift"] < lift["high"]
    assert (lift["videos"], data["fitted_videos"]) == (40, 40)
    assert lift["learners"] == data["fitted_learners"] == sum(one.learners for one in lectures)
    assert f"{lift['lift']:.1%} better" in data["note"] and "40 videos" in data["note"]
    # The part with the most silence is told to lose more than the one with the least, apart from place.
    inner = [one for one in data["parts"] if one["start_s"] > 60]
    inner.sort(key=lambda one: one["features"]["silence"])
    assert inner[-1]["lost"] > 2 * inner[0]["lost"]
    reason = {one["name"]: one for one in inner[-1]["reasons"]}["silence"]
    assert reason["factor"] > 1.3 and reason["value"] == inner[-1]["features"]["silence"] > reason["usual"]
    assert reason["text"].startswith("Much silence: nobody speaks in ")
    # Of another video nothing is known, and it says that.
    with site.app.database.write() as session:
        add_video(session, "ours", "v_mute", mute.length_s)
    data = ask(site, "v_mute")["data"]
    assert data["model"] == "baseline" and "Nothing is known of what is said or shown in this video" in data["note"]
    assert all(value is None for value in data["parts"][0]["features"].values())
    # Nobody else's library has a part in it.
    with site.app.database.write() as session:
        add_video(session, "theirs", "v_theirs", 600)
    theirs = site.client("theirs", Scope.ANALYST).get(PATH.format("v_theirs")).json()["data"]
    assert theirs["fitted_videos"] == 0


def test_where_nothing_drives_them_away_the_baseline_is_served_and_says_so(site: Site) -> None:
    lectures = library(4, 30, by_silence=0.0)
    learned(site, lectures)
    data = ask(site, "v_0000000000000003")["data"]
    assert data["model"] == "baseline" and not data["lift"]["passed"] and data["lift"]["lift"] < data["lift"]["needed"]
    assert "tried, and are not used: over 30 videos" in data["note"]
    assert {one["name"] for part in data["parts"] for one in part["reasons"]} <= {"position", "length"}
    assert data["parts"][2]["features"]["silence"] is not None  # it is shown, and is no reason


def test_too_few_videos_to_tell(site: Site) -> None:
    learned(site, library(5, 3, by_silence=3.0))
    data = ask(site, "v_0000000000000001")["data"]
    assert (data["model"], data["lift"], data["fitted_videos"]) == ("baseline", None, 3)
    assert "once 20 videos" in data["note"] and "there are 3." in data["note"]


def test_as_learners_come_it_draws_near_to_what_is_seen(site: Site) -> None:
    [one, few, many] = [library(6, 1, by_silence=0.0, learners=learners)[0] for learners in (60, 60, 100_000)]
    told(site, "v_a", one)
    before = ask(site, "v_a")["data"]
    distance = []
    for lecture in (few, many):
        exits = np.zeros(one.length_s, np.int64)
        exits[:200] = lecture.learners // 400  # as many in each second: nothing like what was foretold
        exits[-1] = lecture.learners - exits.sum()
        came(site, "v_a", Lecture(one.length_s, one.words, one.parts, one.features, lecture.learners, exits))
        shown = ask(site, "v_a")
        assert shown["n_learners"] == lecture.learners
        parts = shown["data"]["parts"]
        assert [part["foretold"] for part in parts] == [part["foretold"] for part in before["parts"]]
        assert "What was seen counts by `weight`" in shown["data"]["note"] and shown["data"]["level"] > 0
        distance.append(max(abs(part["lost"] - part["seen"]) for part in parts if part["end_s"] <= 200))
        weight = min(part["weight"] for part in parts if part["end_s"] <= 200)
    assert distance[1] < 0.01 < distance[0] and weight > 0.9
    # Below k nothing of what was seen is in it.
    exits = np.zeros(one.length_s, np.int64)
    exits[100] = 1
    came(site, "v_a", Lecture(one.length_s, one.words, one.parts, one.features, 1, exits))
    hidden = ask(site, "v_a")
    assert hidden["n_learners"] is None and hidden["data"] == before


def test_real_events_move_it(site: Site) -> None:
    """A lecture of 20 s has 14 that can be lost; four learners, three of whom leave after 3 s."""
    foretold = ask(site)["data"]["parts"]
    assert [(one["start_s"], one["end_s"]) for one in foretold] == [(0, 14)]
    for n in range(4):
        end_s = 20 if n == 0 else 3
        answer = site.post([event(0, "load", NOW_MS - 60_000), watch(1, NOW_MS - 60_000 + end_s * 1000, 0, end_s)],
                           f"viewer-{n}-{'x' * 20}", session=f"s{n}")
        assert answer.status_code == 202 and not answer.json()["rejected"], answer.text
    site.count()
    [part] = ask(site)["data"]["parts"]
    assert part["seen"] == 0.75 and part["lost"] > foretold[0]["lost"] and part["weight"] > 0


@both
def test_an_organization_is_learned_from_once_in_a_while_and_only_after_more_was_watched(site: Site) -> None:
    database = site.app.database
    assert laws.fit_due(database, 2, 0) == 0  # nobody has watched
    lecture = library(7, 1, by_silence=0.0)[0]
    told(site, "v_a", lecture)
    came(site, "v_a", lecture, event_id=5)
    assert laws.fit_due(database, 2, 3600) == 1
    came(site, "v_a", lecture, event_id=6)
    assert laws.fit_due(database, 2, 3600) == 0
    assert laws.fit_due(database, 2, 0) == 1
    assert laws.fit_due(database, 2, 0) == 0  # nothing is new
    with database.write() as session:
        predictions.outdate(session, "ours")
        assert predictions.claim(session, "ours", 3600) is False
        session.execute(update(LeavingLaw).values(tried_at=0.0))
    # Of several who try at once, one does.
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(laws.fit_due(database, 2, 3600))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 1]


def test_a_learner_who_is_deleted_is_learned_without(site: Site) -> None:
    lecture = library(7, 1, by_silence=0.0)[0]
    told(site, "v_a", lecture)
    came(site, "v_a", lecture, event_id=5)
    assert laws.fit_due(site.app.database, 2, 0) == 1
    site.learner_token("anna")
    assert site.admin.delete("/api/v1/learners/anna").status_code == 204
    assert laws.fit_due(site.app.database, 2, 0) == 1


def test_a_law_of_another_version_is_not_read(site: Site) -> None:
    learned(site, library(5, 3, by_silence=0.0))
    with site.app.database.write() as session:
        fitted = predictions.law(session, "ours")
        assert fitted is not None
        predictions.save_law(session, "ours", 1, {"version": 0, "something": "else"})
    assert ask(site)["data"]["fitted_videos"] == 0


@both
def test_parts_follow_chapters_that_somebody_sets(site: Site) -> None:
    lecture = library(8, 1, by_silence=0.0)[0]
    told(site, "v_a", lecture)
    database = site.app.database
    with database.read() as session:
        assert not steps.unfinished(session, "v_a", PARTS)
    creator = site.client("ours", Scope.CREATOR)
    answer = creator.put("/api/v1/videos/v_a/chapters", json=[
        {"start_s": 0, "title": "One"}, {"start_s": 101, "title": "Two"}])
    assert answer.status_code == 200, answer.text
    with database.write() as session:
        assert steps.unfinished(session, "v_a", PARTS) == 1
        video = session.get_one(Video, "v_a")
        assert chapters.current(session, "v_a").chapters[1].start_s == 101
        then = ITINERARY.steps[PARTS].then
        assert then is not None
        then(session, video, "", {"words": tuple(lecture.words), "slides": ()})
    starts = [one["start_s"] for one in ask(site, "v_a")["data"]["parts"]]
    assert 101 in starts
    with database.write() as session:
        session.delete(session.get_one(Video, "v_a"))
    with database.read() as session:
        assert predictions.parts(session, ["v_a"]) == {}


def test_the_process_that_counts_learns(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lecture = library(9, 1, by_silence=0.0)[0]
    told(site, "v_a", lecture)
    came(site, "v_a", lecture)
    ending = threading.Event()
    thread = threading.Thread(target=rollup.learn, args=(
        Settings(data=site.app.settings.data, prediction_s=0.05, analytics_k=2), site.app.database, ending))
    thread.start()
    for _ in range(600):
        if ask(site)["data"]["fitted_videos"] == 1:
            break
        ending.wait(0.1)
    ending.set()
    thread.join(60)
    assert ask(site)["data"]["fitted_videos"] == 1 and not thread.is_alive()


def test_videos_whose_words_are_known_already_get_their_parts(empty_database: Database) -> None:
    """The migration asks for the step of those that were processed by an earlier version."""
    with empty_database.engine.connect().execution_options(lectern_write=True) as connection, connection.begin():
        command.upgrade(migrate._config(connection), "0014")
        connection.execute(text("INSERT INTO organizations (id, name, created_at) VALUES ('o', 'old', 1.5)"))
        for video in ("v_told", "v_mute"):
            connection.execute(text("INSERT INTO videos (id, organization_id, playback_id, title, created_at, updated_at) "
                                    "VALUES (:id, 'o', :id, '', 1.0, 1.0)"), {"id": video})
        for number, (video, step, key, state) in enumerate((
                ("v_told", "chapters", "words", "done"), ("v_told", "chapters", "slides", "done"),
                ("v_mute", "chapters", "words", "failed"), ("v_mute", "poster", "", "done"))):
            connection.execute(text(
                "INSERT INTO steps (id, organization_id, video_id, step, key, queue, state, attempt, not_before, progress, "
                "created_at, updated_at) VALUES (:id, 'o', :video, :step, :key, 'light', :state, 1, 0, 1, 1, 1)"),
                {"id": f"st_{number}", "video": video, "step": step, "key": key, "state": state})
    assert migrate.upgrade(empty_database)
    with empty_database.write() as session:
        assert steps.claim(session, "v_told", PARTS, "", "me", 20, 5) is not None
        assert steps.claim(session, "v_mute", PARTS, "", "me", 20, 5) is None
