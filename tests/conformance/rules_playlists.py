"""Syntax and media playlists: RFC 8216bis section 4, and section 8 of the Apple rules."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from . import isobmff
from .isobmff import Damaged
from .package import Package, Rendition
from .playlist import MEDIA_TAGS, MULTIVARIANT_TAGS, Playlist, attributes
from .registry import need, rule

_LISTS = ("EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-MEDIA", "EXT-X-MAP", "EXT-X-KEY",
          "EXT-X-IMAGE-STREAM-INF")
_QUOTED = {"URI", "CODECS", "GROUP-ID", "NAME", "LANGUAGE", "AUDIO", "SUBTITLES", "CHANNELS", "CHARACTERISTICS"}
_BARE = {"BANDWIDTH", "AVERAGE-BANDWIDTH", "RESOLUTION", "FRAME-RATE", "TYPE", "DEFAULT", "AUTOSELECT", "FORCED",
         "VIDEO-RANGE", "METHOD", "SCORE"}
_SAME_S = Fraction(1, 4)  # sound ends on a packet, pictures on a frame, captions with the last segment


def _all(package: Package) -> Iterator[tuple[str, Playlist]]:
    yield "master.m3u8", package.master
    yield from {rendition.uri: rendition.playlist for rendition in package.renditions}.items()


@rule("R4", "MUST", "playlists are UTF-8 without a byte order mark or control characters")
def utf8(package: Package) -> Iterator[str]:
    for uri, playlist in _all(package):
        if any((ord(letter) < 32 and letter not in "\r\n") or 127 <= ord(letter) < 160 for letter in playlist.text):
            yield f"{uri}: a control character"
        if "\ufeff" in playlist.text or "\ufffd" in playlist.text:
            yield f"{uri}: a byte order mark, or bytes that are not UTF-8"


@rule("R4.1", "MUST", "a playlist is a multivariant or a media playlist, not both")
def not_both(package: Package) -> Iterator[str]:
    for uri, playlist in _all(package):
        wrong = MEDIA_TAGS if uri == "master.m3u8" else MULTIVARIANT_TAGS
        yield from (f"{uri}: {tag.name} in line {tag.line}" for tag in playlist.tags if tag.name in wrong)


@rule("R4.2", "MUST", "attribute lists are well formed, each value of its type")
def well_formed(package: Package) -> Iterator[str]:
    for uri, playlist in _all(package):
        for tag in playlist.tags:
            if tag.name not in _LISTS:
                continue
            try:
                found = attributes(tag.value)
            except ValueError as error:
                yield f"{uri} line {tag.line}: {error}"
                continue
            for name in found:
                if (name in _QUOTED and name not in found.quoted) or (name in _BARE and name in found.quoted):
                    yield f"{uri} line {tag.line}: {name} is {'' if name in found.quoted else 'not '}quoted"


@rule("R4.4.1.1", "MUST", "the first line is EXTM3U")
def first_line(package: Package) -> Iterator[str]:
    yield from (f"{uri} begins with {playlist.text[:20]!r}" for uri, playlist in _all(package)
                if playlist.text and playlist.text.splitlines()[0] != "#EXTM3U")


@rule("R4.4.1.2", "MUST", "one EXT-X-VERSION, as high as the tags used ask for")
def version(package: Package) -> Iterator[str]:
    for uri, playlist in _all(package):
        said = [tag.value for tag in playlist.all("EXT-X-VERSION")]
        needed = 1
        if playlist.all("EXT-X-BYTERANGE") or playlist.all("EXT-X-I-FRAMES-ONLY"):
            needed = 4
        if playlist.all("EXT-X-MAP"):
            needed = 5 if playlist.all("EXT-X-I-FRAMES-ONLY") else 6
        if playlist.all("EXT-X-DEFINE"):
            needed = 8
        if len(said) > 1 or (playlist.text and int((said or ["1"])[0]) < needed):
            yield f"{uri}: version {said or 'not given'}, {needed} is needed"


@rule("R6.2.1", "MUST", "everything that a playlist names is there")
def all_there(package: Package) -> Iterator[str]:
    for rendition in package.renditions:
        if not package.has(rendition.uri):
            yield f"no {rendition.uri}"
        names = {item.uri for item in rendition.playlist.items}
        names |= {item.map["URI"] for item in rendition.playlist.items if item.map and "URI" in item.map}
        yield from (f"{rendition.uri}: no {name}" for name in sorted(names) if not package.has(rendition.path(name)))


@rule("R4.4.3.1", "MUST", "EXTINF, rounded, is at most EXT-X-TARGETDURATION, which is there once")
def target(package: Package) -> Iterator[str]:
    for rendition in package.renditions:
        if len(rendition.playlist.all("EXT-X-TARGETDURATION")) != 1 or not rendition.playlist.target_s:
            yield f"{rendition.uri}: no single EXT-X-TARGETDURATION"
        for item in rendition.playlist.items:
            if int(item.duration_s + Fraction(1, 2)) > rendition.playlist.target_s > 0:
                yield f"{rendition.uri}: {item.uri} has {float(item.duration_s)} s of {rendition.playlist.target_s}"


@rule("R4.4.3.4", "MUST", "a recording ends with EXT-X-ENDLIST")
def end_list(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: no EXT-X-ENDLIST" for rendition in package.renditions
                if not rendition.playlist.all("EXT-X-ENDLIST"))


@rule("R4.4.4.1", "MUST", "each EXTINF is its segment's duration, to one frame or packet")
def extinf(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        for item, segment in zip(rendition.playlist.items, rendition.segments, strict=False):
            real = rendition.seconds(segment.duration)
            if abs(item.duration_s - real) > rendition.seconds(segment.samples[0].duration):
                yield f"{rendition.uri}: {item.uri} lasts {float(real):.4f} s, EXTINF {float(item.duration_s):.4f}"


@rule("R4.4.4.5", "MUST", "EXT-X-MAP names a header of a fragmented file: ftyp, moov with mvex, no samples in it")
def header(package: Package) -> Iterator[str]:
    for rendition in [*package.timed, *package.iframes]:
        if not any(item.map for item in rendition.playlist.items):
            continue
        if rendition.init is None:
            yield f"{rendition.uri}: the header can not be read"
            continue
        if not {"ftyp", "moov"} <= set(rendition.init.kinds) or not rendition.init.fragmented:
            yield f"{rendition.uri}: the header has {rendition.init.kinds}, mvex: {rendition.init.fragmented}"
        if any(track.stored_samples for track in rendition.init.tracks):
            yield f"{rendition.uri}: the header holds samples"


@rule("R3.1.2", "MUST", "a segment is movie fragments of the header's track, addressed from their own moof")
def fragments(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        if rendition.track is None:
            continue
        for item in rendition.playlist.items:
            try:
                segment = isobmff.read_segment(rendition.bytes_of(item), rendition.track)
            except FileNotFoundError:
                continue
            except (Damaged, IndexError) as error:
                yield f"{rendition.uri}: {item.uri}: {error}"
                continue
            strange = set(segment.kinds) - {"styp", "sidx", "prft", "emsg", "moof", "mdat", "free", "skip"}
            if strange:
                yield f"{rendition.uri}: {item.uri} has {sorted(strange)}"
            for fragment in segment.fragments:
                if fragment.track_id != rendition.track.id or fragment.trafs != 1 or not fragment.base_is_moof:
                    yield (f"{rendition.uri}: {item.uri}: {fragment.trafs} tracks, number {fragment.track_id} "
                           f"(header: {rendition.track.id}), default-base-is-moof {fragment.base_is_moof}")


@rule("7.1", "MUST", "decode times go on without gap or overlap from segment to segment (7.3)")
def continuous(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        at = None
        for item, segment in zip(rendition.playlist.items, rendition.segments, strict=False):
            for fragment in segment.fragments:
                if at is not None and fragment.decode_time != at:
                    yield f"{rendition.uri}: {item.uri} begins at tick {fragment.decode_time} instead of {at}"
                at = fragment.decode_time + fragment.duration


@rule("7.5", "SHOULD", "the target duration is 6 s (7.6)")
def six_seconds(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: {rendition.playlist.target_s} s" for rendition in package.timed
                if rendition.playlist.target_s != 6)


@rule("7.7", "MUST", "no segment lasts over half a second more than the target duration")
def not_longer(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        for item, segment in zip(rendition.playlist.items, rendition.segments, strict=False):
            real = rendition.seconds(segment.duration)
            if real > rendition.playlist.target_s + Fraction(1, 2):
                yield f"{rendition.uri}: {item.uri} lasts {float(real):.3f} s"


@rule("8.1", "MUST", "the sum of all EXTINF is within a video frame of the real duration")
def sum_of_extinf(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        if rendition.segments:
            real = rendition.seconds(sum(segment.duration for segment in rendition.segments))
            frame = max(rendition.seconds(rendition.segments[0].samples[0].duration), Fraction(1, 60))
            if abs(rendition.playlist.duration_s - real) > frame:
                yield f"{rendition.uri}: {float(rendition.playlist.duration_s):.4f} s of {float(real):.4f}"


@rule("8.2", "MUST", "audio and video have the same target duration")
def same_target(package: Package) -> Iterator[str]:
    found = {rendition.uri: rendition.playlist.target_s for rendition in package.timed if rendition.playlist.target_s}
    if len(set(found.values())) > 1:
        yield str(found)


@rule("8.3", "MUST", "all renditions last equally long")
def same_duration(package: Package) -> Iterator[str]:
    lasting = [rendition for rendition in package.timed if rendition.playlist.items]
    for rendition in lasting[1:]:
        off = rendition.playlist.duration_s - lasting[0].playlist.duration_s
        if abs(off) > _SAME_S:
            yield f"{rendition.uri} is {float(off):+.3f} s longer than {lasting[0].uri}"


@rule("8.7", "MUST", "all renditions begin at the same time")
def same_start(package: Package) -> Iterator[str]:
    starts = {rendition.uri: rendition.seconds(rendition.segments[0].start) for rendition in package.timed
              if rendition.segments}
    if starts and max(starts.values()) - min(starts.values()) > _SAME_S:
        yield str({uri: float(start) for uri, start in starts.items()})


@rule("8.6", "MUST", "a recording says EXT-X-PLAYLIST-TYPE:VOD")
def vod(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: {rendition.playlist.value('EXT-X-PLAYLIST-TYPE')}"
                for rendition in package.renditions if rendition.playlist.value("EXT-X-PLAYLIST-TYPE") != "VOD")


@rule("8.13", "MUST", "discontinuities are in all renditions at the same places (8.14, 8.15)")
def discontinuities(package: Package) -> Iterator[str]:
    found = {rendition.uri: [i for i, item in enumerate(rendition.playlist.items) if item.tag("EXT-X-DISCONTINUITY")]
             for rendition in package.timed}
    need(any(found.values()), "no discontinuities: one source, one time line")
    if len({tuple(places) for places in found.values()}) > 1:
        yield str(found)


@rule("8.20", "MUST", "fragmented MP4 has EXT-X-MAP before its first segment")
def has_map(package: Package) -> Iterator[str]:
    for rendition in [*package.timed, *package.iframes]:
        if any(item.map is None or "URI" not in item.map for item in rendition.playlist.items):
            yield f"{rendition.uri}: a segment without EXT-X-MAP"


@rule("8.22", "SHOULD", "segments begin at the same times in all renditions")
def aligned(package: Package) -> Iterator[str]:
    first: list[Fraction] | None = None
    for rendition in package.timed:
        if rendition.segments:
            cuts = _cuts(rendition)
            first = first or cuts
            packet = rendition.seconds(rendition.segments[0].samples[0].duration) if rendition.kind == "audio" else 0
            for k, (mine, other) in enumerate(zip(cuts, first, strict=False)):
                if abs(mine - other) > packet:
                    yield f"{rendition.uri}: segment {k} ends at {float(mine):.4f} s, not {float(other):.4f}"


def _cuts(rendition: Rendition) -> list[Fraction]:
    """When each segment ends, counted from the start of the first."""
    cuts, at = [], 0
    for segment in rendition.segments:
        at += segment.duration
        cuts.append(rendition.seconds(at))
    return cuts[:-1]  # the end itself is 8.3's


@rule("13.11", "MUST", "no SAMPLE-AES-CTR; FairPlay keys go with SAMPLE-AES (13.2)")
def encryption(package: Package) -> Iterator[str]:
    keys = [(rendition, tag.attributes) for rendition in package.renditions
            for tag in rendition.playlist.all("EXT-X-KEY")]
    need(keys, "nothing is encrypted")
    for rendition, key in keys:
        if key.get("METHOD") == "SAMPLE-AES-CTR" or (
                key.get("KEYFORMAT") == "com.apple.streamingkeydelivery" and key.get("METHOD") != "SAMPLE-AES"):
            yield f"{rendition.uri}: {key.get('METHOD')} for {key.get('KEYFORMAT', 'identity')}"


@rule("14.3", "MUST", "PART-HOLD-BACK is at least three times PART-TARGET")
def low_latency(package: Package) -> Iterator[str]:
    parts = [(rendition, tag.attributes) for rendition in package.timed
             for tag in rendition.playlist.all("EXT-X-PART-INF")]
    need(parts, "no low-latency parts in a recording")
    for rendition, part in parts:
        control = next(iter(rendition.playlist.all("EXT-X-SERVER-CONTROL")), None)
        held = float(control.attributes.get("PART-HOLD-BACK", 0)) if control else 0.0
        if held < 3 * float(part.get("PART-TARGET", 0)):
            yield f"{rendition.uri}: {held} s"


@rule("R4.4.4.3", "MUST", "another header or time scale in mid-stream comes with EXT-X-DISCONTINUITY")
def same_header(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        for before, after in pairwise(rendition.playlist.items):
            if before.map != after.map and not after.tag("EXT-X-DISCONTINUITY"):
                yield f"{rendition.uri}: {after.uri}"
