"""What the live process tells the web processes, and writes into its journal: a line of JSON, then bytes. Pure.

    {"kind":"part","segment":12,"part":3,"frames":10,"independent":false,"sizes":[41000,22000,11000]}\n<74000 bytes>

`sizes` says how the bytes are cut: one piece for each rendition, in the order of the plan; without it none follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

_MOST_HEAD_BYTES = 16 << 20  # the time line of a session of a year
_MOST_BLOB_BYTES = 256 << 20


class Hello(msgspec.Struct, tag_field="kind", tag="hello", frozen=True):
    """Everything so far: forget what you knew. `timeline` is the JSON of `transcode.live.timeline.Timeline`."""

    timeline: str


class Run(msgspec.Struct, tag_field="kind", tag="run", frozen=True):
    """An encoder begins with this segment; its init sections follow. `date_s`: when its first frame was there, Unix time."""

    number: int
    segment: int
    date_s: float
    sizes: tuple[int, ...] = ()


class Part(msgspec.Struct, tag_field="kind", tag="part", frozen=True):
    """A part, the next one of its segment, and with `closes` the last one.

    Both in one message: a player that saw the one without the other would wait for a part that never comes.
    """

    segment: int
    part: int
    frames: int
    independent: bool
    closes: bool = False
    sizes: tuple[int, ...] = ()


class Closed(msgspec.Struct, tag_field="kind", tag="closed", frozen=True):
    """This segment gets no more parts, because the publisher or the encoder is gone."""

    segment: int


class Captions(msgspec.Struct, tag_field="kind", tag="captions", frozen=True):
    """All that is to be read in a segment, (start_s, end_s, lines) of the session; it comes before that is closed."""

    segment: int
    cues: tuple[tuple[float, float, tuple[str, ...]], ...]


class Alive(msgspec.Struct, tag_field="kind", tag="alive", frozen=True):
    """Nothing new, but somebody is there."""


class End(msgspec.Struct, tag_field="kind", tag="end", frozen=True):
    """The session is over, and all of it is stored."""


Message = Hello | Run | Part | Closed | Captions | Alive | End
_decoder = msgspec.json.Decoder(Message)


@dataclass(frozen=True, slots=True)
class Framed:
    """A message and the bytes behind it, one piece a rendition."""

    message: Message
    blobs: tuple[bytes, ...] = ()


class BadFeed(ValueError):
    """These bytes are no feed."""


def encode(message: Message, blobs: Sequence[bytes] = ()) -> bytes:
    """The bytes of a message. Raises ValueError when it has blobs and does not tell their sizes."""
    if tuple(map(len, blobs)) != getattr(message, "sizes", ()):
        raise ValueError("the sizes are not those of the blobs")
    return b"".join((msgspec.json.encode(message), b"\n", *blobs))


class Reader:
    """Puts messages together from pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._waiting: Message | None = None

    def feed(self, data: bytes) -> Iterator[Framed]:
        """All that is complete with these bytes. Raises BadFeed."""
        self._rest += data
        while True:
            if self._waiting is None:
                at = self._rest.find(b"\n")
                if at < 0:
                    if len(self._rest) > _MOST_HEAD_BYTES:
                        raise BadFeed("a message without an end")
                    return
                try:
                    self._waiting = _decoder.decode(self._rest[:at])
                except msgspec.MsgspecError as error:
                    raise BadFeed(f"not a message: {error}") from None
                del self._rest[: at + 1]
            sizes: tuple[int, ...] = getattr(self._waiting, "sizes", ())
            if any(size < 0 for size in sizes) or sum(sizes) > _MOST_BLOB_BYTES:
                raise BadFeed("a message with impossible sizes")
            if len(self._rest) < sum(sizes):
                return
            blobs = []
            for size in sizes:
                blobs.append(bytes(self._rest[:size]))
                del self._rest[:size]
            message, self._waiting = self._waiting, None
            yield Framed(message, tuple(blobs))
