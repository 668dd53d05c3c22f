"""A page in a real browser, and what may be asked of the player in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page
from service import until

PATIENCE_S = 60.0


class Watching:
    """A page with a player on it; everything the browser complained about is in `complaints`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def follow(self, link: Locator) -> Watching:
        """What a link opens in a tab of its own, once the player is there. Its complaints are for the caller to look at."""
        with self.page.expect_popup() as opened:
            link.click()
        seen = Watching(opened.value)
        seen.until("() => window.lectern?.video.readyState >= 2", "the first picture")
        return seen

    def open(self, url: str) -> None:
        """Go there, and wait for the player."""
        self.page.goto(url)
        self.page.wait_for_selector("video")
        self.until("() => window.lectern?.video.readyState >= 2", "the first picture")

    def ask(self, script: str) -> Any:
        """The value of a JavaScript expression; `video` and `hls` are the player's."""
        return self.page.evaluate(f"() => {{ const {{ video, hls }} = window.lectern; return {script}; }}")

    def until(self, script: str, what: str, within_s: float = PATIENCE_S) -> Any:
        """The value of a JavaScript function as soon as it is true."""
        return until(lambda: self.page.evaluate(script), within_s, what)

    def until_true(self, script: str, within_s: float = PATIENCE_S) -> Any:
        """The value of an expression over `video` and `hls` as soon as it is true."""
        try:
            return until(lambda: self.ask(script), within_s, script)
        except AssertionError as error:
            raise AssertionError(f"{error}; the player: {self.state()}; {self.complaints}") from None

    def play(self) -> None:
        """Press play without sound, as a browser allows it unasked."""
        self.ask("(video.muted = true, video.play())")

    def seek(self, time_s: float) -> None:
        """Jump, and wait until the picture there is shown and the time goes on."""
        self.ask(f"void (video.currentTime = {time_s})")
        self.until_true(f"!video.seeking && video.currentTime >= {time_s + 0.3}")

    def menu(self, label: str) -> Locator:
        """A menu of the player's settings, which are opened for it."""
        if not self.page.locator(".settings:popover-open").count():
            self.page.get_by_role("button", name="Settings").click()
        return self.page.locator(".settings").get_by_role("combobox", name=label, exact=True)

    def ranges(self) -> list[list[float]]:
        """What is buffered."""
        found: list[list[float]] = self.ask(
            "[...Array(video.buffered.length).keys()].map(i => [video.buffered.start(i), video.buffered.end(i)])")
        return found

    def state(self) -> Any:
        """For messages."""
        return self.ask("({time: video.currentTime, ready: video.readyState, paused: video.paused, "
                        "seeking: video.seeking, ended: video.ended, level: hls?.currentLevel, "
                        "height: video.videoHeight, error: video.error?.message})")


@contextmanager
def watching(browser: Browser, **how: Any) -> Iterator[Watching]:
    """A fresh browser profile; at the end nothing may have been complained about."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | how)
    context.set_default_timeout(3 * PATIENCE_S * 1000)  # by the clock of the wall: the machine may be away meanwhile
    try:
        seen = Watching(context.new_page())
        yield seen
        assert not seen.complaints, seen.complaints
    finally:
        context.close()


Watch = Callable[..., Watching]
