"""Live captions on their way: the encoder's sound to who listens, what is said to players, and into the storage."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx
import numpy as np
import pytest
from clips import Desk
from granted import granted_s
from live_rig import SESSION, Publisher, Rig, flv, rig

from enrich import speech_models
from infra.core.command import Command
from infra.core.live import Hearing, LiveSession, Said
from infra.core.settings import Settings
from infra.runtime import companion
from infra.runtime.live_captions import LiveCaptions

pytestmark = pytest.mark.real_time

SPOKEN = Path(__file__).parent.parent / "fixtures" / "speech" / "german.m4a"
INDEX = "/play/p_1/live-captions/index.m3u8"


class Teller:
    """Listens to the sound, and says in every second that it was that second."""

    def __init__(self) -> None:
        self.sound: dict[float, bytes] = {}
        self.told = 0
        self.forgotten: list[str] = []

    def ready(self, language: str | None) -> bool:
        return True

    def hear(self, session: LiveSession, at_s: float, sound: bytes) -> None:
        self.sound[at_s] = sound

    def said(self, session_id: str) -> tuple[Said, ...]:
        heard_s = max((at_s + len(data) / 32_000 for at_s, data in self.sound.items()), default=0.0)
        found = tuple(Said(float(n), n + 1.0, (f"second {n} < & >",)) for n in range(self.told, int(heard_s)))
        self.told = int(heard_s)
        return found

    def hearing(self, session_id: str) -> Hearing | None:
        return Hearing("en", 0.0)

    def forget(self, session_id: str) -> None:
        self.forgotten.append(session_id)


def test_what_is_said_is_served_with_its_segment_and_stored(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 9)
    teller = Teller()

    async def scene(made: Rig) -> None:
        publisher = Publisher()
        publisher.send(data[: len(data) * 2 // 3])
        running = asyncio.create_task(made.run(publisher))
        await made.until_listed('1.0.m4s",')
        master = (await made.client.get("/play/p_1/master.m3u8")).text
        assert 'TYPE=SUBTITLES,GROUP-ID="captions"' in master and 'SUBTITLES="captions"' in master
        await asyncio.sleep(1)
        msn = (await made.edge.session("p_1")).channel.open
        waiting = asyncio.create_task(made.client.get(INDEX, params={"_HLS_msn": str(msn)}))
        await asyncio.sleep(0.3)
        assert not waiting.done()  # the picture does not wait for it,
        assert "#EXTM3U" in await made.playlist()
        publisher.send(data[len(data) * 2 // 3:])
        assert f"\n{msn}.vtt\n" in (await waiting).text  # and it comes with its segment
        too_far = await made.client.get(INDEX, params={"_HLS_msn": str(msn + 9)})
        assert (too_far.status_code, too_far.json()["code"]) == (400, "too_far_ahead")
        for name in ("99.vtt", "0.m4s", "x.vtt", "init.mp4", "0.0.vtt"):
            assert (await made.client.get(f"/play/p_1/live-captions/{name}")).status_code == 404, name
        publisher.leave()
        await running
        state = made.packager.captions(SESSION.id)
        assert state is not None and state.delay_s is not None and 0 <= state.delay_s < 10
        await made.packager.finish_session(SESSION)
        await made.until_listed("#EXT-X-ENDLIST")
        before = await texts(made.client)
        assert "second 0 &lt; &amp; &gt;" in "".join(before)
        assert all(one.startswith("WEBVTT\nX-TIMESTAMP-MAP=") for one in before)
        await made.edge.close()  # it knows what is stored, and nothing else, from here on
        assert await texts(made.client) == before
        assert (await made.client.get(INDEX)).text.endswith("#EXT-X-ENDLIST\n")
        assert teller.forgotten == [SESSION.id]

    async def all_of_it() -> None:
        async with rig(desk, out / "data", teller) as made:
            await scene(made)

    asyncio.run(all_of_it())
    # All of the sound came, in order, with its times: 9 s of a tone.
    at_s = sorted(teller.sound)
    ends_s = [one + len(teller.sound[one]) / 32_000 for one in at_s]
    assert at_s[0] == 0 and ends_s[:-1] == pytest.approx(at_s[1:], abs=1e-3) and ends_s[-1] == pytest.approx(9, abs=0.2)
    samples = np.frombuffer(b"".join(teller.sound[one] for one in at_s), np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(samples[16_000 : 16_000 * 5]))
    assert np.argmax(spectrum) / 4 == pytest.approx(440, abs=1)


async def texts(client: httpx.AsyncClient) -> list[str]:
    names = [line for line in (await client.get(INDEX)).text.splitlines() if line.endswith(".vtt")]
    return [(await client.get(f"/play/p_1/live-captions/{name}")).text for name in names]


def test_a_stream_without_sound_has_no_captions_and_all_else(desk: Desk, out: Path) -> None:
    data = flv(desk, out, 3, sound=False)
    teller = Teller()

    async def all_of_it() -> None:
        async with rig(desk, out / "data", teller) as made:
            publisher = Publisher()
            publisher.send(data)
            publisher.leave()
            await made.run(publisher)
            assert "SUBTITLES" not in (await made.client.get("/play/p_1/master.m3u8")).text
            assert (await made.client.get(INDEX)).status_code == 404
            assert made.packager.captions(SESSION.id) is None and not teller.sound

    asyncio.run(all_of_it())


def test_the_process_that_hears_is_started_again_when_it_dies(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                                              ) -> None:
    if speech_models.available("") is None:
        pytest.skip("no speech model is installed")
    monkeypatch.setattr(companion, "_AGAIN_S", 0.5)
    monkeypatch.setenv("LECTERN_DATA", str(tmp_path))
    done = desk.run(Command((str(desk.tools.ffmpeg), "-v", "error", "-i", f"file:{SPOKEN}", "-ac", "1", "-ar", "16000", "-f",
                             "s16le", "pipe:1"), reads=(SPOKEN,)))
    session = LiveSession("lv_1", "o_1", "ls_1", "v_1", "p_1", SESSION.profile, 0.0, "de-DE")

    async def heard(captions: LiveCaptions, from_s: float) -> tuple[list[Said], float]:
        """Speaks, a quarter of a second at a time, until something is recognized: that, and until when it spoke."""
        at_s, until_s = from_s, granted_s() + 120
        while granted_s() < until_s:
            at = int((at_s - from_s) * 32_000) % (len(done.stdout) // 8000 * 8000)
            captions.hear(session, at_s, done.stdout[at : at + 8000])
            at_s += 0.25
            await asyncio.sleep(0.25)
            if said := captions.said(session.id):
                return list(said), at_s
        raise AssertionError("nothing was recognized")

    async def scene() -> None:
        captions = LiveCaptions(Settings(data=tmp_path, live_captions="true"))
        assert captions.ready("de") and captions.ready(None)
        try:
            said, at_s = await heard(captions, 0.0)
            assert all(0 <= one.start_s < one.end_s <= at_s for one in said)
            assert captions._process.process is not None
            os.kill(captions._process.process.pid, signal.SIGKILL)
            again, later_s = await heard(captions, at_s)
            assert all(at_s - 9 < one.start_s < one.end_s <= later_s for one in again)
            found = captions.hearing(session.id)
            assert found is not None and (found.language, found.reason) == ("de", "")
            captions.forget(session.id)
            assert captions.hearing(session.id) is None
        finally:
            await captions.close()
        assert captions._process.process is not None and captions._process.process.poll() is not None

    asyncio.run(scene())
