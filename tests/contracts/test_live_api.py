"""/api/v1/live-streams over a real HTTP server, for two organizations; a live process is there, or is not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from serving import serving
from sqlalchemy import select, text

from enrich.chapters import Chapter
from infra.core.ids import new_id
from infra.core.live import LiveState
from infra.core.settings import Settings
from infra.db import live, live_markers
from infra.db.live import Doors, LiveAddress
from infra.db.live_models import LiveSessionRow
from infra.db.models import Organization, Video
from infra.db.session import now
from infra.runtime.wiring import App, build, expire
from player_api import catalogue, chapters, keys
from player_api.analytics import page_tokens
from player_api.app import create_app
from player_api.live import marked_chapters

STREAMS = "/api/v1/live-streams"


class Site:
    """A web process, and two organizations; `live process` is a row, and what answers at its address."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        self.app = app
        url = stack.enter_context(serving(create_app(app)))
        secrets = []
        for name in ("ours", "theirs"):
            with app.database.write() as session:
                organization = Organization(id=new_id("o"), name=name, created_at=now())
                session.add(organization)
                session.flush()
                secrets.append(keys.create(session, organization.id, name, [keys.Scope.CREATOR])[1])
        self.ours, self.theirs = (stack.enter_context(httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {secret}"}, trust_env=False, timeout=30)) for secret in secrets)
        self.heard: list[tuple[str, str]] = []

        async def live_process(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                return
            self.heard.append((scope["path"], dict(scope["headers"])[b"authorization"].decode()))
            session_id = scope["path"].split("/")[2]
            if scope["path"].endswith("/end"):
                with app.database.write() as session:
                    live.mark(session, session_id, LiveState.ENDED)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        self.live_url = stack.enter_context(serving(live_process))
        self.open({"rtmp": 1935, "srt": 8890})

    def open(self, ports: dict[str, int], problems: dict[str, str] | None = None) -> None:
        with self.app.database.write() as session:
            live.announce(session, "process", LiveAddress(self.live_url, "its-secret"), Doors(ports, problems or {}))

    def make(self, **more: Any) -> dict[str, Any]:
        answer = self.ours.post(STREAMS, json={"name": "Physics 101", **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def publish(self, stream_id: str, state: LiveState = LiveState.LIVE) -> LiveSessionRow:
        """What the desk writes when somebody publishes."""
        with self.app.database.write() as session:
            stream = session.get_one(live.LiveStream, stream_id)
            video = catalogue.add(session, stream.organization_id, video_id=new_id("v"), title=stream.name)
            row = live.open_session(session, stream, video, "process", "rtmp")
            live.mark(session, row.id, state)
            return row


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    app = build(Settings(data=tmp_path, transcribe=False))
    with ExitStack() as stack:
        yield Site(app, stack)
    app.database.dispose()


def problem(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return str(answer.json()["detail"])


def test_a_stream_is_made_and_its_key_is_shown_once_and_stored_as_a_hash(site: Site) -> None:
    made = site.make(language="en", profile="low")
    key = made["stream_key"]
    assert re.fullmatch(r"live_[\w-]{43}", key)
    assert (made["name"], made["language"], made["profile"], made["state"]) == ("Physics 101", "en", "low", "idle")
    assert made["current"] is None and made["sessions"] == []
    host = site.ours.base_url.host
    assert made["servers"] == [
        {"protocol": "rtmp", "url": f"rtmp://{host}:1935/live", "stream_key": key},
        {"protocol": "srt", "url": f"srt://{host}:8890?streamid=publish:live/{key}", "stream_key": key}]
    shown = site.ours.get(f"{STREAMS}/{made['id']}")
    assert shown.json() == made | {"stream_key": None, "servers": [
        server | {"stream_key": None, "url": server["url"].replace(key, "STREAM_KEY")} for server in made["servers"]]}
    assert key not in shown.text and key not in site.ours.get(STREAMS).text
    with site.app.database.read() as session:
        for table in ("live_streams", "idempotency_keys", "live_processes"):
            assert key not in str(session.execute(text(f"SELECT * FROM {table}")).all())
        assert live.stream_of_key(session, key).id == made["id"]  # type: ignore[union-attr]


def test_the_same_post_makes_one_stream_and_tells_its_key_once(site: Site) -> None:
    first, again = (site.ours.post(STREAMS, json={"name": "x"}, headers={"Idempotency-Key": "k"}).json() for _ in range(2))
    assert first["stream_key"] and again["stream_key"] is None
    assert again["id"] == first["id"]
    assert len(site.ours.get(STREAMS).json()["items"]) == 1


@pytest.mark.parametrize("wrong", [{}, {"name": ""}, {"name": "  "}, {"name": "x" * 501}, {"name": "x\0"}, {"name": 1},
                                   {"name": "x", "profile": "ultra"}, {"name": "x", "language": "e" * 36},
                                   {"name": "x", "stream_key": "mine"}])
def test_what_is_not_understood_is_said(site: Site, wrong: dict[str, Any]) -> None:
    problem(site.ours.post(STREAMS, json=wrong), 422, "invalid_request")


def test_another_organization_sees_and_changes_nothing(site: Site) -> None:
    stream = site.make()
    site.publish(stream["id"])
    url = f"{STREAMS}/{stream['id']}"
    assert site.theirs.get(STREAMS).json() == {"items": [], "open": True, "problems": [], "next_cursor": None}
    for answer in (site.theirs.get(url), site.theirs.patch(url, json={"name": "mine"}), site.theirs.delete(url),
                   site.theirs.post(f"{url}/rotate-key"), site.theirs.post(f"{url}/end")):
        problem(answer, 404, "live_stream_not_found")
    assert site.heard == []
    assert site.ours.get(url).json()["name"] == "Physics 101"
    assert site.ours.get(url).json()["state"] == "live"


def test_the_list_is_read_page_by_page_newest_first(site: Site) -> None:
    made = [site.make(name=f"stream {number}")["id"] for number in range(5)]
    session = site.publish(made[2])
    seen: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = site.ours.get(STREAMS, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert [stream["id"] for stream in seen] == made[::-1]
    assert [stream["state"] for stream in seen] == ["idle", "idle", "live", "idle", "idle"]
    assert seen[2]["current"]["id"] == session.id
    problem(site.ours.get(STREAMS, params={"cursor": "x"}), 422, "bad_cursor")
    problem(site.ours.get(STREAMS, params={"limit": 0}), 422, "invalid_request")


def test_a_stream_is_changed(site: Site) -> None:
    url = f"{STREAMS}/{site.make(language='en')['id']}"
    changed = site.ours.patch(url, json={"name": "Chemistry", "profile": "low", "language": None}).json()
    assert (changed["name"], changed["profile"], changed["language"]) == ("Chemistry", "low", None)
    assert site.ours.patch(url, json={}).json()["name"] == "Chemistry"
    problem(site.ours.patch(url, json={"stream_key": "mine"}), 422, "invalid_request")


def test_another_key_makes_the_one_before_worthless_and_cuts_off_who_has_it(site: Site) -> None:
    stream = site.make()
    site.publish(stream["id"])
    rotated = site.ours.post(f"{STREAMS}/{stream['id']}/rotate-key")
    assert rotated.headers["Cache-Control"] == "no-store"
    key = rotated.json()["stream_key"]
    assert key and key != stream["stream_key"]
    with site.app.database.read() as session:
        assert live.stream_of_key(session, stream["stream_key"]) is None
        assert live.stream_of_key(session, key) is not None
    assert site.heard == [(f"/streams/{stream['id']}/drop", "Bearer its-secret")]


def test_the_sessions_of_a_stream_are_told(site: Site) -> None:
    stream = site.make()
    rows = []
    for _ in range(2):
        rows.append(site.publish(stream["id"]))
        with site.app.database.write() as session:
            live.mark(session, rows[-1].id, LiveState.FAILED, code="encoder_failed", message="It failed.")
    rows.append(site.publish(stream["id"], LiveState.INTERRUPTED))
    shown = site.ours.get(f"{STREAMS}/{stream['id']}").json()
    assert shown["state"] == "interrupted"
    assert [line["id"] for line in shown["sessions"]] == [row.id for row in rows[::-1]]
    current = shown["sessions"][0]
    assert shown["current"] == current and current["ended_at"] is None and current["interrupted_at"] and not current["error"]
    assert current["playlist_url"] == f"/play/{current['playback_id']}/master.m3u8"
    assert shown["sessions"][1]["error"] == {"code": "encoder_failed", "message": "It failed."}
    assert shown["sessions"][1]["ended_at"]


def test_what_is_live_is_ended(site: Site) -> None:
    stream = site.make()
    url = f"{STREAMS}/{stream['id']}/end"
    problem(site.ours.post(url), 409, "not_live")
    row = site.publish(stream["id"])
    ended = site.ours.post(url)
    assert ended.status_code == 200 and ended.json()["state"] == "idle"
    assert ended.json()["sessions"][0]["state"] == "ended"
    assert site.heard == [(f"/sessions/{row.id}/end", "Bearer its-secret")]


def test_a_stream_is_deleted_and_its_videos_stay(site: Site) -> None:
    stream = site.make()
    row = site.publish(stream["id"])
    url = f"{STREAMS}/{stream['id']}"
    assert site.ours.delete(url).status_code == 204
    assert site.heard == [(f"/sessions/{row.id}/end", "Bearer its-secret")]
    problem(site.ours.get(url), 404, "live_stream_not_found")
    problem(site.ours.delete(url), 404, "live_stream_not_found")
    assert site.ours.get(STREAMS).json()["items"] == []
    assert site.ours.get(f"/api/v1/videos/{row.video_id}").status_code == 200
    with site.app.database.read() as session:
        assert live.stream_of_key(session, stream["stream_key"]) is None


def test_without_a_live_process_the_answer_says_so(site: Site) -> None:
    stream = site.make()
    row = site.publish(stream["id"])
    with site.app.database.write() as session:
        live.leave(session, "process")
    problem(site.ours.post(STREAMS, json={"name": "x"}), 503, "live_away")
    problem(site.ours.post(f"{STREAMS}/{stream['id']}/end"), 503, "live_away")
    shown = site.ours.get(f"{STREAMS}/{stream['id']}").json()
    assert shown["servers"] == [] and shown["current"]["id"] == row.id


def test_where_nothing_can_come_in_the_answer_says_what_to_install(site: Site) -> None:
    site.open({}, {"rtmp": "RTMP can not come in: nginx is not installed. apt-get install x", "srt": "No SRT."})
    said = problem(site.ours.post(STREAMS, json={"name": "x"}), 409, "live_off")
    assert "apt-get install x" in said and "No SRT." in said
    assert site.ours.get("/api/v1/videos").status_code == 200


def test_where_live_is_switched_off_the_answer_says_so(tmp_path: Path) -> None:
    app = build(Settings(data=tmp_path, transcribe=False, live=False))
    with ExitStack() as stack:
        said = problem(Site(app, stack).ours.post(STREAMS, json={"name": "x"}), 409, "live_off")
        assert "LECTERN_LIVE" in said
    app.database.dispose()


def test_moments_of_what_is_live_are_marked(site: Site) -> None:
    stream = site.make()
    url = f"{STREAMS}/{stream['id']}/markers"
    assert site.ours.get(url).json() == {"items": []}
    problem(site.ours.post(url, json={}), 409, "not_live")
    row = site.publish(stream["id"], LiveState.WAITING)
    first = site.ours.post(url, json={"title": " Beginning  "})
    assert first.status_code == 201 and first.json()["title"] == "Beginning" and 0 <= first.json()["at_s"] < 30
    mark = f"{url}/{first.json()['id']}"
    assert site.ours.patch(mark, json={"title": "Start"}).json() == first.json() | {"title": "Start"}
    for wrong in ({"title": "x" * 201}, {"title": "a\nb"}, {"at": "yesterday"}, {"at": "2026-01-01T00:00:00"}, {"at_s": 1}):
        problem(site.ours.post(url, json=wrong), 422, "invalid_request")
    for wrong_at in ("2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"):
        problem(site.ours.post(url, json={"at": wrong_at}), 422, "bad_moment")
    for answer in (site.theirs.get(url), site.theirs.post(url, json={}), site.theirs.patch(mark, json={"title": "mine"}),
                   site.theirs.delete(mark)):
        problem(answer, 404, "live_stream_not_found")
    assert site.ours.get(url, params={"session_id": row.id}).json()["items"] == [first.json() | {"title": "Start"}]
    problem(site.ours.get(url, params={"session_id": "lv_bbbbbbbbbbbbbbbb"}), 404, "live_session_not_found")
    assert site.ours.delete(mark).status_code == 204
    problem(site.ours.delete(mark), 404, "live_marker_not_found")
    with site.app.database.write() as session:
        for number in range(199):
            live_markers.add(session, row.id, "k", "", 0.0, float(number))
    problem(site.ours.post(url, json={}), 409, "too_many_markers")


def test_markers_become_chapters_that_no_found_ones_replace(site: Site) -> None:
    stream = site.make()
    row = site.publish(stream["id"])
    with site.app.database.write() as session:
        marks = ((12.3456, "Terms"), (12.3456, "Words"), (65.0, ""), (500.0, "Behind the end"))
        for at, (at_s, title) in enumerate(marks):
            live_markers.add(session, row.id, "k_1", title, at, at_s)
        video = session.get_one(Video, row.video_id)
        marked_chapters.save_chapters(session, video, 100.0)
        assert not chapters.save_machine(session, video, [Chapter(start_s=0, title="Found")])
    shown = site.ours.get(f"/api/v1/videos/{row.video_id}/chapters").json()
    assert shown["edited"] and [(one["start_s"], one["title"]) for one in shown["items"]] == [
        (0, "Physics 101"), (12.346, "Words"), (65, "1:05")]
    with site.app.database.write() as session:  # what somebody set since is theirs
        marked_chapters.save_chapters(session, session.get_one(Video, row.video_id), 100.0)
    assert site.ours.get(f"/api/v1/videos/{row.video_id}/chapters").json() == shown


def test_who_watches_is_counted_by_what_players_tell(site: Site) -> None:
    stream = site.make()
    row = site.publish(stream["id"])
    with site.app.database.read() as session:
        video = session.get_one(Video, row.video_id)
    token = page_tokens.of_page(site.app.database, video)

    def tell(viewing: str, kind: str, agent: str = "a browser") -> None:
        event = {"id": str(uuid4()), "seq": 0, "type": kind, "t": int(time.time() * 1000), "from": 0, "to": 1000}
        answer = site.ours.post("/api/v1/events", headers={"User-Agent": agent}, json={
            "v": 1, "sent_at": int(time.time() * 1000), "token": token, "video": video.playback_id, "session": viewing,
            "events": [event]})
        assert answer.json()["accepted"] == 1, answer.text

    def viewers() -> int | None:
        shown = site.ours.get(f"{STREAMS}/{stream['id']}").json()
        assert shown["sessions"][0] == shown["current"]
        assert site.ours.get(STREAMS).json()["items"][0]["current"]["viewers"] == shown["current"]["viewers"]
        return int(shown["current"]["viewers"])

    assert viewers() == 0
    tell("one", "play")
    tell("two", "watch")
    tell("only looks", "load")
    tell("machine", "watch", "a bot")
    assert viewers() == 2
    with site.app.events.write() as session:  # a while later
        session.execute(text("UPDATE events SET id = id - 31000000 WHERE kind = 1"))
    assert viewers() == 1


def test_recordings_are_deleted_when_their_organization_keeps_them_no_longer(site: Site) -> None:
    ours = site.make()["id"]
    theirs = site.theirs.post(STREAMS, json={"name": "Chemistry"}).json()["id"]
    old, fresh, running, foreign = (site.publish(stream, state) for stream, state in (
        (ours, LiveState.ENDED), (ours, LiveState.ENDED), (ours, LiveState.LIVE), (theirs, LiveState.ENDED)))
    with site.app.database.write() as session:
        for row, days in ((old, 31), (fresh, 29), (foreign, 400)):
            session.get_one(LiveSessionRow, row.id).ended_at = time.time() - days * live.DAY_S
        admin = keys.create(session, old.organization_id, "admin", [keys.Scope.ADMIN])[1]
        uploaded = catalogue.add(session, old.organization_id, video_id=new_id("v"), title="uploaded").id

    def there() -> set[str]:
        expire(site.app.database)
        with site.app.database.read() as session:
            return set(session.scalars(select(Video.id).where(Video.deleted_at.is_(None))))

    every = {old.video_id, fresh.video_id, running.video_id, foreign.video_id, uploaded}
    assert there() == every  # nothing is deleted unless somebody said so
    organization, headers = "/api/v1/organization", {"Authorization": f"Bearer {admin}"}
    for wrong in (0, -1, 1.5, "a month", 36501):
        problem(site.ours.patch(organization, json={"live_recording_days": wrong}, headers=headers), 422, "invalid_request")
    answer = site.ours.patch(organization, json={"live_recording_days": 30}, headers=headers)
    assert answer.status_code == 200 and answer.json()["live_recording_days"] == 30
    # What was live, long ago, of this organization; no upload, nothing that is live, nobody else's.
    assert there() == every - {old.video_id}
    assert site.ours.get(f"/api/v1/videos/{old.video_id}").status_code == 404
    assert site.ours.patch(organization, json={"name": "x"}, headers=headers).json()["live_recording_days"] == 30
    kept = site.ours.patch(organization, json={"live_recording_days": None}, headers=headers).json()
    assert kept["live_recording_days"] is None
    with site.app.database.write() as session:
        session.get_one(LiveSessionRow, fresh.id).ended_at = 1.0
    assert there() == every - {old.video_id}
