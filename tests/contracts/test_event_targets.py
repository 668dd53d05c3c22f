"""Many who come at once with tokens that nobody has looked up yet: each gets its own answer, and few queries are asked."""

from __future__ import annotations

import asyncio
import time

from analytics_app import Site, both
from audiences import add_video
from sqlalchemy import event

from infra.core.errors import LecternError
from player_api.analytics import tokens
from player_api.analytics.targets import Target, Targets
from player_api.analytics.tokens import Claims


@both
def test_those_who_come_together_are_looked_up_together(site: Site) -> None:
    with site.app.database.write() as session:
        videos = [add_video(session, "ours", f"v_{number:016d}", 20 + number) for number in range(40)]
    expires_s = int(time.time()) + 60
    good = {tokens.sign(site.secret, Claims("ours", video.playback_id, expires_s, None, True)): 1000 * (20 + number)
            for number, video in enumerate(videos)}
    bad = {"nobody's": "bad_events_token",
           tokens.sign(b"x" * 32, Claims("ours", videos[0].playback_id, expires_s, None, True)): "bad_events_token",
           tokens.sign(site.secret, Claims("ours", "gone", expires_s, None, True)): "video_not_found",
           tokens.sign(site.secret, Claims("theirs", videos[0].playback_id, expires_s, None, True)): "bad_events_token"}
    asked: list[str] = []
    event.listen(site.app.database.engine, "after_cursor_execute", lambda *call: asked.append(call[2]))

    async def ask() -> tuple[list[Target | BaseException], list[Target]]:
        targets = Targets(site.app.database)
        # Every token twice: who waits for the same is answered with it.
        first = await asyncio.gather(*(targets.of(token, time.time()) for token in [*good, *bad, *good]),
                                     return_exceptions=True)
        asked.clear()
        return first, [await targets.of(token, time.time()) for token in good]

    for numbers_are_new in (True, False):
        found, again = asyncio.run(ask())
        assert asked == []  # remembered
        answers = [one for one in found if isinstance(one, Target)]
        assert [one.duration_ms for one in answers] == [*good.values()] * 2, numbers_are_new
        assert answers[:40] == again == answers[40:] and len({one.video for one in again}) == 40
        assert [one.code for one in found if isinstance(one, LecternError)] == list(bad.values())

    async def count() -> int:
        targets = Targets(site.app.database)
        asked.clear()
        await asyncio.gather(*(targets.of(token, time.time()) for token in good))
        return len(asked)

    assert asyncio.run(count()) <= 10  # of 40 tokens: the first is looked up alone, the others behind it
