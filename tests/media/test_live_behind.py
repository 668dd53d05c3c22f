"""An encoder that is slower than the clock, really: it gives something up, and is where the clock is again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from clips import Desk
from live_rig import SESSION, Publisher, Rig, flv, rig

from infra.core.command import Command
from transcode.live.broadcast import Broadcast
from transcode.live.effort import Effort
from transcode.live.encoding import Encoding, Machine
from transcode.live.plan import SourceLook, live_plan
from transcode.live.tape import Tape

pytestmark = pytest.mark.real_time

_SHARE, _TURN_S = 0.03, 0.1  # of a core: a quarter of what the ladder needs, on any machine


class Slow:
    """Lets every encoder of this process run a share of the time only, as a machine would that has so much to give."""

    def __init__(self) -> None:
        self.on = True
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        turns, pids = 0, []
        while self.on:
            if turns % 10 == 0:  # looking for them takes longer than they are to run
                pids = _encoders()
            turns += 1
            _signal(pids, signal.SIGSTOP)
            await asyncio.sleep(_TURN_S * (1 - _SHARE))
            _signal(pids, signal.SIGCONT)
            await asyncio.sleep(_TURN_S * _SHARE)

    async def end(self) -> None:
        self.on = False
        await self.task
        _signal(_encoders(), signal.SIGCONT)


def _encoders() -> list[int]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "ffmpeg" in one.name():
                found.append(one.pid)
    return found


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def send(publisher: Publisher, data: bytes, seconds: float) -> None:
    """As a publisher does: a second of media in a second."""
    began_s, sent = time.monotonic(), 0
    while sent < len(data):
        upto = min(len(data), int(len(data) * (time.monotonic() - began_s) / seconds))
        publisher.send(data[sent:upto])
        sent = upto
        await asyncio.sleep(0.1)


@pytest.mark.slow
def test_an_encoder_that_falls_behind_gives_up_sizes_and_is_live_again(desk: Desk, out: Path) -> None:
    seconds = 60
    data = flv(desk, out, seconds, size="854x480")

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        sending = asyncio.create_task(send(publisher, data, seconds))
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed('0.2.m4s"', "live-480p")
        slow = Slow()

        async def gave_up() -> bool:
            return "EXT-X-DISCONTINUITY" in await made.playlist("live-480p")

        async def shed() -> bool:
            return _sheds(made)

        async def behind() -> bool:
            health = made.packager.health(SESSION.id)
            return _sheds(made) or (health is not None and health.encoder_lag_s > 3)

        await made.until(behind, "the encoder is behind")
        # That may pass: nobody is refused for it, unless it did not pass before somebody looked.
        assert ("does not keep up" in made.packager.refusal(1)) == _sheds(made)
        # The encoder ends, and the next one does less. It is as slow as the first one, until the machine has time again.
        await made.until(shed, "an encoder with less work")
        assert "does not keep up" in made.packager.refusal(1)
        await slow.end()
        await made.until(gave_up, "it goes on")

        async def live_again() -> bool:
            health = made.packager.health(SESSION.id)
            return health is not None and health.encoder_lag_s < 1.5 and (health.encoder_speed or 0) > 0.9

        await made.until(live_again, "it is where the clock is")
        sending.cancel()
        publisher.leave()
        await running
        await made.packager.finish_session(SESSION)

    async def all_of_it() -> None:
        async with rig(desk, out / "data") as made:
            await scene(made)

    asyncio.run(all_of_it())


def test_a_size_that_is_left_out_is_the_next_smaller_one_under_its_name(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 4.5, size="854x480")

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)
        publisher.leave()
        tape = Tape(publisher.source)
        look = SourceLook(854, 480, Fraction(1), Fraction(30), True)
        broadcast = await Broadcast.begin(SESSION, live_plan(SESSION.profile, look), made.storage, out / "journal")
        machine = Machine(desk.run, desk.tools, desk.settings.max_pixels)
        assert await Encoding(machine, broadcast, publisher.source, look, tape, Effort("ultrafast", 1)).run() == ""
        await broadcast.finish()
        await tape.close()

    async def all_of_it() -> None:
        async with rig(desk, out / "data") as made:
            await scene(made)
            large, small = ([made.storage.read(f"o/o_1/v/v_1/p/live/live-{size}/{name}")
                             for name in ("init.mp4", "0.m4s", "1.m4s")] for size in ("480p", "360p"))
            assert large == small
            whole = out / "whole.mp4"
            whole.write_bytes(b"".join(large))
            shown = desk.run(Command(
                (str(desk.tools.ffprobe), "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries",
                 "stream=width,height,nb_read_frames", "-of", "csv=p=0", f"file:{whole}"), reads=(whole,)))
            assert shown.stdout.decode().strip() == "640,360,120"

    asyncio.run(all_of_it())


def _sheds(made: Rig) -> bool:
    encoding = made.packager._encodings.get(SESSION.id)
    return encoding is not None and encoding._effort.preset == "ultrafast"
