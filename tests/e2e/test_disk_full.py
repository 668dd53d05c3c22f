"""A disk that fills up: uploads are refused, what is there plays on, and nobody has to mend anything afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lecture_clips import Shape, make
from service import Service, until

MIB = 1 << 20
RESERVE = 8 * MIB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MiB."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root can mount a disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("this container may not mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_uploads_but_not_viewers_and_mends_itself(
        small_disk: Path, start: Callable[..., Service], tmp_path: Path) -> None:
    shape = Shape(duration_s=90, size="640x360", rate=10)
    film = make(tmp_path / "film.mp4", shape)
    service = start(data=small_disk / "data", LECTERN_RESERVE_BYTES=str(RESERVE))
    video = service.upload(film)
    base = video["playlist_url"].rpartition("/")[0]
    with service.client() as client:
        seen = client.get(f"{base}/h264-360p/0.m4s")
        assert seen.status_code == 200

        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            file.write(b"\0" * max(0, shutil.disk_usage(small_disk).free - RESERVE // 2))
        for _ in range(2):
            refused = service.post_file(film)
            assert (refused.status_code, refused.json()["code"]) == (507, "disk_full"), refused.text
        assert [found["id"] for found in client.get("/api/v1/videos").json()["items"]] == [video["id"]]
        with ballast.open("ab", buffering=0) as file:  # now to the last byte
            while shutil.disk_usage(small_disk).free:
                try:
                    file.write(b"\0" * 4096)
                except OSError:
                    break
        assert client.get(f"{base}/h264-360p/0.m4s").content == seen.content
        assert client.get(f"{base}/master.m3u8").status_code == 200
        late = client.get(f"{base}/h264-360p/14.m4s")  # not rendered, or no longer to be
        assert late.status_code in (200, 503, 507, 500), late.text
        if late.status_code != 200:
            assert "Traceback" not in late.text
            assert late.headers["Content-Type"] == "application/problem+json"

        ballast.unlink()
        until(lambda: service.post_file(film).status_code == 201, 30, "uploads are taken again")
        again = client.get("/api/v1/videos").json()["items"][0]
        client.delete(f"/api/v1/videos/{again['id']}")
        ready = service.until_ready(video["id"], 240)
        assert ready["error"] is None
        for k in range(ready_segments(client.get(f"{base}/h264-360p/index.m3u8").text)):
            assert client.get(f"{base}/h264-360p/{k}.m4s").status_code == 200
    service.program.end()
    assert "Traceback" not in service.program.output


def ready_segments(playlist: str) -> int:
    """How many segments a media playlist lists."""
    return playlist.count("#EXTINF")
