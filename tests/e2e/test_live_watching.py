"""The watch page of a live lecture: from the first picture to the recording, in one go, in a real browser."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from browsing import Watch
from granted import granted_s
from service import Service
from speaking import SPOKEN, WORDS, need_speech_model
from test_live_publishing import STREAMS, Channel, need

pytestmark = pytest.mark.real_time

SAID = "[...(video.textTracks[0]?.activeCues ?? [])].map((cue) => cue.text).join(' ')"
HEARD = "[...(video.textTracks[0]?.cues ?? [])].map((cue) => cue.text)"
# Where an encoder began anew, in the playlist of whatever size the player is at.
BEGUN_ANEW = "hls.levels.flatMap((level) => level.details?.fragments ?? []).find((one) => one.cc > 0)?.start"
SOON_S = 30.0  # a few seconds where the machine does nothing else


@pytest.fixture
def on_air(start: Callable[..., Service]) -> Iterator[Channel]:
    need("rtmp")
    need("srt")
    channel = Channel(start(LECTERN_LIVE="true", LECTERN_RTMP_PORT="0", LECTERN_SRT_PORT="0", LECTERN_LIVE_CAPTIONS="true"))
    yield channel
    channel.close()


def encoder_of(channel: Channel) -> psutil.Process:
    """ffmpeg itself, within the sandbox of the live process."""
    live = channel.process("live")
    return next(one for one in live.children(recursive=True)
                if "ffmpeg" in one.name() and any("live" not in word and word.startswith("pipe:") for word in one.cmdline()))


def test_a_lecture_is_watched_live_and_goes_on_to_its_end(on_air: Channel, watch: Watch) -> None:
    need_speech_model()
    on_air.publish("rtmp", spoken=SPOKEN)
    session = on_air.session("live")
    on_air.segments(session, 5)
    seen = watch(f"{on_air.service.url}{session['watch_url']}")
    begun_s = granted_s()
    seen.play()
    seen.until_true("video.currentTime > 0 && video.readyState > 2", SOON_S)
    assert granted_s() - begun_s < SOON_S
    # It began where it is live, and not at the start,
    assert seen.ask("video.currentTime") > 3
    assert seen.ask("hls.levels[hls.currentLevel].details.live && hls.levels[hls.currentLevel].details.partList.length > 0")
    # the start is there all the same,
    seen.seek(0.5)
    assert seen.ask("video.currentTime") < 5
    # and the way back.
    seen.ask("void (video.currentTime = hls.liveSyncPosition)")
    seen.until_true("!video.seeking && video.currentTime > 8 && video.readyState > 2", SOON_S)

    # What is said can be read, some seconds after it is heard.
    seen.page.get_by_role("button", name="Captions").click()
    seen.until_true(SAID, 4 * SOON_S)
    # It is what is being said. Not each caption has a word of it: some seconds of a synthetic voice are heard badly.
    seen.until_true(f"{HEARD}.some((text) => {json.dumps(sorted(WORDS))}.some((word) => text.includes(word)))", 4 * SOON_S)
    assert seen.ask("video.textTracks.length === 1 && video.textTracks[0].label === 'Deutsch, live'")
    told = on_air.look()["current"]["captions"]
    assert told["language"] == "de" and 0 < told["delay_s"] < 15 and told["problem"] is None

    # The encoder dies: a discontinuity, and the player goes on.
    os.kill(encoder_of(on_air).pid, signal.SIGKILL)
    at_s = seen.until_true(BEGUN_ANEW, SOON_S)
    seen.until_true(f"video.currentTime > {at_s} + 0.5", 2 * SOON_S)
    seen.until_true(f"[...(video.textTracks[0].cues ?? [])].some((cue) => cue.startTime > {at_s})", 2 * SOON_S)

    # The end: the same player comes to it, and the same address is the recording.
    assert on_air.client.post(f"{STREAMS}/{on_air.stream['id']}/end").status_code == 200
    seen.until_true("!hls.levels[hls.currentLevel].details.live", SOON_S)
    seen.until_true("video.ended", 2 * SOON_S)
    video = on_air.service.video(session["video_id"])
    assert video["playable"] and video["status"] in ("ready", "processing")  # an ordinary video of it is being made
    again = watch(f"{on_air.service.url}{session['watch_url']}")
    again.play()
    again.until_true("video.currentTime > 0.5 && video.currentTime < 3", SOON_S)  # from the start
    state: Any = again.ask("video.duration")
    # What was sent while an encoder was dead is in the ordinary video that is made of the recording.
    assert state >= seen.ask("video.duration") - 0.5
    seen.page.goto("about:blank")
    again.page.goto("about:blank")


@pytest.mark.slow
def test_a_player_outlives_the_absence_of_its_publisher(on_air: Channel, watch: Watch) -> None:
    first = on_air.publish("rtmp")
    session = on_air.session("live")
    on_air.segments(session, 3)
    seen = watch(f"{on_air.service.url}{session['watch_url']}")
    seen.play()
    seen.until_true("video.currentTime > 0 && video.readyState > 2", SOON_S)
    first.send_signal(signal.SIGKILL)
    assert on_air.session("interrupted")["id"] == session["id"]
    seen.until_true("document.querySelector('.waiting').textContent.startsWith('The lecture is interrupted')", SOON_S)
    time.sleep(8)  # longer than a blocking reload is held: the player is told 503, and comes again
    seen.complaints.clear()  # the browser's own word about the 503s
    assert not seen.ask("video.ended")
    on_air.publish("rtmp")
    assert on_air.session("live")["id"] == session["id"]
    at_s = seen.until_true(BEGUN_ANEW, 2 * SOON_S)
    seen.until_true(f"video.currentTime > {at_s} + 0.5 && !video.paused", 2 * SOON_S)
    seen.complaints[:] = [one for one in seen.complaints if "503" not in one]
    seen.page.goto("about:blank")
