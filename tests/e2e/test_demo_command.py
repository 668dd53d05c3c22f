"""`lectern demo`: from nothing to a picture, and to nothing again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browsing import Watching
from service import Program, assert_no_trace


def test_the_demo_plays_at_the_url_that_it_prints_and_ctrl_c_ends_it(
        program: Callable[..., Program], tmp_path: Path, watch: Callable[..., Watching]) -> None:
    demo = program("demo", "--no-browser", "--port", "0", "--data", str(tmp_path / "data"))
    page = watch(demo.line("watch ").split()[1])
    page.play()
    page.until_true("video.currentTime > 2")
    page.page.goto(demo.line("studio ").split()[1])
    page.page.get_by_role("link", name="What is Lectern?").wait_for()  # signed in
    assert "key" not in page.page.url
    page.page.goto("about:blank")
    assert demo.interrupt() in (0, 130)
    assert_no_trace(demo.output)

    again = program("demo", "--no-browser", "--port", "0", "--data", str(tmp_path / "data"))
    assert again.line("watch ").split("/")[-1] == demo.line("watch ").split("/")[-1]  # not uploaded twice
    assert again.interrupt() in (0, 130)
    assert_no_trace(again.output)
