"""A strict reader of playlists (RFC 8216bis, 4): it notes what a lenient one would forgive."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

_NAME = re.compile(r"[A-Z0-9-]+")
_VALUE = re.compile(r'"[^"\r\n]*"|[^",\s]+')
MULTIVARIANT_TAGS = ("EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-MEDIA", "EXT-X-SESSION-DATA",
                     "EXT-X-IMAGE-STREAM-INF")
MEDIA_TAGS = ("EXTINF", "EXT-X-TARGETDURATION", "EXT-X-MAP", "EXT-X-PLAYLIST-TYPE", "EXT-X-ENDLIST",
              "EXT-X-MEDIA-SEQUENCE", "EXT-X-I-FRAMES-ONLY", "EXT-X-BYTERANGE", "EXT-X-DISCONTINUITY")


class Attributes(dict[str, str]):
    """An attribute list, without the quotation marks; `quoted` names those that had them."""

    quoted: set[str]


def attributes(text: str) -> Attributes:
    """Raises ValueError where 4.2 is not kept: spaces, a name twice, quotation marks that do not close."""
    found, found_quoted, at = Attributes(), set(), 0
    while at < len(text):
        name = _NAME.match(text, at)
        if name is None or text[name.end():name.end() + 1] != "=":
            raise ValueError(f"no attribute name at {text[at:at + 20]!r}")
        value = _VALUE.match(text, name.end() + 1)
        if value is None or text[value.end():value.end() + 1] not in ("", ","):
            raise ValueError(f"no value for {name[0]}")
        if name[0] in found:
            raise ValueError(f"{name[0]} twice")
        found[name[0]] = value[0].strip('"')
        if value[0].startswith('"'):
            found_quoted.add(name[0])
        at = value.end() + 1
    found.quoted = found_quoted
    return found


@dataclass
class Tag:
    """A line `#NAME:VALUE`."""

    name: str
    value: str
    line: int

    @property
    def attributes(self) -> Attributes:
        """Empty where they can not be read, which is a fault of its own (R4.2)."""
        try:
            return attributes(self.value)
        except ValueError:
            empty = Attributes()
            empty.quoted = set()
            return empty


@dataclass
class Item:
    """A URI line and the tags before it."""

    uri: str
    tags: list[Tag]
    map: Attributes | None

    def tag(self, name: str) -> Tag | None:
        return next((tag for tag in self.tags if tag.name == name), None)

    @property
    def duration_s(self) -> Fraction:
        """EXTINF; 0 where it is missing or no number."""
        tag = self.tag("EXTINF")
        number = re.match(r"\d+(\.\d+)?(?=,|$)", tag.value) if tag else None
        return Fraction(number[0]) if number else Fraction(0)

    @property
    def byte_range(self) -> tuple[int, int] | None:
        """(offset, length)."""
        tag = self.tag("EXT-X-BYTERANGE")
        if tag is None:
            return None
        length, _, offset = tag.value.partition("@")
        return int(offset or 0), int(length)


@dataclass
class Playlist:
    """Tags in order, and the items that URI lines name."""

    text: str
    tags: list[Tag] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def all(self, name: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name == name]

    def value(self, name: str) -> str | None:
        return next((tag.value for tag in self.tags if tag.name == name), None)

    @property
    def target_s(self) -> int:
        text = self.value("EXT-X-TARGETDURATION") or ""
        return int(text) if text.isdigit() else 0

    @property
    def duration_s(self) -> Fraction:
        return sum((item.duration_s for item in self.items), Fraction(0))


def read(text: str) -> Playlist:
    """Never raises: what is wrong is for the rules to say."""
    playlist, pending, current = Playlist(text), [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#EXT"):
            name, _, value = line[1:].partition(":")
            tag = Tag(name, value, number)
            playlist.tags.append(tag)
            pending.append(tag)
            if name == "EXT-X-MAP":
                current = tag.attributes
        elif line and not line.startswith("#"):
            playlist.items.append(Item(line, pending, current))
            pending = []
    return playlist
