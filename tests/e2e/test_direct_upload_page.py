"""The studio over an object store: the file goes from the browser to the store, the API never sees its bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Watching
from lecture_clips import without_moov
from playwright.sync_api import Page, Request, Route
from service import Service, assert_no_trace, until

from infra.deploy.native.radosgw import Radosgw

Watch = Callable[..., Watching]
PART = 16 << 20
PADDING = 40_000_000


class Sent:
    """Every request of a page that carries something: to whom, how, and how many bytes of a body."""

    def __init__(self, page: Page, store: str) -> None:
        self._store = store
        self.to_store: list[int] = []  # numbers of parts
        self.to_api: list[tuple[str, str, int]] = []
        page.on("request", self._see)

    def _see(self, request: Request) -> None:
        address = urlsplit(request.url)
        if request.url.startswith(self._store):
            if request.method == "PUT":
                self.to_store.append(int(parse_qs(address.query)["partNumber"][0]))
        elif request.method not in ("GET", "HEAD"):
            self.to_api.append((request.method, address.path, len(request.post_data_buffer or b"")))

    def check_no_file_to_the_api(self) -> None:
        assert self.to_api, "the page asked the API for nothing"
        for method, path, size in self.to_api:
            assert (method, size < 10_000) == ("POST", True), (method, path, size)


@pytest.fixture(scope="module")
def stored(s3_server: Radosgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose storage is a bucket that browsers may send to."""
    bucket = f"page-{os.getpid()}"
    s3_server.make_bucket(bucket)
    service = Service.start(
        tmp_path_factory.mktemp("stored"), LECTERN_STORAGE_URL=s3_server.url(bucket),
        LECTERN_S3_ACCESS_KEY=s3_server.access_key, LECTERN_S3_SECRET_KEY=s3_server.secret_key)

    def allowed() -> bool:
        client = s3_server.client()
        try:
            return bool(client.get_bucket_cors(Bucket=bucket)["CORSRules"])
        except client.exceptions.ClientError:
            return False

    try:
        until(allowed, 30, f"the sweeper lets browsers send to the bucket\n{service.program.output}")
        yield service
    except BaseException:
        service.program.kill()
        raise
    # It may be rendering all that was uploaded here.
    assert service.program.end(within_s=60) == 0, service.program.output
    assert_no_trace(service.program.output)


@pytest.fixture
def large(clip: Path, tmp_path: Path) -> Path:
    """The lecture with 40 MB of padding behind it: three parts."""
    path = tmp_path / "Cells and cages.mp4"
    path.write_bytes(clip.read_bytes() + PADDING.to_bytes(4, "big") + b"free" + b"\1" * (PADDING - 8))
    return path


def choose(page: Watching, service: Service, file: Path) -> None:
    page.page.goto(f"{service.url}/studio#key={service.key}")
    page.page.locator("input[type=file]").set_input_files(file)


def test_the_file_goes_to_the_store_and_plays(watch: Watch, stored: Service, s3_server: Radosgw, large: Path) -> None:
    page = watch()
    sent = Sent(page.page, s3_server.endpoint)
    choose(page, stored, large)
    page.page.get_by_role("link", name="Watch it").wait_for()
    assert sorted(sent.to_store) == [1, 2, 3]
    sent.check_no_file_to_the_api()
    assert [path.rsplit("/", 1)[1] for _, path, _ in sent.to_api] == ["direct", "parts", "complete"]

    learner = page.follow(page.page.get_by_role("link", name="Watch it"))
    assert learner.page.inner_text("h1") == "Cells and cages"
    learner.play()
    learner.until_true("video.currentTime > 1")
    with stored.client() as client:
        video = client.get("/api/v1/videos").json()["items"][0]
    assert video["source"]["size_bytes"] == large.stat().st_size
    until(lambda: stored.video(video["id"])["source"]["sha256"], 60, "the hash of the whole file")


@pytest.mark.slow
def test_paused_reloaded_and_taken_up_again(watch: Watch, stored: Service, s3_server: Radosgw, large: Path) -> None:
    page = watch()
    sent = Sent(page.page, s3_server.endpoint)
    held: list[Route] = []
    page.page.route(lambda url: "partNumber=2" in url, lambda route: held.append(route))  # its answer never comes
    choose(page, stored, large)
    page.page.wait_for_function("() => document.querySelector('progress').value > 0.55")  # the two others
    assert sorted(sent.to_store) == [1, 2, 3]
    page.page.get_by_role("button", name="Pause").click()
    page.page.get_by_role("button", name="Continue").click()
    until(lambda: (page.page.wait_for_timeout(50), len(held) == 2)[1], 30, "the second try of part 2")
    assert sorted(sent.to_store) == [1, 2, 2, 3]

    page.page.on("dialog", lambda dialog: dialog.accept())
    page.page.goto("about:blank")  # first: a browser that holds nothing back any more would send what is held
    page.page.unroute_all(behavior="ignoreErrors")
    page.complaints.clear()
    sent.to_store.clear()
    choose(page, stored, large)
    page.page.get_by_role("link", name="Watch it").wait_for()
    assert sent.to_store == [2]
    sent.check_no_file_to_the_api()
    page.complaints.clear()  # of the request that was cut off


@pytest.mark.slow
def test_a_part_that_fails_is_sent_again(watch: Watch, stored: Service, s3_server: Radosgw, large: Path) -> None:
    page = watch()
    sent = Sent(page.page, s3_server.endpoint)
    failures = [lambda route: route.abort(), lambda route: route.fulfill(status=403, headers={
        "Access-Control-Allow-Origin": "*"})]  # what a store says of an address that has expired

    def fail(route: Route) -> None:
        if failures:
            failures.pop()(route)
        else:
            route.continue_()

    page.page.route(lambda url: "partNumber=3" in url, fail)
    choose(page, stored, large)
    page.page.get_by_role("link", name="Watch it").wait_for()
    assert sorted(sent.to_store) == [1, 2, 3, 3, 3]
    page.complaints.clear()


def test_a_refused_file_is_explained(watch: Watch, stored: Service, s3_server: Radosgw, clip: Path, tmp_path: Path) -> None:
    broken = without_moov(clip, tmp_path / "cut.mp4")
    refused = stored.post_file(broken)
    page = watch()
    sent = Sent(page.page, s3_server.endpoint)
    choose(page, stored, broken)
    assert page.page.inner_text("[role=alert]") == refused.json()["detail"]
    assert sent.to_store == [1]
    page.complaints.clear()  # the browser reports the 422


def test_where_the_storage_takes_none_tus_does_it(watch: Watch, service: Service, clip: Path) -> None:
    page = watch()

    def as_it_was(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(
            "<main ", '<main data-direct-url="/api/v1/uploads/direct" '))

    page.page.route("**/studio", as_it_was)
    choose(page, service, clip)
    page.page.get_by_role("link", name="Watch it").wait_for()
    assert page.complaints and all("409" in complaint for complaint in page.complaints)
    page.complaints.clear()
