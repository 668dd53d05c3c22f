"""Room for another live encoder, told from what those that run take; and how one that is too slow makes less of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live_states import LOOK, plan
from test_live_plan import FLV, TOOLS

from infra.core.live import LiveProfile, LiveSource
from infra.cpu import cores, family_cpu_s
from transcode.live.effort import ALL, Effort, less
from transcode.live.ladder import ladder_command
from transcode.live.load import Load
from transcode.live.plan import SourceLook, live_plan
from transcode.live.tape import Tape


def running(load: Load, *cores: float | None) -> Load:
    for number, one in enumerate(cores):
        load.begin(str(number), plan())
        if one is not None:
            load.note(str(number), one)
    return load


def test_a_first_stream_is_always_taken() -> None:
    assert Load(0.1).refusal(0) == ""


def test_four_streams_of_720p_fit_on_two_cores_and_the_fifth_does_not() -> None:
    """Of a third of a core each: 0.29 was measured without sound."""
    assert running(Load(2.0), 0.33, 0.33, 0.33).refusal(3) == ""
    why = running(Load(2.0), 0.33, 0.33, 0.33, 0.4, 0.33).refusal(5)
    assert "5 live streams take 1.7 of its 2 cores" in why and "about 0.3" in why and "End one of them" in why


def test_what_is_let_in_and_not_measured_yet_counts() -> None:
    assert running(Load(2.0), None, None).refusal(2) == ""
    assert running(Load(2.0), None, None).refusal(4) != ""  # two more have been let in, and begin in a moment
    assert running(Load(2.0), None, None, None, None).refusal(4) != ""


def test_pictures_that_cost_little_here_make_room_for_more() -> None:
    assert running(Load(2.0), *[0.15] * 10).refusal(10) == ""
    assert running(Load(2.0), *[0.15] * 12).refusal(12) != ""


def test_nobody_is_let_in_while_one_does_not_keep_up() -> None:
    load = running(Load(16.0), 0.3, 0.3)
    load.behind("0")
    assert "does not keep up with the 2 live streams" in load.refusal(2)
    load.end("0")
    assert load.refusal(1) == ""


def test_full_hd_needs_more_than_twice_as_much() -> None:
    look = SourceLook(1920, 1080, LOOK.sar, LOOK.rate, True)
    usual, large = live_plan(LiveProfile.DEFAULT, look), live_plan(LiveProfile.DEFAULT, look, full_hd=True)
    assert [one.name for one in large.renditions] == ["live-1080p", "live-720p", "live-480p", "live-360p"]
    assert large.renditions[1:] == usual.renditions
    assert live_plan(LiveProfile.DEFAULT, LOOK, full_hd=True) == live_plan(LiveProfile.DEFAULT, LOOK)


def test_efforts_end_with_the_smallest_size_alone() -> None:
    found = [ALL]
    while (next_one := less(found[-1], plan())) is not None:
        found.append(next_one)
    assert found == [Effort("veryfast"), Effort("ultrafast"), Effort("ultrafast", 1), Effort("ultrafast", 2)]
    words = ladder_command(TOOLS, plan(), FLV, [7], LOOK.rate, sound=True, max_pixels=1 << 23, effort=found[-1]).argv
    assert "pipe:7" in words and words.count("libx264") == 1 and "ultrafast" in words
    assert any("w=640" in word or "640:360" in word or "=640" in word for word in words)


def test_cores_are_those_that_a_container_may_use(tmp_path: Path) -> None:
    assert cores(tmp_path) == len(os.sched_getaffinity(0))
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert cores(tmp_path) == 0.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores(tmp_path) == len(os.sched_getaffinity(0))


def test_what_a_process_took_is_told() -> None:
    before = family_cpu_s(os.getpid())
    if before is None:
        pytest.skip("this system does not tell")
    began_s = time.process_time()
    while time.process_time() - began_s < 0.3:
        pass
    after = family_cpu_s(os.getpid())
    assert after is not None and 0.2 < after - before < 2
    assert family_cpu_s(1 << 30) is None


def test_a_tape_leaves_out_what_waits_and_plays_on_from_a_key_frame() -> None:
    """Of MPEG-TS whole chunks; of FLV whole tags, which `tests/media/test_live_behind.py` shows with an encoder."""
    gate = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(10):
            yield bytes([number]) * 188
        await gate.wait()
        yield b"x" * 188

    async def scene() -> list[bytes]:
        tape = Tape(LiveSource(("-f", "mpegts", "-i", "pipe:0"), chunks()))
        first = tape.play()
        assert (await anext(first))[0][0] == 0
        await asyncio.sleep(0)
        tape.skip()
        gate.set()
        rest = [piece async for piece, _ in tape.play()]
        await tape.close()
        return rest

    assert asyncio.run(scene()) == [b"x" * 188]
