"""Low-latency HLS playlists (draft-pantos-hls-rfc8216bis) of a session, as functions of its state. Pure.

One text serves every player: those that know nothing of parts see segments. All renditions have the same segments and
parts by the same relative names, so that their playlists differ in the rendition reports alone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction

from transcode.live.captions import FOLDER, file_name
from transcode.live.channel import LISTED_PARTS, Channel
from transcode.live.plan import LivePlan, bandwidth_bps
from transcode.live.timeline import TimelineRun, init_name

_SKIP_TARGETS = 6  # CAN-SKIP-UNTIL must be at least six target durations (4.4.3.8)
_MAP_LINE = re.compile("#EXT-X-MAP:.*\n")  # text has no init section
_TEXT = "captions"
_DATED_EVERY = 15  # segments; players that skipped what is old still know the date


def multivariant(plan: LivePlan) -> str:
    """The multivariant playlist. A player begins with the first variant: the one nearest to 720p."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if plan.captions is not None:
        language = f'LANGUAGE="{plan.language}",' if plan.language else ""
        lines.append(f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{_TEXT}",NAME="{plan.captions}",{language}'
                     'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,'
                     f'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog",URI="{FOLDER}/index.m3u8"')
    for rendition in plan.renditions:
        peak = bandwidth_bps(plan, rendition)
        lines += [
            f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={min(peak, rendition.max_bps + 128_000)},"
            f'CODECS="{rendition.codecs}",RESOLUTION={rendition.width_px}x{rendition.height_px},'
            f"FRAME-RATE={float(plan.frame_rate):.3f},VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE"
            + (f',SUBTITLES="{_TEXT}"' if plan.captions is not None else ""),
            f"{rendition.name}/index.m3u8",
        ]
    return "\n".join(lines) + "\n"


class MediaPlaylists:
    """The media playlists of a session. What is written of old segments is kept: a day has 43 000 of them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._before: list[str] = []  # of each closed segment, what stands before its parts,
        self._line: list[str] = []  # and its own lines

    def text(self, rendition: int, *, skip: bool = False) -> str:
        """The playlist of one rendition; with `skip` a delta update, where that leaves anything out."""
        channel = self._channel
        self._catch_up()
        skipped = _skippable(channel) if skip and not channel.ended else 0
        found = _head(channel, delta=skipped > 0)
        if skipped:
            found.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n")
            if all(run.first_segment != skipped for run in channel.runs):
                found.append(_map(channel.run_of(skipped)))
        parts_from = max(_parts_from(channel), skipped)
        for segment in range(skipped, parts_from):
            found += (self._before[segment], self._line[segment])
        for segment in range(parts_from, channel.open):
            found += (self._before[segment], _parts(channel, segment), self._line[segment])
        found.append("#EXT-X-ENDLIST\n" if channel.ended else self._growing(rendition))
        return "".join(found)

    def captions(self, *, skip: bool = False) -> str:
        """The playlist of the captions: a WebVTT segment for each closed segment, and no parts."""
        channel = self._channel
        self._catch_up()
        skipped = _skippable(channel) if skip and not channel.ended else 0
        found = _head(channel, delta=skipped > 0, parts=False)
        if skipped:
            found.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n")
        for segment in range(skipped, channel.open):
            found += (_MAP_LINE.sub("", self._before[segment]), _extinf(channel, segment, file_name(segment)))
        if channel.ended:
            found.append("#EXT-X-ENDLIST\n")
        return "".join(found)

    def _catch_up(self) -> None:
        channel = self._channel
        for segment in range(len(self._line), channel.open):
            self._before.append(_before(channel, segment))
            self._line.append(_extinf(channel, segment, f"{segment}.m4s"))

    def _growing(self, rendition: int) -> str:
        channel = self._channel
        found = ""
        if channel.open_parts:
            found = _before(channel, channel.open) + _parts(channel, channel.open)
        found += f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{channel.open}.{len(channel.open_parts)}.m4s"\n'
        if channel.last is not None:
            msn, part = channel.last
            for i, other in enumerate(channel.plan.renditions):
                if i != rendition:
                    found += f'#EXT-X-RENDITION-REPORT:URI="../{other.name}/index.m3u8",LAST-MSN={msn},LAST-PART={part}\n'
        return found


def _head(channel: Channel, *, delta: bool, parts: bool = True) -> list[str]:
    plan = channel.plan
    target = plan.target_duration_s
    # EXT-X-SKIP is of version 9 (section 8); players that do not know it never ask for it.
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{9 if delta else 7}", f"#EXT-X-TARGETDURATION:{target}",
             "#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if not channel.ended:
        of_parts = f"PART-HOLD-BACK={_seconds(plan.hold_back_parts * plan.part_s)}," if parts else ""
        lines.append(f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,{of_parts}HOLD-BACK={_seconds(Fraction(3 * target))},"
                     f"CAN-SKIP-UNTIL={_seconds(Fraction(_SKIP_TARGETS * target))}")
        if parts:
            lines.append(f"#EXT-X-PART-INF:PART-TARGET={_seconds(plan.part_s)}")
    return [f"{line}\n" for line in (*lines, "#EXT-X-MEDIA-SEQUENCE:0")]


def _before(channel: Channel, segment: int) -> str:
    """What stands before a segment: where an encoder begins anew, and the date."""
    run = channel.run_of(segment)
    begins = run is not None and run.first_segment == segment
    found = ("#EXT-X-DISCONTINUITY\n" if segment > 0 else "") + _map(run) if begins else ""
    if run is not None and (begins or segment % _DATED_EVERY == 0):
        date_s = run.date_s + float(channel.start_s(segment) - channel.start_s(run.first_segment))
        moment = datetime.fromtimestamp(date_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found += f"#EXT-X-PROGRAM-DATE-TIME:{moment}\n"
    return found


def _extinf(channel: Channel, segment: int, uri: str) -> str:
    return f"#EXTINF:{_seconds(channel.segments[segment] / channel.plan.frame_rate)},\n{uri}\n"


def _map(run: TimelineRun | None) -> str:
    return f'#EXT-X-MAP:URI="{init_name(run.number)}"\n' if run else ""


def _parts(channel: Channel, segment: int) -> str:
    return "".join(
        f'#EXT-X-PART:DURATION={_seconds(part.frames / channel.plan.frame_rate)},URI="{segment}.{number}.m4s"'
        + (",INDEPENDENT=YES\n" if part.independent else "\n")
        for number, part in enumerate(channel.parts.get(segment, [])))


def _parts_from(channel: Channel) -> int:
    """The first closed segment whose parts are listed: it ends within three target durations of the end."""
    if channel.ended:
        return channel.open
    room = LISTED_PARTS * channel.plan.target_duration_s * channel.plan.frame_rate
    room -= sum(part.frames for part in channel.open_parts)
    segment = channel.open
    while segment > 0 and room > 0 and channel.parts.get(segment - 1):
        segment -= 1
        room -= channel.segments[segment]
    return segment


def _skippable(channel: Channel) -> int:
    """How many of the first segments are further than CAN-SKIP-UNTIL from the end."""
    left = _SKIP_TARGETS * channel.plan.target_duration_s * channel.plan.frame_rate
    left -= sum(part.frames for part in channel.open_parts)
    segment = channel.open
    while segment > 0 and left > 0:
        segment -= 1
        left -= channel.segments[segment]
    return segment


def _seconds(duration_s: Fraction) -> str:
    return f"{float(duration_s):.6f}".rstrip("0").rstrip(".")
