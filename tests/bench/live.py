"""Live: how old the picture is that a learner sees, what a machine carries, how soon there is a replay.

A publisher draws the time into every frame; a player's canvas, and the bytes of the parts, are read back. See README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.bench.live_publisher import HEIGHT, READ_CLOCK, WIDTH, Stream, clocks, lecture
from tests.bench.service import Service, load_average, service
from tests.processes import is_called

_SETTINGS = {"LECTERN_LIVE": "true", "LECTERN_RTMP_PORT": "0", "LECTERN_SRT_PORT": "0", "LECTERN_EMBEDDING_MODEL": "none",
             "LECTERN_LIVE_CAPTIONS": "true"}
_SAMPLE = Path(__file__).parents[2] / "infra" / "demo" / "sample-lecture.mp4"
_SETTLED_S, _WATCHED_S = 6.0, 14.0
_PART = re.compile(r'#EXT-X-PART:DURATION=[\d.]+,URI="((\d+)\.(\d+)\.m4s)"')
_DATE = re.compile(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)")
_HINT = re.compile(r'PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s"')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lectern-bench")
    parser.add_argument("--only", nargs="*", choices=_PARTS, default=list(_PARTS))
    parser.add_argument("--viewers", type=int, default=150)
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--small", action="store_true", help="publish 640x360, which is one size: where the machine has "
                        "other work to do")
    arguments = parser.parse_args()
    with service(arguments.work / "live-service", **_SETTINGS) as running:
        for name in arguments.only:
            _PARTS[name](running, arguments)


def glass(running: Service, arguments: argparse.Namespace) -> None:
    """From the drawing of a frame to the player's canvas, in both profiles."""
    for profile, target_s in (("default", 2.0), ("low", 1.3)):
        stream = Stream.make(running, profile)
        stream.publish_clock(small=arguments.small)
        try:
            ages, start_s, stalls = _watch(running, stream)
        finally:
            stream.stop()
            stream.end()
        _say(f"glass to glass, {profile}: median {statistics.median(ages):.0f} ms, p95 {_p95(ages):.0f}, "
             f"worst {max(ages):.0f}; first picture after {start_s:.2f} s, {stalls} stalls",
             f"median at most {target_s * 1000:.0f} ms",
             statistics.median(ages) <= target_s * 1000)


def _watch(running: Service, stream: Stream) -> tuple[list[float], float, int]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[
            "--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"])
        page = browser.new_page()
        begun_s = time.monotonic()
        page.goto(f"{running.url}/watch/{stream.playback_id}")
        page.evaluate("() => { const v = document.querySelector('video'); v.muted = true; window.stalls = 0;"
                      " v.addEventListener('waiting', () => (window.stalls += 1)); return v.play() }")
        page.wait_for_function("() => document.querySelector('video').currentTime > 0", timeout=60_000)
        start_s = time.monotonic() - begun_s
        page.evaluate("() => { window.stalls = 0 }")
        time.sleep(_SETTLED_S)
        ages = []
        until_s = time.monotonic() + _WATCHED_S
        while time.monotonic() < until_s:
            age = page.evaluate(READ_CLOCK)
            if age is not None:
                ages.append(float(age))
            time.sleep(0.1)
        stalls = int(page.evaluate("() => window.stalls"))
        browser.close()
    if not ages:
        raise RuntimeError("no frame could be read")
    return ages, start_s, stalls


def fetchable(running: Service, arguments: argparse.Namespace) -> None:
    """How old the newest and the oldest frame of a part are when its bytes have been fetched."""
    stream = Stream.make(running)
    stream.publish_clock(small=arguments.small)
    try:
        newest, oldest = asyncio.run(_fetch_parts(running, stream, 60))
    finally:
        stream.stop()
        stream.end()
    _say(f"fetchable: newest frame of a part is {statistics.median(newest):.0f} ms old (p95 {_p95(newest):.0f}), the oldest "
         f"{statistics.median(oldest):.0f} (p95 {_p95(oldest):.0f}); {len(newest)} parts",
         "p95 of the newest at most 1000 ms", _p95(newest) <= 1000)


async def _fetch_parts(running: Service, stream: Stream, count: int) -> tuple[list[float], list[float]]:
    base = stream.index("live-360p").rpartition("/")[0]
    got: list[tuple[bytes, float]] = []
    async with httpx.AsyncClient(base_url=running.url, timeout=30, trust_env=False) as client:
        text = (await client.get(f"{base}/index.m3u8")).text
        data = (await client.get(f"{base}/init.mp4")).content
        seen: set[str] = {match[1] for match in _PART.finditer(text) if match[3] != "0"}
        while len(got) < count:
            hint = _HINT.search(text)
            assert hint
            answer = await client.get(f"{base}/index.m3u8", params={"_HLS_msn": hint[1], "_HLS_part": hint[2]})
            if answer.status_code != 200:
                continue
            text = answer.text
            for match in _PART.finditer(text):
                if match[1] not in seen and (got or match[3] == "0"):
                    seen.add(match[1])
                    part = (await client.get(f"{base}/{match[1]}")).content
                    got.append((part, time.time() * 1000 % 2**32))
    file = Path(tempfile.mkdtemp()) / "parts.mp4"
    file.write_bytes(data + b"".join(part for part, _ in got))
    gray = subprocess.run([shutil.which("ffmpeg") or "ffmpeg", "-v", "error", "-i", str(file), "-vf",
                           f"scale={WIDTH}:{HEIGHT}:flags=area", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f",
                           "rawvideo", "-"], capture_output=True, check=True).stdout
    shutil.rmtree(file.parent)
    shown = clocks(gray)
    each = len(shown) // len(got)
    return ([at - shown[(i + 1) * each - 1] for i, (_, at) in enumerate(got)],
            [at - shown[i * each] for i, (_, at) in enumerate(got)])


def streams(running: Service, arguments: argparse.Namespace) -> None:
    """Whether so many ladders keep up with the clock."""
    file = lecture(shutil.which("ffmpeg") or "ffmpeg", arguments.work / "live-lecture.flv")
    made = [Stream.make(running) for _ in range(arguments.streams)]
    try:
        for stream in made:
            stream.publish_file(file)
        before = [(time.monotonic(), _media_s(running, stream)) for stream in made]
        time.sleep(30)
        after = [(time.monotonic(), _media_s(running, stream)) for stream in made]
    except RuntimeError as refused:  # the others do not keep pace, so that there is no room for this one
        _say(f"{sum(bool(stream.playback_id) for stream in made)} of {arguments.streams} streams were taken: {refused}",
             "all", False)
        return
    finally:
        for stream in made:
            stream.stop()
            if stream.playback_id:
                stream.end()
    pace = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(before, after, strict=True)]
    _say(f"{arguments.streams} streams of 720p, three sizes each: seconds of media a second "
         f"{', '.join(f'{p:.2f}' for p in pace)}", "each at least 0.98", min(pace) >= 0.98)


def _media_s(running: Service, stream: Stream) -> float:
    text = running.get(stream.index("live-360p")).body.decode()
    whole = sum(map(float, re.findall(r"#EXTINF:([\d.]+)", text)))
    return whole + sum(map(float, re.findall(r"#EXT-X-PART:DURATION=([\d.]+)", text.rpartition("#EXTINF")[2])))


def viewers(running: Service, arguments: argparse.Namespace) -> None:
    """Players that wait for every part, with a connection each."""
    stream = Stream.make(running)
    stream.publish_clock(small=arguments.small)
    try:
        web = next(one for one in psutil.Process(running.supervisor).children(recursive=True)
                   if is_called(one, "web"))
        used = web.cpu_times()
        begun_s = time.monotonic()
        errors, requests, spread = asyncio.run(_many(running, stream, arguments.viewers, 20.0))
        took_s = time.monotonic() - begun_s
        now = web.cpu_times()
        cores = (now.user + now.system - used.user - used.system) / took_s
    finally:
        stream.stop()
        stream.end()
    _say(f"{arguments.viewers} viewers: {requests / took_s:.0f} requests/s, {errors} errors, the same part within "
         f"{_p95(spread):.0f} ms (p95), web process {cores:.2f} cores", "no error", errors == 0)


async def _many(running: Service, stream: Stream, count: int, for_s: float) -> tuple[int, int, list[float]]:
    base = stream.index("live-360p").rpartition("/")[0]
    arrivals: dict[str, list[float]] = {}
    tally = [0, 0]
    until_s = time.monotonic() + for_s
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)

    async with httpx.AsyncClient(base_url=running.url, timeout=30, trust_env=False, limits=limits) as client:
        async def view() -> None:
            query: dict[str, str] = {}
            last = ""
            while time.monotonic() < until_s:
                try:
                    answer = await client.get(f"{base}/index.m3u8", params=query | {"_HLS_skip": "YES"} if query else query)
                    tally[1] += 1
                    hint = _HINT.search(answer.text)
                    newest = [match[1] for match in _PART.finditer(answer.text)][-1:]
                    if answer.status_code != 200 or hint is None:
                        tally[0] += 1
                        continue
                    query = {"_HLS_msn": hint[1], "_HLS_part": hint[2]}
                    if newest and newest[0] != last:
                        last = newest[0]
                        part = await client.get(f"{base}/{last}")
                        tally[1] += 1
                        tally[0] += part.status_code != 200 or not part.content
                        arrivals.setdefault(last, []).append(time.monotonic())
                except httpx.HTTPError:
                    tally[0] += 1

        await asyncio.gather(*(view() for _ in range(count)))
    spread = [(at - min(times)) * 1000 for times in list(arrivals.values())[2:] for at in times]
    return tally[0], tally[1], spread


def replay(running: Service, arguments: argparse.Namespace) -> None:
    """From the end of a stream to a playlist that is complete, and its first segment."""
    stream = Stream.make(running)
    stream.publish_clock(small=arguments.small)
    time.sleep(10)
    begun_s = time.monotonic()
    stream.end()
    while b"#EXT-X-ENDLIST" not in running.get(stream.index("live-360p")).body:
        time.sleep(0.005)
    listed_s = time.monotonic() - begun_s
    base = stream.index("live-360p").rpartition("/")[0]
    running.get(f"{base}/init.mp4")
    running.get(f"{base}/0.m4s")
    whole_s = time.monotonic() - begun_s
    stream.stop()
    _say(f"replay: ENDLIST {listed_s:.2f} s after the end was asked for, the first segment {whole_s:.2f} s", "at most 2 s",
         whole_s <= 2)


def _companion(running: Service, module: str) -> psutil.Process:
    """The process of this module, as soon as it runs."""
    supervisor = psutil.Process(running.supervisor)
    found: psutil.Process = _wait_for(lambda: next((one for one in supervisor.children(recursive=True)
                                                    if module in one.cmdline()), None))
    return found


def captions(running: Service, arguments: argparse.Namespace) -> None:
    """How late live captions are, and what they cost: the sample lecture, in which somebody speaks nearly all the time."""
    stream = Stream.make(running, language="en")
    stream.publish_file(_SAMPLE)
    try:
        ears = _companion(running, "infra.runtime.live_speech")
        _wait_for(lambda: (_captions(running, stream) or {}).get("delay_s"))
        used, begun_s = ears.cpu_times(), time.monotonic()
        time.sleep(60)
        now, took_s = ears.cpu_times(), time.monotonic() - begun_s
        told = _captions(running, stream)
        base = stream.index("live-captions").rpartition("/")[0]
        listed = re.findall(r"^\d+\.vtt$", running.get(f"{base}/index.m3u8").body.decode(), re.M)
        said = [line for name in listed for line in running.get(f"{base}/{name}").body.decode().splitlines()[3:]
                if line and "-->" not in line]
    finally:
        stream.stop()
        stream.end()
    cores = (now.user + now.system - used.user - used.system) / took_s
    _say(f"captions: {told['delay_s']} s late, {told['skipped_s']} s left out, {cores:.3f} cores, "
         f"{ears.memory_info().rss >> 20} MiB; of the words: {' '.join(dict.fromkeys(said))[:300]}",
         "at most 8 s late, nothing left out", told["delay_s"] <= 8 and told["skipped_s"] == 0)


def slides(running: Service, arguments: argparse.Namespace) -> None:
    """How soon a slide is listed after it came, and what looking for them costs: the sample lecture, 8 slides in 98 s."""
    stream = Stream.make(running, language="en")
    stream.publish_file(_SAMPLE)
    try:
        eyes = _companion(running, "infra.runtime.live_looking")
        late: dict[float, float] = {}
        used_s, until_s = 0.0, time.monotonic() + 120
        while time.monotonic() < until_s:
            told = json.loads(running.get(f"/play/{stream.playback_id}/slides.json").body)
            for one in told["items"]:
                if one["start_s"] not in late:
                    late[one["start_s"]] = time.time() - _came(running.get(stream.index("live-360p")).body.decode(),
                                                              one["start_s"])
            used_s = sum(eyes.cpu_times()[:4])  # with the commands that it had run
            time.sleep(0.25)
        living_s = time.time() - eyes.create_time()
        rest = {one["start_s"] for one in told["items"]}
        read = sum(bool(one["text"]) for one in told["items"])
    finally:
        stream.stop()
        stream.end()
    delays = [one for start_s, one in late.items() if start_s in rest]
    _say(f"slides: {len(delays)} listed, {statistics.median(delays):.1f} s (median) and {max(delays):.1f} s (worst) after "
         f"they came, {read} read; {used_s:.1f} s of a core in {living_s:.0f} s, its start included, "
         f"{eyes.memory_info().rss >> 20} MiB",
         "at most 8 s late, 0.03 cores", max(delays) <= 8 and used_s / living_s <= 0.03)


def _came(index: str, at_s: float) -> float:
    """When the picture of this second came in, Unix time, by the dates of a playlist."""
    start_s = found = 0.0
    for line in index.splitlines():
        if date := _DATE.match(line):
            if start_s <= at_s:
                found = datetime.fromisoformat(date[1]).timestamp() + at_s - start_s
        elif line.startswith("#EXTINF:"):
            start_s += float(line[8:].rstrip(","))
    return found


def _captions(running: Service, stream: Stream) -> Any:
    current = json.loads(running.get(f"/api/v1/live-streams/{stream.id}").body)["current"]
    return current and current["captions"]


def _wait_for(look: Any) -> Any:
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.1)
    raise RuntimeError("nothing came within a minute; live captions need a speech model")


_PARTS: dict[str, Any] = {"glass": glass, "fetchable": fetchable, "streams": streams, "viewers": viewers, "replay": replay,
                          "captions": captions, "slides": slides}


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def _say(figures: str, target: str, reached: bool) -> None:
    print(f"{figures} [{load_average()}]\n  target: {target}: {'reached' if reached else 'MISSED'}", flush=True)


if __name__ == "__main__":
    main()
