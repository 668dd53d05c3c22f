"""Section 9 of the Apple rules and RFC 8216bis 4.4.6: what the multivariant playlist says, against the bytes."""

from __future__ import annotations

from collections.abc import Iterator

from . import bitstream
from .isobmff import Damaged
from .package import Package, Rendition, Variant
from .registry import need, rule
from .rules_video import measured, sounds


def _real_codecs(rendition: Rendition) -> str | None:
    try:
        return bitstream.codecs(rendition.track) if rendition.track else None
    except (Damaged, IndexError):
        return None


def _codecs_faults(said: list[str], playing: list[Rendition]) -> Iterator[str]:
    real = [name for name in map(_real_codecs, playing) if name]
    if len(real) == len(playing):
        yield from (f"{name} is not declared" for name in real
                    if not any(bitstream.same_codecs(one, name) for one in said))
        yield from (f"{one} is declared, but not there" for one in said
                    if not one.startswith(("wvtt", "stpp")) and not any(bitstream.same_codecs(one, name) for name in real))


@rule("9.1", "MUST", "each variant has CODECS, exactly those of its streams")
def codecs(package: Package) -> Iterator[str]:
    for variant in package.variants:
        if not variant.codecs:
            yield f"{variant.rendition.uri}: none"
            continue
        for fault in _codecs_faults(variant.codecs, [variant.rendition, *sounds(package, variant)]):
            yield f"{variant.rendition.uri}: {fault}"


@rule("9.2", "MUST", "each variant with video has RESOLUTION, the pictures' own")
def resolution(package: Package) -> Iterator[str]:
    for variant in package.variants:
        yield from _size_fault(variant.rendition, variant.size)


def _size_fault(rendition: Rendition, said: tuple[int, int]) -> Iterator[str]:
    track = rendition.track
    if said == (0, 0):
        yield f"{rendition.uri}: none"
    elif track:
        real = {(round(track.width_px), round(track.height_px))}
        if track.entry.kind.startswith("avc"):
            sps = bitstream.sps(track)
            real.add((sps.width_px, sps.height_px))
        if real != {said}:
            yield f"{rendition.uri}: declared {said}, really {sorted(real)}"


@rule("9.3", "MUST", "each I-frame entry has CODECS, those of its pictures")
def iframe_codecs(package: Package) -> Iterator[str]:
    need(package.iframes, "no I-frame playlist (6.1 says so)")
    for rendition in package.iframes:
        said = [name for name in rendition.attributes.get("CODECS", "").split(",") if name]
        if not said:
            yield f"{rendition.uri}: none"
        for fault in _codecs_faults(said, [rendition]) if said else ():
            yield f"{rendition.uri}: {fault}"


@rule("9.4", "MUST", "each I-frame entry has RESOLUTION, the pictures' own")
def iframe_resolution(package: Package) -> Iterator[str]:
    need(package.iframes, "no I-frame playlist (6.1 says so)")
    for rendition in package.iframes:
        yield from _size_fault(rendition, Variant(rendition.attributes, rendition).size)


@rule("9.5", "SHOULD", "sound is not inside the video segments (MUST with several sounds: 9.6, 9.7)")
def demuxed(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: {[track.handler for track in rendition.init.tracks]}" for rendition in package.video
                if rendition.init and [track.handler for track in rendition.init.tracks] != ["vide"])


@rule("8.9", "MUST", "sound is an EXT-X-MEDIA rendition that the variants name")
def sound_named(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    yield from (f"{variant.rendition.uri}: no AUDIO group" for variant in package.variants
                if "AUDIO" not in variant.attributes)


@rule("9.9", "MUST", "there are several bit rates")
def several(package: Package) -> Iterator[str]:
    if len({variant.attributes.get("BANDWIDTH") for variant in package.variants}) < 2:
        yield f"{len(package.variants)} variants"


@rule("9.10", "SHOULD", "there are two variants at the highest resolution")
def two_at_top(package: Package) -> Iterator[str]:
    top = max((variant.size for variant in package.variants), default=(0, 0))
    if sum(variant.size == top for variant in package.variants) < 2:
        yield f"one at {top[0]}x{top[1]}"


@rule("9.11", "MUST", "EXT-X-INDEPENDENT-SEGMENTS is in the multivariant playlist, or in every video playlist (9.12)")
def independent(package: Package) -> Iterator[str]:
    tag = "EXT-X-INDEPENDENT-SEGMENTS"
    if not package.master.all(tag) and not all(rendition.playlist.all(tag) for rendition in package.video):
        yield "it is missing"


@rule("9.13", "MUST", "BANDWIDTH is not below the largest sum of peaks of streams that play together")
def bandwidth(package: Package) -> Iterator[str]:
    for variant in package.variants:
        rates, said = measured(package, variant), variant.attributes.get("BANDWIDTH", "")
        # Whole numbers are declared: a bit a second is rounding.
        if rates and said.isdigit() and rates[1] > int(said) + 1:
            yield f"{variant.rendition.uri}: declared {said}, measured {rates[1]:.0f}"


@rule("9.14", "MUST", "each variant has AVERAGE-BANDWIDTH")
def average(package: Package) -> Iterator[str]:
    yield from (f"{variant.rendition.uri}: none" for variant in package.variants
                if not variant.attributes.get("AVERAGE-BANDWIDTH", "").isdigit())


@rule("9.15", "MUST", "each variant with video has FRAME-RATE")
def frame_rate(package: Package) -> Iterator[str]:
    yield from (f"{variant.rendition.uri}: none" for variant in package.variants
                if "FRAME-RATE" not in variant.attributes)


@rule("9.16", "MUST", "VIDEO-RANGE is what the pictures are; it may be left out where all are SDR")
def video_range(package: Package) -> Iterator[str]:
    real = {variant.rendition.uri: _range(variant.rendition) for variant in package.variants}
    for variant in package.variants:
        said = variant.attributes.get("VIDEO-RANGE")
        if (said is None and set(real.values()) != {"SDR"}) or said not in (None, real[variant.rendition.uri]):
            yield f"{variant.rendition.uri}: declared {said}, really {real[variant.rendition.uri]}"


def _range(rendition: Rendition) -> str:
    """By the transfer function in colr (ISO/IEC 23091-2)."""
    colour = rendition.track.config("colr") if rendition.track else None
    transfer = int.from_bytes(colour.body[6:8], "big") if colour and colour.body[:4] == b"nclx" else 1
    return {16: "PQ", 18: "HLG"}.get(transfer, "SDR")


@rule("9.19", "MUST", "SCORE is on all variants, or on none")
def score(package: Package) -> Iterator[str]:
    having = [variant for variant in package.variants if "SCORE" in variant.attributes]
    need(having, "no SCORE: variants are chosen by bandwidth alone")
    if len(having) != len(package.variants):
        yield f"on {len(having)} of {len(package.variants)}"


@rule("R4.4.6.1", "MUST", "EXT-X-MEDIA has TYPE, GROUP-ID and a NAME unique in its group; one default; right flags")
def media(package: Package) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    defaults: dict[tuple[str, str], int] = {}
    for tag in package.master.all("EXT-X-MEDIA"):
        found = tag.attributes
        if found and not {"TYPE", "GROUP-ID", "NAME"} <= set(found):
            yield f"line {tag.line}: only {sorted(found)}"
            continue
        key = (found.get("TYPE", ""), found.get("GROUP-ID", ""))
        groups.setdefault(key, []).append(found.get("NAME", ""))
        defaults[key] = defaults.get(key, 0) + (found.get("DEFAULT") == "YES")
        if found.get("DEFAULT") == "YES" and found.get("AUTOSELECT", "YES") != "YES":
            yield f"line {tag.line}: DEFAULT=YES and AUTOSELECT=NO"
    for key, names in groups.items():
        if len(set(names)) != len(names):
            yield f"{key}: {names}"
        if defaults[key] > 1:
            yield f"{key}: {defaults[key]} defaults"


@rule("R4.4.6.2", "MUST", "each variant has BANDWIDTH, a URI line, and names only groups that exist")
def stream_inf(package: Package) -> Iterator[str]:
    if len(package.master.all("EXT-X-STREAM-INF")) != len(package.variants):
        yield f"{len(package.master.all('EXT-X-STREAM-INF'))} EXT-X-STREAM-INF for {len(package.variants)} URIs"
    groups = {(tag.attributes.get("TYPE"), tag.attributes.get("GROUP-ID")) for tag in package.master.all("EXT-X-MEDIA")}
    for variant in package.variants:
        if not variant.attributes.get("BANDWIDTH", "").isdigit():
            yield f"{variant.rendition.uri}: no BANDWIDTH"
        for kind in ("AUDIO", "SUBTITLES", "VIDEO"):
            if kind in variant.attributes and (kind, variant.attributes[kind]) not in groups:
                yield f"{variant.rendition.uri}: no group {variant.attributes[kind]} of {kind}"


@rule("R4.4.6.1.1", "MUST", "CHANNELS is the number of channels of the sound")
def channels(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    for rendition in package.audio:
        said = rendition.attributes.get("CHANNELS", "").split("/")[0]
        if rendition.track and rendition.track.entry.kind == "mp4a" and said:
            real = bitstream.audio_config(rendition.track)[3]
            if said != str(real):
                yield f"{rendition.uri}: declared {said}, really {real}"


# The languages of the European Union and some of the world's largest: their codes of three letters and of two.
_TWO_LETTERS = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl",
    "dut": "nl", "pol": "pl", "ces": "cs", "cze": "cs", "dan": "da", "swe": "sv", "fin": "fi", "ell": "el", "gre": "el",
    "hun": "hu", "ron": "ro", "rum": "ro", "bul": "bg", "hrv": "hr", "slk": "sk", "slo": "sk", "slv": "sl", "est": "et",
    "lav": "lv", "lit": "lt", "gle": "ga", "mlt": "mt", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko", "rus": "ru",
    "ara": "ar", "hin": "hi", "ben": "bn", "tur": "tr", "vie": "vi", "ukr": "uk", "heb": "he", "fas": "fa", "per": "fa",
}


@rule("R4.4.6.1.2", "MUST", "LANGUAGE is a tag of RFC 5646, which takes two letters where a language has them")
def language_tag(package: Package) -> Iterator[str]:
    for tag in package.master.all("EXT-X-MEDIA"):
        said = tag.attributes.get("LANGUAGE", "")
        if said.split("-")[0] in _TWO_LETTERS:
            yield f"line {tag.line}: {said} is {_TWO_LETTERS[said.split('-')[0]]}"


@rule("R4.4.6.2.1", "SHOULD", "CLOSED-CAPTIONS=NONE is on every variant where the pictures carry no captions")
def no_closed_captions(package: Package) -> Iterator[str]:
    if any(tag.attributes.get("TYPE") == "CLOSED-CAPTIONS" for tag in package.master.all("EXT-X-MEDIA")):
        return
    yield from (f"{variant.rendition.uri}: {variant.attributes.get('CLOSED-CAPTIONS')}" for variant in package.variants
                if variant.attributes.get("CLOSED-CAPTIONS") != "NONE")
