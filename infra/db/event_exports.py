"""How far events went on into files, who is still to be taken out of them, and whose turn it is to write them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from infra.db.audience_models import EventExport, ForgottenLearner
from infra.db.models import Organization
from infra.db.session import Database, insert_into

_LOCK = 0x6C656370  # any number that nothing else in the database locks
_THE_ROW = 1
SETTLED_MS = 600_000  # no writer that lost its turn is still at it after this


@contextmanager
def turn(database: Database) -> Iterator[bool]:
    """True: until the end of the block nobody else writes files of events. The lock dies with its process."""
    file = database.sqlite_file
    if file is None:
        # Of a transaction, not of a session: behind a pooler of connections the next statement may meet another session.
        with database.read() as session:
            yield bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}))
        return
    fd = os.open(file.with_name(file.stem + "-export.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(fd)


def exported(session: Session) -> int:
    """The id of the last event that went on into a file."""
    return session.scalar(select(EventExport.exported_id).where(EventExport.number == _THE_ROW)) or 0


def advance(session: Session, from_id: int, to_id: int) -> bool:
    """Note that events up to `to_id` are in files. False: somebody else went on from `from_id` meanwhile."""
    session.execute(insert_into(session, EventExport).values(number=_THE_ROW, exported_id=0).on_conflict_do_nothing())
    moved = session.execute(update(EventExport).where(
        EventExport.number == _THE_ROW, EventExport.exported_id == from_id).values(exported_id=to_id).returning(
            EventExport.exported_id)).all()
    return len(moved) == 1


def to_erase(session: Session, now_ms: int) -> Sequence[ForgottenLearner]:
    """Who is to be taken out of the files: at once, and again when every writer of before is certainly done."""
    return session.scalars(select(ForgottenLearner).where(or_(
        ForgottenLearner.erased_ms.is_(None),
        (ForgottenLearner.erased_ms < ForgottenLearner.forgotten_ms + SETTLED_MS)
        & (ForgottenLearner.forgotten_ms + SETTLED_MS <= now_ms)))).all()


def erased(session: Session, organization_id: str, gone: Mapping[int, int], at_ms: int) -> None:
    """Note that these learners, who wanted it then, are in no file. Who wanted it again since is left to be erased."""
    for learner, forgotten_ms in gone.items():
        session.execute(update(ForgottenLearner).where(
            ForgottenLearner.organization_id == organization_id, ForgottenLearner.learner == learner,
            ForgottenLearner.forgotten_ms == forgotten_ms).values(erased_ms=at_ms))


def organizations(session: Session) -> Sequence[str]:
    """All of them: each may have files."""
    return session.scalars(select(Organization.id).order_by(Organization.id)).all()
