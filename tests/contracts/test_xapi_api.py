"""xAPI over HTTP: a viewing as another player tells it becomes curves, once, and comes out as statements again."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from analytics_app import VIDEO, Site, both
from audiences import watch

from player_api import cursors
from player_api.analytics import tokens
from player_api.analytics.tokens import Claims
from player_api.analytics.xapi import EXTENSIONS
from player_api.keys import Scope

URL = "/api/v1/xapi/statements"
VERSION = {"X-Experience-API-Version": "1.0.3"}
_GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "xapi" / "viewing.json").read_text())["statements"]


def stamp(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()


def golden(site: Site, began_s: float | None = None) -> list[dict[str, Any]]:
    """The golden viewing, of the site's video, an hour ago."""
    began_s = time.time() - 3600 if began_s is None else began_s
    told: list[dict[str, Any]] = json.loads(json.dumps(_GOLDEN).replace(
        "OBJECT", f"https://lectern.example/watch/{site.video.playback_id}"))
    for one in told:
        one["timestamp"] = stamp(began_s + float(one["timestamp"].removeprefix("AT+")))
    return told


def send(site: Site, body: Any, **headers: str) -> httpx.Response:
    return site.player.post(URL, json=body, headers=VERSION | headers)


def seen(site: Site, learner: str = "anna") -> dict[str, Any]:
    site.count()
    [line] = site.analyst.get(f"/api/v1/learners/{learner}/progress").json()["items"]
    return dict(line)


@both
def test_a_golden_viewing_becomes_its_seconds(site: Site) -> None:
    told = golden(site)
    answer = send(site, told)
    assert answer.status_code == 200, answer.text
    assert answer.json() == [one["id"] for one in told]
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    # 0..8, 8..14 of which 10..14 at double speed, 4..8 again at double speed, 12..20.
    line = seen(site)
    assert line["seen"] == [[0, 20]] and line["completed"] is True
    assert line["watch_content_s"] == 8 + 6 + 4 + 8
    assert line["watch_wall_s"] == 8 + 2 + 2 + 2 + 8
    data = site.analyst.get("/api/v1/learners/anna/data").json()
    watched = [(one["from_ms"] / 1000, one["to_ms"] / 1000, one["rate"]) for one in data["events"] if one["type"] == "watch"]
    assert watched == [(0, 8, 1), (8, 10, 1), (10, 14, 2), (4, 8, 2), (12, 20, 1)]
    assert all(one["counted"] for one in data["events"])
    send(site, golden(site) and told)
    assert seen(site)["watch_content_s"] == 26  # known by their ids


@pytest.mark.parametrize("how", ["one by one", "put", "each twice", "token"])
def test_one_by_one_is_the_same_as_together(site: Site, how: str) -> None:
    token = tokens.sign(site.secret, Claims("ours", site.video.playback_id, int(time.time()) + 99,
                                            tokens.external_key(site.secret, "anna"), True))
    for one in golden(site):
        if how == "put":
            answer = site.player.put(URL, params={"statementId": one["id"]}, json=one, headers=VERSION)
            assert (answer.status_code, answer.content) == (204, b"")
            continue
        for _ in range(2 if how == "each twice" else 1):
            client = site.page if how == "token" else site.player
            bearer = {"Authorization": f"Bearer {token}"} if how == "token" else {}
            answer = client.post(URL, json=one, headers=VERSION | bearer)
            assert answer.status_code == 200 and answer.json() == [one["id"]], answer.text
    line = seen(site)
    assert (line["seen"], line["watch_content_s"], line["watch_wall_s"]) == ([[0, 20]], 26, 22)


def test_many_tell_of_one_session_at_once(site: Site) -> None:
    told = golden(site)
    began, played, paused = told[0], told[1], told[2]
    for one in (began, played):
        assert send(site, one).status_code == 200
    chance = random.Random(3)
    notes = [told[4] | {"id": str(uuid.UUID(int=chance.getrandbits(128), version=4)), "timestamp": began["timestamp"],
                        "result": {"extensions": {f"{EXTENSIONS}time": 0}}} for _ in range(24)]
    answers: list[int] = []
    threads = [threading.Thread(target=lambda one=one: answers.append(send(site, one).status_code)) for one in notes]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == [200] * 24
    assert send(site, paused).status_code == 200
    data = site.analyst.get("/api/v1/learners/anna/data")
    assert data.status_code == 404  # not counted yet
    assert seen(site)["seen"] == [[0, 8]]
    events = site.analyst.get("/api/v1/learners/anna/data").json()["events"]
    assert sum(one["type"] == "rate" for one in events) == 24


def test_an_anonymous_viewer_is_no_learner_and_who_said_no_is_nobody(site: Site) -> None:
    anonymous, silent = ({"Authorization": f"Bearer {token}"} for token in (
        site.token, site.learner_token("anna", consent=False)))
    assert site.page.post(URL, json=golden(site), headers=VERSION | anonymous).status_code == 200
    told = golden(site)
    for one in told:
        one["id"] = str(uuid.uuid4())
    told[0]["id"] = told[0]["context"]["extensions"][f"{EXTENSIONS}session-id"]
    assert site.page.post(URL, json=told, headers=VERSION | silent).status_code == 200
    site.count()
    assert site.analyst.get("/api/v1/learners/anna/progress").json()["items"] == []
    assert site.ask("summary").json()["suppressed"] is not None  # one viewer that has a name is fewer than two


def wrong(site: Site) -> list[tuple[str, Any, str]]:
    told = golden(site)[3]

    def but(**changes: Any) -> dict[str, Any]:
        return {key: value for key, value in (told | changes).items() if value is not None}

    return [
        ("a text", "x", "A statement is an object."),
        ("another verb", but(verb={"id": "http://adlnet.gov/expapi/verbs/experienced"}), "none of the xAPI Video Profile"),
        ("no verb", but(verb=None), "none of the xAPI Video Profile"),
        ("no session", but(context={}), "session-id"),
        ("no time", but(result={}), "lacks the result extension time"),
        ("a time that is none", but(result={"extensions": {f"{EXTENSIONS}time": "now"}}), "is seconds"),
        ("no actor", but(actor=None), "Its actor"),
        ("a group", but(actor={"objectType": "Group", "mbox": "mailto:a@b.example"}), "Its actor"),
        ("an id that is none", but(id="17"), "UUID"),
        ("a day that is none", but(timestamp="yesterday"), "timestamp"),
        ("long ago", but(timestamp=stamp(time.time() - 8 * 86400)), "7 days"),
        ("tomorrow", but(timestamp=stamp(time.time() + 86400)), "ahead of now"),
        ("another video", but(object={"id": "https://lectern.example/watch/p_nobody"}), "playback id"),
        ("no video", but(object={}), "Its object"),
    ]


def test_where_one_is_wrong_nothing_is_kept(site: Site) -> None:
    good = golden(site)
    for name, one, said in wrong(site):
        answer = send(site, [*good[:3], one])
        assert answer.status_code == 400, (name, answer.text)
        body = answer.json()
        assert body["code"] == "bad_statements" and answer.headers["X-Experience-API-Version"] == "1.0.3"
        [fault] = body["errors"]
        assert fault["field"] == "statements.3" and said in fault["message"], (name, fault)
    site.count()
    assert site.analyst.get("/api/v1/learners/anna/progress").json()["items"] == []
    assert send(site, [good[0], good[0]]).status_code == 400
    assert send(site, []).json() == []
    for content, status in ((b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b" " * (1 << 20) + b" ", 413)):
        assert site.player.post(URL, content=content, headers=VERSION).status_code == status
    answer = site.player.put(URL, params={"statementId": str(uuid.uuid4())}, json=good[1])
    assert answer.status_code == 400 and "address" in answer.json()["detail"]
    assert send(site, good, **{"X-Experience-API-Version": "0.95"}).json()["code"] == "xapi_version"
    assert send(site, good[0], **{"X-Experience-API-Version": "2.0.0"}).headers["X-Experience-API-Version"] == "2.0.0"
    assert site.page.get("/api/v1/xapi/about").json() == {"version": ["1.0.3", "2.0.0"]}


def test_only_those_may_who_should(site: Site) -> None:
    told = golden(site)[0]
    other = tokens.sign(site.secret, Claims("ours", "p_other", int(time.time()) + 99, 1, True))
    old = tokens.sign(site.secret, Claims("ours", site.video.playback_id, int(time.time()) - 9, 1, True))
    for client, bearer, status in ((site.page, "", 401), (site.page, "WyJnone", 401), (site.page, old, 401),
                                   (site.page, other, 404), (site.analyst, None, 403)):
        headers = VERSION | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        assert client.post(URL, json=told, headers=headers).status_code == status, bearer
    theirs = site.client("theirs", Scope.ADMIN)
    assert theirs.post(URL, json=told, headers=VERSION).json()["code"] == "bad_statements"  # no video of theirs
    assert theirs.get("/api/v1/learners/anna/xapi/statements").status_code == 404


def test_what_was_watched_comes_out_page_by_page_and_goes_in_again(site: Site) -> None:
    assert send(site, golden(site)).status_code == 200
    for number in range(4):  # and as Lectern's own player tells it
        t = round((time.time() - 7200) * 1000)
        assert site.post([watch(0, t, 0, 5), watch(1, t + 9000, 5, 12)], None, session=f"own{number}",
                         token=site.learner_token("anna")).status_code == 202
    site.count()
    url, found, pages = "/api/v1/learners/anna/xapi/statements?limit=2", [], 0
    while url:
        answer = site.analyst.get(url)
        assert answer.status_code == 200, answer.text
        found += answer.json()["statements"]
        url, pages = answer.json()["more"], pages + 1
    assert pages == 3
    sessions = {one["context"]["extensions"][f"{EXTENSIONS}session-id"] for one in found}
    assert len(sessions) == 5 and len({one["id"] for one in found}) == len(found)
    assert {one["actor"]["account"]["name"] for one in found} == {"anna"}
    assert {one["object"]["id"] for one in found} == {f"{site.url}/watch/{site.video.playback_id}"}
    before = seen(site)
    # To another installation; here to another learner of this one.
    told = json.loads(json.dumps(found).replace('"anna"', '"bella"'))
    assert send(site, told).status_code == 200
    after = seen(site, "bella")
    assert {key: after[key] for key in ("seen", "watch_content_s", "watch_wall_s", "completed")} == {
        key: before[key] for key in ("seen", "watch_content_s", "watch_wall_s", "completed")}
    for wrong in ("x", *(cursors.pack(*place) for place in ((1,), (1, 2, 3), ("1", "2"), (1, 2.5), (True, 1)))):
        answer = site.analyst.get("/api/v1/learners/anna/xapi/statements", params={"cursor": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
    assert site.analyst.get("/api/v1/learners/anna/xapi/statements", params={"video_id": VIDEO}).json()["statements"]
    assert site.analyst.get("/api/v1/learners/anna/xapi/statements", params={"video_id": "v_no"}).json()["statements"] == []
