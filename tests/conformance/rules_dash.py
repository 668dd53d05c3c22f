"""DASH (ISO/IEC 23009-1, DASH-IF interoperability points), CMAF (ISO/IEC 23000-19), and CTA-5005: one set of segments.

These standards do not number their rules as Apple does: D, C and X count ours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from . import bitstream, manifest
from .isobmff import Damaged
from .manifest import NAMESPACE, Manifest, Representation
from .package import Package
from .registry import need, rule


def _mpd(package: Package) -> Manifest:
    found = manifest.of(package)
    need(found.root is not None, "no manifest that can be read (D1 says so)")
    return found


@rule("D1", "MUST", "the manifest is an MPD with its required attributes, static, with a duration", "dash")
def required(package: Package) -> Iterator[str]:
    root = manifest.of(package).root
    if root is None or root.tag != f"{NAMESPACE}MPD":
        yield "no MPD"
        return
    for name in ("profiles", "minBufferTime", "mediaPresentationDuration"):
        if not root.get(name):
            yield f"no @{name}"
    if root.get("type", "static") != "static":
        yield f"@type is {root.get('type')}"
    for element in root.iter(f"{NAMESPACE}Representation"):
        yield from (f"Representation {element.get('id')}: no @{name}" for name in ("id", "bandwidth")
                    if not element.get(name))


@rule("D2", "MUST", "Representation ids are unique in their period", "dash")
def unique(package: Package) -> Iterator[str]:
    root = _mpd(package).root
    assert root is not None
    ids = [element.get("id") for element in root.iter(f"{NAMESPACE}Representation")]
    if len(set(ids)) != len(ids):
        yield str(ids)


@rule("D3", "MUST", "an adaptation set holds one codec (DASH-IF IOP)", "dash")
def one_codec(package: Package) -> Iterator[str]:
    for group in _mpd(package).by_set:
        kinds = {(one.get("codecs") or "").split(".")[0] for one in group}
        if len(kinds) != 1:
            yield f"{[one.id for one in group]}: {sorted(kinds)}"


@rule("D4", "MUST", "@codecs is what the header's decoder configuration says", "dash")
def codecs(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        said = one.get("codecs")
        try:
            real = bitstream.codecs(one.track) if one.track else None
        except (Damaged, IndexError):
            continue
        if not said or (real and not bitstream.same_codecs(said, real)):
            yield f"{one.id}: declared {said}, really {real}"


@rule("D5", "MUST", "every segment and header that the templates name is there", "dash")
def there(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        if one.template is None:
            yield f"{one.id}: no SegmentTemplate"
            continue
        yield from (f"{one.id}: no {uri}" for uri in [one.named("initialization"), *one.uris] if not package.has(uri))


@rule("D6", "MUST", "SegmentTimeline is decode time and duration of each segment, to the tick", "dash")
def time_line(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        for k, ((start, length), segment) in enumerate(zip(one.line, one.segments, strict=False)):
            assert one.track is not None
            scale = one.track.timescale
            said = Fraction(start, one.timescale), Fraction(length, one.timescale)
            real = Fraction(segment.start, scale), Fraction(segment.duration, scale)
            if said != real:
                yield (f"{one.id}: segment {k} at {float(said[0]):.5f} s for {float(said[1]):.5f} s, "
                       f"really {float(real[0]):.5f} s for {float(real[1]):.5f} s")


@rule("D7", "MUST", "where @segmentAlignment is true the segments of a set begin together", "dash")
def aligned(package: Package) -> Iterator[str]:
    for group in _mpd(package).by_set:
        if group and group[0].adaptation.get("segmentAlignment") == "true":
            lines = {one.id: [Fraction(segment.start, one.track.timescale) for segment in one.segments]
                     for one in group if one.segments and one.track}
            if len({tuple(line) for line in lines.values()}) > 1:
                yield f"{sorted(lines)}"


@rule("D8", "MUST", "@segmentAlignment is true, so that a player may switch at every segment (DASH-IF IOP)", "dash")
def alignment_said(package: Package) -> Iterator[str]:
    yield from (f"AdaptationSet {one.get('id')}" for one in _mpd(package).timed
                if one.get("segmentAlignment") != "true")


@rule("D9", "MUST", "@startWithSAP=1: each segment begins with a key frame, and none behind it is shown earlier", "dash")
def sap(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        if one.get("startWithSAP") != "1":
            yield f"{one.id}: @startWithSAP is {one.get('startWithSAP')}"
            continue
        for k, segment in enumerate(one.segments):
            first = segment.samples[0]
            try:
                intra = one.track is not None and bitstream.is_random_access(one.track, segment.bytes_of(first))
            except (Damaged, IndexError):
                intra = False
            shown, at = [], 0
            for sample in segment.samples:
                shown.append(at + sample.cts)
                at += sample.duration
            if not intra or min(shown) < shown[0]:
                yield f"{one.id}: segment {k}"


@rule("D10", "MUST", "at @bandwidth, after @minBufferTime, playing from any segment never waits (23009-1, 5.3.5.2)", "dash")
def never_waits(package: Package) -> Iterator[str]:
    found = _mpd(package)
    assert found.root is not None
    buffered = manifest.seconds(found.root.get("minBufferTime"))
    for one in found.representations if buffered is not None else ():
        bandwidth = int(one.get("bandwidth") or 0)
        if bandwidth and one.segments:
            short = _missing_bits(one, bandwidth, float(buffered or 0))
            if short > 0:
                yield f"{one.id}: {short:.0f} bits too late at {bandwidth} bit/s"


def _missing_bits(one: Representation, bandwidth: int, buffered_s: float) -> float:
    """The most bits that are late: of every sample, seen from every segment to begin at."""
    assert one.track is not None
    sent = 0
    best_start: float | None = None  # least of (bits before a start - bits that its line has brought by then)
    worst = 0.0
    for segment in one.segments:
        at_s = segment.start / one.track.timescale
        here = sent - bandwidth * at_s
        best_start = here if best_start is None else min(best_start, here)
        for fragment in segment.fragments:
            tick = fragment.decode_time
            for sample in fragment.samples:
                due_s = tick / one.track.timescale
                needed = sent + 8 * (sample.at + sample.size)
                worst = max(worst, needed - bandwidth * due_s - best_start - bandwidth * buffered_s)
                tick += sample.duration
        sent += len(segment.data) * 8
    return worst


@rule("D11", "MUST", "@width, @height, @frameRate and @sar are the pictures' own", "dash")
def pictures(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        if one.track is None or one.track.handler != "vide":
            continue
        said = (one.get("width"), one.get("height"))
        if said != (f"{one.track.width_px:.0f}", f"{one.track.height_px:.0f}"):
            yield f"{one.id}: declared {said}, really {one.track.width_px:.0f}x{one.track.height_px:.0f}"
        rate = one.get("frameRate")
        if one.segments and (not rate or Fraction(rate) * one.segments[0].samples[0].duration != one.track.timescale):
            yield f"{one.id}: @frameRate {rate}"


@rule("D12", "MUST", "@audioSamplingRate, channels and @lang are the sound's own", "dash")
def sound(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        if one.track is None or one.track.handler != "soun" or one.track.entry.kind != "mp4a":
            continue
        _, _, rate, channels = bitstream.audio_config(one.track)
        said = [element.get("value") for owner in (one.element, one.adaptation)
                for element in owner.findall(f"{NAMESPACE}AudioChannelConfiguration")]
        if one.get("audioSamplingRate") != str(rate) or str(channels) not in said or not one.get("lang"):
            yield (f"{one.id}: declared {one.get('audioSamplingRate')} Hz, {said} channels, language {one.get('lang')}; "
                   f"really {rate} Hz, {channels}")


@rule("D13", "MUST", "the presentation ends behind its longest time line, at most a packet later", "dash")
def duration(package: Package) -> Iterator[str]:
    found = _mpd(package)
    assert found.root is not None
    said = manifest.seconds(found.root.get("mediaPresentationDuration"))
    periods = [manifest.seconds(period.get("duration")) for period in found.root.findall(f"{NAMESPACE}Period")]
    ends = [Fraction(sum(one.line[-1]), one.timescale) for one in found.representations if one.line]
    if said is not None and ends and (not 0 < said - max(ends) <= Fraction(1, 20) or any(
            period is not None and abs(period - said) > Fraction(1, 1000) for period in periods[:1])):
        yield f"declared {float(said)} s, periods {periods}, time lines end at {float(max(ends)):.4f}"


@rule("D14", "MUST", "@mimeType and @contentType are those of the track", "dash")
def kind(package: Package) -> Iterator[str]:
    for one in _mpd(package).representations:
        if one.track:
            word = {"vide": "video", "soun": "audio"}.get(one.track.handler)
            if one.get("mimeType") != f"{word}/mp4" or one.get("contentType") not in (None, word):
                yield f"{one.id}: {one.get('mimeType')}, {one.get('contentType')}"


@rule("C1", "MUST", "headers have a CMAF brand, cmfc or cmf2", "dash")
def brand(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        if rendition.init and not {"cmfc", "cmf2"} & set(rendition.init.brands):
            yield f"{rendition.uri}: {rendition.init.brands}"


@rule("C2", "MUST", "the first picture shown of a segment is shown at the segment's own decode time", "dash")
def shown_at_start(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        for item, segment in zip(rendition.playlist.items, rendition.segments, strict=False):
            at, first = 0, None
            for sample in segment.samples:
                first = at + sample.cts if first is None else min(first, at + sample.cts)
                at += sample.duration
            if first != 0:
                yield f"{rendition.uri}: {item.uri}: {first} ticks off"


@rule("C3", "MUST", "tracks of a switching set have one time scale and one sample entry type", "dash")
def switching(package: Package) -> Iterator[str]:
    for group in _mpd(package).by_set:
        kinds = {(one.track.timescale, one.track.entry.kind) for one in group if one.track}
        if len(kinds) > 1:
            yield f"{[one.id for one in group]}: {sorted(kinds)}"


@rule("C4", "MUST", "fragment numbers rise (ISO/IEC 14496-12, 8.8.5)", "dash")
def numbers(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        found = [fragment.sequence for segment in rendition.segments for fragment in segment.fragments]
        if any(b <= a for a, b in itertools.pairwise(found)):
            yield f"{rendition.uri}: {found[:20]}"


@rule("C5", "MUST", "no edit list moves the segments from where their decode times are", "dash")
def no_edits(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: an edit list" for rendition in package.timed
                if rendition.track and rendition.track.edits)


def _both(package: Package) -> Iterator[tuple[Representation, str, str]]:
    """(representation, its media playlist's URI, codec) of what is in both manifests, by the first segment."""
    playlists = {rendition.path(rendition.playlist.items[0].uri): rendition for rendition in package.timed
                 if rendition.playlist.items}
    for one in _mpd(package).representations:
        if one.uris and one.uris[0] in playlists:
            yield one, playlists[one.uris[0]].uri, (one.get("codecs") or "")


@rule("X1", "MUST", "both manifests name the same segments (VP9 is in DASH alone)", "dash")
def same_segments(package: Package) -> Iterator[str]:
    in_dash = {uri for one in _mpd(package).representations for uri in one.uris
               if not (one.get("codecs") or "").startswith("vp")}
    in_hls = {rendition.path(item.uri) for rendition in package.timed for item in rendition.playlist.items}
    if in_dash != in_hls:
        yield f"only in HLS: {sorted(in_hls - in_dash)[:5]}, only in DASH: {sorted(in_dash - in_hls)[:5]}"


@rule("X2", "MUST", "both manifests name the same codecs", "dash")
def same_codecs(package: Package) -> Iterator[str]:
    said = {variant.rendition.uri: variant.codecs for variant in package.variants}
    for one, uri, codec in _both(package):
        declared = said.get(uri, [name for variant in package.variants for name in variant.codecs])
        if declared and codec not in declared:
            yield f"{one.id}: {codec} in DASH, {declared} in HLS"


@rule("X3", "MUST", "both manifests give the same durations", "dash")
def same_durations(package: Package) -> Iterator[str]:
    by_uri = {rendition.uri: rendition.playlist for rendition in package.timed}
    for one, uri, _ in _both(package):
        for k, ((_, ticks), item) in enumerate(zip(one.line, by_uri[uri].items, strict=False)):
            if abs(Fraction(ticks, one.timescale) - item.duration_s) > Fraction(1, 1000):
                yield f"{one.id}: segment {k}: {ticks / one.timescale:.4f} s in DASH, {float(item.duration_s)} in HLS"


@rule("X4", "MUST", "both manifests give the same languages of the sound", "dash")
def same_languages(package: Package) -> Iterator[str]:
    in_dash = {one.get("lang") for one in _mpd(package).timed if one.get("contentType") == "audio"}
    in_hls = {rendition.attributes.get("LANGUAGE") for rendition in package.audio}
    if in_dash != in_hls:
        yield f"HLS {in_hls}, DASH {in_dash}"
