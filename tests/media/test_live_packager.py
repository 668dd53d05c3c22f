"""Live sessions through the real encoder: exact cells, and nothing lost but what had to be."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path

import m3u8
import pytest
from clips import Desk
from live_rig import SESSION, Publisher, Rig, flv, kill_encoder, rig

from infra.core.boxes import boxes, need, read_traf
from infra.core.command import Command
from infra.core.live import Ended
from transcode.plan import time_scale

pytestmark = pytest.mark.real_time

SCALE = time_scale(Fraction(30))
KEYS = "o/o_1/v/v_1/p/live/"


def play(desk: Desk, out: Path, scene: Callable[[Rig], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with rig(desk, out / "data") as made:
            await scene(made)

    asyncio.run(all_of_it())


def uris(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


async def recording(made: Rig, out: Path, rendition: str = "live-360p") -> list[Path]:
    """What the playlist lists, as a player would put it together: a file for each init section."""
    files: dict[str, bytearray] = {}
    for segment in m3u8.loads(await made.playlist(rendition)).segments:
        name = segment.init_section.uri
        if name not in files:
            files[name] = bytearray(await made.piece(name, rendition))
        files[name] += await made.piece(segment.uri, rendition)
    for name, data in files.items():
        (out / name).write_bytes(data)
    return [out / name for name in files]


def decoded(desk: Desk, file: Path) -> tuple[int, bool]:
    """How many pictures come out of it, and whether there is sound. A complaint of the decoder is a failure."""
    done = desk.run(Command((str(desk.tools.ffprobe), "-v", "warning", "-count_frames", "-show_streams", "-of", "json",
                             f"file:{file}"), reads=(file,)))
    assert not done.stderr.strip(), done.stderr
    streams = {one["codec_type"]: one for one in json.loads(done.stdout)["streams"]}
    return int(streams["video"]["nb_read_frames"]), "audio" in streams


def starts(cell: bytes) -> tuple[int, int, bool]:
    """Decode time of a cell's first picture, pictures, and whether it begins with a key frame."""
    found = []
    for moof in [box for box in boxes(cell) if box.kind == b"moof"]:
        for traf in [box for box in boxes(cell, moof.start, moof.end) if box.kind == b"traf"]:
            if int.from_bytes(cell[need(cell, (b"tfhd",), traf.start, traf.end).start + 4:][:4], "big") == 1:
                found.append(read_traf(cell, traf))
    return found[0].decode_time, sum(len(one.durations) for one in found), found[0].syncs[0]


def test_what_is_published_is_the_recording(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 7, size="854x480")

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)
        running = asyncio.create_task(made.run(publisher))
        live = await made.until_listed('1.5.m4s"\n#EXTINF')
        assert "#EXT-X-ENDLIST" not in live
        parts = [await made.piece(f"1.{i}.m4s") for i in range(6)]
        served = await made.piece("1.m4s")
        assert b"".join(parts) == served
        publisher.leave()
        assert await running == Ended()
        assert "#EXT-X-ENDLIST" not in await made.playlist()  # nobody said so yet
        await made.packager.finish_session(SESSION)
        done = await made.until_listed("#EXT-X-ENDLIST")
        assert made.storage.read(KEYS + "live-360p/1.m4s") == served
        for rendition in ("live-480p", "live-360p"):
            assert uris(await made.playlist(rendition)) == uris(done)
            frames = 0
            for k, segment in enumerate(m3u8.loads(done).segments):
                at, count, key = starts(await made.piece(f"{k}.m4s", rendition))
                assert (at, key) == (frames * SCALE // 30, True)
                assert abs(count / 30 - segment.duration) < 1e-6
                frames += count
            (file,) = await recording(made, out, rendition)
            assert decoded(desk, file) == (frames, True)
            assert abs(frames - 210) <= 2
        await made.packager.finish_session(SESSION)  # again is no error

    play(desk, out, scene)


def test_an_encoder_that_is_killed_is_replaced(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 16)
    half = len(data) // 2

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data[:half])
        running = asyncio.create_task(made.run(publisher))
        before = await made.until_listed("2.m4s")
        kill_encoder()
        publisher.send(data[half:])
        during = await made.until_listed("#EXT-X-DISCONTINUITY")
        assert uris(during)[:len(uris(before))] == uris(before)  # what was listed stays
        publisher.leave()
        assert await running == Ended()
        await made.packager.finish_session(SESSION)
        done = await made.until_listed("#EXT-X-ENDLIST")
        assert done.count("#EXT-X-DISCONTINUITY\n") == 1 and 'EXT-X-MAP:URI="init-1.mp4"' in done
        files = await recording(made, out)
        assert [file.name for file in files] == ["init.mp4", "init-1.mp4"]
        whole = sum(decoded(desk, file)[0] for file in files)
        # Lost: what was in the encoder, and what came before the next key frame, a second later.
        assert whole >= 16 * 30 - 3 * 30
        ticks = [starts(await made.piece(uri))[0] for uri in uris(done)]
        durations = [segment.duration for segment in m3u8.loads(done).segments]
        assert all(abs(at / SCALE - sum(durations[:k])) < 1e-3 for k, at in enumerate(ticks))  # one time line

    play(desk, out, scene)


def test_a_publisher_who_comes_back_goes_on_in_the_same_playlist(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 5)

    async def scene(made: Rig) -> None:
        for number in range(2):
            publisher = Publisher()
            publisher.send(data)
            publisher.leave()
            assert await made.run(publisher, resume=number > 0) == Ended()
        said = await made.until_listed("#EXT-X-DISCONTINUITY")
        assert "ENDLIST" not in said and uris(said) == [f"{k}.m4s" for k in range(6)]
        dates = re.findall(r"PROGRAM-DATE-TIME:(.*)", said)
        assert len(dates) == 2 and dates == sorted(dates)
        await made.packager.finish_session(SESSION)
        await made.until_listed("#EXT-X-ENDLIST")
        assert sum(decoded(desk, file)[0] for file in await recording(made, out)) >= 2 * 149

    play(desk, out, scene)


def test_a_killed_live_process_loses_nothing_that_was_seen(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 7)
    seen: list[str] = []

    async def first(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)
        running = asyncio.create_task(made.run(publisher))
        seen.append(await made.until_listed("#EXT-X-PART:DURATION=0.333333,URI=\"3.1.m4s"))
        shutil.copytree(out / "data", out / "left")  # what SIGKILL leaves behind, in this moment
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def second(made: Rig) -> None:
        stored = await made.playlist()  # before anybody took over: playable, and no end
        assert "ENDLIST" not in stored
        for uri in uris(stored):
            assert await made.piece(uri)
        publisher = Publisher()
        publisher.send(data)
        publisher.leave()
        assert await made.run(publisher, resume=True) == Ended()
        said = await made.until_listed("#EXT-X-DISCONTINUITY")
        # Its open segment had parts 0 and 1, or more: they became a segment of their own.
        assert uris(said)[:4] == ["0.m4s", "1.m4s", "2.m4s", "3.m4s"]
        assert starts(await made.piece("3.m4s"))[1] >= 20
        assert m3u8.loads(said).segments[3].discontinuity is False
        await made.packager.finish_session(SESSION)
        await made.until_listed("#EXT-X-ENDLIST")
        assert len(await recording(made, out)) == 2

    play(desk, out, first)
    shutil.rmtree(out / "data")
    shutil.move(out / "left", out / "data")
    play(desk, out, second)


def test_an_orphan_is_closed_from_what_is_left(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 5)

    async def first(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed("#EXT-X-PART:DURATION=0.333333,URI=\"2.0.m4s")
        shutil.copytree(out / "data", out / "left")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def second(made: Rig) -> None:
        await made.packager.finish_session(SESSION)
        done = await made.until_listed("#EXT-X-ENDLIST")
        assert uris(done)[:3] == ["0.m4s", "1.m4s", "2.m4s"]
        (file,) = await recording(made, out)
        assert decoded(desk, file)[0] >= 130
        assert not list((out / "data" / "live-journal").glob("*/*.parts"))

    play(desk, out, first)
    shutil.rmtree(out / "data")
    shutil.move(out / "left", out / "data")
    play(desk, out, second)


def test_sound_is_not_needed_and_garbage_is_told(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 3, sound=False, rate=25)

    async def silent(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)
        publisher.leave()
        assert await made.run(publisher) == Ended()
        assert "mp4a" not in (await made.client.get("/play/p_1/master.m3u8")).text
        assert "#EXT-X-PART-INF:PART-TARGET=0.32\n" in await made.playlist()
        await made.packager.finish_session(SESSION)
        await made.until_listed("#EXT-X-ENDLIST")
        (file,) = await recording(made, out)
        frames, sound = decoded(desk, file)
        assert abs(frames - 75) <= 1 and not sound

    async def garbage(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(b"GET / HTTP/1.1\r\n\r\n" * 5000)
        publisher.leave()
        assert (await made.run(publisher)).code == "live_not_video"
        await made.packager.finish_session(SESSION)
        answer = await made.client.get("/play/p_1/live-360p/index.m3u8")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_playable")

    play(desk, out, silent)
    play(desk, out / "other", garbage)


def test_a_stream_that_never_can_be_encoded_is_given_up(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 10)

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data[: len(data) // 3])
        publisher.send(b"\x1f" * 50_000)  # no tag of FLV; and all that follows is out of step
        publisher.send(data)
        running = asyncio.create_task(made.run(publisher))
        assert (await asyncio.wait_for(running, 60)).code == "encoder_failed"
        assert "0.m4s" in await made.playlist()

    play(desk, out, scene)


def test_the_end_stops_an_encoder_that_still_runs(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 5)

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)  # and it does not leave
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed('URI="1.0.m4s",')
        await made.packager.finish_session(SESSION)
        done = await made.until_listed("#EXT-X-ENDLIST")
        assert await asyncio.wait_for(running, 30) == Ended()
        assert await made.playlist() == done and len(uris(done)) >= 2

    play(desk, out, scene)
