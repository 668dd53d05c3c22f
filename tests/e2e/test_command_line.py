"""The commands where something is not as they need it: one sentence, an exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lecture_clips import CONTAINERS, make
from service import LECTERN, Program, Service, assert_no_trace, environment, one_sentence, run, until

Start = Callable[..., Service]


def test_up_keeps_its_key_from_others_and_starts_again_where_it_was(start: Start, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", CONTAINERS["mp4"])
    first = start()
    assert stat.S_IMODE((first.data / "admin.key").stat().st_mode) == 0o600
    assert first.key in first.program.output
    video = first.upload(film)
    first.stop()
    second = start()
    assert second.key == first.key
    assert second.key not in second.program.output
    second.until_ready(video["id"])
    refused = run("up", "--data", str(second.data), "--port", "0")
    assert "already runs" in one_sentence(refused, 1)
    assert second.video(video["id"])["status"] == "ready"
    assert second.program.interrupt() in (0, 130)
    assert_no_trace(second.program.output)


def test_up_on_a_port_that_is_taken_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("up", "--data", str(tmp_path / "data"), "--port", port)
    complaint = done.stderr.strip()
    assert done.returncode == 78, complaint
    assert_no_trace(done.stdout + complaint)
    assert complaint == f"lectern: Port {port} of 127.0.0.1 is in use by another program. Choose another with --port."


def test_up_where_it_can_not_write_or_listen_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one_sentence(run("up", "--data", str(tmp_path / "file"), "--port", "0"), 78)
    one_sentence(run("up", "--data", str(tmp_path / "data"), "--host", "203.0.113.9", "--port", "0"), 78)
    one_sentence(run("up", "--data", str(tmp_path / "data"), "--host", "no.such.host.invalid", "--port", "0"), 78)


@pytest.mark.parametrize(("name", "value"), [("LECTERN_MEDIA_WORKERS", "many"), ("LECTERN_LEASE_S", "-1"),
                                             ("LECTERN_SANDBOX", "perhaps"), ("LECTERN_FFMPEG", "/no/ffmpeg")])
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = run("up", "--data", str(tmp_path), "--port", "0", env=environment(**{name: value}))
    said = one_sentence(done, 78)
    assert (value if name == "LECTERN_FFMPEG" else name) in said


def test_ctrl_c_ends_up_at_any_moment_of_its_start(tmp_path: Path, program: Callable[..., Program]) -> None:
    for number, sign in enumerate(("admin key", "up.lock", "web")):
        data = tmp_path / str(number)
        begun = program("up", "--data", str(data), "--port", "0")
        if sign == "admin key":
            begun.line(sign)
        elif sign == "up.lock":
            until(lambda data=data: (data / "up.lock").exists(), 60, "the lock")
        else:
            until(lambda begun=begun: len(begun.family()) > 1, 60, "the first child")
        assert begun.interrupt() in (0, 130)
        assert_no_trace(begun.output)


def test_add_without_a_service_or_with_a_wrong_key_says_so(service: Service, clip: Path, tmp_path: Path) -> None:
    here = ("--server", service.url)
    nobody = run("add", str(clip), "--server", "http://127.0.0.1:9", "--data", str(service.data))
    assert "lectern up" in one_sentence(nobody, 69)
    for server in ("127.0.0.1:9", "ftp://x", "http://[", "nonsense"):
        one_sentence(run("status", "--server", server, "--data", str(service.data)), 69)
    one_sentence(run("add", str(clip), *here, "--data", str(tmp_path)), 78)
    for key in ("lec_wrong", "lec_wröng", "a b\nc"):
        one_sentence(run("add", str(clip), *here, env=environment(LECTERN_KEY=key)), 77)
    one_sentence(run("retry", "v_bbbbbbbbbbbbbbbb", *here, "--data", str(service.data)), 66)


def test_a_file_that_is_not_there_or_not_readable_is_named(service: Service, clip: Path, tmp_path: Path) -> None:
    known = ("--server", service.url, "--data", str(service.data))
    assert "none.mp4" in one_sentence(run("add", str(tmp_path / "none.mp4"), *known), 66)
    assert str(tmp_path) in one_sentence(run("add", str(tmp_path), *known), 66)
    secret = shutil.copy(clip, tmp_path / "secret.mp4")
    Path(secret).chmod(0)
    # Root may read everything, but for a process without that capability.
    drop = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    if drop and not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv")
    for arguments in (["add", secret, *known], ["process", secret, "--out", str(tmp_path / "out")], ["plan", secret]):
        done = subprocess.run([*drop, *LECTERN, *map(str, arguments)], capture_output=True, text=True, check=False,
                              timeout=120, env=environment())
        assert "secret.mp4" in one_sentence(done, 66)


def test_ctrl_c_ends_add_and_the_service_goes_on(service: Service, clip: Path, program: Callable[..., Program]) -> None:
    begun = program("add", str(clip), "--title", "left alone", "--server", service.url, "--data", str(service.data))
    begun.line("playable: ")
    assert begun.interrupt() in (0, 130)
    assert_no_trace(begun.output)
    with service.client() as client:
        video = next(v for v in client.get("/api/v1/videos").json()["items"] if v["title"] == "left alone")
        assert client.get(video["playlist_url"]).status_code == 200
        assert client.delete(f"/api/v1/videos/{video['id']}").status_code == 204


def test_status_and_doctor_speak_to_people_and_to_programs(service: Service) -> None:
    known = ("--server", service.url, "--data", str(service.data))
    done = run("status", *known, "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), list)
    assert run("status", *known).returncode == 0
    found = run("doctor", "--data", str(service.data), "--json")
    assert {"python", "ffmpeg", "port"} <= {check["name"] for check in json.loads(found.stdout)}
