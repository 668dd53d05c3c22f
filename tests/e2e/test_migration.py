"""An installation that outgrew its machine: the embedded database and storage, migrated, serve the same videos."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import m3u8
import pytest
from lecture_clips import Shape, make
from service import Service, environment, run

from infra.deploy.native.postgres import Postgres
from infra.deploy.native.radosgw import Radosgw
from tests.servers import postgres, servers_folder  # noqa: F401 - fixtures


def everything(service: Service, playback_id: str) -> dict[str, str]:
    """The hash of every playlist, manifest, init section and cell, and of the poster."""
    root = f"/play/{playback_id}"
    with service.client("") as viewer:

        def fetch(path: str) -> bytes:
            answer = viewer.get(f"{root}/{path}")
            assert answer.status_code == 200, (path, answer.text)
            found[path] = hashlib.sha256(answer.content).hexdigest()
            return answer.content

        found: dict[str, str] = {}
        master = m3u8.loads(fetch("master.m3u8").decode())
        for path in ("manifest.mpd", "thumbnail.jpg"):
            fetch(path)
        known = [v.uri for v in master.playlists if v.stream_info.codecs.startswith("avc1")]
        for uri in known + [m.uri for m in master.media]:
            folder = uri.rpartition("/")[0]
            fetch(f"{folder}/init.mp4")
            for segment in m3u8.loads(fetch(uri).decode()).segments:
                fetch(f"{folder}/{segment.uri}")
    return found


def shown(service: Service) -> list[dict[str, Any]]:
    """What the API says of all videos."""
    with service.client() as client:
        items: list[dict[str, Any]] = client.get("/api/v1/videos").json()["items"]
    return items


@pytest.mark.slow
def test_the_same_videos_from_the_big_installation(
    postgres: Postgres, s3_server: Radosgw, tmp_path: Path  # noqa: F811 - pytest's way to ask for a fixture
) -> None:
    data = tmp_path / "data"
    small = Service.start(data)
    made = small.upload(make(tmp_path / "lecture.mp4", Shape(duration_s=20, size="640x360", rate=10)), title="Grown")
    small.until_ready(made["id"])
    before, videos = everything(small, made["playback_id"]), shown(small)
    assert len(before) > 10
    small.stop()

    bucket = f"migrated-{os.getpid()}"
    s3_server.make_bucket(bucket)
    secrets = {"LECTERN_S3_ACCESS_KEY": s3_server.access_key, "LECTERN_S3_SECRET_KEY": s3_server.secret_key}
    database = postgres.create_database(f"migrated_{os.getpid()}")
    for command, target in (("migrate-storage", s3_server.url(bucket)), ("migrate-db", database)):
        done = run(command, target, "--data", str(data), env=environment(**secrets))
        assert done.returncode == 0, done.stdout + done.stderr

    # Nothing but the key comes along: another machine.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(data / "admin.key", elsewhere)
    big = Service.start(elsewhere, LECTERN_DATABASE_URL=database, LECTERN_STORAGE_URL=s3_server.url(bucket),
                        **secrets)
    try:
        assert shown(big) == videos
        assert everything(big, made["playback_id"]) == before
    finally:
        big.stop()
