"""A prediction of a video that was really uploaded: plain at first, then by what is said in it and along its chapters."""

from __future__ import annotations

from pathlib import Path

import pytest
from lecture_clips import Shape, make
from service import Service, until

from enrich.transcript import Transcript, Word
from infra.core.keys import SpeechKeys
from infra.db.models import Video
from infra.db.session import Database


def test_a_worker_finds_out_what_is_said_in_each_part(service: Service, tmp_path: Path) -> None:
    video = service.upload(make(tmp_path / "lecture.mp4", Shape(duration_s=50, size="160x90", rate=5, gop=10)))
    path = f"/api/v1/videos/{video['id']}/analytics/prediction"
    database = Database(f"sqlite:///{service.data / 'lectern.db'}")
    with database.read() as session:
        organization_id = session.get_one(Video, video["id"]).organization_id
    database.dispose()
    with service.client() as client:
        data = client.get(path).json()["data"]
        assert [(one["start_s"], one["end_s"]) for one in data["parts"]] == [(0, 22), (22, 44)]
        assert data["parts"][0]["features"]["speech_rate"] is None
        # As if it had been recognized: twenty words in the first ten seconds.
        words = tuple(Word(text=f" word{'abcdefghijklmnopqrst'[n]}", start_s=n / 2, end_s=n / 2 + 0.5, probability=1)
                      for n in range(20))
        written = service.data / "storage" / SpeechKeys.of(organization_id, video["id"]).transcript
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(Transcript(language="en", words=words).model_dump_json())
        answer = client.put(f"/api/v1/videos/{video['id']}/chapters", json=[
            {"start_s": 0, "title": "One"}, {"start_s": 17, "title": "Two"}])
        assert answer.status_code == 200, answer.text

        def told() -> list[dict[str, object]]:
            parts: list[dict[str, object]] = client.get(path).json()["data"]["parts"]
            return parts if parts[1]["start_s"] == 17 else []

        first, second = until(told, 120, "parts along the chapters")
        known = first["features"]
        assert isinstance(known, dict)
        assert known["speech_rate"] == pytest.approx(120) and known["silence"] == pytest.approx(7 / 17, abs=1e-4)
        assert known["new_words"] == pytest.approx(20 * 60 / 17, abs=1e-3) and known["slides_shown"] is None
        assert isinstance(second["features"], dict) and second["features"]["silence"] == 1
        assert client.get(f"/api/v1/videos/{video['id']}").json()["status"] in ("ready", "processing")
