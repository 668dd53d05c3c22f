"""Slides of what is live: found while it goes on, by a process of its own, from what a real encoder makes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import Desk
from granted import granted_s
from live_rig import SESSION, Publisher, Rig, kill_encoder, rig
from slide_clips import Clip, cv2, held_out, talk
from slide_truth import NOTHING, score, starts_of

from enrich import slide
from enrich.live_scan import Glance, LiveScan
from enrich.slide import Slides
from enrich.slide_look import SHAPE
from infra.core import keys
from infra.core.command import Command
from infra.core.live import GLANCE_PX
from infra.core.settings import Settings
from infra.runtime import companion, live_slides
from infra.runtime.live_shown import Eyes, Shown
from infra.runtime.live_slides import LiveSlides
from infra.storage.local import LocalStorage
from transcode.live import encoding

pytestmark = pytest.mark.real_time

SOON_S = 60.0  # a few seconds where the machine does nothing else


def as_flv(desk: Desk, clip: Clip, out: Path) -> bytes:
    path = clip.make(desk.tools, out)
    desk.run(Command((str(desk.tools.ffmpeg), "-v", "error", "-i", f"file:{path}", "-s", "640x360", "-c:v", "libx264",
                      "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-f", "flv", f"file:{out / 'live.flv'}"),
                     reads=(path,), work=out))
    return (out / "live.flv").read_bytes()


async def send(publisher: Publisher, data: bytes, seconds: float) -> None:
    """Evenly, in this time: what comes at once is more than a busy machine keeps pace with."""
    steps = round(seconds * 5)
    for n in range(steps):
        publisher.send(data[len(data) * n // steps:len(data) * (n + 1) // steps])
        await asyncio.sleep(0.2)


def test_changes_of_clips_that_nothing_was_chosen_by_are_found_live() -> None:
    total = NOTHING
    for clip in held_out():
        scan, last = LiveScan(), int(clip.duration_s / 2 - 0.01) * 4
        for n in range(last + 1):
            picture = cv2.resize(clip.draw(n / 2), GLANCE_PX, interpolation=cv2.INTER_AREA)
            scan.feed([Glance(n / 2, n % 4 == 0, np.asarray(picture, dtype=np.uint8))])
        found = scan.shots(last / 2)
        total += score(clip.changes, starts_of(found))
        assert bool(found) == clip.slides, clip.name
    assert total.recall >= 0.95 and total.precision >= 0.95 and total.kinds >= 0.95 * total.found


def between(desk: Desk, settings: Settings, pictures: Path) -> None:
    """Nobody publishes: what another process finds in the same file is what was found, and it reads what nobody did yet."""
    storage = LocalStorage(settings.data / "storage")
    before = slide.load_live(storage, "o_1", "v_1") or Slides()
    shown = Shown(Eyes(settings, storage, desk.run, desk.tools), "o_1", "v_1", "en", pictures)
    shown.look(1e12, over=False)
    shown.read_one()
    shown.look(1e12, over=False)
    found = slide.load_live(storage, "o_1", "v_1") or Slides()
    assert [one.start_s for one in found.slides[:len(before.slides)]] == [one.start_s for one in before.slides]
    assert [one.image for one in found.slides[:len(before.slides)]] == [one.image for one in before.slides]
    if shutil.which("tesseract"):
        assert found.read_by and any(one.title for one in found.slides)


def test_the_small_pictures_are_those_that_slides_are_looked_for_in() -> None:
    assert GLANCE_PX[::-1] == SHAPE


@pytest.mark.slow
def test_slides_are_there_while_it_is_live_and_whatever_dies(desk: Desk, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companion, "_AGAIN_S", 0.5)
    # A busy machine is no matter here.
    monkeypatch.setattr(encoding, "_LATE_S", 1e9)
    monkeypatch.setattr(encoding, "_LAST_WORDS_S", SOON_S)
    monkeypatch.setattr(live_slides, "_LAST_LOOK_S", SOON_S)
    monkeypatch.setenv("LECTERN_DATA", str(out / "data"))
    clip = talk("live", 35, pages=3, bullets=2, back=True)
    data = as_flv(desk, clip, out)
    begins_s = [0.0, *(change.start_s for change in clip.changes)]
    settings = Settings(data=out / "data")
    pictures = out / "data" / "live-slides" / "v_1.pictures"

    async def until(look: Callable[[], object], what: str) -> None:
        deadline_s = granted_s() + SOON_S
        while not look():
            assert granted_s() < deadline_s, what
            await asyncio.sleep(0.05)

    async def first_part(made: Rig, slides: LiveSlides) -> None:
        def found() -> Slides:
            return slide.load_live(made.storage, "o_1", "v_1") or Slides()

        publisher = Publisher()
        running = asyncio.create_task(made.run(publisher))
        await send(publisher, data[:len(data) * 6 // 10], clip.duration_s / 5)
        await until(lambda: len(found().slides) >= 3, "the first slides, while it is live")
        first = found().slides[0]
        image = made.storage.read(keys.live_slide("o_1", "v_1", first.image))
        assert image[:2] == b"\xff\xd8"
        assert (first.start_s, first.new) == (0.0, True) and first.end_s == pytest.approx(begins_s[1], abs=0.51)
        # The process that looks dies, and the encoder, and the live process.
        assert slides._process.process is not None
        os.kill(slides._process.process.pid, signal.SIGKILL)
        kill_encoder()
        await send(publisher, data[len(data) * 6 // 10:len(data) * 7 // 10], 2)  # not up to the last slide
        publisher.leave()
        await running

    async def the_rest(made: Rig, slides: LiveSlides) -> Slides:
        publisher = Publisher()
        running = asyncio.create_task(made.run(publisher, resume=True))
        await send(publisher, data, clip.duration_s / 5)  # all of it once more: FLV begins anew with each connection
        publisher.leave()
        await running
        await made.packager.finish_session(SESSION)
        return slide.load_live(made.storage, "o_1", "v_1") or Slides()

    async def with_rig(work: Callable[[Rig, LiveSlides], Awaitable[Any]]) -> Any:
        slides = LiveSlides(settings)
        async with rig(desk, out / "data", None, slides) as made:
            try:
                return await work(made, slides)
            finally:
                await slides.close()

    asyncio.run(with_rig(first_part))
    between(desk, settings, pictures)
    found = asyncio.run(with_rig(the_rest))
    assert not pictures.exists()
    assert found.slides[0].start_s == 0 and all(a.end_s == b.start_s for a, b in pairwise(found.slides))  # no gap
    # The second connection shows all of it from the beginning: pictures are those of the first time.
    begun_s = next(one.start_s for one in found.slides[1:] if one.image == found.slides[0].image)
    again = [one for one in found.slides if one.start_s >= begun_s]
    assert [one.start_s - begun_s for one in again] == pytest.approx(begins_s, abs=0.6)
    assert [not one.new for one in again[1:]] == [change.build for change in clip.changes]
    assert again[-1].image == again[2].image == found.slides[2].image  # the second page comes back
