"""The API under /api/v1 as a creator's program meets it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from lecture_clips import Shape, make
from service import Service, events, until

from infra.db.models import Organization
from infra.db.session import Database
from player_api import keys
from player_api.keys import Scope

VIDEOS = "/api/v1/videos"
UPLOADS = "/api/v1/uploads"
SEARCH = "/api/v1/search"
EVENTS, CMCD = "/api/v1/events", "/api/v1/cmcd"
XAPI = "/api/v1/xapi/statements"
KEY = "/api/v1/key"
RESULTS, OVERVIEW = "/api/v1/assessments/results", "/api/v1/analytics/overview"
COHORTS = ("/api/v1/cohorts", "/api/v1/analytics/cohorts", "/api/v1/cohorts/learner")
LEARNER = "/api/v1/learners/anna"
LIVE, STREAM = "/api/v1/live-streams", "ls_bbbbbbbbbbbbbbbb"
# Of a video: numbers are about something.
READ_BY_ANALYSTS = ("", "/captions", "/captions/en", "/chapters", "/scenes", "/slides")
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("api") / "Lecture_1 intro.mp4", Shape(duration_s=4, size="320x180", gop=50))


@pytest.fixture(scope="module")
def video(service: Service, short: Path) -> dict[str, Any]:
    return service.upload(short)


@pytest.fixture(scope="module")
def creator(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@pytest.fixture(scope="module")
def other_keys(service: Service) -> dict[str, str]:
    """Keys: an analyst's and a revoked one of this organization, an admin's of another."""
    database = Database(f"sqlite:///{service.data}/lectern.db")
    with service.client() as client:
        assert client.get(VIDEOS).status_code == 200
    with database.write() as session:
        mine = keys.authenticate(session, f"Bearer {service.key}").organization_id
        session.add(Organization(id="o_bbbbbbbbbbbbbbbb", name="other", created_at=0.0))
        session.flush()
        revoked, secret = keys.create(session, mine, "revoked", [Scope.ADMIN])
        keys.revoke(session, mine, revoked.id)
        made = {"revoked": secret, "analyst": keys.create(session, mine, "analyst", [Scope.ANALYST])[1],
                "player": keys.create(session, mine, "player", [Scope.PLAYER])[1],
                "other": keys.create(session, "o_bbbbbbbbbbbbbbbb", "other", [Scope.ADMIN])[1]}
    database.dispose()
    return made


def problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["detail"]
    if code is not None:
        assert body["code"] == code
    return body


def _operations(service: Service, video: dict[str, Any], upload_id: str) -> list[tuple[str, str]]:
    """Every operation of the API, from its own description, on this video and this upload."""
    with service.client() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    found = []
    for path, methods in paths.items():
        if path.startswith("/api/v1/"):
            url = path.format(video_id=video["id"], upload_id=upload_id, language="en", learner_id="anna", stream_id=STREAM,
                              marker_id="lm_bbbbbbbbbbbbbbbb")
            found += [(method.upper(), url) for method in methods if method != "options"]
    assert len(found) >= 11, found
    return found


@pytest.fixture(scope="module")
def upload_id(creator: httpx.Client) -> str:
    """An upload that was only begun."""
    answer = creator.post(UPLOADS, headers=TUS | {"Upload-Length": "1000"})
    return answer.headers["Location"].rsplit("/", 1)[1]


def _send(client: httpx.Client, method: str, url: str) -> httpx.Response:
    """A request that would be understood, were it allowed."""
    if url.endswith("/direct/parts"):
        return client.request(method, url, json={"numbers": [1]})
    if url.endswith("/search"):
        return client.request(method, url, params={"q": "graph"})
    if url == EVENTS:
        return client.post(url, json={"v": 1, "sent_at": 0, "token": "none", "video": "p", "session": "s", "events": []})
    if url == CMCD:
        return client.post(url, params={"token": "none"}, content='sid="s",cid="p",sn=0,ts=1,e=t')
    if url == XAPI:
        return client.request(method, url, json=[], params={"statementId": "x"})
    if url == RESULTS:
        return client.post(url, json={"results": []})
    if url == COHORTS[0]:
        return client.put(url, json={"tag": "ours", "learners": []})
    if url == COHORTS[2]:
        return client.put(url, json={"learner": "anna", "tags": []})
    if url.endswith("/event-tokens"):
        return client.post(url, json={"learner": "anna"})
    if url.endswith("/chapters") and method == "PUT":
        return client.request(method, url, json=[{"start_s": 0, "title": "Mine now"}])
    if url.endswith("/source") and method == "PUT":
        return client.request(method, url, json={"upload_id": "u_bbbbbbbbbbbbbbbb"})
    if url.endswith("/trim") and method == "PUT":
        return client.request(method, url, json={"start_s": 1})
    if url.endswith("/glossary") and method == "PUT":
        return client.request(method, url, json={"items": ["Dijkstra"]})
    if "/markers" in url:
        return client.request(method, url, json={"title": "Mine now"} if method in ("POST", "PATCH") else None)
    if "/live-streams" in url:
        return client.request(method, url, json={"name": "Mine now"} if method in ("POST", "PATCH") else None)
    headers = TUS | {"Upload-Offset": "0", "Upload-Length": "10"} if "/uploads" in url else {}
    if "/uploads" in url:
        return client.request(method, url, headers=headers | (
            {"Content-Type": "application/offset+octet-stream"} if method == "PATCH" else {}))
    body = {"PATCH": {"title": "Mine now"}, "POST": {"source": {"url": "https://example.org/x.mp4"}}}.get(method)
    return client.request(method, url, json=body)


def test_no_operation_works_without_a_good_key(service: Service, video: dict[str, Any], upload_id: str,
                                               other_keys: dict[str, str]) -> None:
    for key in ("", "lec_wrong", other_keys["revoked"]):
        with service.client(key) as client:
            for method, url in _operations(service, video, upload_id):
                answer = _send(client, method, url)
                assert answer.status_code == 401, (method, url, key)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                if method != "HEAD":
                    problem(answer, 401)
    with service.client("") as client:
        for header in ("Basic YTpi", "Bearer", service.key, f"Bearer\t{service.key}", f"Bearer {service.key}x"):
            problem(client.get(VIDEOS, headers={"Authorization": header}), 401)
        assert client.get(VIDEOS, headers={"Authorization": f"bearer {service.key}"}).status_code == 200


def test_no_operation_works_with_a_key_of_another_scope(service: Service, video: dict[str, Any], upload_id: str,
                                                        other_keys: dict[str, str]) -> None:
    with service.client(other_keys["analyst"]) as analyst, service.client(other_keys["player"]) as player:
        for method, url in _operations(service, video, upload_id):
            wrong = player if "/analytics/" in url or url == RESULTS else analyst
            if method == "GET" and (url == VIDEOS or url.removeprefix(f"{VIDEOS}/{video['id']}") in READ_BY_ANALYSTS):
                assert _send(analyst, method, url).status_code in (200, 404), url
                wrong = player
            if url not in (EVENTS, CMCD, KEY) and not (
                    url.startswith(LEARNER) and method == "GET"):  # no key; any; both of them may
                assert _send(wrong, method, url).status_code == 403, (method, url)


def test_another_organization_sees_and_changes_nothing(service: Service, video: dict[str, Any], upload_id: str,
                                                       other_keys: dict[str, str]) -> None:
    with service.client(other_keys["other"]) as client:
        assert client.get(VIDEOS).json() == {"items": [], "next_cursor": None}
        for method, url in _operations(service, video, upload_id):
            if url not in (VIDEOS, UPLOADS, f"{UPLOADS}/direct", "/api/v1/organization", "/api/v1/organization/glossary",
                           SEARCH, EVENTS, CMCD, XAPI, RESULTS, OVERVIEW, LIVE, KEY, *COHORTS,
                           f"{LEARNER}/progress"):  # its own
                assert _send(client, method, url).status_code == 404, (method, url)
        problem(client.post(VIDEOS, json={"source": {"upload_id": upload_id}}), 404)
    assert service.video(video["id"])["title"] == video["title"]


def test_a_new_video_is_described(service: Service, video: dict[str, Any], short: Path) -> None:
    assert video["title"] == "Lecture 1 intro"
    assert video["file_name"] == short.name
    assert video["playable"] is True
    assert video["status"] in ("processing", "ready")
    assert video["duration_s"] == pytest.approx(4, abs=0.05)
    assert video["source"]["size_bytes"] == short.stat().st_size
    assert video["watch_url"] == f"/watch/{video['playback_id']}"
    ready = service.until_ready(video["id"])
    assert ready["progress"] == 1
    assert ready["error"] is None
    assert {step["name"]: step["state"] for step in ready["steps"]} == {
        "poster": "done", "loudness": "done", "fill:aac": "done", "fill:h264": "done", "storyboard": "done",
        "iframes": "done", "slides": "done", "scenes": "done", "measure": "done"}


def test_the_list_is_read_page_by_page_newest_first(service: Service, creator: httpx.Client, short: Path) -> None:
    made = [service.upload(short, title=f"page {number}")["id"] for number in range(3)]
    seen: list[str] = []
    cursor = None
    while True:
        page = creator.get(VIDEOS, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= 2
        seen += [video["id"] for video in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[:3] == made[::-1]
    assert len(seen) == len(set(seen))
    for wrong in ("x", "bm90IGpzb24=", base64.urlsafe_b64encode(b'["a", 1]').decode(), "ä"):
        problem(creator.get(VIDEOS, params={"cursor": wrong}), 422, "bad_cursor")
    for wrong in (0, 201, "many"):
        problem(creator.get(VIDEOS, params={"limit": wrong}), 422, "invalid_request")
    for video_id in made:
        assert creator.delete(f"{VIDEOS}/{video_id}").status_code == 204


def test_title_and_language_can_be_changed(creator: httpx.Client, video: dict[str, Any]) -> None:
    url = f"{VIDEOS}/{video['id']}"
    changed = creator.patch(url, json={"title": "Zellen – ein «Überblick» 🎓", "language": "de"}).json()
    assert (changed["title"], changed["language"]) == ("Zellen – ein «Überblick» 🎓", "de")
    assert creator.patch(url, json={}).json()["title"] == changed["title"]
    assert creator.patch(url, json={"language": None}).json()["language"] is None
    for wrong in ({"title": ""}, {"title": "x" * 501}, {"titel": "x"}, {"title": 7}, {"language": "x" * 36}, [], None,
                  {"title": "   "}, {"title": "a\0b"}):
        problem(creator.patch(url, json=wrong), 422)
    headers = {"Content-Type": "application/json"}
    problem(creator.patch(url, content=b'{"title": "\\ud800"}', headers=headers), 422)
    problem(creator.patch(url, content=b"{", headers=headers), 422)
    assert creator.get(url).json()["title"] == changed["title"]


def test_what_is_said_of_a_video_can_be_changed_and_looked_for(creator: httpx.Client, video: dict[str, Any]) -> None:
    url = f"{VIDEOS}/{video['id']}"
    told = creator.get(url).json()
    assert (told["description"], told["tags"], told["visibility"]) == ("", [], "public")
    tags = ["First  year", "first year", "Ökologie"]
    changed = creator.patch(url, json={"description": " Two\nlines ", "tags": tags}).json()
    assert (changed["description"], changed["tags"]) == ("Two\nlines", ["First year", "Ökologie"])
    assert [one["id"] for one in creator.get(VIDEOS, params={"tag": "okologie"}).json()["items"]] == [video["id"]]
    assert creator.get(VIDEOS, params={"tag": "first"}).json()["items"] == []
    assert creator.patch(url, json={"title": "Mitochondria"}).status_code == 200
    found = creator.get(VIDEOS, params={"q": "mitochon", "sort": "title", "limit": 1}).json()
    assert ([one["id"] for one in found["items"]], found["next_cursor"]) == ([video["id"]], None)
    assert creator.patch(url, json={"description": None, "tags": None}).json()["tags"] == []
    for wrong in ({"tags": [""]}, {"tags": "x"}, {"tags": ["x"] * 101}, {"visibility": "secret"}, {"description": "\0"},
                  {"description": "x" * 10_001}):
        problem(creator.patch(url, json=wrong), 422)
    for wrong_list in ({"status": "odd"}, {"sort": "size"}, {"q": "x" * 501}):
        problem(creator.get(VIDEOS, params=wrong_list), 422)
    cursor = creator.get(VIDEOS, params={"limit": 1}).json()["next_cursor"]
    if cursor:
        problem(creator.get(VIDEOS, params={"cursor": cursor, "sort": "title"}), 422, "bad_cursor")


def test_a_private_video_can_not_be_watched(service: Service, creator: httpx.Client, video: dict[str, Any]) -> None:
    url = f"{VIDEOS}/{video['id']}"
    beside = [f"/play/{video['playback_id']}/{name}" for name in (
        "transcript.json", "slides.json", "scenes.json", "topics.json", "search?q=lecture", "most-replayed.json")]
    shown = [video["watch_url"], f"/embed/{video['playback_id']}", video["playlist_url"], video["storyboard_url"],
             f"/oembed?url={service.url}{video['watch_url']}", *beside]
    with service.client("") as nobody:
        assert [nobody.get(path).status_code for path in shown] == [200] * len(shown)
        assert creator.patch(url, json={"visibility": "private"}).json()["visibility"] == "private"
        until(lambda: nobody.get(video["playlist_url"]).status_code == 404, 4, "it plays no more")
        assert [nobody.get(path).status_code for path in shown] == [404] * len(shown)
        assert creator.get(url).json()["playable"] is True
        assert creator.patch(url, json={"visibility": None}).json()["visibility"] == "private"
        assert creator.patch(url, json={"visibility": "public"}).status_code == 200
        assert [nobody.get(path).status_code for path in shown] == [200] * len(shown)


def test_a_deleted_video_plays_no_more_and_its_bytes_go(service: Service, creator: httpx.Client, short: Path) -> None:
    made = service.upload(short)
    assert creator.get(made["playlist_url"]).status_code == 200
    assert list(service.data.rglob(f"*{made['id']}*"))
    assert creator.delete(f"{VIDEOS}/{made['id']}").status_code == 204
    until(lambda: creator.get(made["playlist_url"]).status_code == 404, 3, "it plays no more")
    for path in ("", "/events"):
        problem(creator.get(f"{VIDEOS}/{made['id']}{path}"), 404, "video_not_found")
    problem(creator.delete(f"{VIDEOS}/{made['id']}"), 404)
    assert creator.get(made["watch_url"]).status_code == 404
    until(lambda: not list(service.data.rglob(f"*{made['id']}*")), 60, "its bytes are gone")


def test_the_same_request_with_the_same_idempotency_key_makes_one_video(
        service: Service, creator: httpx.Client, short: Path) -> None:
    body = {"title": "once", "source": {"url": "https://lectures.invalid/a.mp4"}}
    headers = {"Idempotency-Key": "one-key"}
    first, second = (creator.post(VIDEOS, json=body, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    problem(creator.post(VIDEOS, json=body | {"title": "twice"}, headers=headers), 422, "idempotency_key_reused")
    assert creator.post(VIDEOS, json=body, headers={"Idempotency-Key": "other"}).json()["id"] != first.json()["id"]


def test_the_same_form_with_the_same_idempotency_key_makes_one_video(creator: httpx.Client, short: Path) -> None:
    def send(title: str, key: str) -> httpx.Response:
        with short.open("rb") as file:
            return creator.post(VIDEOS, files={"file": file}, data={"title": title}, headers={"Idempotency-Key": key})

    first, second = send("once", "form-key"), send("once", "form-key")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    problem(send("twice", "form-key"), 422, "idempotency_key_reused")
    assert send("once", "other-form-key").json()["id"] != first.json()["id"]


def test_events_follow_a_video_until_it_is_ready(service: Service, creator: httpx.Client, short: Path) -> None:
    made = service.upload(short, title="followed")
    with creator.stream("GET", f"{VIDEOS}/{made['id']}/events", timeout=180) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        told = list(events(stream.iter_lines()))  # ends by itself
    assert {name for name, _ in told} == {"video"}
    assert told[-1][1]["status"] == "ready"
    shares = [video["progress"] for _, video in told]
    assert shares == sorted(shares)


def test_only_failed_steps_can_be_run_again(service: Service, creator: httpx.Client, video: dict[str, Any]) -> None:
    service.until_ready(video["id"])
    problem(creator.post(f"{VIDEOS}/{video['id']}/retry"), 409, "nothing_to_retry")
    problem(creator.post(f"{VIDEOS}/{video['id']}/retry", params={"step": "nothing"}), 409)


def test_a_source_that_can_not_be_fetched_fails_with_a_reason_and_can_be_retried(creator: httpx.Client) -> None:
    made = creator.post(VIDEOS, json={"source": {"url": "https://lectures.invalid/b.mp4"}}).json()
    assert made["playable"] is False

    def failed() -> dict[str, Any] | None:
        video: dict[str, Any] = creator.get(f"{VIDEOS}/{made['id']}").json()
        return video if video["status"] == "failed" else None

    video = until(failed, 120, "the fetch fails") or {}
    assert video["error"]["step"] == "fetch"
    assert "lectures.invalid" in video["error"]["message"]
    problem(creator.get(f"/play/{video['playback_id']}/master.m3u8"), 404, "not_playable")
    assert creator.post(f"{VIDEOS}/{made['id']}/retry").json()["status"] in ("waiting", "processing")


@pytest.mark.parametrize("body", [
    {}, {"source": {}}, {"source": {"url": "https://a.example/x", "upload_id": "u"}}, {"source": {"url": ""}},
    {"source": {"url": "ftp://a.example/x"}}, {"source": {"url": "file:///etc/passwd"}}, [], "x",
    {"source": {"url": "https://a.example/x"}, "titel": "x"}, {"source": {"url": "https://a.example/x"}, "title": "\0"},
    {"source": {"url": "http:///x"}},
])
def test_a_request_that_makes_no_sense_is_refused(creator: httpx.Client, body: Any) -> None:
    problem(creator.post(VIDEOS, content=json.dumps(body), headers={"Content-Type": "application/json"}), 422)


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:1/x.mp4", "http://localhost/x.mp4", "http://10.0.0.7/x.mp4", "http://169.254.169.254/latest",
    "http://2130706433/x.mp4", "http://[::1]/x.mp4", "http://[::ffff:127.0.0.1]/x.mp4", "http://0.0.0.0/x.mp4",
])
def test_a_private_address_is_never_fetched(creator: httpx.Client, url: str) -> None:
    answer = creator.post(VIDEOS, json={"source": {"url": url}})
    if answer.status_code == 422:  # said at once
        problem(answer, 422, "url_not_allowed")
        return
    made = answer.json()
    begun = time.monotonic()
    found = until(lambda: creator.get(f"{VIDEOS}/{made['id']}").json()["error"], 30, "refused")
    assert found["code"] == "url_not_allowed", (found, time.monotonic() - begun)
    assert found["retryable"] is False


def test_health_is_told_to_everybody(service: Service) -> None:
    with service.client("") as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ok")
        problem(client.get("/nothing"), 404)
        problem(client.get("/static/../app.py"), 404)
        problem(client.get("/static/%2e%2e%2fapp.py"), 404)
