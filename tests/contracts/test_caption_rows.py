"""What every database must do with captions that a model makes, span by span, again, or in another language."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrich.steps import ENGLISH, OPENING
from infra.core.errors import LecternError, StepFailed
from infra.core.settings import Settings
from infra.db import steps
from infra.db.models import CaptionRevision, Organization, Step, StepState, Video
from infra.db.session import Database
from infra.db.steps import NewStep
from infra.runtime import itinerary
from player_api import captions, speech

HEARD = {"run": "r_1", "model": "base", "language": "en", "detected": "en", "probability": 0.9, "mixed": False,
         "to_english": False, "spans": 2}


def lines(*texts: str) -> list[dict[str, Any]]:
    return [{"start_s": float(n), "end_s": n + 1.0, "lines": [text]} for n, text in enumerate(texts)]


def a_video(session: Session) -> Video:
    return session.get_one(Video, "v_a")


def listened(database: Database, key: str = "", **changes: Any) -> None:
    with database.write() as session:
        itinerary._listened(session, a_video(session), key, {**HEARD, **changes})


def end(database: Database, step: str, key: str, error: LecternError | None = None) -> None:
    """Claim a step and end it, as a worker does."""
    with database.write() as session:
        lease = steps.claim(session, "v_a", step, key, "me", 20, 5)
        assert lease is not None, (step, key)
        if error is None:
            assert steps.finish(session, lease)
        else:
            steps.fail(session, lease, error, 5)


def said(database: Database, key: str, spans: int, *texts: str) -> None:
    end(database, "transcribe", key)
    with database.write() as session:
        itinerary._transcribed(session, a_video(session), key, {"language": "en", "spans": spans, "captions": lines(*texts)})


def translated(database: Database, key: str, spans: int, *texts: str) -> None:
    end(database, "translate", key)
    with database.write() as session:
        itinerary._translated(session, a_video(session), key, {"language": "en", "spans": spans, "captions": lines(*texts)})


def history(database: Database, language: str = "en") -> list[tuple[int, str | None, bool]]:
    """(revision, model, whether it says anything)"""
    with database.read() as session:
        rows = session.scalars(select(CaptionRevision).where(
            CaptionRevision.video_id == "v_a", CaptionRevision.language == language).order_by(CaptionRevision.revision))
        return [(row.revision, row.model, row.size_bytes > 0) for row in rows]


def shown(database: Database) -> dict[str, str | None]:
    """The label of the captions in each language."""
    with database.read() as session:
        return {one.language: one.label for one in captions.current(session, ["v_a"])["v_a"]}


def states(database: Database) -> dict[tuple[str, str], str]:
    with database.read() as session:
        return {(row.step, row.key): str(row.state) for row in session.scalars(select(Step).where(Step.video_id == "v_a"))}


def write(database: Database, text: str = "A person's", language: str = "en") -> None:
    with database.write() as session:
        video = a_video(session)
        captions.add(session, video, language, captions.last(session, "v_a", language) + 1, "k_somebody",
                      [captions.Caption(start_s=0, end_s=1, lines=(text,))])


def test_of_what_grew_span_by_span_the_whole_is_kept(database: Database) -> None:
    listened(database)
    said(database, "0", 1, "one")
    assert history(database) == [(1, "base", True)]
    said(database, "1", 2, "one", "two")
    assert history(database) == [(2, "base", True)]
    with database.read() as session:
        assert captions.load(session, "v_a", "en", 1, or_later=True)[0] == 2  # who plays the first still has its address
        with pytest.raises(LecternError):
            captions.load(session, "v_a", "en", 1)
    assert states(database)["transcript", ""] == "ready"


def test_every_revision_of_a_person_is_kept(database: Database) -> None:
    listened(database)
    said(database, "0", 1, "one")
    write(database)
    said(database, "1", 2, "one", "two")
    assert history(database) == [(1, "base", True), (2, None, True)]
    with database.write() as session:
        itinerary._written(session, a_video(session), "", None)
    assert history(database) == [(2, None, True)]


def test_whole_captions_are_replaced_by_whole_ones_alone(database: Database) -> None:
    listened(database)
    said(database, "0", 1, "one")
    said(database, "1", 2, "one", "two")
    with database.write() as session:
        assert steps.drop(session, "v_a", ["listen", "transcribe"]) == 2
    listened(database, run="r_2")
    said(database, "0", 1, "uno")
    assert history(database) == [(2, "base", True)]
    said(database, "1", 2, "uno", "two")
    assert history(database) == [(2, "base", True), (3, "base", True)]


def test_the_opening_is_the_first_span(database: Database) -> None:
    listened(database, OPENING, spans=1, opening=lines("one"))
    assert history(database) == [(1, "base", True)]
    listened(database, opening=lines("one"))
    assert history(database) == [(1, "base", True)]  # nothing new
    assert states(database) == {("transcribe", "1"): "ready"}
    said(database, "1", 2, "one", "two")
    assert history(database) == [(2, "base", True)]


def test_an_opening_in_what_is_another_language_goes(database: Database) -> None:
    listened(database, OPENING, spans=1, opening=lines("one"))
    listened(database, run="r_2", language="de", detected="de")
    assert shown(database) == {}
    assert history(database) == [(2, "base", False)]  # its number is not given again: players keep what they fetched
    assert states(database) == {("transcribe", "0"): "ready", ("transcribe", "1"): "ready"}
    with database.read() as session:
        assert a_video(session).language == "de"


def test_an_opening_that_comes_too_late_is_nothing(database: Database) -> None:
    listened(database)
    said(database, "0", 1, "one")
    said(database, "1", 2, "one", "two")
    listened(database, OPENING, run="r_2", spans=1, opening=lines("uno"))
    assert history(database) == [(2, "base", True)]
    with database.read() as session:
        assert (a_video(session).speech or {})["run"] == "r_1"


def test_one_span_that_is_known_already_is_all(database: Database) -> None:
    listened(database, spans=1, opening=lines("one"))
    assert history(database) == [(1, "base", True)]
    assert states(database) == {("transcript", ""): "ready"}


def test_the_rest_is_written_when_a_span_fails_and_anew_when_it_is_mended(database: Database) -> None:
    listened(database)
    said(database, "0", 1, "one")
    end(database, "transcribe", "1", StepFailed("tool_failed", "No."))
    with database.write() as session:
        itinerary._all_said(session, a_video(session))
    for step in ("transcript", "chapters"):
        if step == "chapters":
            with database.write() as session:
                itinerary._written(session, a_video(session), "", None)
        end(database, step, "words" if step == "chapters" else "")
    with database.write() as session:
        assert steps.retry(session, "v_a") == 1
    said(database, "1", 2, "one", "two")
    assert states(database)["transcript", ""] == "ready"
    with database.write() as session:
        itinerary._written(session, a_video(session), "", None)
    assert states(database)["chapters", "words"] == "ready"


def test_nothing_is_written_when_no_span_was_understood(database: Database) -> None:
    listened(database, spans=1)
    end(database, "transcribe", "0", StepFailed("tool_failed", "No."))
    with database.write() as session:
        itinerary._all_said(session, a_video(session))
    assert ("transcript", "") not in states(database)


def test_a_translation_says_what_it_is(database: Database) -> None:
    listened(database, language="de", detected="de", to_english=True)
    translated(database, "0", 1, "one")
    translated(database, "1", 2, "one", "two")
    assert history(database) == [(2, "base", True)]
    assert shown(database) == {"en": "English (machine translation)"}
    assert states(database)["transcript", ENGLISH] == "ready"
    with database.read() as session:
        (track,) = captions.tracks(captions.current(session, ["v_a"])["v_a"], "en", 10)
    assert not track.captions and track.label == "English (machine translation)"


def test_a_person_s_english_is_never_translated_over(database: Database) -> None:
    listened(database, language="de", detected="de", to_english=True)
    write(database)
    translated(database, "0", 1, "one")
    translated(database, "1", 2, "one", "two")
    assert history(database) == [(1, None, True)]
    assert shown(database) == {"en": "English"}


def test_what_a_person_removed_stays_removed(database: Database) -> None:
    listened(database)
    said(database, "0", 1, "one")
    with database.write() as session:
        captions.add(session, a_video(session), "en", 2, "k_somebody", None)
    said(database, "1", 2, "one", "two")
    assert shown(database) == {}


@pytest.fixture
def settings() -> Settings:
    return Settings(transcribe=True)


def change(database: Database, settings: Settings, **values: Any) -> bool:
    with database.write() as session:
        video = a_video(session)
        changed = {name for name, value in values.items() if getattr(video, name) != value}
        for name, value in values.items():
            setattr(video, name, value)
        return speech.changed(session, video, changed, settings)


@pytest.fixture
def spoken(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A video that was transcribed as English, and translations that a person wrote."""
    def again(session: Session, video: Video, *, transcribe: bool) -> None:  # no plan is needed here
        steps.drop(session, video.id, speech.STEPS)
        steps.insert(session, video, [NewStep("listen", "speech")])

    monkeypatch.setattr(speech, "again", again)
    with database.write() as session:
        steps.insert(session, a_video(session), [NewStep("listen", "speech")])
    end(database, "listen", "")
    listened(database)
    said(database, "0", 1, "one")
    said(database, "1", 2, "one", "two")
    write(database, "Von einem Menschen", "de")
    return database


def test_another_language_is_listened_to_anew(spoken: Database, settings: Settings) -> None:
    assert change(spoken, settings, language="fr")
    assert states(spoken) == {("listen", ""): "ready"}
    assert shown(spoken) == {"de": "Deutsch"}
    assert history(spoken) == [(2, "base", True), (3, "base", False)]  # what it said stays in the history


def test_a_region_is_no_other_language(spoken: Database, settings: Settings) -> None:
    assert not change(spoken, settings, language="en-GB")
    assert set(shown(spoken)) == {"en", "de"}
    assert not change(spoken, settings, language=None)  # it was found out


def test_who_takes_back_a_language_has_it_found_out(spoken: Database, settings: Settings) -> None:
    assert change(spoken, settings, language="fr")
    assert change(spoken, settings, language=None)


def test_english_is_not_translated(spoken: Database, settings: Settings) -> None:
    assert not change(spoken, settings, translate_to_english=True)


def test_a_translation_can_be_asked_for_later_and_given_up(spoken: Database, settings: Settings) -> None:
    change(spoken, settings, language="fr")
    listened(spoken, language="fr", detected=None)
    assert not change(spoken, settings, translate_to_english=False)
    assert change(spoken, settings, translate_to_english=True)
    listened(spoken, language="fr", detected=None, to_english=True, spans=1)
    translated(spoken, "0", 1, "one")
    assert shown(spoken)["en"] == "English (machine translation)"
    assert not change(spoken, settings, translate_to_english=False)
    assert "en" not in shown(spoken) and ("translate", "0") not in states(spoken)


def test_nothing_is_begun_where_nothing_is_transcribed(spoken: Database) -> None:
    assert not change(spoken, Settings(transcribe=False), language="fr")


def test_a_step_that_begins_anew_is_taken_from_whoever_has_it(database: Database) -> None:
    with database.write() as session:
        steps.insert(session, a_video(session), [NewStep("chapters", "light", "words")])
        lease = steps.claim(session, "v_a", "chapters", "words", "me", 20, 5)
    assert lease is not None
    with database.write() as session:
        steps.again(session, a_video(session), [NewStep("chapters", "light", "words"), NewStep("chapters", "light", "x")])
    with database.write() as session:
        assert not steps.finish(session, lease)
    assert set(states(database).values()) == {str(StepState.READY)}


def test_glossaries_are_kept(database: Database) -> None:
    with database.write() as session:
        session.get_one(Organization, "a").glossary = ["Dijkstra"]
        a_video(session).glossary = ["Kruskal"]
    with database.read() as session:
        assert session.get_one(Organization, "a").glossary == ["Dijkstra"]
        assert session.get_one(Organization, "b").glossary is None
