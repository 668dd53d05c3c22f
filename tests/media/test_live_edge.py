"""What players get of a live session: blocking reloads, hints, and what happens when the live process is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from clips import Desk
from live_rig import SESSION, Publisher, Rig, feed_app, flv, rig, serve

pytestmark = pytest.mark.real_time


def play(desk: Desk, out: Path, scene: Callable[[Rig], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with rig(desk, out / "data") as made:
            await scene(made)

    asyncio.run(all_of_it())


def test_reloads_are_answered_when_the_part_is_there(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 9)

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data[: len(data) // 2])
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed('1.0.m4s",')
        await asyncio.sleep(1)
        state = (await made.edge.session("p_1")).channel
        msn, part = state.open, len(state.open_parts)
        hinted = asyncio.create_task(made.piece(f"{msn}.{part}.m4s"))
        waiting = [asyncio.create_task(made.playlist(msn=msn, part=part)) for _ in range(20)]
        behind = asyncio.create_task(made.playlist(msn=msn + 1, part=0, skip="YES"))
        whole = asyncio.create_task(made.playlist(msn=msn))
        await asyncio.sleep(0.5)
        assert not any(task.done() for task in (*waiting, hinted, behind, whole))
        publisher.send(data[len(data) // 2:])
        answers = await asyncio.gather(*waiting)
        assert all(f'URI="{msn}.{part}.m4s"' in one for one in answers)
        assert await hinted == await made.piece(f"{msn}.{part}.m4s")
        assert f'URI="{msn + 1}.0.m4s"' in await behind
        assert f"\n{msn}.m4s\n" in await whole
        publisher.leave()
        await running

    play(desk, out, scene)


def test_answers_of_the_draft(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 5)

    async def scene(made: Rig) -> None:
        index = "/play/p_1/live-360p/index.m3u8"
        unknown = await made.client.get("/play/p_2/live-360p/index.m3u8")
        assert unknown.status_code == 404
        publisher = Publisher()
        publisher.send(data)
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed('1.5.m4s"\n#EXTINF')
        for query, code in (("_HLS_part=1", "bad_reload"), ("_HLS_msn=x", "bad_reload"), ("_HLS_msn=-1", "bad_reload"),
                            ("_HLS_msn=1&_HLS_part=1.5", "bad_reload"), ("_HLS_msn=9", "too_far_ahead"),
                            ("_HLS_msn=2&_HLS_part=99", "too_far_ahead")):
            answer = await made.client.get(f"{index}?{query}")
            assert (answer.status_code, answer.json()["code"]) == (400, code), query
        begun_s = time.monotonic()
        late = await made.client.get(f"{index}?_HLS_msn=3")  # the publisher has gone silent
        assert (late.status_code, late.json()["code"]) == (503, "live_late") and "Retry-After" in late.headers
        assert 5.5 < time.monotonic() - begun_s < 20
        for name in ("9.m4s", "0.99.m4s", "9.0.m4s", "init-7.mp4", "x.mp4"):
            assert (await made.client.get(f"/play/p_1/live-360p/{name}")).status_code == 404, name
        assert (await made.client.get("/play/p_1/live-9000p/index.m3u8")).status_code == 404
        # Caches: for ever what never changes, a while what was waited for.
        assert "immutable" in (await made.client.get("/play/p_1/live-360p/0.m4s")).headers["cache-control"]
        assert "immutable" in (await made.client.get("/play/p_1/live-360p/1.0.m4s")).headers["cache-control"]
        assert (await made.client.get(f"{index}?_HLS_msn=1")).headers["cache-control"] == "public, max-age=12"
        plain = await made.client.get(index)
        assert plain.headers["cache-control"] == "no-cache" and plain.headers["content-encoding"] == "gzip"
        bare = await made.client.get(index, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in bare.headers and bare.text == plain.text
        assert (await made.client.get("/play/p_1/live-360p/0.m4s", headers={"Range": "bytes=0-9"})).status_code == 206
        assert (await made.client.head(index)).status_code == 200
        publisher.leave()
        await running

    play(desk, out, scene)


def test_the_live_process_away_is_no_end(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 9)

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data[: len(data) // 2])
        running = asyncio.create_task(made.run(publisher))
        before = await made.until_listed('1.0.m4s",')
        port = made.feed.servers[0].sockets[0].getsockname()[1]
        await made.end_feed()
        await asyncio.sleep(1)
        gone = await made.playlist()
        assert "ENDLIST" not in gone
        assert all(line in gone for line in before.splitlines() if line.endswith("s") and line[0] != "#")
        assert await made.piece("0.m4s")
        part = await made.piece("0.2.m4s")
        publisher.send(data[len(data) // 2:])
        # Without the feed it goes on by what is stored, in whole segments,
        plain = await made.until_listed("\n3.m4s")
        assert "ENDLIST" not in plain
        made.feed, _ = await serve(feed_app(made.packager), port)
        # and with it again by parts.
        again = await made.until_listed('URI="4.0.m4s"')
        assert "ENDLIST" not in again
        publisher.leave()
        await running
        await made.packager.finish_session(SESSION)
        await made.until_listed("#EXT-X-ENDLIST")
        await made.edge.close()  # it knows what is stored, and nothing else, from here on
        assert await made.piece("0.2.m4s") == part
        assert await made.piece("0.m4s") == b"".join([await made.piece(f"0.{i}.m4s") for i in range(6)])

    play(desk, out, scene)


def test_who_waits_is_let_go_when_the_web_process_ends(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 5)

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data)
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed('1.5.m4s"\n#EXTINF')
        waiting = asyncio.create_task(made.client.get("/play/p_1/live-360p/index.m3u8?_HLS_msn=3"))
        await asyncio.sleep(0.3)
        made.edge.let_go()
        answer = await asyncio.wait_for(waiting, 3)
        assert answer.status_code == 503
        publisher.leave()
        await running

    play(desk, out, scene)
