"""A package as a player meets it: playlists, and the boxes of every segment they name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Protocol

from . import isobmff, playlist
from .isobmff import Damaged, Init, Segment, Track
from .playlist import Attributes, Item, Playlist


class Reader(Protocol):
    """Where the bytes come from."""

    def read(self, path: str) -> bytes:
        """Raises FileNotFoundError."""


@dataclass(frozen=True)
class Folder:
    """What `lectern process` wrote."""

    folder: Path

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


@dataclass(frozen=True)
class Memory:
    """The same in memory, to be broken."""

    files: dict[str, bytes]

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]


@dataclass
class Rendition:
    """A media playlist and what it names. `kind`: video, audio, subtitles or iframes, by how it is referred to."""

    package: Package
    uri: str
    kind: str
    attributes: Attributes

    @cached_property
    def playlist(self) -> Playlist:
        return playlist.read(self.package.text(self.uri))

    def path(self, uri: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.uri), uri))

    @cached_property
    def init(self) -> Init | None:
        """None where there is none, or it can not be read (R4.4.4.5 says so)."""
        uri = next((item.map["URI"] for item in self.playlist.items if item.map and "URI" in item.map), None)
        try:
            return isobmff.read_init(self.package.read(self.path(uri))) if uri else None
        except (Damaged, FileNotFoundError, IndexError):
            return None

    @cached_property
    def track(self) -> Track | None:
        return self.init.tracks[0] if self.init and len(self.init.tracks) == 1 else None

    def bytes_of(self, item: Item) -> bytes:
        """Raises FileNotFoundError."""
        data = self.package.read(self.path(item.uri))
        if item.byte_range is None:
            return data
        offset, length = item.byte_range
        return data[offset:offset + length]

    @cached_property
    def segments(self) -> list[Segment]:
        """The segments; none where any can not be read (R3.1.2 says so)."""
        if self.track is None or self.kind == "iframes":
            return []
        try:
            return [isobmff.read_segment(self.bytes_of(item), self.track) for item in self.playlist.items]
        except (Damaged, FileNotFoundError, IndexError):
            return []

    def seconds(self, ticks: int) -> Fraction:
        assert self.track is not None
        return Fraction(ticks, self.track.timescale)

    @cached_property
    def pieces(self) -> list[tuple[int, Fraction]]:
        """(bits, seconds by its own sample durations) of each segment."""
        return [(len(segment.data) * 8, self.seconds(segment.duration)) for segment in self.segments]

    def average_bps(self) -> float:
        return float(sum(bits for bits, _ in self.pieces) / sum(time for _, time in self.pieces))

    def peak_bps(self) -> float:
        """The largest rate of neighbouring segments that last 0.5 to 1.5 target durations (RFC 8216bis, 4.4.6.2)."""
        return peak_bps(self.pieces, self.playlist.target_s)


def peak_bps(pieces: list[tuple[int, Fraction]], target_s: int) -> float:
    """See Rendition.peak_bps; of all the pieces together where they are shorter."""
    rates = []
    for first in range(len(pieces)):
        bits, time = 0, Fraction(0)
        for size, length in pieces[first:]:
            bits, time = bits + size, time + length
            if time * 2 > target_s * 3:
                break
            if time * 2 >= target_s:
                rates.append(float(bits / time))
    whole = sum(time for _, time in pieces)
    return max(rates, default=float(sum(bits for bits, _ in pieces) / whole) if whole else 0.0)


@dataclass
class Variant:
    """An EXT-X-STREAM-INF and its playlist."""

    attributes: Attributes
    rendition: Rendition

    @property
    def codecs(self) -> list[str]:
        return [name.strip() for name in self.attributes.get("CODECS", "").split(",") if name.strip()]

    @property
    def size(self) -> tuple[int, int]:
        width, _, height = self.attributes.get("RESOLUTION", "0x0").partition("x")
        return (int(width), int(height)) if width.isdigit() and height.isdigit() else (0, 0)


class Package:
    """A multivariant playlist and everything below it."""

    def __init__(self, reader: Reader, master: str = "master.m3u8") -> None:
        self._reader = reader
        self._files: dict[str, bytes] = {}
        self.master = playlist.read(self.text(master))
        self.variants = [Variant(self._stream_inf(item), self._rendition(item.uri, "video", self._stream_inf(item)))
                         for item in self.master.items]
        self.media = self._named("EXT-X-MEDIA", {"AUDIO": "audio", "SUBTITLES": "subtitles"})
        self.iframes = self._named("EXT-X-I-FRAME-STREAM-INF", None)

    @staticmethod
    def _stream_inf(item: Item) -> Attributes:
        tag = item.tag("EXT-X-STREAM-INF")
        return tag.attributes if tag else playlist.attributes("")

    def _named(self, name: str, kinds: dict[str, str] | None) -> list[Rendition]:
        found = []
        for tag in self.master.all(name):
            kind = kinds.get(tag.attributes.get("TYPE", "")) if kinds else "iframes"
            if kind and "URI" in tag.attributes:
                found.append(self._rendition(tag.attributes["URI"], kind, tag.attributes))
        return found

    def _rendition(self, uri: str, kind: str, attributes: Attributes) -> Rendition:
        return Rendition(self, posixpath.normpath(uri), kind, attributes)

    def read(self, path: str) -> bytes:
        """Raises FileNotFoundError."""
        if path not in self._files:
            self._files[path] = self._reader.read(path)
        return self._files[path]

    def text(self, path: str) -> str:
        """A playlist; empty where there is none (R4.3.1 says so)."""
        try:
            return self.read(path).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def has(self, path: str) -> bool:
        try:
            self.read(path)
        except FileNotFoundError:
            return False
        return True

    @property
    def audio(self) -> list[Rendition]:
        return [rendition for rendition in self.media if rendition.kind == "audio"]

    @property
    def subtitles(self) -> list[Rendition]:
        return [rendition for rendition in self.media if rendition.kind == "subtitles"]

    @cached_property
    def video(self) -> list[Rendition]:
        """One of each media playlist that a variant names."""
        return list({variant.rendition.uri: variant.rendition for variant in self.variants}.values())

    @property
    def timed(self) -> list[Rendition]:
        """Video and audio."""
        return [*self.video, *self.audio]

    @property
    def renditions(self) -> list[Rendition]:
        return [*self.timed, *self.subtitles, *self.iframes]

    def tracks(self, codec: str) -> Iterator[tuple[Rendition, Track]]:
        """The renditions with this sample entry."""
        for rendition in [*self.timed, *self.iframes]:
            if rendition.track and rendition.track.entry.kind == codec:
                yield rendition, rendition.track
