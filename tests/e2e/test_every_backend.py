"""One lecture through every pair of a database, a broker and a storage: the same bytes come out."""

from __future__ import annotations

import hashlib
import itertools
import os
from pathlib import Path

import pytest
from lecture_clips import Shape, make
from service import Service

from tests.servers import postgres, rabbitmq, redis, servers_folder  # noqa: F401 - fixtures

# Each two of them meet once; test_native_stack.py and test_migration.py have more.
COMBINATIONS = [("sqlite", "folder", "s3"), ("sqlite", "redis", "directory"), ("sqlite", "rabbitmq", "s3"),
                ("postgresql", "folder", "directory"), ("postgresql", "redis", "s3"),
                ("postgresql", "rabbitmq", "directory")]
_seen: set[str] = set()


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("backends") / "lecture.mp4", Shape(duration_s=9, size="640x360", rate=10))


def cells(service: Service, playback_id: str) -> str:
    """One hash over all cells."""
    digest = hashlib.sha256()
    with service.client("") as viewer:
        for rendition, k in itertools.product(("h264-360p", "aac"), range(4)):
            answer = viewer.get(f"/play/{playback_id}/{rendition}/{k}.m4s")
            assert answer.status_code == 200, answer.text
            digest.update(answer.content)
    return digest.hexdigest()


@pytest.mark.slow  # minutes; test_native_stack.py has the largest of them
@pytest.mark.parametrize(("database", "broker", "storage"), [pytest.param(*names, id="-".join(names))
                                                             for names in COMBINATIONS])
def test_a_lecture_becomes_the_same_cells(request: pytest.FixtureRequest, lecture: Path, tmp_path: Path,
                                          database: str, broker: str, storage: str) -> None:
    settings = {}
    if database == "postgresql":
        name = f"up_{os.getpid()}_{broker}_{storage}"
        settings["LECTERN_DATABASE_URL"] = request.getfixturevalue("postgres").create_database(name)
    if broker != "folder":
        settings["LECTERN_BROKER_URL"] = request.getfixturevalue(broker).url
        settings["LECTERN_BROKER_PREFIX"] = f"{database}-{storage}"
    if storage == "s3":
        server = request.getfixturevalue("s3_server")
        bucket = f"up-{os.getpid()}-{database}-{broker}"
        server.make_bucket(bucket)
        settings |= {"LECTERN_STORAGE_URL": server.url(bucket), "LECTERN_S3_ACCESS_KEY": server.access_key,
                     "LECTERN_S3_SECRET_KEY": server.secret_key}
    service = Service.start(tmp_path / "data", **settings)
    try:
        video = service.upload(lecture)
        service.until_ready(video["id"])
        _seen.add(cells(service, video["playback_id"]))
        assert len(_seen) == 1, "other bytes than with other backends"
    finally:
        service.stop()
