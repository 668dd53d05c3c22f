"""Text tracks in playlists and manifests. What they say is nothing that is transcoded; only where it lies. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextTrack:
    """Captions in the language that is spoken, or subtitles in another one."""

    folder: str  # relative to the playlists: index.m3u8, segments 0.vtt ... and all of it in all.vtt
    language: str  # BCP 47
    label: str
    captions: bool  # for those who do not hear; else subtitles, for those who do not understand
    bit_rate_bps: int
