"""FLV from the messages of RTMP: the same payloads, each behind a header of its own. Pure.

(Adobe, Video File Format Specification 10.1, annex E; RTMP 1.0, 7.1.4-7.1.5.)
"""

from __future__ import annotations

AUDIO, VIDEO, DATA = 8, 9, 18
_AAC, _AVC = 10, 7


def header(audio: bool, video: bool) -> bytes:
    """Begins the file. Demuxers wait for every kind of stream that it announces."""
    return b"FLV\x01" + bytes([(audio << 2) | video]) + (9).to_bytes(4, "big") + bytes(4)


def tag(kind: int, at_ms: int, payload: bytes) -> bytes:
    """One message as a tag. Times are 32 bits, whose upper eight stand apart."""
    at_ms &= 0xFFFFFFFF
    head = bytes([kind]) + len(payload).to_bytes(3, "big") + (at_ms & 0xFFFFFF).to_bytes(3, "big") \
        + bytes([at_ms >> 24]) + bytes(3)
    return head + payload + (len(payload) + 11).to_bytes(4, "big")


def is_media(kind: int, payload: bytes) -> bool:
    """A packet of sound or picture, and not what a decoder must be told first."""
    if kind == VIDEO:
        return len(payload) > 1 and not (payload[0] & 0x0F == _AVC and payload[1] == 0)
    if kind == AUDIO:
        return len(payload) > 1 and not (payload[0] >> 4 == _AAC and payload[1] == 0)
    return False


def is_key_frame(payload: bytes) -> bool:
    """Whether a video message is a key frame (E.4.3.1)."""
    return bool(payload) and payload[0] >> 4 == 1
