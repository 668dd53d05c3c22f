"""Videos to watch, and what players send: for the tests and the bench of analytics."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from infra.db import audience
from infra.db.models import Video

_PLAN = json.loads((Path(__file__).parent / "golden" / "plans" / "mp4_1080p25.json").read_text())
_FRAMES_S = 25


def add_video(session: Session, organization_id: str, video_id: str, duration_s: int) -> Video:
    """A video that can be watched, if nothing of it is there."""
    end = duration_s * _FRAMES_S
    plan = _PLAN | {"boundaries": [*range(0, end, 6 * _FRAMES_S), end]}
    video = Video(id=video_id, organization_id=organization_id, playback_id="p" + video_id[1:], title=f"Lecture {video_id}",
                  plan=plan, plan_id="plan", created_at=1.0, updated_at=1.0)
    session.add(video)
    session.flush()
    audience.secret_of(session, organization_id, make=True)
    return video


def event(seq: int, kind: str, t: int, **more: Any) -> dict[str, Any]:
    """One event, as a player would name it."""
    return {"id": str(uuid.uuid4()), "seq": seq, "type": kind, "t": t, **more}


def watch(seq: int, t: int, from_s: float, to_s: float, rate: float = 1.0, **more: Any) -> dict[str, Any]:
    """Some seconds that were played."""
    return event(seq, "watch", t, **{"from": round(from_s * 1000), "to": round(to_s * 1000), "rate": rate, **more})


def batch(token: str, playback_id: str, session: str, events: list[dict[str, Any]], sent_at: int,
          viewer: str | None = None) -> dict[str, Any]:
    """The body of POST /events."""
    return {"v": 1, "sent_at": sent_at, "token": token, "video": playback_id, "session": session, "events": events,
            **({"viewer": viewer} if viewer else {})}


def viewing(chance: random.Random, duration_s: int, t: int, seq: int = 0) -> list[dict[str, Any]]:
    """What a player sends of one session: it plays, seeks, changes its speed, and leaves, at real pace."""
    found = [event(seq, "load", t)]
    at_s = 0.0 if chance.random() < 0.7 else chance.uniform(0, duration_s - 2)
    startup: int | None = chance.randrange(100, 3000)
    rate = 1.0
    for _ in range(chance.randrange(1, 12)):
        length_s = min(chance.choice([10.0, 10.0, 10.0, chance.uniform(0.2, 10)]), duration_s - at_s)
        if length_s > 0.1:
            t += round(length_s / rate * 1000) + chance.randrange(40)
            seq += 1
            extra = {"startup_ms": startup, "bitrate": 1_200_000, "height": 720} if startup else {}
            if chance.random() < 0.1:
                extra |= {"rebuffer_ms": chance.randrange(100, 4000), "rebuffers": 1}
                t += extra["rebuffer_ms"]
            startup = None
            found.append(watch(seq, t, at_s, at_s + length_s, rate, **extra))
            at_s += length_s
        roll = chance.random()
        if roll < 0.2 or at_s >= duration_s - 1:
            seq += 1
            to_s = chance.uniform(0, duration_s - 2)
            found.append(event(seq, "seek", t, seek_from=round(at_s * 1000), seek_to=round(to_s * 1000)))
            at_s = to_s
        elif roll < 0.3:
            rate = chance.choice([0.75, 1.0, 1.5, 2.0])
            t += 300
    return found
