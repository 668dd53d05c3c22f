"""What this web process knows of one live session, and those who wait for more of it."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass

from transcode.live.channel import Channel
from transcode.live.messages import Alive, Framed, Hello
from transcode.live.playlists import MediaPlaylists
from transcode.live.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Packed:
    """A playlist as it is, and compressed."""

    text: bytes
    gzipped: bytes


class Mirror:
    """A copy of the live process's channel, kept up by its messages."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.asked_s = time.monotonic()
        self.settled = asyncio.Event()  # something is known, if it is that there is nothing
        self._coming: Channel | None = None  # of a snapshot that is not complete yet
        self._changed = asyncio.Event()
        self._playlists: MediaPlaylists | None = None
        self._packed: dict[tuple[int | None, bool], Packed] = {}

    def show(self, channel: Channel) -> None:
        """Forget what was; this is how it is."""
        self.channel, self._playlists = channel, MediaPlaylists(channel)
        self.wake()

    def take(self, framed: list[Framed]) -> None:
        """Messages of the feed, in order. Raises BadFeed."""
        for one in framed:
            if isinstance(one.message, Hello):
                self._coming = Channel.of(Timeline.model_validate_json(one.message.timeline))
            elif isinstance(one.message, Alive) and self._coming is not None:
                # Players must not see a session grow anew: it is shown once all of it is here.
                self.show(self._coming)
                self._coming = None
            elif self._coming is not None:
                self._coming.apply(one)
            elif self.channel is not None:
                self.channel.apply(one)
        if any(not isinstance(one.message, Alive) for one in framed):
            self.wake()

    def wake(self) -> None:
        """Have all who wait look again."""
        self._packed.clear()
        self.settled.set()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, done: Callable[[Channel], bool], within_s: float) -> bool:
        """Whether `done` became true of the channel within this time."""
        deadline_s = time.monotonic() + within_s
        while True:
            if self.channel is not None and done(self.channel):
                return True
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            try:
                await asyncio.wait_for(self._changed.wait(), left_s)
            except TimeoutError:
                return False

    def playlist(self, rendition: int | None, *, skip: bool) -> Packed:
        """The playlist of a rendition as it is now; None: of the captions. All who waited for the same change get the same
        bytes.
        """
        found = self._packed.get((rendition, skip))
        if found is None:
            assert self._playlists is not None
            made = self._playlists.captions(skip=skip) if rendition is None else self._playlists.text(rendition, skip=skip)
            text = made.encode()
            found = self._packed[rendition, skip] = Packed(text, gzip.compress(text, compresslevel=3, mtime=0))
        return found
