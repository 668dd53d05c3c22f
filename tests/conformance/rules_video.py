"""Sections 1, 2 and 7.4 of the Apple rules: what the coded pictures and sound are, by their own bytes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil

from . import bitstream
from .isobmff import Damaged
from .package import Package, Rendition, Variant
from .registry import need, rule

_HLS_VIDEO = ("avc1", "avc3", "hvc1", "hev1", "dvh1", "av01")
# H.264 table A-1: level x 10, macroblocks a second, macroblocks a frame.
_LEVELS = ((10, 1485, 99), (11, 3000, 396), (12, 6000, 396), (13, 11880, 396), (20, 11880, 396), (21, 19800, 792),
           (22, 20250, 1620), (30, 40500, 1620), (31, 108000, 3600), (32, 216000, 5120), (40, 245760, 8192),
           (42, 522240, 8704), (50, 589824, 22080), (51, 983040, 36864), (52, 2073600, 36864))
_NATURAL = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50),
            Fraction(60000, 1001), Fraction(60))
_TOLERANCE = 0.10


def _avc(package: Package) -> Iterator[tuple[Rendition, bitstream.Sps]]:
    for kind in ("avc1", "avc3"):
        for rendition, track in package.tracks(kind):
            if rendition.kind == "video":
                yield rendition, bitstream.sps(track)


def sounds(package: Package, variant: Variant) -> list[Rendition]:
    """The audio renditions that may play with a variant."""
    group = variant.attributes.get("AUDIO")
    named = any(name.split(".")[0] in ("mp4a", "ac-3", "ec-3", "Opus", "fLaC") for name in variant.codecs)
    return [one for one in package.audio if one.attributes.get("GROUP-ID") == group or (group is None and named)]


def measured(package: Package, variant: Variant) -> tuple[float, float] | None:
    """(average, largest peak) in bit/s of a variant with its loudest sound; None where segments can not be read."""
    playing = [variant.rendition, *sounds(package, variant)]
    if not all(rendition.segments for rendition in playing):
        return None
    rates = [(rendition.average_bps(), rendition.peak_bps()) for rendition in playing]
    return (rates[0][0] + max((rate[0] for rate in rates[1:]), default=0.0),
            rates[0][1] + max((rate[1] for rate in rates[1:]), default=0.0))


@rule("1.1", "MUST", "video is H.264, HEVC, Dolby Vision or AV1; VP9 is not in HLS")
def known_codec(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: {rendition.track.entry.kind}" for rendition in package.video
                if rendition.track and rendition.track.entry.kind not in _HLS_VIDEO)


@rule("1.39", "MUST", "AV1 and HEVC come in fragmented MP4 only (1.5)")
def only_fragmented(package: Package) -> Iterator[str]:
    found = [variant for variant in package.variants
             if any(name.split(".")[0] in ("av01", "hvc1", "hev1") for name in variant.codecs)]
    need(found, "no AV1 or HEVC rendition")
    for variant in found:
        items = variant.rendition.playlist.items
        if any(package.has(variant.rendition.path(item.uri)) and variant.rendition.bytes_of(item)[:1] == b"G"
               for item in items):
            yield f"{variant.rendition.uri}: a transport stream"


@rule("1.37", "MUST", "AV1 is at most level 6.2")
def av1_level(package: Package) -> Iterator[str]:
    found = list(package.tracks("av01"))
    need(found, "no AV1 rendition")
    for rendition, track in found:
        config = track.config("av1C")
        if config and config.body[1] & 31 > 18:  # seq_level_idx of 6.2
            yield f"{rendition.uri}: level index {config.body[1] & 31}"


@rule("1.3b", "MUST", "H.264 is at most High profile, level 5.2")
def avc_bounds(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: profile {sps.profile}, level {sps.level / 10}" for rendition, sps in _avc(package)
                if sps.profile not in (66, 77, 100) or sps.level > 52)


@rule("1.3a", "SHOULD", "some H.264 rendition is at most level 4.1")
def avc_small(package: Package) -> Iterator[str]:
    levels = [sps.level for _, sps in _avc(package)]
    if levels and min(levels) > 41:
        yield f"levels {levels}"


@rule("1.4", "SHOULD", "H.264 is High profile")
def avc_high(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: profile {sps.profile}" for rendition, sps in _avc(package) if sps.profile < 100)


@rule("1.10", "MUST", "parameter sets are in the sample entry: avc1 and hvc1, not avc3 and hev1")
def parameter_sets(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: {rendition.track.entry.kind}" for rendition in package.video
                if rendition.track and rendition.track.entry.kind in ("avc3", "hev1"))


@rule("1.11", "SHOULD", "no higher level is declared than size and frame rate need")
def avc_level(package: Package) -> Iterator[str]:
    for rendition, sps in _avc(package):
        if not rendition.segments or sps.level > 52:
            continue
        frame = ceil(sps.width_px / 16) * ceil(sps.height_px / 16)
        rate = frame_rate(rendition)
        needed = next((name for name, speed, size in _LEVELS if frame <= size and frame * rate <= speed), 52)
        if sps.level > needed:
            yield f"{rendition.uri}: level {sps.level / 10}, {needed / 10} would do"


def frame_rate(rendition: Rendition) -> Fraction:
    """Frames a second, by the first sample's duration."""
    return 1 / rendition.seconds(rendition.segments[0].samples[0].duration)


@rule("1.12", "MUST", "there is an H.264 variant, so that every device plays")
def has_avc(package: Package) -> Iterator[str]:
    if not any(name.startswith("avc") for variant in package.variants for name in variant.codecs):
        yield f"only {[variant.codecs for variant in package.variants]}"


@rule("1.24", "MUST", "there is a variant in standard dynamic range")
def has_sdr(package: Package) -> Iterator[str]:
    ranges = [variant.attributes.get("VIDEO-RANGE", "SDR") for variant in package.variants]
    if "SDR" not in ranges:
        yield f"only {ranges}"


@rule("1.13", "SHOULD", "key frames come every 2 s")
def key_frames(package: Package) -> Iterator[str]:
    for rendition in package.video:
        keys, at = [], 0
        for segment in rendition.segments:
            for sample in segment.samples:
                if sample.is_sync:
                    keys.append(at)
                at += sample.duration
        apart = max((b - a for a, b in pairwise([*keys, at])), default=0)
        if rendition.track and rendition.seconds(apart) > Fraction(21, 10):
            yield f"{rendition.uri}: up to {float(rendition.seconds(apart)):.2f} s apart"


@rule("1.14", "MUST", "pictures are not interlaced")
def progressive(package: Package) -> Iterator[str]:
    yield from (f"{rendition.uri}: field pictures" for rendition, sps in _avc(package) if not sps.progressive)


@rule("1.19", "MUST", "at most 60 frames a second")
def at_most_60(package: Package) -> Iterator[str]:
    for variant in package.variants:
        if float(variant.attributes.get("FRAME-RATE", 0)) > 60.001:
            yield f"{variant.rendition.uri}: {variant.attributes['FRAME-RATE']}"


@rule("1.18", "SHOULD", "FRAME-RATE is the pictures' own, and one of the natural ones")
def natural_rate(package: Package) -> Iterator[str]:
    for variant in package.variants:
        said = float(variant.attributes.get("FRAME-RATE", 0))
        if variant.rendition.segments and 0 < said <= 60.001:
            real = frame_rate(variant.rendition)
            if abs(said - real) > 0.001 or min(abs(rate - real) for rate in _NATURAL) > 0.01:
                yield f"{variant.rendition.uri}: declared {said}, really {float(real):.3f}"


@rule("1.26", "MUST", "the measured average is within 10 % of AVERAGE-BANDWIDTH")
def average_true(package: Package) -> Iterator[str]:
    for variant in package.variants:
        rates, said = measured(package, variant), variant.attributes.get("AVERAGE-BANDWIDTH", "")
        if rates and said.isdigit() and abs(rates[0] - int(said)) > _TOLERANCE * int(said):
            yield f"{variant.rendition.uri}: declared {said}, measured {rates[0]:.0f}"


@rule("1.27", "MUST", "the measured peak is within 10 % of BANDWIDTH")
def peak_true(package: Package) -> Iterator[str]:
    for variant in package.variants:
        rates, said = measured(package, variant), variant.attributes.get("BANDWIDTH", "")
        if rates and said.isdigit() and abs(rates[1] - int(said)) > _TOLERANCE * int(said):
            yield f"{variant.rendition.uri}: declared {said}, measured {rates[1]:.0f}"


@rule("1.30", "SHOULD", "the peak is at most twice the average")
def peak_bound(package: Package) -> Iterator[str]:
    for variant in package.variants:
        rates = measured(package, variant)
        if rates and rates[1] > 2 * rates[0]:
            yield f"{variant.rendition.uri}: peak {rates[1]:.0f}, average {rates[0]:.0f}"


@rule("1.32", "SHOULD", "the first variant is the one nearest to 2 Mbit/s")
def first_variant(package: Package) -> Iterator[str]:
    rates = [int(variant.attributes.get("AVERAGE-BANDWIDTH") or variant.attributes.get("BANDWIDTH") or 0)
             for variant in package.variants]
    if rates and abs(rates[0] - 2e6) > 1.2 * min(abs(rate - 2e6) for rate in rates):
        yield f"{rates}"


@rule("1.33", "SHOULD", "all variants have the same aspect ratio")
def same_shape(package: Package) -> Iterator[str]:
    shapes = {variant.size: variant.size[0] / variant.size[1] for variant in package.variants if variant.size[1]}
    # A side is a whole, even number of pixels: of a small picture that is a percent or two.
    if shapes and max(shapes.values()) > min(shapes.values()) * (1 + 4 / min(min(size) for size in shapes)):
        yield f"{sorted(shapes)}"


@rule("7.4", "MUST", "each segment begins with a picture that decoding can begin with, and says so")
def starts_with_key(package: Package) -> Iterator[str]:
    for rendition in package.timed:
        for item, segment in zip(rendition.playlist.items, rendition.segments, strict=False):
            first = segment.samples[0]
            try:
                intra = rendition.track is None or bitstream.is_random_access(rendition.track, segment.bytes_of(first))
            except (Damaged, IndexError) as error:
                yield f"{rendition.uri}: {item.uri}: {error}"
                continue
            if not intra or not first.is_sync:
                yield f"{rendition.uri}: {item.uri}: intra {intra}, marked as sync sample {first.is_sync}"


def _aac(package: Package) -> Iterator[tuple[Rendition, int, int]]:
    """(rendition, audio object type, channels)."""
    for rendition, track in package.tracks("mp4a"):
        _, kind, _, channels = bitstream.audio_config(track)
        yield rendition, kind, channels


@rule("2.3", "MUST", "there is stereo AAC")
def stereo(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    readable = [rendition for rendition in package.audio if rendition.track]
    if readable and not any(channels == 2 for _, _, channels in _aac(package)):
        yield str([(rendition.uri, rendition.track.entry.kind, rendition.track.channels)
                   for rendition in readable if rendition.track])


@rule("2.4", "SHOULD", "above 64 kbit/s AAC is not HE-AAC")
def no_he_aac(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    for rendition, kind, _ in _aac(package):
        if kind in (5, 29) and rendition.segments and rendition.average_bps() > 64_000:
            yield f"{rendition.uri}: object type {kind} at {rendition.average_bps():.0f} bit/s"


@rule("2.9", "SHOULD", "stereo AAC has 32 to 160 kbit/s")
def aac_rate(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    for rendition, _, channels in _aac(package):
        if rendition.segments and channels == 2 and not 32_000 <= rendition.average_bps() * 0.97 <= 160_000:
            yield f"{rendition.uri}: {rendition.average_bps():.0f} bit/s"


@rule("2.17", "MUST", "an audio segment has one stream")
def one_sound(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    yield from (f"{rendition.uri}: {len(rendition.init.tracks)} tracks" for rendition in package.audio
                if rendition.init and len(rendition.init.tracks) != 1)


@rule("2.18", "SHOULD", "audio carries loudness metadata, 'ludt' (2.19)")
def loudness(package: Package) -> Iterator[str]:
    need(package.audio, "no sound")
    yield from (f"{rendition.uri}: none" for rendition in package.audio
                if rendition.track and not rendition.track.loudness)
