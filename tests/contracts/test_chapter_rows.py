"""What every database must do with chapters and topics: those that somebody set are never lost to a machine."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from enrich.chapters import Chapter
from enrich.phrases import Phrase
from infra.db.models import ChapterRevision, Video
from infra.db.session import Database
from player_api import chapters

FOUND = [Chapter(start_s=0, title="Graphs"), Chapter(start_s=60, title="Trees"), Chapter(start_s=120, title="Paths")]
BETTER = [*FOUND[:2], Chapter(start_s=118, title="Shortest paths")]
OWN = [Chapter(start_s=0, title="All of it")]


def save(database: Database, found: Sequence[Chapter]) -> bool:
    with database.write() as session:
        return chapters.save_machine(session, session.get_one(Video, "v_a"), found)


def send(database: Database, sent: Sequence[Chapter] | None) -> None:
    with database.write() as session:
        video = session.get_one(Video, "v_a")
        chapters.add(session, video, chapters.next_revision(session, video, None), "k_somebody", sent)


def now_shown(database: Database) -> tuple[int, bool, list[Chapter]]:
    with database.read() as session:
        found = chapters.current(session, "v_a")
        assert not chapters.current(session, "v_b").chapters
        return found.revision, found.edited, list(found.chapters)


def test_what_was_found_is_saved_once(database: Database) -> None:
    assert now_shown(database) == (0, False, [])
    assert not save(database, [])
    assert save(database, FOUND)
    assert not save(database, FOUND)
    assert now_shown(database) == (1, False, FOUND)
    assert save(database, BETTER)
    assert now_shown(database) == (2, False, BETTER)
    assert save(database, [])
    assert now_shown(database) == (3, False, [])


@pytest.mark.parametrize("own", [OWN, []], ids=["some", "none"])
def test_what_somebody_set_stays_until_it_is_given_up(database: Database, own: list[Chapter]) -> None:
    save(database, FOUND)
    send(database, own)
    assert not save(database, BETTER)
    assert now_shown(database) == (2, True, own)
    send(database, None)
    assert now_shown(database) == (3, False, FOUND)
    assert save(database, BETTER)
    assert now_shown(database) == (4, False, BETTER)
    send(database, own)
    send(database, None)
    assert not save(database, BETTER)
    assert now_shown(database) == (6, False, BETTER)


def test_those_who_save_at_once_get_a_revision_each(database: Database) -> None:
    several = [threading.Thread(target=send, args=(database, OWN)) for _ in range(6)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ChapterRevision)) == 6
    assert now_shown(database) == (6, True, OWN)


def test_other_videos_of_the_organization_say_what_is_common(database: Database) -> None:
    phrases = [Phrase(text=text, score=1, times_s=(0,)) for text in ("exam", "graph theory")]
    with database.write() as session:
        for video_id, found in (("v_a", phrases), ("v_a2", phrases[:1]), ("v_b", phrases)):
            chapters.save_topics(session, session.get_one(Video, video_id), found)
            session.get_one(Video, video_id).language = "en"
    with database.read() as session:
        common = chapters.background(session, session.get_one(Video, "v_a"))
        assert (common.videos, dict(common.having)) == (1, {"exam": 1})
        assert common.rarity("exam") < common.rarity("graph theory") == 1
