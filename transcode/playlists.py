"""HLS playlists (RFC 8216bis) as pure functions of the plan: complete before the first cell is encoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

import m3u8

from transcode.bandwidth import BitRates
from transcode.grid import SEGMENT_S
from transcode.plan import AudioTrack, Plan, VideoRendition

_AUDIO_GROUP = "audio"


def multivariant(plan: Plan, codecs: Collection[str], measured: Mapping[str, BitRates]) -> str:
    """The multivariant playlist: a variant a video rendition of `codecs`, audio as a rendition of its own.

    `measured`: bit rates by rendition, of those that are complete; of the others the caps are declared.
    """
    playlist = m3u8.M3U8()
    playlist.version = "7"
    playlist.is_independent_segments = True
    media = []
    sound = BitRates(0, 0)
    if plan.audio is not None:
        # LANGUAGE is required on every audio rendition (Apple HLS authoring 8.10); und is its word for unknown.
        audio = m3u8.Media(uri=f"{plan.audio.name}/index.m3u8", type="AUDIO", group_id=_AUDIO_GROUP, name="Audio",
                           language=plan.audio.language or "und", default="YES", autoselect="YES",
                           channels=str(plan.audio.channels))
        playlist.add_media(audio)
        media.append(audio)
        sound = bit_rates_of(plan.audio, measured)
    for codec in plan.codecs:
        if codec not in codecs:
            continue
        for video in _first_choice_first(plan.of_codec(codec)):
            picture = bit_rates_of(video, measured)
            playlist.add_playlist(m3u8.Playlist(
                uri=f"{video.name}/index.m3u8",
                stream_info={
                    "bandwidth": picture.peak_bps + sound.peak_bps,
                    "average_bandwidth": picture.average_bps + sound.average_bps,
                    "codecs": video.codecs + (f",{plan.audio.codecs}" if plan.audio else ""),
                    "resolution": f"{video.width_px}x{video.height_px}",
                    "frame_rate": float(round(plan.frame_rate, 3)),
                    "video_range": "SDR",
                    "audio": _AUDIO_GROUP if plan.audio else None,
                },
                media=media,
                base_uri=None,
            ))
    return str(playlist.dumps())


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


def bit_rates_of(rendition: VideoRendition | AudioTrack, measured: Mapping[str, BitRates]) -> BitRates:
    """The measured rates, or what a rendition can need at most, with a tenth for its boxes."""
    if rendition.name in measured:
        return measured[rendition.name]
    if isinstance(rendition, AudioTrack):
        return BitRates(rendition.bit_rate_bps * 11 // 10, rendition.bit_rate_bps)
    return BitRates(int(rendition.max_bits(Fraction(SEGMENT_S)) / SEGMENT_S * 11 / 10), rendition.max_bps)


def _first_choice_first(video: tuple[VideoRendition, ...]) -> list[VideoRendition]:
    """A player begins with the first variant: the one nearest to 720p; the others follow, largest first."""
    first = min(video, key=lambda v: abs(min(v.width_px, v.height_px) - 720))
    return [first, *(v for v in video if v is not first)]
