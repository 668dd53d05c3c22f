"""HLS playlists (RFC 8216bis) as pure functions of the plan: complete before the first cell is encoded."""

from __future__ import annotations

from fractions import Fraction

import m3u8

from transcode.grid import SEGMENT_S
from transcode.plan import Plan, VideoRendition
from transcode.sound import AudioTrack

_STEREO, _SURROUND = "audio", "audio-51"


def multivariant(plan: Plan) -> str:
    """The multivariant playlist: one variant a video rendition and audio group; stereo and 5.1 are a group each.

    Where there is no picture, one variant a group: the sound to be heard at first.
    """
    playlist = m3u8.M3U8()
    playlist.version = "7"
    playlist.is_independent_segments = True
    groups = _audio_groups(plan)
    for group, tracks in groups.items():
        for track in tracks:
            playlist.add_media(_rendition(group, track, default=track is tracks[0]))
    silent: list[tuple[str | None, list[AudioTrack]]] = [(None, [])]
    for group_id, tracks in [*groups.items()] or silent:
        media = [one for one in playlist.media if one.group_id == group_id]
        # Declared is the largest combination (HLS authoring 9.13), and every codec of the group.
        peak = max((track.bit_rate_bps * 11 // 10 for track in tracks), default=0)
        average = max((track.bit_rate_bps for track in tracks), default=0)
        codecs = dict.fromkeys(track.codecs for track in tracks)
        for video in _first_choice_first(plan.video):
            playlist.add_playlist(m3u8.Playlist(
                uri=f"{video.name}/index.m3u8",
                stream_info={
                    "bandwidth": peak_bps(video) + peak,
                    "average_bandwidth": video.max_bps + average,
                    "codecs": ",".join((video.codecs, *codecs)),
                    "resolution": f"{video.width_px}x{video.height_px}",
                    "frame_rate": float(round(plan.frame_rate, 3)),
                    "audio": group_id,
                },
                media=media,
                base_uri=None,
            ))
        if not plan.video:
            playlist.add_playlist(m3u8.Playlist(
                uri=f"{tracks[0].name}/index.m3u8",
                stream_info={"bandwidth": peak, "average_bandwidth": average, "codecs": ",".join(codecs), "audio": group_id},
                media=media,
                base_uri=None,
            ))
    return str(playlist.dumps())


def _audio_groups(plan: Plan) -> dict[str, list[AudioTrack]]:
    """The members of each audio group, which are the same tracks in every group (RFC 8216bis, 4.4.6.1.1).

    A track that has no 5.1 is in that group with its stereo.
    """
    stereo = [track for track in plan.audio if not track.surround]
    surround = {track.stream_index: track for track in plan.audio if track.surround}
    groups = {_STEREO: stereo} if stereo else {}
    if surround:
        groups[_SURROUND] = [surround.get(track.stream_index, track) for track in stereo]
    return groups


def _rendition(group: str, track: AudioTrack, *, default: bool) -> m3u8.Media:
    return m3u8.Media(
        uri=f"{track.name}/index.m3u8", type="AUDIO", group_id=group, name=track.label,
        # LANGUAGE is required on every audio rendition (Apple HLS authoring 8.10); und is its word for unknown.
        language=track.language or "und",
        default="YES" if default else "NO",
        autoselect="YES",
        channels=str(track.channels),
        characteristics="public.accessibility.describes-video" if track.describes_video else None,
    )


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
    if not video:
        return []
    first = min(video, key=lambda v: abs(min(v.width_px, v.height_px) - 720))
    return [first, *(v for v in video if v is not first)]
