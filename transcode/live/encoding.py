"""One run of the encoder: a publisher's bytes in, messages out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from infra.core.boxes import BadBoxes
from infra.core.command import Command
from infra.core.errors import OutOfSpace
from infra.core.live import GLANCE_PX, LiveSource
from infra.core.steps import Tools
from infra.piped import Piped
from infra.process import ProcessRunner
from transcode.live.assembly import Assembly, BadEncoding, Whole
from transcode.live.broadcast import Broadcast
from transcode.live.effort import ALL, Effort, less
from transcode.live.flv import NotFlv
from transcode.live.health import Health, health
from transcode.live.ladder import SPEECH_HZ, glance, ladder_command
from transcode.live.messages import Part, Run
from transcode.live.meter import WINDOW_S
from transcode.live.pictures import pictures_of
from transcode.live.plan import SourceLook
from transcode.live.tape import Tape
from transcode.plan import time_scale

log = logging.getLogger(__name__)

_LAST_WORDS_S = 15.0  # for what is in the encoder when the publisher is gone
_HUNG_S = 40.0  # bytes go in, nothing comes out
_LATE_S, _LATE_FOR_S = 2.0, 3.0  # so far behind for so long, and not catching up: it does not keep pace
_CATCHING_UP = 1.05  # media published by the time that passed
_LOOK_S = 4.0  # how often it is measured what it takes
_AHEAD_S = 30.0  # more media than time has passed: time stamps that jumped, filled up with copies of a frame


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs an encoder."""

    runner: ProcessRunner
    tools: Tools
    max_pixels: int


class Encoding:
    """Begins a run in `broadcast`. Nothing of an earlier one is left."""

    def __init__(self, machine: Machine, broadcast: Broadcast, source: LiveSource, look: SourceLook, tape: Tape,
                 effort: Effort = ALL) -> None:
        self._machine = machine
        self._effort = effort
        self._made = len(broadcast.channel.plan.renditions) - effort.left_out  # sizes that are encoded
        self.fell_behind = False  # that is why it ended
        self.cores: float | None = None  # that it takes, lately
        self._broadcast = broadcast
        self._source = source
        self._look = look
        self._tape = tape
        self._channel = broadcast.channel
        self._start_s: Fraction = self._channel.start_s(self._channel.open)
        self._frames = 0
        self._number = self._channel.runs[-1].number + 1 if self._channel.runs else 0
        self._date_s = 0.0
        self._begun_s = self._progress_s = time.monotonic()
        self._fed_s = 0.0
        self._fed = pictures_of(source.input)
        self._first_due_s: float | None = None  # of what it was fed
        self._published: deque[tuple[float, int]] = deque()

    @property
    def _is_heard(self) -> bool:
        return self._channel.plan.captions is not None

    @property
    def frames(self) -> int:
        """How many have been published."""
        return self._frames

    @property
    def lag_s(self) -> float:
        """How much media has arrived and is not published yet; 0 while that can not be told."""
        newest_s = self._tape.meter.last_s
        if self._first_due_s is None or newest_s is None or not self._frames:
            return 0.0
        return max(0.0, newest_s - self._first_due_s - float(self._frames / self._channel.plan.frame_rate))

    @property
    def speed(self) -> float | None:
        """Media published in the last 10 s by their length: 1 keeps pace. None before there were 2 s."""
        (began_s, began), now_s = self._published[0] if self._published else (0.0, 0), time.monotonic()
        if not began_s or now_s - began_s < 2:
            return None
        return round(float((self._frames - began) / self._channel.plan.frame_rate) / (now_s - began_s), 2)

    def health(self, now_s: float) -> Health:
        """How it is, by a steady clock."""
        return health(self._tape.meter.reading(now_s), self._look, encoder_speed=self.speed, encoder_lag_s=self.lag_s,
                      restarts=max(0, len(self._channel.runs) - 1))

    async def run(self) -> str:
        """Why it came to its end: "" when the publisher's bytes did, else a sentence for the log.

        Raises OutOfSpace. What is whole has been published, and the open segment closed.
        """
        piped = self._machine.runner.open(self._command, self._made + self._is_heard + self._broadcast.is_seen)
        self._broadcast.idle.clear()
        why = "the encoder ended"
        try:
            await piped.begin()
            why = await self._work(piped)
        except (OSError, BadBoxes, BadEncoding, NotFlv) as error:
            why = f"{type(error).__name__}: {error}"
        finally:
            try:
                code = await piped.end()
                self._broadcast.close_segment()
            finally:
                self._broadcast.idle.set()
        if why:
            log.warning("live encoder: %s (%d); it said: %s", why, code, piped.said[-500:])
        return why

    def _command(self, outputs: object) -> Command:
        assert isinstance(outputs, list)
        return ladder_command(self._machine.tools, self._channel.plan, self._source.input, outputs, self._start_s,
                              sound=self._look.sound, matrix=self._look.matrix, max_pixels=self._machine.max_pixels,
                              effort=self._effort, glances=self._broadcast.is_seen)

    async def _work(self, piped: Piped) -> str:
        assembly = Assembly(self._made)
        feeding = asyncio.create_task(self._feed(piped))
        reading = [asyncio.create_task(self._read(piped, assembly, i)) for i in range(self._made)]
        watching: asyncio.Future[Any] = asyncio.create_task(self._watch(piped))
        beside = [asyncio.create_task(self._hear(piped))] if self._is_heard else []
        beside += [asyncio.create_task(self._see(piped))] if self._broadcast.is_seen else []
        readers: asyncio.Future[Any] = asyncio.gather(*reading)
        try:
            fed = False
            while not readers.done():
                await asyncio.wait([readers, watching, *(() if fed else (feeding,))], return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    return str(watching.result())
                if feeding.done():
                    await feeding
                    fed = True
            await readers
            return "" if fed else "it ended before its input did"
        finally:
            tasks = [feeding, watching, readers, *reading, *beside]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self, piped: Piped) -> None:
        async for piece, came_s in self._tape.play():
            self._date_s = self._date_s or came_s
            if self._first_due_s is None:
                self._first_due_s = next((picture.due_s for picture in self._fed.feed(piece)), None)
            await piped.send(piece)
            self._fed_s = time.monotonic()
        piped.no_more()

    async def _read(self, piped: Piped, assembly: Assembly, rendition: int) -> None:
        async for data in piped.output(rendition):
            for whole in assembly.feed(rendition, data):
                inits = assembly.inits
                if inits is None:
                    raise BadEncoding("a part without an init section")
                self._publish(whole.under_all_names(self._effort.left_out), (inits[0],) * self._effort.left_out + inits)

    async def _hear(self, piped: Piped) -> None:
        """Pass on what is to be recognized; the encoder would wait if it were not read."""
        samples, rest = 0, b""
        async for data in piped.output(self._made):
            data, rest = rest + data, b""
            if len(data) % 2:
                data, rest = data[:-1], data[-1:]
            self._broadcast.hear(float(self._start_s) + samples / SPEECH_HZ, data)
            samples += len(data) // 2

    async def _see(self, piped: Piped) -> None:
        """Pass on the small pictures."""
        size, data, n = GLANCE_PX[0] * GLANCE_PX[1], bytearray(), 0
        async for piece in piped.output(self._made + self._is_heard):
            data += piece
            while len(data) >= size:
                frame, key = glance(self._channel.plan, n)
                self._broadcast.see(float(self._start_s + frame / self._channel.plan.frame_rate), key, bytes(data[:size]))
                del data[:size]
                n += 1

    def _publish(self, whole: Whole, inits: tuple[bytes, ...]) -> None:
        channel, plan = self._channel, self._channel.plan
        due = round((self._start_s + self._frames / plan.frame_rate) * time_scale(plan.frame_rate))
        in_segment = sum(part.frames for part in channel.open_parts) + whole.frames
        if abs(whole.decode_time - due) > 1 or in_segment > plan.segment_frames or whole.frames > plan.part_frames:
            raise BadEncoding(f"a part of {whole.frames} frames at {whole.decode_time}, not at {due}, {in_segment} in all")
        if not channel.open_parts and not whole.independent:
            raise BadEncoding("a segment without a key frame")
        if self._frames == 0:
            self._broadcast.publish(Run(self._number, channel.open, self._date_s, tuple(map(len, inits))), inits)
        self._broadcast.publish(Part(channel.open, len(channel.open_parts), whole.frames, whole.independent,
                                     in_segment == plan.segment_frames, tuple(map(len, whole.blobs))), whole.blobs)
        self._frames += whole.frames
        self._progress_s = time.monotonic()
        self._published.append((self._progress_s, self._frames))
        while self._published[0][0] < self._progress_s - WINDOW_S:
            self._published.popleft()

    async def _watch(self, piped: Piped) -> str:
        """A reason to end it."""
        ended_s = late_since_s = 0.0
        looked_s, used_s = time.monotonic(), piped.cpu_s
        while True:
            await asyncio.sleep(0.25)
            if self._broadcast.finishing:
                return ""
            now_s = time.monotonic()
            if self._tape.ended:
                ended_s = ended_s or now_s
                if now_s - ended_s > _LAST_WORDS_S:
                    return "it did not come to its end"
            if self._fed_s - self._progress_s > _HUNG_S:  # who is fed nothing need not say anything
                return f"nothing came out of it for {_HUNG_S:g} s"
            if now_s - looked_s > _LOOK_S and used_s is not None and (used_now_s := piped.cpu_s) is not None:
                self.cores = (used_now_s - used_s) / (now_s - looked_s)
                looked_s, used_s = now_s, used_now_s
            late_since_s = (late_since_s or now_s) if self._is_late(now_s) else 0.0
            if late_since_s and now_s - late_since_s > _LATE_FOR_S:
                self.fell_behind = True
                return f"it is {self.lag_s:.1f} s behind, at a speed of {self.speed}"
            if self._frames / self._channel.plan.frame_rate > now_s - self._begun_s + _AHEAD_S:
                return "time stamps jumped ahead"
            if self._broadcast.recorder.overrun:
                raise OutOfSpace("disk_full", "The storage does not take the live stream. Free some space.")

    def _is_late(self, now_s: float) -> bool:
        """Whether more and more is waiting: media has arrived that is not published, though there was time for it."""
        due_s = now_s - self._begun_s - float(self._frames / self._channel.plan.frame_rate)
        catching_up = (self.speed or 0.0) > _CATCHING_UP
        return min(self.lag_s, due_s) > _LATE_S and not catching_up and less(self._effort, self._channel.plan) is not None
