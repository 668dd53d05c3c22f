"""The whole of it on real servers: PostgreSQL, Redis, S3, nginx, and workers that share no disk."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import m3u8
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from service import Service, until

from infra.deploy.native_stack import NativeStack
from tests.servers import running

Watch = Callable[..., Watching]
MEDIA = ("media-1", "media-2")
BACK_S = 5.0


@pytest.fixture(scope="module")
def stack() -> Iterator[NativeStack]:
    # Not below pytest's own folder, which only root may enter: the servers run as their own users.
    with tempfile.TemporaryDirectory(prefix="lectern-stack-") as folder:
        Path(folder).chmod(0o755)
        settings = {"LECTERN_LEASE_S": "6", "LECTERN_MAX_ATTEMPTS": "20"}
        with running(lambda: NativeStack(Path(folder), workers=2, unsafe_fast=True, settings=settings)) as started:
            yield started


@pytest.fixture
def service(stack: NativeStack) -> Service:
    """What the other tests know of a service, without its processes."""
    return Service(None, stack.folder, stack.url, stack.admin_key)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four minutes: spans for both workers; most of its bytes are of no use for any one of them."""
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "1", "-bf", "0")
    shape = Shape(duration_s=240, size="640x360", rate=10, gop=40, codec=codec)
    return make(tmp_path_factory.mktemp("stack") / "lecture.mp4", shape)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little more than one span."""
    return make(tmp_path_factory.mktemp("stack") / "short.mp4", Shape(duration_s=70, size="640x360", rate=10))


def fetched(service: Service, playback_id: str) -> dict[str, str]:
    """The hash of every init section and cell, as a viewer gets them."""
    root = f"/play/{playback_id}"
    with service.client("") as viewer:
        master = m3u8.loads(viewer.get(f"{root}/master.m3u8").text)
        hashes = {}
        known = [v.uri for v in master.playlists if v.stream_info.codecs.startswith("avc1")]
        for uri in known + [m.uri for m in master.media]:
            playlist = m3u8.loads(viewer.get(f"{root}/{uri}").text)
            folder = uri.rpartition("/")[0]
            for name in ("init.mp4", *(segment.uri for segment in playlist.segments)):
                answer = viewer.get(f"{root}/{folder}/{name}")
                assert answer.status_code == 200, answer.text
                hashes[f"{folder}/{name}"] = hashlib.sha256(answer.content).hexdigest()
    return hashes


def fetched_bytes(stack: NativeStack, name: str) -> int:
    """How much of the sources is in the cache of the worker: its sparse files, as the disk counts them."""
    copies = (stack.processes[name].folder / "cache").rglob("*.data")
    return sum(path.stat().st_blocks * 512 for path in copies)


def patiently(ask: Callable[[], httpx.Response], within_s: float = 60.0) -> httpx.Response:
    """What a client that tries again gets in the end."""
    def once() -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.HTTPError:
            return None
        return answer if answer.status_code < 500 else None
    return until(once, within_s, "an answer below 500")


def until_ready(service: Service, stack: NativeStack, video_id: str, within_s: float = 240.0) -> dict[str, Any]:
    with service.client() as client:
        def look() -> dict[str, Any] | None:
            answer = patiently(lambda: client.get(f"/api/v1/videos/{video_id}"))
            found: dict[str, Any] = answer.json()
            assert found["status"] != "failed", found
            return found if found["status"] == "ready" else None
        return until(look, within_s, "the video is ready")


@pytest.mark.slow
def test_uploaded_by_the_browser_in_presigned_parts_rendered_by_two_played_through_nginx(
    watch: Watch, stack: NativeStack, service: Service, lecture: Path
) -> None:
    page = watch()
    sent: list[tuple[str, str]] = []
    page.page.on("request", lambda request: sent.append((request.method, request.url)))
    page.page.goto(f"{stack.url}/studio#key={stack.admin_key}")
    page.page.locator("input[type=file]").set_input_files(lecture)
    learner = page.follow(page.page.get_by_role("link", name="Watch it"))
    puts = [url for method, url in sent if method == "PUT"]
    assert puts and all("X-Amz-Signature" in url for url in puts), sent
    assert not any(method == "PATCH" for method, _ in sent), "bytes went through the API"
    learner.play()
    learner.until_true("video.currentTime > 1")
    learner.seek(200)
    asked_for = fetched_bytes(stack, "jit")

    with service.client() as client:
        video = client.get("/api/v1/videos").json()["items"][0]
    ready = until_ready(service, stack, video["id"])
    assert ready["source"]["sha256"] == hashlib.sha256(lecture.read_bytes()).hexdigest()

    for name in MEDIA:
        assert fetched_bytes(stack, name), f"{name} rendered nothing"
        assert not (stack.processes[name].folder / "storage").exists()
    # The media workers drew the storyboard and measured the loudness, which need all of a small file between them. The
    # worker that rendered on demand fetched what the viewer looked at.
    assert 0 < asked_for < 0.9 * lecture.stat().st_size, f"fetched {asked_for} of {lecture.stat().st_size} bytes"

    cell = f"/play/{video['playback_id']}/h264-360p/7.m4s"
    with service.client("") as viewer:
        first, again = viewer.get(cell), viewer.get(cell)
    assert again.headers["X-Cache"] == "HIT"
    assert first.content == again.content
    assert "immutable" in again.headers["Cache-Control"]


def kill_each(names: list[str], stack: NativeStack, service: Service, short: Path) -> None:
    """For each name: a job, in the middle of which it is killed; 5 s later it is back, and the bytes are the same."""
    reference_video = service.upload(short)
    until_ready(service, stack, reference_video["id"])
    reference = fetched(service, reference_video["playback_id"])
    for name in names:
        assert killed(name, stack, service, short) == reference, f"other bytes after {name} was killed"


def killed(name: str, stack: NativeStack, service: Service, short: Path) -> dict[str, str]:
    """What a viewer gets of a video in whose work `name` was killed."""
    video = service.upload(short)
    with service.client() as client:
        until(lambda: client.get(f"/api/v1/videos/{video['id']}").json()["progress"] > 0.1, 60, "work has begun")
    stack.kill(name)
    time.sleep(BACK_S)
    stack.start_one(name)
    found = until_ready(service, stack, video["id"])
    assert found["error"] is None, (name, found)
    with service.client("") as viewer:  # a viewer's own player asks again, too
        patiently(lambda: viewer.get(f"/play/{video['playback_id']}/master.m3u8"))
    cells = fetched(service, video["playback_id"])
    with service.client() as client:
        patiently(lambda: client.delete(f"/api/v1/videos/{video['id']}"))
    return cells


@pytest.mark.release
def test_the_database_the_broker_or_a_worker_dies_in_the_middle(stack: NativeStack, service: Service,
                                                                short: Path) -> None:
    kill_each(["postgres", "redis", "media-1"], stack, service, short)


@pytest.mark.release
def test_any_other_process_dies_in_the_middle(stack: NativeStack, service: Service, short: Path) -> None:
    others = [name for name in stack.names() if name not in ("postgres", "redis", "media-1")]
    assert {"web-1", "jit", "light", "sweeper", "nginx", "s3", "media-2"} <= set(others)
    kill_each(others, stack, service, short)
