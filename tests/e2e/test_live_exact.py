"""A recording of what was live has every picture that was published, and outlives the death of its encoder."""

from __future__ import annotations

import signal
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest
from fetching import fetched
from service import until
from test_live_publishing import STREAMS, Channel, channel  # noqa: F401 - a fixture

from infra.core.settings import Settings
from infra.process import ProcessRunner
from infra.tools import find_tools
from tests.media.clips import Clips, Desk, counted_frames, numbers, psnr_db

pytestmark = [pytest.mark.real_time, pytest.mark.slow]

FRAMES, RATE = 300, Fraction(30)
LOST = 9  # by SRT, which does not wait for what is on its way when it is closed


@pytest.mark.parametrize("protocol", ["rtmp", "srt"])
def test_the_recording_has_exactly_the_pictures_that_were_published(
        channel: Channel, protocol: str, tmp_path: Path) -> None:  # noqa: F811 - a fixture
    settings = Settings()
    runner = ProcessRunner(settings)
    desk = Desk(settings, runner, find_tools(settings, runner))
    clip = Clips(desk, tmp_path).counted("counted.mp4", FRAMES, str(RATE), "-g", "60", "-bf", "0")
    encoder = channel.publish(protocol, FRAMES / RATE, picture=(
        "-i", str(clip), "-f", "lavfi", "-i", "sine=r=48000", "-c:v", "copy", "-c:a", "aac"))
    session = channel.session("live")
    assert encoder.wait(60) == 0
    channel.session("interrupted")  # all that it sent has come in
    assert channel.client.post(f"{STREAMS}/{channel.stream['id']}/end").status_code == 200
    lecture = channel.service.until_ready(session["video_id"])

    for rendition, data in fetched(channel.service, lecture["playback_id"], protocol).items():
        if not rendition.startswith("h264"):
            continue
        path = tmp_path / f"{rendition}.mp4"
        path.write_bytes(data)
        dts = [int(packet["dts"]) for packet in desk.packets(path)]
        assert len(set(np.diff(dts).tolist())) == 1
        pictures = desk.pictures(path)
        shown = numbers(pictures)
        assert list(dict.fromkeys(shown)) == list(range(shown[-1] + 1)) and sorted(shown) == shown
        assert shown.count(0) <= 3 and shown.count(shown[-1]) <= 3  # while there is sound, before and behind the picture
        assert max(shown.count(n) for n in range(1, shown[-1])) == 1
        assert shown[-1] == FRAMES - 1 if protocol == "rtmp" else shown[-1] >= FRAMES - 1 - LOST
        quality = psnr_db(pictures, counted_frames(FRAMES)[shown])
        at = 0
        joints = []
        for segment in channel.playlist(channel.session("ended")).segments[:-1]:
            at += round(segment.duration * RATE)
            joints += [at - 1, at]
        assert min(quality[joints]) > np.delete(quality, joints).min() - 1.5


def test_an_encoder_that_is_killed_costs_a_moment(channel: Channel) -> None:  # noqa: F811 - a fixture
    channel.publish("rtmp")
    session = channel.session("live")
    before = len(channel.segments(session, 3).segments)

    def encoders() -> list[psutil.Process]:
        family = channel.process("live").children(recursive=True)
        return [one for one in family if one.status() != psutil.STATUS_ZOMBIE and "libx264" in one.cmdline()]

    killed = encoders()
    assert killed
    for one in killed:
        one.send_signal(signal.SIGKILL)
    after = channel.segments(session, before + 3)
    assert any(segment.discontinuity for segment in after.segments)
    assert not after.is_endlist and channel.session("live")["id"] == session["id"]
    until(lambda: {one.pid for one in encoders()} - {one.pid for one in killed}, 10, "another encoder")
    assert channel.client.post(f"{STREAMS}/{channel.stream['id']}/end").status_code == 200
    recording = channel.segments(session, before + 3)
    assert recording.is_endlist
    lecture = channel.service.until_ready(session["video_id"])  # from the publisher's own packets: nothing is missing
    assert lecture["duration_s"] >= sum(segment.duration for segment in recording.segments) - 1.5
