"""Search in the rows: what is written, and which passages a query finds. The same SQL and hits in every database.

What a word is, what it means and which hit goes first is pure code (`infra.core.search_*`); here rows are fetched by key.
Nobody finds another organization's rows: it is part of every term's key, and every query asks for it besides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from infra.core import search_index, search_meaning, search_ranking
from infra.core.search_index import Kind, Passage, term_key
from infra.core.search_meaning import Matched, Near
from infra.core.search_query import TYPO_FROM, Query, parse
from infra.core.search_ranking import Candidate, Clause, Totals
from infra.core.search_terms import halves, has_phrase, one_edit, stem
from infra.core.search_terms import stems as stems_of
from infra.db import models
from infra.db.models import PassageBlock, Posting, SearchWord, Video

BEGUN, MISSPELT = 0.8, 0.6  # weights of what was not said just so
MOST_BEGUN = 8  # words for each letter typed so far, the shortest first: few letters begin too many words
MOST_MISSPELT = 8
_AT_ONCE = 200  # rows
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. `stems` are those to mark in it; `score` compares only within one answer."""

    passage_id: int
    video_id: str
    kind: Kind
    start_s: float
    end_s: float
    text: str
    score: float
    stems: frozenset[str]
    matched: Matched = Matched.WORDS


def replace(session: Session, organization_id: str, video_id: str, kind: Kind, passages: Sequence[Passage]) -> None:
    """Have search find these passages of that kind in a video, in their order, and no others.

    Runs in the caller's transaction; two who replace the same come one after the other.
    """
    session.execute(select(Video.id).where(Video.id == video_id).with_for_update(key_share=True))
    remove(session, video_id, kind)
    for number, block in enumerate(search_index.blocks(passages)):
        block_id = search_index.block_id(video_id, kind, number)
        session.execute(insert(PassageBlock), [{
            "id": block_id, "organization_id": organization_id, "video_id": video_id, "kind": str(kind), "number": number,
            "passages": len(block.passages), "words": sum(block.lengths), "lengths": block.lengths}])
        session.execute(insert(models.Passage), [
            {"id": block_id + i, "block_id": block_id, "start_s": one.start_s, "end_s": one.end_s,
             "text": one.text.replace("\0", " ")}  # which PostgreSQL does not take
            for i, one in enumerate(block.passages)])
        if block.postings:
            session.execute(insert(Posting), [
                {"term": term_key(organization_id, term), "block_id": block_id,
                 "planes": search_index.planes_to_bytes(planes)} for term, planes in block.postings.items()])
            _remember(session, organization_id, block.words)


def remove(session: Session, video_id: str, kind: Kind | None = None) -> None:
    """Have search find nothing more in a video, or nothing of a kind. It does not matter whether there was something."""
    of_it = delete(PassageBlock).where(PassageBlock.video_id == video_id)
    session.execute(of_it.where(PassageBlock.kind == kind) if kind else of_it)


def search(session: Session, organization_id: str, text: str, *, video_id: str | None = None,
           kinds: Collection[Kind] = (), near: Sequence[Near] = (), limit: int = 20, offset: int = 0) -> list[Hit]:
    """The hits of a query, best first, from `offset`; without `kinds` of all kinds.

    `near`: passages that mean the same, the nearest first; their ranking is merged with that of the words.
    Whatever `text` is, this answers; what has no words finds nothing.
    """
    query = parse(text)
    if not query.words:
        return []
    asked = _Asked(session, organization_id, video_id, kinds)
    if near and not query.phrases:
        return asked.merged(query, text, near, limit, offset)
    return asked.hits(query, limit, offset)


def standing(session: Session, organization_id: str, phrases: Sequence[tuple[str, ...]]) -> list[dict[int, int]]:
    """For each phrase, as stems, the passages that have all of its words: of each block a mask."""
    asked = _Asked(session, organization_id, None, ())
    return asked.standing(phrases)


def _remember(session: Session, organization_id: str, folded: Iterable[str]) -> None:
    """Add to the words that are known. In their order, so that two who add the same never wait for each other in turn."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(SearchWord.__table__).on_conflict_do_nothing(), [
        {"organization_id": organization_id, "word": word, "backward": word[::-1]} for word in sorted(folded)])


class _Asked:
    """One query, while it is answered."""

    def __init__(self, session: Session, organization_id: str, video_id: str | None, kinds: Collection[Kind]) -> None:
        self._session = session
        self._organization_id = organization_id
        self._kinds = frozenset(kinds)
        self._scope = [PassageBlock.organization_id == organization_id]
        self._scope += [PassageBlock.kind.in_(list(kinds))] if kinds else []
        self._blocks: Sequence[int] | None = None  # None: all of the organization
        if video_id is not None:
            self._scope.append(PassageBlock.video_id == video_id)
            self._blocks = session.scalars(select(PassageBlock.id).where(*self._scope)).all()
        self._planes: dict[str, dict[int, int]] = {}  # by stem
        self._conditions = 1  # words that a passage can have or not: not those that everybody says
        self._videos: dict[int, tuple[str, bytes]] = {}  # of blocks in hand: `_rows_of`

    def hits(self, query: Query, limit: int, offset: int) -> list[Hit]:
        ranked, stems = self._ranked(query, limit + offset)
        return self._shown([(one.block + one.ordinal, score, Matched.WORDS) for score, one in ranked[offset:]], stems)

    def merged(self, query: Query, text: str, near: Sequence[Near], limit: int, offset: int) -> list[Hit]:
        """Like `hits`, with those that mean the same. What says all of `text` word for word goes first."""
        ranked, stems = self._ranked(query, max(limit + offset, search_meaning.DEPTH))
        by_words = [one.block + one.ordinal for _, one in ranked]
        shares = [one.matched / self._conditions for _, one in ranked]
        found = search_meaning.fused(list(zip(by_words, shares, strict=True)), [one.passage_id for one in near])
        # To read a passage word by word takes longer than all else, and few have all of the words.
        complete = [one for one, share in zip(by_words, shares, strict=True) if share == 1]
        literally = self._saying(text, complete[:search_meaning.DEPTH])
        found.sort(key=lambda one: one[0] not in literally)
        has_words = set(by_words)
        return self._shown([(one, score, Matched.WORDS if one in has_words else Matched.MEANING)
                            for one, score in found[offset : offset + limit]], stems)

    def standing(self, phrases: Sequence[tuple[str, ...]]) -> list[dict[int, int]]:
        self._fetch({term for phrase in phrases for term in phrase})
        found = []
        for phrase in phrases:
            first, *others = sorted((self._planes[term] for term in set(phrase)), key=len)
            within = {block: mask & search_index.ONES for block, mask in first.items()}
            for planes in others:
                within = {block: left for block, mask in within.items() if (left := mask & planes.get(block, 0))}
            found.append(within)
        return found

    def _ranked(self, query: Query, need: int) -> tuple[list[tuple[float, Candidate]], frozenset[str]]:
        """Up to `need` passages with words of the query, the best first, and the stems that were looked for."""
        clauses, stems = self._clauses(query)
        if not any(clause.count for clause in clauses):
            return [], stems
        totals = self._totals()
        passages = sum(one.passages for one in totals.values())
        self._conditions = len(search_ranking.conditional(clauses, passages))
        within = self._with_phrases(query.phrases, clauses, passages, need) if query.phrases else None
        candidates = search_ranking.choose(clauses, passages, need, within)
        self._videos = self._rows_of({one.block for one in candidates})
        candidates = [one for one in candidates if one.block in self._videos]
        lengths = {block: its_lengths for block, (_, its_lengths) in self._videos.items()}
        return search_ranking.ranked(candidates, clauses, lengths, totals)[:need], stems

    def _saying(self, text: str, ids: Sequence[int]) -> set[int]:
        """Those of the passages that say all of `text` just so; of a single word nothing can be said."""
        phrase = tuple(stems_of(text))
        if len(phrase) < 2:
            return set()
        rows = self._session.execute(select(models.Passage.id, models.Passage.text).where(models.Passage.id.in_(ids)))
        return {passage_id for passage_id, said in rows if has_phrase(said, phrase)}

    def _clauses(self, query: Query) -> tuple[list[Clause], frozenset[str]]:
        """The words of a query with all that stands for them, and the stems of what that is."""
        begun = {one.word: self._begun(one.word) for one in query.words if one.prefix}
        exact = {one.word: stem(one.word) for one in query.words}
        self._fetch([*exact.values(), *(term for terms in begun.values() for term in terms),
                     *(term for phrase in query.phrases for term in phrase)])
        ways = {one.word: [(1.0, [exact[one.word]])] + ([(BEGUN, begun[one.word])] if one.prefix else [])
                for one in query.words}
        missing = [word for word, its_ways in ways.items() if len(word) >= TYPO_FROM
                   and not any(self._planes[term] for _, terms in its_ways for term in terms)]
        meant = {word: self._meant(word) for word in self._unknown(missing)}
        self._fetch([term for terms in meant.values() for term in terms])
        for word, terms in meant.items():
            ways[word].append((MISSPELT, terms))
        clauses = [Clause.of(*((weight, search_ranking.united([self._planes[term] for term in terms]))
                               for weight, terms in its_ways)) for its_ways in ways.values()]
        return clauses, frozenset(term for its_ways in ways.values() for _, terms in its_ways for term in terms)

    def _begun(self, prefix: str) -> list[str]:
        """Stems of the words that begin so."""
        found = self._session.scalars(
            select(SearchWord.word).where(SearchWord.organization_id == self._organization_id,
                                          SearchWord.word > prefix, SearchWord.word <= prefix + _LAST)
            .order_by(func.length(SearchWord.word), SearchWord.word).limit(MOST_BEGUN * len(prefix)))
        return list(dict.fromkeys(map(stem, found)))

    def _unknown(self, missing: Sequence[str]) -> list[str]:
        """Of words that are not in the scope those that are nowhere: somebody may have meant others."""
        if not missing or not (self._kinds or self._blocks is not None):
            return list(missing)
        keys = {self._key(stem(word)): word for word in missing}
        known = set(self._session.scalars(select(Posting.term).where(Posting.term.in_(keys)).distinct()))
        return [word for key, word in keys.items() if key not in known]

    def _meant(self, word: str) -> list[str]:
        """Stems of the words that are one edit away."""
        beginning, end, crossed = halves(word)
        backward = end[::-1]
        near = select(SearchWord.word).where(SearchWord.organization_id == self._organization_id,
                                             func.length(SearchWord.word).between(len(word) - 1, len(word) + 1))
        # Not one query with OR: SQLite would read all words.
        rows = self._session.scalars(union_all(near.where(SearchWord.word.between(beginning, beginning + _LAST)),
                                               near.where(SearchWord.backward.between(backward, backward + _LAST)),
                                               near.where(SearchWord.word == crossed)))
        return list(dict.fromkeys(stem(one) for one in sorted(rows) if one_edit(word, one)))[:MOST_MISSPELT]

    def _key(self, term: str) -> int:
        return term_key(self._organization_id, term)

    def _fetch(self, terms: Iterable[str]) -> None:
        """Have the postings of these stems in hand."""
        keys = {self._key(term): term for term in terms if term not in self._planes}
        self._planes |= {term: {} for term in keys.values()}
        if not keys:
            return
        rows = select(Posting.term, Posting.block_id, Posting.planes).where(Posting.term.in_(keys))
        if self._blocks is not None:
            rows = rows.where(Posting.block_id.in_(self._blocks))
        # Not by the session, whose way to make rows costs more than theirs to be read. Some at once: one by one costs twice
        # as much, and thousands that are alive together call for the garbage collector.
        for some in self._session.connection().execute(rows).partitions(_AT_ONCE):
            for key, block, planes in some:
                if not self._kinds or search_index.kind_of(block) in self._kinds:
                    self._planes[keys[key]][block] = search_index.planes_from_bytes(planes)

    def _totals(self) -> dict[str, Totals]:
        rows = self._session.execute(
            select(PassageBlock.kind, func.sum(PassageBlock.passages), func.sum(PassageBlock.words))
            .where(*self._scope).group_by(PassageBlock.kind)).all()
        return {kind: Totals(int(passages), int(count)) for kind, passages, count in rows}

    def _rows_of(self, blocks: Collection[int]) -> dict[int, tuple[str, bytes]]:
        """The video of each block, and the lengths of its passages. What is not this organization's is not here."""
        rows = self._session.execute(select(PassageBlock.id, PassageBlock.video_id, PassageBlock.lengths).where(
            PassageBlock.id.in_(blocks), *self._scope))
        return {block: (video_id, lengths) for block, video_id, lengths in rows}

    def _with_phrases(self, phrases: Sequence[tuple[str, ...]], clauses: Sequence[Clause], passages: int, need: int
                      ) -> dict[int, int]:
        """The passages that have all phrases word for word; of very many that may have them, the likeliest are read."""
        rarest, *others = sorted((self._planes[term] for term in {term for phrase in phrases for term in phrase}), key=len)
        within = {block: mask & search_index.ONES for block, mask in rarest.items()}
        for planes in others:
            within = {block: left for block, mask in within.items() if (left := mask & planes.get(block, 0))}
        candidates = search_ranking.choose(clauses, passages, max(need, search_ranking.BUDGET), within)
        ids = [one.block + one.ordinal for one in candidates]
        kept: dict[int, int] = defaultdict(int)
        for passage_id, text in self._session.execute(
                select(models.Passage.id, models.Passage.text).where(models.Passage.id.in_(ids))):
            if all(has_phrase(text, phrase) for phrase in phrases):
                block, place = search_index.block_of(passage_id)
                kept[block] |= 1 << place
        return kept

    def _shown(self, found: Sequence[tuple[int, float, Matched]], stems: frozenset[str]) -> list[Hit]:
        ids = [passage_id for passage_id, _, _ in found]
        blocks = {passage_id: search_index.block_of(passage_id)[0] for passage_id in ids}
        if unknown := set(blocks.values()) - self._videos.keys():
            self._videos |= self._rows_of(unknown)
        # Not joined with their blocks: SQLite would begin with all blocks of the organization.
        rows = self._session.execute(
            select(models.Passage.id, models.Passage.start_s, models.Passage.end_s, models.Passage.text)
            .where(models.Passage.id.in_(ids)))
        there = {passage_id: (start_s, end_s, text) for passage_id, start_s, end_s, text in rows}
        return [Hit(one, self._videos[blocks[one]][0], search_index.kind_of(blocks[one]), *there[one], round(score, 4),
                    stems, matched) for one, score, matched in found if one in there and blocks[one] in self._videos]
