"""What every way in for live promises: RTMP by a real nginx, SRT by a real libsrt, with a real encoder at the other end."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from live_publishing import KeepingPackager, Site, add_video, need, publisher_tool, site_of

from infra.core.live import LiveProfile, LiveState
from infra.db import live
from infra.db.live_models import LiveSessionRow, LiveStream
from infra.db.models import Video
from infra.db.session import Database
from ingest.live import sessions
from ingest.live.desk_rows import DeskRows
from ingest.live.port import Knock, Refused
from ingest.live.recording import Recordings
from ingest.live.sessions import Sessions

pytestmark = pytest.mark.real_time

AT_ONCE_S = 8.0  # a refusal, with the start of ffmpeg on a busy machine

Play = Callable[..., None]


@pytest.fixture(params=["rtmp", "srt"])
def protocol(request: pytest.FixtureRequest) -> str:
    need(request.param)
    publisher_tool(request.param)
    return str(request.param)


@pytest.fixture
def play(protocol: str, rows: Database, tmp_path: Path) -> Play:
    """play(scene, **settings): the scene with a site."""

    def run(scene: Callable[[Site], Coroutine[Any, Any, None]], **how: Any) -> None:
        async def on_site() -> None:
            async with site_of(protocol, rows, tmp_path, **how) as site:
                await scene(site)

        asyncio.run(on_site())

    return run


def probed(path: Path) -> dict[str, Any]:
    done = subprocess.run([publisher_tool("rtmp").replace("ffmpeg", "ffprobe"), "-v", "error", "-count_packets",
                           "-show_streams", "-of", "json", str(path)], capture_output=True, text=True, check=True)
    return {stream["codec_name"]: int(stream["nb_read_packets"]) for stream in json.loads(done.stdout)["streams"]}


def test_who_has_the_key_is_let_in_and_all_arrives(play: Play, tmp_path: Path) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        publisher = site.publish(key, seconds=6)
        kept = await site.session_of(stream)
        assert (await site.until_state(kept.session.id, "live")).protocol == site.ingest.protocol
        await site.until(lambda: publisher.poll() is not None, 30, "the publisher has sent all")
        await site.until_state(kept.session.id, "interrupted")
        got = tmp_path / "got"
        got.write_bytes(bytes(kept.runs[0]))
        packets = probed(got)
        assert packets["h264"] >= 140, packets  # of 150: SRT loses its latency when the sender closes
        assert packets["aac"] >= 260, packets  # of 281
        files = site.recordings.files(kept.session.id)
        assert [file.read_bytes() for file in files] == [bytes(kept.runs[0])]
        assert await site.desk.end(kept.session.id)
        assert (await site.until_state(kept.session.id, "ended")).reason_code is None
        assert kept.finished == 1

    play(scene)


@pytest.mark.parametrize("key", ["live_nobody-has-this", "x", "../../etc/passwd", "'; drop table live_streams; --"])
def test_a_wrong_key_is_refused_at_once(play: Play, key: str) -> None:
    async def scene(site: Site) -> None:
        site.stream()
        publisher = site.publish(key)
        assert await site.ended(publisher) < AT_ONCE_S
        assert publisher.returncode
        assert site.packager.kept == {}
        with site.database.read() as session:
            assert session.query(Video).count() == 0

    play(scene)


def test_an_address_that_guesses_keys_is_refused_without_a_look(play: Play) -> None:
    async def scene(site: Site) -> None:
        _, key = site.stream()
        for _ in range(10):
            site.desk._guessing.wrong("127.0.0.1", time.monotonic())
        assert await site.ended(site.publish(key)) < AT_ONCE_S
        assert site.packager.kept == {}

    play(scene)


def test_a_second_publisher_is_refused_and_the_first_goes_on(play: Play) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        for _ in range(2):
            assert await site.ended(site.publish(key)) < AT_ONCE_S
        size = len(kept.runs[0])
        await site.until(lambda: len(kept.runs[0]) > size + 50_000, what="the first one's bytes")
        assert first.poll() is None
        assert len(kept.runs) == 1 and kept.running == 1
        assert site.row(kept.session.id).state == "live"

    play(scene)


def test_streams_run_beside_each_other(play: Play) -> None:
    async def scene(site: Site) -> None:
        streams = [site.stream(organization) for organization in ("a", "b", "a")]
        for _, key in streams:
            site.publish(key)
        for stream, _ in streams:
            kept = await site.session_of(stream)
            assert len(kept.runs) == 1
        assert len(site.packager.kept) == 3

    play(scene)


def test_more_than_there_is_room_for_are_refused(play: Play) -> None:
    async def scene(site: Site) -> None:
        (first, key), (second, other) = site.stream(), site.stream()
        site.publish(key)
        kept = await site.session_of(first)
        assert await site.ended(site.publish(other)) < AT_ONCE_S
        assert kept.running == 1 and len(site.packager.kept) == 1
        # The encoder is told nothing but no; the stream says why.
        row = site.stream_row(second)
        assert row.refused_code == "no_room" and "LECTERN_LIVE_SESSIONS" in str(row.refused_message) and row.refused_at
        assert site.stream_row(first).refused_code is None

    play(scene, most=1)


def test_where_the_machine_can_not_encode_another_one_it_is_refused_and_later_let_in(rows: Database, tmp_path: Path) -> None:
    """By the desk alone: which way in is asked for it makes no difference."""
    async def scene() -> None:
        packager = KeepingPackager()
        desk = Sessions(DeskRows(rows, "process", add_video), packager, Recordings(tmp_path, 0), most=10)
        with rows.write() as session:
            keys = [live.add_stream(session, "a", name, None, LiveProfile.DEFAULT) for name in ("one", "two")]
            (_, key), (second, other) = [(stream.id, secret) for stream, secret in keys]
        packager.full = "This machine can not encode another stream in real time: end one of them."
        await desk.ask(Knock("rtmp", "1", key, "127.0.0.1"))
        with pytest.raises(Refused, match="in real time") as refused:
            await desk.ask(Knock("rtmp", "2", other, "127.0.0.1"))
        assert refused.value.code == "machine_full"
        with rows.read() as session:
            row = session.get_one(LiveStream, second)
            assert (row.refused_code, row.refused_message) == ("machine_full", packager.full)
        packager.full = ""
        await desk.ask(Knock("rtmp", "3", other, "127.0.0.1"))
        with rows.read() as session:
            row = session.get_one(LiveStream, second)
            assert row.refused_at is None and row.open_session_id
        await desk.close()

    asyncio.run(scene())


def test_garbage_is_survived(play: Play) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        site.publish(key)
        kept = await site.session_of(stream)
        rtmp = site.ingest.protocol == "rtmp"
        chance = random.Random(8)
        heads = [b"", b"\x03", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x80\x00\x00\x00" + bytes(60)]
        for number in range(60):
            data = heads[number % len(heads)] + chance.randbytes(chance.randrange(1, 4000 if rtmp else 1400))
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM if rtmp else socket.SOCK_DGRAM) as sender:
                sender.connect(("127.0.0.1", site.port))
                try:
                    sender.sendall(data)
                except OSError:
                    assert rtmp  # the connection was reset
            await asyncio.sleep(0.01)
        size = len(kept.runs[0])
        await site.until(lambda: len(kept.runs[0]) > size + 50_000, what="the publisher's bytes")
        another, key = site.stream()
        site.publish(key)
        await site.session_of(another)
        assert kept.running == 1

    play(scene)


def test_a_publisher_that_was_killed_comes_back_into_the_same_session(play: Play) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        first.send_signal(signal.SIGKILL)
        await site.until_state(kept.session.id, "interrupted")
        site.publish(key)
        await site.until(lambda: len(kept.runs) == 2 and len(kept.runs[1]) > 20_000, what="bytes after the pause")
        assert (await site.until_state(kept.session.id, "live")).ended_at is None
        assert kept.resumed == [False, True] and kept.finished == 0
        assert len(site.packager.kept) == 1
        assert len(site.recordings.files(kept.session.id)) == 2

    play(scene)


def test_a_publisher_that_stays_away_has_ended_the_session(play: Play) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        first.send_signal(signal.SIGKILL)
        row = await site.until_state(kept.session.id, "ended")
        assert kept.finished == 1 and row.ended_at is not None and row.reason_code is None
        site.publish(key)
        again = await site.session_of(stream)
        assert again.session.id != kept.session.id
        assert again.session.playback_id != kept.session.playback_id
        assert again.resumed == [False]

    play(scene, grace_s=1.0)


def test_a_publisher_that_is_frozen_is_dropped(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PUBLISHER_SILENT_S", 2.0)

    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        first.send_signal(signal.SIGSTOP)
        await site.until_state(kept.session.id, "interrupted")
        site.publish(key)  # its place is free
        await site.until(lambda: len(kept.runs) == 2 and len(kept.runs[1]) > 20_000, what="bytes of the second one")
        first.send_signal(signal.SIGCONT)
        await site.ended(first)

    play(scene)


def test_a_key_that_was_rotated_is_worthless_and_the_new_one_goes_on(play: Play) -> None:
    async def scene(site: Site) -> None:
        stream, old = site.stream()
        first = site.publish(old)
        kept = await site.session_of(stream)
        new = site.rotate(stream)
        assert await site.desk.drop_publisher(stream)
        await site.ended(first)
        await site.until_state(kept.session.id, "interrupted")
        assert await site.ended(site.publish(old)) < AT_ONCE_S
        assert kept.running == 0
        site.publish(new)
        await site.until(lambda: len(kept.runs) == 2 and len(kept.runs[1]) > 20_000, what="bytes with the new key")

    play(scene)


def test_an_owner_ends_it_and_the_encoder_that_tries_again_is_refused(play: Play) -> None:
    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        assert await site.desk.end(kept.session.id)
        assert site.row(kept.session.id).state == "ended"
        await site.ended(first)
        assert await site.ended(site.publish(key)) < AT_ONCE_S
        assert kept.finished == 1 and len(site.packager.kept) == 1
        assert not await site.desk.end(kept.session.id)

    play(scene)


def test_who_is_let_in_and_sends_nothing_leaves_no_video(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "TAKE_S", 1.0)

    async def scene(site: Site) -> None:
        stream, key = site.stream()
        await site.desk.ask(Knock(site.ingest.protocol, "never-there", key, "127.0.0.1"))
        with site.database.read() as session:
            session_id = session.get_one(LiveStream, stream).open_session_id
            assert session_id
        await site.until_state(session_id, "ended")
        with site.database.read() as session:
            assert [video.deleted_at is not None for video in session.query(Video)] == [True]
        assert site.packager.kept == {}

    play(scene)


def test_who_is_let_in_to_go_on_and_sends_nothing_makes_room(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "TAKE_S", 1.0)

    async def scene(site: Site) -> None:
        stream, key = site.stream()
        first = site.publish(key)
        kept = await site.session_of(stream)
        first.kill()
        await site.until_state(kept.session.id, "interrupted")
        await site.desk.ask(Knock(site.ingest.protocol, "never-there", key, "127.0.0.1"))
        await asyncio.sleep(1.5)
        site.publish(key)
        await site.until(lambda: len(kept.runs) == 2 and len(kept.runs[1]) > 20_000, what="bytes of the next one")
        assert kept.finished == 0

    play(scene)


def test_sessions_of_a_process_that_was_killed_are_taken_over(play: Play, rows: Database, tmp_path: Path) -> None:
    left: dict[str, str] = {}

    async def killed(site: Site) -> None:
        for name in ("back", "gone"):
            stream, left[f"{name}_key"] = site.stream()
            site.publish(left[f"{name}_key"])
            left[name] = (await site.session_of(stream)).session.id
            await site.until_state(left[name], "live")

    play(killed)  # its sessions stay open: whoever comes next goes on with them

    async def next_one(site: Site) -> None:
        with site.database.write() as session:
            for name in ("back", "gone"):  # a process of this machine that is no more
                row = session.get_one(LiveSessionRow, left[name])
                row.process_id = row.process_id.rpartition(".")[0].rpartition(".")[0] + ".999999999.1"
        assert await site.desk.resume() == 2
        site.publish(left["back_key"])
        await site.until(lambda: left["back"] in site.packager.kept and site.packager.kept[left["back"]].running,
                         what="the publisher is back")
        assert site.packager.kept[left["back"]].resumed == [True]
        await site.until_state(left["back"], LiveState.LIVE)
        await site.until_state(left["gone"], LiveState.ENDED)
        assert site.packager.kept[left["gone"]].finished == 1

    play(next_one, grace_s=6.0)
