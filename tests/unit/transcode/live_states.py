"""Live sessions without an encoder: what a packager would have told of them."""

from __future__ import annotations

from fractions import Fraction

from infra.core.live import LiveProfile
from transcode.live.channel import Channel
from transcode.live.messages import Closed, Framed, Message, Part, Run
from transcode.live.plan import LivePlan, SourceLook, live_plan

LOOK = SourceLook(1280, 720, Fraction(1), Fraction(30), True)
DATE_S = 1_800_000_000.25


def plan(profile: LiveProfile = LiveProfile.DEFAULT, look: SourceLook = LOOK) -> LivePlan:
    return live_plan(profile, look)


class Told:
    """A channel, and all messages that made it."""

    def __init__(self, of: LivePlan | None = None) -> None:
        self.channel = Channel(of or plan())
        self.messages: list[Framed] = []

    def say(self, message: Message, *blobs: bytes) -> None:
        self.messages.append(Framed(message, blobs))
        self.channel.apply(self.messages[-1])

    def run(self) -> None:
        """An encoder begins."""
        number = self.channel.runs[-1].number + 1 if self.channel.runs else 0
        blobs = [f"init {number} {i}".encode() for i in range(len(self.channel.plan.renditions))]
        date_s = DATE_S + float(self.channel.start_s(self.channel.open)) + 10 * number  # each time it was away for 10 s
        self.say(Run(number, self.channel.open, date_s, tuple(map(len, blobs))), *blobs)

    def parts(self, count: int) -> None:
        """The next so many parts; full segments are closed."""
        for _ in range(count):
            of, segment, part = self.channel.plan, self.channel.open, len(self.channel.open_parts)
            blobs = [f"<{segment}.{part} {i}>".encode() for i in range(len(of.renditions))]
            self.say(Part(segment, part, of.part_frames, part == 0, part == of.most_parts - 1,
                          tuple(map(len, blobs))), *blobs)

    def cut(self) -> None:
        """The encoder is gone."""
        if self.channel.open_parts:
            self.say(Closed(self.channel.open))
