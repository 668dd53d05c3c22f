"""HLS playlists (RFC 8216bis) as pure functions of the plan: complete before the first cell is encoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

import m3u8
from m3u8.model import SessionData

from transcode import storyboard, trickplay
from transcode.bandwidth import BitRates
from transcode.grid import SEGMENT_S
from transcode.plan import Plan, VideoRendition
from transcode.sound import AudioTrack
from transcode.text import TextTrack

_STEREO, _SURROUND, _TEXT = "audio", "audio-51", "text"
TRIMMED = "org.lectern.start"  # what our player knows the second by when another part is shown while it plays
_SOON_S = 4  # a first segment up to this long is encoded before a viewer loses patience


def multivariant(plan: Plan, codecs: Collection[str], measured: Mapping[str, BitRates],
                 texts: Sequence[TextTrack] = (), base: str = "", trimmed_s: float = 0.0) -> str:
    """The multivariant playlist: a variant a video rendition of `codecs` and audio group; stereo and 5.1 are a group each.

    Where there is no picture, one variant a group: the sound to be heard at first.
    `measured`: bit rates by rendition, of those that are complete; of the others the caps are declared. `base` leads from
    the playlist to the folder of the renditions. `trimmed_s`: so much of the recording's beginning is not shown.
    """
    playlist = m3u8.M3U8()
    playlist.version = "7"
    playlist.is_independent_segments = True
    if trimmed_s:
        playlist.session_data.append(SessionData(TRIMMED, value=f"{trimmed_s:.3f}"))
    groups = _audio_groups(plan)
    for group, tracks in groups.items():
        for track in tracks:
            playlist.add_media(_rendition(group, track, base, default=track is tracks[0]))
    for text in texts:
        playlist.add_media(_text(text, base))
    silent: list[tuple[str | None, list[AudioTrack]]] = [(None, [])]
    for group_id, tracks in [*groups.items()] or silent:
        media = [one for one in playlist.media if one.group_id in (group_id, _TEXT)]
        # Declared is the largest combination (HLS authoring 9.13), and every codec of the group.
        heard = [bit_rates_of(track, measured) for track in tracks]
        peak = max((rates.peak_bps for rates in heard), default=0)
        average = max((rates.average_bps for rates in heard), default=0)
        names = dict.fromkeys(track.codecs for track in tracks)
        for video in (one for codec in plan.codecs if codec in codecs for one in _first_choice_first(plan, codec)):
            picture = bit_rates_of(video, measured)
            playlist.add_playlist(m3u8.Playlist(
                uri=f"{base}{video.name}/index.m3u8",
                stream_info={
                    "bandwidth": picture.peak_bps + peak,
                    "average_bandwidth": picture.average_bps + average,
                    "codecs": ",".join((video.codecs, *names)),
                    "resolution": f"{video.width_px}x{video.height_px}",
                    "frame_rate": float(round(plan.frame_rate, 3)),
                    "video_range": "SDR",
                    "audio": group_id,
                    "subtitles": _TEXT if texts else None,
                    "closed_captions": "NONE",  # unless told, Apple's players offer CEA-608 captions
                },
                media=media,
                base_uri=None,
            ))
        if not plan.video:
            playlist.add_playlist(m3u8.Playlist(
                uri=f"{base}{tracks[0].name}/index.m3u8",
                stream_info={"bandwidth": peak, "average_bandwidth": average, "codecs": ",".join(names), "audio": group_id,
                             "subtitles": _TEXT if texts else None},
                media=media,
                base_uri=None,
            ))
    return str(playlist.dumps()) + trickplay.stream_inf(plan, base) + storyboard.stream_inf(plan, base)


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


def _rendition(group: str, track: AudioTrack, base: str, *, default: bool) -> m3u8.Media:
    return m3u8.Media(
        uri=f"{base}{track.name}/index.m3u8", type="AUDIO", group_id=group, name=track.label,
        # LANGUAGE is required on every audio rendition (Apple HLS authoring 8.10); und is its word for unknown.
        language=track.language or "und",
        default="YES" if default else "NO",
        autoselect="YES",
        channels=str(track.channels),
        characteristics="public.accessibility.describes-video" if track.describes_video else None,
    )


def _text(track: TextTrack, base: str) -> m3u8.Media:
    return m3u8.Media(
        uri=f"{base}{track.folder}/index.m3u8", type="SUBTITLES", group_id=_TEXT, name=track.label, language=track.language,
        default="NO", autoselect="YES", forced="NO",
        characteristics="public.accessibility.transcribes-spoken-dialog" if track.captions else None)


def text(plan: Plan) -> str:
    """The media playlist of a text track: a WebVTT segment for each segment of the video."""
    playlist = _recording(plan)
    for k in range(plan.segments):
        playlist.add_segment(m3u8.Segment(uri=f"{k}.vtt", duration=_seconds(plan.frames(k) / plan.frame_rate)))
    return str(playlist.dumps())


def _recording(plan: Plan) -> m3u8.M3U8:
    playlist = m3u8.M3U8()
    playlist.version = "7"
    playlist.target_duration = target_duration_s(plan)
    playlist.playlist_type = "vod"
    playlist.media_sequence = 0
    playlist.is_endlist = True
    return playlist


def media(plan: Plan, rendition: VideoRendition | AudioTrack) -> str:
    """The media playlist of one rendition: every segment of the video, whether rendered or not."""
    playlist = _recording(plan)
    init = {"uri": "init.mp4"}
    for k, duration_s in enumerate(plan.segment_durations_s(rendition)):
        playlist.add_segment(m3u8.Segment(uri=f"{k}.m4s", duration=_seconds(duration_s), init_section=init))
    playlist.segment_map = [playlist.segments[0].init_section]
    return str(playlist.dumps())


def target_duration_s(plan: Plan) -> int:
    """What every EXTINF rounds to at most (RFC 8216bis, 4.4.3.1), the same in all playlists (authoring rule 8.2)."""
    longest = max(duration for rendition in plan.renditions for duration in plan.segment_durations_s(rendition))
    return max(SEGMENT_S, int(longest + Fraction(1, 2)))


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


def _first_choice_first(plan: Plan, codec: str) -> list[VideoRendition]:
    """A player begins with the first variant: the one nearest to 720p; the others follow, largest first.

    Where the source's key frames make the first segment long, encoding it would take seconds, and what is copied is
    there at once.
    """
    video = plan.of_codec(codec)
    if not video:
        return []
    first = min(video, key=lambda v: abs(min(v.width_px, v.height_px) - 720))
    if plan.start_s(1) > _SOON_S:
        first = next((v for v in video if v.copied is not None), first)
    return [first, *(v for v in video if v is not first)]
