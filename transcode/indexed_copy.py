"""Rendering from the copy of a source that has an index, where the source has none. Pure.

The copy has the same packets at the same times (`ingest.indexing`), so the pictures of a cell are the same bytes. What
differs is where it is sought to: close before a cell, as in any file, and not so early that there must be a key frame.
"""

from __future__ import annotations

from infra.core.media import MediaInfo
from transcode.plan import Plan, seek_lead_s
from transcode.sound import AudioTrack


def for_copy(plan: Plan, info: MediaInfo, copy: MediaInfo) -> Plan:
    """`plan`, made for the source that `info` tells of, for commands that read `copy`. They render the same."""
    assert copy.video is not None
    lead_s = seek_lead_s(copy, copy.video, plan.frame_rate)
    place = {was.index: became.index for was, became in zip(info.audio, copy.audio, strict=False)}

    def moved(tracks: tuple[AudioTrack, ...]) -> tuple[AudioTrack, ...]:
        return tuple(track.model_copy(update={"stream_index": place.get(track.stream_index, track.stream_index)})
                     for track in tracks)

    return plan.model_copy(update={
        "video_index": copy.video.index,
        "container_start_s": copy.start_s,
        # A frame made of fields is made with the one before it.
        "seek_lead_s": max(lead_s, 2 / plan.frame_rate) if plan.deinterlace else lead_s,
        "audio": moved(plan.audio),
        "replaced": moved(plan.replaced),
    })
