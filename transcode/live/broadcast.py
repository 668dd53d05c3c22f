"""One session in the live process: its state, its journal, its recording, and those who follow it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from infra.core.errors import NotFound
from infra.core.keys import PlanKeys
from infra.core.live import Hearing, Listener, LiveSession, Onlooker
from infra.core.ports import Storage
from transcode.live.captions import CaptionState, CaptionTimes, vtt
from transcode.live.channel import Channel, snapshot_bytes
from transcode.live.journal import Journal
from transcode.live.messages import Alive, BadFeed, Captions, Closed, End, Framed, Message, Part, Run, encode
from transcode.live.plan import PLAN_ID, LivePlan
from transcode.live.recorder import Inits, Recorder, Segment
from transcode.live.timeline import Timeline

_ALIVE_S = 1.0
_MOST_WAITING = 400  # messages: two minutes of parts; who is further behind begins anew
_DRAIN_S = 20.0


class Broadcast:
    """Everything goes through `publish`: first into the journal, then to those who follow."""

    def __init__(self, session: LiveSession, channel: Channel, journal: Journal, storage: Storage,
                 listener: Listener | None = None, onlooker: Onlooker | None = None) -> None:
        self.channel = channel
        self.captions = CaptionTimes()
        self.session = session
        self._listener = listener if channel.plan.captions else None
        self._onlooker = onlooker
        self.finishing = False  # the encoder, if one runs, is to stop
        self.idle = asyncio.Event()
        self.idle.set()
        self._journal = journal
        self._followers: set[asyncio.Queue[bytes | None]] = set()
        self.recorder = Recorder(storage, keys_of(session), tuple(one.name for one in channel.plan.renditions), channel.open,
                                 channel.timeline, self._stored)

    @classmethod
    async def begin(cls, session: LiveSession, plan: LivePlan, storage: Storage, folder: Path,
                    listener: Listener | None = None, onlooker: Onlooker | None = None) -> Broadcast:
        """Of a session that has no time line yet. Raises LecternError."""
        made = cls(session, Channel(plan), Journal(folder), storage, listener, onlooker)
        await made.recorder.write(made.channel.timeline(0))
        return made

    @classmethod
    async def recovered(cls, session: LiveSession, storage: Storage, folder: Path,
                        listener: Listener | None = None, onlooker: Onlooker | None = None) -> Broadcast | None:
        """Of a session that has run before: what is stored, and what the journal has beyond that. None: nothing is.

        Raises LecternError.
        """
        try:
            known = Timeline.model_validate_json(await asyncio.to_thread(storage.read, keys_of(session).timeline))
        except NotFound:
            return None
        made = cls(session, Channel.of(known), Journal(folder), storage, listener, onlooker)
        for segment, messages in Journal(folder).left():
            if segment == made.channel.open:
                made._replay(messages)
            elif segment < made.channel.open:  # it was stored, and then there was no time to forget it
                made._journal.forget(segment)
        return made

    @property
    def caption_state(self) -> CaptionState | None:
        """How its captions are doing; None: it has none."""
        if self._listener is None:
            return None
        hearing = self._listener.hearing(self.session.id)
        return CaptionState(hearing or Hearing(self.session.language, 0.0), self.captions.delay_s)

    def publish(self, message: Message, blobs: tuple[bytes, ...] = ()) -> None:
        """Raises OutOfSpace, and then nobody has seen it."""
        if isinstance(message, Closed) or (isinstance(message, Part) and message.closes):
            self._caption(message.frames if isinstance(message, Part) else 0)
        data = encode(message, blobs)
        if isinstance(message, Run | Part | Captions):
            self._journal.append(message.segment, data)
        self.channel.apply(Framed(message, blobs))
        self._record(message, blobs)
        for follower in list(self._followers):
            if follower.qsize() >= _MOST_WAITING:
                self._followers.discard(follower)
                follower.put_nowait(None)
            else:
                follower.put_nowait(data)

    def hear(self, at_s: float, sound: bytes) -> None:
        """The session's sound, from this second on (`infra.core.live.Listener.hear`)."""
        if self._listener is not None:
            self._listener.hear(self.session, at_s, sound)

    @property
    def is_seen(self) -> bool:
        """Whether anybody looks at its small pictures."""
        return self._onlooker is not None

    def see(self, at_s: float, key: bool, picture: bytes) -> None:
        """A small picture (`infra.core.live.Onlooker.see`)."""
        if self._onlooker is not None:
            self._onlooker.see(self.session, at_s, key, picture)

    def close_segment(self) -> None:
        """The open segment, if it has a part, is complete as it is."""
        if self.channel.open_parts:
            self.publish(Closed(self.channel.open))

    async def finish(self) -> None:
        """Store what is left, and the end; an encoder that still runs is stopped. Raises LecternError."""
        self.finishing = True
        await self.idle.wait()
        self.close_segment()
        if not self.channel.ended:
            whole = await self.recorder.drain(_DRAIN_S)
            await self.recorder.write(self.channel.timeline(self.recorder.stored, ended=True))
            if whole:
                self._journal.remove()
            self.publish(End())
        if self._listener is not None:
            self._listener.forget(self.session.id)
        if self._onlooker is not None:
            await self._onlooker.over(self.session)
        await self.close()

    async def close(self) -> None:
        """Store no more, and let the followers go."""
        await self.recorder.close()
        self._journal.close()
        for follower in self._followers:
            follower.put_nowait(None)
        self._followers.clear()

    async def follow(self) -> AsyncIterator[bytes]:
        """The feed of one follower: all so far, then each message. Ends after the end, or when the follower is too slow."""
        mine: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._followers.add(mine)
        try:
            yield snapshot_bytes(self.channel)
            while True:
                try:
                    data = await asyncio.wait_for(mine.get(), _ALIVE_S)
                except TimeoutError:
                    data = encode(Alive())
                if data is None:
                    return
                yield data
        finally:
            self._followers.discard(mine)

    def _caption(self, more_frames: int) -> None:
        """The open segment is about to be closed, with so many frames more: all that is to be read in it."""
        if self._listener is None:
            return
        channel = self.channel
        frames = sum(part.frames for part in channel.open_parts) + more_frames
        start_s = channel.start_s(channel.open)
        cues = self.captions.segment(float(start_s), float(start_s + frames / channel.plan.frame_rate),
                                     self._listener.said(self.session.id))
        if cues:
            self.publish(Captions(channel.open, cues))

    def _stored(self, segment: int) -> None:
        self._journal.forget(segment)
        if self._onlooker is not None:
            self._onlooker.stored(self.session, float(self.channel.start_s(segment + 1)))

    def _record(self, message: Message, blobs: tuple[bytes, ...]) -> None:
        if isinstance(message, Run):
            self.recorder.put(Inits(message.number, blobs))
        elif isinstance(message, Closed) or (isinstance(message, Part) and message.closes):
            cells = [self.channel.segment(i, message.segment) for i in range(len(self.channel.plan.renditions))]
            captions = self.channel.captions.get(message.segment)
            self.recorder.put(Segment(message.segment, tuple(cell for cell in cells if cell is not None),
                                      vtt(captions.cues).encode() if captions else b""))

    def _replay(self, messages: list[Framed]) -> None:
        """Messages of the open segment, out of the journal; then it is complete as it is."""
        for framed in messages:
            try:
                self.channel.apply(framed)
            except BadFeed:
                break
            self._record(framed.message, framed.blobs)
        self.close_segment()


def keys_of(session: LiveSession) -> PlanKeys:
    """Where the session's cells lie."""
    return PlanKeys.of(session.organization_id, session.video_id, PLAN_ID)
