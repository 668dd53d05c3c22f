"""The packager of live sessions: implements `infra.core.live.Packager`, and lets web processes follow."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.core.errors import LecternError
from infra.core.live import Ended, Listener, LiveSession, LiveSource, Onlooker
from infra.core.ports import Storage
from infra.core.settings import Settings
from infra.core.steps import Tools
from infra.cpu import cores
from infra.process import ProcessRunner
from transcode.live.broadcast import Broadcast
from transcode.live.captions import CaptionState
from transcode.live.effort import ALL, less
from transcode.live.encoding import Encoding, Machine
from transcode.live.health import Health
from transcode.live.load import Load, pixels
from transcode.live.look import SIZES, look_command, read_look
from transcode.live.plan import SourceLook, live_plan
from transcode.live.tape import Tape

log = logging.getLogger(__name__)

_TRIES = 3  # encoders that end soon after their start, one after the other
_STEADY_S = 30.0  # one that lived this long did not fail at its start
_SPARE_CORES = 0.5  # that captions want to find: they take a fifth of that, and a model is loaded first
_LOOK_S = 1.5  # a source that sends little is looked at after this time


class LivePackager:
    """For one event loop, which must be the main thread's: encoders die with the thread that started them."""

    def __init__(self, storage: Storage, tools: Tools, runner: ProcessRunner, settings: Settings,
                 listener: Listener | None = None, onlooker: Onlooker | None = None) -> None:
        """Without a `listener` nothing is captioned, without an `onlooker` no slides are looked for."""
        self._machine = Machine(runner, tools, settings.max_pixels)
        self._load = Load(cores())
        self._captions = settings.live_captions
        self._storage = storage
        self._listener = listener
        self._onlooker = onlooker
        self._folder = settings.data / "live-journal"
        self._broadcasts: dict[str, Broadcast] = {}  # by playback id
        self._encodings: dict[str, Encoding] = {}  # those that run, by session

    async def run_session(self, session: LiveSession, source: LiveSource, *, resume: bool = False) -> Ended:
        """See `Packager.run_session`. `resume` needs no care here: what was, is found."""
        tape = Tape(source)
        try:
            look = await self._look(source, tape)
            if look is None:
                return Ended() if not tape.first_s else Ended(
                    "live_not_video", "What the encoder sends has no picture that can be decoded. Send H.264 video.")
            broadcast = await self._open(session, look)
            return await self._encode(session, broadcast, source, look, tape)
        except LecternError as error:
            return Ended(error.code, error.message)
        finally:
            self._encodings.pop(session.id, None)
            self._load.end(session.id)
            await tape.close()

    def refusal(self, in_hand: int) -> str:
        """See `Packager.refusal`."""
        self._measure()
        return self._load.refusal(in_hand)

    async def finish_session(self, session: LiveSession) -> None:
        """See `Packager.finish_session`. Raises LecternError when the storage does not take it now."""
        broadcast = await self._known(session)
        if broadcast is not None:
            await broadcast.finish()
            self._broadcasts.pop(session.playback_id, None)

    def follow(self, playback_id: str) -> AsyncIterator[bytes] | None:
        """The feed of a session (`transcode.live.messages`); None: none of that id is here."""
        broadcast = self._broadcasts.get(playback_id)
        return broadcast.follow() if broadcast is not None else None

    def health(self, session_id: str) -> Health | None:
        """How this session is doing; None: nothing of it arrives here."""
        encoding = self._encodings.get(session_id)
        return encoding.health(time.monotonic()) if encoding is not None else None

    def captions(self, session_id: str) -> CaptionState | None:
        """How the captions of a session are doing; None: it has none, or is not here."""
        broadcast = next((one for one in self._broadcasts.values() if one.session.id == session_id), None)
        return broadcast.caption_state if broadcast is not None else None

    async def close(self) -> None:
        """The process ends: what is not stored stays in the journals."""
        for broadcast in self._broadcasts.values():
            await broadcast.close()
        self._broadcasts.clear()

    async def _encode(self, session: LiveSession, broadcast: Broadcast, source: LiveSource, look: SourceLook, tape: Tape
                      ) -> Ended:
        """Encoder after encoder, until the publisher's bytes end."""
        failures: deque[float] = deque(maxlen=_TRIES)
        effort = ALL
        self._load.begin(session.id, broadcast.channel.plan)
        while True:
            encoding = self._encodings[session.id] = Encoding(self._machine, broadcast, source, look, tape, effort)
            why = await encoding.run()
            if not why or tape.ended or broadcast.finishing:
                return Ended()
            if encoding.fell_behind:
                effort = less(effort, broadcast.channel.plan) or effort
                log.warning("live session %s goes on with less work: %s", session.id, effort)
                self._load.behind(session.id)
                tape.skip()
                continue
            failures.append(time.monotonic())
            if len(failures) == _TRIES and failures[-1] - failures[0] < _STEADY_S:
                return Ended("encoder_failed", "The live stream could not be encoded. Check the settings of your "
                                               "encoder (H.264, AAC), and start streaming again.")

    async def _known(self, session: LiveSession) -> Broadcast | None:
        found = self._broadcasts.get(session.playback_id)
        if found is None:
            found = await Broadcast.recovered(session, self._storage, self._folder / session.video_id,
                                              self._listener, self._onlooker)
            if found is not None:
                self._broadcasts[session.playback_id] = found
        return found

    async def _open(self, session: LiveSession, look: SourceLook) -> Broadcast:
        found = await self._known(session)
        if found is None:
            self._measure()
            full_hd = live_plan(session.profile, look, full_hd=True)
            roomy = self._load.needs(pixels(full_hd)) <= self._load.free()
            spare = self._load.free() - self._load.needs(pixels(live_plan(session.profile, look, full_hd=roomy)))
            captions = (self._listener is not None and self._listener.ready(session.language)
                        and (self._captions == "true" or spare >= _SPARE_CORES))
            plan = live_plan(session.profile, look, full_hd=roomy, captions=captions, language=session.language)
            found = await Broadcast.begin(session, plan, self._storage, self._folder / session.video_id, self._listener,
                                          self._onlooker)
            self._broadcasts[session.playback_id] = found
        return found

    def _measure(self) -> None:
        for session_id, encoding in self._encodings.items():
            if encoding.cores is not None:
                self._load.note(session_id, encoding.cores)

    async def _look(self, source: LiveSource, tape: Tape) -> SourceLook | None:
        """What the first bytes say: a picture, and sound where there is some; None when there is no picture."""
        found = None
        for size in SIZES:
            head = await tape.head(size, _LOOK_S)
            if not head:
                continue
            found = await asyncio.to_thread(self._ask, source, head) or found
            if found is not None and (found.sound or size == SIZES[-2]):
                return found
            if tape.ended:
                break
        return found

    def _ask(self, source: LiveSource, head: bytes) -> SourceLook | None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="look-", dir=self._folder) as work:
            file = Path(work) / "head"
            file.write_bytes(head)
            command = look_command(self._machine.tools, source.input, file, self._machine.max_pixels)
            try:
                return read_look(self._machine.runner(command).stdout)
            except LecternError as error:
                log.info("the first %d bytes of a live source do not tell yet: %s", len(head), error)
                return None
