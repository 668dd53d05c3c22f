"""SIGKILL to the web process and to who counts: no event that was acknowledged is lost, none counts twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from analytics_site import ALL, oracle, snapshot
from audiences import add_video, batch, viewing
from granted import granted_s

from infra.core.settings import Settings
from infra.db import audience, inbox
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.models import Organization
from infra.db.session import Database, url_of
from infra.deploy.native.server import free_port
from player_api.analytics import merge, stored, tokens
from player_api.analytics.kinds import Row
from player_api.analytics.rollup import count, rebuild

DURATION_S = 120
PROGRAMS = ("infra.runtime.web", "infra.runtime.rollup", "infra.runtime.rollup")


class Player:
    """Sends viewings until it is told to stop; a batch that was not answered is sent again, as a browser does."""

    def __init__(self, url: str, secret: bytes, playback_id: str, seed: int) -> None:
        self.acknowledged: dict[str, dict[str, Any]] = {}  # by event id
        self.wrong: list[str] = []
        self._ending = threading.Event()
        self._of = (url, secret, playback_id, random.Random(seed))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        url, secret, playback_id, chance = self._of
        token = tokens.anonymous(secret, "o", playback_id, time.time())
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            while not self._ending.is_set():
                now_ms = time.time_ns() // 1_000_000
                events = viewing(chance, DURATION_S, now_ms - 600_000)
                session, viewer = str(uuid.uuid4()), str(chance.random())
                body = json.dumps(batch(token, playback_id, session, events, now_ms, viewer))
                while True:
                    try:
                        answer = client.post("/api/v1/events", content=body)
                    except httpx.HTTPError:
                        if self._ending.wait(0.05):
                            return
                        continue
                    if answer.status_code == 202:
                        told = answer.json()
                        if told["accepted"] + told["duplicate"] != len(events) or told["rejected"]:
                            self.wrong.append(answer.text)
                        self.acknowledged |= {each["id"]: each for each in events}
                        break
                    if answer.status_code < 500:
                        self.wrong.append(answer.text)
                        return


def run(settings: Settings, victims: Sequence[int], seed: int) -> None:
    database = Database(url_of(settings))
    upgrade(database)
    events = open_inbox(database)
    upgrade(events)
    with database.write() as session:
        session.add(Organization(id="o", name="o", created_at=0.0))
        session.flush()
        video = add_video(session, "o", "v_1", DURATION_S)
        secret = audience.secret_of(session, "o")
        number = audience.find_or_add(session, video, DURATION_S * 1000).number
    assert secret is not None
    port = free_port()
    environment = os.environ | settings.environment() | {"LECTERN_PORT": str(port), "LECTERN_ROLLUP_S": "0.05"}

    def start(program: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", program], env=environment, cwd=Path(__file__).parents[2])

    processes = [start(program) for program in PROGRAMS]
    players = [Player(f"http://127.0.0.1:{port}", secret, video.playback_id, seed + each) for each in range(3)]
    chance = random.Random(seed)
    try:
        for victim in victims:
            before = sum(len(player.acknowledged) for player in players)
            deadline_s = granted_s() + 60
            while sum(len(player.acknowledged) for player in players) < before + 30:  # it is at work
                assert granted_s() < deadline_s and not any(player.wrong for player in players), players[0].wrong
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.3))
            processes[victim].send_signal(signal.SIGKILL)
            processes[victim].wait()
            processes[victim] = start(PROGRAMS[victim])
    finally:
        for player in players:
            player.stop()
        for process in processes:
            process.kill()
            process.wait()
    assert not [wrong for player in players for wrong in player.wrong]
    while count(database, events):
        pass
    with events.read() as session:
        rows = [Row._make(row) for row in inbox.of_video(session.connection(), number, 0, 2**62)]
    kept = {row.uid & 0xFFFFFFFFFFFFFFFF for row in rows}
    acknowledged = {key for player in players for key in player.acknowledged}
    folded = {(value.int ^ value.int >> 64) & 0xFFFFFFFFFFFFFFFF for value in map(uuid.UUID, acknowledged)}
    assert len(kept) == len(rows) and folded <= kept
    assert len(acknowledged) > 30 * len(victims)
    truth, _, _ = oracle(rows, DURATION_S)
    with database.read() as session:
        total = stored.curve(*audience.curves(session, number)[ALL])
    assert np.array_equal(total.counts, truth.counts[:, :total.counts.shape[1]])
    assert total.counts.sum() == truth.counts.sum() and total.sums[merge.LEARNERS:] == truth.sums[merge.LEARNERS:]
    counted = snapshot(database, number)
    assert rebuild(database, events, number)
    assert snapshot(database, number) == counted
    for each in {database, events}:
        each.dispose()


def test_a_few_kills(tmp_path: Path) -> None:
    run(Settings(data=tmp_path), [1, 0], 1)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("kind", "kills"), [pytest.param("sqlite", 100, marks=pytest.mark.slow),
                                             pytest.param("postgresql", 100, marks=pytest.mark.release)])
def test_many_kills(kind: str, kills: int, tmp_path: Path, database_of: Callable[..., str]) -> None:
    chance = random.Random(2)
    run(Settings(data=tmp_path, database_url="" if kind == "sqlite" else database_of(kind)),
        [chance.randrange(len(PROGRAMS)) for _ in range(kills)], 2)
