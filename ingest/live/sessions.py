"""The desk: who may publish, and what becomes of a session when its publisher comes, goes, and comes back.

    ask ----> waiting --first byte--> live --bytes end--> interrupted --30 s--> ended
                                       ^                      |
                                       +---- ask, take <------+

All of it happens on one event loop; rows are written in threads. What happens to rows is in `ingest.live.desk_rows`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from infra.core.errors import LecternError
from infra.core.live import GRACE_S, PUBLISHER_SILENT_S, Ended, LiveSession, LiveSource, LiveState, Packager
from ingest.live.desk_rows import DeskRows
from ingest.live.guessing import Guessing
from ingest.live.port import Admitted, Knock, Refused
from ingest.live.recording import Recordings

log = logging.getLogger(__name__)

TAKE_S = 15.0  # who was let in and sends nothing for so long is forgotten
_LOOK_S = 1.0
_AGAIN_S = 5.0  # the end of a session that could not be written is tried again


@dataclass(slots=True)
class _Active:
    """A session in hand. `client` is the connection that publishes now; None: nobody does."""

    session: LiveSession
    protocol: str
    client: str | None = None
    publication: str = ""
    began: bool = False  # bytes came, at some time
    over: bool = False
    ended_by_owner: bool = False
    run: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None


class Sessions:
    """Implements `ingest.live.port.Desk`."""

    def __init__(self, rows: DeskRows, packager: Packager, recordings: Recordings, *, most: int, grace_s: float = GRACE_S,
                 ended: Callable[[LiveSession], Awaitable[None]] | None = None) -> None:
        """`most`: sessions at once. `ended` is told of each that is over, and had bytes."""
        self._rows, self._packager, self._recordings = rows, packager, recordings
        self._most, self._grace_s, self._ended = most, grace_s, ended
        self._active: dict[str, _Active] = {}  # by stream
        self._guessing = Guessing()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking = asyncio.Lock()
        self._drops: dict[str, Callable[[str], Awaitable[None]]] = {}
        self._closing = False

    def dropping(self, protocol: str, drop: Callable[[str], Awaitable[None]]) -> None:
        """How connections of this protocol are ended."""
        self._drops[protocol] = drop

    # -- the desk

    async def ask(self, knock: Knock) -> Admitted:
        now_s = time.monotonic()
        if self._closing:
            raise Refused("closing", "the live process is ending")
        if self._guessing.barred(knock.address, now_s):
            raise Refused("too_many_wrong_keys", "this address has sent too many wrong keys")
        async with self._asking:  # two who come at once with one key
            try:
                return await self._ask(knock)
            except Refused as refused:
                if refused.code == "unknown_key":
                    self._guessing.wrong(knock.address, now_s)
                raise
            except LecternError as error:
                raise Refused(error.code, f"it could not be looked up: {error}") from error

    async def _ask(self, knock: Knock) -> Admitted:
        stream_id = await asyncio.to_thread(self._rows.stream_of, knock.key)
        if stream_id is None:
            raise Refused("unknown_key", "there is no live stream with this key")
        active = self._active.get(stream_id)
        if active is not None and active.client is not None:
            raise Refused("already_publishing", "somebody publishes with this key already")
        if active is not None and active.over:
            raise Refused("ending", "the end of the last session is being written")
        if active is None:
            await self._check_room(stream_id)
            session = await asyncio.to_thread(self._rows.begin, stream_id, knock.protocol)
            active = self._active[stream_id] = _Active(session, knock.protocol)
        active.client, active.protocol = knock.client, knock.protocol
        active.publication = secrets.token_hex(16)
        self._later(active, TAKE_S)
        log.info("live session %s: %s lets %s in", active.session.id, knock.protocol, knock.client)
        return Admitted(active.publication)

    async def _check_room(self, stream_id: str) -> None:
        """Nothing but "no" reaches the publisher; so the stream is told why."""
        code, why = "machine_full", self._packager.refusal(len(self._active))
        if len(self._active) >= self._most:
            code, why = "no_room", (f"{self._most} live streams run already, which is the limit (LECTERN_LIVE_SESSIONS). "
                                    "End one of them, or raise it.")
        if why:
            await asyncio.to_thread(self._rows.refused, stream_id, code, why)
            raise Refused(code, why)

    async def take(self, publication: str, source: LiveSource) -> None:
        active = next((one for one in self._active.values() if one.publication == publication), None)
        if active is None or active.over:
            return
        if active.timer is not None:
            active.timer.cancel()
        before = active.run
        active.run = self._task(self._publish(active, publication, source, before))

    async def gone(self, client: str) -> None:
        active = next((one for one in self._active.values() if one.client == client), None)
        if active is None:
            return
        active.client = None
        if active.run is None or active.run.done():  # it left before its bytes came, or after they ended
            self._later(active, self._grace_s if active.began else 0.0)

    # -- what the owner wants

    async def end(self, session_id: str) -> bool:
        """End a session for good, now. False when it is not in hand here."""
        active = next((one for one in self._active.values() if one.session.id == session_id), None)
        if active is None:
            return False
        active.ended_by_owner = True
        await self._drop(active)
        if active.run is not None:
            await asyncio.wait({active.run}, timeout=PUBLISHER_SILENT_S)
        await self._finish(active)
        return True

    async def drop_publisher(self, stream_id: str) -> bool:
        """End the connection that publishes to this stream, whose key is another now; with that the session goes on."""
        active = self._active.get(stream_id)
        if active is None or active.client is None:
            return False
        await self._drop(active)
        return True

    # -- at start and end

    async def resume(self) -> int:
        """Take over what processes left that are no more: publishers may come back, or else it is closed. How many."""
        left = await asyncio.to_thread(self._rows.orphans, self._grace_s)
        for orphan in left:
            active = _Active(orphan.session, orphan.protocol, began=orphan.began)
            self._active[orphan.session.stream_id] = active
            self._later(active, orphan.rest_s if orphan.began else 0.0)
        return len(left)

    async def close(self) -> None:
        """The process ends: publishers are dropped, all that came is published; sessions stay open for who comes next."""
        self._closing = True
        for active in list(self._active.values()):
            if active.timer is not None:
                active.timer.cancel()
            await self._drop(active)
        for active in self._active.values():
            if active.began and not active.over:
                await self._mark(active.session, LiveState.INTERRUPTED)
        runs = {active.run for active in self._active.values() if active.run is not None}
        if runs:
            _, late = await asyncio.wait(runs, timeout=4.0)
            for run in late:
                run.cancel()
            if late:
                await asyncio.wait(late, timeout=2.0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- a publication

    async def _publish(self, active: _Active, publication: str, source: LiveSource,
                       before: asyncio.Task[None] | None) -> None:
        if before is not None:  # what the last connection sent is still being packaged
            await asyncio.wait({before})
        session = active.session
        ended = Ended()
        if not active.over:
            kept = LiveSource(source.input, self._watched(active, publication, source))
            resume = active.began
            try:
                ended = await self._packager.run_session(session, kept, resume=resume)
            except LecternError as error:
                ended = Ended(error.code, error.message)
            except Exception:
                log.exception("live session %s could not be packaged", session.id)
                ended = Ended("packager_failed", "The stream could not be packaged. The server's log has the details.")
        if active.publication == publication:
            if active.client is not None:  # silent, or not to be packaged: its connection is of no use
                await self._drop(active)
                active.client = None
            if self._closing:
                return
            if ended.code:
                await self._finish(active, ended)
            elif not active.over:
                if active.began:
                    await self._mark(session, LiveState.INTERRUPTED)
                log.info("live session %s: the publisher is gone", session.id)
                self._later(active, self._grace_s if active.began else 0.0)

    async def _watched(self, active: _Active, publication: str, source: LiveSource) -> AsyncIterator[bytes]:
        """The bytes as they come, kept in a file; ends when nothing came for too long."""
        chunks = self._recordings.keep(active.session.id, source)
        first = True
        try:
            while True:
                try:
                    async with asyncio.timeout(PUBLISHER_SILENT_S):
                        chunk = await anext(chunks)
                except (StopAsyncIteration, TimeoutError):
                    return
                if first:
                    first = False
                    active.began = True
                    await self._mark(active.session, LiveState.LIVE)
                yield chunk
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]  # it is a generator

    async def _drop(self, active: _Active) -> None:
        drop = self._drops.get(active.protocol)
        if active.client is not None and drop is not None:
            with contextlib.suppress(LecternError, OSError):
                await drop(active.client)

    # -- the end

    def _later(self, active: _Active, after_s: float) -> None:
        """Finish the session unless somebody publishes by then."""
        if active.timer is not None:
            active.timer.cancel()
        active.timer = asyncio.get_running_loop().call_later(after_s, self._overdue, active)

    def _overdue(self, active: _Active) -> None:
        if active.run is not None and not active.run.done():  # of the connection before: it is still being packaged
            self._later(active, _LOOK_S)
        elif active.client is not None and active.began:  # let in to go on, but it sends nothing
            self._task(self._give_up(active))
        else:
            self._task(self._finish(active))

    async def _give_up(self, active: _Active) -> None:
        """Who was let in does not publish; another connection may."""
        await self._drop(active)
        active.client = None
        self._later(active, self._grace_s)

    async def _finish(self, active: _Active, why: Ended | None = None) -> None:
        if active.over:
            return
        active.over = True
        if active.timer is not None:
            active.timer.cancel()
        await self._drop(active)
        active.client = None
        session = active.session
        # An encoder that tries again at once would make video after video that nobody wants.
        hold = active.ended_by_owner or bool(why and why.code)
        while True:
            try:
                if active.began:
                    await self._packager.finish_session(session)
                await asyncio.to_thread(self._rows.finish, session, began=active.began, why=why or Ended(), hold=hold)
                break
            except LecternError as error:
                log.warning("the end of live session %s could not be written, which is tried again: %s", session.id, error)
                await asyncio.sleep(_AGAIN_S)
            except Exception:
                log.exception("the end of live session %s could not be written", session.id)
                failed = Ended("packager_failed", "The end of the stream could not be written. The server's log says why.")
                await asyncio.to_thread(self._rows.finish, session, began=active.began, why=failed, hold=hold)
                break
        self._active.pop(session.stream_id, None)
        log.info("live session %s is over", session.id)
        if not active.began:
            await asyncio.to_thread(self._recordings.drop, session.id)
        elif self._ended is not None:
            await self._ended(session)

    async def _mark(self, session: LiveSession, state: LiveState) -> None:
        try:
            await asyncio.to_thread(self._rows.mark, session.id, state)
        except LecternError as error:  # what is shown is late; nothing else depends on it
            log.warning("the state of live session %s could not be noted: %s", session.id, error)

    def _task(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)  # the loop itself keeps no reference to it
        task.add_done_callback(self._tasks.discard)
        return task
