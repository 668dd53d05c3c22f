"""Brings tracks to one loudness, where the operator wants that. Pure.

What counts is the loudness of a whole track, which takes a while to measure, and nobody waits for it: a video begins
with its sound as it is. Once it is measured, tracks that are off are replaced by renditions of other names, because the
cells of a rendition never change. A gain for all of a track leaves its dynamics alone, and makes a cell the same bytes
whoever renders it; only what would then be over full scale is limited (`transcode.cells.audio_command`).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.core.media import MediaInfo
from transcode import sound
from transcode.plan import Plan

# What Apple asks of podcasts: "-16 dB LKFS, with a +/- 1 dB tolerance", true peaks below -1 dBTP.
TARGET_LUFS = -16.0
PEAK_DBFS = -1.5  # of the samples; between them, and behind an AAC encoder, it is somewhat more
_NEAR_LU = 0.5  # what is this near stays as it is, and so may be the source's own packets
_MOST_DB = 24.0  # a track of hardly more than a room's noise is not made to roar


def gain_db(integrated_lufs: float | None) -> float:
    """What a track of this loudness lacks, in dB; 0 for silence (None), and where it is near enough."""
    if integrated_lufs is None or abs(TARGET_LUFS - integrated_lufs) < _NEAR_LU:
        return 0.0
    return at_most(TARGET_LUFS - integrated_lufs)


def at_most(gain_db: float) -> float:
    """The gain, or the largest that is given, in tenths of a dB."""
    return round(min(gain_db, _MOST_DB), 1)


def normalized(plan: Plan, info: MediaInfo, gains_db: Mapping[str, float]) -> Plan:
    """`plan` with its audio renditions replaced where `gains_db`, by name, has something for them.

    The id under which its cells lie stays: hand it on beside the plan.
    """
    streams = {stream.index: stream for stream in info.audio}
    audio = []
    for track in plan.audio:
        gain = gains_db.get(track.name, 0.0)
        audio.append(sound.encoded(info, streams[track.stream_index], f"{track.name}-norm", track.label, track.channels,
                                   plan.boundaries, plan.frame_rate, gain) if gain else track)
    replaced = tuple(old for old, new in zip(plan.audio, audio, strict=True) if old is not new)
    return plan.model_copy(update={"audio": tuple(audio), "replaced": (*plan.replaced, *replaced)})
