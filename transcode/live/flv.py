"""FLV as publishers send it: cut into tags, so that another encoder can begin in the middle. Pure.

A decoder needs the configuration of picture and sound, which comes once, and then a key frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_HEAD = 13  # the header, and the size of the tag before the first, which is 0
_AUDIO, _VIDEO, _SCRIPT = 8, 9, 18
_EMPTY = 11 + 5 + 4  # bytes of a tag with nothing but its own fields: the end of a sequence
_MOST_BYTES = 1 << 24  # what the 24 bits of a size can say


class NotFlv(ValueError):
    """These bytes are something else."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, and the size of it that stands behind. `key`: a picture that decoding can begin with."""

    data: bytes
    config: str  # "script", "video", "audio"; empty for pictures and sound
    key: bool

    @property
    def picture(self) -> bool:
        """Whether it is a picture."""
        return self.data[0] & 0x1F == _VIDEO and not self.config and len(self.data) > _EMPTY

    @property
    def stamp_ms(self) -> int:
        """When it is to be decoded, by the publisher's clock: 24 bits, and the 8 above them."""
        return self.data[7] << 24 | int.from_bytes(self.data[4:7], "big")


@dataclass(slots=True)
class FlvReader:
    """Cuts a stream into tags, and keeps what a decoder must have seen."""

    _rest: bytearray = field(default_factory=bytearray)
    _head: bytes = b""
    _configs: dict[str, bytes] = field(default_factory=dict)

    @property
    def header(self) -> bytes:
        """What stands before the first tag; empty until it is there."""
        return self._head

    @property
    def preamble(self) -> bytes:
        """The header and the newest configuration: what stands before a key frame for a decoder to begin there."""
        return self._head + b"".join(self._configs.get(kind, b"") for kind in ("script", "video", "audio"))

    def feed(self, data: bytes) -> Iterator[Tag]:
        """The tags that are complete with these bytes. Raises NotFlv."""
        self._rest += data
        if not self._head:
            if len(self._rest) < _HEAD:
                return
            if self._rest[:3] != b"FLV":
                raise NotFlv("the stream does not begin as FLV")
            at = int.from_bytes(self._rest[5:9], "big") + 4
            if at != _HEAD:
                raise NotFlv("the header has another size than that of version 1")
            self._head = bytes(self._rest[:at])
            del self._rest[:at]
        while len(self._rest) >= 11:
            size = 11 + int.from_bytes(self._rest[1:4], "big") + 4
            if self._rest[0] & 0x1F not in (_AUDIO, _VIDEO, _SCRIPT):
                raise NotFlv(f"a tag of type {self._rest[0]}")
            if len(self._rest) < size:
                return
            tag = _tag(bytes(self._rest[:size]))
            del self._rest[:size]
            if tag.config:
                self._configs[tag.config] = tag.data
            yield tag


def _tag(data: bytes) -> Tag:
    kind = data[0] & 0x1F
    body = data[11:-4]
    if kind == _SCRIPT:
        return Tag(data, "script", False)
    if len(body) < 2:
        return Tag(data, "", False)
    if kind == _AUDIO:
        aac = body[0] >> 4 == 10
        return Tag(data, "audio" if aac and body[1] == 0 else "", False)
    if body[0] & 0x80:  # enhanced RTMP: packet type 0 is the configuration
        start = body[0] & 0x0F == 0
        return Tag(data, "video" if start else "", not start and body[0] >> 4 & 7 == 1)
    avc = body[0] & 0x0F == 7
    start = avc and body[1] == 0
    return Tag(data, "video" if start else "", not start and body[0] >> 4 == 1)
