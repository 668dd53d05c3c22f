"""One service for all tests of this folder; those that stop it, or fill its disk, start their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from lecture_clips import make
from service import ROOT, Program, Service

PLAYERS = Path(__file__).parent / "players"
_running: list[Program] = []
_shared: list[Service] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for program in _running:
            report.sections.append(("what lectern said", program.output[-8000:]))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lecture of 40 s, 1280x720, 25 frames/s, a key frame every 10 s, AAC."""
    return make(tmp_path_factory.mktemp("clips") / "lecture.mp4")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service that tests share."""
    started = Service.start(tmp_path_factory.mktemp("service"), LECTERN_MAX_ATTEMPTS="2", LECTERN_ANALYTICS_K="1",
                            LECTERN_COUNT_ROBOTS="true")  # the tests' browsers have no screen
    _running.append(started.program)
    _shared.append(started)
    yield started
    _shared.remove(started)
    _running.remove(started.program)
    started.stop()


@pytest.fixture(scope="module", autouse=True)
def videos_of_a_file() -> Iterator[None]:
    """What the tests of a file had the shared service take in goes with them: the next ones would wait for its rendering."""
    yield
    for service in _shared:
        _delete(service, _listed(service))


@pytest.fixture(autouse=True)
def videos_of_a_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """The same of one test, but for what fixtures made for the whole file."""
    if "service" not in request.fixturenames:
        yield
        return
    service = request.getfixturevalue("service")
    before = _listed(service)
    yield
    _delete(service, _listed(service) - before)


def _listed(service: Service) -> set[str]:
    with service.client() as client:
        return {video["id"] for video in client.get("/api/v1/videos?limit=200").json()["items"]}


def _delete(service: Service, videos: set[str]) -> None:
    with service.client() as client:
        for one in videos:
            client.delete(f"/api/v1/videos/{one}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """start(**settings) is a service of this test alone; it is ended after the test, if the test did not."""
    services: list[Service] = []

    def begin(*arguments: str, data: Path = tmp_path / "data", **settings: str) -> Service:
        services.append(Service.start(data, *arguments, **settings))
        _running.append(services[-1].program)
        return services[-1]

    yield begin
    for service in services:
        _running.remove(service.program)
        if service.program.process.poll() is None:
            service.program.kill()


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """program(*arguments) is a command under way; it is killed after the test, if it still runs."""
    programs: list[Program] = []

    def begin(*arguments: str, **how: Any) -> Program:
        programs.append(Program(*arguments, **how))
        _running.append(programs[-1])
        return programs[-1]

    yield begin
    for one in programs:
        _running.remove(one)
        if one.process.poll() is None:
            one.kill()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium. A laptop without one skips; CI must have one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    found = next(filter(None, map(shutil.which, names)), mac if Path(mac).exists() else None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no Chromium: apt-get install chromium")
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium for one file: as long as Playwright runs, its loop is the thread's, and asyncio.run fails."""
    from playwright.sync_api import sync_playwright

    # A container has no user namespaces for Chromium's sandbox, and a small /dev/shm.
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture
def watch(browser: Any) -> Iterator[Callable[..., Any]]:
    """watch(url, **how) opens a page with a player; what the browser complains about fails the test."""
    from browsing import watching

    with ExitStack() as stack:

        def visit(url: str = "", **how: Any) -> Any:
            seen = stack.enter_context(watching(browser, **how))
            if url:
                seen.open(url)
            return seen

        yield visit


def npm() -> str | None:
    """The system's npm, or the one that the set-up made."""
    return shutil.which("npm") or shutil.which("npm", path=str(ROOT / ".venv" / "node"))


@pytest.fixture(scope="session")
def players() -> Path:
    """The folder with the players and checkers of pages, installed from its lock."""
    wanted = (PLAYERS / "package-lock.json").read_text()
    stamp = PLAYERS / "node_modules" / ".installed"
    if not stamp.is_file() or stamp.read_text() != wanted:
        tool = npm()
        if tool is None:
            pytest.fail("no npm: ./lectern test brings one")
        path = f"{Path(tool).parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run([tool, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLAYERS, check=True,
                       env=os.environ | {"PATH": path}, timeout=240)
        stamp.write_text(wanted)
    return PLAYERS
