"""A session as it is now: closed segments, parts of the open one, and the newest bytes. Pure: messages in, state out.

The live process and every web process that follows it hold the same state, because they apply the same messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

from transcode.live.messages import Alive, BadFeed, Captions, Closed, End, Framed, Hello, Message, Part, Run, encode
from transcode.live.plan import LivePlan
from transcode.live.timeline import Timeline, TimelineRun, packed

KEPT_SEGMENTS = 6  # closed ones whose bytes are at hand; older ones have been stored long since
LISTED_PARTS = 3  # parts are listed of the last three target durations (RFC 8216bis, 4.4.4.9)


@dataclass(frozen=True, slots=True)
class PartInfo:
    """A part, without its bytes."""

    frames: int
    independent: bool


@dataclass(slots=True)
class Channel:
    """See the module's docstring. `version` grows with every change."""

    plan: LivePlan
    runs: list[TimelineRun] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)  # frames of each closed one
    parts: dict[int, list[PartInfo]] = field(default_factory=dict)  # of the open segment and the newest closed ones
    captions: dict[int, Captions] = field(default_factory=dict)  # of the same segments, where there is something to read
    ended: bool = False
    version: int = 0
    _ends: list[int] = field(default_factory=list)  # frames up to the end of each closed one
    _blobs: dict[tuple[int, int], tuple[bytes, ...]] = field(default_factory=dict)
    _inits: dict[int, tuple[bytes, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, timeline: Timeline) -> Channel:
        """As it was when `timeline` was written."""
        frames = timeline.segments
        return cls(timeline.plan, list(timeline.runs), frames, ended=timeline.ended, _ends=list(accumulate(frames)))

    @property
    def open(self) -> int:
        """The segment that grows, or will: the media sequence number after the last closed one."""
        return len(self.segments)

    @property
    def open_parts(self) -> list[PartInfo]:
        """Parts of the segment that grows."""
        return self.parts.get(self.open, [])

    @property
    def last(self) -> tuple[int, int] | None:
        """(segment, part) of the newest part; None: nothing is known of parts."""
        for segment in (self.open, self.open - 1):
            if self.parts.get(segment):
                return segment, len(self.parts[segment]) - 1
        return None

    def start_s(self, segment: int) -> Fraction:
        """When a segment begins, in seconds of the session."""
        return Fraction(self._ends[segment - 1] if segment else 0) / self.plan.frame_rate

    @property
    def known_s(self) -> float:
        """How much of the session there is."""
        return float(self.start_s(self.open) + Fraction(sum(part.frames for part in self.open_parts)) / self.plan.frame_rate)

    def at_s(self, date_s: float) -> float:
        """The second of the session whose picture came in at this Unix time; in a pause, that with which it goes on."""
        found = 0.0
        for number, run in enumerate(self.runs):
            if date_s >= run.date_s:
                found = float(self.start_s(run.first_segment)) + date_s - run.date_s
                if number + 1 < len(self.runs):
                    found = min(found, float(self.start_s(self.runs[number + 1].first_segment)))
        return found

    def run_of(self, segment: int) -> TimelineRun | None:
        """The run that a segment belongs to."""
        return next((run for run in reversed(self.runs) if run.first_segment <= segment), None)

    def timeline(self, stored: int, *, ended: bool = False) -> Timeline:
        """What to write down when the first `stored` segments are in storage."""
        return Timeline(plan=self.plan, runs=tuple(run for run in self.runs if run.first_segment < stored),
                        frames=packed(self.segments[:stored]), ended=ended)

    # -- bytes

    def part(self, rendition: int, segment: int, part: int) -> bytes | None:
        """The bytes of a part, while they are at hand."""
        blobs = self._blobs.get((segment, part))
        return blobs[rendition] if blobs else None

    def segment(self, rendition: int, segment: int) -> bytes | None:
        """The bytes of a closed segment, while they are at hand."""
        parts = self.parts.get(segment)
        if not parts or segment >= self.open:
            return None
        found = [self.part(rendition, segment, part) for part in range(len(parts))]
        return None if None in found else b"".join(one for one in found if one is not None)

    def init(self, rendition: int, number: int) -> bytes | None:
        """The init section of a run, if this process saw it begin."""
        inits = self._inits.get(number)
        return inits[rendition] if inits else None

    # -- changes

    def apply(self, framed: Framed) -> None:
        """Take in a message. Raises BadFeed for one that does not follow from what was before."""
        message, blobs = framed.message, framed.blobs
        if isinstance(message, Alive):
            return
        if isinstance(message, Hello):
            raise BadFeed("hello in the middle")
        if isinstance(message, Run):
            self._begin(message, blobs)
        elif isinstance(message, Part):
            self._add(message, blobs)
        elif isinstance(message, Closed):
            self._close(message.segment)
        elif isinstance(message, Captions):
            self.captions[message.segment] = message
        elif isinstance(message, End):
            self.ended = True
        self.version += 1

    def _begin(self, run: Run, blobs: tuple[bytes, ...]) -> None:
        known = next((one for one in self.runs if one.number == run.number), None)
        if known is None:
            if run.segment != self.open or self.open_parts or len(blobs) != len(self.plan.renditions):
                raise BadFeed(f"run {run.number} begins with segment {run.segment}, not {self.open}")
            if self.runs and self.runs[-1].first_segment == run.segment:
                self.runs.pop()  # that one ended before it made anything
            self.runs.append(TimelineRun(number=run.number, first_segment=run.segment, date_s=run.date_s))
        self._inits[run.number] = blobs

    def _add(self, part: Part, blobs: tuple[bytes, ...]) -> None:
        parts = self.parts.setdefault(part.segment, [])
        newest = part.segment == self.open
        # A snapshot repeats the parts of segments that its hello lists as closed.
        if part.part != len(parts) or part.segment > self.open or len(blobs) != len(self.plan.renditions):
            raise BadFeed(f"part {part.segment}.{part.part} is not the next one")
        if newest and part.part == 0 and (not part.independent or not self.runs):
            raise BadFeed(f"segment {part.segment} does not begin with a key frame")
        parts.append(PartInfo(part.frames, part.independent))
        self._blobs[part.segment, part.part] = blobs
        if part.closes:
            self._close(part.segment)

    def _close(self, segment: int) -> None:
        if segment < self.open:  # in a snapshot
            return
        if segment != self.open or not self.open_parts:
            raise BadFeed(f"segment {segment} is not the open one")
        frames = sum(part.frames for part in self.open_parts)
        self._ends.append(frames + (self._ends[-1] if self._ends else 0))
        self.segments.append(frames)
        for old in [known for known in self.parts if known < self.open - KEPT_SEGMENTS]:
            for part in range(len(self.parts.pop(old))):
                self._blobs.pop((old, part), None)
            self.captions.pop(old, None)

    # -- for those who come later

    def snapshot(self) -> list[tuple[Message, tuple[bytes, ...]]]:
        """Messages that bring somebody who knows nothing to this state; the last one, Alive, says that it is all."""
        # The time line lists all closed segments, stored or not: the bytes of those that are not are among the parts.
        known = Timeline(plan=self.plan, runs=tuple(self.runs), frames=packed(self.segments), ended=self.ended)
        found: list[tuple[Message, tuple[bytes, ...]]] = [(Hello(known.model_dump_json()), ())]
        for run in self.runs:
            blobs = self._inits.get(run.number)
            if blobs:
                found.append((Run(run.number, run.first_segment, run.date_s, tuple(map(len, blobs))), blobs))
        for segment in sorted(self.parts):
            for number, part in enumerate(self.parts[segment]):
                blobs = self._blobs[segment, number]
                found.append((Part(segment, number, part.frames, part.independent,
                                   sizes=tuple(map(len, blobs))), blobs))
        found += [(captions, ()) for captions in self.captions.values()]
        found.append((Alive(), ()))
        return found


def snapshot_bytes(channel: Channel) -> bytes:
    """`Channel.snapshot` as it goes over the feed."""
    return b"".join(encode(message, blobs) for message, blobs in channel.snapshot())
