"""Viewings that are told to a service as a school's own page would, without a player."""

from __future__ import annotations

import json
import time
from typing import Any

from audiences import batch, event, watch
from service import Service, until

Pieces = list[tuple[float, float]]


def view(service: Service, video: dict[str, Any], learner: str, pieces: Pieces, **more: Any) -> None:
    """One learner opens the page and plays these seconds, one after the other; they are over by now. `more` of each."""
    with service.client() as client:
        answer = client.post(f"/api/v1/videos/{video['id']}/event-tokens", json={"learner": learner})
        assert answer.status_code == 201, answer.text
        now = time.time_ns() // 1_000_000
        at = now - round(sum(end_s - start_s + 1 for start_s, end_s in pieces) * 1000)
        events = [event(0, "load", at)]
        for seq, (start_s, end_s) in enumerate(pieces, 1):
            at += round((end_s - start_s + 1) * 1000)
            events.append(watch(seq, at, start_s, end_s, **({"startup_ms": 800} if seq == 1 else {}), **more))
        body = batch(answer.json()["token"], video["playback_id"], f"s-{learner}", events, now)
        told = client.post("/api/v1/events", content=json.dumps(body), headers={"Content-Type": "text/plain"})
    assert told.status_code == 202 and told.json()["accepted"] == len(events), told.text


def counted(service: Service, video: dict[str, Any], learners: int) -> None:
    """Wait until so many learners are counted."""
    with service.client() as client:
        at = f"/api/v1/videos/{video['id']}/analytics/summary"
        until(lambda: client.get(at).json()["n_learners"] == learners, 20, f"{learners} learners in the summary")
