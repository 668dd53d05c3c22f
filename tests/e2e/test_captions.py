"""Captions that people send: checked, listed for players, shown in a browser, and never lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import m3u8
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from service import Service, until

Watch = Callable[..., Watching]
VTT = """WEBVTT

00:00.500 --> 00:05.000
Ein Graph hat <i>Knoten</i>.

00:05.500 --> 00:11.000 line:10%
Und Kanten.
"""
SRT = "1\n00:00:00,500 --> 00:00:05,000\nA graph has nodes.\n\n2\n00:00:05,500 --> 00:00:11,000\nAnd edges.\n"


@pytest.fixture(scope="module")
def lecture(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    clip = make(tmp_path_factory.mktemp("captions") / "lecture.mp4", Shape(duration_s=12))
    return service.upload(clip, language="en")


def put(service: Service, video: dict[str, str], language: str, text: str, **headers: str) -> tuple[int, dict[str, str]]:
    with service.client() as client:
        answer = client.put(f"/api/v1/videos/{video['id']}/captions/{language}", content=text.encode(), headers=headers)
    return answer.status_code, answer.json()


def test_players_are_offered_what_was_sent(service: Service, lecture: dict[str, str], watch: Watch) -> None:
    assert put(service, lecture, "de", VTT)[0] == 201
    status, line = put(service, lecture, "en", SRT)
    assert (status, line["label"], line["revision"]) == (201, "English", 1)
    with service.client() as client:
        master_url = lecture["playlist_url"]
        base = master_url.rpartition("/")[0]

        def texts() -> list[m3u8.Media]:
            return [one for one in m3u8.loads(client.get(master_url).text).media if one.type == "SUBTITLES"]

        offered = until(lambda: len(found := texts()) == 2 and found, 10, "two languages")
        assert {(one.language, one.name, bool(one.characteristics)) for one in offered} == {
            ("de", "Deutsch", False), ("en", "English", True)}
        assert 'SUBTITLES="text"' in client.get(master_url).text
        english = next(one for one in offered if one.language == "en")
        playlist = m3u8.loads(client.get(f"{base}/{english.uri}").text)
        assert sum(segment.duration for segment in playlist.segments) == pytest.approx(12)
        folder = f"{base}/{english.uri.rpartition('/')[0]}"
        pieces = [client.get(f"{folder}/{segment.uri}") for segment in playlist.segments]
        assert all(piece.headers["content-type"] == "text/vtt; charset=utf-8" for piece in pieces)
        assert "immutable" in pieces[0].headers["cache-control"]
        assert ["nodes" in piece.text for piece in pieces] == [True, True, True, False]
        assert client.get(f"{folder}/99.vtt").status_code == 404
        manifest = client.get(f"{base}/manifest.mpd").text
        assert 'mimeType="text/vtt" lang="en"' in manifest
        assert "<BaseURL>captions/en/1/all.vtt</BaseURL>" in manifest
        assert client.get(f"{base}/captions/en/1/all.vtt").text == (
            "WEBVTT\n\n00:00:00.500 --> 00:00:05.000\nA graph has nodes.\n\n00:00:05.500 --> 00:00:11.000\nAnd edges.\n")

    page = watch(f"{service.url}{lecture['watch_url']}")
    assert page.ask("[...video.textTracks].map((track) => track.label)") == ["Deutsch", "English"]
    page.ask("void (hls.subtitleTrack = 1)")
    page.play()
    page.until_true("[...video.textTracks].some((track) => track.mode === 'showing' && track.activeCues?.length)")
    shown = page.ask("[...video.textTracks].find((track) => track.mode === 'showing').activeCues[0].text")
    assert shown == "A graph has nodes."
    page.seek(8)
    page.until_true("[...video.textTracks].find((track) => track.mode === 'showing').activeCues?.[0]?.text === 'And edges.'")


def test_an_edit_is_a_revision_and_nothing_is_lost(service: Service, lecture: dict[str, str]) -> None:
    status, first = put(service, lecture, "fr", VTT)
    assert (status, first["revision"]) == (201, 1)
    status, second = put(service, lecture, "fr", SRT, **{"If-Match": '"1"'})
    assert (status, second["revision"]) == (200, 2)
    status, problem = put(service, lecture, "fr", VTT, **{"If-Match": '"1"'})
    assert (status, problem["code"]) == (409, "captions_changed")
    at = f"/api/v1/videos/{lecture['id']}/captions"
    with service.client() as client:
        assert "Knoten" in client.get(f"{at}/fr?revision=1").text
        newest = client.get(f"{at}/fr")
        assert (newest.headers["etag"], "graph" in newest.text) == ('"2"', True)
        assert client.get(f"{at}/fr?format=srt").text.startswith("1\n00:00:00,500 --> 00:00:05,000\nA graph has nodes.\n")
        assert client.get(f"{at}/fr?format=txt").text == "A graph has nodes. And edges.\n"
        assert client.delete(f"{at}/fr").status_code == 204
        assert client.get(f"{at}/fr").status_code == 404
        assert client.delete(f"{at}/fr").status_code == 404
        assert "fr" not in [one["language"] for one in client.get(at).json()["items"]]
        history = client.get(f"{at}/fr/revisions").json()["items"]
        assert [(one["revision"], one["deleted"]) for one in history] == [(3, True), (2, False), (1, False)]
        assert "graph" in client.get(f"{at}/fr?revision=2").text
    assert put(service, lecture, "fr", SRT)[1]["revision"] == 4


@pytest.mark.parametrize(("language", "text", "status", "said"), [
    ("en", "WEBVTT\n\n00:01.000 --> 00:00.500\nA\n", 422, "Line 3 can not be used: it ends before it begins"),
    ("en", "<html>", 422, "neither WebVTT"),
    ("EN_us", SRT, 422, "Did you mean en-US?"),
    ("klingon!", SRT, 422, "not a language"),
    ("en", "WEBVTT\n\n00:30.000 --> 00:31.000\nA\n", 422, "which is 12.000 s long"),
    ("en", "x" * (9 << 20), 413, "8 MB"),
])
def test_what_is_wrong_is_said(service: Service, lecture: dict[str, str], language: str, text: str, status: int, said: str
                               ) -> None:
    found, problem = put(service, lecture, language, text)
    assert found == status
    assert said in problem["detail"]


def test_captions_belong_to_the_organization(service: Service, lecture: dict[str, str], tmp_path: Path) -> None:
    with service.client(key="lec_nobody") as client:
        assert client.get(f"/api/v1/videos/{lecture['id']}/captions").status_code == 401
    with service.client() as client:
        assert client.get("/api/v1/videos/v_none/captions").status_code == 404
        assert client.get(f"/play/{lecture['playback_id']}/captions/it/1/all.vtt").status_code == 404
