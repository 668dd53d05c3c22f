"""Search by meaning, in every database: what is embedded when, what is found, and by whom. The model is the packaged one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from enrich import embedder
from enrich.embedder import Embedder
from enrich.embedding import vectors_of
from infra.core.search_index import Kind, Passage
from infra.core.search_meaning import Matched
from infra.core.settings import Settings
from infra.db import meaning, search, steps
from infra.db.meaning import Vectors
from infra.db.models import PassageVectors, Step, StepState, Video
from infra.db.search import Hit
from infra.db.session import Database

LEAF = "A leaf catches sunlight in its chlorophyll. With that energy it builds sugar out of water."
QUAKE = "The plates of the crust drift. Where they grind past each other, stress is let go in a jolt."
WALL = "The wall that had cut the city in two was opened one night."
QUESTION = "how do plants produce food "


@pytest.fixture(scope="module")
def model() -> Embedder:
    found = embedder.of_settings(Settings())
    assert found is not None, "the packages of infra/locks/models.txt are not installed"
    return found


@pytest.fixture
def vectors() -> Vectors:
    return Vectors(share=0)  # looks at each question whether there are others


def write(database: Database, video_id: str, texts: Sequence[str], kind: Kind = Kind.SPEECH) -> None:
    with database.write() as session:
        video = session.get_one(Video, video_id)
        video.language = video.language or "en"
        search.replace(session, video.organization_id, video_id, kind, [
            Passage(30.0 * i, 30.0 * i + 30, text) for i, text in enumerate(texts)])


def embed(database: Database, model: Embedder, video_id: str) -> int:
    """What the step does; how many blocks were saved."""
    with database.write() as session:
        video = session.get_one(Video, video_id)
        blocks = meaning.wanted(session, video_id, model.model.id, video.language or "")
        made = [vectors_of(model, block, video.language) for block in blocks]
        return meaning.save(session, video.organization_id, model.model.id, video.language or "", made)


def ask(database: Database, model: Embedder, vectors: Vectors, question: str, organization: str = "a", least: float = 0.2,
        limit: int = 20, offset: int = 0, video_id: str | None = None, kinds: Sequence[Kind] = ()) -> list[Hit]:
    with database.read() as session:
        near = vectors.near(session, organization, model.model.id, model.question(question), least=least, video_id=video_id,
                            kinds=kinds)
        return search.search(session, organization, question, near=near, limit=limit, offset=offset, video_id=video_id,
                             kinds=kinds)


def test_what_means_the_same_is_found(database: Database, model: Embedder, vectors: Vectors) -> None:
    write(database, "v_a", [WALL, LEAF, QUAKE])
    assert ask(database, model, vectors, QUESTION) == []  # no word of it
    assert embed(database, model, "v_a") == 1
    (hit, *others) = ask(database, model, vectors, QUESTION)
    assert (hit.text, hit.start_s, hit.matched) == (LEAF, 30.0, Matched.MEANING)
    assert all(other.score < hit.score for other in others)
    assert ask(database, model, vectors, QUESTION, organization="b") == []


def test_who_has_the_words_stays_and_who_says_all_of_it_is_first(database: Database, model: Embedder, vectors: Vectors
                                                                 ) -> None:
    said = "Somebody asked how do plants produce food, and nobody listened to the end of it."
    write(database, "v_a", [LEAF, "The plants were closed and produce no cars any more.", QUAKE])
    write(database, "v_a2", [said])
    for video_id in ("v_a", "v_a2"):
        embed(database, model, video_id)
    with database.read() as session:
        by_words = {hit.passage_id for hit in search.search(session, "a", QUESTION)}
    hits = ask(database, model, vectors, QUESTION)
    assert hits[0].text == said
    assert by_words <= {hit.passage_id for hit in hits}
    assert {hit.text for hit in hits if hit.matched is Matched.MEANING} >= {LEAF}
    pages = [ask(database, model, vectors, QUESTION, limit=1, offset=n)[0] for n in range(len(hits))]
    assert [page.passage_id for page in pages] == [hit.passage_id for hit in hits]
    assert [hit.text for hit in ask(database, model, vectors, '"produce food" ')] == [said]


def test_what_changes_or_goes_is_not_found_any_more(database: Database, model: Embedder, vectors: Vectors) -> None:
    write(database, "v_a", [LEAF])
    embed(database, model, "v_a")
    stale = Vectors(share=1e9)  # would not look again for a long time
    assert ask(database, model, vectors, QUESTION) and ask(database, model, stale, QUESTION)
    write(database, "v_a", [QUAKE])
    assert ask(database, model, vectors, QUESTION) == ask(database, model, stale, QUESTION) == []
    embed(database, model, "v_a")
    assert ask(database, model, vectors, QUESTION) == ask(database, model, stale, QUESTION) == []
    assert [hit.text for hit in ask(database, model, vectors, "why does the ground shake ")] == [QUAKE]
    with database.write() as session:
        session.delete(session.get_one(Video, "v_a"))
    assert ask(database, model, vectors, "why does the ground shake ") == []
    with database.read() as session:
        assert session.query(PassageVectors).count() == 0


def test_vectors_of_words_that_changed_meanwhile_are_not_saved(database: Database, model: Embedder) -> None:
    write(database, "v_a", [LEAF])
    with database.read() as session:
        (block,) = meaning.wanted(session, "v_a", model.model.id, "en")
    made = vectors_of(model, block, "en")
    write(database, "v_a", [QUAKE])
    with database.write() as session:
        assert meaning.save(session, "a", model.model.id, "en", [made]) == 0


def test_only_in_a_video_or_a_kind(database: Database, model: Embedder, vectors: Vectors) -> None:
    write(database, "v_a", [LEAF])
    write(database, "v_a", [LEAF], Kind.SLIDE)
    write(database, "v_a2", [LEAF, WALL])
    for video_id in ("v_a", "v_a2"):
        embed(database, model, video_id)
    assert len(ask(database, model, vectors, QUESTION)) == 3
    assert [(hit.video_id, hit.text) for hit in ask(database, model, vectors, QUESTION, video_id="v_a2")] == [("v_a2", LEAF)]
    assert [hit.kind for hit in ask(database, model, vectors, QUESTION, kinds=[Kind.SLIDE])] == [Kind.SLIDE]


def test_a_language_that_the_model_does_not_know_is_left_to_words(database: Database, model: Embedder, vectors: Vectors
                                                                  ) -> None:
    german = "Das Blatt fängt das Licht der Sonne und macht daraus Zucker, und es ist der Sauerstoff, der übrig bleibt."
    write(database, "v_a", [german])
    assert embed(database, model, "v_a") == 1  # so that nobody tries again
    assert ask(database, model, vectors, QUESTION, least=-1) == []
    with database.read() as session:
        assert meaning.videos_without(session, model.model.id, "embed", 10) == []
    assert model.may_answer(QUESTION) and model.may_answer("gradient descent")
    assert not model.may_answer("wie macht eine Pflanze ihre Nahrung") and not model.may_answer("как растения")


def test_what_has_no_vectors_is_seen_and_done_once(database: Database, model: Embedder) -> None:
    write(database, "v_a", [LEAF])

    def without(name: str = "") -> list[str]:
        with database.read() as session:
            return [video.id for video in meaning.videos_without(session, name or model.model.id, "embed", 10)]

    def want() -> None:
        with database.write() as session:
            video = session.get_one(Video, "v_a")
            if not steps.insert(session, video, [steps.NewStep("embed", "speech", model.model.id)]):
                steps.redo(session, "v_a", "embed", model.model.id)

    def step(state: StepState) -> None:
        with database.write() as session:
            session.query(Step).one().state = state

    assert without() == ["v_a"]
    want()
    assert without() == []  # in hand
    step(StepState.DONE)
    assert without() == ["v_a"]
    embed(database, model, "v_a")
    assert without() == []
    assert without("another") == ["v_a"]
    with database.write() as session:
        session.get_one(Video, "v_a").language = "de"  # somebody corrects it
    assert without() == ["v_a"]
    want()
    with database.read() as session:
        assert session.query(Step).one().state == StepState.READY
    step(StepState.FAILED)
    want()
    assert without() == []  # a person may retry it


def test_of_many_the_nearest_are_found(database: Database, model: Embedder, vectors: Vectors) -> None:
    """By the signs of their dimensions alone first: none of those that are clearly nearer may be lost."""
    write(database, "v_a", [f"passage {n}" for n in range(3000)])
    rolls = np.random.default_rng(2)
    question = model.question("anything at all")
    with database.write() as session:
        blocks = meaning.wanted(session, "v_a", "m", "en")
        session.commit()
        made, all_cosines = [], {}
        for block in blocks:
            drawn = (question * rolls.uniform(0, 0.8, (len(block.texts), 1))
                     + rolls.normal(0, len(question) ** -0.5, (len(block.texts), len(question))))
            small = np.stack([embedder.as_bytes(one) for one in drawn.astype(np.float32)])
            cosines = small @ question / np.linalg.norm(small.astype(np.float32), axis=1)
            all_cosines |= {block.id + i: float(cosine) for i, cosine in enumerate(cosines)}
            made.append(meaning.BlockVectors(block.id, block.stamp, len(question), small.tobytes(), b""))
        meaning.save(session, "a", "m", "en", made)
    with database.read() as session:
        found = vectors.near(session, "a", "m", question, limit=50)
    best = sorted(all_cosines, key=lambda one: -all_cosines[one])[:50]
    assert len(set(best) & {one.passage_id for one in found}) >= 49
    assert found[0].cosine == pytest.approx(all_cosines[found[0].passage_id], abs=1e-4)


def test_the_sentence_that_is_meant(database: Database, model: Embedder, vectors: Vectors) -> None:
    text = f"{WALL} {LEAF} {QUAKE}"
    write(database, "v_a", [QUAKE, text])
    embed(database, model, "v_a")
    (hit,) = [hit for hit in ask(database, model, vectors, QUESTION, least=-1) if hit.start_s == 30]
    with database.read() as session:
        begin, end = meaning.sentences(session, "a", model.question(QUESTION), {hit.passage_id: hit.text})[hit.passage_id]
        assert text[begin:end].strip() in LEAF
        assert meaning.sentences(session, "b", model.question(QUESTION), {hit.passage_id: hit.text}) == {}
