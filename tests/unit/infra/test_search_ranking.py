"""Which passages are chosen and in what order, against the slow way to do the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra.core import search_ranking
from infra.core.search_index import BLOCK, ONES, Kind, Passage, block_id, blocks, planes_from_bytes, planes_to_bytes
from infra.core.search_ranking import BUDGET, Clause, Totals, bits, choose, ranked

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join), min_size=1, max_size=300)


def at(number: int, kind: Kind = Kind.SPEECH) -> int:
    """The id of a block, such that they follow each other."""
    return block_id("", kind, 0) % (8 * BLOCK) + number * 8 * BLOCK


def place(block: int, ordinal: int) -> int:
    return block // (8 * BLOCK) * BLOCK + ordinal


def index(texts: list[str]) -> tuple[dict[str, dict[int, int]], dict[int, bytes]]:
    planes: dict[str, dict[int, int]] = {}
    lengths = {}
    for number, block in enumerate(blocks([Passage(0, 1, text) for text in texts])):
        lengths[at(number)] = block.lengths
        for term, mask in block.postings.items():
            planes.setdefault(term, {})[at(number)] = mask
    return planes, lengths


@given(TEXTS)
def test_the_index_counts_to_three(texts: list[str]) -> None:
    planes, lengths = index(texts)
    for i, text in enumerate(texts):
        assert lengths[at(i // BLOCK)][i % BLOCK] == len(text.split())
        for term in "abcd":
            mask = planes.get(term, {}).get(at(i // BLOCK), 0)
            assert planes_from_bytes(planes_to_bytes(mask)) == mask
            assert sum(mask >> (BLOCK * n + i % BLOCK) & 1 for n in range(3)) == min(3, text.split().count(term))


@given(TEXTS, st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True), st.integers(1, 400))
def test_who_has_more_of_the_words_is_chosen_first(texts: list[str], asked: list[str], need: int) -> None:
    planes, lengths = index(texts)
    clauses = [Clause.of((1.0, planes.get(term, {}))) for term in asked]
    common = {term for term in asked if sum(term in text.split() for text in texts) > max(
        search_ranking.COMMON * len(texts), search_ranking.COMMON_FROM)}
    conditions = set(asked) - common or set(asked)
    chosen = choose(clauses, len(texts), need)
    matched = {place(one.block, one.ordinal): one.matched for one in chosen}
    assert len(matched) == len(chosen)
    counts = [len(conditions & set(text.split())) for text in texts]
    assert all(counts[i] == count for i, count in matched.items())
    least = min(matched.values(), default=1)
    assert all(i in matched for i, count in enumerate(counts) if count > least)
    assert len(matched) >= min(need, sum(count > 0 for count in counts))
    totals = {"speech": Totals(len(texts), sum(len(text.split()) for text in texts))}
    order = ranked(chosen, clauses, lengths, totals)
    assert [one.matched for _, one in order] == sorted(matched.values(), reverse=True)
    assert all(score > 0 for score, _ in order)


def test_of_a_word_that_all_say_those_that_say_it_often_are_scored() -> None:
    texts = ["a"] * 5000
    texts[4321] = texts[77] = "a a b a"
    planes, _ = index(texts)
    clauses = [Clause.of((1.0, planes["a"]))]
    chosen = choose(clauses, 5000, 2)
    assert {place(one.block, one.ordinal) for one in chosen} == {77, 4321}
    assert len(choose(clauses, 5000, 20)) <= BUDGET + BLOCK
    assert len(choose(clauses, 5000, 3000)) >= 3000


def test_a_title_does_not_go_because_lectures_say_its_word_more_often() -> None:
    planes, _ = index(["a a"] * 5000)
    title = at(99, Kind.TITLE)
    chosen = choose([Clause.of((1.0, {**planes["a"], title: 1}))], 5001, 20)
    assert title in {one.block for one in chosen}


def test_titles_come_before_what_is_said() -> None:
    speech, title = at(0), at(1, Kind.TITLE)
    clauses = [Clause.of((1.0, {speech: 1, title: 1}))]
    order = ranked(choose(clauses, 9, 5), clauses, {speech: b"\5", title: b"\5"},
                   {"speech": Totals(5, 25), "title": Totals(4, 20)})
    assert [one.block for _, one in order] == [title, speech]


@given(st.integers(0, ONES))
def test_bits_are_the_ones(mask: int) -> None:
    assert sum(1 << place for place in bits(mask)) == mask
