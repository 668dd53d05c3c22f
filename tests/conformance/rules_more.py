"""Captions, audio description and trick play: sections 2.12, 4, 5 and 6 of the Apple rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from . import bitstream, isobmff
from .isobmff import Damaged
from .package import Package, Rendition
from .registry import need, rule

_DESCRIBES = "public.accessibility.describes-video"
_SPOKEN = "public.accessibility.transcribes-spoken-dialog"
_SOUNDS = "public.accessibility.describes-music-and-sound"
_CUE = re.compile(r"^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) +--> +(?:(\d+):)?(\d\d):(\d\d\.\d{3})(?:[ \t].*)?\n(.+)", re.M)


def _marks(rendition: Rendition) -> set[str]:
    return set(rendition.attributes.get("CHARACTERISTICS", "").split(","))


@rule("2.12", "MUST", "an audio description is AUTOSELECT=YES (2.13)")
def description(package: Package) -> Iterator[str]:
    found = [rendition for rendition in package.audio if _DESCRIBES in _marks(rendition)]
    need(found, "no audio description")
    yield from (f"{rendition.attributes.get('NAME')}" for rendition in found
                if rendition.attributes.get("AUTOSELECT") != "YES")


@rule("4.5", "MUST", "captions for the deaf have both CHARACTERISTICS, and AUTOSELECT=YES (4.6)")
def sdh(package: Package) -> Iterator[str]:
    found = [rendition for rendition in package.subtitles if _marks(rendition) & {_SPOKEN, _SOUNDS}]
    need(found, "no captions for the deaf and hard of hearing")
    for rendition in found:
        if not {_SPOKEN, _SOUNDS} <= _marks(rendition) or rendition.attributes.get("AUTOSELECT") != "YES":
            yield f"{rendition.uri}: {sorted(_marks(rendition))}"


@rule("8.10", "MUST", "every EXT-X-MEDIA but TYPE=VIDEO has LANGUAGE (4.7)")
def language(package: Package) -> Iterator[str]:
    yield from (f"line {tag.line}: none" for tag in package.master.all("EXT-X-MEDIA")
                if tag.attributes and tag.attributes.get("TYPE") != "VIDEO" and not tag.attributes.get("LANGUAGE"))


def _texts(package: Package) -> Iterator[tuple[Rendition, str, str]]:
    need(package.subtitles, "no captions")
    for rendition in package.subtitles:
        for item in rendition.playlist.items:
            if package.has(rendition.path(item.uri)):
                yield rendition, item.uri, rendition.bytes_of(item).decode("utf-8", "replace")


@rule("5.2", "MUST", "captions are WebVTT (or IMSC1 in fragmented MP4)")
def webvtt(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: {uri} begins with {text[:10]!r}" for rendition, uri, text in _texts(package)
                if not re.match(r"\ufeff?WEBVTT[ \t\r\n]", text + "\n"))


@rule("5.3", "MUST", "each WebVTT segment has X-TIMESTAMP-MAP")
def timestamp_map(package: Package) -> Iterator[str]:
    for rendition, uri, text in _texts(package):
        head = text.split("\n\n")[0]
        if not re.search(r"^X-TIMESTAMP-MAP=(MPEGTS:\d+,LOCAL:[\d:.]+|LOCAL:[\d:.]+,MPEGTS:\d+)$", head, re.M):
            yield f"{rendition.uri}: {uri}"


@rule("5.5", "MUST", "the caption playlist covers the whole video")
def covers(package: Package) -> Iterator[str]:
    need(package.subtitles, "no captions")
    length = max((rendition.playlist.duration_s for rendition in package.video), default=Fraction(0))
    for rendition in package.subtitles:
        if rendition.playlist.duration_s < length - Fraction(1, 4):
            yield f"{rendition.uri}: {float(rendition.playlist.duration_s):.3f} s of {float(length):.3f}"


@rule("5.11", "SHOULD", "forced subtitles are AUTOSELECT=YES")
def forced(package: Package) -> Iterator[str]:
    found = [rendition for rendition in package.subtitles if rendition.attributes.get("FORCED") == "YES"]
    need(found, "no forced subtitles")
    yield from (rendition.uri for rendition in found if rendition.attributes.get("AUTOSELECT") != "YES")


@rule("R3.1.4", "MUST", "a cue that lasts into the next segment is in that one as well")
def crossing(package: Package) -> Iterator[str]:
    need(package.subtitles, "no captions")
    for rendition in package.subtitles:
        end_s = Fraction(0)
        carried: set[tuple[Fraction, str]] = set()
        texts = {uri: text for one, uri, text in _texts(package) if one is rendition}
        for item in rendition.playlist.items:
            cues = _cues(texts.get(item.uri, ""))
            missing = carried - {(start, words) for start, _, words in cues}
            yield from (f"{rendition.uri}: {item.uri} lacks {words!r}" for _, words in sorted(missing))
            end_s += item.duration_s
            carried = {(start, words) for start, end, words in cues if end > end_s + Fraction(1, 10)}


def _cues(text: str) -> list[tuple[Fraction, Fraction, str]]:
    def seconds(hours: str, minutes: str, rest: str) -> Fraction:
        return int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(rest)
    return [(seconds(*found[:3]), seconds(*found[3:6]), found[6]) for found in _CUE.findall(text.replace("\r", ""))]


@rule("6.1", "MUST", "there is an I-frame playlist for scrubbing")
def has_iframes(package: Package) -> Iterator[str]:
    if not package.iframes:
        yield "no EXT-X-I-FRAME-STREAM-INF"


def _iframes(package: Package) -> list[Rendition]:
    need(package.iframes, "no I-frame playlist (6.1 says so)")
    return package.iframes


@rule("6.2", "SHOULD", "I-frames are a second apart (6.3: those of the variants may be used again)")
def dense(package: Package) -> Iterator[str]:
    for rendition in _iframes(package):
        items = rendition.playlist.items
        if items and rendition.playlist.duration_s / len(items) > Fraction(5, 4):
            yield f"{rendition.uri}: {float(rendition.playlist.duration_s / len(items)):.2f} s"


@rule("6.5", "SHOULD", "an I-frame variant has the rate of the normal one x frames a second / 8")
def iframe_rate(package: Package) -> Iterator[str]:
    for rendition in _iframes(package):
        size = rendition.attributes.get("RESOLUTION")
        normal = [int(variant.attributes.get("AVERAGE-BANDWIDTH", 0)) for variant in package.variants
                  if variant.attributes.get("RESOLUTION") == size]
        if normal and rendition.playlist.items:
            rate = len(rendition.playlist.items) / rendition.playlist.duration_s
            bits = sum(len(rendition.bytes_of(item)) * 8 for item in rendition.playlist.items)
            if bits / rendition.playlist.duration_s > max(normal) * max(rate / 8, Fraction(1, 8)) * Fraction(11, 10):
                yield f"{rendition.uri}: {float(bits / rendition.playlist.duration_s):.0f} bit/s of {max(normal)}"


@rule("6.6", "SHOULD", "there are I-frame playlists of several rates")
def iframe_rates(package: Package) -> Iterator[str]:
    if len({rendition.attributes.get("BANDWIDTH") for rendition in _iframes(package)}) < 2:
        yield "one"


@rule("6.8", "MUST", "an I-frame playlist says EXT-X-I-FRAMES-ONLY")
def iframes_only(package: Package) -> Iterator[str]:
    yield from (rendition.uri for rendition in _iframes(package) if not rendition.playlist.all("EXT-X-I-FRAMES-ONLY"))


@rule("6.10", "MUST", "an I-frame's range has the moof and the whole key frame")
def iframe_range(package: Package) -> Iterator[str]:
    for rendition in _iframes(package):
        for item in rendition.playlist.items:
            if rendition.track and package.has(rendition.path(item.uri)):
                fault = _iframe_fault(rendition, rendition.bytes_of(item))
                if fault:
                    yield f"{rendition.uri}: {item.uri}: {fault}"


def _iframe_fault(rendition: Rendition, data: bytes) -> str:
    """What a player would miss. The range may end inside mdat, so that box is closed where the range ends."""
    assert rendition.track is not None
    at = 0
    while data[at + 4:at + 8] not in (b"mdat", b""):
        at += max(8, int.from_bytes(data[at:at + 4], "big"))
    if len(data) <= at + 8:
        return "no moof, or no mdat behind it"
    size = int.from_bytes(data[at:at + 4], "big")
    try:
        # The samples behind the first are not in the range: zeros stand for them.
        whole = isobmff.read_segment(data + bytes(max(0, at + size - len(data))), rendition.track)
        first = whole.samples[0]
        if first.at + first.size > len(data):
            return f"{first.at + first.size - len(data)} bytes of the key frame are missing"
        if not bitstream.is_random_access(rendition.track, data[first.at:first.at + first.size]):
            return "its first picture is no key frame"
    except (Damaged, IndexError) as error:
        return str(error)
    return ""


@rule("6.14", "SHOULD", "there is an I-frame playlist in H.264 and SDR (6.16)")
def iframe_avc(package: Package) -> Iterator[str]:
    if not any(rendition.attributes.get("CODECS", "avc").startswith("avc")
               and rendition.attributes.get("VIDEO-RANGE", "SDR") == "SDR" for rendition in _iframes(package)):
        yield "none"
