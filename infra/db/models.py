"""The tables. Every row that belongs to somebody carries the organization, and every query asks for it.

Times are Unix seconds (float) by the database's own clock: see `infra.db.session.now`.
There is no row per cell: storage says which cells exist. A row of `demands` lives only while a viewer waits.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates

from infra.core.search_terms import folded

Id = String(40)
# PostgreSQL sorts by the rules of a language unless told otherwise, and then no index finds what begins with "gra".
RowId = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is SQLite's own row number
Sorted = String(64).with_variant(String(64, collation="C"), "postgresql")
Folded = Text().with_variant(Text(collation="C"), "postgresql")  # so that every database sorts alike
PUBLIC, PRIVATE = "public", "private"  # who may watch: whoever has the link, or nobody


class Base(DeclarativeBase):
    """Base of all tables; Alembic compares the chain of migrations with it."""

    # Named, so that a later migration can say which one it drops.
    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy's own form


class StepState(StrEnum):
    """waiting: its predecessors are not done. ready: may be claimed. running: leased by a worker."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


UNFINISHED = (StepState.WAITING, StepState.READY, StepState.RUNNING)


class UploadState(StrEnum):
    GROWING = "growing"
    FINISHED = "finished"  # it became the source of `video_id`
    REJECTED = "rejected"  # it is no video; `error_code` says why; its bytes are gone


class Organization(Base):
    __tablename__ = "organizations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    fill_codecs: Mapped[list[str] | None] = mapped_column(JSON)  # None: the setting's
    # Makes learners' keys of their names, and signs events tokens: without it nobody can tell who they are.
    learner_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    glossary: Mapped[list[str] | None] = mapped_column(JSON)  # words of its lectures, as they are spelled
    live_recording_days: Mapped[int | None] = mapped_column(Integer)  # then recordings are deleted; None: never
    created_at: Mapped[float] = mapped_column(Float)


class ApiKey(Base):
    """A bearer key. Only the SHA-256 of its 256-bit secret is kept; the secret is shown once."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[float] = mapped_column(Float)
    last_used_at: Mapped[float | None] = mapped_column(Float)
    revoked_at: Mapped[float | None] = mapped_column(Float)


class Video(Base):
    """What a creator owns. It is playable as soon as `plan` is there."""

    __tablename__ = "videos"
    __table_args__ = (Index("ix_videos_listing", "organization_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    playback_id: Mapped[str] = mapped_column(Id, unique=True)
    title: Mapped[str] = mapped_column(String(500))
    # For lists: the title as `folded` writes it, and the tags so, each between two line ends.
    title_folded: Mapped[str] = mapped_column(Folded, default="", server_default="")
    tags_folded: Mapped[str] = mapped_column(Folded, default="", server_default="")
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    tags: Mapped[list[str] | None] = mapped_column(JSON)  # as they are written; None: there never were any
    visibility: Mapped[str] = mapped_column(String(10), default=PUBLIC, server_default=PUBLIC)
    language: Mapped[str | None] = mapped_column(String(35))  # BCP 47
    file_name: Mapped[str | None] = mapped_column(String(1000))  # a label; never part of a path
    # Since its source was replaced, or it was trimmed: under which id in the storage what is made of it lies, and where its
    # source lies, if not there, too.
    media_id: Mapped[str | None] = mapped_column(Id)
    source_id: Mapped[str | None] = mapped_column(Id)
    # As `player_api.trimmed.Trimmed`: which part of the source is shown, and what was before; None: all of it.
    trim: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    replaced_at: Mapped[float | None] = mapped_column(Float)
    earlier_video_id: Mapped[str | None] = mapped_column(Id)  # what was kept of it as it was before, unless that fitted
    source_url: Mapped[str | None] = mapped_column(Text)
    source_sha256: Mapped[str | None] = mapped_column(String(64))
    source_bytes: Mapped[int | None] = mapped_column(BigInteger)
    media_info: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    plan_id: Mapped[str | None] = mapped_column(Id)
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    bit_rates: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # rendition -> [peak, average], bits a second
    fill_codecs: Mapped[list[str] | None] = mapped_column(JSON)  # None: the organization's
    poster_time_s: Mapped[float | None] = mapped_column(Float)  # the creator's choice; None: automatic
    found_poster_s: Mapped[float | None] = mapped_column(Float)  # the automatic one; None: not looked for yet
    glossary: Mapped[list[str] | None] = mapped_column(JSON)  # words that are said in it, before the organization's
    translate_to_english: Mapped[bool | None] = mapped_column()  # None: the setting's
    # What `listen` answered; "captioned", "translated": spans in captions; "opening": only the first span is known yet.
    speech: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    downloads: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # finished files by rendition: bytes, sha256
    # What it is about, as `enrich.phrases.Phrase`; None: not looked for yet. Only loaded where it is asked for.
    topics: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[float] = mapped_column(Float)
    deleted_at: Mapped[float | None] = mapped_column(Float)

    @property
    def folder(self) -> str:
        """Under whose id what is made of its source lies in the storage."""
        return self.media_id or self.id

    @property
    def source_folder(self) -> str:
        """Under whose id its source lies in the storage."""
        return self.source_id or self.folder

    @classmethod
    def tagged(cls, tag: str) -> ColumnElement[bool]:
        """Whether a video has this tag (`folded`); none has the empty one."""
        return cls.tags_folded.contains(f"\n{tag}\n", autoescape=True) if tag else false()

    @validates("title")
    def _fold_title(self, _: str, title: str) -> str:
        self.title_folded = folded(title)
        return title

    @validates("tags")
    def _fold_tags(self, _: str, tags: list[str] | None) -> list[str] | None:
        self.tags_folded = "".join(f"\n{folded(tag)}\n" for tag in tags or ())
        return tags


class Step(Base):
    """The state of one piece of work of a video. The row is the truth; a queue message only points at it."""

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("video_id", "step", "key"),
        Index("ix_steps_claim", "queue", "state", "organization_id", "created_at"),
        Index("ix_steps_rung", "queue", "rung_at"),
        Index("ix_steps_lease", "lease_until"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    step: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(80), default="")
    queue: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[float] = mapped_column(Float, default=0.0)  # a retry waits until then
    rung_at: Mapped[float | None] = mapped_column(Float)  # when the doorbell was last rung for it
    lease_until: Mapped[float | None] = mapped_column(Float)
    lease_owner: Mapped[str | None] = mapped_column(String(120))  # infra.owner: whose lease to free when it died
    lease_token: Mapped[str | None] = mapped_column(String(40))  # fencing: only its holder may record a result
    progress: Mapped[float] = mapped_column(Float, default=0.0)  # 0..1
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_message: Mapped[str | None] = mapped_column(Text)
    retryable: Mapped[bool | None] = mapped_column()
    created_at: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[float] = mapped_column(Float)


class Demand(Base):
    """A viewer waits for a cell. The primary key makes it single flight; the row goes when the cell is there."""

    __tablename__ = "demands"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    rendition: Mapped[str] = mapped_column(String(40), primary_key=True)
    k: Mapped[int] = mapped_column(Integer, primary_key=True)  # segment number; -1 is the init section
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    wanted_at: Mapped[float] = mapped_column(Float)  # when a viewer last asked
    rung_at: Mapped[float] = mapped_column(Float)  # 0: ring as soon as possible
    lease_until: Mapped[float | None] = mapped_column(Float)
    lease_owner: Mapped[str | None] = mapped_column(String(120))
    lease_token: Mapped[str | None] = mapped_column(String(40))
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_message: Mapped[str | None] = mapped_column(Text)
    failed_at: Mapped[float | None] = mapped_column(Float)


class CaptionRevision(Base):
    """The captions of a video in one language; the highest revision counts. Never changed."""

    __tablename__ = "caption_revisions"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(35), primary_key=True)  # BCP 47
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)  # from 1
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    # As `enrich.caption_files.Caption`; None: they were removed. Only loaded where it is asked for.
    captions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    size_bytes: Mapped[int] = mapped_column(Integer)  # as WebVTT; 0: they were removed
    key_id: Mapped[str | None] = mapped_column(Id)  # who sent it
    model: Mapped[str | None] = mapped_column(String(200))  # the speech model that made it; None: a person did
    # Not all is said yet: the only kind of revision that goes, when a later one has more.
    partial: Mapped[bool] = mapped_column(default=False, server_default=false())
    translated_from: Mapped[str | None] = mapped_column(String(35))  # BCP 47: a machine translated it
    created_at: Mapped[float] = mapped_column(Float)


class ChapterRevision(Base):
    """The chapters of a video, as they were found or as somebody set them; the highest revision counts. Never changed."""

    __tablename__ = "chapter_revisions"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)  # from 1
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    # As `enrich.chapters.Chapter`; None: somebody gave up theirs, and those last found count again.
    chapters: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    key_id: Mapped[str | None] = mapped_column(Id)  # who sent it; None: found by Lectern
    created_at: Mapped[float] = mapped_column(Float)


class PassageBlock(Base):
    """Up to 128 successive passages of one kind of a video: see `infra.core.search_index`."""

    __tablename__ = "passage_blocks"
    __table_args__ = (UniqueConstraint("video_id", "kind", "number"),
                      # All that a query asks of every block, so that it reads the index alone.
                      Index("ix_passage_blocks_totals", "organization_id", "kind", "passages", "words"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    number: Mapped[int] = mapped_column(Integer)
    passages: Mapped[int] = mapped_column(Integer)  # how many
    words: Mapped[int] = mapped_column(Integer)  # of all of them
    lengths: Mapped[bytes] = mapped_column(LargeBinary)  # words of each, a byte each


class Passage(Base):
    """A piece of text that search can find, and its time."""

    __tablename__ = "passages"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)  # the block's + its place there
    block_id: Mapped[int] = mapped_column(ForeignKey("passage_blocks.id", ondelete="CASCADE"), index=True)
    start_s: Mapped[float] = mapped_column(Float)
    end_s: Mapped[float] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)


class Posting(Base):
    """In which passages of a block a stem stands."""

    __tablename__ = "postings"
    # One look into the index is all of a look-up: rows of a stem, of many videos, lie all over the table.
    __table_args__ = (PrimaryKeyConstraint("term", "block_id", postgresql_include=["planes"]), {"sqlite_with_rowid": False})

    term: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # of an organization's stem
    block_id: Mapped[int] = mapped_column(ForeignKey("passage_blocks.id", ondelete="CASCADE"), primary_key=True,
                                          index=True)
    planes: Mapped[bytes] = mapped_column(LargeBinary)


class PassageVectors(Base):
    """What the passages of a block mean, as a sentence model says; it goes with the block."""

    __tablename__ = "passage_vectors"
    # All that a query asks of every block: the vectors themselves are large.
    __table_args__ = (Index("ix_passage_vectors_known", "organization_id", "model", "stamp", "block_id"),)

    block_id: Mapped[int] = mapped_column(ForeignKey("passage_blocks.id", ondelete="CASCADE"), primary_key=True,
                                          autoincrement=False)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    model: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(35))  # of the video when this was made; empty: it was not known
    stamp: Mapped[int] = mapped_column(BigInteger)  # of its texts: `infra.core.search_meaning.stamp`
    dimensions: Mapped[int] = mapped_column(Integer)  # 0: the model does not know this language
    vectors: Mapped[bytes] = mapped_column(LargeBinary)  # of its passages, a signed byte a dimension
    sentences: Mapped[bytes] = mapped_column(LargeBinary)  # `infra.core.search_meaning.pack_sentences`


class SearchWord(Base):
    """A word that stands, or stood, in some passage of an organization: for words half typed, or misspelt."""

    __tablename__ = "search_words"
    __table_args__ = (Index("ix_search_words_backward", "organization_id", "backward"), {"sqlite_with_rowid": False})

    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    word: Mapped[str] = mapped_column(Sorted, primary_key=True)  # folded
    backward: Mapped[str] = mapped_column(Sorted)  # its letters from the last one


class Upload(Base):
    """An upload under way, by tus or direct. How many bytes are there is the storage's word, not this row's."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    length_bytes: Mapped[int | None] = mapped_column(BigInteger)  # None while its length is deferred
    upload_metadata: Mapped[dict[str, Any]] = mapped_column(JSON)
    concat: Mapped[str | None] = mapped_column(Text)  # "partial", or "final;" and the parts, as sent
    # Of a direct upload, whose parts go straight to the object store:
    store_upload: Mapped[str | None] = mapped_column(Text)  # the store's name for it
    part_bytes: Mapped[int | None] = mapped_column(BigInteger)  # of every part but the last
    video_id: Mapped[str | None] = mapped_column(ForeignKey("videos.id", ondelete="SET NULL"))
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)
    expires_at: Mapped[float] = mapped_column(Float, index=True)


class IdempotencyKey(Base):
    """The answer that a POST with this Idempotency-Key got, kept for a day."""

    __tablename__ = "idempotency_keys"

    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(Integer)  # None while the first request is still at work
    response: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[float] = mapped_column(Float)


from infra.db import audience_models, live_models  # noqa: E402, F401 - more tables of the same metadata
