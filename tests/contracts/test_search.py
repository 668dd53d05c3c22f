"""Search, in every database: what is found, in which order, and by whom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from infra.core.search_index import BLOCK, Kind, Passage
from infra.core.search_terms import words
from infra.db import models, search
from infra.db.models import Video
from infra.db.search import Hit
from infra.db.session import Database

SPEECH = ["Today we follow the gradient of the loss function.", "A learning rate that is too large overshoots.",
          "The chain rule gives us backpropagation.", "Gradients vanish in deep networks."]


def write(database: Database, video_id: str, texts: Iterable[str], kind: Kind = Kind.SPEECH) -> None:
    with database.write() as session:
        organization_id = session.get_one(Video, video_id).organization_id
        search.replace(session, organization_id, video_id, kind, [
            Passage(30.0 * i, 30.0 * i + 30, text) for i, text in enumerate(texts)])


def ask(database: Database, text: str, organization_id: str = "a", **how: object) -> list[Hit]:
    with database.read() as session:
        return search.search(session, organization_id, text, **how)  # type: ignore[arg-type]


def texts(database: Database, text: str, **how: object) -> list[str]:
    return [hit.text for hit in ask(database, text, **how)]


@pytest.fixture
def lecture(database: Database) -> Database:
    write(database, "v_a", SPEECH)
    return database


def test_a_hit_says_where_it_is(lecture: Database) -> None:
    (hit,) = ask(lecture, "backpropagation ")
    assert (hit.video_id, hit.kind, hit.start_s, hit.end_s, hit.text) == ("v_a", Kind.SPEECH, 60.0, 90.0, SPEECH[2])
    assert hit.score > 0
    assert hit.stems == {"backpropagation"}


@pytest.mark.parametrize(("query", "found"), [
    ("gradient ", [3, 0]),  # of two with the word the shorter one first
    ("GRADIENTS", [3, 0]),
    ("loss gradient ", [0, 3]),  # all words before some
    ("learn", [1]), ("lear ", []), ("over*", [1]), ("over* rate ", [1]),
    ('"chain rule"', [2]), ('"rule chain"', []), ('"the loss functions" gradient ', [0]),
    ("gradeint ", [3, 0]), ("gradint ", [3, 0]), ("grradient ", [3, 0]), ("grabient ", [3, 0]),
    ("leraning rate ", [1]), ("rut ", []), ("lerning rtae ", [1]),
    ("nobody mentions anything ", []), ("", []), ("…!", []),
])
def test_what_a_query_finds(lecture: Database, query: str, found: list[int]) -> None:
    assert texts(lecture, query) == [SPEECH[i] for i in found]


def test_a_word_that_is_known_is_not_taken_for_another(lecture: Database) -> None:
    write(lecture, "v_a2", ["Rates and crates."])
    assert texts(lecture, "crates ") == ["Rates and crates."]
    assert texts(lecture, "crates ", video_id="v_a") == []  # said elsewhere: no slip of the keyboard
    assert texts(lecture, "crites ", video_id="v_a") == []
    assert texts(lecture, "ratse ", video_id="v_a") == [SPEECH[1]]


def test_titles_before_chapters_before_slides_before_speech(database: Database) -> None:
    for kind in (Kind.COMMENT, Kind.SPEECH, Kind.SLIDE, Kind.CHAPTER, Kind.TITLE):
        write(database, "v_a", ["Graph theory"], kind)
    assert [hit.kind for hit in ask(database, "graph ")] == [
        Kind.TITLE, Kind.CHAPTER, Kind.SLIDE, Kind.SPEECH, Kind.COMMENT]
    assert [hit.kind for hit in ask(database, "graph ", kinds=[Kind.SLIDE, Kind.SPEECH])] == [Kind.SLIDE, Kind.SPEECH]


def test_in_one_video(lecture: Database) -> None:
    write(lecture, "v_a2", ["A gradient of colours."])
    assert {hit.video_id for hit in ask(lecture, "gradient ")} == {"v_a", "v_a2"}
    assert texts(lecture, "gradient ", video_id="v_a2") == ["A gradient of colours."]


def test_nobody_finds_what_others_said(lecture: Database) -> None:
    write(lecture, "v_b", ["The secret gradient of others.", "Backpropagating secretly."])
    for query in ("secret ", "secr", '"secret gradient"', "sceret ", "gradient secret ", "secret* "):
        assert all(hit.video_id == "v_a" for hit in ask(lecture, query)), query
        assert "others" not in str(ask(lecture, query))
    assert texts(lecture, "gradient ", organization_id="b") == ["The secret gradient of others."]
    assert ask(lecture, "gradient ", organization_id="a", video_id="v_b") == []
    assert ask(lecture, "chain ", organization_id="b") == []
    assert ask(lecture, "chain ", organization_id="nobody") == []


def test_a_score_does_not_tell_what_others_have(lecture: Database) -> None:
    before = [hit.score for hit in ask(lecture, "gradient loss ")]
    write(lecture, "v_b", ["gradient loss"] * 300)
    assert [hit.score for hit in ask(lecture, "gradient loss ")] == before


def test_what_is_written_again_replaces_what_was_there(lecture: Database) -> None:
    write(lecture, "v_a", ["Something else."])
    assert texts(lecture, "gradient ") == []
    assert texts(lecture, "something ") == ["Something else."]
    write(lecture, "v_a", [])
    assert texts(lecture, "something ") == []
    write(lecture, "v_a", ["zero\0byte"])
    assert texts(lecture, "byte ") == ["zero byte"]
    write(lecture, "v_a", [])
    with lecture.read() as session:
        for table in (models.PassageBlock, models.Passage, models.Posting):
            assert session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("kind", [None, Kind.SPEECH])
def test_what_is_removed_is_found_no_more(lecture: Database, kind: Kind | None) -> None:
    write(lecture, "v_a", ["Gradients"], Kind.TITLE)
    with lecture.write() as session:
        search.remove(session, "v_a", kind)
        search.remove(session, "v_a2")
    assert texts(lecture, "gradient ") == ([] if kind is None else ["Gradients"])


def test_a_deleted_video_takes_its_passages_with_it(lecture: Database) -> None:
    with lecture.write() as session:
        session.execute(delete(Video).where(Video.id == "v_a"))
    assert texts(lecture, "gradient ") == []
    with lecture.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Posting)) == 0


def test_nothing_is_left_of_a_transaction_that_failed(lecture: Database) -> None:
    with pytest.raises(ZeroDivisionError), lecture.write() as session:
        search.replace(session, "a", "v_a", Kind.SPEECH, [Passage(0, 1, "half done")])
        raise ZeroDivisionError
    assert texts(lecture, "half ") == []
    assert texts(lecture, "chain ") == [SPEECH[2]]


def test_pages_follow_each_other_without_gap(database: Database) -> None:
    write(database, "v_a", [f"word {'filler ' * n}" for n in range(50)])
    whole = texts(database, "word ", limit=50)
    assert len(set(whole)) == 50
    assert [text for offset in range(0, 60, 7) for text in texts(database, "word ", limit=7, offset=offset)] == whole


def test_a_day_of_speech_has_many_blocks(database: Database) -> None:
    said = [f"number {n} common {'twice twice' if n % 7 == 0 else ''}" for n in range(5 * BLOCK + 3)]
    write(database, "v_a", said)
    for n in (0, BLOCK - 1, BLOCK, 5 * BLOCK + 2):
        (hit,) = ask(database, f"{n} ")
        assert hit.start_s == 30.0 * n
    assert len(ask(database, "common ", limit=100)) == 100
    assert ask(database, f'"number {BLOCK}"')[0].start_s == 30.0 * BLOCK


@pytest.mark.parametrize(("said", "asked"), [
    ("机器学习的基础", "机器学习"), ("机器学习的基础", "学"), ("Die Übergröße", "ubergrosse "), ("naïve Bayes", "NAIVE "),
    ("सीखने की दर", "सीखने "), ("écrire en C++", "c++ "), ("ตัวอย่าง", "ตัวอย่าง"), ("Привет, мир", "привет"),
])
def test_other_languages(database: Database, said: str, asked: str) -> None:
    write(database, "v_a", ["nothing", said])
    assert texts(database, asked) == [said]


@pytest.mark.parametrize("query", [
    "'; DROP TABLE passages; --", '"', '""""', '"a "b" c"', "* ** ***", "a* b* c*", "NEAR(a b)", "a AND NOT (b OR", "text:a",
    "^a + -b ~c", "%_%", "\0", "a\0b", "\\", "😀 🇩🇪 👩‍🔬", "\u202e", "é" * 500, "学" * 500, '"' * 999, "x" * 10_000,
    "word " * 2000, " ".join(f"w{n}" for n in range(2000)), '"a b" ' * 1500, "\ud7ff\ue000", "ﷺ", "½ ㎏ ℀"])
def test_no_query_is_an_error(lecture: Database, query: str) -> None:
    ask(lecture, query)
    ask(lecture, query + " gradient ", video_id="v_a", kinds=[Kind.SPEECH])


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(text=st.text(st.characters(blacklist_categories=["Cs"]), max_size=80))
def test_what_was_written_is_found(database: Database, text: str) -> None:
    write(database, "v_a", [text.replace("\0", ""), "something else entirely"])
    hits = ask(database, text)
    if any(words(text)):
        assert hits
        assert hits[0].text == text.replace("\0", "")


def test_those_who_write_the_same_video_at_once_do_not_mix(database: Database) -> None:
    """Also nobody waits for somebody who waits for him: the words are the same, in another order."""
    failed: list[BaseException] = []

    def again(video_id: str, turn: int) -> None:
        try:
            for n in range(6):
                said = [f"turn{turn} number{n} " + " ".join(f"shared{(i * turn) % 97}" for i in range(97)) for _ in range(3)]
                write(database, video_id, said)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=again, args=(video_id, turn)) for turn, video_id in
               enumerate(("v_a", "v_a", "v_a2", "v_a2"), 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    for video_id in ("v_a", "v_a2"):
        assert len({text.split()[0] for text in texts(database, "shared1 ", video_id=video_id)}) == 1
        assert len(texts(database, "shared1 ", video_id=video_id)) == 3


def test_all_databases_answer_alike(database_of: Callable[..., str]) -> None:
    answers = []
    for kind in ("sqlite", "postgresql"):
        database = Database(database_of(kind))
        with database.write() as session:
            session.add(models.Organization(id="a", name="a", created_at=0.0))
            session.flush()
            session.add(Video(id="v_a", organization_id="a", playback_id="p", title="", created_at=0.0, updated_at=0.0))
        write(database, "v_a", [f"{' '.join(SPEECH[i % 4].split()[i % 5:])} {i % 13}" for i in range(400)])
        answers.append([ask(database, query) for query in (
            "gradient loss ", "gra", "the ", "teh gradeint functoin ", '"loss function" 7 ', "chai", "de* ")])
        database.dispose()
    assert answers[0] == answers[1]
    assert all(answers[0])
