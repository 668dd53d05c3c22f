"""Related videos, in every database: what is said to be about the same, why, and of whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from enrich.chapters import Chapter
from enrich.phrases import Phrase
from infra.core.search_index import Kind, Passage
from infra.db import search, steps
from infra.db.models import Video
from infra.db.session import Database
from player_api import chapters, related

ABOUT = [Phrase(text="chain rule", score=6, times_s=(70, 80)), Phrase(text="learning rate", score=4, times_s=(10, 20))]


def add(database: Database, video_id: str, said: Sequence[str], organization: str = "a",
        parts: Sequence[Chapter] = (), planned: bool = True) -> None:
    with database.write() as session:
        video = session.get(Video, video_id)
        if video is None:
            video = Video(id=video_id, organization_id=organization, playback_id=f"p{video_id}", title=video_id,
                          created_at=0.0, updated_at=0.0)
            session.add(video)
        video.plan_id = "plan" if planned else None
        session.flush()
        if parts:
            chapters.save_machine(session, video, parts)
        search.replace(session, organization, video_id, Kind.SPEECH, [
            Passage(30.0 * i, 30.0 * i + 30, text) for i, text in enumerate(said)])


def answer(database: Database) -> dict[str, Any]:
    with database.write() as session:
        chapters.save_topics(session, session.get_one(Video, "v_a"), ABOUT)
    with database.read() as session:
        return related.related_to(session, session.get_one(Video, "v_a"))


def library(database: Database) -> None:
    add(database, "v_a", ["The learning rate.", "Now the chain rule."],
        parts=[Chapter(start_s=0, title="Rates"), Chapter(start_s=60, title="Rules")])
    add(database, "v_rules", ["Nothing.", "Nothing.", "The chain rule, again the chain rule.", "Chain rules."],
        parts=[Chapter(start_s=0, title="Before"), Chapter(start_s=60, title="Of chains")])
    add(database, "v_both", ["The chain rule.", "A learning rate of one, and another learning rate."])
    add(database, "v_rates", ["Learning rates."])
    for n in range(12):
        add(database, f"v_other{n}", ["A rate of learning? No: rules, and not one of the chains!"[n % 3:]])


def test_what_shares_phrases_is_related_and_says_which(database: Database) -> None:
    library(database)
    found = answer(database)
    by_name = {item["video"]["id"]: item for item in found["items"]}
    assert by_name["v_both"]["phrases"] == ["chain rule", "learning rate"]
    assert (by_name["v_rules"]["phrases"], by_name["v_rates"]["phrases"]) == (["chain rule"], ["learning rate"])
    scores = [item["score"] for item in found["items"]]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0 and max(scores) <= 1
    assert by_name["v_rules"]["score"] > by_name["v_rates"]["score"]
    assert "v_a" not in by_name

    rates, rules = found["chapters"]
    assert (rates["title"], [one["video"]["id"] for one in rates["items"]][:2]) == ("Rates", ["v_both", "v_rates"])
    first = rules["items"][0]
    assert (first["video"]["id"], first["title"], first["start_s"], first["watch_url"], first["phrases"]) == (
        "v_rules", "Of chains", 60.0, "/watch/pv_rules?t=60", ["chain rule"])


def test_nothing_of_others_and_nothing_that_is_not_ready(database: Database) -> None:
    library(database)
    add(database, "v_theirs", ["The chain rule."], organization="b")
    add(database, "v_empty", ["The chain rule."], planned=False)
    add(database, "v_busy", ["The chain rule."])
    add(database, "v_gone", ["The chain rule."])
    add(database, "v_embedding", ["The chain rule."])
    with database.write() as session:
        steps.insert(session, session.get_one(Video, "v_busy"), [steps.NewStep("listen", "speech")])
        steps.insert(session, session.get_one(Video, "v_embedding"), [steps.NewStep("embed", "speech", "m")])
        session.get_one(Video, "v_gone").deleted_at = 1.0
    names = {item["video"]["id"] for item in answer(database)["items"]}
    assert {"v_both", "v_rules", "v_embedding"} <= names
    assert not names & {"v_theirs", "v_empty", "v_busy", "v_gone"}


def test_what_everybody_says_relates_nothing(database: Database) -> None:
    library(database)
    for n in range(30):
        add(database, f"v_more{n}", ["The learning rate."])
    found = answer(database)
    assert {phrase for item in found["items"] for phrase in item["phrases"]} == {"chain rule"}
    assert "v_rates" not in {item["video"]["id"] for item in found["items"]}


def test_without_topics_there_is_nothing(database: Database) -> None:
    library(database)
    with database.read() as session:
        assert related.related_to(session, session.get_one(Video, "v_rules")) == {"items": [], "chapters": [
            {"start_s": 0.0, "title": "Before", "items": []}, {"start_s": 60.0, "title": "Of chains", "items": []}]}
