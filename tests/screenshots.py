"""Pictures of the pages for the documentation, of the sample lecture as it is now.

    python -m tests.screenshots [--out docs/images] [--only NAME]

Starts a service of its own, lets it prepare the sample lecture, tells it of viewings that were made up, and writes what
Chromium shows as WebP of at most 80 kB each.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "e2e")]  # as pytest has them

from service import Service  # noqa: E402
from viewings import counted, view  # noqa: E402

SAMPLE = ROOT / "infra" / "demo" / "sample-lecture.mp4"
CAPTIONS = SAMPLE.with_suffix(".en.vtt")
TITLE = "What is Lectern?"
MORE = (("The picture follows the network", 45.0), ("A video is a grid of cells", 27.0))  # and the second of their posters
WIDTH_PX, HEIGHT_PX = 1280, 800
SHOWN_PX = 1000  # of the picture that is kept
MOST_BYTES = 80_000
LEARNERS = 60


def watched(service: Service, video: dict[str, Any]) -> None:
    """Learners who leave a few at a time, more of them where it becomes dense, and look at one place again."""
    chance = random.Random(7)
    length_s = int(video["duration_s"])
    for n in range(LEARNERS):
        end_s = length_s if chance.random() < 0.55 else chance.choice([9, 24, 43, 44, 45, 46, 62, 70])
        again = [(24, 29)] if end_s > 30 and chance.random() < 0.4 else []
        view(service, video, f"learner {n}", [(0, end_s), *again])
    counted(service, video, LEARNERS)


def watch_page(page: Page, service: Service, video: dict[str, Any]) -> None:
    page.goto(f"{service.url}{video['watch_url']}?t=26")
    page.locator(".said [data-n]").first.wait_for()
    page.evaluate("() => { const { video } = window.lectern; video.muted = true; return video.play(); }")
    page.wait_for_function("() => window.lectern.video.currentTime > 27")
    page.evaluate("() => window.lectern.video.pause()")
    page.get_by_label("Search inside").fill("segment")
    page.get_by_role("list", name="Places that were found").get_by_role("button").first.wait_for()
    page.mouse.move(400, 300)


def library(page: Page, service: Service, video: dict[str, Any]) -> None:
    """With two more of which something is still being made."""
    for title, at_s in MORE:
        made = service.upload(SAMPLE, title=title, language="en")
        with service.client() as client:
            said = {"poster_time_s": at_s, "tags": ["delivery"]}
            assert client.patch(f"/api/v1/videos/{made['id']}", json=said).is_success
    page.goto(f"{service.url}/studio")
    page.locator(".videos .title").first.wait_for()
    page.wait_for_function("() => [...document.querySelectorAll('.poster img')].every((one) => one.naturalWidth)")


def video_page(page: Page, service: Service, video: dict[str, Any]) -> None:
    page.goto(f"{service.url}/studio/videos/{video['id']}")
    page.frame_locator("iframe.preview").locator("video").wait_for()
    page.wait_for_function("() => document.querySelector('iframe').contentWindow.lectern?.video.readyState >= 2")


def captions_page(page: Page, service: Service, video: dict[str, Any]) -> None:
    page.goto(f"{service.url}/studio/videos/{video['id']}/captions")
    page.locator(".cue").nth(5).get_by_role("button").last.click()
    page.wait_for_function("() => { const v = document.querySelector('video'); return v.readyState >= 2 && !v.seeking; }")


def analytics_page(page: Page, service: Service, video: dict[str, Any]) -> None:
    page.goto(f"{service.url}/studio/videos/{video['id']}/analytics")
    page.locator(".chart canvas").first.wait_for()
    over = page.locator(".beside .u-over").bounding_box()
    assert over
    page.mouse.move(over["x"] + over["width"] * 27 / video["duration_s"], over["y"] + over["height"] / 2)
    page.wait_for_selector(".frame img:not([hidden])")


SHOTS: dict[str, Callable[[Page, Service, dict[str, Any]], None]] = {
    "watch": watch_page, "library": library, "video": video_page, "captions": captions_page, "analytics": analytics_page}


def packed(png: bytes) -> bytes:
    """As WebP of SHOWN_PX, as good as MOST_BYTES allow."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.resize((SHOWN_PX, round(picture.height * SHOWN_PX / picture.width)), Image.Resampling.LANCZOS)
    for quality in range(90, 20, -5):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise SystemExit("A picture has too much in it for so few bytes.")


@contextmanager
def prepared() -> Iterator[tuple[Service, dict[str, Any]]]:
    """A service with the lecture, ready and watched."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service.start(Path(folder), LECTERN_ANALYTICS_K="5", LECTERN_COUNT_ROBOTS="true")
        try:
            video = service.upload(SAMPLE, title=TITLE, language="en")
            with service.client() as client:
                at = f"/api/v1/videos/{video['id']}"
                assert client.put(f"{at}/captions/en", content=CAPTIONS.read_bytes()).status_code == 201
                assert client.patch(at, json={"description": "A minute and a half on how a lecture becomes something to "
                                              "watch anywhere.", "tags": ["introduction"]}).is_success
            watched(service, video)
            yield service, service.until_ready(video["id"], 600)
        finally:
            service.stop()


def main() -> None:
    """Write the pictures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    arguments.add_argument("--only", choices=SHOTS)
    asked = arguments.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with prepared() as (service, video), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=[
            "--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"])
        for name, show in SHOTS.items():
            if asked.only in (None, name):
                page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme="light",
                                        device_scale_factor=1.5, reduced_motion="reduce", locale="en-US")
                page.goto(f"{service.url}/studio#key={service.key}")  # signed in, in this tab
                show(page, service, video)
                page.wait_for_timeout(500)  # pictures that fade in
                data = packed(page.screenshot())
                (asked.out / f"{name}.webp").write_bytes(data)
                print(f"{asked.out / name}.webp: {len(data) / 1000:.0f} kB")
                page.close()
        browser.close()


def _chromium() -> str:
    import shutil

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("There is no Chromium on this machine: apt-get install chromium")
    return found


if __name__ == "__main__":
    main()
