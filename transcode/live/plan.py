"""The plan of a live session: sizes, frame rate, and how long segments and parts are. Pure.

A live session is the grid, growing. All its renditions have picture and sound in one, the same boundaries and the same
parts, so that one time line (`transcode.live.channel`) holds for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from infra.core.keys import LIVE_PLAN
from infra.core.languages import bcp47, own_name
from infra.core.live import LiveProfile
from infra.core.media import Frozen, Rational
from transcode import ladder, levels

PLAN_ID = LIVE_PLAN  # cells lie where those of a plan of that name would
SEGMENT_S = 2
MAX_RATE = Fraction(30)
_FULL_HD = "1080p"
_RUNGS = ("720p", "480p", "360p")
_RATES = tuple(Fraction(rate) for rate in ("10", "12", "15", "20", "24000/1001", "24", "25", "30000/1001", "30"))
_SOUND_CODEC = "mp4a.40.2"
SOUND_BPS = 128_000


@dataclass(frozen=True, slots=True)
class _Timing:
    part_s: Fraction
    hold_back_parts: int  # PART-HOLD-BACK in parts: at least 2, better 3 (RFC 8216bis, 4.4.3.8)


_TIMINGS = {LiveProfile.DEFAULT: _Timing(Fraction(1, 3), 3), LiveProfile.LOW: _Timing(Fraction(1, 5), 2)}


@dataclass(frozen=True, slots=True)
class SourceLook:
    """What the first bytes of a publisher say. `rate` is 0 when they do not tell."""

    width_px: int
    height_px: int
    sar: Fraction
    rate: Fraction
    sound: bool
    codec: str = ""
    sound_codec: str = ""
    matrix: str = "bt709"  # of its YCbCr, as ffmpeg's scaler names it


class LiveRendition(Frozen):
    """One size. `name` is its folder and its place in a URL."""

    name: str
    width_px: int
    height_px: int
    level: str
    codecs: str  # RFC 6381, of picture and sound
    max_bps: int  # of the picture


class LivePlan(Frozen):
    """See the module's docstring. It stays the same for a whole session, whatever a publisher changes in between."""

    version: int = 1
    profile: LiveProfile
    frame_rate: Rational
    segment_frames: int
    part_frames: int
    hold_back_parts: int
    sound: bool
    captions: str | None = None  # what players call them, where there are any
    language: str | None = None  # BCP 47, of the captions, where it was told
    renditions: tuple[LiveRendition, ...]  # largest first

    @property
    def part_s(self) -> Fraction:
        """How long every part is, but the last one before an interruption."""
        return self.part_frames / self.frame_rate

    @property
    def target_duration_s(self) -> int:
        """What every segment rounds to at most."""
        return max(SEGMENT_S, int(self.segment_frames / self.frame_rate + Fraction(1, 2)))

    @property
    def most_parts(self) -> int:
        """Parts of a whole segment."""
        return self.segment_frames // self.part_frames

    def index(self, name: str) -> int | None:
        """Which of the renditions is called so."""
        return next((i for i, rendition in enumerate(self.renditions) if rendition.name == name), None)


def live_plan(profile: LiveProfile, look: SourceLook, *, full_hd: bool = False, captions: bool = False,
              language: str | None = None) -> LivePlan:
    """The plan for a source. A segment is a whole number of parts, and a part a whole number of frames.

    `full_hd`: up to 1080p, where the source has that; else up to 720p. `captions`: there are some, if there is sound; in
    `language` (BCP 47), where that is known.
    """
    timing = _TIMINGS[profile]
    rate = output_rate(look.rate)
    part_frames = max(1, round(timing.part_s * rate))
    parts = max(1, round(SEGMENT_S * rate / part_frames))
    tag = bcp47(language)
    return LivePlan(
        profile=profile,
        frame_rate=rate,
        segment_frames=parts * part_frames,
        part_frames=part_frames,
        hold_back_parts=timing.hold_back_parts,
        sound=look.sound,
        captions=(f"{own_name(tag)}, live" if tag else "Live") if captions and look.sound else None,
        language=tag if captions and look.sound else None,
        renditions=tuple(_renditions(look, rate, (_FULL_HD, *_RUNGS) if full_hd else _RUNGS)),
    )


def output_rate(rate: Fraction) -> Fraction:
    """Frames a second of the output for a source's rate: a standard one, at most 30.

    Publishers' time stamps are whole milliseconds, so that a rate is only known to a percent or two.
    """
    if rate <= 0:
        return MAX_RATE
    while rate > MAX_RATE * Fraction(51, 50):
        rate /= 2
    nearest = min(_RATES, key=lambda standard: abs(standard - rate))
    if abs(nearest - rate) * 50 <= nearest:
        return nearest
    return next((standard for standard in _RATES if standard >= rate), MAX_RATE)


def _renditions(look: SourceLook, rate: Fraction, rungs: tuple[str, ...]) -> list[LiveRendition]:
    found = ladder.sizes(*ladder.display_size(look.width_px, look.height_px, look.sar, 0))
    sizes = [size for size in found if size.rung.name in rungs] or list(found[-1:])
    made = []
    for size in sizes:
        level = levels.level("h264", size.width_px, size.height_px, rate)
        names = [levels.codecs("h264", level), *([_SOUND_CODEC] if look.sound else [])]
        made.append(LiveRendition(
            name=f"live-{size.rung.name}", width_px=size.width_px, height_px=size.height_px, level=level,
            codecs=",".join(names), max_bps=size.rung.max_bps))
    return made


def bandwidth_bps(plan: LivePlan, rendition: LiveRendition) -> int:
    """The peak that is declared: the cap, one second of decoder buffer over a segment, the sound, a tenth for boxes."""
    segment_s = plan.segment_frames / plan.frame_rate
    picture = rendition.max_bps * (segment_s + 1) / segment_s
    return ceil((picture + (SOUND_BPS if plan.sound else 0)) * Fraction(11, 10))
