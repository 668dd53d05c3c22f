"""HLS playlists (RFC 8216bis) as pure functions of the plan: complete before the first cell is encoded."""

from __future__ import annotations

from fractions import Fraction

import m3u8

from transcode import storyboard, trickplay
from transcode.grid import SEGMENT_S
from transcode.plan import AudioTrack, Plan, VideoRendition

_AUDIO_GROUP = "audio"


def multivariant(plan: Plan) -> str:
    """The multivariant playlist: one variant a video rendition, audio as a rendition of its own."""
    playlist = m3u8.M3U8()
    playlist.version = "7"
    playlist.is_independent_segments = True
    media = []
    audio_bps = 0
    if plan.audio is not None:
        # LANGUAGE is required on every audio rendition (Apple HLS authoring 8.10); und is its word for unknown.
        audio = m3u8.Media(uri=f"{plan.audio.name}/index.m3u8", type="AUDIO", group_id=_AUDIO_GROUP, name="Audio",
                           language=plan.audio.language or "und", default="YES", autoselect="YES",
                           channels=str(plan.audio.channels))
        playlist.add_media(audio)
        media.append(audio)
        audio_bps = plan.audio.bit_rate_bps
    for video in _first_choice_first(plan.video):
        codecs = video.codecs + (f",{plan.audio.codecs}" if plan.audio else "")
        playlist.add_playlist(m3u8.Playlist(
            uri=f"{video.name}/index.m3u8",
            stream_info={
                "bandwidth": peak_bps(video) + audio_bps * 11 // 10,
                "average_bandwidth": video.max_bps + audio_bps,
                "codecs": codecs,
                "resolution": f"{video.width_px}x{video.height_px}",
                "frame_rate": float(round(plan.frame_rate, 3)),
                "audio": _AUDIO_GROUP if plan.audio else None,
            },
            media=media,
            base_uri=None,
        ))
    return str(playlist.dumps()) + trickplay.stream_inf(plan) + storyboard.stream_inf(plan)


def media(plan: Plan, rendition: VideoRendition | AudioTrack) -> str:
    """The media playlist of one rendition: every segment of the video, whether rendered or not."""
    playlist = m3u8.M3U8()
    playlist.version = "7"
    playlist.target_duration = SEGMENT_S  # EXTINF rounds to at most this (RFC 8216bis, 4.4.3.1)
    playlist.playlist_type = "vod"
    playlist.media_sequence = 0
    playlist.is_endlist = True
    init = {"uri": "init.mp4"}
    for k, duration_s in enumerate(plan.segment_durations_s(rendition)):
        playlist.add_segment(m3u8.Segment(uri=f"{k}.m4s", duration=_seconds(duration_s), init_section=init))
    playlist.segment_map = [playlist.segments[0].init_section]
    return str(playlist.dumps())


def _seconds(duration_s: Fraction) -> float:
    # Microseconds: the sum over a day of segments stays within a frame of the truth (authoring rule 8.1).
    return float(round(duration_s, 6))


def peak_bps(video: VideoRendition) -> int:
    """Declared bandwidth: the most that a 6 s segment can need, and a tenth for its boxes."""
    return int(video.max_bits(Fraction(SEGMENT_S)) / SEGMENT_S * 11 / 10)


def _first_choice_first(video: tuple[VideoRendition, ...]) -> list[VideoRendition]:
    """A player begins with the first variant: the one nearest to 720p; the others follow, largest first."""
    first = min(video, key=lambda v: abs(min(v.width_px, v.height_px) - 720))
    return [first, *(v for v in video if v is not first)]
