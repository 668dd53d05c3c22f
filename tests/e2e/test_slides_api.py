"""The slides of a lecture are there when it is rendered: when each is shown, its picture, its text."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from lecture_clips import ffmpeg
from service import ROOT, Service, until


def test_slides_come_by_themselves(service: Service, tmp_path: Path) -> None:
    talk = tmp_path / "talk.mp4"
    subprocess.run([ffmpeg(), "-v", "error", "-t", "60", "-i", ROOT / "infra/demo/sample-lecture.mp4", "-vf", "scale=-2:360",
                    "-preset", "ultrafast", "-c:a", "copy", talk], check=True)
    video = service.upload(talk)
    address = f"/api/v1/videos/{video['id']}/slides"
    with service.client() as client:
        assert set(client.get(address).json()) == {"looked", "why_none", "why_no_text", "items"}
        service.until_ready(video["id"])
        found = until(lambda: (answer := client.get(address).json())["looked"] and answer, 60, "the slides")
        assert found["why_none"] is None
        fresh = [one for one in found["items"] if not one["build"]]
        assert len(fresh) >= 4
        assert all(one["start_s"] < one["end_s"] <= 60.1 for one in found["items"])
        picture = client.get(fresh[1]["image_url"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
        if shutil.which("tesseract"):
            assert "lecture" in " ".join(one["text"] for one in fresh).lower()
        else:
            assert found["why_no_text"]


@pytest.mark.slow
def test_a_film_has_none(service: Service, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    subprocess.run([ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "mandelbrot=size=640x360:rate=25", "-t", "20", "-preset",
                    "ultrafast", "-pix_fmt", "yuv420p", film], check=True)
    video = service.upload(film)
    service.until_ready(video["id"])
    with service.client() as client:
        found = client.get(f"/api/v1/videos/{video['id']}/slides").json()
    assert found["items"] == [] and found["why_none"]
