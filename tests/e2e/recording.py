"""A small event server that writes down what it is sent, and a page of another site that sends to it.

It answers as `POST /api/v1/events` does. A test that should meet the real service gives the page that one's address instead.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from player_api.pages import STATIC, bundle_names

# What the video showed, by itself: the media time of each frame that reached the screen.
FRAMES = """
    window.frames_shown = [];
    const each = (_, { mediaTime }) => {
      frames_shown.push([mediaTime, performance.now(), video.playbackRate, document.hidden]);
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
"""
PAGE = """<!doctype html><title>Another site</title><video muted></video><script type="module">
  import {{ observe }} from "{module}";
  const video = window.video = document.querySelector("video");
  video.src = URL.createObjectURL(await (await fetch("/clip.mp4")).blob());
  await new Promise((done) => video.addEventListener("canplay", done, {{ once: true }}));
  {frames}
  window.viewing = observe(video, {{ url: "{events}", token: "token-1", video: "p_1", player: "other 1.0", ...{how} }});
  window.lectern = {{ video, hls: null }};
</script>"""


@dataclass
class Recorder:
    """Bodies in the order they came; `answer(body)` says what is answered, (status, body, headers)."""

    clip: Path | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], tuple[int, dict[str, Any], dict[str, str]]] | None = None
    how: str = "{}"

    def __enter__(self) -> Recorder:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, said, headers = recorder.answer(body) if recorder.answer else accepted(body)
                if status == 202:
                    recorder.bodies.append(body)
                    recorder.kinds.append(self.headers["Content-Type"])
                self._reply(status, json.dumps(said).encode(), "application/json", headers)

            def do_GET(self) -> None:
                if self.path == "/page" or self.path.startswith("/page?"):
                    page = PAGE.format(module=recorder.url + "/engagement.js", events=recorder.url + "/events",
                                       frames=FRAMES, how=recorder.how)
                    return self._reply(200, page.encode(), "text/html", {})
                if self.path == "/engagement.js":
                    return self._reply(200, (STATIC / bundle_names()["engagement.js"]).read_bytes(), "text/javascript", {})
                if self.path == "/clip.mp4" and recorder.clip:
                    return self._reply(200, recorder.clip.read_bytes(), "video/mp4", {})
                return self._reply(204, b"", "text/plain", {})

            def _reply(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in ({"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store",
                                     "Access-Control-Allow-Origin": "*"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://localhost:{self._server.server_address[1]}"
        self.page_url = f"http://127.0.0.1:{self._server.server_address[1]}/page"  # another origin for the browser
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self, session: str | None = None) -> list[dict[str, Any]]:
        """Each event once, in the order of its session."""
        found = {event["id"]: event | {"session": body["session"]} for body in self.bodies for event in body["events"]
                 if session in (None, body["session"])}
        return sorted(found.values(), key=lambda event: (event["session"], event["seq"]))

    def whole(self) -> bool:
        """There is something, and of each session nothing is missing: two beacons may overtake each other."""
        numbers: dict[str, list[int]] = {}
        for event in self.events():
            numbers.setdefault(event["session"], []).append(event["seq"])
        return bool(numbers) and all(own == list(range(len(own))) for own in numbers.values())

    def watched(self, session: str | None = None) -> list[dict[str, Any]]:
        """The intervals."""
        return [event for event in self.events(session) if event["type"] == "watch"]


def accepted(body: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
    """What the service answers when all is well."""
    said = {"accepted": len(body["events"]), "duplicate": 0, "rejected": [], "server_time": int(time.time() * 1000)}
    return 202, said, {}


def send_to(page: Page, recorder: Recorder) -> None:
    """Watch pages opened in `page` (of a context with bypass_csp) send their events to the recorder."""
    page.add_init_script(f"""document.addEventListener("readystatechange", () => {{
        const main = document.querySelector("main[data-playback-id]");
        if (main) Object.assign(main.dataset, {{ eventsUrl: "{recorder.url}/events", eventsToken: "token-1" }});
    }});""")  # scripts of the page come after


def shown(frames: list[list[Any]], frame_s: float) -> list[list[Any]]:
    """[from_s, to_s, rate, hidden] of what was on the screen, from the log of FRAMES."""
    runs: list[list[Any]] = []
    last_ms = 0.0
    for media_s, now_ms, rate, hidden in frames:
        run = runs[-1] if runs else None
        follows = run is not None and -1e-3 <= media_s - (run[1] - frame_s) <= (now_ms - last_ms) / 1000 * rate + 0.5
        if run is not None and follows and run[2:] == [rate, hidden]:
            run[1] = media_s + frame_s
        elif run is not None and follows:
            runs.append([run[1], media_s + frame_s, rate, hidden])
        else:
            runs.append([media_s, media_s + frame_s, rate, hidden])
        last_ms = now_ms
    return [run for run in runs if run[1] - run[0] > frame_s * 1.5]  # a picture at rest is no playing


def merged(watched: list[dict[str, Any]]) -> list[list[Any]]:
    """Intervals that were cut only because ten seconds were over, or because a player stepped out of a stall, are one."""
    runs: list[list[Any]] = []
    for event in watched:
        kind = [event["rate"], event.get("hidden", False)]
        if runs and 0 <= event["from"] / 1000 - runs[-1][1] < 0.3 and runs[-1][2:] == kind:
            runs[-1][1] = event["to"] / 1000
        else:
            runs.append([event["from"] / 1000, event["to"] / 1000, *kind])
    return runs


def tenths(runs: list[list[Any]]) -> list[tuple[float, float, Any, Any]]:
    """For messages."""
    return [(round(a, 2), round(b, 2), rate, hidden) for a, b, rate, hidden in runs]
